// Pixel data made by hand, cut, and compared with what must come out.
#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"

#include "../dicom/made.h"

static struct imp_cutlist list;
static struct imp_buf out;
static struct imp_err err;

static void clear(void)
{
    imp_cutlist_clear(&list);
    imp_buf_clear(&out);
}

TestSuite(dicom_frames, .fini = clear, .timeout = 60);

#define SYNTAX(suffix) "1.2.840.10008.1.2" suffix
#define EXPLICIT SYNTAX(".1")
#define BIG SYNTAX(".2")
#define UNCOMPRESSED SYNTAX(".1.98")
#define BASELINE SYNTAX(".4.50")
#define JPEG_LS SYNTAX(".4.80")
#define JPEG_2000 SYNTAX(".4.90")
#define RLE SYNTAX(".5")

static bool keep_all(void *self, const struct imp_dcm_reader *reader,
                     const struct imp_dcm_event *event, enum imp_dicom_cut *cut,
                     struct imp_span *value, struct imp_err *e)
{
    (void)self, (void)reader, (void)event, (void)value, (void)e;
    *cut = IMP_DICOM_CUT_KEEP;
    return true;
}

static bool cut_span(struct imp_span in, const char *uid, enum imp_check check)
{
    const struct imp_dcm_syntax *syntax =
        imp_dcm_syntax_of((struct imp_span){(const uint8_t *)uid, strlen(uid)});
    struct imp_dcm_image image;
    struct imp_dicom_frames frames;
    const struct imp_dicom_decider all = {.decide = keep_all,
                                          .frames = &frames};
    err = (struct imp_err){0};
    imp_cutlist_start(&list, in.n);
    if (!imp_dcm_image_read(in, 0, syntax, &image, &err))
        return false;
    imp_dicom_frames_start(&frames, &image, check);
    return imp_dicom_cut_elements(in, 0, in.n, syntax->encoding, &all, NULL, 0,
                                  &list, &err) &&
           imp_cutlist_finish(&list, &err) &&
           imp_cutlist_apply(&list, in, &out, &err);
}

// Cut what was made; then what came out, with zeros in place of coded data,
// which must be all kept.
static bool cut(const char *uid)
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
    return true;
}

static void us(uint32_t t, uint16_t v)
{
    head(t, "US", 2);
    u16(v);
}

