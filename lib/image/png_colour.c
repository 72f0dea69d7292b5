#include "image/png.h"

// Small chunks that say how to show the picture. Each has a fixed form, checked
// to the last value: what could hold text instead of numbers does not pass.
// hIST and sPLT describe the picture too, but only help to show it with fewer
// colours and have room for half a kilobyte of anything: they go.

// Below this, a number is never four printable characters.
#define PLAIN 0x20000000u

static bool is_grey(const struct imp_png *png)
{
    return png->colour == IMP_PNG_GREY || png->colour == IMP_PNG_GREY_ALPHA;
}

// 11.3.2.2; libpng ignores a gamma below 16 as well.
static bool fits_gama(const struct imp_png *png, struct imp_span d)
{
    (void)png;
    return d.n == 4 && imp_be32(d.p) >= 16 && imp_be32(d.p) < PLAIN;
}

// 11.3.2.1: x and y of white, red, green, blue; 100000 is 1.
static bool fits_chrm(const struct imp_png *png, struct imp_span d)
{
    (void)png;
    const uint32_t one = 100000;
    if (d.n != 32)
        return false;
    for (size_t i = 0; i < d.n; i += 8) {
        uint32_t x = imp_be32(d.p + i), y = imp_be32(d.p + i + 4);
        if (x > one || y > one - x)
            return false;
    }
    return true;
}

// 11.3.2.5: a rendering intent.
static bool fits_srgb(const struct imp_png *png, struct imp_span d)
{
    (void)png;
    return d.n == 1 && d.p[0] <= 3;
}

// 11.3.2.4: significant bits of each channel, of the palette's if there is one.
static bool fits_sbit(const struct imp_png *png, struct imp_span d)
{
    static const uint8_t channels[] = {[IMP_PNG_GREY] = 1,
                                       [IMP_PNG_TRUECOLOUR] = 3,
                                       [IMP_PNG_INDEXED] = 3,
                                       [IMP_PNG_GREY_ALPHA] = 2,
                                       [IMP_PNG_TRUECOLOUR_ALPHA] = 4};
    uint8_t most = png->colour == IMP_PNG_INDEXED ? 8 : png->depth;
    if (d.n != channels[png->colour])
        return false;
    for (size_t i = 0; i < d.n; i++)
        if (d.p[i] == 0 || d.p[i] > most)
            return false;
    return true;
}

// 11.3.2.6: code points of ITU-T H.273. RGB has no matrix.
static bool fits_cicp(const struct imp_png *png, struct imp_span d)
{
    (void)png;
    return d.n == 4 && d.p[2] == 0 && d.p[3] <= 1;
}

// 11.3.2.7: x and y of red, green, blue, white in steps of 0.00002, then the
// largest and the least luminance in steps of 0.0001 cd/m2.
static bool fits_mdcv(const struct imp_png *png, struct imp_span d)
{
    (void)png;
    const unsigned one = 50000;
    if (d.n != 24)
        return false;
    for (size_t i = 0; i < 16; i += 4) {
        unsigned x = imp_be16(d.p + i), y = imp_be16(d.p + i + 2);
        if (x > one || y > one - x)
            return false;
    }
    uint32_t most = imp_be32(d.p + 16), least = imp_be32(d.p + 20);
    return most < PLAIN && least < most;
}

// 11.3.2.8: content and frame-average light level.
static bool fits_clli(const struct imp_png *png, struct imp_span d)
{
    (void)png;
    return d.n == 8 && imp_be32(d.p) < PLAIN && imp_be32(d.p + 4) < PLAIN;
}

// 11.3.4.1: a colour that the image could have.
static bool fits_bkgd(const struct imp_png *png, struct imp_span d)
{
    if (png->colour == IMP_PNG_INDEXED)
        return d.n == 1 && d.p[0] < png->entries;
    if (d.n != (is_grey(png) ? 2 : 6))
        return false;
    for (size_t i = 0; i < d.n; i += 2)
        if (imp_be16(d.p + i) >> png->depth)
            return false;
    return true;
}

// 11.3.4.3: pixels per unit; the unit is unknown or the metre.
static bool fits_phys(const struct imp_png *png, struct imp_span d)
{
    (void)png;
    return d.n == 9 && imp_be32(d.p) < PLAIN && imp_be32(d.p + 4) < PLAIN &&
           d.p[8] <= 1;
}

