#include "pipeline/clean.h"

#include "base/map.h"
#include "pipeline/redactor.h"
#include "pipeline/unchanged.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

// What went is named up to here.
#define REMOVED_NAMED 64

struct output {
    struct imp_buf buf;
    struct imp_map joined; // instead, if the input is mapped
};

struct imp_cleaner {
    struct imp_deid *deid;
    struct imp_clean_rules rules;
    struct imp_job_image image;
    struct imp_cutlist cuts, redacted, again;
    struct imp_cutlist *made; // of these: what the last call has made of `in`
    struct imp_redactor redactor;
    struct output out[2];
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
    c->made = &c->cuts;
    imp_redactor_init(&c->redactor, rules->redact);
    c->deid = imp_deid_new(policy, err);
    if (!c->deid) {
        imp_cleaner_free(c);
        return NULL;
    }
    if (rules->redact)
        imp_deid_redact_by(c->deid, &c->redactor.asked);
    return c;
}

void imp_cleaner_free(struct imp_cleaner *c)
{
    if (!c)
        return;
    imp_cleaner_end(c);
    for (int i = 0; i < 2; i++)
        imp_buf_clear(&c->out[i].buf);
    imp_redactor_clear(&c->redactor);
    imp_cutlist_clear(&c->again);
    imp_cutlist_clear(&c->redacted);
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
    c->made = &c->cuts;
    c->image = (struct imp_job_image){0};
}

