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

// All pages, one below the other.
static int load_tiff(void *bytes, size_t n, VipsImage **out)
{
    return vips_tiffload_buffer(bytes, n, out, "n", -1, "fail_on",
                                VIPS_FAIL_ON_WARNING, "access",
                                VIPS_ACCESS_SEQUENTIAL, NULL);
}

// Metadata is written: profile, orientation, resolution. What is more than that
// does not stay when the file is cleaned again.
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
    bool tiled = coding->tile_width > 0;
    return vips_tiffsave_buffer(
        in, bytes, n, "compression", compressions[coding->compression],
        "predictor",
        coding->predictor ? VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL
                          : VIPS_FOREIGN_TIFF_PREDICTOR_NONE,
        "tile", tiled, "tile_width", tiled ? (int)coding->tile_width : 128,
        "tile_height", tiled ? (int)coding->tile_height : 128, "bitdepth",
        coding->bilevel ? 1 : 0, "bigtiff", coding->big, NULL);
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
        .wide = in->BandFmt == VIPS_FORMAT_USHORT,
    };
    return (unsigned)in->Bands == imp_raster_bands(out) &&
           in->Coding == VIPS_CODING_NONE &&
           (out->wide || in->BandFmt == VIPS_FORMAT_UCHAR);
}

// Decode `in` into memory. libvips's own messages stay where they are: they
// quote the file, and its log is one for all threads.
static VipsImage *decode_all(VipsImage *in, const struct imp_raster *raster,
                             struct imp_err *err)
{
    // Asked for beforehand, so that a lack of memory is not taken for damage.
    size_t n = (size_t)raster->width * raster->height *
               imp_raster_bands(raster) * (raster->wide ? 2 : 1);
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
