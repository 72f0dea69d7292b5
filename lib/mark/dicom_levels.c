// Which values of grey are seen as black and white, and which colours a palette
// has.
#include "mark/dicom_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// --- The window ---

enum { NUMBER_MOST = 16 }; // PS3.5 6.2: DS

// The first value of a decimal string.
static bool read_number(struct imp_span text, double *out)
{
    char copy[NUMBER_MOST + 1] = {0};
    char *end = NULL;
    size_t n = 0;
    while (n < text.n && n < NUMBER_MOST && text.p[n] != '\\' && text.p[n])
        n++;
    for (size_t i = 0; i < n; i++) {
        copy[i] = (char)text.p[i];
        if (!strchr("0123456789+-.eE ", copy[i]))
            return false;
    }
    *out = strtod(copy, &end);
    while (*end == ' ')
        end++;
    return end != copy && !*end && isfinite(*out);
}

// PS3.3 C.11.1.1.2: what stored values become before the window sees them.
static bool read_rescale(const struct imp_dicom_elements *e, double *slope,
                         double *intercept)
{
    *slope = 1;
    *intercept = 0;
    return e->modality.n == 0 &&
           (e->slope.n == 0 || read_number(e->slope, slope)) &&
           (e->intercept.n == 0 || read_number(e->intercept, intercept)) &&
           *slope != 0;
}

static bool window_of(const struct imp_dicom_job *job,
                      const struct imp_dicom_elements *e,
                      struct imp_dicom_levels *out)
{
    double center, width, slope, intercept;
    double lowest = imp_dicom_lowest(&job->image);
    double highest = imp_dicom_highest(&job->image);
    if (!read_number(e->center, &center) || !read_number(e->width, &width) ||
        width < 1 || !read_rescale(e, &slope, &intercept))
        return false;
    // C.11.2.1.2.1: from here to there values rise from black to white.
    double black = (center - 0.5 - (width - 1) / 2 - intercept) / slope;
    double white = (center - 0.5 + (width - 1) / 2 - intercept) / slope;
    if (black > white) {
        double high = black;
        black = white;
        white = high;
    }
    black = ceil(black < lowest ? lowest : black);
    white = floor(white > highest ? highest : white);
    if (!(black < white)) // narrower than a step, or where no value is
        return false;
    out->black = (int32_t)black;
    out->white = (int32_t)white;
    out->inverted ^= slope < 0;
    return true;
}

bool imp_dicom_levels(const struct imp_dicom_job *job,
                      const struct imp_dicom_elements *elements,
                      struct imp_dicom_levels *out)
{
    const struct imp_dcm_image *image = &job->image;
    bool grey = image->samples == 1 && image->colour != IMP_DCM_PALETTE;
    *out = (struct imp_dicom_levels){
        .black = imp_dicom_lowest(image),
        .white = imp_dicom_highest(image),
        .inverted = image->colour == IMP_DCM_MONOCHROME1,
    };
    return !grey || window_of(job, elements, out) || image->stored <= 8;
}

// --- Palettes ---

enum {
    CELLS = 32, // a side of the cube of colours whose nearest entry is kept
    UNKNOWN = -1,
};

struct imp_dicom_palette {
    int32_t first;      // the value of entry 0
    uint32_t n, usable; // entries; those that values of so many bits reach
    uint8_t (*rgb)[3];
    int32_t nearest[CELLS * CELLS * CELLS]; // entries, or UNKNOWN
};

static uint16_t number(const struct imp_dicom_job *job, const uint8_t *p)
{
    return job->image.syntax->encoding.big ? imp_be16(p) : imp_le16(p);
}

