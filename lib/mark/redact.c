#include "mark/redact.h"

#include "dicom/file.h"
#include "dicom/reader.h"
#include "mark/dicom_coded.h"
#include "mark/redact_internal.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    EXTENDED_OFFSETS = 0x7FE00001,
    EXTENDED_LENGTHS = 0x7FE00002,
};

// --- What the kinds of pixel data use ---

bool imp_redact_patch(struct imp_redact_job *job, uint64_t at, uint64_t length,
                      size_t from, size_t n)
{
    return (imp_dicom_patches_room(job->out, 0, job->err) &&
            imp_dicom_patches_add(job->out, at, length, from, n, job->err)) ||
           imp_wrap(job->err, "redaction");
}

static size_t add_span(struct imp_redact_span *out, size_t n,
                       struct imp_redact_span s)
{
    size_t i = n;
    for (; i > 0 && out[i - 1].left > s.left; i--)
        out[i] = out[i - 1];
    out[i] = s;
    return n + 1;
}

size_t imp_redact_row(const struct imp_redact_job *job, uint32_t y,
                      struct imp_redact_span out[IMP_REDACT_RECTS])
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < job->n; i++) {
        const struct imp_rect *r = &job->rect[i];
        if (y >= r->y && y - r->y < r->height)
            n = add_span(out, n,
                         (struct imp_redact_span){r->x, r->x + r->width});
    }
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || out[i].left > out[kept - 1].right)
            out[kept++] = out[i];
        else if (out[i].right > out[kept - 1].right)
            out[kept - 1].right = out[i].right;
    }
    return kept;
}

bool imp_redact_find(const struct imp_redact_job *job,
                     struct imp_redact_elements *out)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    *out = (struct imp_redact_elements){0};
    imp_dcm_reader_start(&r, job->in, job->data_at, job->in.n,
                         job->image->syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, job->err))
            return false;
        struct imp_span value = {job->in.p + e.at + e.header, e.value};
        if (e.kind != IMP_DCM_ELEMENT || e.depth > 0)
            continue;
        if (e.tag >= 0x00281101 && e.tag <= 0x00281103)
            out->palette[e.tag - 0x00281101] = value;
        if (e.tag >= 0x00281201 && e.tag <= 0x00281203)
            out->entries[e.tag - 0x00281201] = value;
        if (e.tag == EXTENDED_OFFSETS)
            out->offsets = value;
        if (e.tag == EXTENDED_LENGTHS)
            out->lengths = value;
    } while (e.kind != IMP_DCM_END);
    return true;
}

// --- Frames in fragments: their lengths and offsets are put right ---

static bool redact_frame(struct imp_redact_job *job,
                         struct imp_redact_jpeg *jpeg,
                         struct imp_dcm_fragment f, uint64_t *length)
{
    struct imp_buf *b = &job->out->bytes;
    struct imp_span frame = {job->in.p + f.at + 8, f.length};
    size_t head = b->n;
    int64_t grows = 0;
    if (!imp_buf_add(b, job->in.p + f.at + 4, 4, job->err) ||
        !imp_redact_patch(job, f.at + 4, 4, head, 4))
        return false;
    if (!(jpeg ? imp_redact_jpeg(jpeg, frame, &grows)
               : imp_redact_rle(job, frame, &grows)))
        return false;
    *length = (uint64_t)((int64_t)f.length + grows);
    if (*length >= IMP_DCM_UNDEFINED)
        return imp_fail_at(job->err, IMP_ERR_LIMIT, f.at,
                           "redaction: a frame is too long");
    imp_put_le32(b->p + head, (uint32_t)*length);
    return true;
}

static bool set_tables(struct imp_redact_job *job,
                       const struct imp_dicom_tables *t, uint32_t i,
                       uint64_t at, uint64_t length)
{
    return imp_dicom_tables_set(t, job->out, i, at, length, job->err) ||
           imp_wrap(job->err, "redaction");
}

static bool redact_frames(struct imp_redact_job *job,
                          const struct imp_redact_elements *elements,
                          const struct imp_dcm_fragment *fragment,
                          struct imp_redact_jpeg *jpeg)
{
    struct imp_dicom_tables t = {
        .offsets.was = elements->offsets,
        .lengths.was = elements->lengths,
        .basic.was = {job->in.p + fragment[0].at + 8, fragment[0].length}};
    uint64_t at = 0, length;
    if (!imp_dicom_tables_plan(&t, job->out, job->in, job->image->frames,
                               job->err))
        return imp_wrap(job->err, "redaction");
    for (uint32_t i = 0; i < job->image->frames; i++, at += 8 + length)
        if (!redact_frame(job, jpeg, fragment[i + 1], &length) ||
            !set_tables(job, &t, i, at, length))
            return imp_wrap(job->err, "frame %" PRIu32, i + 1);
    return true;
}

