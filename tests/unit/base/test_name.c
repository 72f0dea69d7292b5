#include "base/name.h"

#include <criterion/criterion.h>
#include <string.h>

Test(name, names_below_the_payload_are_good)
{
    static const char *const good[] = {
        "a",   "ab/cd/abcd.jpg",  "a b/%.jpg",       "..a/b..",
        "...", "M\xC3\xBCller/x", "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(imp_name_check(good[i], NULL), "%s", good[i]);
}

Test(name, names_that_leave_the_payload_or_hide_are_refused)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "/a",
                                      "a/",
                                      "a//b",
                                      ".",
                                      "..",
                                      "../a",
                                      "a/../b",
                                      "a/..",
                                      "./a",
                                      "a/./b",
                                      "a\nb",
                                      "a\tb",
                                      "a\x7F",
                                      "\xFF",
                                      "a\xC3",
                                      "\xC0\xAF",
                                      "\xC2\x85",
                                      "\xE0\x80\xAF",
                                      "\xED\xA0\x80",
                                      "\xF4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        cr_expect_not(imp_name_check(bad[i], &err), "%zu", i);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
}

Test(name, an_object_is_named_by_its_digest_alone)
{
    struct imp_digest digest;
    char name[IMP_NAME_MAX];
    cr_assert(imp_sha256_of("abc", 3, &digest, NULL));
    imp_name_of_digest(&digest, "png", name);
    // printf abc | sha256sum
    cr_expect_str_eq(name, "ba/78/ba7816bf8f01cfea414140de5dae2223.png");
    cr_expect(imp_name_check(name, NULL));
}

Test(name, the_length_limit_is_exact)
{
    char name[IMP_NAME_MAX + 1];
    memset(name, 'a', sizeof name);
    name[IMP_NAME_MAX - 1] = '\0';
    cr_expect(imp_name_check(name, NULL));
    name[IMP_NAME_MAX - 1] = 'a';
    name[IMP_NAME_MAX] = '\0';
    cr_expect_not(imp_name_check(name, NULL));
}
