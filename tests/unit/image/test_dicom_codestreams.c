// Frames of JPEG and JPEG 2000, and what is hidden in them.
#include "framing.h"

TestSuite(dicom_codestreams, .fini = clear, .timeout = 60);

// --- JPEG ---

Test(dicom_codestreams, a_clean_jpeg_frame_is_kept)
{
    expect_frame(BASELINE, B(FRAME), B(FRAME));
    cr_expect(imp_cutlist_all_kept(&list));
}

Test(dicom_codestreams, comments_and_applications_of_jpeg_become_zeros)
{
    expect_frame(BASELINE,
                 B(SOI "\xFF\xFE\0\6Jane" SOF "\xFF\xE1\0\6Exif" DRI SOS SCAN
                       "\xFF\xED\0\5Doe\xFF\xEF\0\2" EOI),
                 B(SOI "\xFF\xFE\0\6\0\0\0\0" SOF
                       "\xFF\xE1\0\6\0\0\0\0" DRI SOS SCAN
                       "\xFF\xED\0\5\0\0\0\xFF\xEF\0\2" EOI));
}

Test(dicom_codestreams, bytes_between_segments_and_behind_the_end_become_zeros)
{
    expect_frame(BASELINE, B(SOI "Jane" SOF SOS SCAN EOI "Doe"),
                 B(SOI "\0\0\0\0" SOF SOS SCAN EOI "\0\0\0"));
    expect_frame(BASELINE, B(FRAME "\0"), B(FRAME "\0"));
    expect_frame(BASELINE, B(FRAME "\xFF"), B(FRAME "\xFF"));
    expect_frame(BASELINE, B(FRAME "J"), B(FRAME "\0"));
    expect_frame(BASELINE, B(FRAME "\xFFJ"), B(FRAME "\0\0"));
}

Test(dicom_codestreams, fill_bytes_stay)
{
    expect_frame(BASELINE, B(SOI "\xFF\xFF" SOF SOS SCAN "\xFF\xFF" EOI),
                 B(SOI "\xFF\xFF" SOF SOS SCAN "\xFF\xFF" EOI));
}

Test(dicom_codestreams, what_tells_how_to_read_samples_stays)
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

Test(dicom_codestreams, what_stands_behind_it_becomes_zeros)
{
    expect_frame(BASELINE,
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\1\0\x48\0\x48\0\0Jan"
                       "\xFF\xEE\0\x11"
                       "Adobe\0\x64\0\0\0\0\1Doe" SOF SOS SCAN EOI),
                 B(SOI "\xFF\xE0\0\x13JFIF\0\1\2\0\0\0\0\0\0\0\0\0\0"
                       "\xFF\xEE\0\x11"
                       "Adobe\0\0\0\0\0\0\1\0\0\0" SOF SOS SCAN EOI));
}

Test(dicom_codestreams, what_only_looks_like_it_becomes_zeros)
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
Test(dicom_codestreams, jpeg_ls_has_markers_of_its_own)
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

Test(dicom_codestreams, a_jpeg_frame_must_be_whole)
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
Test(dicom_codestreams, tables_that_no_scan_uses_become_comments_of_zeros)
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
Test(dicom_codestreams, each_frame_is_followed_by_its_own_huffman_tables)
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

Test(dicom_codestreams, values_of_a_scan_that_mean_nothing_are_the_usual_ones)
{
    expect_frame(BASELINE, B(SOI SOF "\xFF\xDA\0\x08\1\1\0JDo" SCAN EOI),
                 B(SOI SOF SOS SCAN EOI));
    expect_frame(BASELINE, B(SOI SOF "\xFF\xDA\0\x08\1\1\0\0JO" SCAN EOI),
                 B(SOI SOF SOS SCAN EOI));
    expect_frame(BASELINE, B(SOI SOF "\xFF\xDA\0\x08\1\1\0\0\0\0" SCAN EOI),
                 B(SOI SOF "\xFF\xDA\0\x08\1\1\0\0\0\0" SCAN EOI));
}

Test(dicom_codestreams, bytes_behind_the_last_coded_block_become_zeros)
{
    expect_frame(BASELINE, B(SOI SOF SOS SCAN "Jane\xFF\0Doe" EOI),
                 B(SOI SOF SOS SCAN "\0\0\0\0\0\0\0\0\0" EOI));
    expect_frame(BASELINE, B(SOI SOF SOS SCAN "J\xFF\xFF" EOI),
                 B(SOI SOF SOS SCAN "\0\0\0" EOI));
    cr_assert(cut_span(made_span(), BASELINE, IMP_CHECK_CODED));
    cr_expect(imp_cutlist_all_kept(&list), "zeros stay");
}

