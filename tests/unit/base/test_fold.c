#include "base/fold.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool one(const char *a, const char *b)
{
    char *x = imp_fold(a), *y = imp_fold(b);
    bool same = strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

Test(fold, case_does_not_count)
{
    cr_expect(one("ABZ-0 9", "abz-0 9"));
    cr_expect(one("\xc3\x84", "\xc3\xa4")); // Ä ä
    cr_expect(one("STRASSE", "stra\xc3\x9f"
                             "e")); // ß is ss
    cr_expect_not(one("a", "b"));
    cr_expect_not(one("@", "`")); // as far apart as A and a
}

Test(fold, how_an_accent_is_coded_does_not_count)
{
    cr_expect(one("\xc3\xa9", "e\xcc\x81"));
    cr_expect(one("\xc3\x89", "e\xcc\x81"));
    cr_expect(one("q\xcc\xa3\xcc\x87", "q\xcc\x87\xcc\xa3")); // their order
    cr_expect_not(one("e", "\xc3\xa9"));
}

Test(fold, folding_twice_changes_nothing)
{
    static const char *const text[] = {"A\xcc\x88/\xc3\x9f", "\xc4\xb0",
                                       "\xe1\xbe\xb4", "plain"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        char *once = imp_fold(text[i]);
        cr_expect(one(once, text[i]), "%zu", i);
        free(once);
    }
}

Test(fold, what_is_no_utf8_stays_as_it_is)
{
    cr_expect_not(one("A\xff", "a\xff"));
    cr_expect(one("A\xff", "A\xff"));
}

// The text ends where its page does, and nobody may look at the next one.
Test(fold, what_ends_within_a_character_is_not_read_beyond)
{
    static const char *const torn[] = {"n\xCC", "n\xE4\xB8", "\xF0",
                                       "a\xCC\xB9\xF4\x8F\xBF"};
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_eq(mprotect(pages + 4096, 4096, PROT_NONE), 0);
    for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
        size_t n = strlen(torn[i]) + 1;
        char *text = memcpy(pages + 4096 - n, torn[i], n);
        cr_expect_null(imp_compose(text));
        cr_expect_null(imp_decompose(text));
        char *folded = imp_fold(text);
        cr_expect_str_eq(folded, text, "a copy");
        free(folded);
    }
    munmap(pages, 8192);
}
