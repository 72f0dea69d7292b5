#include "deid/pseudonym.h"
#include "deid/secret.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir, *path;

static void set_up(void)
{
    dir = tempdir_make();
    path = text("%s/trial.key", dir);
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(secret, .init = set_up, .fini = tear_down, .timeout = 30);

static void write_file(const char *bytes, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, bytes, n), (ssize_t)n);
    cr_assert_eq(fchmod(fd, mode), 0);
    close(fd);
}

// 00 01 02 ... 1f
#define KNOWN_KEY \
    "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static struct imp_secret *load(const char *file)
{
    struct imp_err err = {0};
    write_file(file, strlen(file), 0600);
    struct imp_secret *s = imp_secret_load(path, &err);
    cr_assert(s, "%s", err.msg);
    return s;
}

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

// --- Making ---

Test(secret, a_new_key_is_private_and_can_be_read)
{
    struct imp_err err = {0};
    struct stat st;
    umask(0);
    cr_assert(imp_secret_make(path, &err), "%s", err.msg);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
    struct imp_secret *s = imp_secret_load(path, &err);
    cr_expect(s, "%s", err.msg);
    imp_secret_free(s);
}

Test(secret, two_new_keys_differ)
{
    char code[2][IMP_PSEUDONYM_ROOM];
    for (int i = 0; i < 2; i++) {
        unlink(path);
        cr_assert(imp_secret_make(path, NULL));
        struct imp_secret *s = imp_secret_load(path, NULL);
        cr_assert(s);
        cr_assert(imp_pseudonym_code(s, span("1001"), code[i], NULL));
        imp_secret_free(s);
    }
    cr_expect_str_neq(code[0], code[1]);
}

