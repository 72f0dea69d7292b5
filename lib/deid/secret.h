/* secret.h - the key of a trial: pseudonyms and date shifts come from it.
 *
 * 256 bits in a file of mode 0600, as 64 hexadecimal digits on a line; lines
 * that begin with a '#' are remarks. There is no default key. Whoever has the
 * key can find out which subject a code belongs to, by trying; without it
 * nobody can make the same codes again. */
#ifndef IMP_DEID_SECRET_H
#define IMP_DEID_SECRET_H

#include "base/bytes.h"
#include "base/sha256.h"

#include <stdbool.h>

/* Make a new key from getrandom(2) in the file `path`, durably and whole or not
 * at all. IMP_ERR_CONFIG if there is something at `path` already: a key that
 * is overwritten is lost. Any thread. */
bool imp_secret_make(const char *path, struct imp_err *err);

struct imp_secret; /* opaque; read-only: any thread */

/* Read the key in the file `path`. IMP_ERR_CONFIG if others may read it, or it
 * is not one; IMP_ERR_IO if it cannot be opened. Until _free the process dumps
 * no core, the key is not in the dumps of others, and is kept out of the swap
 * space where the limits allow it. One at a time: what it changes is the
 * process's. */
struct imp_secret *imp_secret_load(const char *path, struct imp_err *err);

/* Wipes the key; dumps are again as they were. NULL is fine. */
void imp_secret_free(struct imp_secret *s);

/* A key that everybody has: to see what would become of an image, never to make
 * what leaves. Not to be freed. */
const struct imp_secret *imp_secret_for_looking(void);

/* What the key is used for; each use has a domain of its own, so that what one
 * gives away says nothing of another. */
enum imp_domain {
    IMP_DOMAIN_CODE,  /* a subject's code */
    IMP_DOMAIN_DATES, /* its date shift */
    IMP_DOMAIN_UID,   /* what stands for a UID */
    IMP_DOMAIN_KEY,   /* what the key can be known by */
};

/* HMAC-SHA-256 under the key of the domain's name, a zero byte, and `text`. */
bool imp_secret_mac(const struct imp_secret *s, enum imp_domain domain,
                    struct imp_span text, struct imp_digest *out,
                    struct imp_err *err);

#endif
