// Frames, scans and tables (T.81 B.2.2 to B.2.5).
#include "jpeg_cutting.h"

Test(jpeg, a_frame_whose_height_stands_in_DNL_is_walked_to_its_end)
{
    static const struct jpeg_recipe grey = {
        .width = 40, .height = 24, .components = 1};
    struct imp_buf j = jpeg_make(&grey);
    size_t sof = jpeg_find(&j, 0xC0, 0);
    imp_put_be16(j.p + sof + 5, 0);
    jpeg_insert(&j, j.n - 2, 0xDC, "\0\x18", 2);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect(o.ok, "%s", o.err.msg);
    cr_expect(o.all_kept);
    imp_buf_clear(&o.out);
    j.p[j.n - 3] = 0x19; // 25 lines: a row of blocks more than there is
    o = run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    imp_buf_clear(&j);
}

Test(jpeg, a_Motion_JPEG_frame_without_Huffman_tables_is_walked)
{
    struct imp_buf j = jpeg_make(&plain); // libjpeg writes those of K.3
    for (;;) {
        size_t i = 2;
        while (j.p[i + 1] != 0xC4 && j.p[i + 1] != 0xDA)
            i += 2 + (size_t)imp_be16(j.p + i + 2);
        if (j.p[i + 1] == 0xDA)
            break;
        size_t n = 2 + (size_t)imp_be16(j.p + i + 2);
        memmove(j.p + i, j.p + i + n, j.n - i - n);
        j.n -= n;
    }
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect(o.ok, "%s", o.err.msg);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, a_restart_marker_out_of_turn_is_damaged)
{
    struct imp_buf j = jpeg_make(&plain);
    j.p[jpeg_find(&j, 0xD1, 0) + 1] = 0xD2;
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}

Test(jpeg, a_component_without_a_scan_is_damaged)
{
    struct imp_buf j = jpeg_make(&progressive);
    // The frame names its components 1, 2, 3; make the scans' 3 into 2.
    size_t first = jpeg_find(&j, 0xDA, 0);
    struct imp_buf cut = {0};
    imp_buf_add(&cut, j.p, first, NULL);
    imp_buf_add(&cut, "\xFF\xD9", 2, NULL);
    struct outcome o =
        run(imp_buf_span(&cut), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&cut);
    imp_buf_clear(&j);
}

Test(jpeg, bytes_behind_an_arithmetic_scan_are_damage)
{
    static const struct jpeg_recipe arithmetic = {
        .width = 65, .height = 49, .components = 3, .arithmetic = true};
    struct imp_buf j = jpeg_make(&arithmetic);
    jpeg_insert_raw(&j, j.n - 2, CANARY, sizeof CANARY);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}

// A scan header with its data, up to the next marker.
static size_t scan_length(const struct imp_buf *j, size_t at)
{
    size_t end = at + 2 + imp_be16(j->p + at + 2);
    while (j->p[end] != 0xFF || j->p[end + 1] == 0 ||
           (j->p[end + 1] & 0xF8) == 0xD0)
        end++;
    return end - at;
}

// Decoders show one of two pictures: the other would travel unseen.
Test(jpeg, a_scan_that_comes_again_is_damaged)
{
    for (size_t i = 0; i < RECIPES; i++) {
        struct imp_buf j = jpeg_make(&recipes[i]);
        size_t at = jpeg_find(&j, 0xDA, 0), n = scan_length(&j, at);
        struct imp_buf scan = {0};
        imp_buf_add(&scan, j.p + at, n, NULL);
        jpeg_insert_raw(&j, at + n, scan.p, n);
        expect_refused(&j, IMP_ERR_DAMAGED);
        imp_buf_clear(&scan);
        imp_buf_clear(&j);
    }
}

Test(jpeg, a_file_of_endless_scans_is_refused)
{
    static const struct jpeg_recipe endless = {
        .width = 16, .height = 16, .components = 1, .many_scans = true};
    struct imp_buf j = jpeg_make(&endless);
    expect_refused(&j, IMP_ERR_LIMIT);
    imp_buf_clear(&j);
}

// --- Tables that no decoder reads ---

// A definition of `n` bytes: class and slot, then the canary.
static void make_table(uint8_t *table, uint8_t id, size_t n)
{
    memset(table, 1, n);
    table[0] = id;
    memcpy(table + n - sizeof CANARY, CANARY, sizeof CANARY);
}

