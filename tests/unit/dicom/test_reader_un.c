// Sequences that are written as UN, and how deep any may go.
#include "made.h"

TestSuite(dicom_un, .timeout = 20);

#define INNER                                  \
    "[ (0009,1001)[0] 8+0\n"                   \
    "(0009,1001)[0].(0010,0010) PN/none 8+4\n" \
    "] (0009,1001)[0] 0+0\n"

static void one_item(void)
{
    struct imp_dcm_encoding outer = made.how;
    made.how = (struct imp_dcm_encoding){false, false};
    size_t in = begin(IMP_DCM_ITEM, "");
    el(0x00100010, "", "Jane");
    fit(in);
    made.how = outer;
}

static void close_un(void)
{
    raw("\xFE\xFF\xDD\xE0\0\0\0\0", 8);
}

Test(dicom_un, of_undefined_length_is_a_sequence_in_implicit_little_endian)
{
    for (int big = 0; big < 2; big++) {
        start(true, big);
        head(0x00091001, "UN", UNDEFINED);
        one_item();
        close_un();
        el(0x00100020, "LO", "id");
        expect_said("{ (0009,1001) SQ/UN 12+0 disguised\n" INNER
                    "} (0009,1001) 8+0\n"
                    "(0010,0020) LO/LO 8+2\n");
    }
}

Test(dicom_un, of_known_length_is_a_sequence_if_it_is_all_items)
{
    for (int big = 0; big < 2; big++) {
        start(true, big);
        size_t un = begin(0x00091001, "UN");
        one_item();
        fit(un);
        el(0x00100020, "LO", "id");
        expect_said("{ (0009,1001) SQ/UN 12+0 disguised\n" INNER
                    "} (0009,1001) 0+0\n"
                    "(0010,0020) LO/LO 8+2\n");
    }
}

Test(dicom_un, in_implicit_vr_hides_the_same)
{
    start(false, false);
    size_t un = begin(0x00091001, "");
    one_item();
    fit(un);
    expect_said("{ (0009,1001) SQ/none 8+0 disguised\n" INNER
                "} (0009,1001) 0+0\n");
}

Test(dicom_un, that_is_not_all_items_is_bytes)
{
    start(true, false);
    size_t un = begin(0x00091001, "UN");
    one_item();
    raw("!!", 2); // two bytes too many
    fit(un);
    expect_said("(0009,1001) UN/UN 12+22\n");
    start(true, false);
    un = begin(0x00091001, "UN");
    item(12);
    el(0x00100010, "PN", "Jane"); // explicit, which it never is
    fit(un);
    made.p[13] = 0;
    expect_said("(0009,1001) UN/UN 12+20\n");
    start(true, false);
    head(0x00091001, "UN", 0);
    expect_said("(0009,1001) UN/UN 12+0\n");
}

Test(dicom_un, that_goes_on_behind_what_it_hides_is_bytes)
{
    start(false, false);
    size_t un = begin(0x00091001, "");
    item(8);
    head(0x00081115, "", 0); // a whole sequence, but not all
    raw("!!", 2);
    fit(un);
    expect_said("(0009,1001) UN/none 8+18\n");
}

Test(dicom_un, has_the_dictionary_s_vr)
{
    start(true, false);
    el(0x00100010, "UN", "Jane");
    el(0x00110010, "UN", "CREATOR ");
    size_t un = begin(0x00111001, "UN");
    fit(un);
    // Text, by the dictionary; but none that anyone has written.
    el(0x00200010, "UN", "\xFE\xFF\x41\x42");
    un = begin(0x00204000, "UN");
    one_item();
    fit(un);
    // It knows that this is a sequence; it is bytes if it is not.
    un = begin(0x0040A730, "UN");
    one_item();
    fit(un);
    el(0x0040A731, "UN", "junk");
    el(0x0040A732, "UN", "");
    expect_said("(0010,0010) PN/UN 12+4\n"
                "(0011,0010) LO/UN 12+8\n"
                "(0011,1001) UN/UN 12+0\n"
                "(0020,0010) SH/UN 12+4\n"
                "{ (0020,4000) SQ/UN 12+0 disguised\n"
                "[ (0020,4000)[0] 8+0\n"
                "(0020,4000)[0].(0010,0010) PN/none 8+4\n"
                "] (0020,4000)[0] 0+0\n"
                "} (0020,4000) 0+0\n"
                "{ (0040,A730) SQ/UN 12+0 disguised\n"
                "[ (0040,A730)[0] 8+0\n"
                "(0040,A730)[0].(0010,0010) PN/none 8+4\n"
                "] (0040,A730)[0] 0+0\n"
                "} (0040,A730) 0+0\n"
                "(0040,A731) UN/UN 12+4\n"
                "{ (0040,A732) SQ/UN 12+0 disguised\n"
                "} (0040,A732) 0+0\n");
}

