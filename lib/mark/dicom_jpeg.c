// The mark on frames of JPEG (PS3.5 A.4.1): each is a file of its own, in one
// fragment or several.
#include "dicom/header.h"
#include "mark/dicom_coded.h"
#include "mark/dicom_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct jpeg {
    struct imp_dicom_job *job;
    struct imp_dcm_fragment *fragment;
    uint32_t *first; // fragment of each frame, and the one behind the last
    struct imp_dicom_tables tables;
    struct imp_paint paint;
    struct imp_cutlist cuts, made;
    struct imp_buf joined, clean, whole;
};

static bool unsupported(const struct imp_dicom_job *job, const char *what)
{
    return imp_fail(job->err, IMP_ERR_UNSUPPORTED, "JPEG %s cannot be marked",
                    what);
}

static bool plan_tables(struct jpeg *j)
{
    struct imp_dicom_job *job = j->job;
    struct imp_dicom_elements e;
    if (!imp_dicom_mark_find(job, &e))
        return false;
    j->tables.offsets.was = e.offsets;
    j->tables.lengths.was = e.lengths;
    j->tables.basic.was = (struct imp_span){job->in.p + j->fragment[0].at + 8,
                                            j->fragment[0].length};
    return imp_dicom_tables_plan(&j->tables, job->out, job->in,
                                 job->image.frames, job->err);
}

// --- The coded picture of one frame ---

static bool join(struct jpeg *j, uint32_t from, uint32_t to,
                 struct imp_span *out)
{
    const struct imp_dcm_fragment *f = &j->fragment[from];
    *out = (struct imp_span){j->job->in.p + f->at + 8, f->length};
    if (to - from == 1)
        return true;
    j->joined.n = 0;
    for (; from < to; from++) {
        f = &j->fragment[from];
        if (!imp_dicom_patches_room(j->job->out, j->joined.n + f->length,
                                    j->job->err) ||
            !imp_buf_add(&j->joined, j->job->in.p + f->at + 8, f->length,
                         j->job->err))
            return false;
    }
    *out = imp_buf_span(&j->joined);
    return true;
}

static bool map_frame(struct jpeg *j, struct imp_span frame,
                      struct imp_jpeg_map *map)
{
    struct imp_dicom_job *job = j->job;
    if (!imp_dicom_jpeg_map(&job->image, frame, &j->cuts, map, job->err))
        return false;
    if (!map->frame || map->colour == IMP_JPEG_OTHER)
        return unsupported(job, "other than of 8 bits, sequential and coded by "
                                "Huffman");
    return imp_dicom_jpeg_fits(&job->image, map, job->err);
}

// What DICOM says of the colours goes before what JPEG does.
static bool kind_of(const struct jpeg *j, const struct imp_jpeg_map *map,
                    struct imp_jpeg_kind *kind)
{
    *kind = imp_jpeg_kind_of(map);
    switch (j->job->image.colour) {
    case IMP_DCM_MONOCHROME1:
    case IMP_DCM_MONOCHROME2:
        return kind->n_comp == 1 || unsupported(j->job, "of colours as grey");
    case IMP_DCM_YBR_FULL:
    case IMP_DCM_YBR_FULL_422:
        kind->colour = IMP_JPEG_YCC;
        break;
    case IMP_DCM_RGB:
        kind->colour = IMP_JPEG_RGB;
        break;
    default:
        return unsupported(j->job, "with this (0028,0004)");
    }
    return kind->n_comp == 3 || unsupported(j->job, "of grey as colours");
}

// --- What becomes of it ---

// The frame anew, in one fragment.
static bool replace(struct jpeg *j, uint32_t from, uint32_t to,
                    uint64_t *length)
{
    struct imp_dicom_job *job = j->job;
    struct imp_buf *b = &job->out->bytes;
    const struct imp_dcm_fragment *last = &j->fragment[to - 1];
    uint64_t at = j->fragment[from].at + 4, begun = b->n;
    uint64_t end = last->at + 8 + last->length;
    uint8_t head[4];
    *length = j->whole.n + j->whole.n % 2;
    if (*length >= IMP_DCM_UNDEFINED)
        return imp_fail(job->err, IMP_ERR_LIMIT, "a frame is too long");
    imp_put_le32(head, (uint32_t)*length);
    return imp_dicom_patches_room(job->out, *length, job->err) &&
           imp_buf_add(b, head, sizeof head, job->err) &&
           imp_buf_add(b, j->whole.p, j->whole.n, job->err) &&
           imp_buf_add(b, "", *length - j->whole.n, job->err) &&
           imp_dicom_patches_add(job->out, at, end - at, begun,
                                 (size_t)(4 + *length), job->err);
}

// By libjpeg, with tables of its own. What it knows of the colours must be so.
static bool recode(struct jpeg *j, struct imp_span frame,
                   const struct imp_jpeg_kind *kind,
                   const struct imp_jpeg_map *map)
{
    struct imp_dicom_job *job = j->job;
    const struct imp_carrier *jpeg = imp_carrier_of("jpeg");
    struct imp_look look;
    struct imp_drawing d = job->drawing;
    d.paint = j->paint;
    if (kind->n_comp == 3 && kind->colour != map->colour)
        return unsupported(job, "whose colours (0028,0004) contradicts");
    if (!imp_cutlist_apply(&j->cuts, frame, &j->clean, job->err))
        return false;
    struct imp_span clean = imp_buf_span(&j->clean);
    job->route = jpeg->route;
    return jpeg->look(clean, &look, job->err) &&
           jpeg->draw(&d, clean, &look, &j->whole, job->err);
}

