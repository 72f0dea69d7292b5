// A worker takes one image from its bytes to a staged object:
// look at it, ask whose it is, clean, mark, clean again, store.
#include "base/map.h"
#include "image/jpeg_map.h"
#include "mark/dicom.h"
#include "pipeline/clean.h"
#include "pipeline/code.h"
#include "pipeline/guard.h"
#include "pipeline/input.h"
#include "pipeline/inspect.h"
#include "pipeline/internal.h"
#include "pipeline/naming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct imp_worker {
    struct imp_run *run;
    unsigned slot; // of the crash guard
    struct imp_cleaner *cleaner;
    struct imp_findings *findings; // NULL if nobody wants to know
    struct imp_inspection inspection;
    struct imp_sha256 *sha;
    struct imp_ledger *known; // this thread's view
    struct imp_pen *pen;      // NULL if nothing is marked
    struct imp_cutlist drawn; // the image's, with a mark in it
    struct imp_jpeg_map map;
    struct imp_known_subject subject; // of the image at hand
    struct imp_input input;
    struct imp_buf marked, name; // kept from image to image
};

static bool set_up(struct imp_worker *w, struct imp_err *err)
{
    w->cleaner = imp_cleaner_new(w->run->policy, &w->run->cleaning, err);
    w->sha = w->cleaner ? imp_sha256_new(err) : NULL;
    w->known = w->sha ? imp_ledger_reader(w->run->ledger, err) : NULL;
    if (!w->known || (w->run->marker && !(w->pen = imp_pen_new(err))))
        return false;
    if (!w->run->config->on_inspection)
        return true;
    w->findings = imp_findings_new(err);
    return w->findings;
}

struct imp_worker *imp_worker_new(struct imp_run *run, unsigned slot,
                                  struct imp_err *err)
{
    struct imp_worker *w = calloc(1, sizeof *w);
    if (!w) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a worker");
        return NULL;
    }
    w->run = run;
    w->slot = slot;
    if (set_up(w, err))
        return w;
    imp_worker_free(w);
    return NULL;
}

void imp_worker_free(struct imp_worker *w)
{
    if (!w)
        return;
    imp_known_subject_clear(&w->subject);
    imp_buf_clear(&w->name);
    imp_buf_clear(&w->marked);
    imp_input_clear(&w->input);
    imp_cutlist_clear(&w->drawn);
    imp_pen_free(w->pen);
    imp_ledger_free(w->known);
    imp_sha256_free(w->sha);
    imp_findings_free(w->findings);
    imp_cleaner_free(w->cleaner);
    free(w);
}

static bool still_wanted(struct imp_worker *w, struct imp_err *err)
{
    if (!imp_ctx_cancelled(w->run->work))
        return true;
    return imp_fail(err, IMP_ERR_CANCELLED, "not finished within the grace");
}

// The image as it came, to cuts; with an ear on why, if that is wanted. For a
// mark, a JPEG's blocks are noted on the way.
static bool cut(struct imp_worker *w, const struct imp_format *fmt,
                struct imp_span in, struct imp_err *err)
{
    struct imp_jpeg_map *map = w->run->marker ? &w->map : NULL;
    w->map = (struct imp_jpeg_map){0};
    return imp_cleaner_cut(w->cleaner, fmt, in, w->run->cleaning.check, map,
                           err);
}

static bool cut_and_tell(struct imp_worker *w, const struct imp_format *fmt,
                         struct imp_span in, struct imp_err *err)
{
    if (!w->findings)
        return cut(w, fmt, in, err);
    imp_cleaner_observe(w->cleaner, imp_findings_observer(w->findings));
    bool ok = cut(w, fmt, in, err);
    imp_cleaner_observe(w->cleaner, NULL);
    return imp_findings_tell(w->findings, w->cleaner, &w->inspection,
                             ok ? err : NULL) &&
           ok;
}

// --- What templates are told ---

struct telling {
    struct imp_worker *w;
    const char *uid[IMP_DEID_UIDS]; // of a DICOM object; only names have them
    char instead[17];               // of a code, if the image has no subject
};

static const char *field_of(void *self, const char *name)
{
    struct telling *t = self;
    const char *value = imp_known_subject_field(&t->w->subject, name);
    bool instead = !value && t->w->run->config->whose.or_digest &&
                   strcmp(name, "subject") == 0;
    // What a look-up says was a field before UIDs were.
    return instead ? t->instead : value ? value : imp_uid_field(t->uid, name);
}