// Four blocks of zeros, an interval each.
Test(dicom_codestreams, bytes_behind_the_last_block_of_an_interval_become_zeros)
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

Test(dicom_codestreams, coded_data_of_jpeg_must_be_whole)
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
Test(dicom_codestreams, scans_of_jpeg_that_take_too_long_are_a_limit)
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

Test(dicom_codestreams, a_jpeg_frame_may_be_parted_anywhere)
{
    expect_parted(BASELINE,
                  B(SOI "\xFF\xFE\0\6Jane\xFF\xCC\0\4\0\x10" SOF "Doe" SOS SCAN
                        "Jane\xFF\xE1\0\6Exif\xFF" EOI),
                  B(SOI "\xFF\xFE\0\6\0\0\0\0\xFF\xFE\0\4\0\0" SOF
                        "\0\0\0" SOS SCAN
                        "\0\0\0\0\xFF\xE1\0\6\0\0\0\0\xFF" EOI));
}

Test(dicom_codestreams, what_may_stay_is_not_decided_in_two_fragments)
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
#define COD "\xFF\x52\0\x0C\0\0\0\1\0\0\4\4\0\1"
#define QCD "\xFF\x5C\0\4\x40\x08"
#define MAIN SIZ COD QCD
#define TILE "\xFF\x90\0\x0A\0\0\0\0\0\x1A\0\1"
#define TILE_COM "\xFF\x64\0\6"
#define DATA   \
    "\xFF\x93" \
    "ab\xFF\xD9"
#define EOC "\xFF\xD9"

Test(dicom_codestreams, comments_of_jpeg_2000_become_zeros)
{
    expect_frame(JPEG_2000,
                 B(SOC SIZ "\xFF\x64\0\x08\0\1Jane" COD QCD TILE TILE_COM
                           "\0\1Do" DATA EOC "Doe"),
                 B(SOC SIZ "\xFF\x64\0\x08\0\0\0\0\0\0" COD QCD TILE TILE_COM
                           "\0\0\0\0" DATA EOC "\0\0\0"));
}

// A.4.2: a tile-part without a length goes up to EOC.
#define LAST_TILE "\xFF\x90\0\x0A\0\0\0\0\0\0\0\1"

Test(dicom_codestreams, the_last_tile_part_may_be_of_any_length)
{
    expect_frame(JPEG_2000,
                 B(SOC MAIN TILE TILE_COM "JaDo" DATA LAST_TILE "\xFF\x93"
                                          "ab\xFF\x8F\xFF" EOC "D"),
                 B(SOC MAIN TILE TILE_COM "\0\0\0\0" DATA LAST_TILE "\xFF\x93"
                                          "ab\xFF\x8F\xFF" EOC "\0"));
}

Test(dicom_codestreams, a_jpeg_2000_frame_may_be_parted_anywhere)
{
    expect_parted(JPEG_2000,
                  B(SOC MAIN TILE TILE_COM "JaDo" DATA LAST_TILE "\xFF\x93"
                                           "ab\xFF\xFF\1" EOC),
                  B(SOC MAIN TILE TILE_COM "\0\0\0\0" DATA LAST_TILE "\xFF\x93"
                                           "ab\xFF\xFF\1" EOC));
}

