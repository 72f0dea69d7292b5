// What is staged in a bag, and not seen yet.
#include "base/map.h"

#include "bagged.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

TestSuite(bag_stage, .init = set_up, .fini = tear_down, .timeout = 30);

Test(bag_stage, stage_takes_all_pieces_in_order)
{
    enum { BIG = 700000 };
    struct shipped staged = {.object = object_of("x", "whatever")};
    struct imp_err err = {0};
    char *big = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)(i % 251);
    struct iovec pieces[203] = {{NULL, 0}, {"head", 4}, {big, BIG}};
    for (size_t i = 3; i < 203; i++)
        pieces[i] = (struct iovec){"ab", i % 3};
    struct imp_target *t = open_bag();
    cr_assert(
        t->ops->stage(t, &staged.object, pieces, 203, &staged.staged, &err),
        "%s", err.msg);
    cr_assert(publish_as(t, &staged, "x", &err), "%s", err.msg);
    imp_target_free(t);
    free(big);

    // python3 is the judge of the bytes.
    put_file(text("%s/judge.py", dir),
             "import sys\n"
             "want = b'head' + bytes(i % 251 for i in range(700000))\n"
             "want += b''.join(b'ab'[:i % 3] for i in range(3, 203))\n"
             "assert open(sys.argv[1], 'rb').read() == want\n");
    cr_expect_eq(system(text("python3 %s/judge.py %s/data/x", dir, bag)), 0);
}

// A mapped file, behind a header of its own, that is cut to `rest` bytes,
// staged as one piece.
static bool stage_mapped(struct imp_target *t, size_t size, size_t rest,
                         struct shipped *out, struct imp_err *err)
{
    struct imp_map m, joined;
    char *path = text("%s/source", dir);
    cr_assert_eq(
        system(text("python3 -c 'import sys; sys.stdout.buffer.write(bytes("
                    "i * 7 %% 251 for i in range(%zu)))' > %s",
                    size, path)),
        0);
    int fd = open(path, O_RDWR);
    cr_assert(imp_map_open(&m, fd, size, err), "%s", err->msg);
    struct iovec pieces[] = {{"head", 4},
                             {(uint8_t *)(uintptr_t)m.bytes.p + 9, size - 9}};
    cr_assert(imp_map_join(&joined, pieces, 2, err), "%s", err->msg);
    struct iovec piece = {(void *)(uintptr_t)joined.bytes.p, joined.bytes.n};
    cr_assert_eq(ftruncate(fd, (off_t)rest), 0);
    *out = (struct shipped){.object = object_of("x", "whatever")};
    bool ok = t->ops->stage(t, &out->object, &piece, 1, &out->staged, err);
    imp_map_close(&joined);
    imp_map_close(&m);
    close(fd);
    return ok;
}

Test(bag_stage, of_a_mapped_file_all_bytes_are_staged)
{
    struct imp_err err = {0};
    struct shipped staged;
    struct imp_target *t = open_bag();
    cr_assert(stage_mapped(t, 9000001, 9000001, &staged, &err), "%s", err.msg);
    cr_assert(publish_as(t, &staged, "x", &err), "%s", err.msg);
    imp_target_free(t);
    put_file(text("%s/judge.py", dir),
             "import sys\n"
             "want = bytes(i * 7 % 251 for i in range(9, 9000001))\n"
             "assert open(sys.argv[1], 'rb').read() == b'head' + want\n");
    cr_expect_eq(system(text("python3 %s/judge.py %s/data/x", dir, bag)), 0);
}

Test(bag_stage, a_mapped_file_that_is_cut_short_is_not_staged)
{
    struct imp_err err = {0};
    struct shipped staged;
    struct imp_target *t = open_bag();
    cr_expect_not(stage_mapped(t, 9000001, 5000000, &staged, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED, "%s", err.msg);
    cr_expect_eq(entries(text("%s/.imgpipe-staging", bag)), 0);
    imp_target_free(t);
}

Test(bag_stage, a_stage_that_fails_half_way_leaves_nothing)
{
    struct imp_err err = {0};
    struct imp_staged staged;
    const struct imp_object object = object_of("x", "whatever");
    static char big[600000];
    struct iovec piece = {big, sizeof big};
    struct imp_target *t = open_bag();
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){300000, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    cr_expect_not(t->ops->stage(t, &object, &piece, 1, &staged, &err));
    setrlimit(RLIMIT_FSIZE, &old);
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_eq(entries(text("%s/.imgpipe-staging", bag)), 0);
    imp_target_free(t);
}

Test(bag_stage, what_is_staged_is_not_in_the_payload_and_discard_removes_it)
{
    struct imp_target *t = open_bag();
    struct shipped a = stage(t, "a"), b = stage(t, "a");
    cr_expect_neq(a.staged.serial, b.staged.serial);
    cr_expect_eq(entries(text("%s/data", bag)), 0);
    cr_expect_eq(entries(text("%s/.imgpipe-staging", bag)), 2);
    t->ops->discard(t, &a.staged);
    cr_expect_eq(entries(text("%s/.imgpipe-staging", bag)), 1);
    imp_target_free(t);
    cr_expect_eq(entries(bag), 2, "bagit.txt and data");
}
