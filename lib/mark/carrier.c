#include "mark/carrier.h"

#include "mark/pixels.h"

#include <stddef.h>
#include <string.h>

#define CARRIERS(ROW) \
    ROW(avif)         \
    ROW(heif)         \
    ROW(jpeg)         \
    ROW(png)          \
    ROW(gif)          \
    ROW(tiff)         \
    ROW(webp)
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

struct imp_blended imp_draw_ink(const struct imp_drawing *d,
                                struct imp_raster *raster, int64_t x, int64_t y)
{
    struct imp_blended sum = {0};
    for (size_t i = 0; i < d->where.n; i++) {
        const struct imp_spot *spot = &d->where.spot[i];
        struct imp_blended b = imp_blend(raster, x + spot->x, y + spot->y,
                                         d->where.ink, &d->paint);
        sum.inked += b.inked;
        sum.changed += b.changed;
    }
    return sum;
}

bool imp_draw_shows(struct imp_blended b, struct imp_err *err)
{
    if (imp_ink_shows(b.inked, b.changed))
        return true;
    return imp_fail(err, IMP_ERR_LIMIT,
                    "the mark leaves no trace in this picture: %ju of %ju "
                    "pixels would change",
                    (uintmax_t)b.changed, (uintmax_t)b.inked);
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
    raster.associated = look->coding.associated;
    if (!imp_sample_has_white(raster.sample) &&
        !imp_raster_measure(&raster, err))
        goto out;
    for (uint32_t page = 0; page < look->pages; page++) {
        int64_t top = (int64_t)page * look->height;
        if (!imp_draw_shows(imp_draw_ink(d, &raster, 0, top), err))
            goto out;
    }
    ok = d->pixels->encode(picture, &look->coding, coded, err);
out:
    d->pixels->free(picture);
    return ok;
}
