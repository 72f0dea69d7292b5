// Bits of a sample that are not of its value (PS3.5 8.1.1): room for an
// overlay, as objects once had them there, and for anything else.
#include "base/map.h"
#include "image/dicom_piece.h"

#include <inttypes.h>
#include <string.h>

static bool bad_layout(struct imp_dicom_piece *piece, enum imp_code code)
{
    const struct imp_dcm_image *image = piece->frames->image;
    return imp_dicom_bad(piece, code,
                         "samples of %" PRIu32 " bits in %" PRIu32
                         ", the highest %" PRIu32,
                         image->stored, image->allocated, image->high);
}

bool imp_dicom_unused_bits(struct imp_dicom_piece *piece,
                           struct imp_dicom_unused *out)
{
    const struct imp_dcm_image *image = piece->frames->image;
    uint32_t stored = image->stored, allocated = image->allocated;
    // Missing, it is what it must be today.
    uint32_t high = image->high ? image->high : stored - 1;
    *out = (struct imp_dicom_unused){0};
    if (piece->frames->check != IMP_CHECK_CODED || stored == 0 ||
        stored >= allocated)
        return true;
    if (allocated != 8 && allocated != 16 && allocated != 32 && allocated != 64)
        return bad_layout(piece, IMP_ERR_UNSUPPORTED);
    if (high >= allocated || high + 1 < stored)
        return bad_layout(piece, IMP_ERR_DAMAGED);
    uint64_t all = ~UINT64_C(0) >> (64 - allocated);
    out->below = (UINT64_C(1) << (high + 1 - stored)) - 1;
    out->above = high == 63 ? 0 : all & ~UINT64_C(0) << (high + 1);
    return true;
}

bool imp_dicom_check_unused(struct imp_dicom_piece *piece, bool set,
                            bool unlike)
{
    struct imp_dicom_frames *f = piece->frames;
    f->set |= set;
    f->unlike |= unlike;
    return !f->set || (f->image->is_signed && !f->unlike) ||
           imp_dicom_bad(piece, IMP_ERR_UNSUPPORTED,
                         "something in the %" PRIu32 " bits of a sample that "
                         "are not stored",
                         f->image->allocated - f->image->stored);
}

// The same bits in each sample of a word.
static uint64_t spread(uint64_t bits, uint32_t allocated)
{
    for (uint32_t n = allocated; n < 64; n *= 2)
        bits |= bits << n;
    return bits;
}

// Bits above the value may repeat its sign: each is then like the one below.
// Bits that a word gets from its neighbour are not among them.
static void look(struct imp_span in, bool big, uint64_t above, uint64_t below,
                 uint64_t *set, uint64_t *unlike)
{
    uint64_t any = 0, other = 0;
    for (size_t i = 0; i + 8 <= in.n; i += 8) {
        uint64_t v = big ? imp_be64(in.p + i) : imp_le64(in.p + i);
        any |= v;
        other |= v ^ v << 1;
    }
    *set |= any & (above | below);
    *unlike |= (other & above) | (any & below);
}

bool imp_dicom_check_samples(struct imp_dicom_piece *piece,
                             struct imp_span samples)
{
    struct imp_dicom_unused unused;
    if (!imp_dicom_unused_bits(piece, &unused))
        return false;
    if (!(unused.above | unused.below))
        return true;
    uint32_t allocated = piece->frames->image->allocated;
    uint64_t above = spread(unused.above, allocated);
    uint64_t below = spread(unused.below, allocated);
    bool big = piece->event->encoding.big;
    uint8_t last[8] = {0};
    size_t rest = samples.n % sizeof last;
    uint64_t set = 0, unlike = 0;
    struct imp_span step = {0};
    samples.n -= rest;
    if (rest > 0)
        memcpy(last, samples.p + samples.n, rest);
    while (imp_map_step(&samples, &step))
        look(step, big, above, below, &set, &unlike);
    look((struct imp_span){last, sizeof last}, big, above, below, &set,
         &unlike);
    return imp_dicom_check_unused(piece, set != 0, unlike != 0);
}
