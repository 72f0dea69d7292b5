#include "archive/target.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>

static char *dir;

static void set_up(void)
{
    dir = realpath(tempdir_make(), NULL);
    cr_assert_eq(chdir(dir), 0);
}

static void tear_down(void)
{
    tempdir_remove(dir);
    free(dir);
}

TestSuite(target, .init = set_up, .fini = tear_down);

static void expect_identity(const char *spec, const char *want)
{
    struct imp_err err = {0};
    char *got = imp_target_identity(spec, &err);
    cr_expect(got, "%s: %s", spec, err.msg);
    if (got)
        cr_expect_str_eq(got, want, "%s: %s, want %s", spec, got, want);
    free(got);
}

Test(target, one_archive_has_one_identity_however_it_is_written)
{
    put_file("file", "");
    mkdir("real", 0755);
    cr_assert_eq(symlink("real", "link"), 0);
    char *real = text("%s/real", dir);
    expect_identity("real", real);
    expect_identity("bag:real", real);
    expect_identity("./real/", real);
    expect_identity("link", real);
    expect_identity(text("bag:%s/link/../real/.", dir), real);
    expect_identity("real/..", dir);
    expect_identity("/", "/");
}

Test(target, an_archive_has_its_identity_before_it_exists)
{
    mkdir("real", 0755);
    cr_assert_eq(symlink("real", "link"), 0);
    expect_identity("new", text("%s/new", dir));
    expect_identity("new/", text("%s/new", dir));
    expect_identity("link//new/./er", text("%s/real/new/er", dir));
    expect_identity("/no-such-root-directory/x", "/no-such-root-directory/x");
    mkdir("new", 0755);
    expect_identity("new", text("%s/new", dir));
}

Test(target, dot_dot_below_what_does_not_exist_has_no_identity)
{
    struct imp_err err = {0};
    cr_expect_null(imp_target_identity("new/../x", &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

Test(target, an_unknown_scheme_is_refused_and_the_known_are_named)
{
    struct imp_err err = {0};
    cr_expect_null(imp_target_open("s3://bucket/prefix", NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, "\"s3\""), "%s", err.msg);
    cr_expect(strstr(err.msg, "bag"), "%s", err.msg);
    cr_expect_null(imp_target_identity("a:b", &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_eq(entries(dir), 0);
}

Test(target, a_path_with_a_colon_can_be_given)
{
    expect_identity("./a:b", text("%s/a:b", dir));
    expect_identity("bag:a:b", text("%s/a:b", dir));
    expect_identity(text("%s/a:b", dir), text("%s/a:b", dir));
    struct imp_target *t = imp_target_open("./a:b", NULL, NULL);
    cr_expect(t);
    imp_target_free(t);
    cr_expect(is_there("a:b/bagit.txt"));
}

Test(target, no_place_is_an_error)
{
    struct imp_err err = {0};
    cr_expect_null(imp_target_open("", NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_null(imp_target_open("bag:", NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

// Each row keeps the promises of the table.
Test(target, every_target_opens_locks_and_frees_without_a_trace_of_staging)
{
    static const char bytes[] = "not an image";
    struct iovec piece = {(void *)(uintptr_t)bytes, sizeof bytes - 1};
    struct imp_sha256 *hasher = imp_sha256_new(NULL);
    for (size_t i = 0; imp_targets[i]; i++) {
        struct imp_err err = {0};
        struct imp_staged staged;
        char *where = text("%s/target-%zu", dir, i);
        struct imp_target *t = imp_targets[i]->open(where, NULL, &err);
        cr_assert(t, "%s", err.msg);
        cr_expect(t->empty);
        cr_expect_null(imp_targets[i]->open(where, NULL, &err));
        cr_expect_eq(err.code, IMP_ERR_BUSY);
        cr_expect(imp_targets[i]->stage(t, hasher, &piece, 1, &staged, &err));
        cr_expect_eq(staged.length, sizeof bytes - 1);
        imp_target_free(t);
        cr_expect_neq(system(text("grep -rqs 'not an image' '%s'", where)), 0);
    }
    imp_sha256_free(hasher);
}
