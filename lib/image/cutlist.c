#include "image/cutlist.h"

#include "base/map.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void imp_cutlist_start(struct imp_cutlist *cl, uint64_t input_len)
{
    imp_arena_reset(&cl->arena);
    cl->n = 0;
    cl->next = 0;
    cl->input_len = input_len;
    cl->output_len = 0;
    cl->finished = false;
    cl->err = (struct imp_err){0};
}

void imp_cutlist_clear(struct imp_cutlist *cl)
{
    imp_arena_clear(&cl->arena);
    free(cl->cut);
    free(cl->iov);
    *cl = (struct imp_cutlist){0};
}

static bool failed(const struct imp_cutlist *cl)
{
    return cl->err.code != IMP_OK;
}

static bool is_neighbour(const struct imp_cut *a, const struct imp_cut *b)
{
    return a->kind == b->kind && a->part == b->part &&
           b->kind != IMP_CUT_INSERT && strcmp(a->what, b->what) == 0;
}

static void append(struct imp_cutlist *cl, struct imp_cut cut)
{
    if (cl->n && is_neighbour(&cl->cut[cl->n - 1], &cut)) {
        cl->cut[cl->n - 1].length += cut.length;
        return;
    }
    if (cl->n == IMP_CUTS_MAX) {
        imp_fail(&cl->err, IMP_ERR_LIMIT, "more than %u parts", IMP_CUTS_MAX);
        return;
    }
    if (cl->n == cl->cap) {
        size_t cap = cl->cap ? cl->cap * 2 : 64;
        struct imp_cut *grown = realloc(cl->cut, cap * sizeof *grown);
        if (!grown) {
            imp_fail(&cl->err, IMP_ERR_MEMORY, "no memory for %zu cuts", cap);
            return;
        }
        cl->cut = grown;
        cl->cap = cap;
    }
    cl->cut[cl->n++] = cut;
}

static bool add_output(struct imp_cutlist *cl, uint64_t length)
{
    if (imp_add_u64(cl->output_len, length, &cl->output_len))
        return true;
    return imp_fail(&cl->err, IMP_ERR_INVARIANT, "cut list: output overflows");
}

// A cut that speaks for input bytes: it must begin where the last one ended.
static void cut_input(struct imp_cutlist *cl, enum imp_cut_kind kind,
                      uint64_t offset, uint64_t length, enum imp_part_kind part,
                      const char *what)
{
    if (failed(cl) || length == 0)
        return;
    if (cl->finished)
        imp_bug("cut after imp_cutlist_finish");
    if (offset != cl->next) {
        imp_fail_at(&cl->err, IMP_ERR_INVARIANT, offset,
                    "cut list: %s begins at %ju, want %ju", what,
                    (uintmax_t)offset, (uintmax_t)cl->next);
        return;
    }
    if (length > cl->input_len - offset) {
        imp_fail_at(&cl->err, IMP_ERR_INVARIANT, offset,
                    "cut list: %s of %ju bytes at %ju, have %ju", what,
                    (uintmax_t)length, (uintmax_t)offset,
                    (uintmax_t)(cl->input_len - offset));
        return;
    }
    if (kind != IMP_CUT_DROP && !add_output(cl, length))
        return;
    cl->next += length;
    append(cl, (struct imp_cut){.kind = kind,
                                .part = part,
                                .what = what,
                                .offset = offset,
                                .length = length});
}

void imp_cut_keep(struct imp_cutlist *cl, uint64_t offset, uint64_t length,
                  enum imp_part_kind part, const char *what)
{
    cut_input(cl, IMP_CUT_KEEP, offset, length, part, what);
}

void imp_cut_drop(struct imp_cutlist *cl, uint64_t offset, uint64_t length,
                  enum imp_part_kind part, const char *what)
{
    cut_input(cl, IMP_CUT_DROP, offset, length, part, what);
}

void imp_cut_zero(struct imp_cutlist *cl, uint64_t offset, uint64_t length,
                  enum imp_part_kind part, const char *what)
{
    cut_input(cl, IMP_CUT_ZERO, offset, length, part, what);
}

void imp_cut_insert_owned(struct imp_cutlist *cl, const uint8_t *bytes,
                          size_t n, enum imp_part_kind part, const char *what)
{
    if (failed(cl) || n == 0)
        return;
    if (cl->finished)
        imp_bug("insert after imp_cutlist_finish");
    if (!add_output(cl, n))
        return;
    append(cl, (struct imp_cut){.kind = IMP_CUT_INSERT,
                                .part = part,
                                .what = what,
                                .offset = cl->next,
                                .length = n,
                                .bytes = bytes});
}

void imp_cut_insert(struct imp_cutlist *cl, const void *bytes, size_t n,
                    enum imp_part_kind part, const char *what)
{
    uint8_t *copy = failed(cl) || n == 0 ? NULL : imp_cutlist_alloc(cl, n);
    if (copy)
        imp_cut_insert_owned(cl, memcpy(copy, bytes, n), n, part, what);
}

