#include "archive/s3_place.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

static const struct imp_s3_access aws;

static void expect_place(const char *where, struct imp_s3_access access,
                         const char *url, const char *prefix)
{
    struct imp_s3_place place;
    struct imp_err err = {0};
    cr_assert(imp_s3_place_init(&place, where, &access, &err), "%s: %s", where,
              err.msg);
    cr_expect_str_eq(text("%s%s", place.root, place.path), url);
    cr_expect_str_eq(place.prefix, prefix);
    cr_expect(strstr(url, place.host));
    imp_s3_place_clear(&place);
}

Test(s3_place, a_bucket_is_in_the_hosts_name_or_in_the_path)
{
    expect_place("//bucket/a/b", aws,
                 "https://bucket.s3.us-east-1.amazonaws.com", "a/b/");
    expect_place("//bucket/a/", (struct imp_s3_access){.region = "eu-west-1"},
                 "https://bucket.s3.eu-west-1.amazonaws.com", "a/");
    expect_place("//bucket",
                 (struct imp_s3_access){.endpoint = "http://HOST:8080/",
                                        .path_style = true},
                 "http://host:8080/bucket", "");
    expect_place("//my.bucket/",
                 (struct imp_s3_access){.endpoint = "https://[::1]:443",
                                        .path_style = true},
                 "https://[::1]/my.bucket", "");
}

Test(s3_place, what_is_no_bucket_or_prefix_is_refused)
{
    static const char *const bad[] = {
        "bucket",       "/bucket",       "//",          "//ab",
        "//Bucket",     "//buck_et",     "//-bucket",   "//bucket-",
        "//buck..et",   "//bucket//a",   "//bucket/..", "//bucket/a/../b",
        "//bucket/a//", "//bucket/a\nb", "//bu?ket/a",  "//user@bucket/a",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_s3_place place;
        struct imp_err err = {0};
        cr_expect_not(imp_s3_place_init(&place, bad[i], &aws, &err), "%s",
                      bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", bad[i]);
        cr_expect_null(place.root);
    }
}

Test(s3_place, what_is_no_endpoint_or_region_is_refused)
{
    static const char *const bad[] = {
        "host",         "ftp://host",          "https://",
        "https://h/p",  "https://u:p@host",    "https://host?x",
        "https://h:0",  "https://h:65536",     "https://h:1x",
        "https://h:",   "https://ho st",       "https://h\r\nX: y",
        "https://[::1", "https://10.0.0.1:80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_s3_place place;
        struct imp_err err = {0};
        struct imp_s3_access access = {.endpoint = bad[i]};
        cr_expect_not(imp_s3_place_init(&place, "//bucket/a", &access, &err),
                      "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", bad[i]);
    }
    struct imp_s3_place place;
    struct imp_s3_access access = {.region = "eu/../x"};
    cr_expect_not(imp_s3_place_init(&place, "//bucket/a", &access, NULL));
    // No certificate is for *.*.s3...
    cr_expect_not(imp_s3_place_init(&place, "//my.bucket/a", &aws, NULL));
}

// --- Keys ---

#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

static char *dir, *file;

static void set_up(void)
{
    dir = tempdir_make();
    file = text("%s/keys", dir);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_SESSION_TOKEN");
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(s3_keys, .init = set_up, .fini = tear_down);

static void expect_refused(const char *key_file, const char *why)
{
    struct imp_s3_keys keys;
    struct imp_err err = {0};
    cr_expect_not(imp_s3_keys_init(&keys, key_file, &err), "%s", why);
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", why);
    cr_expect(strstr(err.msg, why), "\"%s\" lacks \"%s\"", err.msg, why);
    cr_expect_not(strstr(err.msg, "AKIA"));
    cr_expect_not(strstr(err.msg, "wJal"));
    cr_expect_null(keys.secret);
}

static void write_keys(const char *content, mode_t mode)
{
    put_file(file, content);
    cr_assert_eq(chmod(file, mode), 0);
}

Test(s3_keys, the_default_profile_counts_and_no_other)
{
    struct imp_s3_keys keys;
    struct imp_err err = {0};
    write_keys("# mine\n[other]\naws_access_key_id = OTHER\n\n[default]\r\n"
               "aws_access_key_id=AKIAEXAMPLE\r\nregion = eu-west-1\n"
               "  aws_secret_access_key =  " SECRET "\n"
               "aws_session_token = a=b==\n[third]\nno setting\n",
               0600);
    cr_assert(imp_s3_keys_init(&keys, file, &err), "%s", err.msg);
    cr_expect_str_eq(keys.id, "AKIAEXAMPLE");
    cr_expect_str_eq(keys.secret, SECRET);
    cr_expect_str_eq(keys.token, "a=b==");
    imp_s3_keys_clear(&keys);
}

#define WHOLE \
    "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = " SECRET "\n"

Test(s3_keys, a_file_that_others_may_read_is_refused)
{
    struct imp_s3_keys keys;
    write_keys(WHOLE, 0640);
    expect_refused(file, "mode 0640, want 0600");
    write_keys(WHOLE, 0602);
    expect_refused(file, "mode 0602, want 0600");
    write_keys(WHOLE, 0400);
    cr_expect(imp_s3_keys_init(&keys, file, NULL));
    imp_s3_keys_clear(&keys);
}

Test(s3_keys, what_is_no_regular_file_is_refused)
{
    char *other = text("%s/link", dir);
    expect_refused(file, "No such file");
    expect_refused(dir, "no regular file");
    write_keys(WHOLE, 0600);
    cr_assert_eq(symlink(file, other), 0);
    expect_refused(other, "no regular file");
    cr_assert_eq(unlink(other), 0);
    cr_assert_eq(mkfifo(other, 0600), 0);
    expect_refused(other, "no regular file");
}

Test(s3_keys, a_file_of_another_user_is_refused)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give a file away");
    write_keys(WHOLE, 0600);
    cr_assert_eq(chown(file, 65534, 65534), 0);
    expect_refused(file, "belongs to user 65534, want user 0");
}

Test(s3_keys, what_is_incomplete_or_doubled_is_refused)
{
    write_keys("[default]\naws_access_key_id = AKIA1\n", 0600);
    expect_refused(file, "no secret access key");
    write_keys("aws_access_key_id = AKIA1\n", 0600);
    expect_refused(file, "no access key id");
    write_keys(WHOLE "aws_access_key_id = AKIA2\n", 0600);
    expect_refused(file, "line 4: given twice");
    write_keys("[default]\n" SECRET "\n", 0600);
    expect_refused(file, "line 2: want NAME = VALUE");
    write_keys("[default]\naws_access_key_id = AKIA 1\n"
               "aws_secret_access_key = wJal\n",
               0600);
    expect_refused(file, "has a blank");
}

Test(s3_keys, the_environment_is_asked_if_no_file_is_given)
{
    struct imp_s3_keys keys;
    expect_refused(NULL, "no keys");
    setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE", 1);
    expect_refused(NULL, "no secret access key");
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    setenv("AWS_SESSION_TOKEN", "", 1);
    cr_assert(imp_s3_keys_init(&keys, NULL, NULL));
    cr_expect_str_eq(keys.id, "AKIAEXAMPLE");
    cr_expect_null(keys.token);
    imp_s3_keys_clear(&keys);
    setenv("AWS_SESSION_TOKEN", "x\r\nHost: elsewhere", 1);
    expect_refused(NULL, "has a blank");
}
