#include "archive/manifest.h"

#include <criterion/criterion.h>
#include <string.h>

// printf '' | sha256sum
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct imp_digest digest(void)
{
    struct imp_digest d;
    cr_assert(imp_digest_parse(EMPTY, strlen(EMPTY), &d));
    return d;
}

Test(manifest, a_line_is_digest_two_spaces_and_path)
{
    char line[IMP_MANIFEST_LINE_MAX];
    struct imp_digest d = digest();
    size_t n = imp_manifest_line(line, "ab/c d.jpg", &d);
    cr_expect_str_eq(line, EMPTY "  data/ab/c d.jpg\n");
    cr_expect_eq(n, strlen(line));
}

// RFC 8493 2.1.3
Test(manifest, cr_lf_and_percent_are_percent_encoded)
{
    char line[IMP_MANIFEST_LINE_MAX];
    struct imp_digest d = digest();
    imp_manifest_line(line, "50%\r\n.jpg", &d);
    cr_expect_str_eq(line, EMPTY "  data/50%25%0D%0A.jpg\n");
}

Test(manifest, the_longest_name_fits_and_comes_back)
{
    char line[IMP_MANIFEST_LINE_MAX], name[IMP_NAME_MAX], back[IMP_NAME_MAX];
    struct imp_digest d = digest(), e;
    memset(name, '%', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    size_t n = imp_manifest_line(line, name, &d);
    cr_expect_eq(n, sizeof line - 1);
    cr_expect(imp_manifest_parse(line, back, &e, NULL));
    cr_expect_str_eq(back, name);
    cr_expect_arr_eq(d.b, e.b, sizeof d.b);
}

Test(manifest, a_percent_that_encodes_nothing_stands_for_itself)
{
    char name[IMP_NAME_MAX];
    struct imp_digest d;
    cr_expect(imp_manifest_parse(EMPTY "  data/a%41%25%", name, &d, NULL));
    cr_expect_str_eq(name, "a%41%%");
}

Test(manifest, lines_that_lie_outside_the_payload_or_are_none_are_refused)
{
    static const char *const bad[] = {
        "",
        "\n",
        EMPTY,
        EMPTY "\n",
        EMPTY "  bag-info.txt\n",
        EMPTY "data/x\n",
        EMPTY "  data/\n",
        EMPTY "  data/../x\n",
        EMPTY "  data//x\n",
        EMPTY "  data/a%0Ab\n",
        ("g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  "
         "data/x\n"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[IMP_NAME_MAX];
        struct imp_digest d;
        struct imp_err err = {0};
        cr_expect_not(imp_manifest_parse(bad[i], name, &d, &err), "%zu", i);
        cr_expect_eq(err.code, IMP_ERR_IO);
    }
}
