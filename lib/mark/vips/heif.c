// Planes into a HEIF file of one picture, without loss: as HEVC by libheif with
// x265 behind it; and out of coded pictures.
#include "mark/vips/picture.h"

#include <libheif/heif.h>
#include <string.h>

#define HEVC_MIN 64

// --- Planes out of decoders ---

bool imp_vips_take_plane(struct imp_plane *to, const uint8_t *from, int stride,
                         int width, int height, unsigned depth,
                         struct imp_err *err)
{
    if (!from || width != (int)to->width || height != (int)to->height)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "a plane of %u x %u samples is coded as %d x %d",
                        to->width, to->height, width, height);
    for (uint32_t y = 0; y < to->height; y++, from += stride) {
        uint16_t *row = to->sample + (size_t)y * to->width;
        if (depth > 8)
            memcpy(row, from, to->width * sizeof *row);
        else
            for (uint32_t x = 0; x < to->width; x++)
                row[x] = from[x];
    }
    return true;
}

bool imp_vips_decode_planes(const struct imp_coded *coded,
                            struct imp_planes *out, struct imp_err *err)
{
    *out = (struct imp_planes){0};
    uint64_t pixels = (uint64_t)coded->width * coded->height;
    if (pixels == 0 || pixels > IMP_COMPARE_PIXELS)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "%u x %u pixels, want 1 to %ju in all", coded->width,
                        coded->height, (uintmax_t)IMP_COMPARE_PIXELS);
    return strcmp(coded->type, "hvc1") == 0
               ? imp_vips_decode_hevc(coded, out, err)
               : imp_vips_decode_av1(coded, out, err);
}

// --- Planes into a file ---

static bool failed(struct heif_error e, const char *what, struct imp_err *err)
{
    // Its own message may quote parameters, but no file.
    if (e.code == heif_error_Ok)
        return false;
    enum imp_code code = e.code == heif_error_Memory_allocation_error
                             ? IMP_ERR_MEMORY
                             : IMP_ERR_UNSUPPORTED;
    imp_fail(err, code, "%s: libheif's error %d.%d", what, (int)e.code,
             (int)e.subcode);
    return true;
}

static void put_plane(const struct imp_plane *from, uint8_t *to, int stride,
                      unsigned depth)
{
    for (uint32_t y = 0; y < from->height; y++, to += stride) {
        const uint16_t *row = from->sample + (size_t)y * from->width;
        if (depth > 8)
            memcpy(to, row, from->width * sizeof *row);
        else
            for (uint32_t x = 0; x < from->width; x++)
                to[x] = (uint8_t)row[x];
    }
}

static enum heif_chroma chroma_of(const struct imp_planes *p)
{
    if (p->n == 1)
        return heif_chroma_monochrome;
    if (p->v == 2)
        return heif_chroma_420;
    return p->h == 2 ? heif_chroma_422 : heif_chroma_444;
}

// What the coded data says of colour, as before; the file's own word on it is
// not the encoder's. Reserved numbers are refused by these functions, while
// libheif's encoders drop all of them together.
static bool set_colour(struct heif_image *image, const struct imp_cicp *cicp,
                       struct imp_err *err)
{
    struct heif_color_profile_nclx *to = heif_nclx_color_profile_alloc();
    if (!to)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a profile");
    struct heif_error e[] = {
        heif_nclx_color_profile_set_color_primaries(to, cicp->primaries),
        heif_nclx_color_profile_set_transfer_characteristics(to,
                                                             cicp->transfer),
        heif_nclx_color_profile_set_matrix_coefficients(to, cicp->matrix),
    };
    to->full_range_flag = cicp->full;
    bool ok = !e[0].code && !e[1].code && !e[2].code;
    if (!ok)
        imp_fail(err, IMP_ERR_UNSUPPORTED,
                 "primaries %u, transfer %u and matrix %u are not all of H.273 "
                 "as the encoder knows it",
                 cicp->primaries, cicp->transfer, cicp->matrix);
    ok = ok &&
         !failed(heif_image_set_nclx_color_profile(image, to), "colours", err);
    heif_nclx_color_profile_free(to);
    return ok;
}

static struct heif_image *image_of(const struct imp_planes *p,
                                   struct imp_err *err)
{
    static const enum heif_channel channel[] = {heif_channel_Y, heif_channel_Cb,
                                                heif_channel_Cr};
    struct heif_image *image = NULL;
    if (failed(heif_image_create((int)p->plane[0].width,
                                 (int)p->plane[0].height,
                                 p->n == 1 ? heif_colorspace_monochrome
                                           : heif_colorspace_YCbCr,
                                 chroma_of(p), &image),
               "a picture", err))
        return NULL;
    for (unsigned i = 0; i < p->n; i++) {
        int stride;
        const struct imp_plane *from = &p->plane[i];
        uint8_t *to = NULL;
        if (!failed(heif_image_add_plane(image, channel[i], (int)from->width,
                                         (int)from->height, (int)p->depth),
                    "a plane", err))
            to = heif_image_get_plane(image, channel[i], &stride);
        if (!to) {
            heif_image_release(image);
            return NULL;
        }
        put_plane(from, to, stride, p->depth);
    }
    if (set_colour(image, &p->cicp, err))
        return image;
    heif_image_release(image);
    return NULL;
}

