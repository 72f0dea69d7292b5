// Two images pixel by pixel, page by page.
#include "mark/vips/picture.h"

#include <string.h>
#include <vips/vips.h>

static const struct {
    const char *format, *operation;
    bool pages; // it may have more than one
    bool apart; // and they may differ in size
    // A chroma sample is shared by 2 x 2 pixels, and a reader interpolates
    // between it and its neighbours: ink may show in pixels that are so far
    // from it. Their luma is the same, which is not seen here.
    unsigned reach;
} LOADERS[] = {
    {"png", "pngload_buffer", false, false, 0},
    {"webp", "webpload_buffer", true, false, 0},
    {"gif", "gifload_buffer", true, false, 0},
    {"tiff", "tiffload_buffer", true, true, 0},
    {"heif", "heifload_buffer", true, true, 2},
    {"avif", "heifload_buffer", true, true, 2},
};

// NULL if the pages are not read. Nothing is decoded yet.
static VipsImage *load(size_t loader, struct imp_span file, int page, int n)
{
    VipsImage *out = NULL;
    // libvips takes bytes as void *, but does not write to them.
    VipsBlob *blob = vips_blob_new(NULL, (void *)(uintptr_t)file.p, file.n);
    int bad = LOADERS[loader].pages
                  ? vips_call(LOADERS[loader].operation, blob, &out, "fail_on",
                              VIPS_FAIL_ON_ERROR, "page", page, "n", n, NULL)
                  : vips_call(LOADERS[loader].operation, blob, &out, "fail_on",
                              VIPS_FAIL_ON_ERROR, NULL);
    vips_area_unref(VIPS_AREA(blob));
    return bad ? NULL : out;
}

// `image` says what both are: pages of `page_height` rows, one below the other.
static void compare_pixels(const uint8_t *a, const uint8_t *b,
                           const VipsImage *image, uint32_t page_height,
                           const struct imp_area *area, unsigned reach,
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
            uint64_t row_of_page = y % page_height;
            if (!imp_area_meets(area, x > reach ? x - reach : 0,
                                row_of_page > reach ? row_of_page - reach : 0,
                                (uint64_t)x + 1 + reach,
                                row_of_page + 1 + reach))
                out->outside++;
        }
    }
}

// An animation is shown as long and as often as before. Pictures that stand
// still have neither.
static bool same_timing(VipsImage *a, VipsImage *b)
{
    int *x = NULL, *y = NULL, n = 0, m = 0, loop_a = 0, loop_b = 0;
    if (vips_image_get_typeof(a, "delay") &&
        vips_image_get_array_int(a, "delay", &x, &n))
        n = 0;
    if (vips_image_get_typeof(b, "delay") &&
        vips_image_get_array_int(b, "delay", &y, &m))
        m = 0;
    if (vips_image_get_typeof(a, "loop"))
        vips_image_get_int(a, "loop", &loop_a);
    if (vips_image_get_typeof(b, "loop"))
        vips_image_get_int(b, "loop", &loop_b);
    return loop_a == loop_b && n == m &&
           (n == 0 || memcmp(x, y, (size_t)n * sizeof *x) == 0);
}

// Pages of both, from `page` on, `n` of them (-1: all, one below the other).
static bool compare_pages(size_t loader, struct imp_span source,
                          struct imp_span made, int page, int n,
                          const struct imp_area *area,
                          struct imp_difference *out, struct imp_err *err)
{
    VipsImage *a = load(loader, source, page, n);
    VipsImage *b = load(loader, made, page, n);
    void *x = NULL, *y = NULL;
    size_t x_n = 0, y_n = 0;
    bool ok = false;
    if (!a || !b) {
        imp_fail(err, IMP_ERR_DAMAGED, "page %d of the %s is not read", page,
                 a ? "output" : "source");
        goto out;
    }
    int height = vips_image_get_page_height(b), pages = b->Ysize / height;
    if (!imp_compare_fits((uint32_t)b->Xsize, (uint32_t)height, (uint32_t)pages,
                          area, err))
        goto out;
    ok = true;
    if (a->Xsize != b->Xsize || a->Ysize != b->Ysize || a->Bands != b->Bands ||
        a->BandFmt != b->BandFmt || vips_image_get_page_height(a) != height ||
        !same_timing(a, b)) {
        out->another = true;
        goto out;
    }
    x = vips_image_write_to_memory(a, &x_n);
    y = vips_image_write_to_memory(b, &y_n);
    ok = x && y && x_n == y_n;
    if (ok)
        compare_pixels(x, y, b, (uint32_t)height, area, LOADERS[loader].reach,
                       out);
    else
        imp_fail(err, IMP_ERR_DAMAGED, "page %d does not decode", page);
out:
    g_free(x);
    g_free(y);
    VIPS_UNREF(a);
    VIPS_UNREF(b);
    return ok;
}

// TIFF has pages of different sizes; to find one, a reader goes past all before
// it. Frames come in their order, all at once.
static bool compare_all(size_t loader, struct imp_span source,
                        struct imp_span made, uint64_t frames,
                        const struct imp_area *area, struct imp_difference *out,
                        struct imp_err *err)
{
    VipsImage *a = load(loader, source, 0, 1), *b = load(loader, made, 0, 1);
    int pages = b ? vips_image_get_n_pages(b) : 0;
    bool read = a, as_many = a && vips_image_get_n_pages(a) == pages;
    VIPS_UNREF(a);
    VIPS_UNREF(b);
    if (!pages || (uint64_t)pages < frames || pages > IMP_COMPARE_PAGES)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "%d of %ju pictures in the file are decoded", pages,
                        (uintmax_t)frames);
    if (!read)
        return imp_fail(err, IMP_ERR_DAMAGED, "the source is not read");
    if (!as_many) {
        out->another = true;
        return true;
    }
    if (!LOADERS[loader].apart)
        return compare_pages(loader, source, made, 0, -1, area, out, err);
    bool ok = true;
    for (int page = 0; ok && !out->another && page < pages; page++)
        ok = compare_pages(loader, source, made, page, 1, area, out, err);
    return ok;
}

bool imp_vips_compare(const char *format, struct imp_span source,
                      struct imp_span made, uint64_t frames,
                      const struct imp_area *area, struct imp_difference *out,
                      struct imp_err *err)
{
    *out = (struct imp_difference){.unit = "pixels"};
    for (size_t i = 0; i < G_N_ELEMENTS(LOADERS); i++) {
        if (strcmp(LOADERS[i].format, format) != 0)
            continue;
        bool ok = compare_all(i, source, made, frames, area, out, err);
        vips_error_clear();
        vips_thread_shutdown();
        return ok;
    }
    return imp_fail(err, IMP_ERR_UNSUPPORTED, "no decoder for %s", format);
}
