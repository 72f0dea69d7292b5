// The one symbol that the pixel library exports, and the setting up of libvips.
#include "mark/vips/picture.h"

#include <vips/vips.h>

static const struct imp_pixels PIXELS = {
    .version = IMP_PIXELS_VERSION,
    .draw_text = imp_vips_draw_text,
    .load_logo = imp_vips_load_logo,
    .free_logo = imp_vips_free_logo,
    .draw_logo = imp_vips_draw_logo,
    .to_profile = imp_vips_to_profile,
    .decode = imp_vips_decode,
    .encode = imp_vips_encode,
    .decode_planes = imp_vips_decode_planes,
    .encode_planes = imp_vips_encode_planes,
    .compare = imp_vips_compare,
    .free = imp_vips_free,
};

// Only these may touch a file's bytes, whatever libvips was built with.
static void allow_only_ours(void)
{
    static const char *const ours[] = {
        "VipsForeignLoadPng",   "VipsForeignSavePng",  "VipsForeignLoadWebp",
        "VipsForeignLoadNsgif", "VipsForeignLoadTiff", "VipsForeignSaveTiff",
        "VipsForeignLoadHeif"};
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeign", TRUE);
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        vips_operation_block_set(ours[i], FALSE);
}

// Its warnings quote the file, and what they warn of fails the decoding anyway.
static void stay_silent(const char *domain, GLogLevelFlags level,
                        const char *message, void *data)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)data;
}

__attribute__((visibility("default"))) imp_pixels_get_fn imp_pixels_get;

const struct imp_pixels *imp_pixels_get(struct imp_err *err)
{
    static bool ready;
    if (ready)
        return &PIXELS;
    if (vips_init("imgpipe")) {
        vips_error_clear();
        imp_fail(err, IMP_ERR_CONFIG, "libvips does not start");
        return NULL;
    }
    g_log_set_handler("VIPS",
                      G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE |
                          G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG,
                      stay_silent, NULL);
    allow_only_ours();
    // Each worker has an image of its own: no threads within one, and nothing
    // of one image is remembered for the next.
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    ready = true;
    return &PIXELS;
}
