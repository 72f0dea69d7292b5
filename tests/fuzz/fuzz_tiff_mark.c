// Any bytes as a TIFF to draw on: what marking.h says, judged by libvips.
#include "marking.h"

#include "mark/compare.h"
#include "mark/frames.h"

extern const struct imp_format imp_format_tiff;

// A strip or a tile is decoded as a whole.
static bool is_small(struct imp_span file)
{
    (void)file;
    return true;
}

static void judge(const struct marking *m, struct imp_span file,
                  struct imp_span made, const struct imp_area *area)
{
    struct imp_difference d;
    struct imp_err err = {0};
    if (imp_frames_of("tiff", file) > IMP_COMPARE_PAGES)
        return;
    bool ok = m->pixels->compare("tiff", file, made,
                                 imp_frames_of("tiff", made), area, &d, &err);
    promise(ok, err.msg);
    promise(!d.another && d.outside == 0, "nothing else has changed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct marking tiff = {
        .format = &imp_format_tiff, .is_small = is_small, .judge = judge};
    if (!tiff.pixels)
        tiff.pixels = imp_pixels_load(NULL);
    promise(tiff.pixels, "the pixel library is there");
    check_marking(&tiff, (struct imp_span){data, size});
    return 0;
}
