/* dicom_spelling.h - spellings of one text, so that it is found in each of
 * them. Private to deid/.
 *
 * Both empty `out`, of which `text` is no part, first, and take time by the
 * length of the text. IMP_ERR_MEMORY. Any thread. */
#ifndef IMP_DEID_DICOM_SPELLING_H
#define IMP_DEID_DICOM_SPELLING_H

#include "base/bytes.h"

#include <stdbool.h>

/* `text`, UTF-8, in the form that all of its spellings share: without regard to
 * case, accents and how these are coded; NUL is a blank. What is no UTF-8 stays
 * as it is. */
bool imp_dicom_fold(struct imp_span text, struct imp_buf *out,
                    struct imp_err *err);

/* `text`, UTF-8, as those write it who have no umlauts: with an e behind the
 * letter, both small. `*any`: there was one. */
bool imp_dicom_spell(struct imp_span text, struct imp_buf *out, bool *any,
                     struct imp_err *err);

#endif
