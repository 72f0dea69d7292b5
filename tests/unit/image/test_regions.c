#include "image/regions.h"

#include <criterion/criterion.h>
#include <string.h>

// Input: the alphabet, so that an output tells by itself what it was made of.
static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz";
static const struct imp_span input = {(const uint8_t *)alphabet, 26};

static struct imp_regions r;
static struct imp_cutlist cl;
static struct imp_buf out;
static struct imp_err err;

static void start(void)
{
    imp_regions_start(&r, input.n);
}

static void stop(void)
{
    imp_regions_clear(&r);
    imp_cutlist_clear(&cl);
    imp_buf_clear(&out);
}

TestSuite(regions, .init = start, .fini = stop, .timeout = 10);

static void claim(uint64_t offset, uint64_t length)
{
    cr_assert(
        imp_regions_claim(&r, offset, length, IMP_PART_CODED, "strip", &err));
}

static void expect_output(const char *want)
{
    imp_cutlist_start(&cl, input.n);
    imp_regions_emit(&r, &cl, 0, input.n, IMP_PART_UNKNOWN, "rest");
    cr_assert(imp_cutlist_finish(&cl, &err), "%s", err.msg);
    cr_assert(imp_cutlist_apply(&cl, input, &out, &err));
    cr_expect_eq(out.n, strlen(want));
    cr_expect_arr_eq(out.p, want, out.n < strlen(want) ? out.n : strlen(want));
    cr_expect_eq(r.total, out.n);
}

static uint64_t place(uint64_t offset, uint64_t length)
{
    uint64_t at = 0;
    cr_assert(imp_regions_translate(&r, offset, &length, &at, &err), "%s",
              err.msg);
    return at;
}

Test(regions, claims_in_any_order_come_out_in_the_order_of_the_input)
{
    claim(20, 3);
    claim(2, 2);
    cr_assert(imp_regions_lay(&r, &err));
    expect_output("cduvw");
    cr_expect_eq(place(20, 3), 2);
    cr_expect_eq(place(2, 2), 0);
}

Test(regions, bytes_that_claims_share_are_written_once)
{
    claim(0, 10);
    claim(5, 10);
    claim(6, 2);
    cr_assert(imp_regions_lay(&r, &err));
    expect_output("abcdefghijklmno");
    cr_expect_eq(place(5, 10), 5);
    cr_expect_eq(place(6, 2), 6);
    cr_expect_eq(place(0, 10), 0);
}

Test(regions, a_range_within_a_longer_claim_is_found_behind_shorter_ones)
{
    claim(0, 20);
    claim(3, 2);
    cr_assert(imp_regions_lay(&r, &err));
    cr_expect_eq(place(4, 10), 4);
}

Test(regions, what_was_not_claimed_has_no_place)
{
    uint64_t at, length = 2;
    claim(0, 4);
    cr_assert(imp_regions_lay(&r, &err));
    cr_expect_not(imp_regions_translate(&r, 3, &length, &at, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
}

Test(regions, a_claim_beyond_the_input_is_damage)
{
    cr_expect_not(imp_regions_claim(&r, 25, 2, IMP_PART_CODED, "strip", &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    cr_expect_not(imp_regions_claim(&r, UINT64_MAX, UINT64_MAX, IMP_PART_CODED,
                                    "strip", &err));
}

// A list over four bytes that replaces the second by "XY".
static void cuts_of_four(struct imp_cutlist *part)
{
    imp_cutlist_start(part, 4);
    imp_cut_keep(part, 0, 1, IMP_PART_CODED, "coded");
    imp_cut_drop(part, 1, 1, IMP_PART_COMMENT, "COM");
    imp_cut_insert(part, "XY", 2, IMP_PART_STRUCTURE, "table");
    imp_cut_keep(part, 2, 2, IMP_PART_CODED, "coded");
    cr_assert(imp_cutlist_finish(part, &err));
}

Test(regions, a_stream_with_cuts_of_its_own_moves_what_follows)
{
    struct imp_cutlist part = {0};
    cuts_of_four(&part);
    claim(14, 2);
    cr_assert(imp_regions_claim_cuts(&r, 4, &part, &err));
    cr_assert(imp_regions_claim_cuts(&r, 4, &part, &err), "%s", err.msg);
    cr_assert(imp_regions_lay(&r, &err), "%s", err.msg);
    expect_output("eXYghop");
    cr_expect_eq(place(14, 2), 5);
    uint64_t at, length = 4;
    cr_assert(imp_regions_translate(&r, 4, &length, &at, &err));
    cr_expect_eq(at, 0);
    cr_expect_eq(length, 5);
    imp_cutlist_clear(&part);
}

Test(regions, a_claim_into_a_stream_with_cuts_of_its_own_is_damage)
{
    struct imp_cutlist part = {0};
    cuts_of_four(&part);
    cr_assert(imp_regions_claim_cuts(&r, 4, &part, &err));
    claim(6, 9);
    cr_expect_not(imp_regions_lay(&r, &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    imp_cutlist_clear(&part);
}

Test(regions, what_goes_bears_the_name_of_the_first_label_that_covers_it)
{
    static const struct {
        const char *what;
        uint64_t offset, length;
    } want[] = {{"rest", 0, 2},  {"exif", 2, 3}, {"strip", 5, 5},
                {"exif", 10, 2}, {"xmp", 12, 3}, {"rest", 15, 11}};
    cr_assert(imp_regions_label(&r, 9, 6, IMP_PART_XMP, "xmp", &err));
    cr_assert(imp_regions_label(&r, 2, 10, IMP_PART_EXIF, "exif", &err));
    claim(5, 5);
    cr_assert(imp_regions_lay(&r, &err));
    expect_output("fghij");
    cr_assert_eq(cl.n, sizeof want / sizeof *want);
    for (size_t i = 0; i < cl.n; i++) {
        cr_expect_str_eq(cl.cut[i].what, want[i].what);
        cr_expect_eq(cl.cut[i].offset, want[i].offset);
        cr_expect_eq(cl.cut[i].length, want[i].length);
    }
}
