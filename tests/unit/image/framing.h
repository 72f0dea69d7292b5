/* framing.h - pixel data made by hand, cut, and compared with what must come
 * out. */
#ifndef IMP_TEST_IMAGE_FRAMING_H
#define IMP_TEST_IMAGE_FRAMING_H

#include "../../lib/cut_frames.h"
#include "../../lib/same_cuts.h"
#include "../dicom/made.h"

static struct imp_cutlist list;
static struct imp_buf out;
static struct imp_err err;

static inline void clear(void)
{
    imp_cutlist_clear(&list);
    imp_buf_clear(&out);
}

#define SYNTAX(suffix) "1.2.840.10008.1.2" suffix
#define EXPLICIT SYNTAX(".1")
#define BIG SYNTAX(".2")
#define UNCOMPRESSED SYNTAX(".1.98")
#define BASELINE SYNTAX(".4.50")
#define JPEG_LS SYNTAX(".4.80")
#define JPEG_2000 SYNTAX(".4.90")
#define RLE SYNTAX(".5")

// By two threads as by one.
static inline bool cut_span(struct imp_span in, const char *uid,
                            enum imp_check check)
{
    static struct imp_cutlist by_two;
    struct imp_err of_two;
    const struct imp_dcm_syntax *syntax =
        imp_dcm_syntax_of((struct imp_span){(const uint8_t *)uid, strlen(uid)});
    bool two = cut_frames(2, in, syntax, check, &by_two, &of_two);
    bool one = cut_frames(1, in, syntax, check, &list, &err);
    cr_expect_eq(one, two, "one: %s, two: %s", err.msg, of_two.msg);
    cr_expect_str_eq(of_two.msg, err.msg);
    cr_expect_eq(of_two.code, err.code);
    cr_expect(!one || same_cuts(&list, &by_two));
    imp_cutlist_clear(&by_two);
    return one && imp_cutlist_apply(&list, in, &out, &err);
}

// Cut what was made; then what came out, with zeros in place of coded data,
// which must be all kept.
static inline bool cut(const char *uid)
{
    if (!cut_span(made_span(), uid, IMP_CHECK_CODED))
        return false;
    cr_expect_eq(out.n, made.n, "the length stays");
    struct imp_buf again = {0};
    cr_assert(imp_buf_add(&again, out.p, out.n, NULL));
    for (size_t i = 0; i < list.n; i++)
        if (list.cut[i].part == IMP_PART_CODED)
            memset(again.p + list.cut[i].offset, 0, list.cut[i].length);
    cr_expect(cut_span(imp_buf_span(&again), uid, IMP_CHECK_AGAIN), "%s",
              err.msg);
    cr_expect(imp_cutlist_all_kept(&list));
    imp_buf_clear(&again);
    cr_assert(cut_span(made_span(), uid, IMP_CHECK_STRUCTURE));
    return cut_span(made_span(), uid, IMP_CHECK_CODED);
}

static inline void us(uint32_t t, uint16_t v)
{
    head(t, "US", 2);
    u16(v);
}

static inline void describe(const char *frames, uint16_t samples, uint16_t side,
                            uint16_t allocated, const char *colour)
{
    us(0x00280002, samples);
    el(0x00280004, "CS", colour);
    if (frames)
        el(0x00280008, "IS", frames);
    us(0x00280010, side);
    us(0x00280011, side);
    us(0x00280100, allocated);
}

struct bytes {
    const char *p;
    size_t n;
};
#define B(text)                   \
    (struct bytes)                \
    {                             \
        "" text, sizeof(text) - 1 \
    }

// An object of 8 x 8 pixels of one byte, with these fragments and no table.
static inline void fragments(const char *frames, const struct bytes *piece,
                             size_t n)
{
    start(true, false);
    describe(frames, 1, 8, 8, "MONOCHROME2 ");
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    for (size_t i = 0; i < n; i++) {
        item((uint32_t)piece[i].n);
        raw(piece[i].p, piece[i].n);
    }
    sequence_end();
}
#define FRAGMENTS(frames, ...)                              \
    fragments(frames, (const struct bytes[]){__VA_ARGS__},  \
              sizeof((const struct bytes[]){__VA_ARGS__}) / \
                  sizeof(struct bytes))

static inline void expect_bad(const char *uid, enum imp_code code,
                              const char *want)
{
    cr_expect_not(cut(uid), "%s", want);
    cr_expect_eq(err.code, code, "%s", err.msg);
    cr_expect(strstr(err.msg, want), "%s, want %s", err.msg, want);
}

// One fragment, and what must become of it.
static inline void expect_frame(const char *uid, struct bytes in,
                                struct bytes want)
{
    FRAGMENTS(NULL, in);
    cr_assert(cut(uid), "%s", err.msg);
    FRAGMENTS(NULL, want);
    cr_assert_eq(out.n, made.n);
    for (size_t i = 0; i < out.n; i++)
        cr_expect_eq(out.p[i], made.p[i], "byte %zu: 0x%02X, want 0x%02X", i,
                     out.p[i], made.p[i]);
}

static inline void expect_bad_frame(const char *uid, struct bytes in,
                                    enum imp_code c, const char *want)
{
    FRAGMENTS(NULL, in);
    expect_bad(uid, c, want);
}

// Wherever the frame is parted, the same bytes become zeros.
static inline void expect_parted(const char *uid, struct bytes in,
                                 struct bytes want)
{
    for (size_t k = 0; k <= in.n; k++) {
        FRAGMENTS(NULL, {in.p, k}, {in.p + k, in.n - k});
        cr_assert(cut(uid), "parted at %zu: %s", k, err.msg);
        FRAGMENTS(NULL, {want.p, k}, {want.p + k, want.n - k});
        cr_expect(out.n == made.n && memcmp(out.p, made.p, out.n) == 0,
                  "parted at %zu", k);
    }
}

/* A JPEG frame of 8 x 8 samples, by the Huffman tables of T.81 K.3: a DC
 * difference of 2047, one coefficient of 1, the end of the block. */
#define ONES8 "\1\1\1\1\1\1\1\1"
#define DQT "\xFF\xDB\0\x43\0" ONES8 ONES8 ONES8 ONES8 ONES8 ONES8 ONES8 ONES8
#define SOI "\xFF\xD8"
#define SOF DQT "\xFF\xC0\0\x0B\x08\0\x08\0\x08\1\1\x11\0"
#define DRI "\xFF\xDD\0\4\0\1"
#define SOS "\xFF\xDA\0\x08\1\1\0\0\x3F\0"
#define SCAN "\xFF\0\x7F\xF3\x5F"
#define EOI "\xFF\xD9"
#define FRAME SOI SOF SOS SCAN EOI

#endif
