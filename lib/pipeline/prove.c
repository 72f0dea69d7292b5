#include "pipeline/prove.h"

#include "base/map.h"
#include "image/format.h"
#include "mark/dicom_compare.h"
#include "mark/frames.h"
#include "mark/turn.h"
#include "pipeline/clean.h"
#include "pipeline/input.h"
#include "pipeline/profiles.h"
#include "pipeline/prove_redacted.h"

#include <stdlib.h>
#include <string.h>

static const struct imp_limits limits = {.max_bytes = IMP_DEFAULT_MAX_BYTES,
                                         .max_pixels = IMP_DEFAULT_MAX_PIXELS,
                                         .max_mapped = UINT64_MAX};

struct imp_prover {
    struct imp_target *target;
    struct imp_ledger *ledger;
    struct imp_sha256 *sha;
    struct imp_input source, made; // kept from image to image
    const struct imp_redact_rules *rules;
    struct imp_rect rect[IMP_REDACT_RECTS]; // of the image at hand
    struct imp_meant meant;
};

struct imp_prover *imp_prover_new(const struct imp_archive_at *archive,
                                  const char *state,
                                  const struct imp_redact_rules *rules,
                                  struct imp_err *err)
{
    struct imp_prover *p = calloc(1, sizeof *p);
    if (!p) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a proof");
        return NULL;
    }
    p->rules = rules;
    p->sha = imp_sha256_new(err);
    if (p->sha)
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
    imp_sha256_free(p->sha);
    imp_input_clear(&p->source);
    imp_input_clear(&p->made);
    imp_target_free(p->target);
    free(p);
}

// The ledger's word for what lies in the archive.
static bool check_digest(const struct imp_prover *p,
                         const struct imp_archived *a, struct imp_err *err)
{
    struct imp_span left = p->made.bytes, step = {0};
    imp_sha256_start(p->sha);
    while (imp_map_step(&left, &step))
        imp_sha256_add(p->sha, step.p, step.n);
    struct imp_digest have = imp_sha256_end(p->sha);
    return imp_digest_same(&have, &a->digest) ||
           imp_fail(err, IMP_ERR_DAMAGED,
                    "the object is not the one that was archived: its digest "
                    "is another");
}

// --- Without a decoder ---

// The picture alone, in the one form that its handler gives it.
struct reduced {
    struct imp_cutlist cuts;
    struct imp_map map;
};

static bool reduce(const char *format, struct imp_span in, struct reduced *out,
                   struct imp_err *err)
{
    struct imp_editor editor = {imp_drop_it};
    struct imp_job_image image = {.editor = &editor, .limits = limits};
    const struct imp_format *fmt = imp_format_called(format);
    const struct iovec *piece;
    size_t n;
    return fmt && imp_format_cut(fmt, in, &image, &out->cuts, err) &&
           imp_cutlist_pieces(&out->cuts, in, &piece, &n, err) &&
           imp_map_join(&out->map, piece, n, err);
}

static void reduced_clear(struct reduced *r)
{
    imp_map_close(&r->map);
    imp_cutlist_clear(&r->cuts);
}

static bool same(struct imp_span a, struct imp_span b)
{
    struct imp_span step_a = {0}, step_b = {0};
    bool so = a.n == b.n;
    while (so && imp_map_step(&a, &step_a) && imp_map_step(&b, &step_b))
        so = memcmp(step_a.p, step_b.p, step_a.n) == 0;
    return so;
}

// Is one the other without its metadata, byte for byte? Where no decoder reads
// an image that has no mark, this tells; but it does not see a picture that is
// coded otherwise and looks the same.
static bool same_bytes(struct imp_prover *p, const char *format,
                       struct imp_difference *out)
{
    struct imp_err ignored = {0};
    struct reduced a = {0}, b = {0};
    bool so = reduce(format, p->source.bytes, &a, &ignored) &&
              reduce(format, p->made.bytes, &b, &ignored) &&
              same(a.map.bytes, b.map.bytes);
    *out = (struct imp_difference){.unit = "bytes", .units = a.map.bytes.n};
    reduced_clear(&b);
    reduced_clear(&a);
    return so;
}

// A decoder may also count what is gone: a preview among the pages.
static bool has_fewer_pages(const struct imp_prover *p, const char *format)
{
    return imp_frames_of(format, p->made.bytes) <
           imp_frames_of(format, p->source.bytes);
}

static bool is_dicom(const struct imp_archived *a)
{
    return strcmp(a->format, "dicom") == 0;
}

