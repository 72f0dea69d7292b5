#include "image/regions.h"

#include <stdlib.h>
#include <string.h>

struct imp_region {
    uint64_t offset, length;
    enum imp_part_kind part;
    const char *what;
    uint64_t made;            // how many were made before it
    size_t first_cut, n_cuts; // of a claim made from cuts, else 0
    uint64_t out, out_length; // told by _lay, from the first claimed byte
    bool repeats;             // the same range as the claim before it
};

void imp_regions_start(struct imp_regions *r, uint64_t input_len)
{
    r->n_claims = r->n_labels = r->n_cuts = 0;
    r->input_len = input_len;
    r->total = 0;
    r->laid = false;
}

void imp_regions_clear(struct imp_regions *r)
{
    free(r->claim);
    free(r->label);
    free(r->cut);
    *r = (struct imp_regions){0};
}

// Room for one more than `n`.
static bool grow(void **array, size_t *cap, size_t n, size_t size,
                 struct imp_err *err)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 64;
    void *grown = realloc(*array, more * size);
    if (!grown)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu regions", more);
    *array = grown;
    *cap = more;
    return true;
}

static bool add_claim(struct imp_regions *r, struct imp_region claim,
                      struct imp_err *err)
{
    if (r->laid)
        imp_bug("a claim after imp_regions_lay");
    if (claim.offset > r->input_len ||
        claim.length > r->input_len - claim.offset)
        return imp_fail_at(err, IMP_ERR_DAMAGED, claim.offset,
                           "%s: %ju bytes at %ju, have %ju in all", claim.what,
                           (uintmax_t)claim.length, (uintmax_t)claim.offset,
                           (uintmax_t)r->input_len);
    if (claim.length == 0)
        return true;
    if (!grow((void **)&r->claim, &r->claims_cap, r->n_claims, sizeof *r->claim,
              err))
        return false;
    claim.made = r->n_claims;
    r->claim[r->n_claims++] = claim;
    return true;
}

bool imp_regions_claim(struct imp_regions *r, uint64_t offset, uint64_t length,
                       enum imp_part_kind part, const char *what,
                       struct imp_err *err)
{
    return add_claim(
        r,
        (struct imp_region){
            .offset = offset, .length = length, .part = part, .what = what},
        err);
}

bool imp_regions_claim_cuts(struct imp_regions *r, uint64_t offset,
                            const struct imp_cutlist *cuts, struct imp_err *err)
{
    if (!cuts->finished)
        imp_bug("a claim by a cut list that is not finished");
    struct imp_region claim = {.offset = offset,
                               .length = cuts->input_len,
                               .what = cuts->n ? cuts->cut[0].what : "nothing",
                               .first_cut = r->n_cuts,
                               .n_cuts = cuts->n};
    for (size_t i = 0; i < cuts->n; i++) {
        if (!grow((void **)&r->cut, &r->cuts_cap, r->n_cuts, sizeof *r->cut,
                  err))
            return false;
        struct imp_cut cut = cuts->cut[i];
        cut.offset += offset;
        r->cut[r->n_cuts++] = cut;
    }
    return add_claim(r, claim, err);
}

bool imp_regions_label(struct imp_regions *r, uint64_t offset, uint64_t length,
                       enum imp_part_kind part, const char *what,
                       struct imp_err *err)
{
    if (r->laid)
        imp_bug("a label after imp_regions_lay");
    if (offset >= r->input_len || length == 0)
        return true;
    if (length > r->input_len - offset)
        length = r->input_len - offset;
    if (!grow((void **)&r->label, &r->labels_cap, r->n_labels, sizeof *r->label,
              err))
        return false;
    r->label[r->n_labels] = (struct imp_region){.offset = offset,
                                                .length = length,
                                                .part = part,
                                                .what = what,
                                                .made = r->n_labels};
    r->n_labels++;
    return true;
}

// Of claims that begin together the longest comes last, where a search ends.
static int by_place(const void *left, const void *right)
{
    const struct imp_region *a = left, *b = right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return a->made < b->made ? -1 : a->made > b->made;
}

static void sort(struct imp_region *region, size_t n)
{
    if (n)
        qsort(region, n, sizeof *region, by_place);
}

// What a claim made from cuts adds to the output.
static uint64_t length_of_cuts(const struct imp_regions *r,
                               const struct imp_region *claim)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < claim->n_cuts; i++)
        if (r->cut[claim->first_cut + i].kind != IMP_CUT_DROP)
            sum += r->cut[claim->first_cut + i].length;
    return sum;
}

static bool same_range(const struct imp_region *a, const struct imp_region *b)
{
    return a->offset == b->offset && a->length == b->length;
}

