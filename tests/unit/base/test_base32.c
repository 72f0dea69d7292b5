#include "base/base32.h"

#include <criterion/criterion.h>
#include <string.h>

// RFC 4648 10
Test(base32, the_test_vectors_of_rfc_4648)
{
    static const char *const row[][2] = {
        {"", ""},
        {"f", "MY======"},
        {"fo", "MZXQ===="},
        {"foo", "MZXW6==="},
        {"foob", "MZXW6YQ="},
        {"fooba", "MZXW6YTB"},
        {"foobar", "MZXW6YTBOI======"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char out[IMP_BASE32_ROOM(6)];
        imp_base32(row[i][0], strlen(row[i][0]), out);
        cr_expect_str_eq(out, row[i][1]);
    }
}

Test(base32, every_digit_has_its_place)
{
    // 0 to 31, five bits each.
    static const unsigned char bytes[] = {
        0x00, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x54, 0xB6, 0x35, 0xCF,
        0x84, 0x65, 0x3A, 0x56, 0xD7, 0xC6, 0x75, 0xBE, 0x77, 0xDF};
    char out[IMP_BASE32_ROOM(sizeof bytes)];
    imp_base32(bytes, sizeof bytes, out);
    cr_expect_str_eq(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}
