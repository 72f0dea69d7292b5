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

/* How many days to put the dates of whoever has this `code` back: `least` to
 * `most`, 1 <= least <= most <= IMP_SHIFT_MAX. Whole days, so that intervals
 * and times of day stay. */
#define IMP_SHIFT_MAX 36525
bool imp_pseudonym_days(const struct imp_secret *s, struct imp_span code,
                        int32_t least, int32_t most, int32_t *days,
                        struct imp_err *err);

/* The UID that stands for `uid`, which is without padding: "2.25." and 122 bits
 * as a decimal number (PS3.5 B.2), so that references between objects hold, on
 * every machine. */
#define IMP_PSEUDONYM_UID_ROOM (sizeof "2.25." + 37)
bool imp_pseudonym_uid(const struct imp_secret *s, struct imp_span uid,
                       char out[IMP_PSEUDONYM_UID_ROOM], struct imp_err *err);

#endif
