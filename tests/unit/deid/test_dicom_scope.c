// Character sets and private creators, as a data set tells of them.
#include "deid/dicom_scope.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define CHARACTER_SET 0x00080005
#define U_UMLAUT "\xc3\xbc"

static struct imp_dicom_scope scope;
static struct imp_err err;

static void clear(void)
{
    imp_dicom_scope_clear(&scope);
}

TestSuite(dicom_scope, .fini = clear, .timeout = 20);

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

static void tell_of(enum imp_dcm_vr vr, enum imp_dcm_event_kind kind,
                    unsigned depth, uint32_t tag, struct imp_span value)
{
    const struct imp_dcm_event e = {
        .kind = kind, .tag = tag, .vr = vr, .depth = depth, .value = value.n};
    imp_dicom_scope_element(&scope, value, &e);
}

static void tell(enum imp_dcm_event_kind kind, unsigned depth, uint32_t tag,
                 struct imp_span value)
{
    tell_of(IMP_DCM_LO, kind, depth, tag, value);
}

static void element(unsigned depth, uint32_t tag, const char *value)
{
    tell(IMP_DCM_ELEMENT, depth, tag, span(value));
}

static void expect_creator(unsigned depth, uint32_t tag, const char *want)
{
    struct imp_span name = imp_dicom_scope_creator(&scope, depth, tag);
    cr_expect(name.n == strlen(want) && memcmp(name.p, want, name.n) == 0,
              "(%08X) at %u: '%.*s', want '%s'", tag, depth, (int)name.n,
              (const char *)name.p, want);
}

static void expect_nobody(unsigned depth, uint32_t tag)
{
    cr_expect_eq(imp_dicom_scope_creator(&scope, depth, tag).n, 0,
                 "(%08X) at %u is somebody's", tag, depth);
}

// --- Creators ---

Test(dicom_scope, a_block_is_whose_creator_has_reserved_it)
{
    element(0, 0x00090010, "ACME 1.1 ");
    element(0, 0x00090011, "OTHER");
    element(0, 0x000900FF, "LAST");
    tell(IMP_DCM_ELEMENT, 0, 0x00110010,
         (struct imp_span){(const uint8_t *)"PADDED\0 ", 8});
    expect_creator(0, 0x00091000, "ACME 1.1");
    expect_creator(0, 0x000910FF, "ACME 1.1");
    expect_creator(0, 0x00091142, "OTHER");
    expect_creator(0, 0x0009FF01, "LAST");
    expect_creator(0, 0x00111001, "PADDED");
    tell_of(IMP_DCM_UN, IMP_DCM_ELEMENT, 0, 0x00150010, span("UNKNOWN"));
    expect_creator(0, 0x00151001, "UNKNOWN");
    expect_nobody(0, 0x00091201);
    expect_nobody(0, 0x000B1001);
    expect_nobody(0, 0x00131001);
}

Test(dicom_scope, what_reserves_nothing_is_no_creator)
{
    element(0, 0x0009000F, "BELOW");
    element(0, 0x00090100, "BEHIND");
    element(0, 0x00080010, "NOT PRIVATE");
    tell(IMP_DCM_SEQUENCE_BEGIN, 0, 0x00090010, span("SEQUENCE"));
    tell(IMP_DCM_FRAGMENT, 0, 0x00090010, span("FRAGMENT"));
    tell_of(IMP_DCM_FD, IMP_DCM_ELEMENT, 0, 0x00090010, span("A NUMBER"));
    tell_of(IMP_DCM_OB, IMP_DCM_ELEMENT, 0, 0x00090010, span("BYTES"));
    expect_nobody(0, 0x00090F01);
    expect_nobody(0, 0x00090001);
    expect_nobody(0, 0x00081001);
    expect_nobody(0, 0x00091001);
}

Test(dicom_scope, a_block_is_reserved_in_its_own_level_alone)
{
    element(0, 0x00090010, "OUTER");
    imp_dicom_scope_item(&scope, 1);
    expect_nobody(1, 0x00091001);
    element(1, 0x00090010, "INNER");
    expect_creator(1, 0x00091001, "INNER");
    expect_creator(0, 0x00091001, "OUTER");
}

