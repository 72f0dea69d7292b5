// Data sets made by hand, each for one rule of PS3.5.
#include "made.h"

TestSuite(dicom_reader, .timeout = 20);

Test(dicom_reader, elements_have_headers_of_8_or_12_bytes)
{
    start(true, false);
    el(0x00080005, "CS", "ISO_IR 100");
    el(0x00080070, "LO", "");
    el(0x00420011, "OB", "%PDF");
    el(0x00420012, "UT", "text");
    expect_said("(0008,0005) CS/CS 8+10\n"
                "(0008,0070) LO/LO 8+0\n"
                "(0042,0011) OB/OB 12+4\n"
                "(0042,0012) UT/UT 12+4\n");
}

Test(dicom_reader, the_byte_order_is_that_of_tags_and_lengths)
{
    start(true, true);
    el(0x00080005, "CS", "ISO_IR 100");
    size_t sq = begin(0x00081115, "SQ");
    size_t in = begin(IMP_DCM_ITEM, "");
    el(0x0020000E, "UI", "1.2.3.45");
    fit(in);
    fit(sq);
    el(0x7FE00010, "OW", "pixels");
    expect_said("(0008,0005) CS/CS 8+10\n"
                "{ (0008,1115) SQ/SQ 12+0\n"
                "[ (0008,1115)[0] 8+0\n"
                "(0008,1115)[0].(0020,000E) UI/UI 8+8\n"
                "] (0008,1115)[0] 0+0\n"
                "} (0008,1115) 0+0\n"
                "(7FE0,0010) OW/OW 12+6\n");
}

Test(dicom_reader, implicit_vr_is_that_of_the_dictionary)
{
    start(false, false);
    el(0x00080000, "", "four"); // group length
    el(0x00100010, "", "Doe^Jane");
    el(0x00110010, "", "CREATOR "); // private creator
    el(0x00111001, "", "any ");     // private
    el(0x00280106, "", "12");       // US or SS
    el(0x60020023, "", "none");     // not in PS3.6
    el(0x60023000, "", "bits");     // overlay, OB or OW
    expect_said("(0008,0000) UL/none 8+4\n"
                "(0010,0010) PN/none 8+8\n"
                "(0011,0010) LO/none 8+8\n"
                "(0011,1001) UN/none 8+4\n"
                "(0028,0106) US or SS/none 8+2\n"
                "(6002,0023) UN/none 8+4\n"
                "(6002,3000) OB or OW/none 8+4\n");
}

Test(dicom_reader, sequences_end_by_length_or_by_delimiter)
{
    start(true, false);
    head(0x00081115, "SQ", UNDEFINED);
    item(UNDEFINED);
    size_t sq = begin(0x00081199, "SQ");
    size_t in = begin(IMP_DCM_ITEM, "");
    el(0x00081150, "UI", "1.23");
    fit(in);
    item(0);
    fit(sq);
    item_end();
    sequence_end();
    head(0x00081140, "SQ", 0);
    expect_said("{ (0008,1115) SQ/SQ 12+0\n"
                "[ (0008,1115)[0] 8+0\n"
                "{ (0008,1115)[0].(0008,1199) SQ/SQ 12+0\n"
                "[ (0008,1115)[0].(0008,1199)[0] 8+0\n"
                "(0008,1115)[0].(0008,1199)[0].(0008,1150) UI/UI 8+4\n"
                "] (0008,1115)[0].(0008,1199)[0] 0+0\n"
                "[ (0008,1115)[0].(0008,1199)[1] 8+0\n"
                "] (0008,1115)[0].(0008,1199)[1] 0+0\n"
                "} (0008,1115)[0].(0008,1199) 0+0\n"
                "] (0008,1115)[0] 8+0\n"
                "} (0008,1115) 8+0\n"
                "{ (0008,1140) SQ/SQ 12+0\n"
                "} (0008,1140) 0+0\n");
}

Test(dicom_reader, fragments_follow_the_offset_table)
{
    start(true, false);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item(4);
    raw("\xFE\xFF\xDD\xE0", 4); // what is in a fragment does not end it
    item(2);
    raw("ab", 2);
    sequence_end();
    el(0xFFFAFFFA, "LO", "behind");
    expect_said("pixels (7FE0,0010) OB/OB 12+0\n"
                "piece (7FE0,0010)[0] 8+0\n"
                "piece (7FE0,0010)[1] 8+4\n"
                "piece (7FE0,0010)[2] 8+2\n"
                "/ (7FE0,0010) 8+0\n"
                "(FFFA,FFFA) LO/LO 8+6\n");
}

