// Any bytes as a GIF to draw on. Once cleaned they are not damaged, and what is
// drawn is of as many frames and the same screen, and clean again.
#include "image/gif.h"
#include "mark/carrier.h"
#include "mark/frames.h"
#include "properties.h"

#include <stdlib.h>

extern const struct imp_format imp_format_gif;

static bool all_kept(struct imp_span file)
{
    struct imp_cutlist cl = {0};
    bool ok =
        fixed_cut(&imp_format_gif, file, IMP_FATE_DROP, IMP_CHECK_CODED, &cl) &&
        imp_cutlist_all_kept(&cl);
    imp_cutlist_clear(&cl);
    return ok;
}

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

// Two spots, one of them at the far corner.
static void draw(struct imp_span file, uint8_t seed, bool is_clean)
{
    const struct imp_carrier *gif = imp_carrier_of("gif");
    struct imp_look look, again;
    struct imp_ink ink = {0};
    struct imp_buf out = {0};
    struct imp_err err = {0};
    uint32_t w = 1 + seed % 13, h = 1 + seed % 11;
    if (!is_small(file) || !gif->look(file, &look, &err) || look.width < w ||
        look.height < h || (uint64_t)look.width * look.height > 1 << 22 ||
        !imp_mask_init(&ink.text, w, h, NULL) ||
        !imp_mask_init(&ink.outline, w, h, NULL))
        goto out;
    for (uint32_t i = 0; i < w * h; i++) {
        ink.text.cover[i] = (uint8_t)(i * seed);
        ink.outline.cover[i] = (uint8_t)(i % 3 * 127);
    }
    const struct imp_spot spots[] = {{0, 0}, {look.width - w, look.height - h}};
    const struct imp_drawing d = {
        .where = {&ink, spots, 2},
        .paint = {{seed, 255, 128}, (seed + 1) / 256.0}};
    if (gif->draw(&d, file, &look, &out, &err)) {
        struct imp_span made = imp_buf_span(&out);
        promise(!is_clean || all_kept(made), "what is drawn on stays clean");
        promise(imp_frames_of("gif", made) == imp_frames_of("gif", file),
                "no frame is lost");
        promise(gif->look(made, &again, NULL) && again.width == look.width &&
                    again.height == look.height,
                "the size is the same");
    } else {
        promise((err.code == IMP_ERR_DAMAGED && !is_clean) ||
                    err.code == IMP_ERR_LIMIT ||
                    err.code == IMP_ERR_UNSUPPORTED,
                "an error is the input's fault");
    }
out:
    imp_ink_clear(&ink);
    imp_buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_span in = {data, size};
    struct imp_cutlist cl = {0};
    struct imp_buf clean = {0};
    uint8_t seed = 0;
    for (size_t i = 0; i < size; i++)
        seed = (uint8_t)(seed * 31 + data[i]);
    draw(in, seed, false);
    if (imp_format_gif.sniff(in) &&
        fixed_cut(&imp_format_gif, in, IMP_FATE_DROP, IMP_CHECK_CODED, &cl) &&
        imp_cutlist_apply(&cl, in, &clean, NULL))
        draw(imp_buf_span(&clean), seed, true);
    imp_buf_clear(&clean);
    imp_cutlist_clear(&cl);
    return 0;
}
