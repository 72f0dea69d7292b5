// Frames of JPEG of 8 bits: blocks are coded anew, by the splice that draws
// marks. All of the picture's minimum coded units that a rectangle touches
// become black, so that no component's block lies on its edge. If a frame's
// tables have no code for that, all of its coefficients are coded anew.
#include "mark/dicom_coded.h"
#include "mark/recode.h"
#include "mark/redact_internal.h"
#include "mark/splice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INK (UINT64_C(1) << 28) // pixels that the rectangles span

struct imp_redact_jpeg {
    struct imp_redact_job *job;
    struct imp_cutlist cuts, made;
    struct imp_splicer splicer;
    struct imp_buf clean;
    struct imp_ink ink; // for minimum coded units of width x height
    struct imp_spot spot;
    struct imp_paint paint;
    uint32_t width, height;
};

struct imp_redact_jpeg *imp_redact_jpeg_new(struct imp_redact_job *job)
{
    struct imp_redact_jpeg *j = calloc(1, sizeof *j);
    if (j)
        j->job = job;
    else
        imp_fail(job->err, IMP_ERR_MEMORY, "no memory for redaction");
    return j;
}

void imp_redact_jpeg_free(struct imp_redact_jpeg *j)
{
    if (!j)
        return;
    imp_cutlist_clear(&j->cuts);
    imp_cutlist_clear(&j->made);
    imp_splicer_clear(&j->splicer);
    imp_buf_clear(&j->clean);
    imp_ink_clear(&j->ink);
    free(j);
}

// --- The ink: rectangles, rounded out ---

static struct imp_rect round_out(struct imp_rect r, uint32_t width,
                                 uint32_t height)
{
    uint32_t right = (r.x + r.width + width - 1) / width * width;
    uint32_t bottom = (r.y + r.height + height - 1) / height * height;
    r.x -= r.x % width;
    r.y -= r.y % height;
    return (struct imp_rect){r.x, r.y, right - r.x, bottom - r.y};
}

static struct imp_rect bounds(const struct imp_redact_job *job, uint32_t width,
                              uint32_t height)
{
    struct imp_rect all = round_out(job->rect[0], width, height);
    for (size_t i = 1; i < job->n; i++) {
        struct imp_rect r = round_out(job->rect[i], width, height);
        uint32_t right = all.x + all.width, bottom = all.y + all.height;
        right = r.x + r.width > right ? r.x + r.width : right;
        bottom = r.y + r.height > bottom ? r.y + r.height : bottom;
        all.x = r.x < all.x ? r.x : all.x;
        all.y = r.y < all.y ? r.y : all.y;
        all.width = right - all.x;
        all.height = bottom - all.y;
    }
    return all;
}

static bool make_ink(struct imp_redact_jpeg *j, uint32_t width, uint32_t height)
{
    struct imp_redact_job *job = j->job;
    struct imp_rect all = bounds(job, width, height);
    if (j->width == width && j->height == height)
        return true;
    imp_ink_clear(&j->ink);
    j->width = 0;
    if ((uint64_t)all.width * all.height > MAX_INK)
        return imp_fail(job->err, IMP_ERR_LIMIT,
                        "redaction: rectangles in %" PRIu32 " x %" PRIu32
                        " pixels",
                        all.width, all.height);
    if (!imp_mask_init(&j->ink.text, all.width, all.height, job->err) ||
        !imp_mask_init(&j->ink.outline, all.width, all.height, job->err))
        return false;
    for (size_t i = 0; i < job->n; i++) {
        struct imp_rect r = round_out(job->rect[i], width, height);
        for (uint32_t y = r.y - all.y; y < r.y - all.y + r.height; y++)
            memset(j->ink.text.cover + (size_t)y * all.width + (r.x - all.x),
                   255, r.width);
    }
    j->spot = (struct imp_spot){all.x, all.y};
    j->width = width;
    j->height = height;
    return true;
}

// --- One frame ---

static bool unsupported(const struct imp_redact_jpeg *j, const char *why)
{
    return imp_fail(j->job->err, IMP_ERR_UNSUPPORTED, "redaction: JPEG: %s",
                    why);
}

