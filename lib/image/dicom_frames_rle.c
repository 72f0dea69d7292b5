// Frames of RLE Lossless: PS3.5 annex G. A frame is one fragment: a header of
// 64 bytes, and a segment for each byte of a sample.
#include "image/dicom_piece.h"

#include <inttypes.h>

enum { HEADER = 64, SEGMENTS = 15 };

static bool bad(struct imp_dicom_piece *piece, const char *why)
{
    return imp_dicom_bad(piece, IMP_ERR_DAMAGED, "RLE: %s", why);
}

// G.5: as many as there are segments, the first one behind the header, in their
// order, the others 0. `at[n]` is the end of the fragment.
static bool read_header(struct imp_dicom_piece *piece, uint32_t n,
                        uint64_t at[SEGMENTS + 1])
{
    const uint8_t *p = piece->p + piece->at;
    uint64_t length = piece->end - piece->at;
    if (length < HEADER || imp_le32(p) != n)
        return bad(piece, "the header has not a segment for each byte of a "
                          "sample");
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        uint32_t offset = imp_le32(p + 4 + 4 * i);
        bool right = i == 0 ? offset == HEADER
                     : i < n
                         ? offset >= at[i - 1] - piece->at && offset <= length
                         : offset == 0;
        if (!right)
            return bad(piece, "an offset of the header is not in its place");
        if (i < n)
            at[i] = piece->at + offset;
    }
    at[n] = piece->end;
    return true;
}

// G.3.2: how many bytes of [at, end) it takes to make `want`; 0 if they are too
// few, or a run makes more.
static uint64_t length_of(const uint8_t *p, uint64_t at, uint64_t end,
                          uint64_t want)
{
    uint64_t begin = at;
    while (want > 0 && at < end) {
        uint8_t n = p[at++];
        uint64_t run = n < 128 ? n + 1u : 257u - n;
        if (n == 128)
            continue;
        at += n < 128 ? run : 1;
        if (run > want || at > end)
            return 0;
        want -= run;
    }
    return want > 0 ? 0 : at - begin;
}

static bool cut_segment(struct imp_dicom_piece *piece, uint64_t end,
                        uint64_t want)
{
    // What the first cut has followed to its end may be zeros now.
    bool again = piece->frames->check == IMP_CHECK_AGAIN;
    uint64_t n =
        again ? end - piece->at : length_of(piece->p, piece->at, end, want);
    if (n == 0)
        return bad(piece, "a segment does not make a plane of the frame");
    imp_dicom_pixels(piece, n);
    imp_dicom_hide(piece, end - piece->at, IMP_PART_TRAILER,
                   "bytes behind a segment");
    return true;
}

bool imp_dicom_cut_rle(struct imp_dicom_piece *piece)
{
    const struct imp_dcm_image *image = piece->frames->image;
    uint64_t n = (uint64_t)image->samples * (image->allocated / 8);
    uint64_t at[SEGMENTS + 1];
    if (piece->at == piece->end)
        return true;
    if (n == 0 || n > SEGMENTS || image->allocated % 8)
        return imp_dicom_bad(piece, IMP_ERR_UNSUPPORTED,
                             "RLE of %" PRIu32 " samples of %" PRIu32 " bits",
                             image->samples, image->allocated);
    if (!imp_dicom_begin_frame(piece) || !read_header(piece, (uint32_t)n, at))
        return false;
    imp_dicom_structure(piece, HEADER);
    for (uint64_t i = 0; i < n; i++)
        if (!cut_segment(piece, at[i + 1],
                         (uint64_t)image->rows * image->columns))
            return false;
    return true;
}
