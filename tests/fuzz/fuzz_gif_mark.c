// Any bytes as a GIF to draw on: what marking.h says, and no frame is lost.
#include "image/gif.h"
#include "mark/frames.h"
#include "marking.h"

extern const struct imp_format imp_format_gif;

// Frames may be of any size, and a code may stand for thousands of pixels.
static bool is_small(struct imp_span file)
{
    struct imp_gif gif;
    struct imp_gif_frame f;
    uint64_t pixels = 0;
    bool ok = imp_gif_begin(&gif, file, NULL);
    for (; ok && !gif.ended; pixels += (uint64_t)f.width * f.height)
        ok = imp_gif_next(&gif, &f, NULL);
    return ok && pixels <= 1 << 22;
}

static void judge(const struct marking *m, struct imp_span file,
                  struct imp_span made, const struct imp_area *area)
{
    (void)m, (void)area;
    promise(imp_frames_of("gif", made) == imp_frames_of("gif", file),
            "no frame is lost");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct marking gif = {.format = &imp_format_gif,
                                       .sound = true,
                                       .is_small = is_small,
                                       .judge = judge};
    check_marking(&gif, (struct imp_span){data, size});
    return 0;
}