Test(dicom_reader, an_icon_has_pixels_within_an_item)
{
    start(true, false);
    head(0x00880200, "SQ", UNDEFINED);
    item(UNDEFINED);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    sequence_end();
    item_end();
    sequence_end();
    expect_said("{ (0088,0200) SQ/SQ 12+0\n"
                "[ (0088,0200)[0] 8+0\n"
                "pixels (0088,0200)[0].(7FE0,0010) OB/OB 12+0\n"
                "piece (0088,0200)[0].(7FE0,0010)[0] 8+0\n"
                "/ (0088,0200)[0].(7FE0,0010) 8+0\n"
                "] (0088,0200)[0] 8+0\n"
                "} (0088,0200) 8+0\n");
}

Test(dicom_reader, order_and_odd_lengths_are_told)
{
    start(true, false);
    el(0x00100020, "LO", "A1");
    el(0x00100020, "LO", "A2");
    el(0x00100010, "PN", "Doe");
    el(0x00100020, "LO", "A3");
    expect_said("(0010,0020) LO/LO 8+2\n"
                "(0010,0020) LO/LO 8+2 duplicate\n"
                "(0010,0010) PN/PN 8+3 descending odd\n"
                "(0010,0020) LO/LO 8+2\n");
}

Test(dicom_reader, an_item_does_not_descend_from_what_is_before_it)
{
    start(true, false);
    el(0x00100020, "LO", "A1");
    size_t sq = begin(0x00101002, "SQ");
    for (int i = 0; i < 2; i++) {
        size_t in = begin(IMP_DCM_ITEM, "");
        el(0x00080050, "SH", "ab");
        fit(in);
    }
    fit(sq);
    cr_assert(read_made());
    cr_expect_null(strstr(said, "desc"));
    cr_expect_null(strstr(said, "dupl"));
}

Test(dicom_reader, padding_is_an_element_and_zeros_are_no_elements)
{
    start(true, false);
    el(0x7FE00010, "OW", "ab");
    el(0xFFFCFFFC, "OB", "pad!");
    raw("\0\0\0\0\0\0\0\0\0\0", 10);
    expect_said("(7FE0,0010) OW/OW 12+2\n"
                "(FFFC,FFFC) OB/OB 12+4\n"
                "zeros 0+10\n");
    made.n -= 7;
    expect_said("(7FE0,0010) OW/OW 12+2\n"
                "(FFFC,FFFC) OB/OB 12+4\n"
                "zeros 0+3\n");
}

Test(dicom_reader, nothing_at_all_is_a_data_set)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    start(true, false);
    expect_said("");
    imp_dcm_reader_start(&r, (struct imp_span){0}, 0, 0, made.how);
    cr_expect(imp_dcm_next(&r, &e, &why));
    cr_expect_eq(e.kind, IMP_DCM_END);
}

// --- Damage
// ---------------------------------------------------------------------

Test(dicom_reader, zeros_must_go_up_to_the_end)
{
    start(false, false);
    el(0x00080005, "", "ISO_IR 100");
    raw("\0\0\0\0\0\0\0\0x", 9);
    expect_damaged("at 18: zeros, where an element should be");
}

Test(dicom_reader, zeros_do_not_fill_an_item)
{
    start(false, false);
    head(0x00081115, "", 16);
    item(8);
    raw("\0\0\0\0\0\0\0\0", 8);
    expect_damaged("(0008,1115)[0] at 16: zeros, where an element should be");
}

Test(dicom_reader, a_length_must_not_leave_the_file)
{
    start(true, false);
    head(0x00100010, "PN", 8);
    raw("Doe", 3);
    expect_damaged("(0010,0010) at 0: length 8, have 3");
    made.p[6] = 4;
    expect_damaged("(0010,0010) at 0: length 4, have 3");
    made.n = 7;
    expect_damaged("(0010,0010) at 0: the data ends within its header");
    made.n = 3;
    expect_damaged("at 0: the data ends within its header");
}

Test(dicom_reader, a_long_header_must_not_leave_the_file)
{
    for (size_t n = 8; n < 12; n++) {
        start(true, false);
        head(0x00420011, "OB", 0);
        made.n = n;
        expect_damaged("(0042,0011) at 0: the data ends within its header");
    }
}

Test(dicom_reader, a_length_must_not_leave_its_item)
{
    start(true, false);
    head(0x00081115, "SQ", UNDEFINED);
    item(10);
    el(0x00081150, "UI", "1.2.3.4");
    item_end();
    sequence_end();
    expect_damaged("(0008,1115)[0].(0008,1150) at 20: length 7, have 2");
}

