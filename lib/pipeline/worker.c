// A worker takes one image from its bytes to a staged object:
// read, clean, mark, clean again, store.
#include "pipeline/clean.h"
#include "pipeline/inspect.h"
#include "pipeline/internal.h"

#include <stdlib.h>
#include <string.h>

struct imp_worker {
    struct imp_run *run;
    struct imp_cleaner *cleaner;
    struct imp_findings *findings; // NULL if nobody wants to know
    struct imp_inspection inspection;
    struct imp_sha256 *sha;
    struct imp_buf input, marked; // kept from image to image
};

static bool set_up(struct imp_worker *w, struct imp_err *err)
{
    w->cleaner = imp_cleaner_new(w->run->policy, &w->run->cleaning, err);
    w->sha = w->cleaner ? imp_sha256_new(err) : NULL;
    if (!w->sha)
        return false;
    if (!w->run->config->on_inspection)
        return true;
    w->findings = imp_findings_new(err);
    return w->findings;
}

struct imp_worker *imp_worker_new(struct imp_run *run, struct imp_err *err)
{
    struct imp_worker *w = calloc(1, sizeof *w);
    if (!w) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a worker");
        return NULL;
    }
    w->run = run;
    if (set_up(w, err))
        return w;
    imp_worker_free(w);
    return NULL;
}

void imp_worker_free(struct imp_worker *w)
{
    if (!w)
        return;
    imp_buf_clear(&w->marked);
    imp_buf_clear(&w->input);
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

// The image as it came, to clean bytes; with an ear on why, if that is wanted.
static bool clean(struct imp_worker *w, const struct imp_format *fmt,
                  struct imp_span in, struct imp_span *out, struct imp_err *err)
{
    if (!w->findings)
        return imp_cleaner_clean(w->cleaner, fmt, in, w->run->cleaning.check,
                                 out, err);
    imp_cleaner_observe(w->cleaner, imp_findings_observer(w->findings));
    bool ok = imp_cleaner_clean(w->cleaner, fmt, in, w->run->cleaning.check,
                                out, err);
    imp_cleaner_observe(w->cleaner, NULL);
    return imp_findings_tell(w->findings, w->cleaner, &w->inspection,
                             ok ? err : NULL) &&
           ok;
}

// The encoder may have added metadata of its own, so the marked image is cut
// as if it had come from outside.
static bool mark(struct imp_worker *w, const struct imp_format *fmt,
                 struct imp_span *image, struct imp_err *err)
{
    struct imp_run *run = w->run;
    struct imp_mark_report report;
    char digest[IMP_SHA256_HEX] = "";
    if (imp_marker_uses(run->marker, IMP_FIELD_DIGEST)) {
        imp_sha256_start(w->sha);
        imp_sha256_add(w->sha, image->p, image->n);
        struct imp_digest d = imp_sha256_end(w->sha);
        imp_digest_hex(&d, digest);
    }
    const char *value[IMP_FIELDS] = {[IMP_FIELD_DIGEST] = digest,
                                     [IMP_FIELD_DATE] = run->config->date,
                                     [IMP_FIELD_EXT] = fmt->ext};
    return imp_marker_apply(run->marker, fmt->name, *image, value, &w->marked,
                            &report, err) &&
           imp_cleaner_clean(w->cleaner, fmt, imp_buf_span(&w->marked),
                             IMP_CHECK_CODED, image, err);
}

static bool store(struct imp_worker *w, const struct imp_format *fmt,
                  struct imp_span image, struct imp_result *r,
                  struct imp_err *err)
{
    struct imp_staged *staged = calloc(1, sizeof *staged);
    if (!staged)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a result");
    const struct iovec piece = {(void *)(uintptr_t)image.p, image.n};
    struct imp_target *target = w->run->target;
    if (!target->ops->stage(target, w->sha, &piece, 1, staged, err)) {
        free(staged);
        return false;
    }
    r->staged = staged;
    r->digest = staged->digest;
    r->length = staged->length;
    imp_name_of_digest(&r->digest, fmt->ext, r->name);
    return true;
}

static bool process(struct imp_worker *w, const struct imp_job *job,
                    struct imp_result *r, struct imp_err *err)
{
    if (!still_wanted(w, err) ||
        !imp_job_read(job, w->run->cleaning.limits.max_bytes, &w->input, err))
        return false;
    struct imp_span image = imp_buf_span(&w->input);
    r->bytes_in = image.n;
    const struct imp_format *fmt = imp_cleaner_format(image, err);
    if (!fmt)
        return false;
    r->format = fmt->name;
    r->route = "cut";
    if (!clean(w, fmt, image, &image, err) || !still_wanted(w, err))
        return false;
    if (w->run->marker) {
        r->route = "pixels";
        if (!mark(w, fmt, &image, err) || !still_wanted(w, err))
            return false;
    }
    return store(w, fmt, image, r, err);
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
    imp_cleaner_start(w->cleaner);
    w->inspection = (struct imp_inspection){0};
    if (w->findings)
        imp_findings_start(w->findings);
}

struct imp_result *imp_worker_process(struct imp_worker *w, struct imp_job *job)
{
    struct imp_result *r = imp_result_new(job->path);
    if (r) {
        struct imp_err err = {0};
        r->stamp = job->stamp;
        r->outcome = IMP_ARCHIVED;
        start(w);
        if (!process(w, job, r, &err)) {
            r->outcome = imp_outcome_of(err.code);
            r->err = err;
        }
        if (w->findings)
            tell_inspection(w, r);
    }
    imp_job_free(job);
    return r;
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
