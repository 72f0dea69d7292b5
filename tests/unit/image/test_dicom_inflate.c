// Deflated data sets, whole, cut short, damaged and much larger than they look.
#include "image/dicom_inflate.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

static struct imp_buf out, in;
static struct imp_err err;
static uint64_t end;

static void clear(void)
{
    imp_buf_clear(&out);
    imp_buf_clear(&in);
}

TestSuite(dicom_inflate, .fini = clear, .timeout = 30);

static void add(const void *bytes, size_t n)
{
    cr_assert(imp_buf_add(&in, bytes, n, &err));
}

// Deflate `n` bytes of `value`, or of noise, behind what is there.
static void add_deflated(size_t n, int value, int window_bits)
{
    z_stream z = {0};
    uint8_t *data = malloc(n ? n : 1);
    cr_assert(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)(value < 0 ? rand() >> 8 : value);
    cr_assert_eq(
        deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    size_t room = deflateBound(&z, n);
    cr_assert(imp_buf_reserve(&in, in.n + room, &err));
    z.next_in = data;
    z.avail_in = (uInt)n;
    z.next_out = in.p + in.n;
    z.avail_out = (uInt)room;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    in.n += z.total_out;
    deflateEnd(&z);
    free(data);
}

static bool inflate_at(uint64_t at, uint64_t max)
{
    err = (struct imp_err){0};
    return imp_dicom_inflate(imp_buf_span(&in), at, max, &out, &end, &err);
}

static void expect_failure(bool ok, enum imp_code code)
{
    cr_expect(!ok);
    cr_expect_eq(err.code, code, "%s: %s", imp_code_name(err.code), err.msg);
}

Test(dicom_inflate, a_stream_gives_what_was_deflated)
{
    static const size_t sizes[] = {0,      1,      255,    65535,
                                   262143, 262144, 262145, 3 * 262144 + 17};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int noise = 0; noise < 2; noise++) {
            in.n = 0;
            add_deflated(sizes[i], noise ? -1 : 'x', -MAX_WBITS);
            cr_assert(inflate_at(0, UINT64_MAX), "%s", err.msg);
            cr_expect_eq(out.n, sizes[i]);
            cr_expect_eq(end, in.n);
            if (!noise)
                for (size_t k = 0; k < out.n; k++)
                    cr_assert_eq(out.p[k], 'x');
        }
}

Test(dicom_inflate, it_begins_where_it_is_told_and_ends_where_the_stream_does)
{
    add("head", 4);
    add_deflated(1000, 'x', -MAX_WBITS);
    size_t stream_end = in.n;
    add("\0 and more, \xff\xff", 14);
    cr_assert(inflate_at(4, 1000), "%s", err.msg);
    cr_expect_eq(out.n, 1000);
    cr_expect_eq(end, stream_end, "what follows is not part of it");
}

Test(dicom_inflate, a_second_stream_behind_the_end_is_not_read)
{
    add_deflated(10, 'x', -MAX_WBITS);
    size_t stream_end = in.n;
    add_deflated(10, 'y', -MAX_WBITS);
    cr_assert(inflate_at(0, 1000));
    cr_expect_eq(out.n, 10);
    cr_expect_eq(end, stream_end);
    cr_expect_eq(out.p[9], 'x');
}

Test(dicom_inflate, what_was_there_is_gone)
{
    cr_assert(imp_buf_add(&out, "old bytes", 9, &err));
    add_deflated(3, 'x', -MAX_WBITS);
    cr_assert(inflate_at(0, 1000));
    cr_expect_eq(out.n, 3);
}

