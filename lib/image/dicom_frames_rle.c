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

// Bits that some byte of a segment has, or has unlike the bit below.
struct bits {
    uint8_t any, other;
};

static void note(struct bits *b, const uint8_t *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        b->any |= p[i];
        b->other |= (uint8_t)(p[i] ^ p[i] << 1);
    }
}

// G.3.2: how many bytes of [at, end) it takes to make `want`; 0 if they are too
// few, or a run makes more. Their bits are noted, unless `bits` is NULL.
static uint64_t length_of(const uint8_t *p, uint64_t at, uint64_t end,
                          uint64_t want, struct bits *bits)
{
    uint64_t begin = at;
    while (want > 0 && at < end) {
        uint8_t n = p[at++];
        uint64_t run = n < 128 ? n + 1u : 257u - n;
        uint64_t taken = n < 128 ? run : 1;
        if (n == 128)
            continue;
        if (run > want || taken > end - at)
            return 0;
        if (bits)
            note(bits, p + at, taken);
        at += taken;
        want -= run;
    }
    return want > 0 ? 0 : at - begin;
}

// `above` and `below` are those of the byte that the segment has of each
// sample. The bit below its lowest one is in another segment: that one, if it
// is set, counts as unlike, as it is not known to be a copy.
static bool check_bits(struct imp_dicom_piece *piece, struct bits bits,
                       uint8_t above, uint8_t below)
{
    bool set = bits.any & (above | below);
    bool unlike = (bits.other & above) || (bits.any & below);
    return imp_dicom_check_unused(piece, set, unlike);
}

static bool cut_segment(struct imp_dicom_piece *piece, uint64_t end,
                        uint64_t want, uint32_t shift)
{
    // What the first cut has followed to its end may be zeros now.
    bool again = piece->frames->check == IMP_CHECK_AGAIN;
    struct bits bits = {0};
    struct imp_dicom_unused unused;
    if (!imp_dicom_unused_bits(piece, &unused))
        return false;
    bool all = !(unused.above | unused.below);
    uint64_t n =
        again ? end - piece->at
              : length_of(piece->p, piece->at, end, want, all ? NULL : &bits);
    if (n == 0)
        return bad(piece, "a segment does not make a plane of the frame");
    if (!check_bits(piece, bits, (uint8_t)(unused.above >> shift),
                    (uint8_t)(unused.below >> shift)))
        return false;
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
    // G.2: of each sample the most significant byte first.
    uint32_t bytes = image->allocated / 8;
    for (uint64_t i = 0; i < n; i++)
        if (!cut_segment(piece, at[i + 1],
                         (uint64_t)image->rows * image->columns,
                         8 * (bytes - 1 - (uint32_t)(i % bytes))))
            return false;
    return true;
}