Test(dicom_scope, an_item_knows_nothing_of_the_one_before)
{
    imp_dicom_scope_item(&scope, 1);
    element(1, 0x00090010, "FIRST");
    imp_dicom_scope_item(&scope, 2);
    element(2, 0x00090010, "DEEPER");
    imp_dicom_scope_item(&scope, 1);
    expect_nobody(1, 0x00091001);
    expect_nobody(2, 0x00091001);
}

// The creators of the outer level that come between must not hide them.
Test(dicom_scope, an_item_knows_nothing_of_another_sequence)
{
    imp_dicom_scope_item(&scope, 1);
    element(1, 0x00090010, "FIRST");
    element(0, 0x00090010, "OUTER");
    imp_dicom_scope_item(&scope, 1);
    expect_nobody(1, 0x00091001);
    expect_creator(0, 0x00091001, "OUTER");
}

static void reserve(unsigned depth, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t group = 0x0009 + 2 * (i / 0xF0);
        element(depth, group << 16 | (0x10 + i % 0xF0), "SOMEBODY");
    }
}

Test(dicom_scope, more_creators_than_there_is_room_for_are_not_known)
{
    reserve(0, IMP_DICOM_CREATORS + 1);
    expect_creator(0, 0x00098F01, "SOMEBODY");
    expect_nobody(0, 0x00099001);
}

Test(dicom_scope, only_creators_of_what_is_open_take_room)
{
    element(0, 0x00090010, "OUTER");
    for (int i = 0; i < 5; i++) {
        imp_dicom_scope_item(&scope, 1);
        reserve(1, IMP_DICOM_CREATORS - 2);
    }
    element(0, 0x00110010, "BEHIND");
    expect_creator(0, 0x00111001, "BEHIND");
    expect_creator(0, 0x00091001, "OUTER");
    imp_dicom_scope_item(&scope, 1);
    reserve(1, IMP_DICOM_CREATORS - 2);
    expect_creator(1, 0x00098D01, "SOMEBODY");
}

Test(dicom_scope, a_new_data_set_has_nothing_of_the_last)
{
    element(0, 0x00090010, "ACME");
    element(0, CHARACTER_SET, "ISO_IR 192");
    imp_dicom_scope_start(&scope);
    expect_nobody(0, 0x00091001);
    struct imp_span text;
    cr_assert(imp_dicom_scope_text(&scope, 0, IMP_DCM_LO, span(U_UMLAUT), &text,
                                   &err));
    cr_expect(!imp_span_starts(text, U_UMLAUT, 2));
}

Test(dicom_scope, the_deepest_level_has_its_own)
{
    imp_dicom_scope_item(&scope, IMP_DCM_MAX_DEPTH);
    element(IMP_DCM_MAX_DEPTH, 0x00090010, "DEEP");
    element(IMP_DCM_MAX_DEPTH, CHARACTER_SET, "ISO_IR 192");
    expect_creator(IMP_DCM_MAX_DEPTH, 0x00091001, "DEEP");
    imp_dicom_scope_item(&scope, IMP_DCM_MAX_DEPTH);
    expect_nobody(IMP_DCM_MAX_DEPTH, 0x00091001);
}

// --- Sequences whose texts become dummies ---

static bool is_disguised(unsigned depth, bool begins)
{
    const struct imp_dcm_event e = {.kind = IMP_DCM_ELEMENT, .depth = depth};
    return imp_dicom_scope_disguised(&scope, &e, begins);
}

Test(dicom_scope, what_lies_in_such_a_sequence_is_told_as_long_as_it_is_open)
{
    cr_expect(!is_disguised(1, false));
    cr_expect(!is_disguised(1, true), "not in itself");
    cr_expect(is_disguised(2, false) && is_disguised(3, false));
    cr_expect(is_disguised(3, true), "one in another");
    cr_expect(is_disguised(4, false) && is_disguised(2, false));
    cr_expect(!is_disguised(1, false) && !is_disguised(2, false));
    cr_expect(!is_disguised(0, true) && is_disguised(1, false));
    imp_dicom_scope_start(&scope);
    cr_expect(!is_disguised(1, false));
}

// --- Texts ---

static void expect_text_of(unsigned depth, enum imp_dcm_vr vr,
                           const char *value, const char *want)
{
    struct imp_span text;
    cr_assert(imp_dicom_scope_text(&scope, depth, vr, span(value), &text, &err),
              "%s", err.msg);
    cr_expect(text.n == strlen(want) && memcmp(text.p, want, text.n) == 0,
              "'%.*s', want '%s'", (int)text.n, (const char *)text.p, want);
}

