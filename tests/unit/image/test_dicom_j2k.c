// Frames of JPEG 2000, and what is hidden in them.
#include "framing.h"

TestSuite(dicom_j2k, .fini = clear, .timeout = 60);

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

Test(dicom_j2k, comments_of_jpeg_2000_become_zeros)
{
    expect_frame(JPEG_2000,
                 B(SOC SIZ "\xFF\x64\0\x08\0\1Jane" COD QCD TILE TILE_COM
                           "\0\1Do" DATA EOC "Doe"),
                 B(SOC SIZ "\xFF\x64\0\x08\0\0\0\0\0\0" COD QCD TILE TILE_COM
                           "\0\0\0\0" DATA EOC "\0\0\0"));
}

// A.4.2: a tile-part without a length goes up to EOC.
#define LAST_TILE "\xFF\x90\0\x0A\0\0\0\0\0\0\0\1"

Test(dicom_j2k, the_last_tile_part_may_be_of_any_length)
{
    expect_frame(JPEG_2000,
                 B(SOC MAIN TILE TILE_COM "JaDo" DATA LAST_TILE "\xFF\x93"
                                          "ab\xFF\x8F\xFF" EOC "D"),
                 B(SOC MAIN TILE TILE_COM "\0\0\0\0" DATA LAST_TILE "\xFF\x93"
                                          "ab\xFF\x8F\xFF" EOC "\0"));
}

Test(dicom_j2k, a_jpeg_2000_frame_may_be_parted_anywhere)
{
    expect_parted(JPEG_2000,
                  B(SOC MAIN TILE TILE_COM "JaDo" DATA LAST_TILE "\xFF\x93"
                                           "ab\xFF\xFF\1" EOC),
                  B(SOC MAIN TILE TILE_COM "\0\0\0\0" DATA LAST_TILE "\xFF\x93"
                                           "ab\xFF\xFF\1" EOC));
}

Test(dicom_j2k, a_jpeg_2000_frame_must_be_whole)
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

Test(dicom_j2k, segments_of_jpeg_2000_that_a_decoder_needs_stay)
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

Test(dicom_j2k, segments_of_jpeg_2000_have_no_room_for_more)
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

Test(dicom_j2k, registration_of_components_becomes_zeros)
{
    expect_frame(
        JPEG_2000,
        B(SOC MAIN "\xFF\x63\0\6Jane" TILE TILE_COM "\0\0\0\0" DATA EOC),
        B(SOC MAIN "\xFF\x63\0\6\0\0\0\0" TILE TILE_COM "\0\0\0\0" DATA EOC));
}
