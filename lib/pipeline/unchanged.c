#include "pipeline/unchanged.h"

#include <string.h>

// Does the cut put out `n` bytes of its own, from `done` on, that `out` has at
// `from`?
static bool repeats(const struct imp_cut *cut, uint64_t done, uint64_t n,
                    struct imp_span out, uint64_t from)
{
    struct imp_span there;
    if (cut->kind == IMP_CUT_KEEP)
        return cut->offset + done == from;
    return imp_span_sub(out, from, n, &there) &&
           (cut->kind == IMP_CUT_ZERO
                ? imp_span_is_zero(there)
                : memcmp(cut->bytes + done, there.p, n) == 0);
}

// Whatever is thought of it: of an overlay a policy may remove the bits alone.
static bool is_mark(const struct imp_cut *cut, uint64_t at, uint64_t length)
{
    return (cut->kind == IMP_CUT_KEEP || cut->kind == IMP_CUT_DROP) &&
           cut->offset >= at && cut->offset - at <= length &&
           cut->length <= length - (cut->offset - at);
}

// What goes of `out` at `at`, or else what is there.
static const char *name_at(const struct imp_cutlist *again, uint64_t at)
{
    const char *name = "its layout";
    for (size_t i = 0; i < again->n; i++) {
        const struct imp_cut *c = &again->cut[i];
        if (c->kind != IMP_CUT_INSERT && c->offset <= at &&
            at - c->offset < c->length)
            name = c->what;
    }
    return name;
}

// Does the list put out `out`, but for `length` bytes at `at`? If not, `*what`
// does not.
static bool gives_rest(const struct imp_cutlist *again, struct imp_span out,
                       uint64_t at, uint64_t length, const char **what)
{
    uint64_t to = 0;
    for (size_t i = 0; i < again->n; i++) {
        const struct imp_cut *cut = &again->cut[i];
        bool none = cut->kind == IMP_CUT_DROP || is_mark(cut, at, length);
        uint64_t all = none ? 0 : cut->length;
        for (uint64_t done = 0, n; done < all; done += n, to += n) {
            const uint64_t from = to < at ? to : to + length;
            n = all - done;
            if (to < at && n > at - to)
                n = at - to;
            if (!repeats(cut, done, n, out, from)) {
                *what = cut->kind == IMP_CUT_KEEP ? name_at(again, from)
                                                  : cut->what;
                return false;
            }
        }
    }
    *what = name_at(again, to < at ? to : to + length);
    return to == out.n - length;
}

bool imp_unchanged(const struct imp_cutlist *again, struct imp_span out,
                   uint64_t at, uint64_t length, const char **what)
{
    for (size_t i = 0; i < again->n; i++)
        if (again->cut[i].kind != IMP_CUT_KEEP) {
            *what = again->cut[i].what;
            return length && gives_rest(again, out, at, length, what);
        }
    return true;
}