void *imp_cutlist_alloc(struct imp_cutlist *cl, size_t n)
{
    void *p = imp_arena_alloc(&cl->arena, n);
    if (!p && !failed(cl))
        imp_fail(&cl->err, IMP_ERR_MEMORY, "no memory for %zu bytes", n);
    return p;
}

const char *imp_cutlist_name(struct imp_cutlist *cl, const char *fmt, ...)
{
    char text[64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char *name = imp_cutlist_alloc(cl, strlen(text) + 1);
    return name ? strcpy(name, text) : "?";
}

// The two invariants, counted anew from the list rather than believed from
// the totals kept on the way.
static bool adds_up(const struct imp_cutlist *cl, struct imp_err *err)
{
    uint64_t in = 0, out = 0;
    for (size_t i = 0; i < cl->n; i++) {
        const struct imp_cut *cut = &cl->cut[i];
        if (cut->offset != in)
            return imp_fail_at(err, IMP_ERR_INVARIANT, in,
                               "cut list: %s at %ju, want %ju", cut->what,
                               (uintmax_t)cut->offset, (uintmax_t)in);
        if (cut->kind != IMP_CUT_INSERT)
            in += cut->length;
        if (cut->kind != IMP_CUT_DROP)
            out += cut->length;
    }
    if (in != cl->input_len)
        return imp_fail_at(err, IMP_ERR_INVARIANT, in,
                           "cut list: %ju of %ju input bytes spoken for",
                           (uintmax_t)in, (uintmax_t)cl->input_len);
    if (out != cl->output_len)
        return imp_fail(err, IMP_ERR_INVARIANT,
                        "cut list: output of %ju bytes, want %ju",
                        (uintmax_t)out, (uintmax_t)cl->output_len);
    return true;
}

bool imp_cutlist_finish(struct imp_cutlist *cl, struct imp_err *err)
{
    if (failed(cl)) {
        if (err)
            *err = cl->err;
        return false;
    }
    if (!adds_up(cl, err))
        return false;
    cl->finished = true;
    return true;
}

// Does the cut put out what the input has at `at`? Of a mapped one, step by
// step.
static bool repeats(const struct imp_cut *cut, struct imp_span input,
                    uint64_t at)
{
    struct imp_span left = {input.p + at, cut->length}, step = {0};
    const uint8_t *p =
        cut->kind == IMP_CUT_INSERT ? cut->bytes : input.p + cut->offset;
    if (cut->kind == IMP_CUT_KEEP && cut->offset == at)
        return true;
    bool same = true;
    while (same && imp_map_step(&left, &step)) {
        same = cut->kind == IMP_CUT_ZERO ? imp_span_is_zero(step)
                                         : memcmp(p, step.p, step.n) == 0;
        p += step.n;
    }
    return same;
}

// Of the cuts that are new bytes, or those that are not.
static bool all_repeat(const struct imp_cutlist *cl, struct imp_span input,
                       bool inserts)
{
    uint64_t at = 0;
    for (size_t i = 0; i < cl->n; i++) {
        const struct imp_cut *cut = &cl->cut[i];
        if (cut->kind == IMP_CUT_DROP)
            continue;
        if ((cut->kind == IMP_CUT_INSERT) == inserts &&
            !repeats(cut, input, at))
            return false;
        at += cut->length;
    }
    return true;
}

// The inserts, which are short, tell first that it does not: what is kept may
// be long.
static bool gives_back(const struct imp_cutlist *cl, struct imp_span input)
{
    return cl->output_len == cl->input_len && all_repeat(cl, input, true) &&
           all_repeat(cl, input, false);
}

// Is all of the patch, which begins in the cut `i`, kept or made zeros, and
// nothing put in between?
static bool is_plain(const struct imp_cutlist *cuts, size_t i,
                     const struct imp_patch *p)
{
    uint64_t end;
    if (!imp_add_u64(p->at, p->length, &end))
        return false;
    for (; i < cuts->n; i++) {
        const struct imp_cut *c = &cuts->cut[i];
        if (c->kind != IMP_CUT_KEEP && c->kind != IMP_CUT_ZERO)
            return false;
        if (end <= c->offset + c->length)
            return true;
    }
    return false;
}

// Those that have the same bytes as the one before share its copy of them.
static void put_patch(struct imp_cutlist *cl, const struct imp_patch *p,
                      const struct imp_patch *before, enum imp_part_kind part,
                      const char *what)
{
    const struct imp_cut *last = cl->n ? &cl->cut[cl->n - 1] : NULL;
    bool again = before && before->bytes == p->bytes && before->n == p->n &&
                 last && last->kind == IMP_CUT_INSERT;
    const uint8_t *copy = again ? last->bytes : NULL;
    imp_cut_drop(cl, p->at, p->length, part, what);
    if (again)
        imp_cut_insert_owned(cl, copy, p->n, part, what);
    else
        imp_cut_insert(cl, p->bytes, p->n, part, what);
}

// Cut `i` of the old list, the patches that begin in it being put in. An
// earlier one may have reached into it.
static size_t patch_cut(struct imp_cutlist *cl, const struct imp_cutlist *cuts,
                        size_t i, const struct imp_patch *patch, size_t n,
                        const char *what)
{
    const struct imp_cut *c = &cuts->cut[i];
    uint64_t end = c->offset + c->length;
    size_t used = 0;
    if (c->kind == IMP_CUT_INSERT) {
        imp_cut_insert(cl, c->bytes, c->length, c->part, c->what);
        return 0;
    }
    for (; c->kind == IMP_CUT_KEEP && used < n; used++) {
        const struct imp_patch *p = &patch[used];
        if (p->at < cl->next || p->at > end || !is_plain(cuts, i, p))
            break;
        cut_input(cl, c->kind, cl->next, p->at - cl->next, c->part, c->what);
        put_patch(cl, p, used ? p - 1 : NULL, c->part, what);
    }
    if (cl->next < end)
        cut_input(cl, c->kind, cl->next, end - cl->next, c->part, c->what);
    return used;
}

bool imp_cutlist_patch(struct imp_cutlist *cl, const struct imp_cutlist *cuts,
                       const struct imp_patch *patch, size_t n,
                       const char *what, struct imp_err *err)
{
    size_t done = 0;
    imp_cutlist_start(cl, cuts->input_len);
    for (size_t i = 0; i < cuts->n && !failed(cl); i++)
        done += patch_cut(cl, cuts, i, patch + done, n - done, what);
    if (done < n && !failed(cl))
        return imp_fail_at(err, IMP_ERR_INVARIANT, patch[done].at,
                           "cut list: a patch at %ju lies in no keep",
                           (uintmax_t)patch[done].at);
    return imp_cutlist_finish(cl, err);
}

void imp_cutlist_settle(struct imp_cutlist *cl, struct imp_span input)
{
    if (!cl->finished || input.n != cl->input_len)
        imp_bug("settling a cut list that does not fit its input");
    if (imp_cutlist_all_kept(cl) || !gives_back(cl, input))
        return;
    size_t n = 0;
    uint64_t at = 0;
    for (size_t i = 0; i < cl->n; i++) {
        struct imp_cut cut = cl->cut[i];
        if (cut.kind == IMP_CUT_DROP)
            continue;
        cut.kind = IMP_CUT_KEEP;
        cut.bytes = NULL;
        cut.offset = at;
        at += cut.length;
        cl->cut[n++] = cut;
    }
    cl->n = n;
}

bool imp_cutlist_all_kept(const struct imp_cutlist *cl)
{
    for (size_t i = 0; i < cl->n; i++)
        if (cl->cut[i].kind != IMP_CUT_KEEP)
            return false;
    return true;
}

static const uint8_t zeros[64 * 1024];

// Append a piece, joined to the last one if they touch.
static bool add_piece(struct imp_cutlist *cl, size_t *n, const uint8_t *p,
                      size_t len, struct imp_err *err)
{
    struct iovec *last = *n ? &cl->iov[*n - 1] : NULL;
    if (last && (const uint8_t *)last->iov_base + last->iov_len == p) {
        last->iov_len += len;
        return true;
    }
    if (*n == cl->iov_cap) {
        size_t cap = cl->iov_cap ? cl->iov_cap * 2 : 64;
        struct iovec *grown = realloc(cl->iov, cap * sizeof *grown);
        if (!grown)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu pieces",
                            cap);
        cl->iov = grown;
        cl->iov_cap = cap;
    }
    cl->iov[(*n)++] = (struct iovec){(void *)(uintptr_t)p, len};
    return true;
}

