#include "pipeline/clean.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

// What went is named up to here.
#define REMOVED_NAMED 64

struct imp_cleaner {
    struct imp_deid *deid;
    struct imp_clean_rules rules;
    struct imp_job_image image;
    struct imp_cutlist cuts, again;
    struct imp_buf out;
    struct imp_map joined; // instead, if the input is mapped
    const struct imp_deid_observer *observer;
};

struct imp_clean_rules imp_clean_rules_of(const struct imp_policy *policy,
                                          const struct imp_clean_rules *asked)
{
    const struct imp_policy_settings *says = imp_policy_settings(policy);
    struct imp_clean_rules r = *asked;
    if (!r.has_check && says->has_check)
        r.check = says->check;
    r.has_check = true;
    if (!r.limits.max_bytes)
        r.limits.max_bytes = says->max_bytes;
    if (!r.limits.max_bytes) {
        r.limits.max_bytes = IMP_DEFAULT_MAX_BYTES;
        r.limits.max_mapped = UINT64_MAX;
    }
    if (!r.limits.max_pixels)
        r.limits.max_pixels =
            says->max_pixels ? says->max_pixels : IMP_DEFAULT_MAX_PIXELS;
    return r;
}

struct imp_cleaner *imp_cleaner_new(const struct imp_policy *policy,
                                    const struct imp_clean_rules *rules,
                                    struct imp_err *err)
{
    struct imp_cleaner *c = calloc(1, sizeof *c);
    if (!c) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a cleaner");
        return NULL;
    }
    c->rules = *rules;
    c->deid = imp_deid_new(policy, err);
    if (c->deid)
        return c;
    imp_cleaner_free(c);
    return NULL;
}

void imp_cleaner_free(struct imp_cleaner *c)
{
    if (!c)
        return;
    imp_map_close(&c->joined);
    imp_buf_clear(&c->out);
    imp_cutlist_clear(&c->again);
    imp_cutlist_clear(&c->cuts);
    imp_deid_free(c->deid);
    free(c);
}

void imp_cleaner_start(struct imp_cleaner *c,
                       const struct imp_deid_subject *subject)
{
    imp_cleaner_end(c);
    imp_deid_start(c->deid, subject);
    imp_cutlist_start(&c->cuts, 0);
    c->image = (struct imp_job_image){0};
}

void imp_cleaner_end(struct imp_cleaner *c)
{
    imp_map_close(&c->joined);
}

const struct imp_format *imp_cleaner_format(struct imp_span in,
                                            struct imp_err *err)
{
    const struct imp_format *fmt = imp_format_of(in);
    if (!fmt)
        imp_fail(err, IMP_ERR_UNSUPPORTED, "no image that is supported: %s",
                 imp_format_guess(in));
    return fmt;
}

static bool cut(struct imp_cleaner *c, const struct imp_format *fmt,
                struct imp_span in, enum imp_check check,
                struct imp_jpeg_map *map, struct imp_job_image *image,
                struct imp_cutlist *cuts, struct imp_err *err)
{
    *image = (struct imp_job_image){.editor = imp_deid_editor(c->deid),
                                    .dicom = imp_deid_dicom(c->deid),
                                    .limits = c->rules.limits,
                                    .check = check,
                                    .map = map};
    return imp_format_cut(fmt, in, image, cuts, err);
}

// Nothing is believed: an output must itself come out as all kept. Its coded
// data has just been checked, so its structure is enough.
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
        *what = cut->what;
        for (uint64_t done = 0, n; done < all; done += n, to += n) {
            n = all - done;
            if (to < at && n > at - to)
                n = at - to;
            if (!repeats(cut, done, n, out, to < at ? to : to + length))
                return false;
        }
    }
    return to == out.n - length;
}

// All is kept; or what goes is the mark, and the rest comes out as it is.
static bool is_clean(const struct imp_cutlist *again, struct imp_span out,
                     uint64_t at, uint64_t length, const char **what)
{
    for (size_t i = 0; i < again->n; i++)
        if (again->cut[i].kind != IMP_CUT_KEEP) {
            *what = again->cut[i].what;
            return length && gives_rest(again, out, at, length, what);
        }
    return true;
}

// But for a mark of `length` bytes at `at`.
static bool check(struct imp_cleaner *c, const struct imp_format *fmt,
                  struct imp_span out, uint64_t at, uint64_t length,
                  struct imp_err *err)
{
    struct imp_job_image image;
    const char *what = NULL;
    imp_deid_look_again(c->deid);
    if (!cut(c, fmt, out, IMP_CHECK_AGAIN, NULL, &image, &c->again, err))
        return imp_wrap(err, "output");
    if (!is_clean(&c->again, out, at, length, &what))
        return imp_fail(err, IMP_ERR_RESIDUAL,
                        "output still has a part to remove: %s", what);
    return imp_deid_check_residual(c->deid, &c->again, out, err);
}

