// A worker takes one image from its bytes to a staged object:
// look at it, ask whose it is, clean, mark, clean again, store.
#include "pipeline/worker.h"
#include "pipeline/clean.h"
#include "pipeline/guard.h"

#include <stdlib.h>
#include <string.h>

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
    if (strcmp(fmt->name, "dicom") == 0)
        imp_inspect_object(in, &w->inspection.dicom);
    return imp_findings_tell(w->findings, w->cleaner, &w->inspection,
                             ok ? err : NULL) &&
           ok;
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
    if (!still_wanted(w, err))
        return false;
    imp_guard_hold(w->run, w->slot, job);
    if (!imp_input_open(&w->input, job, &w->run->cleaning.limits, err))
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
                  ? imp_worker_mark(w, fmt, &image, r, err)
                  : imp_cleaner_finish(w->cleaner, fmt, image, &image, err);
    return ok && still_wanted(w, err) &&
           imp_worker_store(w, fmt, image, r, err);
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
