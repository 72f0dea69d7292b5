#include "mark/turn.h"

#include "image/format.h"
#include "mark/orient.h"
#include "pics.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_err err;

static struct imp_turn turn_of(const char *format, const struct imp_buf *source,
                               const struct imp_buf *made)
{
    struct imp_turn turn;
    err = (struct imp_err){0};
    cr_assert(imp_turn_of(format, imp_buf_span(source), imp_buf_span(made),
                          &turn, &err),
              "%s: %s", format, err.msg);
    return turn;
}

// Made with each of two orientations, 0 meaning that none is stated.
static void expect_told(const char *format,
                        void (*make)(unsigned orientation, struct imp_buf *out))
{
    for (unsigned a = 0; a <= 8; a++)
        for (unsigned b = 0; b <= 8; b++) {
            struct imp_buf source = {0}, made = {0};
            make(a, &source);
            make(b, &made);
            struct imp_turn turn = turn_of(format, &source, &made);
            unsigned was = a ? a : 1, is = b ? b : 1;
            cr_expect_eq(turn.turned, was != is, "%s: %u, %u", format, a, b);
            if (turn.turned)
                cr_expect(turn.source == was && turn.made == is && !turn.page,
                          "%s: %u, %u", format, turn.source, turn.made);
            imp_buf_clear(&source);
            imp_buf_clear(&made);
        }
}

static void make_jpeg(unsigned orientation, struct imp_buf *out)
{
    const struct jpeg_kind kind = {
        .components = 1, .quality = 80, .orientation = orientation};
    jpeg_make(&kind, 8, 8, out);
}

static void make_png(unsigned orientation, struct imp_buf *out)
{
    struct imp_buf extra = {0};
    uint8_t exif[26];
    exif_make(orientation, exif);
    if (orientation)
        png_add_chunk(&extra, "eXIf", exif, sizeof exif);
    png_make(&PNG_KINDS[0], 8, 8, imp_buf_span(&extra), out);
    imp_buf_clear(&extra);
}

static void add(struct imp_buf *out, const void *bytes, size_t n)
{
    cr_assert(imp_buf_add(out, bytes, n, NULL));
}

static void add_le32(struct imp_buf *out, uint32_t v)
{
    uint8_t p[4];
    imp_put_le32(p, v);
    add(out, p, sizeof p);
}

static void add_webp_exif(unsigned orientation, struct imp_buf *out)
{
    uint8_t exif[26];
    exif_make(orientation, exif);
    add(out, "EXIF", 4);
    add_le32(out, sizeof exif);
    add(out, exif, sizeof exif);
    imp_put_le32(out->p + 4, (uint32_t)out->n - 8);
}

// One pixel, lossless (RFC 9649 2.7: VP8X, VP8L, EXIF).
static void make_webp(unsigned orientation, struct imp_buf *out)
{
    static const uint8_t head[] = "RIFF\0\0\0\0WEBPVP8X\12\0\0\0",
                         size[9] = {0},
                         coded[] = "VP8L\10\0\0\0\x2F\0\0\0\0"
                                   "\x88\x88\x08";
    uint8_t flags = orientation ? 8 : 0;
    add(out, head, sizeof head - 1);
    add(out, &flags, 1);
    add(out, size, sizeof size);
    add(out, coded, sizeof coded - 1);
    if (orientation)
        add_webp_exif(orientation, out);
    imp_put_le32(out->p + 4, (uint32_t)out->n - 8);
}

enum { IFD_TAGS = 4, IFD_SIZE = 2 + 12 * IFD_TAGS + 4 };

static void add_tag(struct imp_buf *out, unsigned tag, uint32_t value)
{
    add_le32(out, tag | 3u << 16); // SHORT
    add_le32(out, 1);
    add_le32(out, value);
}

// Directories one behind the other; 9 stands for one without a picture.
static void make_pages(const unsigned *orientation, size_t n,
                       struct imp_buf *out)
{
    add(out, "II*\0\10\0\0\0", 8);
    for (size_t i = 0; i < n; i++) {
        bool picture = orientation[i] != 9;
        add(out, "\4\0", 2);
        add_tag(out, picture ? 256 : 254, 1);
        add_tag(out, picture ? 257 : 255, 1);
        add_tag(out, 258, 8);
        add_tag(out, orientation[i] ? 274 : 262, orientation[i]);
        add_le32(out, i + 1 < n ? (uint32_t)out->n + 4 : 0);
    }
}

static void make_tiff(unsigned orientation, struct imp_buf *out)
{
    make_pages(&orientation, 1, out);
}

Test(turn, of_jpeg_png_webp_and_tiff_is_told)
{
    expect_told("jpeg", make_jpeg);
    expect_told("png", make_png);
    expect_told("webp", make_webp);
    expect_told("tiff", make_tiff);
}

