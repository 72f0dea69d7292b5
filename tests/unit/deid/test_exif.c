#include "deid/exif.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CANARY "CANARY-Jane-Doe-19700101"

enum { BYTE = 1, ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5 };

// A TIFF block under construction, in either byte order.
struct block {
    bool big;
    uint8_t p[70000];
    size_t n;
};

static void put(struct block *b, size_t at, unsigned width, uint32_t v)
{
    for (unsigned i = 0; i < width; i++)
        b->p[at + i] = (uint8_t)(v >> 8 * (b->big ? width - 1 - i : i));
}

static void start(struct block *b, bool big, uint32_t ifd0)
{
    memset(b, 0, sizeof *b);
    b->big = big;
    memcpy(b->p, big ? "MM" : "II", 2);
    put(b, 2, 2, 42);
    put(b, 4, 4, ifd0);
    b->n = 8;
}

// An entry at `at` whose last four bytes are `v`, `width` bytes wide.
static void entry(struct block *b, size_t at, unsigned tag, unsigned type,
                  uint32_t count, unsigned width, uint32_t v)
{
    put(b, at, 2, tag);
    put(b, at + 2, 2, type);
    put(b, at + 4, 4, count);
    put(b, at + 8, width, v);
    if (at + 12 > b->n)
        b->n = at + 12;
}

static void rational(struct block *b, size_t at, uint32_t num, uint32_t den)
{
    put(b, at, 4, num);
    put(b, at + 4, 4, den);
    if (at + 8 > b->n)
        b->n = at + 8;
}

// A directory of one entry at 8, with nothing after it.
static void one(struct block *b, bool big, unsigned tag, unsigned type,
                unsigned width, uint32_t v)
{
    start(b, big, 8);
    put(b, 8, 2, 1);
    entry(b, 10, tag, type, 1, width, v);
    b->n = 26;
}

static void one_rational(struct block *b, uint32_t num, uint32_t den)
{
    one(b, true, 0x011a, RATIONAL, 4, 26);
    rational(b, 26, num, den);
}

// A block as a camera writes it: all that may stay, and a name.
static void camera(struct block *b, bool big)
{
    start(b, big, 8);
    put(b, 8, 2, 7);
    entry(b, 10, 0x010e, ASCII, sizeof CANARY, 4, 200);
    entry(b, 22, 0x0112, SHORT, 1, 2, 6);
    entry(b, 34, 0x011a, RATIONAL, 1, 4, 240);
    entry(b, 46, 0x011b, RATIONAL, 1, 4, 248);
    entry(b, 58, 0x0128, SHORT, 1, 2, 2);
    entry(b, 70, 0x8769, LONG, 1, 4, 120);
    entry(b, 82, 0x8825, LONG, 1, 4, 160);
    put(b, 120, 2, 2);
    entry(b, 122, 0x9003, ASCII, sizeof CANARY, 4, 200);
    entry(b, 134, 0xa001, SHORT, 1, 2, 65535);
    put(b, 160, 2, 1);
    entry(b, 162, 0x001d, ASCII, sizeof CANARY, 4, 200);
    memcpy(b->p + 200, CANARY, sizeof CANARY);
    rational(b, 240, 72, 1);
    rational(b, 248, 72, 1);
}

// What comes of `camera`, written down from TIFF 6.0 section 2: big endian,
// IFD0 at 8 with five entries, their two values, the Exif directory with one.
static const uint8_t clean[] = {
    'M',  'M',  0, 42, 0, 0, 0, 8,                  // header
    0,    5,                                        // IFD0
    0x01, 0x12, 0, 3,  0, 0, 0, 1, 0,   6,   0, 0,  // Orientation
    0x01, 0x1a, 0, 5,  0, 0, 0, 1, 0,   0,   0, 74, // XResolution
    0x01, 0x1b, 0, 5,  0, 0, 0, 1, 0,   0,   0, 82, // YResolution
    0x01, 0x28, 0, 3,  0, 0, 0, 1, 0,   2,   0, 0,  // ResolutionUnit
    0x87, 0x69, 0, 4,  0, 0, 0, 1, 0,   0,   0, 90, // Exif directory
    0,    0,    0, 0,                               // no IFD1
    0,    0,    0, 72, 0, 0, 0, 1,                  // at 74
    0,    0,    0, 72, 0, 0, 0, 1,                  // at 82
    0,    1,                                        // Exif directory, at 90
    0xa0, 0x01, 0, 3,  0, 0, 0, 1, 255, 255, 0, 0,  // ColorSpace
    0,    0,    0, 0,
};