// A Huffman table of 28 codes of 5 bits whose symbols are the canary.
static size_t make_huffman(uint8_t table[64], uint8_t id)
{
    memset(table, 0, 17);
    table[0] = id;
    table[5] = sizeof CANARY;
    memcpy(table + 17, CANARY, sizeof CANARY);
    return 17 + sizeof CANARY;
}

Test(jpeg, tables_that_no_scan_uses_go)
{
    struct imp_buf clean = jpeg_make(&progressive);
    uint8_t dqt[65], dht[64];
    size_t dht_len = make_huffman(dht, 0x13);
    make_table(dqt, 3, sizeof dqt);
    const size_t spot[] = {2, jpeg_find(&clean, 0xC2, 0),
                           jpeg_find(&clean, 0xDA, 0), clean.n - 2};
    for (size_t i = 0; i < 4; i++) {
        struct imp_buf j = copy_of(&clean);
        jpeg_insert(&j, spot[i], 0xDB, dqt, sizeof dqt);
        jpeg_insert(&j, spot[i], 0xC4, dht, dht_len);
        jpeg_insert(&j, spot[i], 0xDD, "Jo", 2);
        jpeg_insert(&j, spot[i], 0xDD, "\0\0", 2); // the one that counts
        jpeg_insert(&j, spot[i], 0xDD, "ny", 2);
        struct outcome o = run(imp_buf_span(&j), (struct fixed_editor){0},
                               IMP_CHECK_STRUCTURE);
        cr_assert(o.ok, "%zu: %s", i, o.err.msg);
        cr_expect_not(holds(&o.out, CANARY), "spot %zu", i);
        cr_expect_not(holds(&o.out, "ny"), "spot %zu", i);
        imp_buf_clear(&o.out);
        imp_buf_clear(&j);
    }
    imp_buf_clear(&clean);
}

Test(jpeg, a_table_that_is_replaced_before_its_use_goes)
{
    struct imp_buf clean = jpeg_make(&plain);
    for (uint8_t slot = 0; slot < 2; slot++) {
        struct imp_buf j = copy_of(&clean);
        uint8_t dqt[65], dht[64];
        make_table(dqt, slot, sizeof dqt);
        size_t n = make_huffman(dht, (uint8_t)(0x10 | slot));
        jpeg_insert(&j, 2, 0xDB, dqt, sizeof dqt);
        jpeg_insert(&j, 2, 0xC4, dht, n);
        expect_cut_to(&j, &clean, "replaced");
        imp_buf_clear(&j);
    }
    imp_buf_clear(&clean);
}

Test(jpeg, of_a_segment_with_several_tables_the_used_ones_stay)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    size_t at = jpeg_find(&j, 0xDB, 0);
    uint8_t dqt[65];
    make_table(dqt, 2, sizeof dqt);
    jpeg_insert_raw(&j, at + 4, dqt, sizeof dqt);
    imp_put_be16(j.p + at + 2, (uint16_t)(imp_be16(j.p + at + 2) + 65));
    expect_cut_to(&j, &clean, "DQT of two");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, more_tables_than_any_encoder_writes_are_refused)
{
    struct imp_buf j = jpeg_make(&plain);
    for (int i = 0; i < 4097; i++)
        jpeg_insert(&j, 2, 0xDD, "\0\0", 2);
    expect_refused(&j, IMP_ERR_LIMIT);
    imp_buf_clear(&j);
}

Test(jpeg, a_sequential_scan_header_says_nothing_but_its_components)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    size_t sos = jpeg_find(&j, 0xDA, 0);
    memcpy(j.p + sos + 2 + 9, "Joe", 3);
    expect_cut_to(&j, &clean, "Ss, Se, Ah, Al");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, a_code_of_ones_alone_is_damaged)
{
    struct imp_buf j = jpeg_make(&plain);
    // Two codes of one bit: 0 and 1.
    uint8_t dht[19] = {0x00, 2};
    dht[18] = 1;
    jpeg_insert(&j, jpeg_find(&j, 0xDA, 0), 0xC4, dht, sizeof dht);
    expect_refused(&j, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}

Test(jpeg, a_table_segment_of_impossible_length_is_damaged)
{
    struct imp_buf j = jpeg_make(&plain);
    imp_put_be16(j.p + jpeg_find(&j, 0xC4, 0) + 2, 1);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}