Test(secret, a_key_is_never_overwritten)
{
    struct imp_err err = {0};
    write_file("old", 3, 0600);
    cr_expect(!imp_secret_make(path, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_str_eq(file_text(path), "old");

    unlink(path);
    cr_assert_eq(symlink("elsewhere", path), 0);
    cr_expect(!imp_secret_make(path, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

Test(secret, what_was_not_made_leaves_nothing)
{
    write_file("old", 3, 0600);
    cr_expect(!imp_secret_make(path, NULL));
    cr_expect_eq(entries(dir), 1); // the old one
    struct imp_err err = {0};
    cr_expect(!imp_secret_make(text("%s/no/such/key", dir), &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect(!imp_secret_make(text("%s/", dir), NULL));
}

// --- Reading ---

Test(secret, what_others_may_read_is_no_key)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct imp_err err = {0};
        write_file(KNOWN_KEY "\n", 65, modes[i]);
        cr_expect_null(imp_secret_load(path, &err), "mode %o", modes[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
    struct imp_err err = {0};
    write_file(KNOWN_KEY "\n", 65, 0600);
    const char *link = text("%s/link", dir);
    cr_assert_eq(symlink(path, link), 0);
    cr_expect_null(imp_secret_load(link, &err));
    cr_expect_null(imp_secret_load(dir, &err));
}

Test(secret, remarks_empty_lines_and_line_ends_of_windows)
{
    static const char *const good[] = {
        KNOWN_KEY,
        KNOWN_KEY "\r\n",
        "# one\r\n\r\n" KNOWN_KEY "\r\n# two\r\n",
        "\n\n" KNOWN_KEY "\n\n",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        imp_secret_free(load(good[i]));
}

Test(secret, what_is_no_key_is_refused)
{
    static const char too_long[] = KNOWN_KEY "0\n";
    static const char *const bad[] = {
        "",
        "# nothing\n",
        "0001\n",
        too_long,
        KNOWN_KEY "\n" KNOWN_KEY "\n",
        " " KNOWN_KEY "\n",
        "g" KNOWN_KEY,
        "00010203040506070809 a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        write_file(bad[i], strlen(bad[i]), 0600);
        cr_expect_null(imp_secret_load(path, &err), "row %zu", i);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "row %zu: %s", i, err.msg);
        cr_expect_null(strstr(err.msg, "0001"), "the key is told");
    }
    struct imp_err err = {0};
    write_file(KNOWN_KEY "\n\0x", 67, 0600);
    cr_expect_null(imp_secret_load(path, &err));
    char large[5000];
    memset(large, '#', sizeof large);
    write_file(large, sizeof large, 0600);
    cr_expect_null(imp_secret_load(path, &err));
}

Test(secret, no_core_is_dumped_while_it_is_held)
{
    struct rlimit before, now;
    cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0);
    cr_assert_eq(getrlimit(RLIMIT_CORE, &before), 0);
    before.rlim_cur = before.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_CORE, &before), 0);

    struct imp_secret *s = load(KNOWN_KEY);
    cr_expect_eq(prctl(PR_GET_DUMPABLE), 0);
    getrlimit(RLIMIT_CORE, &now);
    cr_expect_eq(now.rlim_cur, 0);
    imp_secret_free(s);
    cr_expect_eq(prctl(PR_GET_DUMPABLE), 1);
    getrlimit(RLIMIT_CORE, &now);
    cr_expect_eq(now.rlim_cur, before.rlim_cur);

    write_file("no key", 6, 0600);
    cr_expect_null(imp_secret_load(path, NULL));
    cr_expect_eq(prctl(PR_GET_DUMPABLE), 1);
}

// --- Using: what is expected was computed with Python's hmac and base64 ---

Test(secret, codes_and_days_are_hmac_under_domains_of_their_own)
{
    static const struct {
        const char *subject, *code;
        int32_t year, month;
    } row[] = {
        {"1001", "EXE7QJXVPNHWFT77", 109, 36},
        {"M\xc3\xbcller, J\xc3\xb6rg", "6EBQP2NUU2J56J7H", 124, 31},
    };
    struct imp_secret *s = load(KNOWN_KEY);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char code[IMP_PSEUDONYM_ROOM];
        int32_t days;
        cr_assert(imp_pseudonym_code(s, span(row[i].subject), code, NULL));
        cr_expect_str_eq(code, row[i].code);
        cr_assert(
            imp_pseudonym_days(s, span(row[i].subject), 1, 365, &days, NULL));
        cr_expect_eq(days, row[i].year);
        cr_assert(
            imp_pseudonym_days(s, span(row[i].subject), 30, 40, &days, NULL));
        cr_expect_eq(days, row[i].month);
    }
    struct imp_digest mac;
    char hex[IMP_SHA256_HEX];
    cr_assert(imp_secret_mac(s, IMP_DOMAIN_KEY, span(""), &mac, NULL));
    imp_digest_hex(&mac, hex);
    cr_expect_str_eq(
        hex,
        "09c2aadf95dc8dce0123143b6cf1615f429c6cad7a6ca80a01a660b92f5ceb58");
    imp_secret_free(s);
}

Test(secret, days_stay_in_their_range)
{
    struct imp_secret *s = load(KNOWN_KEY);
    bool least = false, most = false;
    for (int i = 0; i < 200; i++) {
        char subject[10];
        int32_t days;
        snprintf(subject, sizeof subject, "%d", i);
        cr_assert(imp_pseudonym_days(s, span(subject), 3, 7, &days, NULL));
        cr_expect(days >= 3 && days <= 7, "%d", days);
        least = least || days == 3;
        most = most || days == 7;
        cr_assert(imp_pseudonym_days(s, span(subject), 9, 9, &days, NULL));
        cr_expect_eq(days, 9);
    }
    cr_expect(least && most);
    imp_secret_free(s);
}

// As Python has them: int.from_bytes(HMAC[:16], "big") >> 6.
Test(secret, a_uid_becomes_the_same_one_everywhere)
{
    static const char *const row[][2] = {
        {"1.2.840.113619.2.1.1", "2.25.2101806566996084522003819270504205042"},
        {"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322",
         "2.25.5311284431160027059253059445374639392"},
    };
    struct imp_secret *s = load(KNOWN_KEY);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char uid[IMP_PSEUDONYM_UID_ROOM];
        cr_assert(imp_pseudonym_uid(s, span(row[i][0]), uid, NULL));
        cr_expect_str_eq(uid, row[i][1]);
    }
    imp_secret_free(s);
}
