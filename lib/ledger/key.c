#include "ledger/key.h"

#include "base/sha256.h"

#include <stdlib.h>
#include <string.h>

struct imp_keys {
    struct imp_sha256 *hasher;
    struct imp_buf dir; // the last one
    uint32_t dir_half;
};

struct imp_keys *imp_keys_new(struct imp_err *err)
{
    struct imp_keys *k = calloc(1, sizeof *k);
    if (!k) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for keys");
        return NULL;
    }
    k->hasher = imp_sha256_new(err);
    if (k->hasher)
        return k;
    imp_keys_free(k);
    return NULL;
}

void imp_keys_free(struct imp_keys *k)
{
    if (!k)
        return;
    imp_sha256_free(k->hasher);
    imp_buf_clear(&k->dir);
    free(k);
}

static uint32_t half_of(struct imp_keys *k, struct imp_span bytes)
{
    imp_sha256_start(k->hasher);
    imp_sha256_add(k->hasher, bytes.p, bytes.n);
    struct imp_digest d = imp_sha256_end(k->hasher);
    return imp_be32(d.b);
}

// Without memory to remember it by, it is hashed again the next time.
static uint32_t half_of_directory(struct imp_keys *k, struct imp_span dir)
{
    if (k->dir.n == dir.n && k->dir.n && memcmp(k->dir.p, dir.p, dir.n) == 0)
        return k->dir_half;
    k->dir_half = half_of(k, dir);
    k->dir.n = 0;
    imp_buf_add(&k->dir, dir.p, dir.n, NULL);
    return k->dir_half;
}

int64_t imp_keys_of(struct imp_keys *k, struct imp_span path)
{
    const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    size_t n = slash ? (size_t)(slash - path.p) : 0;
    struct imp_span dir = {path.p, n}, name = {path.p + n, path.n - n};
    return (int64_t)((uint64_t)half_of_directory(k, dir) << 32 |
                     half_of(k, name));
}
