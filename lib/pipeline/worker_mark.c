// A worker draws the mark: by a JPEG's blocks, by an object's cuts, or on
// decoded pixels.
#include "mark/dicom.h"
#include "pipeline/clean.h"
#include "pipeline/worker.h"

#include <string.h>

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
    if (!imp_cleaner_finish_redacted(w->cleaner, fmt, image, err))
        return false;
    if (!imp_marker_dicom(w->run->marker, w->pen, *image,
                          imp_cleaner_cuts(w->cleaner), input, &w->drawn,
                          &marked, err))
        return leave_unmarked(w, report, err) &&
               imp_cleaner_finish(w->cleaner, fmt, *image, image, err);
    *report = marked.report;
    return imp_cleaner_finish_marked(w->cleaner, fmt, *image, &w->drawn,
                                     marked.at, marked.length, image, err);
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

bool imp_worker_mark(struct imp_worker *w, const struct imp_format *fmt,
                     struct imp_span *image, struct imp_result *r,
                     struct imp_err *err)
{
    struct imp_mark_report report;
    char digest[IMP_SHA256_HEX] = "";
    struct imp_telling telling;
    const struct imp_template *said = imp_marker_template(w->run->marker);
    bool uses_digest =
        imp_template_uses(said, "digest") ||
        (imp_template_uses(said, "subject") && !w->subject.code[0]);
    if (uses_digest && !digest_of(w, *image, digest, err))
        return false;
    const struct imp_mark_input input = {
        .values = imp_worker_values(w, &telling, fmt, digest),
        .profile = imp_cleaner_profile(w->cleaner),
    };
    if (!imp_worker_tells_no_key(w, said, input.values, err))
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
