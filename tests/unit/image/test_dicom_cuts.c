// Data sets made by hand, cut, and compared with those that must come out.
#include "image/dicom_cuts.h"

#include "../dicom/made.h"

static struct imp_cutlist list;
static struct imp_err err;

static void clear(void)
{
    imp_cutlist_clear(&list);
}

TestSuite(dicom_cuts, .fini = clear, .timeout = 20);

// What is not in here is kept.
struct change {
    uint32_t tag;
    enum imp_dicom_cut cut;
    const char *value;
};

struct changes {
    const struct change *change;
    size_t n;
};

static bool decide(void *self, const struct imp_dcm_reader *reader,
                   const struct imp_dcm_event *event, enum imp_dicom_cut *cut,
                   struct imp_span *value, struct imp_err *e)
{
    const struct changes *c = self;
    (void)reader, (void)e;
    *cut = IMP_DICOM_CUT_KEEP;
    for (size_t i = 0; i < c->n; i++) {
        if (c->change[i].tag != event->tag)
            continue;
        *cut = c->change[i].cut;
        if (c->change[i].value)
            *value = (struct imp_span){(const uint8_t *)c->change[i].value,
                                       strlen(c->change[i].value)};
    }
    return true;
}

static uint8_t was[sizeof made.p];
static size_t n_was;
static struct imp_dcm_encoding how;

// What was made so far is the input; now make what must come out.
static void wanted(void)
{
    memcpy(was, made.p, made.n);
    n_was = made.n;
    how = made.how;
    made.n = 0;
}

static bool cut_with(const struct change *change, size_t n,
                     const struct imp_dicom_addition *add, size_t n_add)
{
    struct changes changes = {change, n};
    const struct imp_dicom_decider decider = {.self = &changes,
                                              .decide = decide};
    err = (struct imp_err){0};
    imp_cutlist_start(&list, n_was);
    return imp_dicom_cut_elements((struct imp_span){was, n_was}, 0, n_was, how,
                                  &decider, add, n_add, &list, &err) &&
           imp_cutlist_finish(&list, &err);
}

static void expect_wanted(void)
{
    struct imp_buf out = {0};
    cr_assert(
        imp_cutlist_apply(&list, (struct imp_span){was, n_was}, &out, &err),
        "%s", err.msg);
    cr_expect_eq(out.n, made.n);
    cr_expect(out.n == made.n && memcmp(out.p, made.p, made.n) == 0);
    imp_buf_clear(&out);
}

#define CHANGES(...)                      \
    (const struct change[]){__VA_ARGS__}, \
        sizeof((const struct change[]){__VA_ARGS__}) / sizeof(struct change)
#define EXPECT(...)                                                        \
    do {                                                                   \
        cr_assert(cut_with(CHANGES(__VA_ARGS__), NULL, 0), "%s", err.msg); \
        expect_wanted();                                                   \
    } while (0)

// A sequence in a sequence, of lengths that are told or not; `name` is in the
// inner one.
static void nested(bool told, const char *name)
{
    size_t a = 0, b = 0, c = 0, d = 0;
    el(0x00080005, "CS", "ISO_IR 100");
    if (told) {
        a = begin(0x00081115, "SQ");
        b = begin(IMP_DCM_ITEM, "");
        c = begin(0x00081199, "SQ");
        d = begin(IMP_DCM_ITEM, "");
    } else {
        head(0x00081115, "SQ", UNDEFINED);
        item(UNDEFINED);
        head(0x00081199, "SQ", UNDEFINED);
        item(UNDEFINED);
    }
    el(0x00081150, "UI", "1.23");
    if (name)
        el(0x00100010, "PN", name);
    if (told) {
        fit(d), fit(c);
    } else {
        item_end(), sequence_end();
    }
    el(0x0020000E, "UI", "1.2.3.45");
    if (told) {
        fit(b), fit(a);
    } else {
        item_end(), sequence_end();
    }
    el(0x00200013, "IS", "1 ");
}

