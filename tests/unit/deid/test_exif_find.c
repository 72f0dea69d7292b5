#include "deid/exif_find.h"

#include <criterion/criterion.h>
#include <libexif/exif-ifd.h>
#include <stdio.h>
#include <string.h>

enum { BYTE = 1, ASCII = 2, SHORT = 3, UNDEFINED = 7 };

// --- A format whose files are EXIF blocks, each with its length before it ---

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    for (size_t at = 0; at < in.n;) {
        struct imp_verdict verdict;
        struct imp_part part = {IMP_PART_EXIF, "block", at, 0, {0}, false};
        size_t n = imp_be16(in.p + at);
        part.length = n + 2;
        if (n == 0)
            return imp_fail(err, IMP_ERR_DAMAGED, "a block of nothing");
        cr_assert(imp_span_sub(in, at + 2, n, &part.payload));
        if (!img->editor->decide(img->editor, &part, &verdict, err))
            return false;
        imp_cut_drop(cl, at, n + 2, IMP_PART_EXIF, "block");
        at += n + 2;
    }
    return true;
}

static const struct imp_format blocks = {.name = "blocks", .cut = cut};

// --- Blocks of one text in IFD0, or in the Exif directory ---

struct file {
    uint8_t p[70000];
    size_t n;
};

static void put16(uint8_t *p, bool big, unsigned v)
{
    p[big ? 0 : 1] = (uint8_t)(v >> 8);
    p[big ? 1 : 0] = (uint8_t)v;
}

static void put32(uint8_t *p, bool big, uint32_t v)
{
    put16(p + (big ? 0 : 2), big, v >> 16);
    put16(p + (big ? 2 : 0), big, v & 0xFFFF);
}

static void put_entry(uint8_t *p, bool big, unsigned tag, unsigned type,
                      uint32_t n, uint32_t value)
{
    put16(p, big, tag);
    put16(p + 2, big, type);
    put32(p + 4, big, n);
    put32(p + 8, big, value);
}

static void add_block(struct file *f, bool big, int ifd, unsigned tag,
                      unsigned type, const void *value, size_t n)
{
    uint8_t *block = f->p + f->n + 2;
    size_t values = 8 + 2 * 18; // behind two directories of one entry
    memset(block, 0, values);
    memcpy(block, big ? "MM\0*" : "II*\0", 4);
    put32(block + 4, big, 8);
    put16(block + 8, big, 1);
    put16(block + 26, big, 1);
    put_entry(block + 10, big, 0x8769, 4, 1, 26);
    put_entry(ifd == EXIF_IFD_0 ? block + 10 : block + 28, big, tag, type,
              (uint32_t)(type == SHORT ? n / 2 : n), (uint32_t)values);
    memcpy(block + values, value, n);
    put16(f->p + f->n, true, (unsigned)(values + n));
    f->n += 2 + values + n;
}

// The text of the tag, or the error, until the next call.
static const char *find(const struct file *f, const char *tag)
{
    static char said[400];
    struct imp_err err = {0};
    struct imp_buf value = {0};
    struct imp_exif_tag which;
    const struct imp_limits limits = {1 << 20, 1 << 20};
    cr_assert(imp_exif_tag_named(tag, &which, &err), "%s", err.msg);
    if (imp_exif_find(&blocks, (struct imp_span){f->p, f->n}, &limits, &which,
                      &value, &err))
        snprintf(said, sizeof said, "%.*s", (int)value.n,
                 value.n ? (const char *)value.p : "");
    else
        snprintf(said, sizeof said, "! %s", err.msg);
    imp_buf_clear(&value);
    return said;
}

Test(exif_find, a_text_in_either_byte_order_and_directory)
{
    for (int big = 0; big <= 1; big++) {
        struct file f = {.n = 0};
        add_block(&f, big, EXIF_IFD_0, 0x010E, ASCII, "1001-A\0junk", 11);
        cr_expect_str_eq(find(&f, "ImageDescription"), "1001-A");
        cr_expect_str_eq(find(&f, "imagedescription"), "1001-A");
        cr_expect_str_eq(find(&f, "Artist"), "");
        f.n = 0;
        add_block(&f, big, EXIF_IFD_EXIF, 0xA420, ASCII, "abcdefgh", 8);
        cr_expect_str_eq(find(&f, "ImageUniqueID"), "abcdefgh");
    }
}

