#include "image/cutlist.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct imp_cutlist cl;
static struct imp_err err;

static void start(uint64_t n)
{
    imp_cutlist_start(&cl, n);
    err = (struct imp_err){0};
}

static void clear(void)
{
    imp_cutlist_clear(&cl);
}

TestSuite(cutlist, .fini = clear);

static struct imp_span text(const char *s)
{
    return (struct imp_span){(const uint8_t *)s, strlen(s)};
}

static void expect_output(struct imp_span in, const char *want)
{
    struct imp_buf out = {0};
    cr_assert(imp_cutlist_apply(&cl, in, &out, &err), "%s", err.msg);
    cr_expect_eq(out.n, strlen(want));
    cr_expect_arr_eq(out.p, want, strlen(want));
    imp_buf_clear(&out);
}

Test(cutlist, output_is_kept_zeroed_and_inserted_bytes_in_order)
{
    struct imp_span in = text("abcdefghij");
    start(in.n);
    imp_cut_keep(&cl, 0, 3, IMP_PART_STRUCTURE, "head");
    imp_cut_drop(&cl, 3, 2, IMP_PART_COMMENT, "comment");
    imp_cut_insert(&cl, "XY", 2, IMP_PART_EXIF, "fresh");
    imp_cut_zero(&cl, 5, 1, IMP_PART_TIME, "time");
    imp_cut_keep(&cl, 6, 4, IMP_PART_CODED, "data");
    cr_assert(imp_cutlist_finish(&cl, &err), "%s", err.msg);
    struct imp_buf out = {0};
    cr_assert(imp_cutlist_apply(&cl, in, &out, &err));
    cr_expect_eq(out.n, 10);
    cr_expect_arr_eq(out.p, "abcXY\0ghij", 10);
    imp_buf_clear(&out);
}

Test(cutlist, a_gap_is_a_broken_invariant)
{
    start(10);
    imp_cut_keep(&cl, 0, 4, IMP_PART_STRUCTURE, "a");
    imp_cut_keep(&cl, 5, 5, IMP_PART_STRUCTURE, "b");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
    cr_expect_eq(err.at, 5);
}

Test(cutlist, an_overlap_is_a_broken_invariant)
{
    start(10);
    imp_cut_keep(&cl, 0, 6, IMP_PART_STRUCTURE, "a");
    imp_cut_drop(&cl, 5, 5, IMP_PART_STRUCTURE, "b");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
}

Test(cutlist, a_missing_tail_is_a_broken_invariant)
{
    start(10);
    imp_cut_keep(&cl, 0, 9, IMP_PART_STRUCTURE, "a");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
    cr_expect_eq(err.at, 9);
}

Test(cutlist, a_cut_past_the_end_is_a_broken_invariant)
{
    start(10);
    imp_cut_keep(&cl, 0, 11, IMP_PART_STRUCTURE, "a");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
}

Test(cutlist, a_length_near_the_maximum_is_refused_not_wrapped)
{
    start(10);
    imp_cut_keep(&cl, 0, 5, IMP_PART_STRUCTURE, "a");
    imp_cut_keep(&cl, 5, UINT64_MAX - 2, IMP_PART_STRUCTURE, "b");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
}

Test(cutlist, the_invariants_are_counted_anew_when_it_finishes)
{
    start(10);
    imp_cut_keep(&cl, 0, 10, IMP_PART_STRUCTURE, "a");
    cl.cut[0].length = 9; // as if a bug had written into the list
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
}

Test(cutlist, the_order_of_cuts_is_looked_at_again_when_it_finishes)
{
    start(10);
    imp_cut_keep(&cl, 0, 5, IMP_PART_STRUCTURE, "a");
    imp_cut_keep(&cl, 5, 5, IMP_PART_CODED, "b");
    cl.cut[1].offset = 4;
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
}

Test(cutlist, the_first_error_sticks)
{
    start(10);
    imp_cut_keep(&cl, 2, 1, IMP_PART_STRUCTURE, "first");
    imp_cut_keep(&cl, 0, 10, IMP_PART_STRUCTURE, "second");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.at, 2);
}