static const struct imp_dcm_encoding encodings[] = {
    {true, false}, {true, true}, {false, false}};

#define FOR_ALL_ENCODINGS(told)                                       \
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) \
        for (int told = 0; told < 2; told++)

Test(dicom_cuts, what_is_kept_is_the_input)
{
    FOR_ALL_ENCODINGS(told)
    {
        start(encodings[i].explicit_vr, encodings[i].big);
        nested(told, "Doe^Jane");
        wanted();
        nested(told, "Doe^Jane");
        EXPECT({0x00100020, IMP_DICOM_CUT_REMOVE, NULL});
    }
}

Test(dicom_cuts, lengths_around_what_goes_are_put_right)
{
    FOR_ALL_ENCODINGS(told)
    {
        start(encodings[i].explicit_vr, encodings[i].big);
        nested(told, "Doe^Jane");
        wanted();
        nested(told, NULL);
        EXPECT({0x00100010, IMP_DICOM_CUT_REMOVE, NULL});
    }
}

Test(dicom_cuts, a_value_may_become_longer_or_nothing)
{
    FOR_ALL_ENCODINGS(told)
    {
        start(encodings[i].explicit_vr, encodings[i].big);
        nested(told, "Doe^Jane");
        wanted();
        nested(told, "Somebody^Else^With^A^Name ");
        EXPECT(
            {0x00100010, IMP_DICOM_CUT_REPLACE, "Somebody^Else^With^A^Name "});
        made.n = 0;
        nested(told, "");
        EXPECT({0x00100010, IMP_DICOM_CUT_REPLACE, NULL});
    }
}

Test(dicom_cuts, a_value_that_does_not_fit_is_an_error_with_its_path)
{
    static char text[0x10001];
    memset(text, 'x', sizeof text - 1);
    start(true, false);
    nested(true, "Doe^Jane");
    wanted();
    cr_expect_not(
        cut_with(CHANGES({0x00100010, IMP_DICOM_CUT_REPLACE, text}), NULL, 0));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect(strstr(err.msg, "(0008,1115)[0].(0008,1199)[0].(0010,0010)"),
              "%s", err.msg);
    cr_expect_not(
        cut_with(CHANGES({0x00100010, IMP_DICOM_CUT_REPLACE, "odd"}), NULL, 0));
    start(false, false); // where lengths have 32 bits it fits
    el(0x00104000, "", "any ");
    wanted();
    el(0x00104000, "", text);
    EXPECT({0x00104000, IMP_DICOM_CUT_REPLACE, text});
}

Test(dicom_cuts, a_sequence_goes_with_all_that_is_in_it)
{
    FOR_ALL_ENCODINGS(told)
    {
        start(encodings[i].explicit_vr, encodings[i].big);
        nested(told, "Doe^Jane");
        wanted();
        el(0x00080005, "CS", "ISO_IR 100");
        el(0x00200013, "IS", "1 ");
        EXPECT({0x00081115, IMP_DICOM_CUT_REMOVE, NULL});
        made.n = 0;
        el(0x00080005, "CS", "ISO_IR 100");
        head(0x00081115, "SQ", 0);
        el(0x00200013, "IS", "1 ");
        EXPECT({0x00081115, IMP_DICOM_CUT_REPLACE, NULL});
    }
}

// Of an outer sequence only the inner one goes.
Test(dicom_cuts, what_lies_behind_a_sequence_that_goes_stays)
{
    start(true, false);
    nested(true, "Doe^Jane");
    wanted();
    el(0x00080005, "CS", "ISO_IR 100");
    size_t a = begin(0x00081115, "SQ"), b = begin(IMP_DCM_ITEM, "");
    el(0x0020000E, "UI", "1.2.3.45");
    fit(b);
    fit(a);
    el(0x00200013, "IS", "1 ");
    EXPECT({0x00081199, IMP_DICOM_CUT_REMOVE, NULL});
}

