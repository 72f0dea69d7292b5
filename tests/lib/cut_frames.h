/* cut_frames.h - pixel data cut, all elements being kept, by one thread or by
 * two. */
#ifndef IMP_TEST_CUT_FRAMES_H
#define IMP_TEST_CUT_FRAMES_H

#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"

static inline bool keep_all(void *self, const struct imp_dcm_reader *reader,
                            const struct imp_dcm_event *event,
                            enum imp_dicom_cut *cut, struct imp_span *value,
                            struct imp_err *err)
{
    (void)self, (void)reader, (void)event, (void)value, (void)err;
    *cut = IMP_DICOM_CUT_KEEP;
    return true;
}

/* The data set `in`, to `cl`. `threads`: more than one, and a second one helps
 * where JPEG frames are followed, however few they are. */
static inline bool cut_frames(unsigned threads, struct imp_span in,
                              const struct imp_dcm_syntax *syntax,
                              enum imp_check check, struct imp_cutlist *cl,
                              struct imp_err *err)
{
    struct imp_dcm_image image;
    struct imp_dicom_frames frames;
    const struct imp_dicom_decider all = {.decide = keep_all,
                                          .frames = &frames};
    *err = (struct imp_err){0};
    imp_cutlist_start(cl, in.n);
    if (!imp_dcm_image_read(in, 0, syntax, &image, err))
        return false;
    imp_dicom_frames_start(&frames, &image, check);
    frames.shared_from = threads > 1 ? 0 : UINT64_MAX;
    bool ok = imp_dicom_cut_elements(in, 0, in.n, syntax->encoding, &all, NULL,
                                     0, cl, err);
    imp_dicom_frames_end(&frames);
    return ok && imp_cutlist_finish(cl, err);
}

#endif
