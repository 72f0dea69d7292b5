#include "mark/dicom_patches.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MAX_PATCHES = 1 << 22 };
#define MAX_BYTES (UINT64_C(1) << 30)

void imp_dicom_patches_start(struct imp_dicom_patches *p)
{
    p->n = p->bytes.n = 0;
}

void imp_dicom_patches_clear(struct imp_dicom_patches *p)
{
    imp_buf_clear(&p->bytes);
    free(p->patch);
    free(p->from);
    *p = (struct imp_dicom_patches){0};
}

static bool grow(struct imp_dicom_patches *p, struct imp_err *err)
{
    size_t cap = p->cap ? p->cap * 2 : 256;
    struct imp_patch *patch = realloc(p->patch, cap * sizeof *patch);
    if (patch)
        p->patch = patch;
    size_t *from = patch ? realloc(p->from, cap * sizeof *from) : NULL;
    if (!from)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu patches", cap);
    p->from = from;
    p->cap = cap;
    return true;
}

bool imp_dicom_patches_add(struct imp_dicom_patches *p, uint64_t at,
                           uint64_t length, size_t from, size_t n,
                           struct imp_err *err)
{
    if (p->n == MAX_PATCHES)
        return imp_fail(err, IMP_ERR_LIMIT, "more than %d places to change",
                        MAX_PATCHES);
    if (p->n == p->cap && !grow(p, err))
        return false;
    p->patch[p->n] = (struct imp_patch){.at = at, .length = length, .n = n};
    p->from[p->n++] = from;
    return true;
}

bool imp_dicom_patches_room(const struct imp_dicom_patches *p, uint64_t more,
                            struct imp_err *err)
{
    if (p->bytes.n <= MAX_BYTES && more <= MAX_BYTES - p->bytes.n)
        return true;
    return imp_fail(err, IMP_ERR_LIMIT,
                    "%" PRIu64 " bytes to change, want at most %" PRIu64,
                    more + p->bytes.n, MAX_BYTES);
}

void imp_dicom_patches_end(struct imp_dicom_patches *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->patch[i].bytes = p->bytes.p + p->from[i];
}
