// Frames of JPEG, and what is hidden in them.
#include "base/map.h"

#include "framing.h"

#include <sys/mman.h>
#include <unistd.h>

TestSuite(dicom_jpeg, .fini = clear, .timeout = 60);

Test(dicom_jpeg, a_clean_jpeg_frame_is_kept)
{
    expect_frame(BASELINE, B(FRAME), B(FRAME));
    cr_expect(imp_cutlist_all_kept(&list));
}

Test(dicom_jpeg, comments_and_applications_of_jpeg_become_zeros)
{
    expect_frame(BASELINE,
                 B(SOI "\xFF\xFE\0\6Jane" SOF "\xFF\xE1\0\6Exif" DRI SOS SCAN
                       "\xFF\xED\0\5Doe\xFF\xEF\0\2" EOI),
                 B(SOI "\xFF\xFE\0\6\0\0\0\0" SOF
                       "\xFF\xE1\0\6\0\0\0\0" DRI SOS SCAN
                       "\xFF\xED\0\5\0\0\0\xFF\xEF\0\2" EOI));
}

Test(dicom_jpeg, bytes_between_segments_and_behind_the_end_become_zeros)
{
    expect_frame(BASELINE, B(SOI "Jane" SOF SOS SCAN EOI "Doe"),
                 B(SOI "\0\0\0\0" SOF SOS SCAN EOI "\0\0\0"));
    expect_frame(BASELINE, B(FRAME "\0"), B(FRAME "\0"));
    expect_frame(BASELINE, B(FRAME "\xFF"), B(FRAME "\xFF"));
    expect_frame(BASELINE, B(FRAME "J"), B(FRAME "\0"));
    expect_frame(BASELINE, B(FRAME "\xFFJ"), B(FRAME "\0\0"));
}

Test(dicom_jpeg, fill_bytes_stay)
{
    expect_frame(BASELINE, B(SOI "\xFF\xFF" SOF SOS SCAN "\xFF\xFF" EOI),
                 B(SOI "\xFF\xFF" SOF SOS SCAN "\xFF\xFF" EOI));
}

Test(dicom_jpeg, what_tells_how_to_read_samples_stays)
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

Test(dicom_jpeg, what_stands_behind_it_becomes_zeros)
{
    expect_frame(BASELINE,
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\1\0\x48\0\x48\0\0Jan"
                       "\xFF\xEE\0\x11"
                       "Adobe\0\x64\0\0\0\0\1Doe" SOF SOS SCAN EOI),
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\0\0\0\0\0\0\0\0\0\0"
                       "\xFF\xEE\0\x11"
                       "Adobe\0\0\0\0\0\0\1\0\0\0" SOF SOS SCAN EOI));
}

Test(dicom_jpeg, what_only_looks_like_it_becomes_zeros)
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
Test(dicom_jpeg, jpeg_ls_has_markers_of_its_own)
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

Test(dicom_jpeg, a_jpeg_frame_must_be_whole)
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
        {{SOI SOF "\xFF\xDA\0\x09\1\1\0\0\x3F\0J", sizeof(SOI SOF SOS)},
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

#define ZEROS8 "\0\0\0\0\0\0\0\0"
#define ONES64 ONES8 ONES8 ONES8 ONES8 ONES8 ONES8 ONES8 ONES8

// T.81 B.2.4: two tables of a segment, the first of 16 bits; then of codes.
Test(dicom_jpeg, tables_that_no_scan_uses_become_comments_of_zeros)
{
#define SOF_ALONE "\xFF\xC0\0\x0B\x08\0\x08\0\x08\1\1\x11\0"
    expect_frame(
        BASELINE,
        B(SOI "\xFF\xDB\0\xC4\x10" ONES64 ONES64 "\1" ONES64
              "\xFF\xC4\0\x27\3\1\2\0\0\0\0\0\0" ZEROS8
              "Doe\x13" ZEROS8 ZEROS8 SOF_ALONE SOS SCAN EOI),
        B(SOI "\xFF\xDB\0\x83\x10" ONES64 ONES64
              "\xFF\xFE\0\x3F" ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8
              "\0\0\0\0\0\xFF\xFE\0\x27" ZEROS8 ZEROS8 ZEROS8 ZEROS8
              "\0\0\0\0\0" SOF_ALONE SOS SCAN EOI));
    expect_frame(BASELINE, B(SOI DRI SOF SOS SCAN DRI EOI),
                 B(SOI DRI SOF SOS SCAN "\xFF\xFE\0\4\0\0" EOI));
    expect_frame(BASELINE, B(SOI "\xFF\xCC\0\4\0\x10" SOF SOS SCAN EOI),
                 B(SOI "\xFF\xFE\0\4\0\0" SOF SOS SCAN EOI));
}

// Tables of one code, "0", and those of T.81 K.3 where there are none.
Test(dicom_jpeg, each_frame_is_followed_by_its_own_huffman_tables)
{
#define DHT(slot, symbol) \
    "\xFF\xC4\0\x14" slot "\1" ZEROS8 "\0\0\0\0\0\0\0" symbol
#define OWN(symbol, scan) \
    B(SOI SOF DHT("\0", symbol) DHT("\x10", "\0") SOS scan EOI)
    FRAGMENTS("6 ", B(FRAME), OWN("\0", "\x3F"), B(FRAME), OWN("\1", "\x5F"),
              OWN("\0", "\x3F"), B(FRAME));
    cr_assert(cut(BASELINE), "%s", err.msg);
    cr_expect(imp_cutlist_all_kept(&list));
    FRAGMENTS("2 ", OWN("\1", "\x5F"), OWN("\0", "\x5F"));
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "coded data is not valid");
}