static bool compare_pictures(struct imp_prover *p, struct imp_proven *out)
{
    const struct imp_archived *a = &out->archived;
    struct imp_span source = p->source.bytes, made = p->made.bytes;
    p->meant = (struct imp_meant){.mark = a->mark, .rect = p->rect};
    if (!is_dicom(a))
        return imp_compare(a->format, source, made, &a->mark, &out->difference,
                           &out->err);
    return imp_redacted_find(source, p->rules, p->rect, &p->meant.n,
                             &out->err) &&
           imp_dicom_compare(source, made, &p->meant, &out->difference,
                             &out->err);
}

static bool differ(struct imp_prover *p, struct imp_proven *out)
{
    const struct imp_archived *a = &out->archived;
    struct imp_difference by_bytes;
    bool told = compare_pictures(p, out);
    bool seen =
        told && !(out->difference.another && has_fewer_pages(p, a->format));
    if (seen || a->mark.width || !same_bytes(p, a->format, &by_bytes))
        return told;
    out->difference = by_bytes;
    out->err = (struct imp_err){0};
    return true;
}

// May what differs be judged? Not if pixels were cleaned, and there are no
// rules to say where. `*black`: those that there are were followed.
static bool look_at_redaction(struct imp_prover *p, struct imp_proven *out,
                              bool *black)
{
    struct imp_span made = p->made.bytes;
    bool says = false;
    *black = true;
    if (!is_dicom(&out->archived) || out->difference.another)
        return true;
    if (p->meant.n > 0)
        return imp_redacted_is_black(p->source.bytes, made, &p->meant, black,
                                     &out->err);
    if (p->rules || !out->difference.outside)
        return true;
    return imp_redacted_says(made, &says, &out->err) &&
           (!says ||
            imp_fail(&out->err, IMP_ERR_CONFIG,
                     "its pixels were redacted: want --redact-rules with the "
                     "rules that it was made by"));
}

// How viewers show equal pixels.
struct showing {
    struct imp_turn turn;
    bool same_profiles;
    bool black; // where rules say so
};

static bool find_showing(struct imp_prover *p, const struct imp_proven *out,
                         struct showing *showing, struct imp_err *err)
{
    struct imp_span source = p->source.bytes;
    struct imp_span made = p->made.bytes;
    const char *format = out->archived.format;
    return imp_turn_of(format, source, made, &showing->turn, err) &&
           imp_profiles_same(format, source, made, &showing->same_profiles,
                             err);
}

// What is wrong with it, if anything.
static void judge(const struct imp_proven *out, const struct showing *showing,
                  bool redacted, struct imp_err *err)
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
        imp_fail(err, IMP_ERR_DAMAGED, "%ju %s differ outside of the mark%s",
                 (uintmax_t)d->outside, d->unit,
                 redacted ? " and of the rules' rectangles" : "");
    else if (!showing->black)
        imp_fail(err, IMP_ERR_DAMAGED,
                 "a rectangle of the rules is not blacked out");
    else if (out->archived.mark.width && !d->changed)
        imp_fail(err, IMP_ERR_DAMAGED, "the mark has changed nothing");
}

static enum imp_proof compare(struct imp_prover *p, struct imp_job *job,
                              struct imp_proven *out)
{
    const struct imp_archived *a = &out->archived;
    struct imp_err *err = &out->err;
    if (a->changed) {
        imp_fail(err, IMP_ERR_UNSETTLED,
                 "the source has changed since it was archived");
        return IMP_NOT_PROVEN;
    }
    if (!imp_input_open(&p->source, job, &limits, err))
        return IMP_NOT_PROVEN;
    const struct imp_object object = {a->name, a->digest, a->length, a->place,
                                      a->stored};
    const struct imp_limits any = {.max_bytes = UINT64_MAX};
    if (!imp_input_open_object(&p->made, p->target, &object, &any, err) ||
        !check_digest(p, a, err))
        return IMP_DISPROVEN;
    struct showing showing = {0};
    if (!differ(p, out) || !look_at_redaction(p, out, &showing.black) ||
        (!out->difference.another && !find_showing(p, out, &showing, err)))
        return IMP_NOT_PROVEN;
    out->compared = true;
    judge(out, &showing, p->meant.n > 0, err);
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
    struct imp_job copy = *job;
    out->proof = found ? compare(p, &copy, out) : IMP_NOT_ARCHIVED;
    if (!imp_input_check(&p->source, &out->err) ||
        !imp_input_check(&p->made, &out->err))
        out->proof = IMP_NOT_PROVEN;
    imp_input_close(&p->made);
    imp_input_close(&p->source);
}