static struct imp_values values_of(struct imp_worker *w, struct telling *t,
                                   const struct imp_format *fmt,
                                   const char *digest)
{
    *t = (struct telling){.w = w};
    snprintf(t->instead, sizeof t->instead, "%.16s", digest);
    return (struct imp_values){
        .fixed = {[IMP_FIELD_DIGEST] = digest,
                  [IMP_FIELD_DATE] = w->run->config->date,
                  [IMP_FIELD_EXT] = fmt->ext},
        .other = field_of,
        .self = t,
    };
}

// --- The mark ---

// Of the de-identified image that the cuts of `in` make.
static bool digest_of(struct imp_worker *w, struct imp_span in,
                      char hex[IMP_SHA256_HEX], struct imp_err *err)
{
    const struct iovec *piece;
    size_t n;
    if (!imp_cleaner_pieces(w->cleaner, in, &piece, &n, err))
        return false;
    imp_sha256_start(w->sha);
    for (size_t i = 0; i < n; i++)
        imp_sha256_add(w->sha, piece[i].iov_base, piece[i].iov_len);
    struct imp_digest d = imp_sha256_end(w->sha);
    imp_digest_hex(&d, hex);
    return true;
}

// It cannot be marked: may it go out as it is?
static bool leave_unmarked(struct imp_worker *w, struct imp_mark_report *report,
                           struct imp_err *err)
{
    if (err->code != IMP_ERR_UNSUPPORTED || !w->run->config->mark_or_skip)
        return false;
    *err = (struct imp_err){0};
    *report = (struct imp_mark_report){.route = "none"};
    imp_counter_add(&w->run->unmarked, 1);
    return true;
}

// The encoder may have added metadata of its own, so the marked image is cut
// as if it had come from outside.
static bool mark_clean(struct imp_worker *w, const struct imp_format *fmt,
                       const struct imp_mark_input *input,
                       struct imp_span *image, struct imp_mark_report *report,
                       struct imp_err *err)
{
    if (!imp_cleaner_finish(w->cleaner, fmt, *image, image, err))
        return false;
    if (imp_marker_apply(w->run->marker, fmt->name, *image, input, &w->marked,
                         report, err))
        return imp_cleaner_clean(w->cleaner, fmt, imp_buf_span(&w->marked),
                                 IMP_CHECK_CODED, image, err);
    return leave_unmarked(w, report, err);
}

// Of an object only what changes is copied before it is put together.
static bool mark_dicom(struct imp_worker *w, const struct imp_format *fmt,
                       const struct imp_mark_input *input,
                       struct imp_span *image, struct imp_mark_report *report,
                       struct imp_err *err)
{
    struct imp_dicom_marked marked;
    if (!imp_marker_dicom(w->run->marker, w->pen, *image,
                          imp_cleaner_cuts(w->cleaner), input, &w->drawn,
                          &marked, err))
        return leave_unmarked(w, report, err) &&
               imp_cleaner_finish(w->cleaner, fmt, *image, image, err);
    *report = marked.report;
    return imp_cleaner_finish_marked(w->cleaner, fmt, *image, &w->drawn,
                                     marked.at, marked.length, image, err);
}

// Fields and text together may not make the key, either. Digits of a digest, a
// date or a UID may: by chance.
static bool tells_no_key(struct imp_worker *w, const struct imp_template *t,
                         struct imp_values values, struct imp_err *err)
{
    struct imp_buf text = {0};
    struct telling without = *(const struct telling *)values.self;
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        without.uid[i] = without.uid[i] ? "" : NULL;
    values.self = &without;
    values.fixed[IMP_FIELD_DIGEST] = values.fixed[IMP_FIELD_DATE] = "";
    bool ok = imp_template_expand(t, &values, NULL, &text, err) &&
              imp_buf_add(&text, "", 1, err) &&
              imp_key_not_in(imp_buf_span(&w->subject.key),
                             (const char *)text.p, err);
    imp_buf_clear(&text);
    return ok;
}

static bool mark_picture(struct imp_worker *w, const struct imp_format *fmt,
                         const struct imp_mark_input *input,
                         struct imp_span *image, struct imp_mark_report *report,
                         struct imp_err *err)
{
    switch (imp_marker_splice(w->run->marker, w->pen, *image,
                              imp_cleaner_cuts(w->cleaner), &w->map, input,
                              &w->marked, report, err)) {
    case IMP_MARK_SPLICED:
        *image = imp_buf_span(&w->marked);
        return imp_cleaner_check(w->cleaner, fmt, *image, err);
    case IMP_MARK_NOT_SPLICED:
        return mark_clean(w, fmt, input, image, report, err);
    case IMP_MARK_FAILED:
        break;
    }
    return false;
}