struct option {
    const char *name, *value;
};

// Without loss, as fast as it gets, in this thread alone; nothing is said about
// the encoder in the data. SAO changes no sample that is coded without loss,
// but x265 3.5 does not free what it has for it unless it is on.
static const struct option hevc_options[] = {
    {"preset", "ultrafast"},
    {"x265:sao", "1"},
    {"x265:pools", "none"},
    {"x265:frame-threads", "1"},
    {"x265:wpp", "0"},
    {"x265:info", "0"},
    {NULL, NULL},
};
static bool set_options(struct heif_encoder *encoder,
                        const struct imp_planes *p, struct imp_err *err)
{
    static const char *const chroma[] = {[heif_chroma_420] = "420",
                                         [heif_chroma_422] = "422",
                                         [heif_chroma_444] = "444"};
    enum heif_chroma kind = chroma_of(p);
    if (failed(heif_encoder_set_lossless(encoder, 1), "lossless", err) ||
        (kind != heif_chroma_monochrome &&
         failed(
             heif_encoder_set_parameter_string(encoder, "chroma", chroma[kind]),
             "chroma", err)))
        return false;
    for (const struct option *o = hevc_options; o->name; o++)
        if (failed(heif_encoder_set_parameter(encoder, o->name, o->value),
                   o->name, err))
            return false;
    const char loc[] = {(char)('0' + p->chroma_loc), '\0'};
    return p->chroma_loc < 0 ||
           !failed(heif_encoder_set_parameter(encoder, "x265:chromaloc", loc),
                   "chromaloc", err);
}

struct sink {
    struct imp_buf *out;
    struct imp_err *err;
};

static struct heif_error write_it(struct heif_context *context,
                                  const void *data, size_t n, void *self)
{
    struct sink *sink = self;
    (void)context;
    struct heif_error e = {heif_error_Ok, heif_suberror_Unspecified, ""};
    if (!imp_buf_add(sink->out, data, n, sink->err))
        e.code = heif_error_Memory_allocation_error;
    return e;
}

static bool encode(struct heif_context *context, struct heif_encoder *encoder,
                   const struct imp_planes *p, struct imp_buf *out,
                   struct imp_err *err)
{
    struct sink sink = {out, err};
    struct heif_writer writer = {1, write_it};
    struct heif_image *image = image_of(p, err);
    struct heif_encoding_options *options = heif_encoding_options_alloc();
    bool ok = false;
    if (!image)
        goto out;
    if (!options) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for options");
        goto out;
    }
    options->macOS_compatibility_workaround = 0; // it would wrap it in a grid
    ok = !failed(
             heif_context_encode_image(context, image, encoder, options, NULL),
             "the encoder", err) &&
         !failed(heif_context_write(context, &writer, &sink), "writing", err);
out:
    heif_encoding_options_free(options);
    if (image)
        heif_image_release(image);
    return ok;
}

// libheif's x265 enlarges what is odd or lower than its largest block.
static bool fits_hevc(const struct imp_planes *p, struct imp_err *err)
{
    uint32_t width = p->plane[0].width, height = p->plane[0].height;
    return (width >= HEVC_MIN && height >= HEVC_MIN && width % 2 == 0 &&
            height % 2 == 0) ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "HEVC of %u x %u pixels cannot be marked: want even sides "
                    "of %d or more",
                    width, height, HEVC_MIN);
}

// libaom would abort the program for RGB (matrix 0) with chroma of a lower
// resolution.
static bool fits_av1(const struct imp_planes *p, struct imp_err *err)
{
    return p->cicp.matrix != 0 || (p->n == 3 && p->h == 1 && p->v == 1) ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "AV1 that says that its %u planes, %u x %u pixels to a "
                    "sample, are RGB cannot be marked",
                    p->n, p->h, p->v);
}

static bool encode_hevc(const struct imp_planes *p, struct imp_buf *out,
                        struct imp_err *err)
{
    bool ok = false;
    struct heif_context *context = heif_context_alloc();
    struct heif_encoder *encoder = NULL;
    if (!context)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for an encoder");
    struct heif_error e = heif_context_get_encoder_for_format(
        context, heif_compression_HEVC, &encoder);
    if (e.code != heif_error_Ok)
        imp_fail(err, IMP_ERR_UNSUPPORTED,
                 "libheif has no encoder for HEVC here: it takes x265");
    else
        ok = set_options(encoder, p, err) &&
             encode(context, encoder, p, out, err);
    if (encoder)
        heif_encoder_release(encoder);
    heif_context_free(context);
    return ok;
}

bool imp_vips_encode_planes(const struct imp_planes *p, const char *type,
                            struct imp_buf *out, struct imp_err *err)
{
    if (strcmp(type, "hvc1") == 0)
        return fits_hevc(p, err) && encode_hevc(p, out, err);
    return fits_av1(p, err) && imp_vips_encode_av1(p, out, err);
}
