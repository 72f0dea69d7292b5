#include "base/map.h"

#include "../../lib/resident.h"
#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static char *dir;

static void set_up(void)
{
    dir = tempdir_make();
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(map, .init = set_up, .fini = tear_down, .timeout = 60);

// No two pages alike.
static uint8_t byte_at(uint64_t at)
{
    return (uint8_t)(at * 7 ^ at >> 12 ^ at >> 20);
}

// A file of `n` of them.
static int a_file(const char *name, size_t n)
{
    static uint8_t block[1 << 16];
    int fd = open(text("%s/%s", dir, name), O_RDWR | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    for (size_t at = 0; at < n;) {
        size_t part = n - at < sizeof block ? n - at : sizeof block;
        for (size_t i = 0; i < part; i++)
            block[i] = byte_at(at + i);
        cr_assert_eq(write(fd, block, part), (ssize_t)part);
        at += part;
    }
    return fd;
}

static size_t wrong_bytes(struct imp_span have, uint64_t first)
{
    size_t wrong = 0;
    for (size_t i = 0; i < have.n; i++)
        wrong += have.p[i] != byte_at(first + i);
    return wrong;
}

// How many of the bytes lie in files; they must be what is there.
static size_t in_files(struct imp_span left)
{
    static uint8_t block[1 << 20];
    size_t sum = 0;
    while (left.n > 0) {
        struct imp_map_place place = imp_map_place_of(left);
        cr_assert(place.n > 0 && place.n <= left.n);
        if (place.fd >= 0) {
            if (place.n > sizeof block)
                place.n = sizeof block;
            cr_assert_eq(pread(place.fd, block, place.n, (off_t)place.at),
                         (ssize_t)place.n);
            cr_expect_eq(memcmp(block, left.p, place.n), 0);
            sum += place.n;
        }
        left.p += place.n;
        left.n -= place.n;
    }
    return sum;
}

Test(map, has_the_bytes_of_the_file)
{
    struct imp_err err = {0};
    struct imp_map m;
    int fd = a_file("f", 100001);
    cr_assert(imp_map_open(&m, fd, 100001, &err), "%s", err.msg);
    cr_expect_eq(m.bytes.n, 100001);
    cr_expect_eq(wrong_bytes(m.bytes, 0), 0);
    cr_expect_eq(in_files(m.bytes), 100001);
    imp_map_close(&m);
    cr_expect_null(m.bytes.p);
    imp_map_close(&m);
    close(fd);
}

Test(map, what_cannot_be_mapped_is_unsupported)
{
    struct imp_err err = {0};
    struct imp_map m;
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_expect_not(imp_map_open(&m, ends[0], 10, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    int fd = a_file("empty", 0);
    cr_expect_not(imp_map_open(&m, fd, 0, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    cr_expect_null(m.bytes.p);
}

Test(map, a_file_cut_short_reads_as_zeros_and_is_counted)
{
    struct imp_err err = {0};
    struct imp_map m, other;
    int fd = a_file("f", 1 << 20), whole = a_file("g", 1 << 20);
    cr_assert(imp_map_open(&m, fd, 1 << 20, &err), "%s", err.msg);
    cr_assert(imp_map_open(&other, whole, 1 << 20, &err), "%s", err.msg);
    cr_expect_eq(m.bytes.p[0], byte_at(0));
    cr_assert_eq(ftruncate(fd, 4096), 0);
    cr_expect_eq(imp_map_faults(), 0);
    struct imp_span rest = {m.bytes.p + 4096, m.bytes.n - 4096};
    cr_expect(imp_span_is_zero(rest));
    cr_expect_eq(imp_map_faults(), 1);
    cr_expect_eq(wrong_bytes(other.bytes, 0), 0);
    cr_expect_eq(imp_map_faults(), 1);
    imp_map_close(&m);
    imp_map_close(&other);
}

static void *look_at_one_cut_short(void *self)
{
    struct imp_map m;
    int fd = a_file(self, 1 << 16);
    uintptr_t faults = imp_map_faults();
    if (imp_map_open(&m, fd, 1 << 16, NULL) && ftruncate(fd, 0) == 0 &&
        imp_span_is_zero(m.bytes))
        faults += 100 * imp_map_faults();
    imp_map_close(&m);
    close(fd);
    return (void *)faults;
}

Test(map, each_thread_counts_its_own)
{
    pthread_t thread[2];
    char *name[] = {"a", "b"};
    for (int i = 0; i < 2; i++)
        cr_assert_eq(
            pthread_create(&thread[i], NULL, look_at_one_cut_short, name[i]),
            0);
    for (int i = 0; i < 2; i++) {
        void *told;
        pthread_join(thread[i], &told);
        cr_expect_eq((uintptr_t)told, 100);
    }
    cr_expect_eq(imp_map_faults(), 0);
}

// How a child ends in which `fault` makes a SIGBUS that is not ours.
static int end_of(void (*handler)(int), bool sent)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct imp_map m;
        signal(SIGBUS, handler);
        int fd = a_file("theirs", 1 << 16), ours = a_file("ours", 1 << 16);
        if (!imp_map_open(&m, ours, 1 << 16, NULL))
            _exit(1);
        const volatile uint8_t *p =
            mmap(NULL, 1 << 16, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED || ftruncate(fd, 0) != 0)
            _exit(1);
        if (sent)
            kill(getpid(), SIGBUS);
        else
            _exit(p[0]);
        for (;;)
            pause();
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static void leave(int sig)
{
    (void)sig;
    _exit(42);
}

// Looks at the shared pages, of which the last cannot be had.
static void *look_at_share(void *self)
{
    struct imp_map *share = self;
    imp_map_take_up(share);
    struct imp_span some = {share->bytes.p, share->bytes.n};
    uintptr_t told = !imp_map_has(some);
    for (size_t i = 0; i < some.n; i += 4096)
        if (some.p[i] != 0 && some.p[i] != byte_at(i))
            told += 1000;
    imp_map_give_back(some);
    told += 100 * imp_map_give_up(share);
    told += imp_map_has(some);
    return (void *)told;
}

Test(map, another_thread_has_a_share_and_its_faults_are_the_owners)
{
    pthread_t thread;
    struct imp_map m, share;
    void *told;
    int fd = a_file("f", 1 << 16);
    cr_assert(imp_map_open(&m, fd, 1 << 16, NULL));
    cr_expect_not(imp_map_share(&share, (struct imp_span){(uint8_t *)"a", 1}));
    cr_assert(imp_map_share(&share, m.bytes));
    cr_assert_eq(ftruncate(fd, 1 << 15), 0);
    cr_assert_eq(pthread_create(&thread, NULL, look_at_share, &share), 0);
    cr_assert_eq(pthread_join(thread, &told), 0);
    cr_expect_eq((uintptr_t)told, 100, "one fault, and nothing wrong: %zu",
                 (size_t)(uintptr_t)told);
    cr_expect_eq(imp_map_faults(), 0);
    imp_map_add_faults(1);
    cr_expect_eq(imp_map_faults(), 1);
    imp_map_close(&m);
    close(fd);
}

Test(map, another_fault_is_handled_as_before)
{
    for (int sent = 0; sent < 2; sent++) {
        int status = end_of(SIG_DFL, sent);
        cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
        status = end_of(leave, sent);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    }
}

Test(map, steps_cover_all_bytes_once_and_keep_memory_small)
{
    const size_t n = ((size_t)64 << 20) + 5;
    struct imp_err err = {0};
    struct imp_map m;
    int fd = a_file("large", n);
    cr_assert(imp_map_open(&m, fd, n, &err), "%s", err.msg);
    long before = resident_kb(), most = 0;
    size_t wrong = 0, seen = 0;
    struct imp_span left = m.bytes, step = {0};
    while (imp_map_step(&left, &step)) {
        wrong += wrong_bytes(step, seen);
        seen += step.n;
        long now = resident_kb();
        most = now > most ? now : most;
    }
    cr_expect_eq(seen, n);
    cr_expect_eq(wrong, 0);
    cr_expect_leq(most - before, 3 * (long)IMP_MAP_STEP / 1024);
    cr_expect_eq(step.n, 0);
    cr_expect_eq(wrong_bytes((struct imp_span){m.bytes.p, 5000}, 0), 0,
                 "what was given back comes back");
    imp_map_close(&m);
    close(fd);
}

Test(map, what_is_not_mapped_is_not_given_back)
{
    size_t n = (size_t)8 << 20, seen = 0;
    uint8_t *p = malloc(n);
    cr_assert_not_null(p);
    memset(p, 7, n);
    struct imp_span left = {p, n}, step = {0};
    while (imp_map_step(&left, &step))
        seen += step.n;
    cr_expect_eq(seen, n);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(p[i], 7);
    free(p);
}

// --- Several as one ---

#define LARGE ((size_t)32 << 20)

static void expect_joined(const struct imp_map *m, const struct iovec *piece,
                          size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; at += piece[i++].iov_len) {
        cr_assert_leq(at + piece[i].iov_len, m->bytes.n);
        cr_expect_eq(
            memcmp(m->bytes.p + at, piece[i].iov_base, piece[i].iov_len), 0,
            "piece %zu", i);
    }
    cr_expect_eq(at, m->bytes.n);
    in_files(m->bytes);
}

// A header of another length, and inserts that move what is behind them: whole
// pages further, not whole ones.
Test(map, joins_pieces_wherever_they_lie)
{
    static uint8_t other[3 * 4096 + 100];
    struct imp_err err = {0};
    struct imp_map m, joined;
    int fd = a_file("large", LARGE);
    memset(other, 0xEE, sizeof other);
    cr_assert(imp_map_open(&m, fd, LARGE, &err), "%s", err.msg);
    uint8_t *p = (uint8_t *)(uintptr_t)m.bytes.p;
    const struct iovec piece[] = {
        {other, 77},
        {p + 128, 1000},
        {other, 0},
        {p + 2000, 10 << 20},
        {other, 4096},
        {p + (11 << 20), 1 << 20},
        {other, sizeof other},
        {p + (12 << 20) + 1, 2 << 20},
        {p + LARGE - 1, 1},
    };
    for (size_t first = 0; first < 9; first++)
        for (size_t n = 1; first + n <= 9; n++) {
            if (piece[first].iov_len == 0 && n == 1)
                continue;
            cr_assert(imp_map_join(&joined, piece + first, n, &err), "%s",
                      err.msg);
            expect_joined(&joined, piece + first, n);
            imp_map_close(&joined);
        }
    imp_map_close(&m);
    close(fd);
}

// Blocks of this process' files on disk and in memory; a shared page is none.
static long copied_kb(const struct imp_map *joined)
{
    char line[512], file[400];
    unsigned long from, to;
    long kb = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    cr_assert(maps);
    while (fgets(line, sizeof line, maps)) {
        int got =
            sscanf(line, "%lx-%lx %*s %*s %*s %*s %399s", &from, &to, file);
        if (got == 3 && from >= (uintptr_t)joined->area &&
            to <= (uintptr_t)joined->area + joined->area_n &&
            !strstr(file, "/large"))
            kb += (long)((to - from) / 1024);
    }
    fclose(maps);
    return kb;
}

Test(map, a_long_piece_shares_its_pages_and_so_do_patches_of_it)
{
    static uint8_t other[8192];
    struct imp_err err = {0};
    struct imp_map m, joined;
    int fd = a_file("large", LARGE);
    cr_assert(imp_map_open(&m, fd, LARGE, &err), "%s", err.msg);
    uint8_t *p = (uint8_t *)(uintptr_t)m.bytes.p;
    struct iovec piece[1 + 2 * 8];
    size_t n = 0, each = LARGE / 8;
    piece[n++] = (struct iovec){other, 1234};
    for (size_t i = 0; i < 8; i++) {
        piece[n++] = (struct iovec){p + i * each + (i ? 500 : 3000),
                                    each - (i ? 500 : 3000)};
        piece[n++] = (struct iovec){other, 500};
    }
    cr_assert(imp_map_join(&joined, piece, n, &err), "%s", err.msg);
    expect_joined(&joined, piece, n);
    cr_expect_leq(copied_kb(&joined), 9 * 8);
    cr_expect_geq(in_files(joined.bytes), LARGE - 9 * 8 * 1024);
    cr_expect_gt(copied_kb(&joined), 0);
    imp_map_close(&joined);
    imp_map_close(&m);
    close(fd);
}

Test(map, what_is_joined_is_given_back_and_comes_back)
{
    static uint8_t other[100];
    struct imp_err err = {0};
    struct imp_map m, joined;
    int fd = a_file("large", LARGE);
    memset(other, 0x11, sizeof other);
    cr_assert(imp_map_open(&m, fd, LARGE, &err), "%s", err.msg);
    const struct iovec piece[] = {
        {other, 100}, {(void *)(uintptr_t)m.bytes.p, LARGE}, {other, 100}};
    cr_assert(imp_map_join(&joined, piece, 3, &err), "%s", err.msg);
    long before = resident_kb(), most = 0;
    for (int again = 0; again < 2; again++) {
        struct imp_span left = joined.bytes, step = {0};
        size_t at = 0;
        while (imp_map_step(&left, &step)) {
            for (size_t i = 0; i < step.n; i++, at++)
                cr_assert_eq(step.p[i], at < 100 || at >= 100 + LARGE
                                            ? 0x11
                                            : byte_at(at - 100));
            long now = resident_kb();
            most = now > most ? now : most;
        }
    }
    cr_expect_leq(most - before, 3 * (long)IMP_MAP_STEP / 1024);
    imp_map_close(&joined);
    imp_map_close(&m);
    close(fd);
}

Test(map, copying_much_takes_no_memory)
{
    struct imp_err err = {0};
    struct imp_map m, joined;
    int fd = a_file("large", LARGE);
    cr_assert(imp_map_open(&m, fd, LARGE, &err), "%s", err.msg);
    uint8_t *p = (uint8_t *)(uintptr_t)m.bytes.p;
    // Each is moved by one byte more.
    const struct iovec piece[] = {{p, LARGE / 3},
                                  {p + LARGE / 3 + 1, LARGE / 3},
                                  {p + 2 * (LARGE / 3) + 3, LARGE / 4}};
    long before = resident_kb();
    cr_assert(imp_map_join(&joined, piece, 3, &err), "%s", err.msg);
    cr_expect_leq(resident_kb() - before, 3 * (long)IMP_MAP_STEP / 1024);
    expect_joined(&joined, piece, 3);
    imp_map_close(&joined);
    imp_map_close(&m);
    close(fd);
}

Test(map, what_is_joined_counts_pages_that_are_gone)
{
    static uint8_t other[100];
    struct imp_err err = {0};
    struct imp_map m, joined;
    int fd = a_file("large", LARGE);
    cr_assert(imp_map_open(&m, fd, LARGE, &err), "%s", err.msg);
    const struct iovec piece[] = {{other, 100},
                                  {(void *)(uintptr_t)m.bytes.p, LARGE}};
    cr_assert(imp_map_join(&joined, piece, 2, &err), "%s", err.msg);
    cr_assert_eq(ftruncate(fd, LARGE / 2), 0);
    unsigned before = imp_map_faults();
    cr_expect_eq(joined.bytes.p[joined.bytes.n - 10000], 0);
    cr_expect_eq(imp_map_faults(), before + 1);
    imp_map_close(&joined);
    imp_map_close(&m);
    close(fd);
}
