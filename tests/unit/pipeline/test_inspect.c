#include "pipeline/inspect.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_err err;
static struct imp_policy *policy;
static struct imp_inspector *inspector;

static void set_up(void)
{
    static const struct imp_clean_rules defaults;
    policy = imp_policy_load("strict", &err);
    cr_assert(policy, "%s", err.msg);
    inspector = imp_inspector_new(policy, &defaults, &err);
    cr_assert(inspector, "%s", err.msg);
}

static void tear_down(void)
{
    imp_inspector_free(inspector);
    imp_policy_free(policy);
}

TestSuite(inspect, .init = set_up, .fini = tear_down, .timeout = 60);

// A PNG of one grey pixel, with a text chunk and bytes behind its end.
static const uint8_t png[] =
    {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', // signature, at 0
        0,    0,    0,    13,   'I',  'H',  'D',  'R',  0,
        0,    0,    1,    0,    0,    0,    1,    8,    0,
        0,    0,    0,    0x3a, 0x7e, 0x9b, 0x55, // at 8, 25 bytes
        0,    0,    0,    15,   't',  'E',  'X',  't',  'A',
        'u',  't',  'h',  'o',  'r',  0,    'J',  'a',  'n',
        'e',  ' ',  'D',  'o',  'e',  0x34, 0x6a, 0x19, 0x49, // at 33, 27 bytes
        0,    0,    0,    10,   'I',  'D',  'A',  'T',  0x78,
        0x9c, 0x63, 0x60, 0,    0,    0,    2,    0,    1,
        0x48, 0xaf, 0xa4, 0x71, // at 60, 22 bytes
        0,    0,    0,    0,    'I',  'E',  'N',  'D',  0xae,
        0x42, 0x60, 0x82,      // at 82
        'J',  'a',  'n',  'e', // at 94
};
enum { TEXT_AT = 33, TEXT_LEN = 27, END_AT = 94 };

static struct imp_inspection look(const void *bytes, size_t n)
{
    struct imp_inspection i;
    imp_inspector_look(inspector, (struct imp_span){bytes, n}, &i);
    return i;
}

Test(inspect, parts_tile_the_file_and_add_up_to_the_output)
{
    struct imp_inspection i = look(png, sizeof png);
    uint64_t at = 0, out = 0;
    cr_assert_eq(i.outcome, IMP_ARCHIVED, "%s", i.err.msg);
    for (size_t p = 0; p < i.n_parts; p++) {
        cr_expect_eq(i.part[p].offset, at);
        if (i.part[p].fate != IMP_CUT_INSERT)
            at += i.part[p].length;
        if (i.part[p].fate != IMP_CUT_DROP)
            out += i.part[p].length;
    }
    cr_expect_eq(at, sizeof png);
    cr_expect_eq(out, i.bytes_out);
    cr_expect_eq(out, END_AT - TEXT_LEN);
    cr_expect_eq(i.bytes_in, sizeof png);
    cr_expect_eq(i.width, 1);
    cr_expect_str_eq(i.format, "png");
    cr_expect_not(i.clean);
}

Test(inspect, what_goes_has_a_reason_and_its_items_once)
{
    struct imp_inspection i = look(png, sizeof png);
    size_t texts = 0, items = 0;
    for (size_t p = 0; p < i.n_parts; p++) {
        const struct imp_inspected_part *part = &i.part[p];
        cr_expect_eq(part->why == NULL, part->fate == IMP_CUT_KEEP, "%s",
                     part->name);
        items += part->n_items;
        if (part->offset != TEXT_AT)
            continue;
        texts++;
        cr_expect_eq(part->length, TEXT_LEN);
        cr_expect_eq(part->fate, IMP_CUT_DROP);
        cr_assert_eq(part->n_items, 1);
        cr_expect(part->item[0].why);
        cr_expect(strstr(part->item[0].value, "Jane Doe"));
    }
    cr_expect_eq(texts, 1);
    cr_expect_geq(items, 1);
}

Test(inspect, without_what_goes_the_file_is_clean)
{
    uint8_t bare[END_AT - TEXT_LEN];
    memcpy(bare, png, TEXT_AT);
    memcpy(bare + TEXT_AT, png + TEXT_AT + TEXT_LEN,
           END_AT - TEXT_AT - TEXT_LEN);
    struct imp_inspection i = look(bare, sizeof bare);
    cr_expect_eq(i.outcome, IMP_ARCHIVED, "%s", i.err.msg);
    cr_expect(i.clean);
    cr_expect_eq(i.bytes_out, sizeof bare);
}

Test(inspect, what_is_damaged_is_refused_and_not_clean)
{
    struct imp_inspection i = look(png, sizeof png - 20);
    cr_expect_eq(i.outcome, IMP_QUARANTINED);
    cr_expect_not(i.clean);
    cr_expect_eq(i.err.code, IMP_ERR_DAMAGED);
    i = look("Dear doctor,\n", 13);
    cr_expect_eq(i.outcome, IMP_QUARANTINED);
    cr_expect_eq(i.err.code, IMP_ERR_UNSUPPORTED);
    cr_expect_null(i.format);
    cr_expect_eq(i.n_parts, 0);
}

Test(inspect, one_image_leaves_nothing_to_the_next)
{
    look(png, sizeof png);
    struct imp_inspection i = look("", 0);
    cr_expect_eq(i.n_parts, 0);
    cr_expect_eq(i.width, 0);
    cr_expect_eq(i.bytes_out, 0);
}

Test(clean_rules,
     what_is_asked_for_comes_before_the_policy_and_that_before_the_defaults)
{
    const struct imp_clean_rules none = {0},
                                 asked = {.limits = {.max_bytes = 7},
                                          .has_check = true,
                                          .check = IMP_CHECK_STRUCTURE};
    struct imp_policy *strict = imp_policy_load("strict", &err);
    struct imp_clean_rules r = imp_clean_rules_of(strict, &none);
    cr_expect_eq(r.limits.max_bytes, IMP_DEFAULT_MAX_BYTES);
    cr_expect_eq(r.limits.max_pixels, IMP_DEFAULT_MAX_PIXELS);
    cr_expect_eq(r.check, IMP_CHECK_CODED);
    r = imp_clean_rules_of(strict, &asked);
    cr_expect_eq(r.limits.max_bytes, 7);
    cr_expect_eq(r.limits.max_pixels, IMP_DEFAULT_MAX_PIXELS);
    cr_expect_eq(r.check, IMP_CHECK_STRUCTURE);
    imp_policy_free(strict);
}