Test(dicom_jpeg, values_of_a_scan_that_mean_nothing_are_the_usual_ones)
{
    expect_frame(BASELINE, B(SOI SOF "\xFF\xDA\0\x08\1\1\0JDo" SCAN EOI),
                 B(SOI SOF SOS SCAN EOI));
    expect_frame(BASELINE, B(SOI SOF "\xFF\xDA\0\x08\1\1\0\0JO" SCAN EOI),
                 B(SOI SOF SOS SCAN EOI));
    expect_frame(BASELINE, B(SOI SOF "\xFF\xDA\0\x08\1\1\0\0\0\0" SCAN EOI),
                 B(SOI SOF "\xFF\xDA\0\x08\1\1\0\0\0\0" SCAN EOI));
}

Test(dicom_jpeg, bytes_behind_the_last_coded_block_become_zeros)
{
    expect_frame(BASELINE, B(SOI SOF SOS SCAN "Jane\xFF\0Doe" EOI),
                 B(SOI SOF SOS SCAN "\0\0\0\0\0\0\0\0\0" EOI));
    expect_frame(BASELINE, B(SOI SOF SOS SCAN "J\xFF\xFF" EOI),
                 B(SOI SOF SOS SCAN "\0\0\0" EOI));
    cr_assert(cut_span(made_span(), BASELINE, IMP_CHECK_CODED));
    cr_expect(imp_cutlist_all_kept(&list), "zeros stay");
}

// Four blocks of zeros, an interval each.
Test(dicom_jpeg, bytes_behind_the_last_block_of_an_interval_become_zeros)
{
#define INTERVALS(a, b)                                              \
    SOI DRI DQT "\xFF\xC0\0\x0B\x08\0\x10\0\x10\1\1\x11\0" SOS "+" a \
                "\xFF\xD0+\xFF\xD1+" b "\xFF\xD2+" a EOI
    static const struct bytes in = {INTERVALS("Jane", "Doe"),
                                    sizeof INTERVALS("Jane", "Doe") - 1};
    static const char want[] = INTERVALS("\0\0\0\0", "\0\0\0");
    start(true, false);
    describe(NULL, 1, 16, 8, "MONOCHROME2 ");
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item((uint32_t)in.n);
    raw(in.p, in.n);
    sequence_end();
    cr_assert(cut(BASELINE), "%s", err.msg);
    cr_expect(memmem(out.p, out.n, want, sizeof want - 1));
    cr_expect_not(memmem(out.p, out.n, "Doe", 3));
}

Test(dicom_jpeg, coded_data_of_jpeg_must_be_whole)
{
    static const struct bytes cut_short = {SOI SOF SOS "\xFF\0\x7F" EOI,
                                           sizeof(SOI SOF SOS) + 4};
    expect_bad_frame(BASELINE, cut_short, IMP_ERR_DAMAGED, "coded data ends");
    cr_expect(cut_span(made_span(), BASELINE, IMP_CHECK_STRUCTURE), "%s",
              err.msg);
    expect_bad_frame(BASELINE, B(SOI SOF_ALONE SOS SCAN EOI), IMP_ERR_DAMAGED,
                     "quantisation table 0 is not defined");
    expect_bad_frame(JPEG_LS, B(FRAME), IMP_ERR_DAMAGED,
                     "another process than the syntax says");
}

// A few bytes that say "nothing new" of millions of blocks, again and again.
Test(dicom_jpeg, scans_of_jpeg_that_take_too_long_are_a_limit)
{
    static const struct {
        size_t scans;
        enum imp_code code;
    } rows[] = {{60, IMP_ERR_DAMAGED}, {70, IMP_ERR_LIMIT}};
    for (size_t i = 0; i < 2; i++) {
        start(true, false);
        describe(NULL, 1, 0x4000, 8, "MONOCHROME2 ");
        head(0x7FE00010, "OB", UNDEFINED);
        item(0);
        item((uint32_t)(19 + rows[i].scans * (sizeof SOS - 1)));
        raw(SOI "\xFF\xC2\0\x0B\x08\x40\0\x40\0\1\1\x11\0", 15);
        for (size_t k = 0; k < rows[i].scans; k++)
            raw(SOS, sizeof SOS - 1);
        raw(EOI "\0\0", 4);
        sequence_end();
        cr_expect_not(cut(SYNTAX(".4.55")));
        cr_expect_eq(err.code, rows[i].code, "%s", err.msg);
    }
}

