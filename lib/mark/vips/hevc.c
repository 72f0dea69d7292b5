// Pictures coded as HEVC, decoded by libde265 into their own planes: libheif
// 1.15 hands out RGB alone.
#include "image/heif.h"
#include "mark/vips/hevc_sps.h"
#include "mark/vips/picture.h"

#include <libde265/de265.h>
#include <stdlib.h>
#include <string.h>

#define NAL_IDR 19
#define NAL_IDR_N_LP 20
#define NAL_VPS 32 // below: slices of pictures
#define NAL_SPS 33

struct reading {
    de265_decoder_context *decoder;
    const struct imp_coded *coded;
    struct imp_hevc_sps sps; // width 0: none yet
    unsigned pictures;
};

// All that describe the picture, as only the decoder knows which one it takes.
static bool says_the_same(const struct imp_hevc_sps *a,
                          const struct imp_hevc_sps *b)
{
    return a->chroma_loc == b->chroma_loc && imp_cicp_same(&a->cicp, &b->cicp);
}

// The decoder takes memory for the size that these say. A picture may be
// cropped by up to a block of 64 (7.4.3.2.1).
static bool take_sps(struct reading *r, struct imp_span nal,
                     struct imp_err *err)
{
    struct imp_hevc_sps sps = {0};
    const struct imp_coded *coded = r->coded;
    if (!imp_hevc_read_sps(nal, &sps))
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "HEVC whose sequence parameters cannot be followed "
                        "cannot be marked");
    if (!sps.square)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "HEVC that says that its pixels are not square cannot "
                        "be marked");
    if (r->sps.width && !says_the_same(&r->sps, &sps))
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "HEVC with two sorts of sequence parameters cannot be "
                        "marked");
    r->sps = sps;
    if (sps.width < coded->width + UINT64_C(64) &&
        sps.height < coded->height + UINT64_C(64))
        return true;
    return imp_fail(err, IMP_ERR_DAMAGED,
                    "a picture of %u x %u pixels is coded as %u x %u",
                    coded->width, coded->height, sps.width, sps.height);
}

// --- Units ---

// A slice segment's first bit tells whether it is a picture's first (7.3.6.1).
// Other pictures may take any time and memory, and are not seen. One that is no
// IDR picture may refer to others, which a still has no use for, and decoders
// have had faults there.
static bool check_slice(struct reading *r, unsigned type, struct imp_span nal,
                        struct imp_err *err)
{
    if (type != NAL_IDR && type != NAL_IDR_N_LP)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "a HEVC picture of type %u cannot be marked: want IDR",
                        type);
    r->pictures += nal.n > 2 && nal.p[2] & 0x80;
    return r->pictures <= 1 ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "an image of more than one HEVC picture cannot be marked");
}

static bool push(struct reading *r, struct imp_span nal, struct imp_err *err)
{
    if (nal.n < 2)
        return imp_fail(err, IMP_ERR_DAMAGED, "a unit of %zu bytes", nal.n);
    unsigned type = nal.p[0] >> 1 & 63;
    if (type == NAL_SPS && !take_sps(r, nal, err))
        return false;
    if (type < NAL_VPS && !check_slice(r, type, nal, err))
        return false;
    return (nal.n <= INT32_MAX && de265_push_NAL(r->decoder, nal.p, (int)nal.n,
                                                 0, NULL) == DE265_OK) ||
           imp_fail(err, IMP_ERR_DAMAGED, "a unit is not read");
}

// `n` units, or all there are, that have their lengths in front.
static bool push_units(struct reading *r, struct imp_heif_reader *from,
                       unsigned width, uint64_t n, struct imp_err *err)
{
    for (; n > 0 && from->at < from->in.n; n--) {
        struct imp_span nal;
        size_t length = (size_t)imp_heif_get(from, width);
        if (!from->ok || !imp_span_sub(from->in, from->at, length, &nal))
            return imp_fail(err, IMP_ERR_DAMAGED, "units end early");
        from->at += length;
        if (!push(r, nal, err))
            return false;
    }
    return true;
}

// 14496-15 8.3.3.1.2.
static bool push_all(struct reading *r, struct imp_err *err)
{
    const struct imp_coded *coded = r->coded;
    struct imp_heif_reader config = {.in = coded->config, .at = 22, .ok = true};
    struct imp_heif_reader data = {.in = coded->data, .ok = true};
    if (coded->config.n < 23)
        return imp_fail(err, IMP_ERR_DAMAGED, "no parameters");
    uint64_t arrays = imp_heif_get(&config, 1);
    for (uint64_t i = 0; i < arrays; i++) {
        imp_heif_get(&config, 1);
        uint64_t units = imp_heif_get(&config, 2);
        if (!config.ok || !push_units(r, &config, 2, units, err))
            return false;
    }
    unsigned width = (coded->config.p[21] & 3) + 1u;
    return push_units(r, &data, width, UINT64_MAX, err) &&
           (de265_flush_data(r->decoder) == DE265_OK ||
            imp_fail(err, IMP_ERR_DAMAGED, "the picture is not read"));
}

// Whatever it warns of is damage, for it may be a part that was made up.
static const struct de265_image *decode(de265_decoder_context *d,
                                        struct imp_err *err)
{
    int more = 1;
    const struct de265_image *image = NULL;
    while (more && !image) {
        de265_error e = de265_decode(d, &more);
        if (e != DE265_OK) {
            imp_fail(err, IMP_ERR_DAMAGED, "the picture does not decode");
            return NULL;
        }
        image = de265_get_next_picture(d);
    }
    if (!image || de265_get_warning(d) != DE265_OK) {
        imp_fail(err, IMP_ERR_DAMAGED,
                 image ? "the picture decodes with a warning"
                       : "no picture is decoded");
        return NULL;
    }
    return image;
}