bool imp_cleaner_check(struct imp_cleaner *c, const struct imp_format *fmt,
                       struct imp_span out, struct imp_err *err)
{
    return check(c, fmt, out, 0, 0, err);
}

bool imp_cleaner_cut(struct imp_cleaner *c, const struct imp_format *fmt,
                     struct imp_span in, enum imp_check check,
                     struct imp_jpeg_map *map, struct imp_err *err)
{
    imp_deid_observe(c->deid, c->observer);
    bool ok = cut(c, fmt, in, check, map, &c->image, &c->cuts, err);
    imp_deid_observe(c->deid, NULL);
    return ok;
}

// What the cuts make: of a mapped input it is mapped, too, so that however
// large it is, what is checked is what will be stored.
static bool apply(struct imp_cleaner *c, struct imp_cutlist *cuts,
                  struct imp_span in, struct imp_span *out, struct imp_err *err)
{
    const struct iovec *piece;
    size_t n;
    imp_map_close(&c->joined);
    if (!imp_map_has(in)) {
        bool ok = imp_cutlist_apply(cuts, in, &c->out, err);
        *out = imp_buf_span(&c->out);
        return ok;
    }
    bool ok = imp_cutlist_pieces(cuts, in, &piece, &n, err) &&
              imp_map_join(&c->joined, piece, n, err);
    *out = c->joined.bytes;
    return ok;
}

bool imp_cleaner_finish(struct imp_cleaner *c, const struct imp_format *fmt,
                        struct imp_span in, struct imp_span *out,
                        struct imp_err *err)
{
    if (imp_cutlist_all_kept(&c->cuts)) {
        *out = in;
        return imp_deid_check_residual(c->deid, &c->cuts, in, err);
    }
    return apply(c, &c->cuts, in, out, err) &&
           imp_cleaner_check(c, fmt, *out, err);
}

bool imp_cleaner_finish_marked(struct imp_cleaner *c,
                               const struct imp_format *fmt, struct imp_span in,
                               struct imp_cutlist *marked, uint64_t at,
                               uint64_t length, struct imp_span *out,
                               struct imp_err *err)
{
    return apply(c, marked, in, out, err) &&
           check(c, fmt, *out, at, length, err);
}

bool imp_cleaner_clean(struct imp_cleaner *c, const struct imp_format *fmt,
                       struct imp_span in, enum imp_check check,
                       struct imp_span *out, struct imp_err *err)
{
    return imp_cleaner_cut(c, fmt, in, check, NULL, err) &&
           imp_cleaner_finish(c, fmt, in, out, err);
}

bool imp_cleaner_pieces(struct imp_cleaner *c, struct imp_span in,
                        const struct iovec **pieces, size_t *n,
                        struct imp_err *err)
{
    return imp_cutlist_pieces(&c->cuts, in, pieces, n, err);
}

const struct imp_cutlist *imp_cleaner_cuts(const struct imp_cleaner *c)
{
    return &c->cuts;
}

const struct imp_job_image *imp_cleaner_image(const struct imp_cleaner *c)
{
    return &c->image;
}

static bool takes_away(const struct imp_cut *cut)
{
    bool goes = cut->kind == IMP_CUT_DROP || cut->kind == IMP_CUT_ZERO;
    return goes && cut->part != IMP_PART_STRUCTURE &&
           cut->part != IMP_PART_CODED;
}

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool imp_cleaner_removed(const struct imp_cleaner *c, char **out,
                         struct imp_err *err)
{
    const char *names[REMOVED_NAMED + 1];
    size_t n = 0;
    struct imp_buf text = {0};
    bool ok = true;
    *out = NULL;
    for (size_t i = 0; i < c->cuts.n && n <= REMOVED_NAMED; i++) {
        const struct imp_cut *cut = &c->cuts.cut[i];
        if (!takes_away(cut) || is_among(cut->what, names, n))
            continue;
        names[n] = n < REMOVED_NAMED ? cut->what : "...";
        n++;
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = imp_buf_add(&text, names[i], strlen(names[i]), err) &&
             imp_buf_add(&text, i + 1 < n ? "\n" : "", 1, err);
    if (ok)
        *out = (char *)text.p;
    else
        imp_buf_clear(&text);
    return ok;
}

struct imp_span imp_cleaner_profile(const struct imp_cleaner *c)
{
    return imp_deid_profile(c->deid);
}

const char *imp_cleaner_uid(const struct imp_cleaner *c,
                            enum imp_deid_uid which)
{
    return imp_deid_uid(c->deid, which);
}

void imp_cleaner_observe(struct imp_cleaner *c,
                         const struct imp_deid_observer *o)
{
    c->observer = o;
}
