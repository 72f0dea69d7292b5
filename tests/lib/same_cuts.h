/* same_cuts.h - do two lists make the same of an input, part by part? */
#ifndef IMP_TEST_SAME_CUTS_H
#define IMP_TEST_SAME_CUTS_H

#include "image/cutlist.h"

#include <string.h>

static inline bool same_cuts(const struct imp_cutlist *a,
                             const struct imp_cutlist *b)
{
    bool same = a->n == b->n && a->output_len == b->output_len;
    for (size_t i = 0; same && i < a->n; i++) {
        const struct imp_cut *x = &a->cut[i], *y = &b->cut[i];
        same = x->kind == y->kind && x->part == y->part &&
               x->offset == y->offset && x->length == y->length &&
               strcmp(x->what, y->what) == 0 &&
               (x->kind != IMP_CUT_INSERT ||
                memcmp(x->bytes, y->bytes, (size_t)x->length) == 0);
    }
    return same;
}

#endif
