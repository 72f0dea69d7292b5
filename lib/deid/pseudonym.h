/* pseudonym.h - what stands for a subject in the archive, made from the key of
 * the trial and the site's name for the subject: the same on every machine and
 * in every run. Any thread. */
#ifndef IMP_DEID_PSEUDONYM_H
#define IMP_DEID_PSEUDONYM_H

#include "deid/secret.h"

#define IMP_PSEUDONYM_DIGITS 16 /* 80 bits */
#define IMP_PSEUDONYM_ROOM (IMP_PSEUDONYM_DIGITS + 1)

/* The code of `subject`: base32 digits (RFC 4648 6), and a NUL. */
bool imp_pseudonym_code(const struct imp_secret *s, struct imp_span subject,
                        char code[IMP_PSEUDONYM_ROOM], struct imp_err *err);

/* How many days to put the dates of `subject` back: `least` to `most`, 1 <=
 * least <= most <= IMP_SHIFT_MAX. Whole days, so that intervals and times of
 * day stay. */
#define IMP_SHIFT_MAX 36525
bool imp_pseudonym_days(const struct imp_secret *s, struct imp_span subject,
                        int32_t least, int32_t most, int32_t *days,
                        struct imp_err *err);

#endif