static bool redact_coded(struct imp_redact_job *job,
                         const struct imp_redact_elements *elements)
{
    bool ok = false, rle = job->image->syntax->codec == IMP_DCM_RLE;
    struct imp_redact_jpeg *jpeg = NULL;
    struct imp_dcm_fragment *fragment =
        calloc((size_t)job->image->fragments + 1, sizeof *fragment);
    if (!fragment) {
        imp_fail(job->err, IMP_ERR_MEMORY, "no memory for fragments");
        goto out;
    }
    if (job->image->fragments != job->image->frames) {
        imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                 "redaction: frames that are parted into fragments");
        goto out;
    }
    if (!rle && !(jpeg = imp_redact_jpeg_new(job)))
        goto out;
    ok = imp_dcm_fragments(job->in, job->image, fragment, job->err) &&
         redact_frames(job, elements, fragment, jpeg);
out:
    imp_redact_jpeg_free(jpeg);
    free(fragment);
    return ok;
}

// --- One object ---

static bool take_rects(struct imp_redact_job *job, const struct imp_rect *rect,
                       size_t n)
{
    const struct imp_dcm_image *i = job->image;
    if (n > IMP_REDACT_RECTS)
        return imp_fail(job->err, IMP_ERR_LIMIT,
                        "redaction: %zu rectangles, want at most %d", n,
                        IMP_REDACT_RECTS);
    for (; job->n < n; job->n++) {
        struct imp_rect r = rect[job->n];
        if (r.x >= i->columns || r.y >= i->rows || r.width == 0 ||
            r.height == 0)
            return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                            "redaction: rectangle %zu is not in a picture of "
                            "%" PRIu32 " x %" PRIu32,
                            job->n + 1, i->columns, i->rows);
        if (r.width > i->columns - r.x)
            r.width = i->columns - r.x;
        if (r.height > i->rows - r.y)
            r.height = i->rows - r.y;
        job->rect[job->n] = r;
    }
    return true;
}

static bool redact(struct imp_redact_job *job,
                   const struct imp_redact_elements *elements)
{
    if (!job->image->pixels)
        return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                        "redaction: no (7FE0,0010)");
    if (!job->image->encapsulated)
        return imp_redact_native(job);
    switch (job->image->syntax->codec) {
    case IMP_DCM_RLE:
    case IMP_DCM_JPEG_BASELINE:
    case IMP_DCM_JPEG_EXTENDED:
        return redact_coded(job, elements);
    default:
        return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                        "redaction: not of %s, which is not decoded",
                        job->image->syntax->name);
    }
}

bool imp_redact(struct imp_dicom_patches *patches, struct imp_span in,
                uint64_t data_at, const struct imp_dcm_image *image,
                const struct imp_rect *rect, size_t n, struct imp_err *err)
{
    struct imp_redact_job job = {.out = patches,
                                 .in = in,
                                 .data_at = data_at,
                                 .image = image,
                                 .err = err};
    struct imp_redact_elements elements;
    imp_dicom_patches_start(patches);
    if (n == 0)
        return true;
    if (!take_rects(&job, rect, n) || !imp_redact_find(&job, &elements) ||
        !imp_redact_black(&job, &elements) || !redact(&job, &elements))
        return false;
    imp_dicom_patches_end(patches);
    return true;
}

bool imp_redact_cuts(struct imp_dicom_patches *patches, struct imp_span in,
                     const struct imp_cutlist *cuts,
                     const struct imp_rect *rect, size_t n,
                     struct imp_cutlist *out, struct imp_err *err)
{
    struct imp_dcm_file file;
    struct imp_dcm_image image;
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    if (file.syntax->deflated)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "redaction: not of a deflated data set");
    if (!imp_dcm_image_read(in, file.data_at, file.syntax, &image, err) ||
        !imp_redact(patches, in, file.data_at, &image, rect, n, err))
        return false;
    if (imp_cutlist_patch(out, cuts, patches->patch, patches->n, IMP_REDACTED,
                          err))
        return true;
    if (err->code == IMP_ERR_INVARIANT)
        imp_fail(err, IMP_ERR_UNSUPPORTED,
                 "redaction: of pixel data that changes otherwise");
    return false;
}