static void expect_text(unsigned depth, const char *value, const char *want)
{
    expect_text_of(depth, IMP_DCM_LO, value, want);
}

Test(dicom_scope, text_is_of_the_character_set_that_the_object_names)
{
    element(0, CHARACTER_SET, "ISO_IR 100");
    expect_text(0, "M\xfcller", "M" U_UMLAUT "ller");
    element(0, CHARACTER_SET, "ISO_IR 144");
    expect_text(0, "\xbb\xee\xda", "\xd0\x9b\xd1\x8e\xd0\xba"); // Люк
}

Test(dicom_scope, an_item_inherits_the_character_set_that_it_does_not_name)
{
    element(0, CHARACTER_SET, "ISO_IR 100");
    imp_dicom_scope_item(&scope, 1);
    expect_text(1, "\xfc", U_UMLAUT);
    element(1, CHARACTER_SET, "ISO_IR 192");
    imp_dicom_scope_item(&scope, 2);
    expect_text(2, U_UMLAUT, U_UMLAUT);
    expect_text(0, "\xfc", U_UMLAUT);
    imp_dicom_scope_item(&scope, 1);
    expect_text(1, "\xfc", U_UMLAUT);
}

Test(dicom_scope, a_character_set_that_is_empty_is_the_default_one)
{
    element(0, CHARACTER_SET, "ISO_IR 100");
    imp_dicom_scope_item(&scope, 1);
    element(1, CHARACTER_SET, "");
    expect_text(1, "a\xfc", "a\xef\xbf\xbd");
    expect_text(0, "a\xfc", "a" U_UMLAUT);
}

Test(dicom_scope, what_a_character_set_does_not_apply_to_is_ascii)
{
    element(0, CHARACTER_SET, "ISO_IR 100");
    expect_text_of(0, IMP_DCM_CS, "\xfc", "\xef\xbf\xbd");
}

Test(dicom_scope, ascii_is_borrowed_as_it_stands)
{
    struct imp_span text, value = span("plain text  ");
    element(0, CHARACTER_SET, "NO SUCH SET");
    cr_assert(imp_dicom_scope_text(&scope, 0, IMP_DCM_LO, value, &text, &err));
    cr_expect_eq(text.p, value.p);
    cr_expect_eq(text.n, value.n);
    cr_assert(imp_dicom_scope_text(&scope, 0, IMP_DCM_LO, (struct imp_span){0},
                                   &text, &err));
    cr_expect_eq(text.n, 0);
}

Test(dicom_scope, an_escape_sequence_is_not_ascii)
{
    element(0, CHARACTER_SET, "\\ISO 2022 IR 87");
    expect_text_of(0, IMP_DCM_PN, "\x1b$B;3ED\x1b(B",
                   "\xe5\xb1\xb1\xe7\x94\xb0"); // 山田
}

Test(dicom_scope, a_character_set_that_there_is_not)
{
    struct imp_span text;
    element(0, CHARACTER_SET, "NO SUCH SET");
    cr_expect(!imp_dicom_scope_text(&scope, 0, IMP_DCM_LO, span("M\xfcller"),
                                    &text, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    // What is not understood is not kept as if it were.
    cr_expect(!imp_dicom_scope_text(&scope, 0, IMP_DCM_LO, span("M\xfcller"),
                                    &text, &err));
    element(0, CHARACTER_SET, "ISO_IR 100");
    expect_text(0, "M\xfcller", "M" U_UMLAUT "ller");
}

Test(dicom_scope, more_character_sets_than_are_kept_are_read_all_the_same)
{
    char name[80];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < IMP_DICOM_CHARSETS + 5; i++) {
            snprintf(name, sizeof name, "ISO_IR 100%*s", i, "");
            element(0, CHARACTER_SET, name);
            expect_text(0, "\xfc", U_UMLAUT);
            cr_expect_leq(scope.n_cached, IMP_DICOM_CHARSETS);
        }
}

Test(dicom_scope, character_sets_stay_from_object_to_object)
{
    element(0, CHARACTER_SET, "ISO_IR 100");
    expect_text(0, "\xfc", U_UMLAUT);
    imp_dicom_scope_start(&scope);
    element(0, CHARACTER_SET, "ISO_IR 100");
    expect_text(0, "\xfc", U_UMLAUT);
    cr_expect_eq(scope.n_cached, 1);
}
