// Frames of RLE Lossless (PS3.5 annex G): decoded, blacked out, coded anew.
#include "mark/redact_internal.h"
#include "mark/rle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 128 }; // bytes at most

static bool bad(const struct imp_redact_job *job, const char *why)
{
    return imp_fail(job->err, IMP_ERR_DAMAGED, "redaction: RLE: %s", why);
}

static size_t same_from(const uint8_t *p, size_t n)
{
    size_t run = 1;
    while (run < n && run < RUN && p[run] == p[0])
        run++;
    return run;
}

// Up to the next three of a kind, which a run has in fewer bytes.
static size_t others_from(const uint8_t *p, size_t n)
{
    size_t run = 1;
    while (run < n && run < RUN &&
           (n - run < 3 || p[run] != p[run + 1] || p[run] != p[run + 2]))
        run++;
    return run;
}

// G.3.1: each row by itself.
static bool encode(struct imp_redact_job *job, const uint8_t *row, size_t n)
{
    struct imp_buf *b = &job->out->bytes;
    while (n > 0) {
        size_t run = same_from(row, n);
        uint8_t head = (uint8_t)(257 - run);
        bool same = run > 1;
        if (!same) {
            run = others_from(row, n);
            head = (uint8_t)(run - 1);
        }
        if (!imp_buf_add(b, &head, 1, job->err) ||
            !imp_buf_add(b, row, same ? 1 : run, job->err))
            return false;
        row += run;
        n -= run;
    }
    return true;
}

static void blacken(const struct imp_redact_job *job, uint8_t *plane,
                    uint8_t black)
{
    struct imp_redact_span span[IMP_REDACT_RECTS];
    for (uint32_t y = 0; y < job->image->rows; y++) {
        size_t n = imp_redact_row(job, y, span);
        uint8_t *row = plane + (size_t)y * job->image->columns;
        for (size_t i = 0; i < n; i++)
            memset(row + span[i].left, black, span[i].right - span[i].left);
    }
}

// A segment of `coded`, which becomes one of even length (G.5), with what is
// behind it. `*length` is that.
static bool redact_segment(struct imp_redact_job *job, struct imp_span coded,
                           uint8_t *plane, uint8_t black, uint64_t *length)
{
    struct imp_buf *b = &job->out->bytes;
    uint32_t rows = job->image->rows, columns = job->image->columns;
    size_t from = b->n;
    size_t takes = imp_rle_decode(coded, plane, (size_t)rows * columns);
    if (takes == 0)
        return bad(job, "a segment does not make a plane of the frame");
    blacken(job, plane, black);
    for (uint32_t y = 0; y < rows; y++)
        if (!encode(job, plane + (size_t)y * columns, columns))
            return false;
    size_t behind = coded.n - takes;
    if ((b->n - from + behind) % 2 && !imp_buf_add(b, "", 1, job->err))
        return false;
    *length = b->n - from + behind;
    return imp_redact_patch(job, (uint64_t)(coded.p - job->in.p), takes, from,
                            b->n - from);
}

// Segment `i` is a byte of a sample, the highest one first (G.2).
static uint8_t black_of(const struct imp_redact_job *job, unsigned i)
{
    unsigned byte = job->bytes - 1 - i % job->bytes;
    return (uint8_t)(job->black[i / job->bytes] >> 8 * byte);
}

static bool redact_segments(struct imp_redact_job *job, struct imp_span frame,
                            unsigned n, uint8_t *plane, int64_t *grows)
{
    struct imp_buf *b = &job->out->bytes;
    uint64_t at = IMP_RLE_HEADER, length = 0;
    size_t head = b->n;
    struct imp_span segment;
    const uint8_t *place = frame.p + IMP_RLE_HEADER;
    if (!imp_buf_add(b, frame.p, IMP_RLE_HEADER, job->err) ||
        !imp_redact_patch(job, (uint64_t)(frame.p - job->in.p), IMP_RLE_HEADER,
                          head, IMP_RLE_HEADER))
        return false;
    for (unsigned i = 0; i < n; i++, at += length) {
        if (!imp_rle_segment(frame, i, n, &segment, job->err))
            return imp_wrap(job->err, "redaction");
        if (segment.p != place)
            return bad(job, "an offset of the header is not in its place");
        place += segment.n;
        if (!redact_segment(job, segment, plane, black_of(job, i), &length))
            return false;
        if (at > UINT32_MAX)
            return bad(job, "a frame that is too long");
        imp_put_le32(b->p + head + 4 + 4 * i, (uint32_t)at);
    }
    *grows = (int64_t)at - (int64_t)frame.n;
    return true;
}

bool imp_redact_rle(struct imp_redact_job *job, struct imp_span frame,
                    int64_t *grows)
{
    uint64_t pixels = (uint64_t)job->image->rows * job->image->columns;
    unsigned n = job->image->samples * job->bytes;
    if (frame.n < IMP_RLE_HEADER)
        return bad(job, "a frame without a header");
    uint8_t *plane = pixels < SIZE_MAX ? malloc(pixels) : NULL;
    if (!plane)
        return imp_fail(job->err, IMP_ERR_MEMORY,
                        "no memory for a plane of %" PRIu64 " bytes", pixels);
    bool ok = redact_segments(job, frame, n, plane, grows);
    free(plane);
    return ok;
}
