#include "archive/gz_member.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>

// Members are made in memory and read from a file. gzip is the judge.

static char *dir, *path;

static void set_up(void)
{
    dir = tempdir_make();
    path = text("%s/m.gz", dir);
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(gz_member, .init = set_up, .fini = tear_down, .timeout = 60);

static bool put(void *self, uint64_t at, const void *bytes, size_t n,
                struct imp_err *err)
{
    struct imp_buf *buf = self;
    if (!imp_buf_reserve(buf, (size_t)at + n, err))
        return false;
    if (n)
        memcpy(buf->p + at, bytes, n);
    if (buf->n < at + n)
        buf->n = (size_t)at + n;
    return true;
}

#define HEAD 512
static uint8_t head[HEAD] = "head";

// A member of `data`, added in steps of `step` bytes.
static struct imp_buf make(struct imp_span data, bool deflate, size_t step)
{
    struct imp_buf out = {0};
    struct imp_err err = {0};
    const struct imp_gz_put to = {&out, put};
    struct imp_gz_header h = {.kind = IMP_GZ_OBJECT};
    struct imp_gz_writer *w = imp_gz_writer_new(&to, HEAD, deflate, &err);
    cr_assert(w, "%s", err.msg);
    for (size_t at = 0; at < data.n; at += step) {
        size_t n = data.n - at < step ? data.n - at : step;
        cr_assert(imp_gz_add(w, data.p + at, n, &err), "%s", err.msg);
    }
    cr_assert(imp_gz_end(w, head, &h, &err), "%s", err.msg);
    cr_expect_eq(h.length, out.n);
    imp_gz_writer_free(w);
    return out;
}

// Bytes that shrink, or not.
static struct imp_buf noise(size_t n, bool random)
{
    struct imp_buf out = {0};
    uint64_t x = 88172645463325252ULL;
    cr_assert(imp_buf_reserve(&out, n + 1, NULL));
    for (; out.n < n; out.n++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        out.p[out.n] = random ? (uint8_t)(x >> 32) : (uint8_t)(out.n / 100);
    }
    return out;
}

static void save(const struct imp_buf *bytes)
{
    FILE *f = fopen(path, "wb");
    cr_assert(f && fwrite(bytes->p, 1, bytes->n, f) == bytes->n);
    fclose(f);
}

// Read the member at 0 in steps; OK if it is head and `data`.
static enum imp_code read_back(struct imp_span data, size_t step)
{
    struct imp_err err = {0};
    struct imp_gz_header h;
    struct imp_buf got = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct imp_gz_reader *r = imp_gz_reader_new(fd, &err);
    cr_assert(fd >= 0 && r &&
              imp_buf_reserve(&got, HEAD + data.n + step + 1, NULL));
    off_t size = lseek(fd, 0, SEEK_END);
    size_t n = 0;
    bool ok = imp_gz_start(r, 0, (uint64_t)size, &h, &err);
    while (ok) {
        ok = imp_gz_read(r, got.p + got.n, step, &n, &err);
        if (!ok)
            break;
        got.n += n;
        if (n < step || got.n > HEAD + data.n)
            break;
    }
    if (ok && (got.n != HEAD + data.n || memcmp(got.p, head, HEAD) != 0 ||
               memcmp(got.p + HEAD, data.p, data.n) != 0))
        err.code = IMP_ERR_INVARIANT; // other bytes, and nobody noticed
    imp_gz_reader_free(r);
    close(fd);
    imp_buf_clear(&got);
    return err.code;
}

static const size_t sizes[] = {0,     1,     511,    512,    65534,
                               65535, 65536, 131070, 131071, 1000003};

Test(gz_member, what_went_in_comes_out_whatever_the_steps)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 4; kind++) {
            struct imp_buf data = noise(sizes[i], kind & 1);
            struct imp_buf m = make(imp_buf_span(&data), kind & 2, 70001);
            struct imp_buf again = make(imp_buf_span(&data), kind & 2, 977);
            save(&m);
            cr_expect_eq(read_back(imp_buf_span(&data), 4096), IMP_OK, "%zu %d",
                         sizes[i], kind);
            cr_expect_eq(read_back(imp_buf_span(&data), 2000000), IMP_OK);
            cr_expect(again.n == m.n && memcmp(again.p, m.p, m.n) == 0,
                      "%zu %d: the bytes depend on the steps", sizes[i], kind);
            imp_buf_clear(&again);
            imp_buf_clear(&m);
            imp_buf_clear(&data);
        }
}

Test(gz_member, gzip_reads_members_one_after_the_other)
{
    struct imp_buf a = noise(100000, true), b = noise(300000, false);
    struct imp_buf m = make(imp_buf_span(&a), false, 65536);
    struct imp_buf n = make(imp_buf_span(&b), true, 65536);
    cr_assert(imp_buf_add(&m, n.p, n.n, NULL));
    save(&m);
    FILE *f = fopen(text("%s/want", dir), "wb");
    cr_assert(f);
    fwrite(head, 1, HEAD, f), fwrite(a.p, 1, a.n, f);
    fwrite(head, 1, HEAD, f), fwrite(b.p, 1, b.n, f);
    fclose(f);
    cr_expect_eq(system(text("gzip -t '%s'", path)), 0);
    cr_expect_eq(system(text("gzip -dc '%s' | cmp - '%s/want'", path, dir)), 0);
    imp_buf_clear(&m), imp_buf_clear(&n);
    imp_buf_clear(&a), imp_buf_clear(&b);
}

