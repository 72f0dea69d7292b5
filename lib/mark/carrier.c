#include "mark/carrier.h"

#include "mark/pixels.h"

#include <stddef.h>
#include <string.h>

#define CARRIERS(ROW) \
    ROW(jpeg)         \
    ROW(png)          \
    ROW(tiff)
#define DECLARE(name) extern const struct imp_carrier imp_carrier_##name;
#define POINT_AT(name) &imp_carrier_##name,

CARRIERS(DECLARE)
static const struct imp_carrier *const carriers[] = {CARRIERS(POINT_AT)};

const struct imp_carrier *imp_carrier_of(const char *format)
{
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
        if (strcmp(carriers[i]->format, format) == 0)
            return carriers[i];
    return NULL;
}

bool imp_draw_page(const struct imp_drawing *d, struct imp_raster *raster,
                   uint32_t top, struct imp_err *err)
{
    uint64_t inked = 0, changed = 0;
    for (size_t i = 0; i < d->where.n; i++) {
        const struct imp_spot *spot = &d->where.spot[i];
        struct imp_blended b = imp_blend(
            raster, spot->x, (int64_t)top + spot->y, d->where.ink, &d->paint);
        inked += b.inked;
        changed += b.changed;
    }
    if (imp_ink_shows(inked, changed))
        return true;
    return imp_fail(err, IMP_ERR_LIMIT,
                    "the mark leaves no trace in this picture: %ju of %ju "
                    "pixels would change",
                    (uintmax_t)changed, (uintmax_t)inked);
}

bool imp_draw_decoded(const struct imp_drawing *d, const char *format,
                      struct imp_span file, const struct imp_look *look,
                      struct imp_buf *coded, struct imp_err *err)
{
    bool ok = false;
    struct imp_raster raster;
    struct imp_picture *picture = d->pixels->decode(format, file, &raster, err);
    if (!picture)
        return false;
    if (raster.width != look->width ||
        raster.height != (uint64_t)look->height * look->pages) {
        imp_fail(err, IMP_ERR_DAMAGED,
                 "decoded to %u x %u pixels, the header says %u x %u, %u times",
                 raster.width, raster.height, look->width, look->height,
                 look->pages);
        goto out;
    }
    for (uint32_t page = 0; page < look->pages; page++)
        if (!imp_draw_page(d, &raster, page * look->height, err))
            goto out;
    ok = d->pixels->encode(picture, &look->coding, coded, err);
out:
    d->pixels->free(picture);
    return ok;
}