// 5.6: where they may stand.
enum place { BEFORE_PLTE, AFTER_PLTE, BEFORE_IDAT };

static bool in_place(const struct imp_png *png, enum place place)
{
    if (png->phase != IMP_PNG_BEFORE_IDAT)
        return false;
    if (place == BEFORE_PLTE)
        return !png->has_plte;
    return place == BEFORE_IDAT || png->colour != IMP_PNG_INDEXED ||
           png->has_plte;
}

static const struct {
    const char *type;
    enum place place;
    bool (*fits)(const struct imp_png *png, struct imp_span d);
} rules[] = {
    {"gAMA", BEFORE_PLTE, fits_gama}, {"cHRM", BEFORE_PLTE, fits_chrm},
    {"sRGB", BEFORE_PLTE, fits_srgb}, {"sBIT", BEFORE_PLTE, fits_sbit},
    {"cICP", BEFORE_PLTE, fits_cicp}, {"mDCV", BEFORE_PLTE, fits_mdcv},
    {"mDCv", BEFORE_PLTE, fits_mdcv}, {"cLLI", BEFORE_PLTE, fits_clli},
    {"cLLi", BEFORE_PLTE, fits_clli}, {"bKGD", AFTER_PLTE, fits_bkgd},
    {"pHYs", BEFORE_IDAT, fits_phys},
};
#define RULES (sizeof rules / sizeof *rules)

static const char *why_not(const struct imp_png *png,
                           const struct imp_png_chunk *c, enum place place,
                           bool seen)
{
    if (!in_place(png, place))
        return "out of place";
    if (seen)
        return "repeated";
    return imp_png_crc_fits(c) ? NULL : "CRC does not fit";
}

// A private chunk (5.4: small second letter) is some application's own.
static bool drop_unknown(struct imp_png *png, const struct imp_png_chunk *c,
                         struct imp_err *err)
{
    bool is_private = c->type[1] >= 'a';
    return imp_png_drop(png, c, is_private ? IMP_PART_VENDOR : IMP_PART_UNKNOWN,
                        NULL, err);
}

bool imp_png_take_ancillary(struct imp_png *png, const struct imp_png_chunk *c,
                            struct imp_err *err)
{
    size_t i = 0;
    while (i < RULES && !imp_png_is(c, rules[i].type))
        i++;
    if (i == RULES)
        return drop_unknown(png, c, err);

    uint32_t bit = 1u << i;
    const char *why = why_not(png, c, rules[i].place, png->seen & bit);
    if (!why && !rules[i].fits(png, c->data))
        why = "malformed";
    if (why)
        return imp_png_drop(png, c, IMP_PART_UNKNOWN, why, err);
    png->seen |= bit;
    imp_png_keep(png, c, IMP_PART_STRUCTURE);
    return true;
}

// 11.3.1.1. Alpha of the palette's first entries, or a colour that is
// transparent; images with an alpha channel have none.
static bool fits_trns(const struct imp_png *png, struct imp_span d)
{
    switch (png->colour) {
    case IMP_PNG_INDEXED:
        return d.n >= 1 && d.n <= png->entries;
    case IMP_PNG_GREY:
        return d.n == 2;
    case IMP_PNG_TRUECOLOUR:
        return d.n == 6;
    default:
        return false;
    }
}

// A malformed tRNS goes: decoders ignore it, so the picture stays the same.
bool imp_png_take_trns(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    const char *why = why_not(png, c, AFTER_PLTE, png->has_trns);
    if (!why && !fits_trns(png, c->data))
        why = "malformed";
    if (why)
        return imp_png_drop(png, c, IMP_PART_UNKNOWN, why, err);
    png->has_trns = true;
    if (png->colour == IMP_PNG_INDEXED) {
        imp_png_keep(png, c, IMP_PART_STRUCTURE);
        return true;
    }
    // 11.3.1.1: decoders mask the bits above the image's depth; so do we.
    uint8_t masked[6];
    for (size_t i = 0; i < c->data.n; i += 2) {
        unsigned sample = imp_be16(c->data.p + i);
        imp_put_be16(masked + i, (uint16_t)(sample & ((1u << png->depth) - 1)));
    }
    return imp_png_replace(png, c, IMP_PART_STRUCTURE,
                           (struct imp_span){masked, c->data.n}, err);
}
