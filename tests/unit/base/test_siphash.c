#include "base/siphash.h"

#include <criterion/criterion.h>

// The key and the messages of the paper's appendix A, and of the authors'
// vectors: bytes 0, 1, 2...
static uint64_t hash_of(size_t n)
{
    struct imp_siphash_key key = {UINT64_C(0x0706050403020100),
                                  UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t message[64];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)i;
    return imp_siphash(key, (struct imp_span){message, n});
}

Test(siphash, the_known_answers)
{
    cr_expect_eq(hash_of(15), UINT64_C(0xa129ca6149be45e5));
    cr_expect_eq(hash_of(0), UINT64_C(0x726fdb47dd0e0e31));
    cr_expect_eq(hash_of(1), UINT64_C(0x74f839c593dc67fd));
    cr_expect_eq(hash_of(8), UINT64_C(0x93f5f5799a932462));
    cr_expect_eq(hash_of(63), UINT64_C(0x958a324ceb064572));
}
