/* recode.h - a mark in a JPEG that the splice cannot serve: progressive or
 * arithmetic, or with Huffman tables that lack a code. All coefficients are
 * read by libjpeg and coded anew; those outside of the ink are the same
 * afterwards. Any thread. */
#ifndef IMP_MARK_RECODE_H
#define IMP_MARK_RECODE_H

#include "base/bytes.h"
#include "mark/blend.h"
#include "mark/ink.h"

#include <stdbool.h>

/* `file` is a whole JPEG file of 8 bits. `out`, appended to: a whole file of
 * the same process, without its application segments. `blocks`: those with any
 * ink become the text's colour in whole, which may leave no trace; see
 * jpeg_ink.h. IMP_ERR_DAMAGED, _UNSUPPORTED for two components, _LIMIT if the
 * mark leaves no trace, _MEMORY. */
bool imp_recode(struct imp_span file, struct imp_inked where,
                const struct imp_paint *paint, bool blocks, struct imp_buf *out,
                struct imp_err *err);

#endif