Test(cutlist, it_serves_image_after_image)
{
    for (int i = 0; i < 3; i++) {
        struct imp_span in = text("abcdef");
        start(in.n);
        imp_cut_drop(&cl, 0, 3, IMP_PART_COMMENT, "c");
        imp_cut_keep(&cl, 3, 3, IMP_PART_CODED, "d");
        cr_assert(imp_cutlist_finish(&cl, &err));
        cr_expect_eq(cl.output_len, 3);
        expect_output(in, "def");
    }
}

Test(cutlist, an_error_is_forgotten_by_the_next_image)
{
    start(4);
    imp_cut_keep(&cl, 1, 1, IMP_PART_CODED, "not the first");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    start(4);
    imp_cut_keep(&cl, 0, 4, IMP_PART_CODED, "d");
    cr_expect(imp_cutlist_finish(&cl, &err));
}

Test(cutlist, neighbours_that_are_alike_become_one_cut)
{
    start(9);
    imp_cut_keep(&cl, 0, 3, IMP_PART_CODED, "IDAT");
    imp_cut_keep(&cl, 3, 3, IMP_PART_CODED, "IDAT");
    imp_cut_keep(&cl, 6, 3, IMP_PART_STRUCTURE, "IEND");
    cr_assert(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(cl.n, 2);
}

Test(cutlist, kept_neighbours_are_one_piece_to_write)
{
    struct imp_span in = text("abcdefghi");
    const struct iovec *piece;
    size_t n;
    start(in.n);
    imp_cut_keep(&cl, 0, 3, IMP_PART_CODED, "IDAT");
    imp_cut_keep(&cl, 3, 3, IMP_PART_STRUCTURE, "IEND");
    imp_cut_drop(&cl, 6, 3, IMP_PART_TRAILER, "rest");
    cr_assert(imp_cutlist_finish(&cl, &err));
    cr_assert(imp_cutlist_pieces(&cl, in, &piece, &n, &err));
    cr_expect_eq(n, 1);
    cr_expect_eq(piece[0].iov_len, 6);
}

Test(cutlist, more_zeros_than_one_page_of_them_come_out_whole)
{
    static uint8_t in[300000];
    memset(in, 'x', sizeof in);
    start(sizeof in);
    imp_cut_zero(&cl, 0, sizeof in, IMP_PART_UNKNOWN, "all");
    cr_assert(imp_cutlist_finish(&cl, &err));
    struct imp_buf out = {0};
    cr_assert(
        imp_cutlist_apply(&cl, (struct imp_span){in, sizeof in}, &out, &err));
    cr_assert_eq(out.n, sizeof in);
    for (size_t i = 0; i < out.n; i++)
        cr_assert_eq(out.p[i], 0);
    imp_buf_clear(&out);
}

Test(cutlist, all_kept_only_if_nothing_else_was_done)
{
    start(4);
    imp_cut_keep(&cl, 0, 4, IMP_PART_CODED, "d");
    cr_assert(imp_cutlist_finish(&cl, &err));
    cr_expect(imp_cutlist_all_kept(&cl));
    start(4);
    imp_cut_keep(&cl, 0, 4, IMP_PART_CODED, "d");
    imp_cut_insert(&cl, "x", 1, IMP_PART_EXIF, "e");
    cr_assert(imp_cutlist_finish(&cl, &err));
    cr_expect_not(imp_cutlist_all_kept(&cl));
}

Test(cutlist, an_empty_input_needs_no_cut)
{
    start(0);
    cr_expect(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(cl.output_len, 0);
}

Test(cutlist, many_cuts_and_names_survive_growth)
{
    static uint8_t in[5000];
    start(sizeof in);
    for (size_t i = 0; i < sizeof in; i++)
        imp_cut_keep(&cl, i, 1, IMP_PART_STRUCTURE,
                     imp_cutlist_name(&cl, "part %zu", i));
    cr_assert(imp_cutlist_finish(&cl, &err));
    cr_assert_eq(cl.n, sizeof in);
    cr_expect_str_eq(cl.cut[0].what, "part 0");
    cr_expect_str_eq(cl.cut[4999].what, "part 4999");
}

Test(cutlist, writing_an_unfinished_list_aborts, .signal = SIGABRT)
{
    struct imp_buf out = {0};
    start(4);
    imp_cutlist_apply(&cl, text("abcd"), &out, &err);
}

Test(cutlist, a_list_that_gives_back_its_input_settles_to_keeps_of_its_parts)
{
    struct imp_span in = text("abcdefghij");
    start(in.n);
    imp_cut_drop(&cl, 0, 3, IMP_PART_UNKNOWN, "old");
    imp_cut_insert(&cl, "abc", 3, IMP_PART_STRUCTURE, "header");
    imp_cut_keep(&cl, 3, 7, IMP_PART_CODED, "coded");
    cr_assert(imp_cutlist_finish(&cl, &err));
    imp_cutlist_settle(&cl, in);
    cr_expect(imp_cutlist_all_kept(&cl));
    cr_assert_eq(cl.n, 2);
    cr_expect_str_eq(cl.cut[0].what, "header");
    cr_expect_eq(cl.cut[1].offset, 3);
    expect_output(in, "abcdefghij");
}

Test(cutlist, a_list_that_changes_one_byte_does_not_settle)
{
    struct imp_span in = text("abcdefghij");
    start(in.n);
    imp_cut_drop(&cl, 0, 3, IMP_PART_UNKNOWN, "old");
    imp_cut_insert(&cl, "abC", 3, IMP_PART_STRUCTURE, "header");
    imp_cut_keep(&cl, 3, 7, IMP_PART_CODED, "coded");
    cr_assert(imp_cutlist_finish(&cl, &err));
    imp_cutlist_settle(&cl, in);
    cr_expect_not(imp_cutlist_all_kept(&cl));
    expect_output(in, "abCdefghij");
}

// Two bytes go and two come, so that a long keep is moved by two.
static bool settles_moved(struct imp_span in, const char *end)
{
    start(in.n);
    imp_cut_drop(&cl, 0, 2, IMP_PART_UNKNOWN, "old");
    imp_cut_keep(&cl, 2, in.n - 2, IMP_PART_CODED, "coded");
    imp_cut_insert(&cl, end, 2, IMP_PART_STRUCTURE, "end");
    cr_assert(imp_cutlist_finish(&cl, &err));
    imp_cutlist_settle(&cl, in);
    return imp_cutlist_all_kept(&cl);
}

Test(cutlist, what_is_moved_settles_if_every_byte_of_it_is_the_same)
{
    const size_t n = ((size_t)5 << 20) + 2;
    uint8_t *p = malloc(n);
    cr_assert_not_null(p);
    for (size_t i = 0; i < n; i++) // again after two bytes, but after no other
        p[i] = (uint8_t)(i % 2 ? 'b' : 'a');
    struct imp_span in = {p, n};
    cr_expect(settles_moved(in, "ab"));
    cr_expect_not(settles_moved(in, "aB"));
    const size_t at[] = {2, n / 2, n - 3};
    for (size_t i = 0; i < 3; i++) {
        p[at[i]] ^= 1;
        cr_expect_not(settles_moved(in, "ab"), "%zu", at[i]);
        p[at[i]] ^= 1;
    }
    free(p);
}

Test(cutlist, a_long_insert_settles_if_every_byte_of_it_is_there_already)
{
    const size_t n = ((size_t)5 << 20) + 2;
    uint8_t *p = malloc(n);
    cr_assert_not_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i >> 20);
    start(n);
    imp_cut_drop(&cl, 0, n, IMP_PART_UNKNOWN, "old");
    imp_cut_insert(&cl, p, n, IMP_PART_STRUCTURE, "new");
    cr_assert(imp_cutlist_finish(&cl, &err));
    p[n - 1] ^= 1;
    imp_cutlist_settle(&cl, (struct imp_span){p, n});
    cr_expect_not(imp_cutlist_all_kept(&cl));
    p[n - 1] ^= 1;
    imp_cutlist_settle(&cl, (struct imp_span){p, n});
    cr_expect(imp_cutlist_all_kept(&cl));
    free(p);
}

Test(cutlist, there_are_only_so_many_parts)
{
    start(2);
    // As if it had all but one already, whatever they are.
    cl.cut = calloc(IMP_CUTS_MAX, sizeof *cl.cut);
    cr_assert(cl.cut);
    cl.n = IMP_CUTS_MAX - 1;
    cl.cap = IMP_CUTS_MAX;
    imp_cut_drop(&cl, 0, 1, IMP_PART_CODED, "a");
    cr_expect_eq(cl.err.code, IMP_OK);
    imp_cut_keep(&cl, 1, 1, IMP_PART_CODED, "b");
    cr_expect_not(imp_cutlist_finish(&cl, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT, "%s", err.msg);
}