static void describe(const char *frames, uint16_t samples, uint16_t side,
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
static void fragments(const char *frames, const struct bytes *piece, size_t n)
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

static void expect_bad(const char *uid, enum imp_code code, const char *want)
{
    cr_expect_not(cut(uid), "%s", want);
    cr_expect_eq(err.code, code, "%s", err.msg);
    cr_expect(strstr(err.msg, want), "%s, want %s", err.msg, want);
}

// One fragment, and what must become of it.
static void expect_frame(const char *uid, struct bytes in, struct bytes want)
{
    FRAGMENTS(NULL, in);
    cr_assert(cut(uid), "%s", err.msg);
    FRAGMENTS(NULL, want);
    cr_assert_eq(out.n, made.n);
    for (size_t i = 0; i < out.n; i++)
        cr_expect_eq(out.p[i], made.p[i], "byte %zu: 0x%02X, want 0x%02X", i,
                     out.p[i], made.p[i]);
}

static void expect_bad_frame(const char *uid, struct bytes in, enum imp_code c,
                             const char *want)
{
    FRAGMENTS(NULL, in);
    expect_bad(uid, c, want);
}

// --- JPEG ---

#define SOI "\xFF\xD8"
#define SOF "\xFF\xC0\0\x0B\x08\0\x08\0\x08\1\1\x11\0"
#define DRI "\xFF\xDD\0\4\0\1"
#define SOS "\xFF\xDA\0\x08\1\1\0\0\x3F\0"
#define SCAN           \
    "ab\xFF\0\xFF\xD0" \
    "cd"
#define EOI "\xFF\xD9"
#define FRAME SOI SOF SOS SCAN EOI

Test(dicom_frames, a_clean_jpeg_frame_is_kept)
{
    expect_frame(BASELINE, B(FRAME), B(FRAME));
    cr_expect(imp_cutlist_all_kept(&list));
}

Test(dicom_frames, comments_and_applications_of_jpeg_become_zeros)
{
    expect_frame(BASELINE,
                 B(SOI "\xFF\xFE\0\6Jane" SOF "\xFF\xE1\0\6Exif" DRI SOS SCAN
                       "\xFF\xED\0\5Doe\xFF\xEF\0\2" SOS SCAN EOI),
                 B(SOI "\xFF\xFE\0\6\0\0\0\0" SOF
                       "\xFF\xE1\0\6\0\0\0\0" DRI SOS SCAN
                       "\xFF\xED\0\5\0\0\0\xFF\xEF\0\2" SOS SCAN EOI));
}

Test(dicom_frames, bytes_between_segments_and_behind_the_end_become_zeros)
{
    expect_frame(BASELINE, B(SOI "Jane" SOF SOS SCAN EOI "Doe"),
                 B(SOI "\0\0\0\0" SOF SOS SCAN EOI "\0\0\0"));
    expect_frame(BASELINE, B(FRAME "\0"), B(FRAME "\0"));
    expect_frame(BASELINE, B(FRAME "\xFF"), B(FRAME "\xFF"));
    expect_frame(BASELINE, B(FRAME "J"), B(FRAME "\0"));
    expect_frame(BASELINE, B(FRAME "\xFFJ"), B(FRAME "\0\0"));
}

Test(dicom_frames, fill_bytes_stay)
{
    expect_frame(BASELINE, B(SOI "\xFF\xFF" SOF SOS SCAN "\xFF\xFF" EOI),
                 B(SOI "\xFF\xFF" SOF SOS SCAN "\xFF\xFF" EOI));
}

Test(dicom_frames, what_tells_how_to_read_samples_stays)
{
#define ADOBE        \
    "\xFF\xEE\0\x0E" \
    "Adobe\0\x64\0\0\0\0\1"
#define JFIF         \
    "\xFF\xE0\0\x10" \
    "JFIF\0\1\2\1\0\x48\0\x48\0\0"
#define HP "\xFF\xE8\0\7mrfx\1"
    expect_frame(BASELINE, B(SOI JFIF ADOBE HP SOF SOS SCAN EOI),
                 B(SOI JFIF ADOBE HP SOF SOS SCAN EOI));
    expect_frame(BASELINE,
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\1\0\x48\0\x48\1\1rgb"
                       "\xFF\xEE\0\x11"
                       "AdobeJaneDo\2Doe"
                       "\xFF\xE8\0\x0Amrfx\1Doe" SOF SOS SCAN EOI),
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\0\0\0\0\0\0\0\0\0\0"
                       "\xFF\xEE\0\x11"
                       "Adobe\0\0\0\0\0\0\2\0\0\0"
                       "\xFF\xE8\0\x0Amrfx\1\0\0\0" SOF SOS SCAN EOI));
}

Test(dicom_frames, what_stands_behind_it_becomes_zeros)
{
    expect_frame(BASELINE,
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\1\0\x48\0\x48\0\0Jan"
                       "\xFF\xEE\0\x11"
                       "Adobe\0\x64\0\0\0\0\1Doe" SOF SOS SCAN EOI),
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\0\0\0\0\0\0\0\0\0\0"
                       "\xFF\xEE\0\x11"
                       "Adobe\0\0\0\0\0\0\1\0\0\0" SOF SOS SCAN EOI));
}

Test(dicom_frames, what_only_looks_like_it_becomes_zeros)
{
    expect_frame(BASELINE,
                 B(SOI "\xFF\xE0\0\6JFXX"
                       "\xFF\xEE\0\x08"
                       "AdobeX"
                       "\xFF\xE8\0\x08SPIFF\1" SOF SOS SCAN EOI),
                 B(SOI "\xFF\xE0\0\6\0\0\0\0"
                       "\xFF\xEE\0\x08\0\0\0\0\0\0"
                       "\xFF\xE8\0\x08\0\0\0\0\0\0" SOF SOS SCAN EOI));
    expect_bad_frame(BASELINE,
                     B(SOI "\xFF\xEE\0\x0E"
                           "Adobe\0\x64\0\0\0\0J" SOF SOS SCAN EOI),
                     IMP_ERR_DAMAGED, "makes no sense");
}

