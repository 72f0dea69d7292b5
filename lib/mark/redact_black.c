// Which value of a sample is seen as black (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5).
#include "mark/redact_internal.h"

#include <inttypes.h>

// Values as signed numbers of `stored` bits.
static int64_t lowest(const struct imp_dcm_image *image)
{
    return image->is_signed ? -(INT64_C(1) << (image->stored - 1)) : 0;
}

static int64_t highest(const struct imp_dcm_image *image)
{
    return (INT64_C(1) << (image->stored - image->is_signed)) - 1;
}

// An entry of a palette: of 16 bits, or of 8 in as many, or packed in bytes.
static uint32_t entry(struct imp_span data, bool bytes, bool big, size_t i)
{
    if (bytes)
        return data.p[i] * 257u;
    return big ? imp_be16(data.p + 2 * i) : imp_le16(data.p + 2 * i);
}

// The index of the darkest entry; the lowest value if there is no palette that
// can be read: some colour hides as well as another.
static int64_t darkest(const struct imp_redact_job *job,
                       const struct imp_redact_elements *e)
{
    bool big = job->image->syntax->encoding.big;
    const uint8_t *d = e->palette[0].p;
    int64_t best = lowest(job->image);
    uint32_t least = UINT32_MAX;
    if (e->palette[0].n != 6)
        return best;
    size_t n = big ? imp_be16(d) : imp_le16(d);
    int64_t first = big ? imp_be16(d + 2) : imp_le16(d + 2);
    if (job->image->is_signed)
        first = (int16_t)first;
    n = n ? n : 65536;
    bool bytes = e->entries[0].n < 2 * n;
    for (int c = 0; c < 3; c++)
        if (e->entries[c].n < (bytes ? n : 2 * n))
            return best;
    for (size_t i = 0; i < n && first + (int64_t)i <= highest(job->image);
         i++) {
        uint32_t sum = 0;
        for (int c = 0; c < 3; c++)
            sum += entry(e->entries[c], bytes, big, i);
        if (sum < least && first + (int64_t)i >= lowest(job->image)) {
            least = sum;
            best = first + (int64_t)i;
        }
    }
    return best;
}

static bool unsupported(const struct imp_redact_job *job, const char *what)
{
    return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                    "redaction: (%s) is not one that is supported", what);
}

static bool check_bits(const struct imp_redact_job *job)
{
    const struct imp_dcm_image *i = job->image;
    if (i->allocated != 8 && i->allocated != 16 && i->allocated != 32)
        return unsupported(job, "0028,0100");
    if (i->stored < 1 || i->stored > i->allocated)
        return unsupported(job, "0028,0101");
    if (i->high >= i->allocated || i->high + 1 < i->stored)
        return unsupported(job, "0028,0102");
    // Which half of a number of 32 bits comes first in words that swap?
    if (i->allocated == 32 && i->syntax->encoding.big)
        return unsupported(job, "0028,0100");
    return true;
}

bool imp_redact_black(struct imp_redact_job *job,
                      const struct imp_redact_elements *elements)
{
    const struct imp_dcm_image *image = job->image;
    int64_t v[3] = {0};
    unsigned samples = 1;
    if (!check_bits(job))
        return false;
    switch (image->colour) {
    case IMP_DCM_MONOCHROME1:
        v[0] = highest(image);
        break;
    case IMP_DCM_MONOCHROME2:
        v[0] = lowest(image);
        break;
    case IMP_DCM_PALETTE:
        v[0] = darkest(job, elements);
        break;
    case IMP_DCM_YBR_PARTIAL_422:
        v[0] = INT64_C(1) << image->stored >> 4;
        // fallthrough
    case IMP_DCM_YBR_FULL:
    case IMP_DCM_YBR_FULL_422:
        v[1] = v[2] = INT64_C(1) << (image->stored - 1);
        samples = 3;
        break;
    case IMP_DCM_RGB:
        samples = 3;
        break;
    default:
        return unsupported(job, "0028,0004");
    }
    if (image->samples != samples)
        return unsupported(job, "0028,0002");
    if (samples == 3 && image->is_signed)
        return unsupported(job, "0028,0103");
    job->bytes = image->allocated / 8;
    for (unsigned i = 0; i < 3; i++)
        job->black[i] =
            (uint32_t)((uint64_t)v[i] << (image->high + 1 - image->stored));
    return true;
}