Test(dicom_un, a_known_sequence_that_is_empty_or_junk)
{
    start(true, false);
    el(0x00081115, "UN", "");
    el(0x00081140, "UN", "junk");
    expect_said("{ (0008,1115) SQ/UN 12+0 disguised\n"
                "} (0008,1115) 0+0\n"
                "(0008,1140) UN/UN 12+4\n");
    // Written as what it is, it must be one.
    start(true, false);
    el(0x00081140, "SQ", "\xFE\xFF\x0D\xE0    ");
    expect_damaged("(0008,1140) at 12: want an item");
    start(false, false);
    el(0x00081140, "", "\xFE\xFF\x0D\xE0    ");
    expect_damaged("(0008,1140) at 8: want an item");
}

Test(dicom_un, within_un_is_looked_into_when_it_is_told)
{
    start(true, false);
    size_t outer = begin(0x00091001, "UN");
    made.how.explicit_vr = false;
    size_t in = begin(IMP_DCM_ITEM, "");
    size_t inner = begin(0x00091002, "");
    one_item();
    fit(inner);
    inner = begin(0x00091003, "");
    raw("\xFE\xFF\x00\xE0xxxxyy", 10);
    fit(inner);
    fit(in);
    fit(outer);
    made.how.explicit_vr = true;
    expect_said("{ (0009,1001) SQ/UN 12+0 disguised\n"
                "[ (0009,1001)[0] 8+0\n"
                "{ (0009,1001)[0].(0009,1002) SQ/none 8+0 disguised\n"
                "[ (0009,1001)[0].(0009,1002)[0] 8+0\n"
                "(0009,1001)[0].(0009,1002)[0].(0010,0010) PN/none 8+4\n"
                "] (0009,1001)[0].(0009,1002)[0] 0+0\n"
                "} (0009,1001)[0].(0009,1002) 0+0\n"
                "(0009,1001)[0].(0009,1003) UN/none 8+10\n"
                "] (0009,1001)[0] 0+0\n"
                "} (0009,1001) 0+0\n");
}

// --- Depth
// -----------------------------------------------------------------------

static void nest(unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        head(0x00081115, "SQ", UNDEFINED);
        item(UNDEFINED);
    }
    for (unsigned i = 0; i < depth; i++) {
        item_end();
        sequence_end();
    }
}

Test(dicom_un, sequences_go_64_deep)
{
    start(true, false);
    nest(IMP_DCM_MAX_DEPTH);
    cr_expect(read_made(), "%s", why.msg);
    start(true, false);
    nest(IMP_DCM_MAX_DEPTH + 1);
    cr_expect(!read_made());
    cr_expect_eq(why.code, IMP_ERR_LIMIT);
    cr_expect_not_null(
        strstr(why.msg, "[0].(0008,1115) at 1280: sequences in sequences"),
        "%s", why.msg);
}

// What is too deep to be looked at must not pass as bytes.
Test(dicom_un, hides_no_depth)
{
    for (unsigned known = 0; known < 2; known++)
        for (unsigned under = 60; under <= 66; under++) {
            start(false, false);
            size_t un = begin(0x00091001, "");
            item(UNDEFINED);
            nest(under);
            item_end();
            if (known)
                fit(un);
            else
                close_un(), imp_put_le32(made.p + un - 4, UNDEFINED);
            bool ok = read_made();
            cr_expect_eq(ok, under < IMP_DCM_MAX_DEPTH, "%u: %s", under,
                         why.msg);
            cr_expect_eq(why.code, ok ? IMP_OK : IMP_ERR_LIMIT);
        }
}

// UN in UN in UN, none of which is all items in the end: each is tried, but its
// bytes are not looked at again and again.
Test(dicom_un, of_many_levels_takes_no_longer_than_it_is_long, .timeout = 5)
{
    static uint8_t big[16 << 20];
    struct imp_dcm_encoding implicit = {false, false};
    size_t n = 0;
    // Items without end that each hold one such element more.
    while (n + 16 <= sizeof big) {
        memcpy(big + n, "\x09\0\x01\x10", 4);
        imp_put_le32(big + n + 4, (uint32_t)(sizeof big - n - 8));
        memcpy(big + n + 8, "\xFE\xFF\x00\xE0", 4);
        imp_put_le32(big + n + 12, (uint32_t)(sizeof big - n - 16));
        n += 16;
    }
    static struct imp_dcm_reader r;
    struct imp_dcm_event e;
    imp_dcm_reader_start(&r, (struct imp_span){big, sizeof big}, 0, sizeof big,
                         implicit);
    while (imp_dcm_next(&r, &e, NULL) && e.kind != IMP_DCM_END)
        ;
    // One after the other, each a try that fails at its end.
    for (n = 0; n + 32 <= sizeof big; n += 32) {
        memcpy(big + n, "\x09\0\x01\x10\x18\0\0\0", 8);
        memcpy(big + n + 8, "\xFE\xFF\x00\xE0\x08\0\0\0", 8);
        memcpy(big + n + 16, "\x09\0\x01\x10\0\0\0\0", 8);
        memcpy(big + n + 24, "\xFE\xFF\x0D\xE0\0\0\0\0", 8);
    }
    imp_dcm_reader_start(&r, (struct imp_span){big, sizeof big}, 0, sizeof big,
                         implicit);
    size_t told = 0;
    do {
        cr_assert(imp_dcm_next(&r, &e, NULL));
        told++;
    } while (e.kind != IMP_DCM_END);
    cr_expect_eq(told, sizeof big / 32 + 1);
}
