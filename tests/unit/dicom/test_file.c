// Part 10 files, and what is none.
#include "dicom/file.h"
#include "made.h"

TestSuite(dicom_file, .timeout = 20);

#define EXPLICIT "1.2.840.10008.1.2.1"

static struct imp_dcm_file file;

static void preamble(void)
{
    static const char zeros[128];
    start(true, false);
    raw(zeros, 128);
    raw("DICM", 4);
}

// A meta group, with the length that it says.
static void meta(const char *uid, uint32_t length)
{
    head(0x00020000, "UL", 4);
    u32(length);
    el(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7\0");
    if (uid)
        el(0x00020010, "UI", uid);
}

static uint32_t meta_length(const char *uid)
{
    return 8 + 25 + (uid ? 8 + (uint32_t)strlen(uid) : 0);
}

static void data_set(void)
{
    el(0x00080005, "CS", "ISO_IR 100");
    el(0x00080060, "CS", "CT");
    el(0x00100010, "PN", "Doe^Jane");
}

static bool read_file(void)
{
    why = (struct imp_err){0};
    return imp_dcm_file_read(made_span(), &file, &why);
}

static void expect_file(const char *uid, uint64_t data_at)
{
    cr_expect(imp_dcm_sniff(made_span()));
    cr_assert(read_file(), "%s", why.msg);
    cr_expect_str_eq(file.syntax->uid, uid);
    cr_expect_eq(file.data_at, data_at, "%ju", (uintmax_t)file.data_at);
}

static void expect_no_file(enum imp_code code, const char *want)
{
    cr_expect(!read_file());
    cr_expect_eq(why.code, code);
    cr_expect_str_eq(why.msg, want, "%s", why.msg);
}

Test(dicom_file, with_preamble_and_meta_group)
{
    preamble();
    meta(EXPLICIT, meta_length(EXPLICIT));
    size_t at = made.n;
    data_set();
    expect_file(EXPLICIT, at);
    cr_expect(file.preamble && file.meta);
    cr_expect(!file.length_lies && !file.guessed);
    cr_expect_eq(file.meta_at, 132);
}

Test(dicom_file, the_meta_group_ends_where_the_next_begins)
{
    for (uint32_t lie = 0; lie < 3; lie++) {
        static const uint32_t off[] = {(uint32_t)-8, 8, 1 << 30};
        preamble();
        meta(EXPLICIT, meta_length(EXPLICIT) + off[lie]);
        size_t at = made.n;
        data_set();
        expect_file(EXPLICIT, at);
        cr_expect(file.length_lies);
    }
}

Test(dicom_file, without_preamble)
{
    start(true, false);
    meta(EXPLICIT, meta_length(EXPLICIT));
    size_t at = made.n;
    made.how.explicit_vr = false;
    data_set(); // not looked at
    expect_file(EXPLICIT, at);
    cr_expect(!file.preamble && file.meta);
}

Test(dicom_file, without_a_syntax_it_is_the_one_way_to_read)
{
    static const struct {
        bool explicit_vr, big;
        const char *uid;
    } way[] = {{false, false, "1.2.840.10008.1.2"},
               {true, false, EXPLICIT},
               {true, true, "1.2.840.10008.1.2.2"}};
    for (size_t i = 0; i < 3; i++) {
        // Neither preamble nor meta group.
        start(way[i].explicit_vr, way[i].big);
        data_set();
        expect_file(way[i].uid, 0);
        cr_expect(!file.preamble && !file.meta && file.guessed);
        // A preamble alone.
        preamble();
        made.how = (struct imp_dcm_encoding){way[i].explicit_vr, way[i].big};
        data_set();
        expect_file(way[i].uid, 132);
        // A meta group that does not tell.
        preamble();
        meta(NULL, meta_length(NULL));
        size_t at = made.n;
        made.how = (struct imp_dcm_encoding){way[i].explicit_vr, way[i].big};
        data_set();
        expect_file(way[i].uid, at);
        cr_expect(file.meta && file.guessed);
    }
}

Test(dicom_file, without_a_syntax_and_without_one_way_it_is_damaged)
{
    static const char msg[] =
        "no transfer syntax, and not one way to read the data set at 132";
    preamble(); // nothing
    expect_no_file(IMP_ERR_DAMAGED, msg);
    el(0x00080006, "LO", "of another VR than the dictionary's");
    expect_no_file(IMP_ERR_DAMAGED, msg);
    preamble(); // implicit of length 0x4f4c, "LO", or explicit and one more
    el(0x00091001, "LO", "");
    head(0x00091002, "OB", 0x4f4c - 12);
    made.n += 0x4f4c - 12;
    expect_no_file(IMP_ERR_DAMAGED, msg);
}

Test(dicom_file, of_an_unknown_syntax_is_not_for_us)
{
    preamble();
    meta("1.2.840.113619.5.2", 0);
    data_set();
    cr_expect(imp_dcm_sniff(made_span()));
    expect_no_file(IMP_ERR_UNSUPPORTED, "transfer syntax: private or unknown");
    preamble();
    meta("1.2.840.10008.1.2.6.2", 0);
    expect_no_file(IMP_ERR_UNSUPPORTED, "transfer syntax: XML Encoding");
}

Test(dicom_file, a_broken_meta_group_is_damage)
{
    preamble();
    meta(EXPLICIT, 0);
    el(0x00020010, "UI", "1.2.840.10008.1.2");
    expect_no_file(IMP_ERR_DAMAGED,
                   "(0002,0010) at 204: the meta group is not in order");
    preamble();
    head(0x00020010, "UI", 100);
    expect_no_file(IMP_ERR_DAMAGED,
                   "(0002,0010) at 132: its value leaves the file");
    preamble();
    made.how.explicit_vr = false;
    head(0x00020010, "", 2);
    expect_no_file(IMP_ERR_DAMAGED,
                   "(0002,0010) at 132: its VR is none of PS3.5");
}

Test(dicom_file, other_kinds_are_not_taken_for_it)
{
    static const struct {
        const char *bytes;
        size_t n;
    } other[] = {
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16},
        {"\xff\xd8\xff\xe0\0\x10JFIF\0\1", 12},
        {"%PDF-1.7\n", 9},
        {"II*\0\x08\0\0\0\0\0", 10},
        {"GIF89a\x01\0\x01\0", 10},
        {"Dear Sir or Madam, I have a picture of me.", 42},
        {"\x08\0\x05\0", 4},
        {"\x08\0\x05\0\x02\0\0\0ab", 10}, // one element is not enough
        {"\x08\0\x05\0\x02\0\0\0ab\x08\0\x08\0\x02\0\0\0ab", 20},
        {"\x02\0\0\0UL\4\0\x10\0\0\0", 12}, // a meta group that says nothing
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        start(true, false);
        raw(other[i].bytes, other[i].n);
        cr_expect(!imp_dcm_sniff(made_span()), "%zu", i);
        // In front of a DICM that is part of something else, too.
        char text[256] = "";
        memcpy(text, other[i].bytes, other[i].n);
        memcpy(text + 128, "DICM is a word here, as it is in this text.", 43);
        start(true, false);
        raw(text, sizeof text);
        cr_expect(!imp_dcm_sniff(made_span()), "%zu", i);
    }
}

Test(dicom_file, tags_that_descend_or_are_unknown_are_not_taken_for_it)
{
    start(false, false);
    data_set();
    el(0x00080070, "", "GE");
    cr_expect(!imp_dcm_sniff(made_span()));
    start(true, false);
    data_set();
    el(0x00100011, "PN", "no such row");
    cr_expect(!imp_dcm_sniff(made_span()));
    start(true, false);
    data_set();
    head(0x00100020, "LO", 9); // leaves the file
    cr_expect(!imp_dcm_sniff(made_span()));
}
