/* dicom_internal.h - what dicom.c shares with the ways to draw on an object.
 * Not for other modules. */
#ifndef IMP_MARK_DICOM_INTERNAL_H
#define IMP_MARK_DICOM_INTERNAL_H

#include "dicom/image.h"
#include "mark/carrier.h"
#include "mark/dicom_patches.h"
#include "mark/splice.h"

struct imp_dicom_job {
    struct imp_dicom_patches *out;
    struct imp_splicer *splicer;
    struct imp_span in;
    const struct imp_cutlist *cuts;
    uint64_t data_at;
    struct imp_dcm_image image;
    struct imp_drawing drawing;
    uint64_t overlay;  /* told by _overlay: bytes that it has put in */
    const char *route; /* told by whoever draws */
    struct imp_err *err;
};

/* Is [at, at + n) of the input kept, within one cut? */
bool imp_dicom_is_kept(const struct imp_cutlist *cuts, uint64_t at, uint64_t n);

/* The values of elements of the main data set, numbers in its byte order; empty
 * if missing, or written as UN. */
struct imp_dicom_elements {
    struct imp_span center, width, slope, intercept, padding;
    struct imp_span modality;               /* not empty: there is a table */
    struct imp_span palette[3], entries[3]; /* red, green, blue */
    struct imp_span offsets, lengths;       /* (7FE0,0001), (7FE0,0002) */
};
bool imp_dicom_mark_find(const struct imp_dicom_job *job,
                         struct imp_dicom_elements *out);

/* --- Ways to draw: all patches of the object, or false with job->err --- */

bool imp_dicom_overlay(struct imp_dicom_job *job);
bool imp_dicom_native(struct imp_dicom_job *job);
bool imp_dicom_jpeg(struct imp_dicom_job *job);

/* --- What grey is seen as black and as white --- */

struct imp_dicom_levels {
    int32_t black, white; /* values; black < white */
    bool inverted;        /* the lower one is white */
};

/* Values as signed numbers of `stored` bits. */
static inline int32_t imp_dicom_lowest(const struct imp_dcm_image *image)
{
    return image->is_signed ? -(INT32_C(1) << (image->stored - 1)) : 0;
}

static inline int32_t imp_dicom_highest(const struct imp_dcm_image *image)
{
    return (INT32_C(1) << (image->stored - image->is_signed)) - 1;
}

/* By the window or the number of bits; false if that does not tell, and the
 * values of a frame have to. */
bool imp_dicom_levels(const struct imp_dicom_job *job,
                      const struct imp_dicom_elements *elements,
                      struct imp_dicom_levels *out);

/* --- Palettes --- */

struct imp_dicom_palette; /* opaque */

/* NULL with job->err: IMP_ERR_UNSUPPORTED, IMP_ERR_MEMORY. */
struct imp_dicom_palette *
imp_dicom_palette_new(const struct imp_dicom_job *job,
                      const struct imp_dicom_elements *elements);
void imp_dicom_palette_free(struct imp_dicom_palette *p);

/* The colour of a pixel's value: of the first or last entry beyond the table.
 */
const uint8_t *imp_dicom_palette_rgb(const struct imp_dicom_palette *p,
                                     int32_t value);

/* The value that comes next to a colour. */
int32_t imp_dicom_palette_nearest(struct imp_dicom_palette *p,
                                  const uint8_t rgb[3]);

#endif
