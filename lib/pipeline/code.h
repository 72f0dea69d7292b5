/* code.h - what may stand for a subject in the archive: nothing that tells who
 * it is. Any thread. */
#ifndef IMP_PIPELINE_CODE_H
#define IMP_PIPELINE_CODE_H

#include "base/bytes.h"

#include <stdbool.h>

/* Is `text` free of a subject's `key`? IMP_ERR_CONFIG if it is the key, or has
 * the key in it, without regard to case and to how accents are coded; of a key
 * of under four bytes only if it is all of the text. No key: it is. */
bool imp_key_not_in(struct imp_span key, const char *text, struct imp_err *err);

/* May `code` be that of the subject with this key? IMP_ERR_CONFIG if it is no
 * value of a name, does not look like what it is (blanks around it, characters
 * that do not show), or is not free of the key. `made`: by the key of a trial,
 * and the digits at its end may spell anything by chance. */
bool imp_code_check(struct imp_span key, const char *code, bool made,
                    struct imp_err *err);

#endif