bool imp_cutlist_pieces(struct imp_cutlist *cl, struct imp_span input,
                        const struct iovec **pieces, size_t *n,
                        struct imp_err *err)
{
    if (!cl->finished || input.n != cl->input_len)
        imp_bug("pieces of a cut list that does not fit its input");
    *n = 0;
    for (size_t i = 0; i < cl->n; i++) {
        const struct imp_cut *cut = &cl->cut[i];
        uint64_t left = cut->length;
        switch (cut->kind) {
        case IMP_CUT_KEEP:
            if (!add_piece(cl, n, input.p + cut->offset, left, err))
                return false;
            break;
        case IMP_CUT_INSERT:
            if (!add_piece(cl, n, cut->bytes, left, err))
                return false;
            break;
        case IMP_CUT_ZERO:
            while (left) {
                size_t part = left < sizeof zeros ? left : sizeof zeros;
                if (!add_piece(cl, n, zeros, part, err))
                    return false;
                left -= part;
            }
            break;
        case IMP_CUT_DROP:
            break;
        }
    }
    *pieces = cl->iov;
    return true;
}

bool imp_cutlist_apply(struct imp_cutlist *cl, struct imp_span input,
                       struct imp_buf *out, struct imp_err *err)
{
    const struct iovec *piece;
    size_t n;
    out->n = 0;
    if (!imp_buf_reserve(out, cl->output_len, err) ||
        !imp_cutlist_pieces(cl, input, &piece, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!imp_buf_add(out, piece[i].iov_base, piece[i].iov_len, err))
            return false;
    return true;
}