static bool mark(struct imp_worker *w, const struct imp_format *fmt,
                 struct imp_span *image, struct imp_result *r,
                 struct imp_err *err)
{
    struct imp_mark_report report;
    char digest[IMP_SHA256_HEX] = "";
    struct telling telling;
    const struct imp_template *said = imp_marker_template(w->run->marker);
    bool uses_digest =
        imp_template_uses(said, "digest") ||
        (imp_template_uses(said, "subject") && !w->subject.code[0]);
    if (uses_digest && !digest_of(w, *image, digest, err))
        return false;
    const struct imp_mark_input input = {
        .values = values_of(w, &telling, fmt, digest),
        .profile = imp_cleaner_profile(w->cleaner),
    };
    if (!tells_no_key(w, said, input.values, err))
        return imp_wrap(err, "mark");
    bool ok = strcmp(fmt->name, "dicom") == 0
                  ? mark_dicom(w, fmt, &input, image, &report, err)
                  : mark_picture(w, fmt, &input, image, &report, err);
    if (!ok)
        return false;
    r->route = report.route;
    r->mark = report.area;
    return true;
}

// --- Its name, and the store ---

// A name that is none everywhere: say which field makes it so, if one alone
// does.
static bool fail_name(struct imp_worker *w, const struct imp_values *values,
                      struct imp_err *err)
{
    struct imp_err why = {0};
    w->name.n = 0;
    if (!imp_template_expand(w->run->name, values, imp_name_check_portable,
                             &w->name, &why))
        *err = why;
    return false;
}

static bool name_by_template(struct imp_worker *w,
                             const struct imp_values *values,
                             struct imp_result *r, struct imp_err *err)
{
    w->name.n = 0;
    if (!imp_template_expand(w->run->name, values, imp_name_check_value,
                             &w->name, err) ||
        !imp_buf_add(&w->name, "", 1, err))
        return false;
    const char *name = (const char *)w->name.p;
    if (!imp_name_check_portable(name, err))
        return fail_name(w, values, err);
    if (!tells_no_key(w, w->run->name, *values, err))
        return false;
    snprintf(r->name, sizeof r->name, "%s", name);
    return true;
}

// A template of UIDs is for what has them.
static bool give_name(struct imp_worker *w, const struct imp_format *fmt,
                      struct imp_result *r, struct imp_err *err)
{
    char digest[IMP_SHA256_HEX];
    struct telling telling;
    imp_digest_hex(&r->digest, digest);
    const struct imp_values values = values_of(w, &telling, fmt, digest);
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        telling.uid[i] = imp_cleaner_uid(w->cleaner, (enum imp_deid_uid)i);
    if (w->run->name && imp_name_has_uids(w->run->name, &values))
        return name_by_template(w, &values, r, err) || imp_wrap(err, "name");
    return imp_name_make(w->subject.code, telling.uid, &r->digest, fmt->ext,
                         r->name, err);
}

static bool store(struct imp_worker *w, const struct imp_format *fmt,
                  struct imp_span image, struct imp_result *r,
                  struct imp_err *err)
{
    struct imp_span left = image, step = {0};
    imp_sha256_start(w->sha);
    while (imp_map_step(&left, &step))
        imp_sha256_add(w->sha, step.p, step.n);
    r->digest = imp_sha256_end(w->sha);
    r->length = image.n;
    if (!give_name(w, fmt, r, err))
        return false;

    // What is in the archive already is not stored only to be discarded: with
    // many duplicates, files that come and go slow a file system down.
    bool is_known;
    struct imp_digest digest;
    if (!imp_ledger_find_name(w->known, r->name, &is_known, &digest, err))
        return false;
    if (is_known && imp_digest_same(&digest, &r->digest))
        return true;

    const struct imp_object object = {r->name, r->digest, r->length, 0, 0};
    struct imp_staged *staged = calloc(1, sizeof *staged);
    if (!staged)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a result");
    const struct iovec piece = {(void *)(uintptr_t)image.p, image.n};
    struct imp_target *target = w->run->target;
    if (target->ops->stage(target, &object, &piece, 1, staged, err))
        r->staged = staged;
    else
        free(staged);
    return r->staged;
}

static bool ask_whose(struct imp_worker *w, const struct imp_job *job,
                      const struct imp_format *fmt, struct imp_span image,
                      struct imp_result *r, struct imp_err *err)
{
    struct imp_known_subject *s = &w->subject;
    if (!imp_whose_find(w->run->whose, job, fmt, image,
                        &w->run->cleaning.limits, w->known, w->run->work, s,
                        err))
        return false;
    imp_cleaner_start(w->cleaner, &s->deid);
    r->keyed = s->deid.secret && strcmp(fmt->name, "dicom") == 0;
    if (!s->key.n)
        return true;
    r->subject = strdup((const char *)s->key.p);
    r->made_code = s->made_code;
    memcpy(r->code, s->code, sizeof r->code);
    return r->subject ||
           imp_fail(err, IMP_ERR_MEMORY, "no memory for a subject");
}

