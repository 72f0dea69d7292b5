// Pictures coded as AV1, decoded by dav1d into their own planes: libheif 1.15
// hands out RGB alone.
#include "image/heif.h"
#include "mark/vips/picture.h"

#include <dav1d/dav1d.h>
#include <errno.h>
#include <string.h>

// AV1 specification 6.2.2.
#define OBU_FRAME_HEADER 3
#define OBU_FRAME 6

// Frames that are not shown may take any time.
static bool check_one_frame(struct imp_span in, struct imp_err *err)
{
    struct imp_heif_reader r = {.in = in, .ok = true};
    unsigned type, frames = 0;
    while (r.at < in.n && imp_heif_next_obu(&r, &type))
        frames += type == OBU_FRAME_HEADER || type == OBU_FRAME;
    if (!r.ok || frames == 0)
        return imp_fail(err, IMP_ERR_DAMAGED, "no whole frame of AV1");
    return frames == 1 ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "an image of %u AV1 frames cannot be marked", frames);
}

static bool take(const Dav1dPicture *picture, const struct imp_coded *coded,
                 struct imp_planes *out, struct imp_err *err)
{
    enum Dav1dPixelLayout layout = picture->p.layout;
    out->n = layout == DAV1D_PIXEL_LAYOUT_I400 ? 1 : 3;
    out->h =
        layout == DAV1D_PIXEL_LAYOUT_I420 || layout == DAV1D_PIXEL_LAYOUT_I422
            ? 2
            : 1;
    out->v = layout == DAV1D_PIXEL_LAYOUT_I420 ? 2 : 1;
    out->depth = (unsigned)picture->p.bpc;
    out->cicp = (struct imp_cicp){
        .primaries = (uint16_t)picture->seq_hdr->pri,
        .transfer = (uint16_t)picture->seq_hdr->trc,
        .matrix = (uint16_t)picture->seq_hdr->mtrx,
        .full = picture->seq_hdr->color_range,
    };
    if (!imp_planes_init(out, coded->width, coded->height, err))
        return false;
    if (layout == DAV1D_PIXEL_LAYOUT_I420 &&
        picture->seq_hdr->chr != DAV1D_CHR_UNKNOWN)
        out->chroma_loc = (int)picture->seq_hdr->chr;
    for (unsigned i = 0; i < out->n; i++) {
        int h = i ? (int)out->h : 1, v = i ? (int)out->v : 1;
        if (!imp_vips_take_plane(&out->plane[i], picture->data[i],
                                 (int)picture->stride[i > 0],
                                 (picture->p.w + h - 1) / h,
                                 (picture->p.h + v - 1) / v, out->depth, err))
            return false;
    }
    return true;
}

static bool decode(Dav1dContext *d, struct imp_span in, Dav1dPicture *out,
                   struct imp_err *err)
{
    Dav1dData data = {0};
    uint8_t *room = dav1d_data_create(&data, in.n);
    if (!room)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu bytes", in.n);
    memcpy(room, in.p, in.n);
    int r = dav1d_send_data(d, &data);
    dav1d_data_unref(&data); // what is left of it
    if (r == 0)
        r = dav1d_get_picture(d, out);
    if (r == DAV1D_ERR(ENOMEM))
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a picture");
    return r == 0 ||
           imp_fail(err, IMP_ERR_DAMAGED, "the picture does not decode");
}

bool imp_vips_decode_av1(const struct imp_coded *coded, struct imp_planes *out,
                         struct imp_err *err)
{
    Dav1dContext *d = NULL;
    Dav1dPicture picture = {0};
    Dav1dSettings settings;
    if (!check_one_frame(coded->data, err))
        return false;
    dav1d_default_settings(&settings);
    settings.n_threads = 1;
    settings.max_frame_delay = 1;
    settings.all_layers = 0;
    settings.strict_std_compliance = 1;
    settings.frame_size_limit = (unsigned)(coded->width * coded->height);
    settings.logger.callback = NULL; // its messages quote the file
    if (dav1d_open(&d, &settings) != 0)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a decoder");
    bool ok = decode(d, coded->data, &picture, err) &&
              take(&picture, coded, out, err);
    if (!ok)
        imp_planes_clear(out);
    dav1d_picture_unref(&picture);
    dav1d_close(&d);
    return ok;
}