Test(dicom_reader, an_item_must_not_leave_its_sequence)
{
    start(true, false);
    head(0x00081115, "SQ", 12);
    item(6);
    el(0x00100020, "LO", "");
    expect_damaged("(0008,1115) at 12: item 0: length 6, have 4");
}

Test(dicom_reader, an_item_without_end_must_not_leave_its_sequence)
{
    start(true, false);
    head(0x00081115, "SQ", 18); // the delimiter lies behind it
    item(UNDEFINED);
    el(0x00100020, "LO", "A1");
    item_end();
    expect_damaged("(0008,1115)[0] at 30: the data ends before its delimiter");
    made.p[8]--; // and now the value, too
    expect_damaged("(0008,1115)[0].(0010,0020) at 20: length 2, have 1");
}

Test(dicom_reader, delimiters_must_be_there)
{
    start(true, false);
    head(0x00081115, "SQ", UNDEFINED);
    item(UNDEFINED);
    expect_damaged("(0008,1115)[0] at 20: the data ends before its delimiter");
    item_end();
    expect_damaged("(0008,1115) at 28: the data ends before its delimiter");
    start(true, false);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    expect_damaged("(7FE0,0010) at 20: the data ends before its delimiter");
}

Test(dicom_reader, delimiters_must_be_wanted_and_empty)
{
    start(true, false);
    size_t sq = begin(0x00081115, "SQ");
    sequence_end();
    fit(sq);
    expect_damaged(
        "(0008,1115) at 12: a delimiter, where a length tells the end");
    start(true, false);
    head(0x00081115, "SQ", UNDEFINED);
    head(IMP_DCM_SEQUENCE_END, "", 2);
    expect_damaged("(0008,1115) at 12: the length of a delimiter is not 0");
    start(true, false);
    item_end();
    expect_damaged("(FFFE,E00D) at 0: want an element");
    start(true, false);
    head(0x00081115, "SQ", UNDEFINED);
    item_end();
    expect_damaged("(0008,1115) at 12: want an item");
}

Test(dicom_reader, fragments_must_begin_with_the_table_and_have_lengths)
{
    start(true, false);
    head(0x7FE00010, "OB", UNDEFINED);
    sequence_end();
    expect_damaged("(7FE0,0010) at 12: want the basic offset table");
    start(true, false);
    head(0x7FE00010, "OB", UNDEFINED);
    item(UNDEFINED);
    sequence_end();
    expect_damaged("(7FE0,0010) at 12: a fragment of undefined length");
}

Test(dicom_reader, only_sequences_and_pixels_may_be_undefined)
{
    static const char *const vrs[] = {"OB", "OW", "UT", "OF", "UC"};
    for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
        start(true, false);
        head(0x00420011, vrs[i], UNDEFINED);
        expect_damaged("(0042,0011) at 0: undefined length of what is neither "
                       "sequence nor pixels");
    }
    start(true, false);
    head(0x7FE00010, "UN", UNDEFINED);
    expect_damaged("(7FE0,0010) at 0: undefined length of what is neither "
                   "sequence nor pixels");
    start(false, false);
    head(0x7FE00010, "", UNDEFINED);
    expect_damaged("(7FE0,0010) at 0: undefined length of what is neither "
                   "sequence nor pixels");
}

Test(dicom_reader, a_vr_that_is_none_is_damage)
{
    // Readers disagree on how long the length behind it is.
    static const char *const vrs[] = {"OX", "??", "  ", "lo", "\0\0", "L1"};
    for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
        start(true, false);
        tag(0x00090010);
        raw(vrs[i], 2);
        raw("\0\0\0\0\0\0", 6);
        expect_damaged("(0009,0010) at 0: its VR is none of PS3.5");
    }
}

Test(dicom_reader, what_is_reserved_must_be_zero)
{
    start(true, false);
    head(0x00420011, "OB", 0);
    made.p[7] = 1;
    expect_damaged("(0042,0011) at 0: the bytes behind its VR are not 0");
}

Test(dicom_reader, long_paths_lose_their_middle)
{
    start(true, false);
    for (unsigned i = 0; i < 20; i++) {
        head(0x00400000 + i, "SQ", UNDEFINED);
        item(UNDEFINED);
    }
    head(0x00100010, "PN", 8);
    expect_damaged(
        "(0040,0000)[0].(0040,0001)[0].(0040,0002)[0]..."
        "(0040,000F)[0].(0040,0010)[0].(0040,0011)[0].(0040,0012)[0].(0040,"
        "0013)[0].(0010,0010) at 400: length 8, have 0");
}