static struct imp_buf rebuild(const uint8_t *p, size_t n)
{
    const struct imp_exif_options strict = {.allow = imp_exif_allow(false)};
    struct imp_buf out = {0};
    struct imp_err err = {0};
    // A copy of the exact size, so that a read past its end is noticed.
    uint8_t *exact = malloc(n ? n : 1);
    memcpy(exact, p, n);
    cr_assert(
        imp_exif_rebuild((struct imp_span){exact, n}, &strict, &out, &err),
        "%s", err.msg);
    free(exact);
    return out;
}

static size_t size_after(const struct block *b)
{
    struct imp_buf out = rebuild(b->p, b->n);
    size_t n = out.n;
    imp_buf_clear(&out);
    return n;
}

// The one SHORT that is left of a block, or 0.
static unsigned short_after(const struct block *b)
{
    struct imp_buf out = rebuild(b->p, b->n);
    unsigned v = out.n == 26 ? imp_be16(out.p + 18) : 0;
    imp_buf_clear(&out);
    return v;
}

// The one RATIONAL that is left of a block, or 0/0.
static void cr_expect_rational(const struct block *b, uint32_t num,
                               uint32_t den)
{
    struct imp_buf out = rebuild(b->p, b->n);
    if (num == 0) {
        cr_expect_eq(out.n, 0);
    } else {
        cr_assert_eq(out.n, 34);
        cr_expect_eq(imp_be32(out.p + 26), num);
        cr_expect_eq(imp_be32(out.p + 30), den);
    }
    imp_buf_clear(&out);
}

Test(exif, a_camera_block_becomes_orientation_resolution_and_colour_space)
{
    struct block b;
    for (int big = 0; big < 2; big++) {
        camera(&b, big);
        struct imp_buf out = rebuild(b.p, b.n);
        cr_assert_eq(out.n, sizeof clean);
        cr_expect_arr_eq(out.p, clean, sizeof clean);
        imp_buf_clear(&out);
    }
}

Test(exif, what_was_rebuilt_is_rebuilt_to_itself)
{
    struct imp_buf out = rebuild(clean, sizeof clean);
    cr_assert_eq(out.n, sizeof clean);
    cr_expect_arr_eq(out.p, clean, sizeof clean);
    imp_buf_clear(&out);
}

Test(exif, exiftool_sees_the_five_tags_and_no_other)
{
    char path[] = "/tmp/imp-test-XXXXXX", line[200], command[200];
    struct block b;
    camera(&b, false);
    struct imp_buf out = rebuild(b.p, b.n);

    // A JPEG of nothing but an APP1 segment.
    uint8_t head[] = {0xff, 0xd8, 0xff, 0xe1, 0, 0, 'E', 'x', 'i', 'f', 0, 0};
    imp_put_be16(head + 4, (uint16_t)(out.n + 8));
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, head, sizeof head), sizeof head);
    cr_assert_eq(write(fd, out.p, out.n), (ssize_t)out.n);
    cr_assert_eq(write(fd, "\xff\xda\0\2\xff\xd9", 6), 6);
    close(fd);
    imp_buf_clear(&out);

    snprintf(command, sizeof command,
             "exiftool -a -u -U -n -G1 -S -IFD0:all -ExifIFD:all -IFD1:all "
             "-GPS:all -ExifTool:Warning %s",
             path);
    static const char *const want[] = {
        "[IFD0] Orientation: 6\n", "[IFD0] XResolution: 72\n",
        "[IFD0] YResolution: 72\n", "[IFD0] ResolutionUnit: 2\n",
        "[ExifIFD] ColorSpace: 65535\n"};
    FILE *judge = popen(command, "r");
    size_t n = 0;
    while (fgets(line, sizeof line, judge)) {
        cr_assert(n < 5, "one more: %s", line);
        cr_expect_str_eq(line, want[n]);
        n++;
    }
    pclose(judge);
    unlink(path);
    cr_expect_eq(n, 5);
}