static bool take(const struct de265_image *image, const struct imp_coded *coded,
                 struct imp_planes *out, struct imp_err *err)
{
    enum de265_chroma chroma = de265_get_chroma_format(image);
    out->n = chroma == de265_chroma_mono ? 1 : 3;
    out->h = chroma == de265_chroma_420 || chroma == de265_chroma_422 ? 2 : 1;
    out->v = chroma == de265_chroma_420 ? 2 : 1;
    out->depth = (unsigned)de265_get_bits_per_pixel(image, 0);
    if (out->n == 3 && de265_get_bits_per_pixel(image, 1) != (int)out->depth)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "luma and chroma of different depths cannot be marked");
    if (!imp_planes_init(out, coded->width, coded->height, err))
        return false;
    for (unsigned i = 0; i < out->n; i++) {
        int stride;
        const uint8_t *from = de265_get_image_plane(image, (int)i, &stride);
        if (!imp_vips_take_plane(&out->plane[i], from, stride,
                                 de265_get_image_width(image, (int)i),
                                 de265_get_image_height(image, (int)i),
                                 out->depth, err))
            return false;
    }
    return true;
}

// --- Memory for the picture ---

// The decoder leaves memory as it was where a damaged picture has nothing, and
// does not warn of it: that could be any other picture's. So the same is
// decoded onto memory full of one byte, and of another: what differs is
// missing. It asks for such memory unless a filter (SAO) is to follow, which
// adds no samples.

#define ALIGNMENT 64

// A row's length is told in bytes (libde265 1.0.11), but for more than 8 bits
// there is room for as many samples, as later versions count it.
static bool take_plane(struct de265_image *image, int i, size_t width,
                       size_t height, int byte)
{
    size_t bytes = de265_get_bits_per_pixel(image, i) > 8 ? 2 : 1;
    size_t row = (width * bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    size_t n = row * height * bytes + ALIGNMENT; // it reads a little beyond
    void *room = aligned_alloc(ALIGNMENT, n);
    if (!room)
        return false;
    memset(room, byte, n);
    de265_set_image_plane(image, i, room, (int)row, room);
    return true;
}

static int take_room(de265_decoder_context *d, struct de265_image_spec *spec,
                     struct de265_image *image, void *self)
{
    enum de265_chroma chroma = de265_get_chroma_format(image);
    int n = chroma == de265_chroma_mono ? 1 : 3;
    int h = chroma == de265_chroma_444 ? 1 : 2;
    int v = chroma == de265_chroma_420 ? 2 : 1;
    (void)d;
    for (int i = 0; i < n; i++) {
        int width = i ? (spec->width + h - 1) / h : spec->width;
        int height = i ? (spec->height + v - 1) / v : spec->height;
        if (!take_plane(image, i, (size_t)width, (size_t)height,
                        *(const int *)self))
            return 0;
    }
    return 1;
}

static void give_room_back(de265_decoder_context *d, struct de265_image *image,
                           void *self)
{
    (void)d, (void)self;
    for (int i = 0; i < 3; i++) {
        free(de265_get_image_plane_user_data(image, i));
        de265_set_image_plane(image, i, NULL, 0, NULL);
    }
}

static bool decode_with(de265_decoder_context *d, const struct imp_coded *coded,
                        struct imp_planes *out, struct imp_err *err)
{
    struct reading r = {.decoder = d, .coded = coded};
    const struct de265_image *image = push_all(&r, err) ? decode(d, err) : NULL;
    bool ok = image && take(image, coded, out, err);
    // The decoder takes some numbers of colours for unspecified.
    if (ok)
        out->cicp = r.sps.cicp;
    if (ok && out->n == 3)
        out->chroma_loc = r.sps.chroma_loc;
    if (!ok)
        imp_planes_clear(out);
    return ok;
}

// Not filtered. `byte` is a small one: a sample of any depth.
static bool decode_onto(int byte, const struct imp_coded *coded,
                        struct imp_planes *out, struct imp_err *err)
{
    struct de265_image_allocation room = {take_room, give_room_back};
    de265_decoder_context *d = de265_new_decoder();
    if (!d)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a decoder");
    de265_set_image_allocation_functions(d, &room, &byte);
    de265_set_parameter_bool(d, DE265_DECODER_PARAM_DISABLE_SAO, 1);
    de265_set_parameter_bool(d, DE265_DECODER_PARAM_DISABLE_DEBLOCKING, 1);
    bool ok = decode_with(d, coded, out, err);
    de265_free_decoder(d);
    return ok;
}

static bool check_all_there(const struct imp_coded *coded, struct imp_err *err)
{
    struct imp_planes a = {0}, b = {0};
    bool ok = decode_onto(0, coded, &a, err) && decode_onto(1, coded, &b, err);
    if (ok && !imp_planes_same(&a, &b))
        ok = imp_fail(err, IMP_ERR_DAMAGED, "a part of the picture is missing");
    imp_planes_clear(&a);
    imp_planes_clear(&b);
    return ok;
}

bool imp_vips_decode_hevc(const struct imp_coded *coded, struct imp_planes *out,
                          struct imp_err *err)
{
    if (!check_all_there(coded, err))
        return false;
    de265_decoder_context *d = de265_new_decoder();
    if (!d)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a decoder");
    bool ok = decode_with(d, coded, out, err);
    de265_free_decoder(d);
    return ok;
}