static void pixels(void)
{
    head(IMP_DCM_PIXEL_DATA, "OB", UNDEFINED);
    item(0);
    el(IMP_DCM_ITEM, "", "fragment");
    el(IMP_DCM_ITEM, "", "the other one ");
    sequence_end();
}

Test(dicom_cuts, encapsulated_pixels_stay_or_go_as_a_whole)
{
    start(true, false);
    el(0x00100010, "PN", "Doe^Jane");
    pixels();
    el(0xFFFCFFFC, "OB", "padding ");
    wanted();
    pixels();
    EXPECT({0x00100010, IMP_DICOM_CUT_REMOVE, NULL},
           {0xFFFCFFFC, IMP_DICOM_CUT_REMOVE, NULL});
    made.n = 0;
    el(0x00100010, "PN", "Doe^Jane");
    el(0xFFFCFFFC, "OB", "padding ");
    EXPECT({IMP_DCM_PIXEL_DATA, IMP_DICOM_CUT_REMOVE, NULL});
    made.n = 0;
    el(0x00100010, "PN", "Doe^Jane");
    head(IMP_DCM_PIXEL_DATA, "OB", 0);
    el(0xFFFCFFFC, "OB", "padding ");
    EXPECT({IMP_DCM_PIXEL_DATA, IMP_DICOM_CUT_REPLACE, NULL});
}

// PS3.5 6.2.2: what is in it is implicit little endian, whatever the file is.
Test(dicom_cuts, a_sequence_that_un_hides_is_cut_as_any_other)
{
    for (int big = 0; big < 2; big++) {
        for (int stays = 1; stays >= 0; stays--) {
            start(true, big);
            size_t un = begin(0x00081115, "UN");
            made.how = (struct imp_dcm_encoding){false, false};
            size_t in = begin(IMP_DCM_ITEM, "");
            el(0x0020000E, "", "1.2.3.45");
            if (stays)
                el(0x00200010, "", "a study ");
            fit(in);
            made.how = (struct imp_dcm_encoding){true, big};
            fit(un);
            el(0x00200013, "IS", "1 ");
            if (stays)
                wanted();
        }
        EXPECT({0x00200010, IMP_DICOM_CUT_REMOVE, NULL});
    }
}

Test(dicom_cuts, additions_go_where_their_tags_belong)
{
    static const struct imp_dicom_addition add[] = {
        {0x00120062, {(const uint8_t *)"\x12\0\x62\0CS\x04\0YES ", 12}},
        {0x00120063, {(const uint8_t *)"\x12\0\x63\0LO\x02\0me", 10}},
        {0x00280303,
         {(const uint8_t *)"\x28\0\x03\x03"
                           "CS\x02\0NO",
          10}}};
    start(true, false);
    nested(true, "Doe^Jane"); // ends with (0020,0013)
    wanted();
    nested(true, "Doe^Jane");
    made.n -= 10;
    raw(add[0].bytes.p, 12);
    raw(add[1].bytes.p, 10);
    el(0x00200013, "IS", "1 ");
    raw(add[2].bytes.p, 10);
    cr_assert(cut_with(NULL, 0, add, 3), "%s", err.msg);
    expect_wanted();

    start(true, false); // one that is there already goes
    el(0x00120062, "CS", "NO");
    el(0x00120064, "LO", "x ");
    raw("\0\0\0\0\0\0", 6);
    wanted();
    raw(add[0].bytes.p, 12);
    raw(add[1].bytes.p, 10);
    el(0x00120064, "LO", "x ");
    cr_assert(
        cut_with(CHANGES({0x00120062, IMP_DICOM_CUT_REMOVE, NULL}), add, 2),
        "%s", err.msg);
    expect_wanted();
}

Test(dicom_cuts, what_cannot_be_read_is_not_cut)
{
    start(true, false);
    nested(true, "Doe^Jane");
    made.n -= 3;
    wanted();
    cr_expect_not(
        cut_with(CHANGES({0x00100010, IMP_DICOM_CUT_REMOVE, NULL}), NULL, 0));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
}