Test(dicom_jpeg, a_jpeg_frame_may_be_parted_anywhere)
{
    expect_parted(BASELINE,
                  B(SOI "\xFF\xFE\0\6Jane\xFF\xCC\0\4\0\x10" SOF "Doe" SOS SCAN
                        "Jane\xFF\xE1\0\6Exif\xFF" EOI),
                  B(SOI "\xFF\xFE\0\6\0\0\0\0\xFF\xFE\0\4\0\0" SOF
                        "\0\0\0" SOS SCAN
                        "\0\0\0\0\xFF\xE1\0\6\0\0\0\0\xFF" EOI));
}

Test(dicom_jpeg, what_may_stay_is_not_decided_in_two_fragments)
{
    FRAGMENTS(NULL,
              {SOI "\xFF\xEE\0\x0E"
                   "Adobe",
               11},
              {"\0\x64\0\0\0\0\1" SOF SOS SCAN EOI,
               sizeof("\0\x64\0\0\0\0\1" SOF SOS SCAN EOI) - 1});
    expect_bad(BASELINE, IMP_ERR_UNSUPPORTED, "APP14 in two fragments");
}

// --- Followed by two threads, which all of the above is, too: see cut_span ---

enum { MANY = 150 }; // more than are followed ahead

static const struct bytes whole = {FRAME, sizeof FRAME - 1};
// With a table that nothing uses, and a tail.
#define HIDING SOI "\xFF\xCC\0\4\0\x10" SOF SOS SCAN "Doe\0" EOI
#define CLEANED SOI "\xFF\xFE\0\4\0\0" SOF SOS SCAN "\0\0\0\0" EOI
static const struct bytes hiding = {HIDING, sizeof HIDING - 1};
static const struct bytes cleaned = {CLEANED, sizeof CLEANED - 1};
static const struct bytes torn = {SOI SOF SOS "\xFF\0\x7F" EOI,
                                  sizeof(SOI SOF SOS "\xFF\0\x7F" EOI) - 1};

static void many_frames(struct bytes *frame, struct bytes odd, size_t every)
{
    for (size_t i = 0; i < MANY; i++)
        frame[i] = i % every == every - 1 ? odd : whole;
}

Test(dicom_jpeg, each_of_many_frames_gets_its_own_patches)
{
    struct bytes frame[MANY];
    many_frames(frame, hiding, 7);
    fragments("150 ", frame, MANY);
    cr_assert(cut(BASELINE), "%s", err.msg);
    many_frames(frame, cleaned, 7);
    fragments("150 ", frame, MANY);
    cr_expect(out.n == made.n && memcmp(out.p, made.p, out.n) == 0);
}

Test(dicom_jpeg, of_many_frames_the_first_damaged_one_is_told)
{
    struct bytes frame[MANY];
    for (size_t at = 1; at < MANY; at += 37) {
        many_frames(frame, torn, at + 1);
        fragments("150 ", frame, MANY);
        char path[32];
        snprintf(path, sizeof path, "(7FE0,0010)[%zu]", at + 1);
        expect_bad(BASELINE, IMP_ERR_DAMAGED, path);
    }
}

Test(dicom_jpeg, a_parted_frame_may_be_among_many)
{
    struct bytes frame[MANY];
    many_frames(frame, whole, MANY);
    frame[70] = (struct bytes){hiding.p, 100};
    frame[71] = (struct bytes){hiding.p + 100, hiding.n - 100};
    frame[120] = hiding;
    fragments("149 ", frame, MANY);
    cr_assert(cut(BASELINE), "%s", err.msg);
    cr_expect_not(memmem(out.p, out.n, "Doe", 3));
}

// Whichever thread meets the end of the file first.
Test(dicom_jpeg, an_object_that_is_cut_short_under_two_threads_is_noticed)
{
    const struct imp_dcm_syntax *syntax = imp_dcm_syntax_of(
        (struct imp_span){(const uint8_t *)BASELINE, sizeof BASELINE - 1});
    struct imp_dicom_frames frames;
    const struct imp_dicom_decider all = {.decide = keep_all,
                                          .frames = &frames};
    struct imp_dcm_image image;
    struct bytes frame[MANY];
    struct imp_map map;
    many_frames(frame, hiding, 7);
    fragments("150 ", frame, MANY);
    for (off_t rest = 4096; rest < 16384; rest += 4096) {
        unsigned before = imp_map_faults();
        int fd = memfd_create("object", MFD_CLOEXEC);
        cr_assert_eq(write(fd, made.p, made.n), (ssize_t)made.n);
        cr_assert(imp_map_open(&map, fd, made.n, &err), "%s", err.msg);
        cr_assert(imp_dcm_image_read(map.bytes, 0, syntax, &image, &err));
        imp_cutlist_start(&list, map.bytes.n);
        imp_dicom_frames_start(&frames, &image, IMP_CHECK_CODED);
        frames.shared_from = 0;
        cr_assert_eq(ftruncate(fd, rest), 0);
        cr_expect_not(imp_dicom_cut_elements(map.bytes, 0, map.bytes.n,
                                             syntax->encoding, &all, NULL, 0,
                                             &list, &err));
        imp_dicom_frames_end(&frames);
        cr_expect_gt(imp_map_faults(), before);
        imp_map_close(&map);
        close(fd);
    }
}