Test(gz_member, each_byte_of_a_stored_member_is_where_it_is_said_to_be)
{
    struct imp_buf data = noise(200000, true);
    struct imp_buf m = make(imp_buf_span(&data), false, 1000);
    for (uint64_t at = 0; at < data.n; at += 17) {
        size_t run;
        uint64_t place = imp_gz_stored_at(HEAD, at, &run);
        size_t n = data.n - at < run ? (size_t)(data.n - at) : run;
        cr_assert(place + n <= m.n);
        cr_assert_eq(memcmp(m.p + place, data.p + at, n), 0, "%d", (int)at);
    }
    imp_buf_clear(&m), imp_buf_clear(&data);
}

// Every bit of a small member but those that mean nothing to a reader.
static bool means_nothing(size_t at, bool deflate)
{
    // Unused bits in the byte of a stored block's header.
    bool block = at == IMP_GZ_HEADER ||
                 (!deflate && at == IMP_GZ_HEADER + IMP_GZ_BLOCK + HEAD);
    return at == 16 || block; // or is another kind
}

Test(gz_member, each_flipped_bit_is_noticed)
{
    for (int deflate = 0; deflate < 2; deflate++) {
        int unnoticed = 0;
        struct imp_buf data = noise(700, !deflate);
        struct imp_buf m = make(imp_buf_span(&data), deflate, 700);
        for (size_t at = 0; at < m.n; at++) {
            if (means_nothing(at, deflate))
                continue;
            m.p[at] ^= (uint8_t)(1 << at % 8);
            save(&m);
            m.p[at] ^= (uint8_t)(1 << at % 8);
            enum imp_code code = read_back(imp_buf_span(&data), 300);
            // A code that is not used may change, and nothing else does.
            cr_expect(code == IMP_ERR_DAMAGED || (deflate && code == IMP_OK),
                      "byte %zu: %d", at, code);
            unnoticed += code == IMP_OK;
        }
        cr_expect(unnoticed < 5);
        imp_buf_clear(&m), imp_buf_clear(&data);
    }
}

Test(gz_member, each_shorter_length_is_noticed)
{
    struct imp_buf data = noise(300, true);
    struct imp_buf m = make(imp_buf_span(&data), true, 300);
    for (size_t n = m.n; m.n-- > 0;) {
        save(&m);
        cr_expect_eq(read_back(imp_buf_span(&data), 5000), IMP_ERR_DAMAGED,
                     "%zu of %zu", m.n, n);
    }
    imp_buf_clear(&m), imp_buf_clear(&data);
}

Test(gz_member, a_wrong_length_in_the_header_is_noticed)
{
    struct imp_buf data = noise(300, true);
    struct imp_buf m = make(imp_buf_span(&data), false, 300);
    static const int wrong[] = {-200, -8, -1, 1, 8, 100};
    size_t n = m.n;
    cr_assert(imp_buf_reserve(&m, n + 1000, NULL));
    memset(m.p + n, 0, 1000);
    m.n += 1000;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        imp_put_le64(m.p + 17, (uint64_t)((int64_t)n + wrong[i]));
        save(&m);
        cr_expect_eq(read_back(imp_buf_span(&data), 5000), IMP_ERR_DAMAGED,
                     "%d", wrong[i]);
    }
    imp_buf_clear(&m), imp_buf_clear(&data);
}

Test(gz_member, only_what_shrinks_is_deflated)
{
    for (size_t n = 1; n < 3000000; n = n * 7 + 1) {
        struct imp_buf a = noise(n, true), b = noise(n, false);
        struct iovec random[2] = {{a.p, n / 3}, {a.p + n / 3, n - n / 3}};
        struct iovec flat[2] = {{b.p, n / 3}, {b.p + n / 3, n - n / 3}};
        struct iovec whole = {a.p, n};
        cr_expect_eq(imp_gz_shrinks(random, 2), imp_gz_shrinks(&whole, 1));
        cr_expect(n < 300 || !imp_gz_shrinks(random, 2), "%zu", n);
        cr_expect(n < 300 || imp_gz_shrinks(flat, 2), "%zu", n);
        imp_buf_clear(&a), imp_buf_clear(&b);
    }
    cr_expect_not(imp_gz_shrinks(NULL, 0));
}

// How many bytes a sink takes before it fails.
static bool put_some(void *self, uint64_t at, const void *bytes, size_t n,
                     struct imp_err *err)
{
    size_t *left = self;
    (void)at, (void)bytes;
    if (n > *left)
        return imp_fail(err, IMP_ERR_IO, "full");
    *left -= n;
    return true;
}

Test(gz_member, a_sink_that_fails_is_an_error_wherever_it_does)
{
    struct imp_buf data = noise(200000, true);
    for (int deflate = 0; deflate < 2; deflate++)
        for (size_t most = 0; most < 200000; most += 5000) {
            struct imp_err err = {0};
            struct imp_gz_header h = {.kind = IMP_GZ_OBJECT};
            size_t left = most;
            const struct imp_gz_put to = {&left, put_some};
            struct imp_gz_writer *w =
                imp_gz_writer_new(&to, HEAD, deflate, &err);
            cr_assert(w);
            cr_expect_not(imp_gz_add(w, data.p, data.n, &err) &&
                          imp_gz_end(w, head, &h, &err));
            cr_expect_eq(err.code, IMP_ERR_IO);
            imp_gz_writer_free(w);
        }
    imp_buf_clear(&data);
}
