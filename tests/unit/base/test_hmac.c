#include "base/hmac.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const void *key, size_t key_n, const void *bytes, size_t n,
                   const char *want)
{
    struct imp_digest mac;
    char hex[IMP_SHA256_HEX];
    cr_assert(imp_hmac_sha256(key, key_n, bytes, n, &mac, NULL));
    imp_digest_hex(&mac, hex);
    cr_expect_str_eq(hex, want);
}

// RFC 4231 4.2, 4.3, 4.7
Test(hmac, the_test_cases_of_rfc_4231)
{
    unsigned char key[131];
    memset(key, 0x0b, 20);
    expect(key, 20, "Hi There", 8,
           "b0344c61d8db38535ca8afceaf0bf12b"
           "881dc200c9833da726e9376c2e32cff7");
    expect("Jefe", 4, "what do ya want for nothing?", 28,
           "5bdcc146bf60754e6a042426089575c7"
           "5a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    static const char larger[] =
        "Test Using Larger Than Block-Size Key - Hash Key First";
    expect(key, sizeof key, larger, strlen(larger),
           "60e431591ee0b67f0d8a26aacbf5b77f"
           "8e0bc6213728c5140546040f0ee37f54");
}
