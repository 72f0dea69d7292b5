/* key.h - the number by which the ledger finds a path.
 *
 * The upper half comes from the directory, the lower from the name in it, so
 * that what a scan meets one after the other lies close together in the index:
 * with a million inputs, one page in the cache rather than one on the disk for
 * each. Both are SHA-256: whoever chooses names cannot choose keys. Two paths
 * may share a key; whoever looks up compares the path too. */
#ifndef IMP_LEDGER_KEY_H
#define IMP_LEDGER_KEY_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_keys; /* opaque; remembers the last directory; one thread */

struct imp_keys *imp_keys_new(struct imp_err *err);
void imp_keys_free(struct imp_keys *k); /* NULL is fine */

/* `path` as bytes, without a NUL. */
int64_t imp_keys_of(struct imp_keys *k, struct imp_span path);

#endif