// Plain claims may overlap in any way: each byte is written once. One with cuts
// may only meet its like, and then the first counts.
bool imp_regions_lay(struct imp_regions *r, struct imp_err *err)
{
    const struct imp_region *last = NULL; // the last that was not a repeat
    uint64_t end = 0;                     // of all claims so far
    uint64_t out = 0;
    sort(r->claim, r->n_claims);
    sort(r->label, r->n_labels);
    for (size_t i = 0; i < r->n_claims; i++) {
        struct imp_region *c = &r->claim[i];
        bool overlaps = last && c->offset < end;
        if (overlaps && (c->n_cuts || last->n_cuts)) {
            if (!same_range(c, last) || !c->n_cuts || !last->n_cuts)
                return imp_fail_at(err, IMP_ERR_DAMAGED, c->offset,
                                   "%s at %ju overlaps %s at %ju", c->what,
                                   (uintmax_t)c->offset, last->what,
                                   (uintmax_t)last->offset);
            c->repeats = true;
            c->out = last->out;
            c->out_length = last->out_length;
            continue;
        }
        uint64_t seen = overlaps ? end - c->offset : 0;
        c->out = out - seen;
        c->out_length = c->n_cuts ? length_of_cuts(r, c) : c->length;
        if (seen < c->length) {
            out += c->out_length - seen;
            end = c->offset + c->length;
        }
        last = c;
    }
    r->total = out;
    r->laid = true;
    return true;
}

// The last claim that begins at or before `offset`; NULL if there is none.
static const struct imp_region *claim_before(const struct imp_regions *r,
                                             uint64_t offset)
{
    size_t low = 0, high = r->n_claims;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->claim[mid].offset <= offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? &r->claim[low - 1] : NULL;
}

bool imp_regions_translate(const struct imp_regions *r, uint64_t offset,
                           uint64_t *length, uint64_t *out, struct imp_err *err)
{
    if (!r->laid)
        imp_bug("translating before imp_regions_lay");
    // A claim that begins before may be a short one inside a longer one.
    const struct imp_region *c = claim_before(r, offset);
    for (; c && c >= r->claim; c--) {
        uint64_t into = offset - c->offset;
        if (c->n_cuts ? into == 0 && *length == c->length
                      : into <= c->length && *length <= c->length - into) {
            *out = c->out + into;
            if (c->n_cuts)
                *length = c->out_length;
            return true;
        }
    }
    return imp_fail_at(err, IMP_ERR_INVARIANT, offset,
                       "%ju bytes at %ju were not claimed", (uintmax_t)*length,
                       (uintmax_t)offset);
}

// Drop [from, to), each byte under the name of the first label that covers it.
static void drop_gap(const struct imp_regions *r, struct imp_cutlist *cl,
                     size_t *label, uint64_t from, uint64_t to,
                     enum imp_part_kind part, const char *what)
{
    while (from < to) {
        while (*label < r->n_labels &&
               r->label[*label].offset + r->label[*label].length <= from)
            ++*label;
        const struct imp_region *l =
            *label < r->n_labels ? &r->label[*label] : NULL;
        if (!l || l->offset >= to) {
            imp_cut_drop(cl, from, to - from, part, what);
            return;
        }
        if (l->offset > from) {
            imp_cut_drop(cl, from, l->offset - from, part, what);
            from = l->offset;
        }
        uint64_t end = l->offset + l->length;
        uint64_t n = (end < to ? end : to) - from;
        imp_cut_drop(cl, from, n, l->part, l->what);
        from += n;
    }
}

static void emit_cuts(const struct imp_regions *r, struct imp_cutlist *cl,
                      const struct imp_region *claim)
{
    for (size_t i = 0; i < claim->n_cuts; i++) {
        const struct imp_cut *c = &r->cut[claim->first_cut + i];
        switch (c->kind) {
        case IMP_CUT_KEEP:
            imp_cut_keep(cl, c->offset, c->length, c->part, c->what);
            break;
        case IMP_CUT_DROP:
            imp_cut_drop(cl, c->offset, c->length, c->part, c->what);
            break;
        case IMP_CUT_ZERO:
            imp_cut_zero(cl, c->offset, c->length, c->part, c->what);
            break;
        case IMP_CUT_INSERT:
            imp_cut_insert(cl, c->bytes, c->length, c->part, c->what);
            break;
        }
    }
}

void imp_regions_emit(const struct imp_regions *r, struct imp_cutlist *cl,
                      uint64_t from, uint64_t to, enum imp_part_kind part,
                      const char *what)
{
    if (!r->laid)
        imp_bug("emitting before imp_regions_lay");
    size_t label = 0;
    uint64_t at = from;
    for (size_t i = 0; i < r->n_claims; i++) {
        const struct imp_region *c = &r->claim[i];
        uint64_t end = c->offset + c->length;
        if (end <= at || c->repeats || c->offset >= to)
            continue;
        if (c->offset > at) {
            drop_gap(r, cl, &label, at, c->offset, part, what);
            at = c->offset;
        }
        if (c->n_cuts)
            emit_cuts(r, cl, c);
        else
            imp_cut_keep(cl, at, end - at, c->part, c->what);
        at = end;
    }
    drop_gap(r, cl, &label, at, to, part, what);
}