Test(exif, an_orientation_that_does_not_exist_is_dropped)
{
    static const uint32_t bad[] = {0, 9, 256, 65535};
    struct block b;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        one(&b, true, 0x0112, SHORT, 2, bad[i]);
        cr_expect_eq(size_after(&b), 0, "%u", bad[i]);
    }
    for (uint32_t v = 1; v <= 8; v++) {
        one(&b, true, 0x0112, SHORT, 2, v);
        cr_expect_eq(short_after(&b), v);
    }
}

Test(exif, an_orientation_of_another_integer_type_is_written_as_short)
{
    struct block b;
    for (int big = 0; big < 2; big++) {
        one(&b, big, 0x0112, BYTE, 1, 3);
        cr_expect_eq(short_after(&b), 3);
        one(&b, big, 0x0112, LONG, 4, 8);
        cr_expect_eq(short_after(&b), 8);
        one(&b, big, 0x0112, LONG, 4, 0x10008);
        cr_expect_eq(size_after(&b), 0);
        one(&b, big, 0x0112, ASCII, 1, '6');
        cr_expect_eq(size_after(&b), 0);
    }
}

Test(exif, a_tag_with_another_count_is_dropped)
{
    struct block b;
    one(&b, true, 0x0112, SHORT, 2, 6);
    put(&b, 14, 4, 2);
    cr_expect_eq(size_after(&b), 0);
    put(&b, 14, 4, 0);
    cr_expect_eq(size_after(&b), 0);
    put(&b, 14, 4, 0xffffffff);
    cr_expect_eq(size_after(&b), 0);
}

Test(exif, a_resolution_must_be_a_sane_fraction)
{
    struct block b;
    one_rational(&b, 300, 1);
    cr_expect_rational(&b, 300, 1);
    one_rational(&b, 72, 0);
    cr_expect_rational(&b, 0, 0);
    one_rational(&b, 0, 1);
    cr_expect_rational(&b, 0, 0);
    one_rational(&b, 100001, 1);
    cr_expect_rational(&b, 0, 0);
    one_rational(&b, 0xffffffff, 1);
    cr_expect_rational(&b, 0, 0);
}

Test(exif, a_resolution_carries_no_spare_digits)
{
    struct block b;
    one_rational(&b, 720000, 10000);
    cr_expect_rational(&b, 72, 1);
    one_rational(&b, 1970010172, 27361252); // 72 and a birthday
    cr_expect_rational(&b, 0, 0);
}

Test(exif, a_value_outside_the_block_is_dropped)
{
    struct block b;
    one_rational(&b, 300, 1);
    b.n--;
    cr_expect_eq(size_after(&b), 0);
    put(&b, 18, 4, 0xfffffff8);
    cr_expect_eq(size_after(&b), 0);
}

Test(exif, tags_count_only_in_their_own_directory)
{
    struct block b;
    start(&b, true, 8);
    put(&b, 8, 2, 2);
    entry(&b, 10, 0xa001, SHORT, 1, 2, 1); // ColorSpace in IFD0
    entry(&b, 22, 0x8769, LONG, 1, 4, 40);
    put(&b, 40, 2, 1);
    entry(&b, 42, 0x0112, SHORT, 1, 2, 6); // Orientation in Exif
    b.n = 60;
    cr_expect_eq(size_after(&b), 0);
}

Test(exif, the_thumbnails_orientation_is_not_the_pictures)
{
    struct block b;
    one(&b, true, 0x0112, SHORT, 2, 6);
    put(&b, 22, 4, 40); // IFD1
    put(&b, 40, 2, 1);
    entry(&b, 42, 0x0112, SHORT, 1, 2, 3);
    b.n = 60;
    cr_expect_eq(short_after(&b), 6);
}

Test(exif, the_first_of_two_entries_of_a_tag_counts)
{
    struct block b;
    start(&b, true, 8);
    put(&b, 8, 2, 2);
    entry(&b, 10, 0x0112, SHORT, 1, 2, 6);
    entry(&b, 22, 0x0112, SHORT, 1, 2, 3);
    b.n = 38;
    cr_expect_eq(short_after(&b), 6);
}

