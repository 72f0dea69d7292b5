// Known answers: FIPS 180-4 examples, and the million 'a' of NIST's vectors.
#include "base/sha256.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_digest(const char *text, const char *want)
{
    struct imp_digest d;
    char hex[IMP_SHA256_HEX];
    cr_assert(imp_sha256_of(text, strlen(text), &d, NULL));
    imp_digest_hex(&d, hex);
    cr_expect_str_eq(hex, want);
}

Test(sha256, known_answers)
{
    expect_digest("", "e3b0c44298fc1c149afbf4c8996fb924"
                      "27ae41e4649b934ca495991b7852b855");
    expect_digest("abc", "ba7816bf8f01cfea414140de5dae2223"
                         "b00361a396177a9cb410ff61f20015ad");
    expect_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  "248d6a61d20638b8e5c026930c3e6039"
                  "a33ce45964ff2167f6ecedd419db06c1");
}

Test(sha256, pieces_and_reuse_make_no_difference)
{
    char hex[IMP_SHA256_HEX], a[1000];
    memset(a, 'a', sizeof a);
    struct imp_sha256 *h = imp_sha256_new(NULL);
    for (int round = 0; round < 2; round++) {
        imp_sha256_start(h);
        for (int i = 0; i < 1000; i++)
            imp_sha256_add(h, a, sizeof a);
        struct imp_digest d = imp_sha256_end(h);
        imp_digest_hex(&d, hex);
        cr_expect_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67"
                              "f1809a48a497200e046d39ccc7112cd0");
    }
    imp_sha256_free(h);
}

Test(sha256, digits_are_read_back_and_nothing_else_is)
{
    static const char hex[] = "ba7816bf8f01cfea414140de5dae2223"
                              "B00361A396177A9CB410FF61F20015AD";
    struct imp_digest d;
    char again[IMP_SHA256_HEX];
    cr_assert(imp_digest_parse(hex, 64, &d));
    imp_digest_hex(&d, again);
    cr_expect_eq(strcasecmp(again, hex), 0);
    cr_expect_not(imp_digest_parse(hex, 63, &d));
    char bad[65];
    memcpy(bad, hex, sizeof bad);
    bad[40] = 'g';
    cr_expect_not(imp_digest_parse(bad, 64, &d));
    bad[40] = '\0';
    cr_expect_not(imp_digest_parse(bad, 64, &d));
}
