// What rules say of a source, and whether that was done.
#include "mark/redact_rules.h"
#include "pipeline/prove_redacted.h"

#include "../dicom/made.h"

static struct imp_redact_rules *rules;
static struct imp_rect rect[IMP_REDACT_RECTS];
static size_t n;
static struct imp_err err;

static void set_up(void)
{
    rules = imp_redact_rules_parse("[a cart]\n"
                                   "manufacturer = maker\n"
                                   "model = cart ?\n"
                                   "modality = US\n"
                                   "sop-class = 1.2*\n"
                                   "rows = 2\n"
                                   "columns = 4\n"
                                   "rectangles = 1,0,2,1\n",
                                   &err);
    cr_assert(rules, "%s", err.msg);
}

static void tear_down(void)
{
    imp_redact_rules_free(rules);
}

TestSuite(prove_redacted, .init = set_up, .fini = tear_down, .timeout = 20);

struct object {
    const char *model, *code, *pixels;
};

static void object(struct object o)
{
    start(true, false);
    for (int i = 0; i < 128; i++)
        raw("", 1);
    raw("DICM", 4);
    head(0x00020000, "UL", 4), u32(28);
    head(0x00020010, "UI", 20), raw("1.2.840.10008.1.2.1", 20);
    el(0x00080016, "UI", "1.2.3 ");
    el(0x00080060, "CS", "US");
    el(0x00080070, "LO", "Maker ");
    el(0x00081090, "LO", o.model);
    if (o.code) {
        size_t sequence = begin(0x00120064, "SQ");
        size_t item_at = begin(IMP_DCM_ITEM, "");
        el(0x00080100, "SH", o.code);
        fit(item_at);
        fit(sequence);
    }
    head(0x00280002, "US", 2), u16(1);
    el(0x00280004, "CS", "MONOCHROME2 ");
    head(0x00280010, "US", 2), u16(2);
    head(0x00280011, "US", 2), u16(4);
    head(0x00280100, "US", 2), u16(8);
    head(0x00280101, "US", 2), u16(8);
    head(0x00280102, "US", 2), u16(7);
    head(0x00280103, "US", 2), u16(0);
    if (o.pixels)
        head(0x7FE00010, "OB", 8), raw(o.pixels, 8);
}

static void find(const struct imp_redact_rules *by)
{
    cr_assert(imp_redacted_find(made_span(), by, rect, &n, &err), "%s",
              err.msg);
}

Test(prove_redacted, rules_are_asked_about_what_the_source_says)
{
    object((struct object){"Cart 5", NULL, "abcdefgh"});
    find(rules);
    cr_assert_eq(n, 1);
    cr_expect_eq(rect[0].x, 1);
    cr_expect_eq(rect[0].width, 2);
    find(NULL);
    cr_expect_eq(n, 0);
    object((struct object){"Cart 55 ", NULL, "abcdefgh"});
    find(rules);
    cr_expect_eq(n, 0);
}

Test(prove_redacted, without_a_picture_there_is_nothing_to_redact)
{
    object((struct object){"Cart 5", NULL, NULL});
    find(rules);
    cr_expect_eq(n, 0);
}

Test(prove_redacted, an_object_says_by_its_code_that_pixels_were_cleaned)
{
    bool says;
    object((struct object){"Cart 5", "113101", "abcdefgh"});
    cr_assert(imp_redacted_says(made_span(), &says, &err), "%s", err.msg);
    cr_expect(says);
    object((struct object){"Cart 5", "113100", "abcdefgh"});
    cr_assert(imp_redacted_says(made_span(), &says, &err), "%s", err.msg);
    cr_expect_not(says);
}

static bool is_black(const char *pixels, struct imp_meant meant)
{
    static uint8_t source[sizeof made.p];
    bool black;
    object((struct object){"Cart 5", NULL, "abcdefgh"});
    struct imp_span was = {source, made.n};
    memcpy(source, made.p, made.n);
    object((struct object){"Cart 5", NULL, pixels});
    cr_assert(imp_redacted_is_black(was, made_span(), &meant, &black, &err),
              "%s", err.msg);
    return black;
}

Test(prove_redacted, all_of_a_rectangle_is_black_but_for_the_mark)
{
    const struct imp_rect one = {1, 0, 2, 1};
    const struct imp_meant meant = {.rect = &one, .n = 1};
    struct imp_meant marked = meant;
    marked.mark = (struct imp_area){2, 0, 1, 1, 1, 1, 0, 0};
    cr_expect(is_black("a\0\0defgh", meant));
    cr_expect_not(is_black("a\0cdefgh", meant));
    cr_expect_not(is_black("a\0Mdefgh", meant));
    cr_expect(is_black("a\0Mdefgh", marked));
    cr_expect_not(is_black("aM\0defgh", marked));
}
