// Two images pixel by pixel, page by page.
#include "mark/vips/picture.h"

#include <string.h>
#include <vips/vips.h>

static const struct {
    const char *format, *operation;
    bool pages;
} LOADERS[] = {
    {"png", "pngload_buffer", false},  {"webp", "webpload_buffer", true},
    {"gif", "gifload_buffer", true},   {"tiff", "tiffload_buffer", true},
    {"heif", "heifload_buffer", true}, {"avif", "heifload_buffer", true},
};

// NULL if the page is not read. Nothing is decoded yet.
static VipsImage *load(size_t loader, struct imp_span file, int page)
{
    VipsImage *out = NULL;
    // libvips takes bytes as void *, but does not write to them.
    VipsBlob *blob = vips_blob_new(NULL, (void *)(uintptr_t)file.p, file.n);
    int bad = LOADERS[loader].pages
                  ? vips_call(LOADERS[loader].operation, blob, &out, "fail_on",
                              VIPS_FAIL_ON_ERROR, "page", page, NULL)
                  : vips_call(LOADERS[loader].operation, blob, &out, "fail_on",
                              VIPS_FAIL_ON_ERROR, NULL);
    vips_area_unref(VIPS_AREA(blob));
    return bad ? NULL : out;
}

static void compare_pixels(const uint8_t *a, const uint8_t *b,
                           const VipsImage *image, const struct imp_area *area,
                           struct imp_difference *out)
{
    size_t pixel =
        (size_t)image->Bands * (size_t)vips_format_sizeof(image->BandFmt);
    uint32_t width = (uint32_t)image->Xsize, height = (uint32_t)image->Ysize;
    out->units += (uint64_t)width * height;
    for (uint32_t y = 0; y < height; y++) {
        size_t row = (size_t)y * width * pixel;
        if (memcmp(a + row, b + row, width * pixel) == 0)
            continue;
        for (uint32_t x = 0; x < width; x++) {
            size_t at = row + x * pixel;
            if (memcmp(a + at, b + at, pixel) == 0)
                continue;
            out->changed++;
            if (!imp_area_meets(area, x, y, (uint64_t)x + 1, (uint64_t)y + 1))
                out->outside++;
        }
    }
}

static bool compare_pages(VipsImage *a, VipsImage *b, int page,
                          const struct imp_area *area,
                          struct imp_difference *out, struct imp_err *err)
{
    size_t n = 0, m = 0;
    if (a->Xsize != b->Xsize || a->Ysize != b->Ysize || a->Bands != b->Bands ||
        a->BandFmt != b->BandFmt)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "page %d: size or kind of pixel differ", page);
    void *x = vips_image_write_to_memory(a, &n);
    void *y = vips_image_write_to_memory(b, &m);
    bool ok = x && y && n == m;
    if (ok)
        compare_pixels(x, y, a, area, out);
    else
        imp_fail(err, IMP_ERR_DAMAGED, "page %d does not decode", page);
    g_free(x);
    g_free(y);
    return ok;
}

static bool compare_all(size_t loader, struct imp_span source,
                        struct imp_span made, const struct imp_area *area,
                        struct imp_difference *out, struct imp_err *err)
{
    bool ok = true;
    for (int page = 0, pages = 1; ok && page < pages; page++) {
        VipsImage *a = load(loader, source, page);
        VipsImage *b = load(loader, made, page);
        if (a && b) {
            pages = vips_image_get_n_pages(a);
            ok = vips_image_get_n_pages(b) == pages
                     ? compare_pages(a, b, page, area, out, err)
                     : imp_fail(err, IMP_ERR_DAMAGED, "%d pages, want %d",
                                vips_image_get_n_pages(b), pages);
        } else {
            ok = imp_fail(err, IMP_ERR_DAMAGED, "page %d of the %s is not read",
                          page, a ? "output" : "source");
        }
        VIPS_UNREF(a);
        VIPS_UNREF(b);
    }
    return ok;
}

bool imp_vips_compare(const char *format, struct imp_span source,
                      struct imp_span made, const struct imp_area *area,
                      struct imp_difference *out, struct imp_err *err)
{
    *out = (struct imp_difference){.unit = "pixels"};
    for (size_t i = 0; i < G_N_ELEMENTS(LOADERS); i++) {
        if (strcmp(LOADERS[i].format, format) != 0)
            continue;
        bool ok = compare_all(i, source, made, area, out, err);
        vips_error_clear();
        vips_thread_shutdown();
        return ok;
    }
    return imp_fail(err, IMP_ERR_UNSUPPORTED, "no decoder for %s", format);
}
