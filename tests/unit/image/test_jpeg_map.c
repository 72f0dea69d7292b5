// Where a row of MCUs begins, by the map, must be where libjpeg would find its
// blocks: their DC values are judged by libjpeg's coefficients.
#include "../../lib/coefficients.h"
#include "cutting.h"
#include "image/jpeg_cursor.h"
#include "image/jpeg_map.h"
#include "jpeg_maker.h"

extern const struct imp_format imp_format_jpeg;

TestSuite(jpeg_map, .fini = clear_cutting, .timeout = 60);

static struct imp_jpeg_map map;

static bool cut_mapped(struct imp_span in, enum imp_check check)
{
    static struct imp_editor editor = {drop};
    struct imp_job_image img = {.editor = &editor,
                                .limits = {1 << 24, 1 << 24},
                                .check = check,
                                .map = &map};
    map = (struct imp_jpeg_map){0};
    err = (struct imp_err){0};
    return imp_format_cut(&imp_format_jpeg, in, &img, &cl, &err);
}

static int dc_of(const struct coefficients *c, unsigned comp, uint32_t x,
                 uint32_t y)
{
    return c->comp[comp].block[((size_t)y * c->comp[comp].across + x) * 64];
}

// The last block of `comp` before a row of MCUs, in the order of coding; its DC
// is what the row's first is predicted from, if no restart lies between.
static int predictor(const struct coefficients *c,
                     const struct imp_jpeg_scan_map *m, unsigned comp,
                     uint32_t row)
{
    bool alone = m->scan.n_comp == 1;
    uint32_t h = alone ? 1 : (uint32_t)c->comp[comp].h;
    uint32_t v = alone ? 1 : (uint32_t)c->comp[comp].v;
    bool restarts = m->restart_interval &&
                    (uint64_t)row * m->mcus_x % m->restart_interval == 0;
    if (row == 0 || restarts)
        return 0;
    return dc_of(c, comp, m->mcus_x * h - 1, row * v - 1);
}

static void judge(const struct jpeg_recipe *recipe, enum imp_check check)
{
    struct imp_buf jpeg = jpeg_make(recipe);
    struct imp_span in = imp_buf_span(&jpeg);
    struct coefficients c = coefficients_of(in);
    cr_assert(c.n > 0);
    cr_assert(cut_mapped(in, check), "%s", err.msg);
    cr_assert(map.frame);
    cr_assert_eq(map.n_scans, 1);
    const struct imp_jpeg_scan_map *m = &map.scan[0];
    cr_assert_eq(m->scan.n_comp, (unsigned)c.n);
    for (uint32_t row = 0; row < m->mcus_y; row++) {
        const struct imp_jpeg_waypoint *w = &m->row[row];
        struct imp_jpeg_cursor at;
        imp_jpeg_cursor_start(&at, in, m);
        imp_jpeg_cursor_towards(&at, row);
        cr_expect_eq(at.mcu + w->before, (uint64_t)row * m->mcus_x);
        cr_expect(imp_jpeg_cursor_pass(&at, w->before));
        for (unsigned i = 0; i < m->scan.n_comp; i++)
            cr_expect_eq((int32_t)at.dc[i], predictor(&c, m, i, row),
                         "row %u, component %u", row, i);
        int16_t block[64];
        struct imp_jpeg_place after_dc;
        uint32_t v = m->scan.n_comp == 1 ? 1 : (uint32_t)c.comp[0].v;
        cr_expect(imp_jpeg_cursor_read(&at, 0, block, &after_dc));
        cr_expect_eq(block[0], dc_of(&c, 0, 0, row * v),
                     "first block of row %u", row);
        uint64_t left = ((uint64_t)m->mcus_y - row) * m->mcus_x,
                 n = m->restart_interval;
        uint64_t into = n ? (uint64_t)row * m->mcus_x % n : 0;
        cr_expect_eq(w->in_interval, n && n - into < left ? n - into : left);
    }
    // EOI follows, and the bits that fill the last byte are ones (T.81
    // F.1.2.3).
    struct imp_jpeg_cursor last;
    struct imp_jpeg_place end;
    imp_jpeg_cursor_start(&last, in, m);
    imp_jpeg_cursor_towards(&last, m->mcus_y - 1);
    while (last.interval_end < m->scan.n_mcu) {
        cr_assert(imp_jpeg_cursor_pass(&last, last.interval_end - last.mcu));
        imp_jpeg_cursor_next_interval(&last);
    }
    cr_assert(imp_jpeg_cursor_find_end(&last, &end));
    cr_expect_eq(in.p[end.next], 0xFF);
    cr_expect_eq(in.p[end.next + 1], 0xD9);
    cr_expect_eq(end.ahead, (uint8_t) ~(0xFF >> end.rest));
    bool skipped = check == IMP_CHECK_STRUCTURE && m->restart_interval;
    cr_expect_eq(m->end.next, skipped ? 0 : end.next);
    coefficients_clear(&c);
    imp_buf_clear(&jpeg);
}