// T.87 A.1: behind 0xFF a scan has a bit of 0, so that less is a marker.
Test(dicom_frames, jpeg_ls_has_markers_of_its_own)
{
#define SOF55 "\xFF\xF7\0\x0B\x08\0\x08\0\x08\1\1\x11\0"
#define LSE "\xFF\xF8\0\x0D\1\0\xFF\0\3\0\7\0\x15\0\x40"
#define LS_SOS "\xFF\xDA\0\x08\1\1\0\0\0\0"
    expect_frame(JPEG_LS,
                 B(SOI "\xFF\xFE\0\6Jane" SOF55 LSE LS_SOS "a\xFF\x7F"
                       "b\xFF\x01" EOI "Doe"),
                 B(SOI "\xFF\xFE\0\6\0\0\0\0" SOF55 LSE LS_SOS "a\xFF\x7F"
                       "b\xFF\x01" EOI "\0\0\0"));
    expect_bad_frame(JPEG_LS, B(SOI SOF55 "\xFF\xF8\0\6\2\1\1J" LS_SOS EOI),
                     IMP_ERR_UNSUPPORTED, "marker 0xF8");
}

Test(dicom_frames, a_jpeg_frame_must_be_whole)
{
    static const struct {
        struct bytes in;
        const char *want;
    } bad[] = {
        {{"Jane", 4}, "[1] at 90: JPEG: a fragment that does not begin"},
        {{SOI SOF SOS SCAN, sizeof(SOI SOF SOS SCAN) - 1}, "does not end"},
        {{SOI SOF EOI, sizeof(SOI SOF EOI) - 1}, "EOI before any scan"},
        {{SOI SOS EOI, sizeof(SOI SOS EOI) - 1}, "before the frame header"},
        {{SOI SOF SOF, sizeof(SOI SOF SOF) - 1}, "a second frame header"},
        {{SOI SOI, 4}, "where it does not belong"},
        {{SOI SOF SOS "\xFF\1", sizeof(SOI SOF SOS) + 1},
         "where it does not belong"},
        {{SOI "\xFF\xD0", 4}, "where it does not belong"},
        {{SOI "\xFF\xFE\0\1", 6}, "less than its length field"},
        {{SOI "\xFF\xFE\0\x09J", 7}, "does not end"},
        {{SOI "\xFF\xDB\0\4\0\0", 8}, "a table is not whole"},
        {{SOI "\xFF\xC4\0\4\0\0", 8}, "a table is not whole"},
        {{SOI "\xFF\xDD\0\5\0\1J", 9}, "DRI has not its length"},
        {{SOI "\xFF\xCC\0\3J", 7}, "DAC has not its length"},
        {{SOI "\xFF\xC0\0\x0C\x08\0\x08\0\x08\1\1\x11\0J", 16},
         "the frame header has not its length"},
        {{SOI SOF "\xFF\xDA\0\x09\1\1\0\0\x3F\0J", 26},
         "the scan header has not its length"},
        {{SOI "\xFF\xC0\0\x0B\x08\0\x10\0\x08\1\1\x11\0", 15},
         "8 x 16 of 1 samples, the attributes say 8 x 8 of 1"},
        {{SOI "\xFF\xC0\0\x0B\x08\0\x08\0\x10\1\1\x11\0", 15}, "16 x 8 of 1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_bad_frame(BASELINE, bad[i].in, IMP_ERR_DAMAGED, bad[i].want);
    expect_bad_frame(BASELINE, B(SOI "\xFF\xDE\0\2"), IMP_ERR_UNSUPPORTED,
                     "marker 0xDE");
}

// T.81 B.2.4: two tables of a segment, the first of 16 bits, and codes.
Test(dicom_frames, tables_are_followed_to_their_end)
{
    char dqt[2 + 2 + 129 + 65], dht[2 + 2 + 17 + 3 + 17], frame[1000];
    memset(dqt, 1, sizeof dqt);
    memcpy(dqt, "\xFF\xDB\0\xC4\x10", 5);
    dqt[4 + 129] = 1;
    memset(dht, 0, sizeof dht);
    memcpy(dht, "\xFF\xC4\0\x27\0\1\2", 7);
    memcpy(frame, SOI, 2);
    size_t n = 2;
    memcpy(frame + n, dqt, sizeof dqt), n += sizeof dqt;
    memcpy(frame + n, dht, sizeof dht), n += sizeof dht;
    memcpy(frame + n, FRAME + 2, sizeof FRAME - 3), n += sizeof FRAME - 3;
    expect_frame(BASELINE, (struct bytes){frame, n}, (struct bytes){frame, n});
}

// Wherever the frame is parted, the same bytes become zeros.
static void expect_parted(const char *uid, struct bytes in, struct bytes want)
{
    for (size_t k = 0; k <= in.n; k++) {
        FRAGMENTS(NULL, {in.p, k}, {in.p + k, in.n - k});
        cr_assert(cut(uid), "parted at %zu: %s", k, err.msg);
        FRAGMENTS(NULL, {want.p, k}, {want.p + k, want.n - k});
        cr_expect(out.n == made.n && memcmp(out.p, made.p, out.n) == 0,
                  "parted at %zu", k);
    }
}

Test(dicom_frames, a_jpeg_frame_may_be_parted_anywhere)
{
    expect_parted(BASELINE,
                  B(SOI "\xFF\xFE\0\6Jane" DRI SOF "Doe" SOS SCAN
                        "\xFF\xE1\0\6Exif" SOS SCAN "\xFF" EOI),
                  B(SOI "\xFF\xFE\0\6\0\0\0\0" DRI SOF "\0\0\0" SOS SCAN
                        "\xFF\xE1\0\6\0\0\0\0" SOS SCAN "\xFF" EOI));
}

Test(dicom_frames, what_may_stay_is_not_decided_in_two_fragments)
{
    FRAGMENTS(NULL,
              {SOI "\xFF\xEE\0\x0E"
                   "Adobe",
               11},
              {"\0\x64\0\0\0\0\1" SOF SOS SCAN EOI,
               sizeof("\0\x64\0\0\0\0\1" SOF SOS SCAN EOI) - 1});
    expect_bad(BASELINE, IMP_ERR_UNSUPPORTED, "APP14 in two fragments");
}

// --- JPEG 2000 ---

#define SOC "\xFF\x4F"
#define SIZ                                                                \
    "\xFF\x51\0\x29\0\0\0\0\0\x0A\0\0\0\x09\0\0\0\2\0\0\0\1\0\0\0\x08\0\0" \
    "\0\x08\0\0\0\0\0\0\0\0\0\1\7\1\1"
#define COD "\xFF\x52\0\4ab"
#define TILE "\xFF\x90\0\x0A\0\0\0\0\0\x1A\0\1"
#define TILE_COM "\xFF\x64\0\6"
#define DATA   \
    "\xFF\x93" \
    "ab\xFF\xD9"
#define EOC "\xFF\xD9"

Test(dicom_frames, comments_of_jpeg_2000_become_zeros)
{
    expect_frame(JPEG_2000,
                 B(SOC SIZ "\xFF\x64\0\x08\0\1Jane" COD TILE TILE_COM
                           "\0\1Do" DATA EOC "Doe"),
                 B(SOC SIZ "\xFF\x64\0\x08\0\0\0\0\0\0" COD TILE TILE_COM
                           "\0\0\0\0" DATA EOC "\0\0\0"));
}

// A.4.2: a tile-part without a length goes up to EOC.
#define LAST_TILE "\xFF\x90\0\x0A\0\0\0\0\0\0\0\1"

Test(dicom_frames, the_last_tile_part_may_be_of_any_length)
{
    expect_frame(JPEG_2000,
                 B(SOC SIZ TILE TILE_COM "JaDo" DATA LAST_TILE "\xFF\x93"
                                         "ab\xFF\x8F\xFF" EOC "D"),
                 B(SOC SIZ TILE TILE_COM "\0\0\0\0" DATA LAST_TILE "\xFF\x93"
                                         "ab\xFF\x8F\xFF" EOC "\0"));
}

Test(dicom_frames, a_jpeg_2000_frame_may_be_parted_anywhere)
{
    expect_parted(JPEG_2000,
                  B(SOC SIZ COD TILE TILE_COM "JaDo" DATA LAST_TILE "\xFF\x93"
                                              "ab\xFF\xFF\1" EOC),
                  B(SOC SIZ COD TILE TILE_COM "\0\0\0\0" DATA LAST_TILE
                                              "\xFF\x93"
                                              "ab\xFF\xFF\1" EOC));
}

Test(dicom_frames, a_jpeg_2000_frame_must_be_whole)
{
    static const struct {
        struct bytes in;
        const char *want;
    } bad[] = {
        {{"Jane", 4}, "a fragment that does not begin with SOC"},
        {{SOC SIZ EOC, sizeof(SOC SIZ EOC) - 1}, "EOC before any tile"},
        {{SOC TILE "\xFF\x93", 16}, "a tile-part that is not in its place"},
        {{SOC SIZ SIZ, sizeof(SOC SIZ SIZ) - 1}, "SIZ twice"},
        {{SOC SIZ "Jane", sizeof(SOC SIZ) + 3}, "no marker where one"},
        {{SOC SIZ LAST_TILE "\xFF\x93"
                            "abc",
          sizeof(SOC SIZ LAST_TILE "\xFF\x93"
                                   "abc") -
              1},
         "the last frame does not end"},
        {{SOC "\xFF\x51\0\4ab", 8}, "SIZ has not its length"},
        {{SOC "\xFF\x51\0\x2A" SIZ "Jane", 2 + 2 + 42},
         "SIZ has not its length"},
        {{SOC SIZ TILE TILE_COM "JaDo" DATA "\xFF\x64\0\2",
          sizeof(SOC SIZ TILE TILE_COM "JaDo" DATA) - 1 + 4},
         "longer than it says"},
        {{SOC SIZ "\xFF\x90\0\x0B\0\0\0\0\0\x1A\0\1J",
          sizeof(SOC SIZ) - 1 + 13},
         "SOT has not its length"},
        {{SOC SIZ "\xFF\x90\0\x0A\0\0\0\0\0\x0D\0\1\xFF\x93",
          sizeof(SOC SIZ) - 1 + 14},
         "not in its place"},
        {{SOC SIZ "\xFF\x90\0\x0A\0\0\0\0\0\x10\0\1\xFF\x64\0\6\0\1ab",
          sizeof(SOC SIZ) - 1 + 20},
         "longer than it says"},
        {{SOC SIZ "\xFF\x64\0\1", sizeof(SOC SIZ) - 1 + 4},
         "less than its length field"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_bad_frame(JPEG_2000, bad[i].in, IMP_ERR_DAMAGED, bad[i].want);
    expect_bad_frame(JPEG_2000, B("\0\0\0\x0CjP  "), IMP_ERR_UNSUPPORTED,
                     "a file of boxes");
    expect_bad_frame(JPEG_2000, B(SOC SIZ "\xFF\x78\0\4ab"),
                     IMP_ERR_UNSUPPORTED, "marker 0xFF78");
    start(true, false);
    describe(NULL, 1, 9, 8, "MONOCHROME2 ");
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item(sizeof(SOC SIZ) - 1);
    raw(SOC SIZ, sizeof(SOC SIZ) - 1);
    sequence_end();
    expect_bad(JPEG_2000, IMP_ERR_DAMAGED,
               "8 x 8 of 1 samples, the attributes say 9 x 9 of 1");
}

// --- RLE ---

// A frame of 8 x 8 samples of 16 bits, each segment a run of 64 bytes.
#define RLE_HEAD(first, second)                                                \
    "\2\0\0\0" first second "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void rle(struct bytes frame)
{
    start(true, false);
    describe(NULL, 1, 8, 16, "MONOCHROME2 ");
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item((uint32_t)frame.n);
    raw(frame.p, frame.n);
    sequence_end();
}

#define OFFSETS RLE_HEAD("\x40\0\0\0", "\x46\0\0\0")
Test(dicom_frames, bytes_behind_an_rle_segment_become_zeros)
{
    // A run of 62, a byte that says nothing, two as they are.
    cr_assert_eq(sizeof OFFSETS - 1, 64);
    rle(B(OFFSETS "\xC3x\x80\1ab"
                  "\xC1yDoe"));
    cr_assert(cut(RLE), "%s", err.msg);
    rle(B(OFFSETS "\xC3x\x80\1ab"
                  "\xC1y\0\0\0"));
    cr_expect(out.n == made.n && memcmp(out.p, made.p, out.n) == 0);
}

Test(dicom_frames, an_rle_frame_must_be_whole)
{
    static const struct {
        struct bytes in;
        const char *want;
    } bad[] = {
        {{"Jane", 4}, "not a segment for each byte"},
        {{"\1" OFFSETS, sizeof OFFSETS}, "not a segment for each byte"},
        {{RLE_HEAD("\x42\0\0\0", "\x46\0\0\0") "......\xC1y", 72},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x3F\0\0\0") "\xC1x\xC1y", 68},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x49\0\0\0") "\xC1x\xC1y", 68},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0\1") "\xC1x\xC1y", 68},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0") "\xC1x\xC2y", 68},
         "does not make a plane"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0") "\xC1x\xC0y", 68},
         "does not make a plane"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0") "\xC1x\xC1", 67},
         "does not make a plane"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rle(bad[i].in);
        expect_bad(RLE, IMP_ERR_DAMAGED, bad[i].want);
    }
}

// --- Frames and tables of offsets ---

static void table(const char *frames, int32_t offset)
{
    start(true, false);
    describe(frames, 1, 8, 8, "MONOCHROME2 ");
    head(0x7FE00010, "OB", UNDEFINED);
    item(8);
    u32(0);
    u32((uint32_t)offset);
    for (int i = 0; i < 2; i++) {
        item(sizeof FRAME - 1);
        raw(FRAME, sizeof FRAME - 1);
    }
    sequence_end();
}

Test(dicom_frames, offsets_must_be_those_of_frames)
{
    table("2 ", sizeof FRAME - 1 + 8);
    cr_expect(cut(BASELINE), "%s", err.msg);
    table("2 ", sizeof FRAME - 1);
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "frame 2 is not where the table");
    table(NULL, sizeof FRAME - 1 + 8);
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "of 8 bytes, want 4");
}

