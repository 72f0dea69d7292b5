/* dicom_cuts.h - a DICOM data set cut element by element.
 *
 * Whoever calls says what becomes of each element; the lengths of the sequences
 * and items that it lies in are put right (PS3.5 7.5). Values that stay are not
 * looked at, so that the pixels of a large object are never touched. */
#ifndef IMP_IMAGE_DICOM_CUTS_H
#define IMP_IMAGE_DICOM_CUTS_H

#include "dicom/reader.h"
#include "image/cutlist.h"

#include <stdbool.h>
#include <stddef.h>

enum imp_dicom_cut {
    IMP_DICOM_CUT_KEEP,    /* as it is; of a sequence: its elements decide */
    IMP_DICOM_CUT_REMOVE,  /* with all that is in it */
    IMP_DICOM_CUT_REPLACE, /* `value` in its place, of even length (7.1.1); of
                              a sequence or encapsulated pixel data: empty */
};

struct imp_dicom_frames;

/* Implemented by whoever knows the rules. */
struct imp_dicom_decider {
    void *self;
    /* An item at `depth` (1: of a sequence of the outermost level) begins: what
     * the last one said of its own level is over. NULL: of no interest. */
    void (*item)(void *self, unsigned depth);
    /* Of an element, of a sequence or encapsulated pixel data as a whole: the
     * events _ELEMENT, _SEQUENCE_BEGIN and _PIXELS_BEGIN. `reader` tells the
     * path. `*value` is the decider's until the next call. */
    bool (*decide)(void *self, const struct imp_dcm_reader *reader,
                   const struct imp_dcm_event *event, enum imp_dicom_cut *cut,
                   struct imp_span *value, struct imp_err *err);
    /* What is hidden in pixel data that is kept goes: see dicom_frames.h.
     * Started, and set by the handler; NULL: such data stays as it is. */
    struct imp_dicom_frames *frames;
};

/* A whole element, with its header, in the encoding of the data set; goes in
 * before the first one of the outermost level with a higher tag. */
struct imp_dicom_addition {
    uint32_t tag;
    struct imp_span bytes;
};

/* "(0010,0010)", the list's: what a part is called in reports; no value. */
const char *imp_dicom_tag_name(struct imp_cutlist *cl, uint32_t tag);

/* Cut [at, end) of `in`, elements of this encoding: a data set, or a meta
 * group. `additions` are in the order of their tags, and for what the decider
 * removes if it is there. Zeros behind the last element go. Errors of the
 * reader and the decider; IMP_ERR_LIMIT, with the path, if a value does not fit
 * its header or a sequence grows beyond 32 bits. */
bool imp_dicom_cut_elements(struct imp_span in, uint64_t at, uint64_t end,
                            struct imp_dcm_encoding encoding,
                            const struct imp_dicom_decider *decider,
                            const struct imp_dicom_addition *additions,
                            size_t n_additions, struct imp_cutlist *cl,
                            struct imp_err *err);

#endif
