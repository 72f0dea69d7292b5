// The formats that libvips decodes and codes.
#include "mark/vips/picture.h"

#include <string.h>
#include <vips/vips.h>

struct vips_picture {
    struct imp_picture is;
    const struct operations *of;
    VipsImage *image; // in memory, ours alone
};

static int load_png(void *bytes, size_t n, VipsImage **out)
{
    return vips_pngload_buffer(bytes, n, out, "fail_on", VIPS_FAIL_ON_WARNING,
                               "access", VIPS_ACCESS_SEQUENTIAL, NULL);
}

// Metadata is not for the encoder to write: the carrier has it.
static int save_png(VipsImage *in, const struct imp_coding *coding,
                    void **bytes, size_t *n)
{
    return vips_pngsave_buffer(in, bytes, n, "interlace", coding->interlace,
                               "filter", VIPS_FOREIGN_PNG_FILTER_ALL, "strip",
                               TRUE, NULL);
}

// The first page, and the carrier shows no more than one.
static int load_tiff(void *bytes, size_t n, VipsImage **out)
{
    return vips_tiffload_buffer(bytes, n, out, "fail_on", VIPS_FAIL_ON_WARNING,
                                "access", VIPS_ACCESS_SEQUENTIAL, NULL);
}

// As for PNG.
static int save_tiff(VipsImage *in, const struct imp_coding *coding,
                     void **bytes, size_t *n)
{
    static const VipsForeignTiffCompression compressions[] = {
        [IMP_CODED_PLAIN] = VIPS_FOREIGN_TIFF_COMPRESSION_NONE,
        [IMP_CODED_LZW] = VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
        [IMP_CODED_DEFLATE] = VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
        [IMP_CODED_PACKBITS] = VIPS_FOREIGN_TIFF_COMPRESSION_PACKBITS,
        [IMP_CODED_FAX] = VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4,
    };
    static const VipsForeignTiffPredictor predictors[] = {
        [IMP_PREDICTED_NOT] = VIPS_FOREIGN_TIFF_PREDICTOR_NONE,
        [IMP_PREDICTED_ACROSS] = VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL,
        [IMP_PREDICTED_FLOAT] = VIPS_FOREIGN_TIFF_PREDICTOR_FLOAT,
    };
    bool tiled = coding->tile_width > 0;
    return vips_tiffsave_buffer(
        in, bytes, n, "compression", compressions[coding->compression],
        "predictor", predictors[coding->predictor], "tile", tiled, "tile_width",
        tiled ? (int)coding->tile_width : 128, "tile_height",
        tiled ? (int)coding->tile_height : 128, "bitdepth",
        coding->bilevel ? 1 : 0, "bigtiff", coding->big, "strip", TRUE, NULL);
}

static const struct operations {
    const char *format;
    int (*load)(void *bytes, size_t n, VipsImage **out);
    int (*save)(VipsImage *in, const struct imp_coding *coding, void **bytes,
                size_t *n);
} OPERATIONS[] = {
    {"png", load_png, save_png},
    {"tiff", load_tiff, save_tiff},
};

static const struct operations *operations_of(const char *format)
{
    for (size_t i = 0; i < G_N_ELEMENTS(OPERATIONS); i++)
        if (strcmp(OPERATIONS[i].format, format) == 0)
            return &OPERATIONS[i];
    return NULL;
}

static bool sample_of(VipsBandFormat format, enum imp_sample *out)
{
    static const struct {
        VipsBandFormat format;
        enum imp_sample sample;
    } rows[] = {
        {VIPS_FORMAT_UCHAR, IMP_SAMPLE_U8},
        {VIPS_FORMAT_USHORT, IMP_SAMPLE_U16},
        {VIPS_FORMAT_UINT, IMP_SAMPLE_U32},
        {VIPS_FORMAT_CHAR, IMP_SAMPLE_I8},
        {VIPS_FORMAT_SHORT, IMP_SAMPLE_I16},
        {VIPS_FORMAT_INT, IMP_SAMPLE_I32},
        {VIPS_FORMAT_FLOAT, IMP_SAMPLE_F32},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].format == format) {
            *out = rows[i].sample;
            return true;
        }
    return false;
}