Test(dicom_inflate, as_much_as_is_allowed_and_not_a_byte_more)
{
    static const size_t sizes[] = {1, 1000, 262144, 600000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        in.n = 0;
        add_deflated(sizes[i], 'x', -MAX_WBITS);
        cr_expect(inflate_at(0, sizes[i]), "%s", err.msg);
        cr_expect_eq(out.n, sizes[i]);
        expect_failure(inflate_at(0, sizes[i] - 1), IMP_ERR_LIMIT);
        cr_expect_leq(out.n, sizes[i] - 1);
    }
    in.n = 0;
    add_deflated(0, 'x', -MAX_WBITS);
    cr_expect(inflate_at(0, 0), "nothing is not too much");
}

Test(dicom_inflate, a_bomb_takes_no_more_memory_than_is_allowed)
{
    // Nested by hand, as one stream of that size takes its time to make: a MB
    // of zeros in a KB, again and again without an end.
    uint8_t block[2000];
    z_stream z = {0};
    uint8_t *zeros = calloc(1, 1 << 20);
    cr_assert(zeros);
    cr_assert_eq(
        deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    for (int i = 0; i < 512; i++) {
        z.next_in = zeros;
        z.avail_in = 1 << 20;
        z.next_out = block;
        z.avail_out = sizeof block;
        cr_assert_eq(deflate(&z, Z_FULL_FLUSH), Z_OK);
        add(block, sizeof block - z.avail_out);
    }
    deflateEnd(&z);
    free(zeros);
    cr_expect_lt(in.n, 1 << 20);
    expect_failure(inflate_at(0, 3000000), IMP_ERR_LIMIT);
    cr_expect_leq(out.cap, 3000000 + 3000000 / 2);
    cr_expect(strstr(err.msg, "3000000"), "%s", err.msg);
}

Test(dicom_inflate, a_stream_that_is_cut_short_does_not_end)
{
    add_deflated(3000, -1, -MAX_WBITS);
    size_t whole = in.n;
    for (size_t n = 0; n < whole; n += n < 20 || n + 20 > whole ? 1 : 97) {
        in.n = n;
        expect_failure(inflate_at(0, 100000), IMP_ERR_DAMAGED);
        cr_expect_leq(out.n, 3000);
    }
    in.n = whole;
    cr_expect(inflate_at(0, 100000));
    expect_failure(inflate_at(whole, 100000), IMP_ERR_DAMAGED);
}

Test(dicom_inflate, what_is_no_stream_is_damaged)
{
    static const struct {
        const char *bytes;
        size_t n;
    } row[] = {
        {"\x07\x00", 2},              // a block of the reserved kind
        {"\x01\x01\x00\x00\x00x", 6}, // stored, of a length that contradicts
                                      // its complement
        {"\x03\x02", 2},              // a code that is not there, or no end
        {"\xff\xff\xff\xff", 4},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        in.n = 0;
        add(row[i].bytes, row[i].n);
        expect_failure(inflate_at(0, 100000), IMP_ERR_DAMAGED);
    }
}

Test(dicom_inflate, a_stream_with_a_header_is_not_one_of_ps3_5)
{
    add_deflated(100, 'x', MAX_WBITS); // of RFC 1950
    expect_failure(inflate_at(0, 100000), IMP_ERR_DAMAGED);
}

Test(dicom_inflate, noise_ends_in_one_way_or_another)
{
    srand(11);
    for (int round = 0; round < 2000; round++) {
        uint8_t noise[300];
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)(rand() >> 8);
        in.n = 0;
        add(noise, sizeof noise);
        if (inflate_at(0, 100000))
            cr_expect_leq(end, in.n);
        else
            cr_expect(err.code == IMP_ERR_DAMAGED || err.code == IMP_ERR_LIMIT);
        cr_expect_leq(out.n, 100000);
    }
}

Test(dicom_inflate, more_than_zlib_counts_is_refused_unread)
{
    add_deflated(3, 'x', -MAX_WBITS);
    const struct imp_span huge = {in.p, (size_t)UINT32_MAX + 1};
    expect_failure(imp_dicom_inflate(huge, 0, 1000, &out, &end, &err),
                   IMP_ERR_LIMIT);
}
