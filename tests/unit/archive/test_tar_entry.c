#include "archive/tar_entry.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(tar_entry, .timeout = 60);

// Any path that an object in the archive may have.
static const char *const paths[] = {
    "imgpipe/bagit.txt",
    "imgpipe/data/ab/cd/abcd0123456789abcdef0123456789ab.jpg",
    "imgpipe/data/Zo\xc3\xab/\xe2\x82\xac.png",
    "imgpipe/data/with a blank",
};

static char *long_path(size_t n, size_t slash_at)
{
    char *s = text("imgpipe/data/%0*d", (int)n, 7);
    if (slash_at)
        s[strlen("imgpipe/data/") + slash_at] = '/';
    return s;
}

static void expect_back(const char *path, uint64_t length)
{
    uint8_t head[IMP_TAR_HEAD_MAX];
    struct imp_tar_entry e;
    struct imp_err err = {0};
    size_t n = imp_tar_head_size(path);
    cr_assert(imp_tar_head(head, path, length, &err), "%s", err.msg);
    cr_assert(imp_tar_parse((struct imp_span){head, n}, &e, &err), "%s: %s",
              path, err.msg);
    cr_expect_str_eq(e.path, path);
    cr_expect_eq(e.length, length);
    cr_expect_eq(e.head, n);
    cr_expect_not(imp_tar_parse((struct imp_span){head, n - 1}, &e, &err));
}

Test(tar_entry, what_is_written_is_read)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        expect_back(paths[i], i);
    for (size_t n = 1; n < IMP_NAME_MAX; n++) {
        expect_back(long_path(n, 0), n);
        for (size_t slash = 1; slash + 1 < n; slash += 13)
            expect_back(long_path(n, slash), n);
    }
    expect_back("x", IMP_TAR_LENGTH_MAX);
}

Test(tar_entry, gnu_tar_and_bsdtar_read_each_path)
{
    char *dir = tempdir_make();
    FILE *f = fopen(text("%s/t.tar", dir), "wb");
    FILE *want = fopen(text("%s/want", dir), "wb");
    uint8_t head[IMP_TAR_HEAD_MAX];
    static const uint8_t end[2 * IMP_TAR_BLOCK];
    cr_assert(f && want);
    for (size_t i = 0; i < 4 + 254; i++) {
        const char *path = i < 4 ? paths[i] : long_path(i - 3, (i - 3) / 2);
        if (i >= 4 && i - 3 < 3)
            continue;
        cr_assert(imp_tar_head(head, path, 0, NULL));
        fwrite(head, 1, imp_tar_head_size(path), f);
        fprintf(want, "%s\n", path);
    }
    fwrite(end, 1, sizeof end, f);
    fclose(f);
    fclose(want);
    for (int bsd = 0; bsd < 2; bsd++)
        cr_expect_eq(
            system(text("LC_ALL=C.UTF-8 %s '%s/t.tar' >'%s/have' "
                        "2>&1 && cmp '%s/have' '%s/want'",
                        bsd ? "bsdtar tf" : "tar --quoting-style=literal -tf",
                        dir, dir, dir, dir)),
            0);
    tempdir_remove(dir);
}

Test(tar_entry, each_flipped_bit_is_noticed)
{
    uint8_t head[IMP_TAR_HEAD_MAX];
    struct imp_tar_entry e;
    for (size_t i = 0; i < 3; i += 2) { // plain, extended
        size_t n = imp_tar_head_size(paths[i]);
        cr_assert(imp_tar_head(head, paths[i], 99, NULL));
        for (size_t bit = 0; bit < 8 * n; bit++) {
            head[bit / 8] ^= (uint8_t)(1 << bit % 8);
            bool same = imp_tar_parse((struct imp_span){head, n}, &e, NULL) &&
                        strcmp(e.path, paths[i]) == 0 && e.length == 99;
            head[bit / 8] ^= (uint8_t)(1 << bit % 8);
            // What is behind the record, and the record's own bytes, which
            // have no sum but their member's CRC.
            bool record = n > IMP_TAR_BLOCK && bit / 8 >= IMP_TAR_BLOCK &&
                          bit / 8 < 2 * IMP_TAR_BLOCK;
            bool blank = bit / 8 % IMP_TAR_BLOCK == 155; // behind the sum
            cr_expect(record || blank || !same, "bit %zu", bit);
        }
    }
}

Test(tar_entry, too_much_is_refused)
{
    uint8_t head[IMP_TAR_HEAD_MAX];
    struct imp_err err = {0};
    cr_expect_not(imp_tar_head(head, "x", IMP_TAR_LENGTH_MAX + 1, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    err.code = IMP_OK;
    cr_expect_not(
        imp_tar_head(head, text("%0*d", IMP_TAR_PATH_MAX, 1), 1, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
}

Test(tar_entry, what_is_no_regular_file_is_damage)
{
    uint8_t head[IMP_TAR_HEAD_MAX] = {0};
    struct imp_tar_entry e;
    struct imp_err err = {0};
    cr_assert(imp_tar_head(head, "d/", 0, NULL));
    cr_expect_not(
        imp_tar_parse((struct imp_span){head, IMP_TAR_BLOCK}, &e, &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    memset(head, 0, sizeof head);
    cr_expect_not(
        imp_tar_parse((struct imp_span){head, sizeof head}, &e, &err));
    cr_expect_not(imp_tar_parse((struct imp_span){NULL, 0}, &e, &err));
}