static bool map_frame(struct imp_redact_jpeg *j, struct imp_span frame,
                      struct imp_jpeg_map *map)
{
    struct imp_redact_job *job = j->job;
    if (!imp_dicom_jpeg_map(job->image, frame, &j->cuts, map, job->err))
        return false;
    if (!map->frame)
        return unsupported(j, "not of 8 bits, sequential, by Huffman codes");
    return imp_dicom_jpeg_fits(job->image, map, job->err) ||
           imp_wrap(job->err, "redaction");
}

static bool set_ink(struct imp_redact_jpeg *j, const struct imp_jpeg_map *map,
                    struct imp_jpeg_ink *ink)
{
    struct imp_jpeg_kind kind = imp_jpeg_kind_of(map);
    uint8_t black = (uint8_t)j->job->black[0];
    j->paint = (struct imp_paint){.opacity = 1};
    // What DICOM says of the colours goes before what JPEG does.
    if (j->job->image->colour == IMP_DCM_YBR_FULL ||
        j->job->image->colour == IMP_DCM_YBR_FULL_422)
        kind.colour = IMP_JPEG_YCC;
    if (j->job->image->colour == IMP_DCM_RGB)
        kind.colour = IMP_JPEG_RGB;
    if (kind.n_comp == 1)
        memset(j->paint.rgb, black, sizeof j->paint.rgb);
    if (!make_ink(j, 8 * map->frame->h_max, 8 * map->frame->v_max))
        return false;
    imp_jpeg_ink_init(ink, &kind, (struct imp_inked){&j->ink, &j->spot, 1},
                      &j->paint);
    ink->whole = true;
    return true;
}

static bool take_patches(struct imp_redact_jpeg *j, struct imp_span frame,
                         int64_t *grows)
{
    struct imp_buf *b = &j->job->out->bytes;
    uint64_t at = (uint64_t)(frame.p - j->job->in.p);
    *grows = 0;
    for (size_t i = 0; i < j->splicer.n; i++) {
        const struct imp_patch *p = &j->splicer.patch[i];
        size_t from = b->n;
        if (!imp_buf_add(b, p->bytes, p->n, j->job->err) ||
            !imp_redact_patch(j->job, at + p->at, p->length, from, p->n))
            return false;
        *grows += (int64_t)p->n - (int64_t)p->length;
    }
    if (((int64_t)frame.n + *grows) % 2 == 0)
        return true;
    ++*grows;
    return imp_buf_add(b, "", 1, j->job->err) &&
           imp_redact_patch(j->job, at + frame.n, 0, b->n - 1, 1);
}

// What libjpeg knows of the colours must be so.
static bool recode(struct imp_redact_jpeg *j, struct imp_span frame,
                   const struct imp_jpeg_map *map,
                   const struct imp_jpeg_ink *ink, int64_t *grows)
{
    struct imp_redact_job *job = j->job;
    struct imp_buf *b = &job->out->bytes;
    size_t from = b->n;
    if (ink->kind.colour != map->colour)
        return unsupported(j,
                           "whose colours (0028,0004) contradicts, and whose "
                           "tables have no code for black");
    if (!imp_cutlist_apply(&j->cuts, frame, &j->clean, job->err) ||
        !imp_recode(imp_buf_span(&j->clean), ink->where, &j->paint, true, b,
                    job->err) ||
        ((b->n - from) % 2 && !imp_buf_add(b, "", 1, job->err)))
        return false;
    *grows = (int64_t)(b->n - from) - (int64_t)frame.n;
    return imp_redact_patch(job, (uint64_t)(frame.p - job->in.p), frame.n, from,
                            b->n - from);
}

bool imp_redact_jpeg(struct imp_redact_jpeg *j, struct imp_span frame,
                     int64_t *grows)
{
    struct imp_jpeg_map map = {0};
    struct imp_jpeg_ink ink;
    if (!map_frame(j, frame, &map) || !set_ink(j, &map, &ink))
        return false;
    switch (imp_splice(&j->splicer, frame, &j->cuts, &map, &ink, &j->made,
                       j->job->err)) {
    case IMP_SPLICED:
        return take_patches(j, frame, grows);
    case IMP_SPLICE_NO_CODE:
        return recode(j, frame, &map, &ink, grows);
    default:
        return false;
    }
}