Test(turn, of_each_page_is_told_and_what_is_no_page_is_passed_over)
{
    static const unsigned source[] = {6, 9, 1, 3}, same[] = {6, 1, 9, 3},
                          other[] = {6, 1, 4};
    struct imp_buf a = {0}, b = {0}, c = {0};
    make_pages(source, 4, &a);
    make_pages(same, 4, &b);
    make_pages(other, 3, &c);
    cr_expect_not(turn_of("tiff", &a, &b).turned);
    struct imp_turn turn = turn_of("tiff", &a, &c);
    cr_expect(turn.turned && turn.page == 2 && turn.source == 3 &&
              turn.made == 4);
    imp_buf_clear(&a);
    imp_buf_clear(&b);
    imp_buf_clear(&c);
}

Test(turn, of_broken_exif_is_none)
{
    struct imp_buf whole = {0}, broken = {0}, bare = {0};
    make_jpeg(6, &whole);
    make_jpeg(6, &broken);
    make_jpeg(0, &bare);
    uint8_t *magic = memmem(broken.p, broken.n, "MM\0*", 4);
    cr_assert_not_null(magic);
    magic[3] = '+';
    cr_expect_not(turn_of("jpeg", &broken, &bare).turned);
    cr_expect(turn_of("jpeg", &whole, &broken).turned);
    imp_buf_clear(&whole);
    imp_buf_clear(&broken);
    imp_buf_clear(&bare);
}

// PNG 11.3.4.5: viewers pass over a chunk with a wrong CRC, and read the first.
// RFC 9649 2.7.1.5: as do those of WebP.
Test(turn, is_by_the_block_that_viewers_read)
{
    struct imp_buf extra = {0}, source = {0}, made = {0};
    uint8_t exif[26];
    for (unsigned o = 3; o <= 8; o++) {
        exif_make(o, exif);
        png_add_chunk(&extra, "eXIf", exif, sizeof exif);
        if (o == 3)
            extra.p[extra.n - 1] ^= 1;
    }
    png_make(&PNG_KINDS[0], 8, 8, imp_buf_span(&extra), &source);
    make_png(4, &made);
    cr_expect_not(turn_of("png", &source, &made).turned);

    source.n = made.n = 0;
    make_webp(6, &source);
    add_webp_exif(3, &source);
    make_webp(6, &made);
    cr_expect_not(turn_of("webp", &source, &made).turned);
    imp_buf_clear(&extra);
    imp_buf_clear(&source);
    imp_buf_clear(&made);
}

Test(turn, of_what_is_not_read_is_an_error)
{
    static const char *const format[] = {"jpeg", "png", "webp", "tiff"};
    struct imp_buf whole[4] = {{0}};
    struct imp_turn turn;
    make_jpeg(6, &whole[0]);
    make_png(6, &whole[1]);
    make_webp(6, &whole[2]);
    make_tiff(6, &whole[3]);
    for (size_t i = 0; i < 4; i++) {
        struct imp_span good = imp_buf_span(&whole[i]), bad = {good.p, 20};
        cr_expect_not(imp_turn_of(format[i], good, bad, &turn, &err));
        cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", format[i]);
        cr_expect_not(imp_turn_of(format[i], bad, good, &turn, &err));
        cr_expect_not(
            imp_turn_of(format[i], (struct imp_span){0}, good, &turn, &err));
        imp_buf_clear(&whole[i]);
    }
    cr_expect_not(imp_turn_of("x", (struct imp_span){0}, (struct imp_span){0},
                              &turn, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
}

Test(turn, of_every_format_is_known)
{
    static const uint8_t junk[] = "no image at all";
    struct imp_span in = {junk, sizeof junk};
    struct imp_turn turn;
    for (size_t i = 0; imp_formats[i]; i++) {
        err = (struct imp_err){0};
        imp_turn_of(imp_formats[i]->name, in, in, &turn, &err);
        cr_expect_neq(err.code, IMP_ERR_UNSUPPORTED, "%s",
                      imp_formats[i]->name);
    }
}

// What the cleaner makes a SHORT of, or takes for want of a better one before.
Test(orientation, is_any_integer_and_the_first_that_is_one)
{
    static const uint8_t byte[] = {'M', 'M', 0,    42, 0, 0, 0, 8, 0,
                                   1,   1,   0x12, 0,  1, 0, 0, 0, 1,
                                   6,   0,   0,    0,  0, 0, 0, 0},
                         two[] = {'I',  'I', 42,   0, 8, 0, 0, 0, 2, 0,
                                  0x12, 1,   9,    0, 1, 0, 0, 0, 3, 0,
                                  0,    0,   0x12, 1, 4, 0, 1, 0, 0, 0,
                                  8,    0,   0,    0, 0, 0, 0, 0};
    uint8_t high[sizeof two];
    cr_expect_eq(imp_orientation_read((struct imp_span){byte, sizeof byte}), 6);
    cr_expect_eq(imp_orientation_read((struct imp_span){two, sizeof two}), 8);
    memcpy(high, two, sizeof two);
    high[32] = 1; // 65544
    cr_expect_eq(imp_orientation_read((struct imp_span){high, sizeof high}), 1);
}