Test(exif, a_block_that_makes_no_sense_comes_out_empty)
{
    static const char *const bad[] = {
        "", "I", "II*", "II*\0\0\0\0", "Exif and more than that", "MM\0+"};
    static const size_t size[] = {0, 1, 3, 7, 23, 4};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct imp_buf out = rebuild((const uint8_t *)bad[i], size[i]);
        cr_expect_eq(out.n, 0);
        imp_buf_clear(&out);
    }
}

Test(exif, a_block_cut_short_anywhere_does_no_harm)
{
    struct block b;
    camera(&b, false);
    for (size_t n = 0; n < b.n; n++) {
        struct imp_buf out = rebuild(b.p, n);
        cr_expect(out.n <= sizeof clean);
        imp_buf_clear(&out);
    }
}

// Directories that point at each other: libexif alone follows them for seconds.
Test(exif, directories_in_circles_cost_no_time, .timeout = 2)
{
    static const unsigned pointers[] = {0x8769, 0x8825, 0xa005};
    struct block b;
    start(&b, true, 8);
    for (unsigned d = 0; d < 4; d++) {
        size_t at = 8 + d * 30;
        put(&b, at, 2, 2);
        for (unsigned k = 0; k < 2; k++)
            entry(&b, at + 2 + k * 12, pointers[d % 3], LONG, 1, 4,
                  (uint32_t)(8 + (d < 3 ? d + 1 : 1) * 30));
    }
    b.n = 134;
    cr_expect_eq(size_after(&b), 0);
}

// Thousands of entries that share one large value: libexif alone copies each.
Test(exif, values_that_overlap_cost_no_memory, .timeout = 10)
{
    struct rusage before, after;
    struct block *b = calloc(1, sizeof *b);
    start(b, true, 8);
    put(b, 8, 2, 5000);
    for (size_t i = 0; i < 5000; i++)
        entry(b, 10 + i * 12, 0x010e, ASCII, 65000, 4, 8);
    entry(b, 10, 0x0112, SHORT, 1, 2, 6);
    b->n = 65500;
    getrusage(RUSAGE_SELF, &before);
    cr_expect_eq(short_after(b), 6);
    getrusage(RUSAGE_SELF, &after);
    cr_expect(after.ru_maxrss - before.ru_maxrss < 32 * 1024, "%ld KB",
              after.ru_maxrss - before.ru_maxrss);
    free(b);
}

Test(exif, a_directory_that_lies_over_another_does_no_harm, .timeout = 10)
{
    struct block b;
    for (uint32_t at = 0; at < 150; at++) {
        camera(&b, true);
        put(&b, 78, 4, at); // the Exif directory
        struct imp_buf once = rebuild(b.p, b.n);
        struct imp_buf twice = rebuild(once.p ? once.p : b.p, once.n);
        cr_expect_eq(once.n, twice.n);
        if (once.n)
            cr_expect_arr_eq(once.p, twice.p, once.n);
        imp_buf_clear(&once);
        imp_buf_clear(&twice);
    }
}

// The Exif directory, at 305, is empty and lies inside IFD0's pointer to it.
// Striking out what would be its pointer to a next one makes it 256.
Test(exif, a_directory_that_moves_while_being_struck_drops_the_block)
{
    struct block b;
    start(&b, false, 300);
    put(&b, 300, 2, 2);
    entry(&b, 302, 0x8769, 0, 0, 4, 305);
    entry(&b, 314, 0x0112, SHORT, 1, 2, 6);
    put(&b, 256, 2, 2);
    entry(&b, 258, 0xa001, SHORT, 1, 2, 1);
    entry(&b, 270, 0x9286, ASCII, 200, 4, 8);
    b.n = 330;
    cr_expect_eq(size_after(&b), 0);
    put(&b, 310, 4, 256); // there from the start, all is well
    cr_expect(size_after(&b) > 0);
}

Test(exif, of_a_block_beyond_64_kb_the_front_is_read)
{
    struct block *b = calloc(1, sizeof *b);
    one(b, true, 0x0112, SHORT, 2, 6);
    b->n = sizeof b->p;
    cr_expect_eq(short_after(b), 6);
    free(b);
}
