// Native pixel data: the bytes of rows are replaced where they lie.
#include "mark/redact_internal.h"

#include <string.h>

enum { BLACK = 1 << 16 }; // bytes of black that patches share, a row at least

// Pixels as they follow each other: what repeats, and where.
struct layout {
    uint32_t pixels; // that repeat together
    uint8_t unit[4 * 4];
    unsigned n;         // bytes of it
    size_t from, black; // where it stands often, and how many bytes
    uint64_t at;        // of the plane in the frame
};

static bool unsupported(const struct imp_redact_job *job, const char *why)
{
    return imp_fail(job->err, IMP_ERR_UNSUPPORTED, "redaction: %s", why);
}

static void put(const struct imp_redact_job *job, struct layout *l, uint32_t v)
{
    bool big = job->image->syntax->encoding.big;
    for (unsigned i = 0; i < job->bytes; i++)
        l->unit[l->n++] = (uint8_t)(v >> 8 * (big ? job->bytes - 1 - i : i));
}

static bool make_black(struct imp_redact_job *job, struct layout *l)
{
    struct imp_buf *b = &job->out->bytes;
    size_t row = (size_t)job->image->columns / l->pixels * l->n;
    size_t units = row > BLACK ? row / l->n : BLACK / l->n;
    l->from = b->n;
    l->black = units * l->n;
    if (!imp_buf_reserve(b, b->n + l->black, job->err))
        return false;
    for (size_t i = 0; i < units; i++)
        memcpy(b->p + b->n + i * l->n, l->unit, l->n);
    b->n += l->black;
    return true;
}

// Bytes that go, one behind the other, not yet told; of one layout.
struct run {
    const struct layout *layout;
    uint64_t from, to;
};

static bool fill(struct imp_redact_job *job, const struct layout *l,
                 uint64_t at, uint64_t n)
{
    for (uint64_t most = l->black; n > 0;) {
        uint64_t some = n < most ? n : most;
        if (!imp_redact_patch(job, at, some, l->from, (size_t)some))
            return false;
        at += some;
        n -= some;
    }
    return true;
}

// Each pair of bytes stands the other way round: of a pair that only half goes
// of, it is the other half. All are of one value.
static bool fill_swapped(struct imp_redact_job *job, const struct run *r)
{
    uint64_t base = job->image->value_at, from = r->from - base;
    uint64_t to = r->to - base, middle = from + from % 2;
    if (from % 2 && !fill(job, r->layout, base + from - 1, 1))
        return false;
    if (to > middle &&
        !fill(job, r->layout, base + middle, (to - middle) / 2 * 2))
        return false;
    return to % 2 == 0 || to <= middle || fill(job, r->layout, base + to, 1);
}

static bool flush(struct imp_redact_job *job, const struct run *r)
{
    if (r->from == r->to)
        return true;
    if (job->image->swapped && job->bytes == 1)
        return fill_swapped(job, r);
    return fill(job, r->layout, r->from, r->to - r->from);
}

static bool add(struct imp_redact_job *job, struct run *r, struct run more)
{
    if (r->layout == more.layout && r->to == more.from) {
        r->to = more.to;
        return true;
    }
    if (!flush(job, r))
        return false;
    *r = more;
    return true;
}

static bool redact_plane(struct imp_redact_job *job, const struct layout *l,
                         uint64_t frame, struct run *run)
{
    struct imp_redact_span span[IMP_REDACT_RECTS];
    for (uint32_t y = 0; y < job->image->rows; y++) {
        size_t n = imp_redact_row(job, y, span);
        uint64_t row = (uint64_t)y * job->image->columns;
        for (size_t i = 0; i < n; i++) {
            uint64_t from = (row + span[i].left) / l->pixels;
            uint64_t to = (row + span[i].right + l->pixels - 1) / l->pixels;
            if (!add(job, run,
                     (struct run){l, frame + l->at + from * l->n,
                                  frame + l->at + to * l->n}))
                return false;
        }
    }
    return true;
}

// By pixel, in pairs of pixels, or by plane.
static unsigned lay_out(struct imp_redact_job *job, struct layout plane[3])
{
    const struct imp_dcm_image *image = job->image;
    bool halved = image->colour == IMP_DCM_YBR_FULL_422 ||
                  image->colour == IMP_DCM_YBR_PARTIAL_422;
    bool planar = image->planar && image->samples == 3 && !halved;
    unsigned n = planar ? 3 : 1;
    for (unsigned p = 0; p < n; p++) {
        plane[p] = (struct layout){.pixels = halved ? 2 : 1,
                                   .at = (uint64_t)p * image->rows *
                                         image->columns * job->bytes};
        if (planar) {
            put(job, &plane[p], job->black[p]);
            continue;
        }
        if (halved)
            put(job, &plane[p], job->black[0]);
        for (unsigned s = 0; s < image->samples; s++)
            put(job, &plane[p], job->black[s]);
    }
    return n;
}

static bool check(const struct imp_redact_job *job, const struct layout *plane,
                  unsigned n)
{
    const struct imp_dcm_image *image = job->image;
    if (image->frame_size == 0 || image->value < image->all_size)
        return imp_fail_at(job->err, IMP_ERR_DAMAGED, image->pixels_at,
                           "redaction: pixels that are not all there");
    if (image->columns % plane->pixels)
        return unsupported(job, "an odd number of columns in pairs");
    if (image->syntax->encoding.big && !image->swapped && job->bytes > 1)
        return unsupported(job, "bytes in a place of words");
    if (!image->swapped || job->bytes > 1)
        return true;
    for (unsigned i = 1; i < plane->n; i++)
        if (plane->unit[i] != plane->unit[0])
            return unsupported(job, "colours of bytes that stand the other way "
                                    "round");
    return n == 1 || unsupported(job, "planes of bytes that stand the other "
                                      "way round");
}

bool imp_redact_native(struct imp_redact_job *job)
{
    struct layout plane[3];
    struct run run = {0};
    unsigned n = lay_out(job, plane);
    if (!check(job, plane, n))
        return false;
    for (unsigned p = 0; p < n; p++)
        if (!make_black(job, &plane[p]))
            return false;
    for (uint32_t f = 0; f < job->image->frames; f++)
        for (unsigned p = 0; p < n; p++)
            if (!redact_plane(job, &plane[p],
                              job->image->value_at + f * job->image->frame_size,
                              &run))
                return false;
    return flush(job, &run);
}