static void extended(const char *offset, const char *length)
{
    start(true, false);
    describe(NULL, 1, 8, 8, "MONOCHROME2 ");
    head(0x7FE00001, "OV", 8);
    raw(offset, 8);
    head(0x7FE00002, "OV", 8);
    raw(length, 8);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item(sizeof FRAME - 1 + 1);
    raw(FRAME, sizeof FRAME);
    sequence_end();
}

Test(dicom_frames, extended_offsets_and_lengths_must_be_those_of_frames)
{
    cr_assert_eq(sizeof FRAME - 1, 35);
    extended("\0\0\0\0\0\0\0\0", "\x23\0\0\0\0\0\0\0");
    cr_expect(cut(BASELINE), "%s", err.msg);
    extended("\0\0\0\0\0\0\0\0", "\x24\0\0\0\0\0\0\0");
    cr_expect(cut(BASELINE), "%s", err.msg);
    extended("\0\0\0\0\0\0\0\0", "JaneDoe\0");
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "the table of lengths");
    extended("JaneDoe\0", "\x24\0\0\0\0\0\0\0");
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "frame 1 is not where the table");
}

Test(dicom_frames, there_must_be_as_many_frames_as_it_says)
{
    FRAGMENTS(NULL, B(FRAME), B(FRAME));
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "more than the 1 frames");
    FRAGMENTS("2 ", {FRAME, 20}, {FRAME + 20, sizeof FRAME - 21});
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "1 frames, want 2");
    FRAGMENTS("2 ", B(FRAME), B(""), B(FRAME));
    cr_expect(cut(BASELINE), "%s", err.msg);
}