Test(exif_find, text_in_utf_16)
{
    struct file f = {.n = 0};
    add_block(&f, true, EXIF_IFD_0, 0x9C9F, BYTE, "1\0\xfc\0\0\0", 6);
    cr_expect_str_eq(find(&f, "XPSubject"), "1\xc3\xbc");
    f.n = 0;
    add_block(&f, true, EXIF_IFD_EXIF, 0x9286, UNDEFINED,
              "UNICODE\0\0"
              "1\0\xfc",
              12);
    cr_expect_str_eq(find(&f, "UserComment"), "1\xc3\xbc");
    f.n = 0;
    add_block(&f, true, EXIF_IFD_0, 0x9C9F, BYTE, "1\0\x00\xd8\0\0", 6);
    cr_expect_str_eq(find(&f, "XPSubject"),
                     "! EXIF XPSubject: it is not UTF-16");
}

Test(exif_find, a_comment_by_its_code)
{
    struct file f = {.n = 0};
    add_block(&f, false, EXIF_IFD_EXIF, 0x9286, UNDEFINED, "ASCII\0\0\0001001 ",
              13);
    cr_expect_str_eq(find(&f, "UserComment"), "1001 ");
    f.n = 0;
    add_block(&f, false, EXIF_IFD_EXIF, 0x9286, UNDEFINED,
              "JIS\0\0\0\0\0001001", 12);
    cr_expect(strstr(find(&f, "UserComment"), "! EXIF UserComment: its char"));
    f.n = 0;
    add_block(&f, false, EXIF_IFD_EXIF, 0x9286, UNDEFINED, "ASCII", 5);
    cr_expect(strstr(find(&f, "UserComment"), "too short"));
}

Test(exif_find, what_is_no_text_is_no_key)
{
    static uint8_t large[5000];
    struct file f = {.n = 0};
    add_block(&f, false, EXIF_IFD_0, 0x0112, SHORT, "\1\0\1\0\1\0", 6);
    cr_expect_str_eq(find(&f, "Orientation"),
                     "! EXIF Orientation: it is no text");
    f.n = 0;
    memset(large, 'x', sizeof large);
    add_block(&f, false, EXIF_IFD_0, 0x010E, ASCII, large, sizeof large);
    cr_expect(strstr(find(&f, "ImageDescription"), "want 4096 at most"));
    cr_expect_null(strstr(find(&f, "ImageDescription"), "xx"));
}

Test(exif_find, blocks_that_differ_have_no_say)
{
    struct file f = {.n = 0};
    add_block(&f, false, EXIF_IFD_0, 0x013B, ASCII, "Jane Doe", 9);
    add_block(&f, true, EXIF_IFD_0, 0x013B, ASCII, "Jane Doe", 8);
    cr_expect_str_eq(find(&f, "Artist"), "Jane Doe");
    add_block(&f, true, EXIF_IFD_0, 0x013B, ASCII, "John Roe", 9);
    cr_expect_str_eq(find(&f, "Artist"),
                     "! EXIF Artist: it is there twice, and not the same");
}

Test(exif_find, a_damaged_image_is_damaged)
{
    struct file f = {.n = 0};
    add_block(&f, false, EXIF_IFD_0, 0x013B, ASCII, "Jane Doe", 9);
    memset(f.p + f.n, 0, 2);
    f.n += 2;
    cr_expect_str_eq(find(&f, "Artist"), "! blocks: a block of nothing");
}

Test(exif_find, tags_that_are_none)
{
    static const char *const wrong[] = {"", "Artis", "Artist2", "0x013b"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct imp_err err = {0};
        struct imp_exif_tag tag;
        cr_expect(!imp_exif_tag_named(wrong[i], &tag, &err));
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
}