Test(jpeg_map, each_row_is_where_libjpeg_finds_it)
{
    static const struct jpeg_recipe recipes[] = {
        {.width = 77, .height = 93, .components = 1},
        {.width = 77, .height = 93, .components = 1, .h = 2, .v = 2},
        {.width = 77, .height = 93, .components = 3},
        {.width = 77, .height = 93, .components = 3, .h = 2, .v = 2},
        {.width = 77, .height = 93, .components = 3, .h = 2, .v = 1},
        {.width = 77, .height = 93, .components = 3, .h = 1, .v = 2},
        {.width = 77, .height = 93, .components = 3, .h = 4, .v = 1},
        {.width = 77, .height = 93, .components = 4, .quality = 99},
        {.width = 77, .height = 93, .components = 4, .h = 2, .v = 2},
        {.width = 77, .height = 93, .components = 3, .h = 2, .restart = 1},
        {.width = 77, .height = 93, .components = 3, .v = 2, .restart = 7},
        {.width = 77, .height = 93, .components = 3, .restart = 10},
        {.width = 77, .height = 93, .components = 1, .restart = 13},
        {.width = 77, .height = 93, .components = 3, .quality = 1},
    };
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        for (int check = IMP_CHECK_CODED; check <= IMP_CHECK_STRUCTURE; check++)
            judge(&recipes[i], (enum imp_check)check);
}

// An interval that is not there must not be taken from the next scan.
Test(jpeg_map, a_restart_marker_that_is_missing_or_another_is_damage)
{
    static const struct jpeg_recipe recipe = {
        .width = 77, .height = 93, .components = 3, .restart = 7};
    struct imp_buf jpeg = jpeg_make(&recipe);
    size_t third = jpeg_find(&jpeg, 0xD2, 0);
    jpeg.p[third + 1] = 0xD3;
    cr_expect_not(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_STRUCTURE));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    cr_expect_eq(err.at, third);
    jpeg.p[third + 1] = 0;
    cr_expect_not(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_STRUCTURE));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&jpeg);
}

Test(jpeg_map, a_frame_of_another_kind_has_no_map)
{
    static const struct jpeg_recipe recipes[] = {
        {.width = 33, .height = 33, .components = 3, .progressive = true},
        {.width = 33, .height = 33, .components = 3, .arithmetic = true},
    };
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        struct imp_buf jpeg = jpeg_make(&recipes[i]);
        cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
        cr_expect_null(map.frame);
        imp_buf_clear(&jpeg);
    }
}

Test(jpeg_map, colours_are_told_as_libjpeg_concludes_them)
{
    static const struct jpeg_recipe rgb = {
        .width = 16, .height = 16, .components = 3};
    static const struct jpeg_recipe cmyk = {
        .width = 16, .height = 16, .components = 4};
    struct imp_buf jpeg = jpeg_make(&rgb); // libjpeg writes JFIF
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_YCC);
    // Without JFIF, the ids decide.
    memcpy(jpeg.p + 6, "XXXX", 4);
    size_t sof = jpeg_find(&jpeg, 0xC0, 0);
    size_t sos = jpeg_find(&jpeg, 0xDA, 0);
    for (size_t i = 0; i < 3; i++)
        jpeg.p[sof + 10 + 3 * i] = jpeg.p[sos + 5 + 2 * i] = (uint8_t) "RGB"[i];
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_RGB);
    // Adobe's segment overrules them.
    jpeg_insert(&jpeg, 2, 0xEE, "Adobe\0\x64\0\0\0\0\1", 12);
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_YCC);
    cr_expect_not(map.inverted);
    // One of four components in a picture of three: readers guess.
    jpeg.p[jpeg_find(&jpeg, 0xEE, 0) + 15] = 2;
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_OTHER);
    imp_buf_clear(&jpeg);

    jpeg = jpeg_make(&cmyk); // with Adobe's segment, transform 0
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_CMYK);
    cr_expect(map.inverted);
    size_t adobe = jpeg_find(&jpeg, 0xEE, 0);
    jpeg.p[adobe + 15] = 2;
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_YCCK);
    jpeg.p[adobe + 15] = 1;
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_OTHER);
    memcpy(jpeg.p + adobe + 4, "Other", 5);
    cr_expect(cut_mapped(imp_buf_span(&jpeg), IMP_CHECK_CODED));
    cr_expect_eq(map.colour, IMP_JPEG_CMYK);
    cr_expect_not(map.inverted);
    imp_buf_clear(&jpeg);
}
