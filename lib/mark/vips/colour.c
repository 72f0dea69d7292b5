// The mark's colours in a picture's own space.
#include "mark/vips/picture.h"

#include <string.h>
#include <vips/vips.h>

#define CHUNK 100000 // colours at once

// `in`, in sRGB, as samples of the profile: NULL if they are not three bytes.
static VipsImage *convert(VipsImage *in, struct imp_span profile)
{
    VipsImage *lab = NULL, *with = NULL, *out = NULL;
    if (!vips_icc_import(in, &lab, "input_profile", "srgb", "intent",
                         VIPS_INTENT_RELATIVE, NULL) &&
        !vips_copy(lab, &with, NULL)) {
        vips_image_set_blob_copy(with, VIPS_META_ICC_NAME, profile.p,
                                 profile.n);
        if (vips_icc_export(with, &out, "depth", 8, "intent",
                            VIPS_INTENT_RELATIVE, NULL))
            out = NULL;
    }
    if (out && (out->Bands != 3 || out->BandFmt != VIPS_FORMAT_UCHAR))
        VIPS_UNREF(out);
    VIPS_UNREF(with);
    VIPS_UNREF(lab);
    return out;
}

static bool convert_chunk(struct imp_span profile, uint8_t *rgb, size_t n)
{
    size_t made = 0;
    VipsImage *plain =
        vips_image_new_from_memory(rgb, 3 * n, (int)n, 1, 3, VIPS_FORMAT_UCHAR);
    VipsImage *in = NULL, *out = NULL;
    if (plain && !vips_copy(plain, &in, "interpretation",
                            VIPS_INTERPRETATION_sRGB, NULL))
        out = convert(in, profile);
    void *bytes = out ? vips_image_write_to_memory(out, &made) : NULL;
    bool ok = bytes && made == 3 * n;
    if (ok)
        memcpy(rgb, bytes, made);
    g_free(bytes);
    VIPS_UNREF(out);
    VIPS_UNREF(in);
    VIPS_UNREF(plain);
    return ok;
}

bool imp_vips_to_profile(struct imp_span profile, uint8_t *rgb, size_t n,
                         struct imp_err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < n; i += CHUNK)
        ok = convert_chunk(profile, rgb + 3 * i, n - i < CHUNK ? n - i : CHUNK);
    vips_error_clear();
    vips_thread_shutdown();
    return ok || imp_fail(err, IMP_ERR_UNSUPPORTED,
                          "the mark's colours cannot be converted to the "
                          "picture's ICC profile");
}