void imp_cleaner_end(struct imp_cleaner *c)
{
    for (int i = 0; i < 2; i++)
        imp_map_close(&c->out[i].joined);
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

static bool is_clean(struct imp_cleaner *c, struct imp_cutlist *cuts,
                     struct imp_span image, uint64_t at, uint64_t length,
                     const char **what, struct imp_err *err)
{
    if (!imp_unchanged(cuts, image, at, length, what))
        return imp_fail(err, IMP_ERR_RESIDUAL, "a part to remove: %s", *what);
    *what = NULL;
    return imp_deid_check_residual(c->deid, cuts, image, err);
}

// Nothing is believed: an output must itself come out as all kept, but for a
// mark of `length` bytes at `at`. Its coded data has just been checked, so its
// structure is enough.
static bool check(struct imp_cleaner *c, const struct imp_format *fmt,
                  struct imp_span out, uint64_t at, uint64_t length,
                  struct imp_err *err)
{
    struct imp_job_image image;
    const char *what = NULL;
    imp_deid_look_again(c->deid);
    if (!cut(c, fmt, out, IMP_CHECK_AGAIN, NULL, &image, &c->again, err))
        return imp_wrap(err, "output");
    if (is_clean(c, &c->again, out, at, length, &what, err))
        return true;
    return what ? imp_fail(err, IMP_ERR_RESIDUAL,
                           "output still has a part to remove: %s", what)
                : false;
}

bool imp_cleaner_is_clean(struct imp_cleaner *c, struct imp_span in,
                          uint64_t at, uint64_t length, const char **what,
                          struct imp_err *err)
{
    return is_clean(c, c->made, in, at, length, what, err);
}

bool imp_cleaner_check(struct imp_cleaner *c, const struct imp_format *fmt,
                       struct imp_span out, struct imp_err *err)
{
    return check(c, fmt, out, 0, 0, err);
}

// The rules have been asked while `in` was cut.
static bool redact(struct imp_cleaner *c, struct imp_span in,
                   struct imp_err *err)
{
    struct imp_redactor *r = &c->redactor;
    if (r->n == 0)
        return true;
    if (!imp_redact_cuts(&r->patches, in, &c->cuts, r->rect, r->n, &c->redacted,
                         err))
        return false;
    c->made = &c->redacted;
    return true;
}

bool imp_cleaner_cut(struct imp_cleaner *c, const struct imp_format *fmt,
                     struct imp_span in, enum imp_check check,
                     struct imp_jpeg_map *map, struct imp_err *err)
{
    c->made = &c->cuts;
    c->redactor.n = 0;
    imp_deid_observe(c->deid, c->observer);
    bool ok = cut(c, fmt, in, check, map, &c->image, &c->cuts, err);
    imp_deid_observe(c->deid, NULL);
    return ok && (redact(c, in, err) || imp_wrap(err, "%s", fmt->name));
}

// The first, unless `in` is what it holds.
static struct output *room_beside(struct imp_cleaner *c, struct imp_span in)
{
    const struct output *first = &c->out[0];
    bool is_first = in.p == first->buf.p || in.p == first->joined.bytes.p;
    return &c->out[is_first];
}

// What the cuts make: of a mapped input it is mapped, too, so that however
// large it is, what is checked is what will be stored, unless the input
// changes, which is asked for at the end.
static bool apply(struct imp_cleaner *c, struct imp_cutlist *cuts,
                  struct imp_span in, struct imp_span *out, struct imp_err *err)
{
    struct output *to = room_beside(c, in);
    const struct iovec *piece;
    size_t n;
    imp_map_close(&to->joined);
    if (!imp_map_has(in)) {
        bool ok = imp_cutlist_apply(cuts, in, &to->buf, err);
        *out = imp_buf_span(&to->buf);
        return ok;
    }
    bool ok = imp_cutlist_pieces(cuts, in, &piece, &n, err) &&
              imp_map_join(&to->joined, piece, n, err);
    *out = to->joined.bytes;
    return ok;
}

bool imp_cleaner_finish(struct imp_cleaner *c, const struct imp_format *fmt,
                        struct imp_span in, struct imp_span *out,
                        struct imp_err *err)
{
    if (imp_cutlist_all_kept(c->made)) {
        *out = in;
        return imp_deid_check_residual(c->deid, c->made, in, err);
    }
    return apply(c, c->made, in, out, err) &&
           imp_cleaner_check(c, fmt, *out, err);
}

bool imp_cleaner_finish_redacted(struct imp_cleaner *c,
                                 const struct imp_format *fmt,
                                 struct imp_span *in, struct imp_err *err)
{
    if (c->made != &c->redacted)
        return true;
    bool ok = imp_cleaner_finish(c, fmt, *in, in, err);
    c->made = &c->again; // all of it is kept
    return ok;
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
    return imp_cutlist_pieces(c->made, in, pieces, n, err);
}

const struct imp_cutlist *imp_cleaner_cuts(const struct imp_cleaner *c)
{
    return c->made;
}

const struct imp_job_image *imp_cleaner_image(const struct imp_cleaner *c)
{
    return &c->image;
}

static bool takes_away(const struct imp_cut *cut)
{
    bool goes = cut->kind == IMP_CUT_DROP || cut->kind == IMP_CUT_ZERO;
    bool describes =
        cut->part == IMP_PART_STRUCTURE || cut->part == IMP_PART_CODED;
    return goes && (!describes || strcmp(cut->what, IMP_REDACTED) == 0);
}

// Their hashes are compared first: most names are like none of the others.
static bool is_among(const char *name, guint hash, const char *const *names,
                     const guint *hashes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (hashes[i] == hash && strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool imp_cleaner_removed(const struct imp_cleaner *c, char **out,
                         struct imp_err *err)
{
    const char *names[REMOVED_NAMED + 1];
    guint hashes[REMOVED_NAMED + 1];
    size_t n = 0;
    struct imp_buf text = {0};
    bool ok = true;
    *out = NULL;
    for (size_t i = 0; i < c->made->n && n <= REMOVED_NAMED; i++) {
        const struct imp_cut *cut = &c->made->cut[i];
        if (!takes_away(cut))
            continue;
        hashes[n] = g_str_hash(cut->what);
        if (is_among(cut->what, hashes[n], names, hashes, n))
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