static bool process_input(struct imp_worker *w, struct imp_job *job,
                          struct imp_result *r, struct imp_err *err)
{
    if (!still_wanted(w, err) || !imp_guard_hold(w->run, w->slot, job, err) ||
        !imp_input_open(&w->input, job, &w->run->cleaning.limits, err))
        return false;
    r->stamp = job->stamp;
    struct imp_span image = w->input.bytes;
    r->bytes_in = image.n;
    const struct imp_format *fmt = imp_cleaner_format(image, err);
    if (!fmt)
        return false;
    r->format = fmt->name;
    r->route = "none";
    if (!ask_whose(w, job, fmt, image, r, err))
        return false;
    if (!cut_and_tell(w, fmt, image, err) ||
        !imp_cleaner_removed(w->cleaner, &r->removed, err) ||
        !still_wanted(w, err))
        return false;
    bool ok = w->run->marker
                  ? mark(w, fmt, &image, r, err)
                  : imp_cleaner_finish(w->cleaner, fmt, image, &image, err);
    return ok && still_wanted(w, err) && store(w, fmt, image, r, err);
}

// An input that changed meanwhile is none, whatever has been found in it.
static bool process(struct imp_worker *w, struct imp_job *job,
                    struct imp_result *r, struct imp_err *err)
{
    struct imp_target *target = w->run->target;
    bool ok = process_input(w, job, r, err);
    if (!imp_input_check(&w->input, err)) {
        ok = false;
        if (r->staged)
            target->ops->discard(target, r->staged);
        free(r->staged);
        r->staged = NULL;
    }
    imp_cleaner_end(w->cleaner);
    imp_input_close(&w->input);
    return ok;
}

// What the worker and the cleaner found out, and how it ended.
static void tell_inspection(struct imp_worker *w, const struct imp_result *r)
{
    const struct imp_run_config *config = w->run->config;
    w->inspection.outcome = r->outcome;
    w->inspection.err = r->err;
    w->inspection.format = r->format;
    w->inspection.bytes_in = r->bytes_in;
    w->inspection.bytes_out = r->length;
    config->on_inspection(config->self, r->path, &w->inspection);
}

static void start(struct imp_worker *w)
{
    imp_cleaner_start(w->cleaner, NULL);
    w->inspection = (struct imp_inspection){0};
    if (w->findings)
        imp_findings_start(w->findings);
}

struct imp_result *imp_result_of_job(const struct imp_job *job,
                                     const struct imp_err *err)
{
    struct imp_result *r = imp_result_of_error(job->path, &job->stamp, err);
    if (r) {
        r->root_len = job->root_len;
        r->number = job->number;
    }
    return r;
}

struct imp_result *imp_worker_process(struct imp_worker *w, struct imp_job *job)
{
    struct imp_result *r = imp_result_new(job->path);
    if (r) {
        struct imp_err err = {0};
        r->root_len = job->root_len;
        r->stamp = job->stamp;
        r->number = job->number;
        r->outcome = IMP_ARCHIVED;
        start(w);
        if (!process(w, job, r, &err)) {
            r->outcome = imp_outcome_of(err.code);
            r->err = err;
            if (r->outcome == IMP_QUARANTINED)
                imp_run_quarantine(w->run, job, r);
        }
        if (w->findings)
            tell_inspection(w, r);
    }
    imp_job_free(job);
    return r;
}

void imp_worker_sent(struct imp_worker *w)
{
    imp_guard_release(w->run, w->slot);
    imp_waitgroup_done(&w->run->in_hand);
}

void imp_run_quarantine(struct imp_run *run, const struct imp_job *job,
                        struct imp_result *r)
{
    struct imp_err err = {0};
    if (!run->quarantine ||
        imp_quarantine_put(run->quarantine, job, &r->err, r->format, &err))
        return;
    r->outcome = imp_outcome_of(err.code);
    r->err = err;
}

struct imp_result *imp_result_of_error(const char *path,
                                       const struct imp_stamp *stamp,
                                       const struct imp_err *err)
{
    struct imp_result *r = imp_result_new(path);
    if (!r)
        return NULL;
    r->stamp = *stamp;
    r->outcome = imp_outcome_of(err->code);
    r->err = *err;
    return r;
}
