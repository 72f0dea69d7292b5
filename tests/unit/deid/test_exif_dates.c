// Dates of an EXIF block, put back or reduced to their year.
#include "deid/exif.h"

#include <criterion/criterion.h>
#include <string.h>

// Little endian: IFD0 of DateTime alone, of 20 bytes at 26.
static const uint8_t block[26] = {'I', 'I',  42, 0, 8, 0,  0, 0, 1,
                                  0,   0x32, 1,  2, 0, 20, 0, 0, 0,
                                  26,  0,    0,  0, 0, 0,  0, 0};

// What a date comes to; "" if it is dropped.
static const char *after(const char *date, enum imp_dates dates, int32_t days,
                         char text[20])
{
    const struct imp_exif_options o = {.allow = imp_exif_allow(true),
                                       .dates = dates,
                                       .has_shift = true,
                                       .shift_days = days};
    uint8_t tiff[sizeof block + 20];
    struct imp_buf out = {0};
    struct imp_err err = {0};
    memcpy(tiff, block, sizeof block);
    memcpy(tiff + sizeof block, date, 20);
    cr_assert(
        imp_exif_rebuild((struct imp_span){tiff, sizeof tiff}, &o, &out, &err));
    text[0] = '\0';
    if (out.n) {
        cr_assert_eq(out.n, sizeof tiff);
        memcpy(text, out.p + sizeof block, 20);
    }
    imp_buf_clear(&out);
    return text;
}

Test(exif_dates, a_date_is_put_back_and_its_time_of_day_stays)
{
    char text[20];
    cr_expect_str_eq(after("2024:03:01 23:59:59", IMP_DATES_SHIFT, -1, text),
                     "2024:02:29 23:59:59");
    cr_expect_str_eq(
        after("2026:01:01 00:00:00", IMP_DATES_SHIFT, -36525, text),
        "1926:01:01 00:00:00");
    cr_expect_str_eq(after("2026:11:20 10:15:02", IMP_DATES_YEAR, 0, text),
                     "2026:  :     :  :  ");
}

Test(exif_dates, what_is_no_date_is_dropped)
{
    static const char *const none[] = {
        "2026:02:29 00:00:00", "2026:13:01 00:00:00", "2026:01:00 00:00:00",
        "2026:01:01 24:00:00", "2026:01:01 00:60:00", "2026:01:01 00:00:60",
        "2026-01:01 00:00:00", "2026:01:01T00:00:00", "2026:01:01 00.00:00",
        "1899:12:31 00:00:00", "2201:01:01 00:00:00", "0000:00:00 00:00:00",
        "2026:01:01 xx:00:00", "    :  :     :  :  ", "2026:1 :01 00:00:00",
        "2026: 1:01 00:00:00", "Jane Doe 1970-01-01", "+026:01:01 00:00:00"};
    char text[20];
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        cr_expect_str_eq(after(none[i], IMP_DATES_SHIFT, -1, text), "");
}