static bool patch(struct jpeg *j, uint64_t at, uint64_t length,
                  const uint8_t *bytes, size_t n)
{
    struct imp_dicom_job *job = j->job;
    size_t from = job->out->bytes.n;
    return imp_dicom_patches_room(job->out, n, job->err) &&
           imp_buf_add(&job->out->bytes, bytes, n, job->err) &&
           imp_dicom_patches_add(job->out, at, length, from, n, job->err);
}

// An even length (A.4) by a byte of padding, or without the one that it has.
static bool make_even(struct jpeg *j, uint64_t at, struct imp_span frame,
                      uint64_t *length)
{
    const uint8_t *end = frame.p + frame.n;
    if (*length % 2 == 0)
        return true;
    bool padded = frame.n > 2 && memcmp(end - 2, "\xD9", 2) == 0 &&
                  imp_dicom_is_kept(j->job->cuts, at + frame.n - 1, 1);
    *length = padded ? *length - 1 : *length + 1;
    return padded ? patch(j, at + frame.n - 1, 1, end, 0)
                  : patch(j, at + frame.n, 0, (const uint8_t *)"", 1);
}

// Blocks where they lie, in one fragment.
static bool take_patches(struct jpeg *j, uint64_t at, struct imp_span frame,
                         uint64_t *length)
{
    struct imp_buf *b = &j->job->out->bytes;
    const struct imp_splicer *s = j->job->splicer;
    uint8_t head[4] = {0};
    size_t from = b->n;
    *length = frame.n;
    if (!patch(j, at - 4, 4, head, sizeof head))
        return false;
    for (size_t i = 0; i < s->n; i++) {
        const struct imp_patch *p = &s->patch[i];
        if (!patch(j, at + p->at, p->length, p->bytes, p->n))
            return false;
        *length += p->n - p->length;
    }
    if (!make_even(j, at, frame, length))
        return false;
    if (*length >= IMP_DCM_UNDEFINED)
        return imp_fail(j->job->err, IMP_ERR_LIMIT, "a frame is too long");
    imp_put_le32(b->p + from, (uint32_t)*length);
    return true;
}

static bool draw_frame(struct jpeg *j, uint32_t i, uint64_t *length)
{
    struct imp_dicom_job *job = j->job;
    struct imp_jpeg_map map = {0};
    struct imp_jpeg_kind kind;
    struct imp_jpeg_ink ink;
    struct imp_span frame;
    uint32_t from = j->first[i], to = j->first[i + 1];
    if (!join(j, from, to, &frame) || !map_frame(j, frame, &map) ||
        !kind_of(j, &map, &kind))
        return false;
    imp_jpeg_ink_init(&ink, &kind, job->drawing.where, &j->paint);
    switch (imp_splice(job->splicer, frame, &j->cuts, &map, &ink, &j->made,
                       job->err)) {
    case IMP_SPLICE_FAILED:
        return false;
    case IMP_SPLICE_NO_CODE:
        return recode(j, frame, &kind, &map) && replace(j, from, to, length);
    case IMP_SPLICED:
        break;
    }
    if (!imp_jpeg_ink_shows(&ink, job->err))
        return false;
    if (to - from == 1)
        return take_patches(j, j->fragment[from].at + 8, frame, length);
    return imp_cutlist_apply(&j->made, frame, &j->whole, job->err) &&
           replace(j, from, to, length);
}

// --- All of them ---

static bool set_up(struct jpeg *j)
{
    struct imp_dicom_job *job = j->job;
    const struct imp_dcm_image *image = &job->image;
    j->paint = job->drawing.paint;
    if (image->colour == IMP_DCM_MONOCHROME1) {
        if (job->drawing.where.ink->rgb)
            return unsupported(job, "of MONOCHROME1, by an image,");
        for (unsigned i = 0; i < 3; i++) // 0 is white
            j->paint.rgb[i] = UINT8_MAX - j->paint.rgb[i];
    }
    j->fragment = calloc((size_t)image->fragments + 1, sizeof *j->fragment);
    j->first = calloc((size_t)image->frames + 1, sizeof *j->first);
    if (!j->fragment || !j->first)
        return imp_fail(job->err, IMP_ERR_MEMORY, "no memory for fragments");
    return imp_dcm_fragments(job->in, image, j->fragment, job->err) &&
           imp_dcm_frames(job->in, image, j->fragment, j->first, job->err) &&
           plan_tables(j);
}

static void clear(struct jpeg *j)
{
    imp_buf_clear(&j->whole);
    imp_buf_clear(&j->clean);
    imp_buf_clear(&j->joined);
    imp_cutlist_clear(&j->made);
    imp_cutlist_clear(&j->cuts);
    free(j->first);
    free(j->fragment);
}

bool imp_dicom_jpeg(struct imp_dicom_job *job)
{
    struct jpeg j = {.job = job};
    uint64_t at = 0, length = 0;
    job->route = "splice"; // of a frame that cannot be spliced: see recode
    bool ok = set_up(&j);
    for (uint32_t i = 0; ok && i < job->image.frames; i++, at += 8 + length)
        ok = (draw_frame(&j, i, &length) &&
              imp_dicom_tables_set(&j.tables, job->out, i, at, length,
                                   job->err)) ||
             imp_wrap(job->err, "frame %" PRIu32, i + 1);
    clear(&j);
    return ok;
}
