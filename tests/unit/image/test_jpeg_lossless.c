#include "cutting.h"
#include "jpeg_maker.h"

extern const struct imp_format imp_format_jpeg;

// T.81 Annex H by hand: 4 x 2 grey samples, predictor 1, a table of the codes
// 0 for category 0, 10 for 1, 110 for 16. The differences are 1, 0, 0, 32768,
// 0, 0, 0, 1: 101 0 0 110 0 0 0 101, and ones to fill the byte.
#define SOI 0xFF, 0xD8
#define SOF3 0xFF, 0xC3, 0, 11, 8, 0, 2, 0, 4, 1, 1, 0x11, 0
#define DHT                                                                  \
    0xFF, 0xC4, 0, 22, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
        1, 16
#define SOS(tables, ss, se) 0xFF, 0xDA, 0, 8, 1, 1, tables, ss, se, 0
#define DATA 0xA6, 0x17
#define EOI 0xFF, 0xD9

static bool cut(const uint8_t *jpeg, size_t n)
{
    return cut_as(&imp_format_jpeg, (struct imp_span){jpeg, n});
}

TestSuite(jpeg_lossless, .fini = clear_cutting, .timeout = 10);

static const uint8_t clean[] = {SOI, SOF3, DHT, SOS(0, 1, 0), DATA, EOI};

#define EXPECT_CLEAN(...)                                                 \
    do {                                                                  \
        const uint8_t given[] = {__VA_ARGS__};                            \
        cr_assert(cut(given, sizeof given), "%s", err.msg);               \
        cr_expect(out.n == sizeof clean && !memcmp(out.p, clean, out.n)); \
    } while (0)

#define EXPECT_DAMAGED(...)                                     \
    do {                                                        \
        const uint8_t given[] = {__VA_ARGS__};                  \
        cr_expect_not(cut(given, sizeof given));                \
        cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg); \
    } while (0)

Test(jpeg_lossless, a_clean_image_stays_as_it_is)
{
    cr_assert(cut(clean, sizeof clean), "%s", err.msg);
    cr_expect(imp_cutlist_all_kept(&cl));
}

Test(jpeg_lossless, bytes_behind_the_last_sample_go)
{
    EXPECT_CLEAN(SOI, SOF3, DHT, SOS(0, 1, 0), DATA, 'J', 'a', 'n', 'e', EOI);
}

Test(jpeg_lossless, selectors_and_tables_without_a_use_go)
{
    EXPECT_CLEAN(SOI, SOF3, DHT, SOS(0x03, 1, 0), DATA, EOI);
    // The same table as an AC table.
    EXPECT_CLEAN(SOI, SOF3, DHT, 0xFF, 0xC4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0,
                 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, SOS(0, 1, 0), DATA, EOI);
}

Test(jpeg_lossless, a_sample_that_is_not_there_is_damage)
{
    EXPECT_DAMAGED(SOI, SOF3, DHT, SOS(0, 1, 0), 0xA6, EOI);
}

Test(jpeg_lossless, a_predictor_that_is_none_is_damage)
{
    EXPECT_DAMAGED(SOI, SOF3, DHT, SOS(0, 8, 0), DATA, EOI);
    EXPECT_DAMAGED(SOI, SOF3, DHT, SOS(0, 0, 0), DATA, EOI);
    EXPECT_DAMAGED(SOI, SOF3, DHT, SOS(0, 1, 63), DATA, EOI);
}

Test(jpeg_lossless, category_17_is_damage)
{
    uint8_t given[sizeof clean];
    memcpy(given, clean, sizeof clean);
    uint8_t *sos = memmem(given, sizeof given, "\xFF\xDA", 2);
    cr_assert_eq(sos[-1], 16);
    sos[-1] = 17;
    cr_expect_not(cut(given, sizeof given));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    cr_expect(strstr(err.msg, "table 0 is not valid"), "%s", err.msg);
}

Test(jpeg_lossless, category_16_is_damage_in_a_frame_of_blocks)
{
    struct imp_buf jpeg = jpeg_make(
        &(struct jpeg_recipe){.width = 16, .height = 16, .components = 1});
    size_t dht = jpeg_find(&jpeg, 0xC4, 0);
    cr_assert_eq(jpeg.p[dht + 4], 0, "the first table is for DC");
    jpeg.p[dht + 1 + imp_be16(jpeg.p + dht + 2)] = 16; // its last symbol
    cr_expect_not(cut(jpeg.p, jpeg.n));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    imp_buf_clear(&jpeg);
}

Test(jpeg_lossless, category_16_has_no_extra_bits_however_long_its_code_is)
{
    // 110000000000 instead of 110.
    const uint8_t given[] = {SOI,  SOF3, 0xFF, 0xC4, 0, 22, 0, 1,  1,
                             0,    0,    0,    0,    0, 0,  0, 0,  0,
                             1,    0,    0,    0,    0, 0,  1, 16, SOS(0, 1, 0),
                             0xA6, 0,    0x0B, EOI};
    cr_assert(cut(given, sizeof given), "%s", err.msg);
    cr_expect(imp_cutlist_all_kept(&cl));
}