Test(dicom_codestreams, a_jpeg_2000_frame_must_be_whole)
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
        {{SOC MAIN LAST_TILE "\xFF\x93"
                             "abc",
          sizeof(SOC MAIN LAST_TILE "\xFF\x93"
                                    "abc") -
              1},
         "the last frame does not end"},
        {{SOC "\xFF\x51\0\4ab", 8}, "SIZ has not its length"},
        {{SOC "\xFF\x51\0\x2A" SIZ "Jane", 2 + 2 + 42},
         "SIZ has not its length"},
        {{SOC MAIN TILE TILE_COM "JaDo" DATA "\xFF\x64\0\2",
          sizeof(SOC MAIN TILE TILE_COM "JaDo" DATA) - 1 + 4},
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

// A frame with these segments in its headers, and 4 bytes of data.
static void codestream(struct bytes main, struct bytes tile)
{
    char frame[400] = SOC SIZ, sot[] = "\xFF\x90\0\x0A\0\0\0\0\0\0\0\1";
    size_t n = sizeof(SOC SIZ) - 1;
    cr_assert(main.n + tile.n < 300);
    sot[9] = (char)(sizeof sot - 1 + tile.n + sizeof DATA - 1);
    memcpy(frame + n, main.p, main.n), n += main.n;
    memcpy(frame + n, sot, sizeof sot - 1), n += sizeof sot - 1;
    memcpy(frame + n, tile.p, tile.n), n += tile.n;
    memcpy(frame + n, DATA EOC, sizeof(DATA EOC) - 1);
    n += sizeof(DATA EOC) - 1;
    FRAGMENTS(NULL, {frame, n});
}

#define HTJ2K SYNTAX(".4.201")
#define S(text)                   \
    {                             \
        "" text, sizeof(text) - 1 \
    }

// Both precincts of a level of decomposition, and its four subbands.
#define COD_1 "\xFF\x52\0\x0E\1\0\0\1\0\1\4\4\0\1\x77\x88"
#define QCD_4 "\xFF\x5C\0\7\x40\x08\x10\x10\x18"
#define TLM "\xFF\x55\0\x0A\0\x60\0\0\0\0\0\x12"

Test(dicom_codestreams, segments_of_jpeg_2000_that_a_decoder_needs_stay)
{
    static const struct {
        const char *uid;
        struct bytes main, tile;
    } rows[] = {
        {JPEG_2000, S(COD QCD), S("")},
        {JPEG_2000, S(COD_1 QCD_4), S("")},
        {JPEG_2000, S(QCD COD), S(COD_1 QCD_4)},
        {JPEG_2000, S(COD "\xFF\x5C\0\5\x41\x48\x48"), S("")},
        {JPEG_2000, S(COD "\xFF\x5C\0\5\x42\x48\x48"), S("")},
        {JPEG_2000, S(COD QCD "\xFF\x53\0\x09\0\0\0\4\4\0\1"),
         S("\xFF\x53\0\x0B\0\1\1\4\4\0\1\x77\x88")},
        {JPEG_2000, S(COD QCD "\xFF\x5D\0\5\0\x40\x08"),
         S("\xFF\x5D\0\5\0\x40\x08")},
        {JPEG_2000, S(COD QCD "\xFF\x5E\0\5\0\0\7"), S("")},
        {JPEG_2000, S(COD QCD "\xFF\x5F\0\x10\0\0\0\1\1\1\0\0\0\0\2\1\0\4"),
         S("")},
        {JPEG_2000, S(COD QCD TLM), S("")},
        {JPEG_2000, S(COD QCD "\xFF\x55\0\6\0\0\0\x12"), S("")},
        {JPEG_2000, S(COD QCD "\xFF\x55\0\4\0\0\xFF\x55\0\7\1\x10\0\0\x12"),
         S("")},
        {JPEG_2000, S(COD QCD), S("\xFF\x58\0\5\0\1\3")},
        {JPEG_2000, S(COD QCD), S("\xFF\x58\0\4\0\x80\xFF\x58\0\4\1\4")},
        {HTJ2K, S("\xFF\x50\0\x08\0\2\0\0\0\1\xFF\x59\0\4\0\1" COD QCD), S("")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        codestream(rows[i].main, rows[i].tile);
        cr_expect(cut(rows[i].uid), "%zu: %s", i, err.msg);
        cr_expect(imp_cutlist_all_kept(&list), "%zu", i);
    }
}

Test(dicom_codestreams, segments_of_jpeg_2000_have_no_room_for_more)
{
    static const struct {
        struct bytes main, tile;
        const char *want;
    } rows[] = {
        {S("\xFF\x52\0\x0D\0\0\0\1\0\0\4\4\0\1J"), S(""), "COD has not"},
        {S("\xFF\x52\0\x0D\1\0\0\1\0\1\4\4\0\1\x77"), S(""), "COD has not"},
        {S("\xFF\x52\0\x0C\0Jane\0\4\4\0\1"), S(""), "COD has not"},
        {S("\xFF\x52\0\x0C\0\0\0\1\0\x21\4\4\0\1"), S(""), "COD has not"},
        {S("\xFF\x52\0\x0C\0\0\0\1\0\0\4\5\0\1"), S(""), "COD has not"},
        {S("\xFF\x52\0\x0C\0\0\0\1\0\0\4\4\x40\1"), S(""), "COD has not"},
        {S("\xFF\x52\0\6Jane"), S(""), "COD has not"},
        {S(COD QCD COD), S(""), "COD twice"},
        {S(COD QCD), S(QCD QCD), "QCD twice"},
        {S(COD QCD "\xFF\x53\0\x0A\0\0\0\4\4\0\1J"), S(""), "COC has not"},
        {S(COD QCD "\xFF\x53\0\x09\1\0\0\4\4\0\1"), S(""), "COC has not"},
        {S(COD QCD "\xFF\x53\0\x09\0\0\0\4\4\0\1\xFF\x53\0\x09\0\0\0\4\4\0\1"),
         S(""), "COC has not"},
        {S(COD "\xFF\x5C\0\2"), S(""), "QCD has not"},
        {S(COD "\xFF\x5C\0\6\x41\x48\x48J"), S(""), "QCD has not"},
        {S(COD "\xFF\x5C\0\6\x42\x48\x48J"), S(""), "QCD has not"},
        {S(COD "\xFF\x5C\0\5\x43\x48\x48"), S(""), "QCD has not"},
        {S(COD "\xFF\x5C\0\7\x40Jane"), S(""), "more steps of quantisation"},
        {S(COD QCD "\xFF\x5D\0\7\0Jane"), S(""), "QCC has not"},
        {S(COD QCD "\xFF\x5D\0\7JaneD"), S(""), "QCC has not"},
        {S(COD QCD "\xFF\x5D\0\x08\0\x40Jane"), S(""), "more steps of quant"},
        {S(COD QCD "\xFF\x5E\0\6\0\0\7J"), S(""), "RGN has not"},
        {S(COD QCD "\xFF\x5E\0\5\0J\7"), S(""), "RGN has not"},
        {S(COD QCD "\xFF\x5F\0\x0A\0\0\0\1\1\1\0J"), S(""), "POC has not"},
        {S(COD QCD "\xFF\x5F\0\x09JaneDoe"), S(""), "POC has not"},
        {S(COD QCD "\xFF\x55\0\x0A\0\x60JaneDo"), S(""), "what TLM says"},
        {S(COD QCD "\xFF\x55\0\x0A\0\x60\0\1\0\0\0\x12"), S(""),
         "what TLM says"},
        {S(COD QCD "\xFF\x55\0\x0A\0\x60\0\0\0\0\0\x13"), S(""),
         "what TLM says"},
        {S(COD QCD "\xFF\x55\0\4\0\x60"), S(""), "what TLM says"},
        {S(COD QCD "\xFF\x55\0\x10\0\x60\0\0\0\0\0\x12"
                   "JaneDo"),
         S(""), "fewer tile-parts than TLM"},
        {S(COD QCD "\xFF\x55\0\x0B\0\x60\0\0\0\0\0\x12J"), S(""),
         "TLM has not"},
        {S(COD QCD "\xFF\x55\0\x0A\1\x60\0\0\0\0\0\x12"), S(""), "TLM has not"},
        {S(COD QCD "\xFF\x55\0\x0A\0\x61\0\0\0\0\0\x12"), S(""), "TLM has not"},
        {S(COD QCD), S(TLM), "TLM that is not in its place"},
        {S(COD QCD "\xFF\x58\0\5\0\1\3"), S(""), "PLT that is not in its"},
        {S(COD QCD), S("\xFF\x58\0\7\0Jane"), "what PLT says"},
        {S(COD QCD), S("\xFF\x58\0\5\0\4\x80"), "what PLT says"},
        {S(COD QCD), S("\xFF\x58\0\5J\1\3"), "PLT has not"},
        {S(COD QCD), S("\xFF\x58\0\6\0\1\3\0"), "PLT has not"},
        {S(COD QCD), S("\xFF\x58\0\x08\0\xFF\xFF\xFF\xFF\x7F"), "PLT has not"},
        {S(COD QCD "\xFF\x50\0\x0A\0\2\0\0Jane"), S(""), "CAP has not"},
        {S(COD QCD "\xFF\x50\0\x08Jane\0\0"), S(""), "CAP has not"},
        {S(COD QCD "\xFF\x59\0\6Jane"), S(""), "CPF has not"},
        {S(COD QCD "\xFF\x63\0\x08JaneDo"), S(""), "CRG has not its length"},
        {S(COD), S(""), "without COD and QCD"},
        {S(QCD), S(""), "without COD and QCD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        codestream(rows[i].main, rows[i].tile);
        expect_bad(JPEG_2000, IMP_ERR_DAMAGED, rows[i].want);
    }
    codestream(B(COD QCD "\xFF\x60\0\7\0Jane"), B(""));
    expect_bad(JPEG_2000, IMP_ERR_UNSUPPORTED, "marker 0xFF60");
}

Test(dicom_codestreams, registration_of_components_becomes_zeros)
{
    expect_frame(
        JPEG_2000,
        B(SOC MAIN "\xFF\x63\0\6Jane" TILE TILE_COM "\0\0\0\0" DATA EOC),
        B(SOC MAIN "\xFF\x63\0\6\0\0\0\0" TILE TILE_COM "\0\0\0\0" DATA EOC));
}
