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
                                      "a\xE2\x80\xA8",        // U+2028
                                      "a\xE2\x80\xAEgpj.exe", // U+202E
                                      "\xE2\x81\xA9",         // U+2069
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

// --- What a name says ---

Test(name, a_made_name_tells_its_digest_or_denies_it)
{
    struct imp_digest abc, other;
    cr_assert(imp_sha256_of("abc", 3, &abc, NULL));
    cr_assert(imp_sha256_of("abd", 3, &other, NULL));
    static const char made[] = "ba/78/ba7816bf8f01cfea414140de5dae2223.png";
    static const char below[] =
        "S-1/ba/78/ba7816bf8f01cfea414140de5dae2223.png";
    cr_expect_eq(imp_name_says(made, &abc, "png"), IMP_NAME_TELLS);
    cr_expect_eq(imp_name_says(below, &abc, "png"), IMP_NAME_TELLS);
    cr_expect_eq(imp_name_says(made, &abc, "jpg"), IMP_NAME_DENIES);
    cr_expect_eq(imp_name_says(made, &other, "png"), IMP_NAME_DENIES);
    cr_expect_eq(imp_name_says(below, &other, "png"), IMP_NAME_DENIES);
}

Test(name, of_another_name_eight_digits_are_enough_and_needed)
{
    struct imp_digest abc;
    cr_assert(imp_sha256_of("abc", 3, &abc, NULL));
    cr_expect_eq(imp_name_says("S-1/P-ba7816bf.png", &abc, "png"),
                 IMP_NAME_TELLS);
    cr_expect_eq(imp_name_says("ba7816bf8f01/x", &abc, "png"), IMP_NAME_TELLS);
    cr_expect_eq(imp_name_says("S-1/P-ba7816b.png", &abc, "png"),
                 IMP_NAME_SILENT);
    cr_expect_eq(imp_name_says("S-1.png", &abc, "png"), IMP_NAME_SILENT);
    cr_expect_eq(imp_name_says("A/2.25.329800735698586629295641978511506172918"
                               "/2.25.17/2.25.18.dcm",
                               &abc, "dcm"),
                 IMP_NAME_SILENT);
    // a code of 32 digits, such as a UUID
    cr_expect_eq(
        imp_name_says("0123456789abcdef0123456789abcdef.png", &abc, "png"),
        IMP_NAME_SILENT);
    cr_expect_eq(
        imp_name_says("x/01/0123456789abcdef0123456789abcdef.png", &abc, "png"),
        IMP_NAME_SILENT);
    cr_expect_eq(imp_name_says("P-BA7816BF.png", &abc, "png"), IMP_NAME_SILENT);
}

// --- Names everywhere ---

Test(name, values_that_break_a_name_are_refused)
{
    static const char *const good[] = {"S-1", "...", "M\xC3\xBCller",
                                       "a b", "CON", "x."};
    static const char *const bad[] = {"",    "a/b", "..",   "a\nb",  "a\\b",
                                      "a:b", "a*",  "\xFF", "a\x7F", "\"a\"",
                                      "a|b", "<a",  "a?"};
    char large[IMP_NAME_VALUE_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(imp_name_check_value(good[i], NULL), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        cr_expect_not(imp_name_check_value(bad[i], &err), "%zu", i);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
    memset(large, 'a', sizeof large);
    large[IMP_NAME_VALUE_MAX] = '\0';
    cr_expect(imp_name_check_value(large, NULL));
    large[IMP_NAME_VALUE_MAX] = 'a';
    large[IMP_NAME_VALUE_MAX + 1] = '\0';
    cr_expect_not(imp_name_check_value(large, NULL));
}

Test(name, what_windows_reserves_is_no_name)
{
    static const char *const good[] = {
        "CONSOLE.jpg", "COM.jpg",        "COM10",    "CONIN",
        "COM\xC2\xB4", "a\xE2\x80\xA7z", "a/xCON/b", "S-1/a.jpg",
        "LPTX",        "aux-1.png",      ".jpg"};
    static const char *const bad[] = {
        "CON",    "con.jpg",     "a/nul",      "COM\xC2\xB9", "lpt\xC2\xB3.x",
        "conin$", "CONOUT$.jpg", "PRN.tar.gz", "aux/b",       "COM1",
        "lpt9.x", "a./b",        "a /b.jpg",   "b.",          "a:b",
        "..",     "nul .x",      "a\\b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(imp_name_check_portable(good[i], NULL), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        cr_expect_not(imp_name_check_portable(bad[i], &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
}