Test(dicom_frames, frames_without_compression_have_their_size)
{
    char frame[67];
    memset(frame, 'x', sizeof frame);
    FRAGMENTS("2 ", {frame, 64}, {frame, 67});
    cr_assert(cut(UNCOMPRESSED), "%s", err.msg);
    memset(frame + 64, 0, 3);
    FRAGMENTS("2 ", {frame, 64}, {frame, 67});
    cr_expect(out.n == made.n && memcmp(out.p, made.p, out.n) == 0);
    FRAGMENTS("2 ", {frame, 64}, {frame, 63});
    expect_bad(UNCOMPRESSED, IMP_ERR_DAMAGED, "a frame of 63 bytes, want 64");
}

Test(dicom_frames, what_is_not_looked_into_is_not_supported)
{
    FRAGMENTS(NULL, B("ab"));
    expect_bad(SYNTAX(".4.102"), IMP_ERR_UNSUPPORTED, "video in DICOM");
    expect_bad(SYNTAX(".4.110"), IMP_ERR_UNSUPPORTED, "JPEG XL Lossless");
    expect_bad(SYNTAX(".8.1"), IMP_ERR_UNSUPPORTED, "Deflated Image Frame");
}

Test(dicom_frames, pixels_in_a_sequence_are_not_supported)
{
    start(true, false);
    size_t icon = begin(0x00880200, "SQ"), in = begin(IMP_DCM_ITEM, "");
    el(0x7FE00010, "OB", "ab");
    fit(in), fit(icon);
    expect_bad(EXPLICIT, IMP_ERR_UNSUPPORTED, "pixel data in a sequence");
}

