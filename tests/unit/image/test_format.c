#include "image/format.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_span bytes(const char *p, size_t n)
{
    return (struct imp_span){(const uint8_t *)p, n};
}

static void expect_format(const char *p, size_t n, const char *name)
{
    const struct imp_format *f = imp_format_of(bytes(p, n));
    cr_assert_not_null(f);
    cr_expect_str_eq(f->name, name);
}

Test(format, the_kind_is_found_from_content)
{
    expect_format("\xFF\xD8\xFF\xE0", 4, "jpeg");
    expect_format("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "png");
    expect_format("GIF89a", 6, "gif");
    expect_format("RIFF\4\0\0\0WEBP", 12, "webp");
    expect_format("\0\0\0\x14"
                  "ftypheic\0\0\0\0mif1",
                  20, "heif");
    expect_format("\0\0\0\x14"
                  "ftypavif\0\0\0\0mif1",
                  20, "avif");
    expect_format("II*\0\x08\0\0\0\0\0\0\0\0\0\0\0", 16, "tiff");
    cr_expect_null(imp_format_of(bytes("", 0)));
    cr_expect_null(imp_format_of(bytes("\xFF\xD8", 2)));
    cr_expect_null(imp_format_of(bytes("\x89PNG", 4)));
    cr_expect_null(imp_format_of(bytes("photo.jpg", 9)));
}

Test(format, no_two_rows_take_the_same_file)
{
    static const char *const heads[] = {"\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1\0\0",
                                        "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"};
    for (size_t i = 0; i < 2; i++) {
        int takers = 0;
        for (const struct imp_format *const *f = imp_formats; *f; f++)
            takers += (*f)->sniff(bytes(heads[i], 16));
        cr_expect_eq(takers, 1);
    }
}

Test(format, what_is_not_supported_is_named)
{
    static const struct {
        const char *head;
        size_t n;
        const char *name;
    } kinds[] = {
        {"", 0, "an empty file"},
        {"%PDF-1.7", 8, "PDF"},
        {"PK\3\4....", 8, "ZIP or Office document"},
        {"....ftypmp42", 12, "MP4 or QuickTime"},
        {"....ftypqt  ", 12, "MP4 or QuickTime"},
        {"FUJIFILMCCD-RAW 0201", 20, "Fujifilm RAF"},
        {"Dear doctor,\n", 13, "text"},
        {"\1\2\3", 3, "unknown"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        cr_expect_str_eq(imp_format_guess(bytes(kinds[i].head, kinds[i].n)),
                         kinds[i].name);
}

Test(format, a_file_over_the_limit_is_refused_unread)
{
    static uint8_t big[100] = {0xFF, 0xD8, 0xFF};
    struct imp_cutlist cl = {0};
    struct imp_err err = {0};
    struct imp_job_image img = {.limits = {.max_bytes = 99, .max_pixels = 1}};
    struct imp_span in = {big, sizeof big};
    cr_expect_not(imp_format_cut(imp_format_of(in), in, &img, &cl, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    imp_cutlist_clear(&cl);
}

static bool drop_all(struct imp_editor *self, const struct imp_part *part,
                     struct imp_verdict *out, struct imp_err *err)
{
    (void)self, (void)part, (void)err;
    *out = (struct imp_verdict){.fate = IMP_FATE_DROP};
    return true;
}

// A grey PNG of one pixel whose zlib stream has a wrong check sum: all chunks
// are in order, only inflating tells.
static const uint8_t wrong_adler[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d,
    0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
    0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00,
    0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x60, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x02, 0x7c, 0x2e, 0x8f, 0x46, 0x00, 0x00, 0x00, 0x00, 0x49,
    0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

Test(format, only_a_second_look_does_without_the_data)
{
    struct imp_span in = {wrong_adler, sizeof wrong_adler};
    struct imp_editor editor = {drop_all};
    struct imp_cutlist cl = {0};
    for (int check = IMP_CHECK_CODED; check <= IMP_CHECK_AGAIN; check++) {
        struct imp_err err = {0};
        struct imp_job_image img = {.editor = &editor,
                                    .limits = {1000, 1000},
                                    .check = (enum imp_check)check};
        bool ok = imp_format_cut(imp_format_of(in), in, &img, &cl, &err);
        cr_expect_eq(ok, check == IMP_CHECK_AGAIN, "%d: %s", check, err.msg);
    }
    imp_cutlist_clear(&cl);
}