// What libvips decoded, in our terms; false for what we do not draw on.
static bool describe(const VipsImage *in, struct imp_raster *out)
{
    bool cmyk = in->Type == VIPS_INTERPRETATION_CMYK;
    *out = (struct imp_raster){
        .width = (uint32_t)in->Xsize,
        .height = (uint32_t)in->Ysize,
        .space = cmyk             ? IMP_SPACE_CMYK
                 : in->Bands >= 3 ? IMP_SPACE_RGB
                                  : IMP_SPACE_GREY,
        .alpha = !cmyk && in->Bands % 2 == 0,
    };
    return sample_of(in->BandFmt, &out->sample) &&
           (unsigned)in->Bands == imp_raster_bands(out) &&
           in->Coding == VIPS_CODING_NONE &&
           (!out->alpha || imp_sample_has_white(out->sample));
}

// Decode `in` into memory. libvips's own messages stay where they are: they
// quote the file, and its log is one for all threads.
static VipsImage *decode_all(VipsImage *in, const struct imp_raster *raster,
                             struct imp_err *err)
{
    // Asked for beforehand, so that a lack of memory is not taken for damage.
    size_t n = (size_t)raster->width * raster->height *
               imp_raster_bands(raster) * imp_sample_bytes(raster->sample);
    void *room = g_try_malloc(n);
    g_free(room);
    if (!room) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for %u x %u pixels",
                 raster->width, raster->height);
        return NULL;
    }
    VipsImage *image = vips_image_copy_memory(in);
    if (!image)
        imp_fail(err, IMP_ERR_DAMAGED, "the picture does not decode");
    return image;
}

static struct imp_picture *decode(const char *format, struct imp_span file,
                                  struct imp_raster *raster,
                                  struct imp_err *err)
{
    struct vips_picture *picture = NULL;
    VipsImage *in = NULL, *image = NULL;

    const struct operations *of = operations_of(format);
    if (!of) {
        imp_fail(err, IMP_ERR_UNSUPPORTED, "no decoder for %s", format);
        return NULL;
    }
    // libvips takes bytes as void *, but does not write to them.
    if (of->load((void *)(uintptr_t)file.p, file.n, &in)) {
        imp_fail(err, IMP_ERR_DAMAGED,
                 "the picture does not decode: its "
                 "header");
        goto out;
    }
    if (!describe(in, raster)) {
        imp_fail(err, IMP_ERR_UNSUPPORTED,
                 "a picture of %d samples in format %d cannot be marked",
                 in->Bands, (int)in->BandFmt);
        goto out;
    }
    image = decode_all(in, raster, err);
    if (!image)
        goto out;
    picture = g_new0(struct vips_picture, 1);
    picture->is.codec = &imp_codec_vips;
    picture->of = of;
    picture->image = image;
    // Of an image in memory this is the memory itself.
    raster->data = (void *)(uintptr_t)vips_image_get_data(image);
out:
    VIPS_UNREF(in);
    vips_error_clear();
    return picture ? &picture->is : NULL;
}

static bool encode(const struct imp_picture *p, const struct imp_coding *coding,
                   struct imp_buf *out, struct imp_err *err)
{
    const struct vips_picture *picture = (const struct vips_picture *)p;
    void *bytes = NULL;
    size_t n = 0;
    if (picture->of->save(picture->image, coding, &bytes, &n)) {
        vips_error_clear();
        return imp_fail(err, IMP_ERR_MEMORY, "the picture cannot be coded");
    }
    bool ok = imp_buf_add(out, bytes, n, err);
    g_free(bytes);
    return ok;
}

static void free_picture(struct imp_picture *p)
{
    struct vips_picture *picture = (struct vips_picture *)p;
    VIPS_UNREF(picture->image);
    g_free(picture);
    vips_thread_shutdown();
}

const struct imp_codec imp_codec_vips = {decode, encode, free_picture};
