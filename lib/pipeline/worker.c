// A worker takes one image from its bytes to a staged object:
// read, find the format, cut, mark, cut again, check, store.
#include "pipeline/internal.h"

#include <stdlib.h>
#include <string.h>

struct imp_worker {
    struct imp_run *run;
    struct imp_deid *deid;
    struct imp_sha256 *sha;
    struct imp_cutlist cuts, check;
    struct imp_buf input, clean, marked; // kept from image to image
};

struct imp_worker *imp_worker_new(struct imp_run *run, struct imp_err *err)
{
    struct imp_worker *w = calloc(1, sizeof *w);
    if (!w) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a worker");
        return NULL;
    }
    w->run = run;
    w->deid = imp_deid_new(run->policy, err);
    w->sha = w->deid ? imp_sha256_new(err) : NULL;
    if (w->sha)
        return w;
    imp_worker_free(w);
    return NULL;
}

void imp_worker_free(struct imp_worker *w)
{
    if (!w)
        return;
    imp_buf_clear(&w->marked);
    imp_buf_clear(&w->clean);
    imp_buf_clear(&w->input);
    imp_cutlist_clear(&w->check);
    imp_cutlist_clear(&w->cuts);
    imp_sha256_free(w->sha);
    imp_deid_free(w->deid);
    free(w);
}

static bool still_wanted(struct imp_worker *w, struct imp_err *err)
{
    if (!imp_ctx_cancelled(w->run->work))
        return true;
    return imp_fail(err, IMP_ERR_CANCELLED, "not finished within the grace");
}

static bool cut(struct imp_worker *w, const struct imp_format *fmt,
                struct imp_span in, enum imp_check check,
                struct imp_cutlist *cuts, struct imp_err *err)
{
    imp_deid_start(w->deid);
    struct imp_job_image img = {.editor = imp_deid_editor(w->deid),
                                .limits = w->run->config->limits,
                                .check = check};
    return imp_format_cut(fmt, in, &img, cuts, err);
}

// Nothing is believed: an output must itself come out as all kept. Its coded
// data has just been checked, so its structure is enough.
static bool check_clean(struct imp_worker *w, const struct imp_format *fmt,
                        struct imp_span out, struct imp_err *err)
{
    if (!cut(w, fmt, out, IMP_CHECK_AGAIN, &w->check, err))
        return imp_wrap(err, "output");
    if (imp_cutlist_all_kept(&w->check))
        return true;
    for (size_t i = 0; i < w->check.n; i++)
        if (w->check.cut[i].kind != IMP_CUT_KEEP)
            return imp_fail(err, IMP_ERR_RESIDUAL,
                            "output still has a part to remove: %s",
                            w->check.cut[i].what);
    return imp_fail(err, IMP_ERR_INVARIANT, "output is not all kept");
}

// Input bytes to clean bytes. `*out` is the input itself if nothing had to go.
static bool clean(struct imp_worker *w, const struct imp_format *fmt,
                  struct imp_span in, enum imp_check check, struct imp_buf *buf,
                  struct imp_span *out, struct imp_err *err)
{
    if (!cut(w, fmt, in, check, &w->cuts, err))
        return false;
    if (imp_cutlist_all_kept(&w->cuts)) {
        *out = in;
        return true;
    }
    if (!imp_cutlist_apply(&w->cuts, in, buf, err))
        return false;
    *out = imp_buf_span(buf);
    return check_clean(w, fmt, *out, err);
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
           clean(w, fmt, imp_buf_span(&w->marked), IMP_CHECK_CODED, &w->clean,
                 image, err);
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
    const struct imp_run_config *config = w->run->config;
    if (!still_wanted(w, err) ||
        !imp_job_read(job, config->limits.max_bytes, &w->input, err))
        return false;
    struct imp_span image = imp_buf_span(&w->input);
    r->bytes_in = image.n;
    const struct imp_format *fmt = imp_format_of(image);
    if (!fmt)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "no image that is supported: %s",
                        imp_format_guess(image));
    r->format = fmt->name;
    r->route = "cut";
    if (!clean(w, fmt, image, config->check, &w->clean, &image, err) ||
        !still_wanted(w, err))
        return false;
    if (w->run->marker) {
        r->route = "pixels";
        if (!mark(w, fmt, &image, err) || !still_wanted(w, err))
            return false;
    }
    return store(w, fmt, image, r, err);
}

struct imp_result *imp_worker_process(struct imp_worker *w, struct imp_job *job)
{
    struct imp_result *r = imp_result_new(job->path);
    if (r) {
        struct imp_err err = {0};
        r->stamp = job->stamp;
        r->outcome = IMP_ARCHIVED;
        if (!process(w, job, r, &err)) {
            r->outcome = imp_outcome_of(err.code);
            r->err = err;
        }
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