// --- Native ---

static void native(uint16_t side, uint16_t allocated, const char *colour,
                   const char *frames, size_t n)
{
    describe(frames, colour[0] == 'Y' ? 3 : 1, side, allocated, colour);
    head(0x7FE00010, "OW", (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        raw("x", 1);
}

static void expect_zeros_behind(const char *uid, size_t n)
{
    cr_assert(cut(uid), "%s", err.msg);
    cr_expect(out.n == made.n && memcmp(out.p, made.p, made.n - n) == 0);
    for (size_t i = made.n - n; i < made.n; i++)
        cr_expect_eq(out.p[i], 0);
}

Test(dicom_frames, bytes_behind_native_pixels_become_zeros)
{
    start(true, false);
    native(8, 16, "MONOCHROME2 ", "2 ", 256 + 40);
    expect_zeros_behind(EXPLICIT, 40);
    start(true, false);
    native(8, 16, "MONOCHROME2 ", "2 ", 256);
    expect_zeros_behind(EXPLICIT, 0);
    start(true, false);
    native(3, 8, "MONOCHROME2 ", "3 ", 28);
    expect_zeros_behind(EXPLICIT, 1);
    start(true, false);
    native(10, 1, "MONOCHROME2 ", "62", 776);
    expect_zeros_behind(EXPLICIT, 1);
    start(true, false);
    native(8, 8, "YBR_FULL_422", NULL, 130);
    expect_zeros_behind(EXPLICIT, 2);
}

// Words of a big endian data set: the last sample is in the last byte.
Test(dicom_frames, an_odd_number_of_samples_in_words_ends_with_a_sample)
{
    start(true, true);
    native(3, 8, "MONOCHROME2 ", NULL, 12);
    expect_zeros_behind(BIG, 2);
    start(true, true);
    native(3, 8, "MONOCHROME2 ", NULL, 9);
    expect_zeros_behind(BIG, 0);
    start(true, true);
    native(4, 8, "MONOCHROME2 ", NULL, 18);
    expect_zeros_behind(BIG, 2);
}

Test(dicom_frames, native_pixels_must_be_all_there)
{
    start(true, false);
    native(8, 16, "MONOCHROME2 ", "2 ", 255);
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "255 bytes, the attributes say 256");
    start(true, false);
    native(0, 16, "MONOCHROME2 ", NULL, 2);
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "2 bytes, the attributes say 0");
    // Is it the colour that lies, or the length?
    start(true, false);
    native(8, 8, "YBR_FULL_422", NULL, 192);
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "192 bytes, the attributes say 128");
}

Test(dicom_frames, pixels_of_real_numbers_are_native_too)
{
    start(true, false);
    describe(NULL, 1, 2, 32, "MONOCHROME2 ");
    head(0x7FE00008, "OF", 20);
    raw("xxxxxxxxxxxxxxxxJane", 20);
    expect_zeros_behind(EXPLICIT, 4);
}