// PS3.3 C.7.6.3.1.6: entries of 8 bits may be packed as bytes, or stand in
// words of their own.
static bool read_entries(const struct imp_dicom_job *job,
                         const struct imp_dicom_elements *e,
                         struct imp_dicom_palette *p)
{
    for (unsigned c = 0; c < 3; c++) {
        struct imp_span data = e->entries[c];
        bool bytes = data.n < (uint64_t)2 * p->n;
        unsigned most = 0;
        if (data.n < p->n)
            return false;
        for (uint32_t i = 0; !bytes && i < p->n; i++) {
            unsigned v = number(job, data.p + 2 * (size_t)i);
            most = v > most ? v : most;
        }
        for (uint32_t i = 0; i < p->n; i++) {
            unsigned v =
                bytes ? data.p[i] : number(job, data.p + 2 * (size_t)i);
            p->rgb[i][c] = (uint8_t)(most > UINT8_MAX ? v >> 8 : v);
        }
    }
    return true;
}

static bool read_palette(const struct imp_dicom_job *job,
                         const struct imp_dicom_elements *e,
                         struct imp_dicom_palette *p)
{
    struct imp_span d = e->palette[0];
    if (d.n != 6)
        return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                        "a palette without (0028,1101) cannot be used");
    p->n = number(job, d.p);
    p->n = p->n ? p->n : 65536;
    p->first = number(job, d.p + 2);
    if (job->image.is_signed)
        p->first = (int16_t)p->first;
    int64_t usable = (int64_t)imp_dicom_highest(&job->image) - p->first + 1;
    p->usable = usable < 0 ? 0 : usable > p->n ? p->n : (uint32_t)usable;
    p->rgb = calloc(p->n, sizeof *p->rgb);
    if (!p->rgb)
        return imp_fail(job->err, IMP_ERR_MEMORY, "no memory for a palette");
    return (p->first >= imp_dicom_lowest(&job->image) && p->usable > 0 &&
            read_entries(job, e, p)) ||
           imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                    "a palette without all entries in (0028,1201) to "
                    "(0028,1203) cannot be used");
}

struct imp_dicom_palette *
imp_dicom_palette_new(const struct imp_dicom_job *job,
                      const struct imp_dicom_elements *elements)
{
    struct imp_dicom_palette *p = calloc(1, sizeof *p);
    if (!p) {
        imp_fail(job->err, IMP_ERR_MEMORY, "no memory for a palette");
        return NULL;
    }
    for (unsigned i = 0; i < CELLS * CELLS * CELLS; i++)
        p->nearest[i] = UNKNOWN;
    if (read_palette(job, elements, p))
        return p;
    imp_dicom_palette_free(p);
    return NULL;
}

void imp_dicom_palette_free(struct imp_dicom_palette *p)
{
    if (!p)
        return;
    free(p->rgb);
    free(p);
}

const uint8_t *imp_dicom_palette_rgb(const struct imp_dicom_palette *p,
                                     int32_t value)
{
    int64_t i = (int64_t)value - p->first;
    return p->rgb[i < 0 ? 0 : i >= p->n ? p->n - 1 : i];
}

static int32_t search(const struct imp_dicom_palette *p, const uint8_t rgb[3])
{
    int32_t best = 0;
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < p->usable && least > 0; i++) {
        int64_t far = 0;
        for (unsigned c = 0; c < 3; c++) {
            int64_t d = p->rgb[i][c] - rgb[c];
            far += d * d;
        }
        if (far < least) {
            least = far;
            best = (int32_t)i;
        }
    }
    return best;
}

// The middle of 8 x 8 x 8 colours stands for them, but for the ends: the ink is
// legible by these.
int32_t imp_dicom_palette_nearest(struct imp_dicom_palette *p,
                                  const uint8_t rgb[3])
{
    uint8_t middle[3];
    unsigned cell = 0;
    for (unsigned c = 0; c < 3; c++) {
        unsigned i = rgb[c] / (256 / CELLS);
        middle[c] = (uint8_t)(i * 255 / (CELLS - 1));
        cell = cell * CELLS + i;
    }
    if (p->nearest[cell] == UNKNOWN)
        p->nearest[cell] = search(p, middle);
    return p->first + p->nearest[cell];
}
