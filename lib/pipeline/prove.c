#include "pipeline/prove.h"

#include "image/format.h"
#include "mark/frames.h"
#include "mark/turn.h"
#include "pipeline/clean.h"
#include "pipeline/profiles.h"

#include <stdlib.h>
#include <string.h>

struct imp_prover {
    struct imp_target *target;
    struct imp_ledger *ledger;
    struct imp_buf source, made; // kept from image to image
};

struct imp_prover *imp_prover_new(const struct imp_archive_at *archive,
                                  const char *state, struct imp_err *err)
{
    struct imp_prover *p = calloc(1, sizeof *p);
    if (!p) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a proof");
        return NULL;
    }
    p->ledger = imp_ledger_open_scratch(state, NULL, err);
    if (p->ledger)
        p->target = imp_target_open(archive, IMP_TARGET_READ, NULL, err);
    if (p->target)
        return p;
    imp_prover_free(p);
    return NULL;
}

void imp_prover_free(struct imp_prover *p)
{
    if (!p)
        return;
    imp_ledger_free(p->ledger);
    imp_buf_clear(&p->source);
    imp_buf_clear(&p->made);
    imp_target_free(p->target);
    free(p);
}

// The ledger's word for what lies in the archive.
static bool check_digest(const struct imp_prover *p,
                         const struct imp_archived *a, struct imp_err *err)
{
    struct imp_digest have;
    return imp_sha256_of(p->made.p, p->made.n, &have, err) &&
           (memcmp(have.b, a->digest.b, sizeof have.b) == 0 ||
            imp_fail(err, IMP_ERR_DAMAGED,
                     "the object is not the one that was archived: its digest "
                     "is another"));
}

// --- Without a decoder ---

// The picture alone, in the one form that its handler gives it.
static bool reduce(const char *format, struct imp_span in, struct imp_buf *out,
                   struct imp_err *err)
{
    struct imp_editor editor = {imp_drop_it};
    struct imp_cutlist cuts = {0};
    struct imp_job_image image = {
        .editor = &editor,
        .limits = {IMP_DEFAULT_MAX_BYTES, IMP_DEFAULT_MAX_PIXELS}};
    const struct imp_format *fmt = imp_format_called(format);
    bool ok = fmt && imp_format_cut(fmt, in, &image, &cuts, err) &&
              imp_cutlist_apply(&cuts, in, out, err);
    imp_cutlist_clear(&cuts);
    return ok;
}

// Is one the other without its metadata, byte for byte? Where no decoder reads
// an image that has no mark, this tells; but it does not see a picture that is
// coded otherwise and looks the same.
static bool same_bytes(struct imp_prover *p, const char *format,
                       struct imp_difference *out)
{
    struct imp_err ignored = {0};
    struct imp_buf a = {0}, b = {0};
    bool same = reduce(format, imp_buf_span(&p->source), &a, &ignored) &&
                reduce(format, imp_buf_span(&p->made), &b, &ignored) &&
                a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
    *out = (struct imp_difference){.unit = "bytes", .units = a.n};
    imp_buf_clear(&a);
    imp_buf_clear(&b);
    return same;
}

// A decoder may also count what is gone: a preview among the pages.
static bool has_fewer_pages(const struct imp_prover *p, const char *format)
{
    return imp_frames_of(format, imp_buf_span(&p->made)) <
           imp_frames_of(format, imp_buf_span(&p->source));
}

static bool differ(struct imp_prover *p, struct imp_proven *out)
{
    const struct imp_archived *a = &out->archived;
    struct imp_difference by_bytes;
    bool told =
        imp_compare(a->format, imp_buf_span(&p->source), imp_buf_span(&p->made),
                    &a->mark, &out->difference, &out->err);
    bool seen =
        told && !(out->difference.another && has_fewer_pages(p, a->format));
    if (seen || a->mark.width || !same_bytes(p, a->format, &by_bytes))
        return told;
    out->difference = by_bytes;
    out->err = (struct imp_err){0};
    return true;
}

// How viewers show equal pixels.
struct showing {
    struct imp_turn turn;
    bool same_profiles;
};

static bool find_showing(struct imp_prover *p, const struct imp_proven *out,
                         struct showing *showing, struct imp_err *err)
{
    struct imp_span source = imp_buf_span(&p->source);
    struct imp_span made = imp_buf_span(&p->made);
    const char *format = out->archived.format;
    return imp_turn_of(format, source, made, &showing->turn, err) &&
           imp_profiles_same(format, source, made, &showing->same_profiles,
                             err);
}

// What is wrong with it, if anything.
static void judge(const struct imp_proven *out, const struct showing *showing,
                  struct imp_err *err)
{
    const struct imp_difference *d = &out->difference;
    const struct imp_turn *turn = &showing->turn;
    if (d->another)
        imp_fail(err, IMP_ERR_DAMAGED,
                 "it is another picture: of another size, colour, coding, "
                 "timing or number of pages");
    else if (turn->turned)
        imp_fail(err, IMP_ERR_DAMAGED,
                 "it is another picture: page %ju has orientation %u, want %u",
                 (uintmax_t)turn->page, turn->made, turn->source);
    else if (!showing->same_profiles)
        imp_fail(err, IMP_ERR_DAMAGED,
                 "it is another picture: it has a colour profile that the "
                 "source has not");
    else if (d->outside)
        imp_fail(err, IMP_ERR_DAMAGED, "%ju %s differ outside of the mark",
                 (uintmax_t)d->outside, d->unit);
    else if (out->archived.mark.width && !d->changed)
        imp_fail(err, IMP_ERR_DAMAGED, "the mark has changed nothing");
}

static enum imp_proof compare(struct imp_prover *p, struct imp_job job,
                              struct imp_proven *out)
{
    const struct imp_archived *a = &out->archived;
    struct imp_err *err = &out->err;
    if (a->changed) {
        imp_fail(err, IMP_ERR_UNSETTLED,
                 "the source has changed since it was archived");
        return IMP_NOT_PROVEN;
    }
    if (!imp_job_read(&job, IMP_DEFAULT_MAX_BYTES, &p->source, err))
        return IMP_NOT_PROVEN;
    const struct imp_object object = {a->name, a->digest, a->length, a->place,
                                      a->stored};
    if (!p->target->ops->read(p->target, &object, UINT64_MAX, &p->made, err) ||
        !check_digest(p, a, err))
        return IMP_DISPROVEN;
    struct showing showing = {0};
    if (!differ(p, out) ||
        (!out->difference.another && !find_showing(p, out, &showing, err)))
        return IMP_NOT_PROVEN;
    out->compared = true;
    judge(out, &showing, err);
    return err->code ? IMP_DISPROVEN : IMP_PROVEN;
}

void imp_prover_look(struct imp_prover *p, const struct imp_job *job,
                     struct imp_proven *out)
{
    bool found;
    *out = (struct imp_proven){.proof = IMP_NOT_PROVEN};
    if (!imp_ledger_archived(p->ledger, job->path, &job->stamp, &found,
                             &out->archived, &out->err))
        return;
    out->proof = found ? compare(p, *job, out) : IMP_NOT_ARCHIVED;
}
