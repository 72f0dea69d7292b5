#include "cutting.h"

extern const struct imp_format imp_format_webp;

// Chunks of pictures of one pixel, as cwebp writes them.
#define VP8L                                                    \
    "VP8L\x0d\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07" \
    "\0" /* the pad */
#define VP8                                                                   \
    "VP8 \x16\0\0\0\x30\x01\0\x9d\x01*\x01\0\x01\0\x0e\xc0\xfe\x25\xa4\0\x03" \
    "p\0\0\0\0"
#define VP8X(flags) "VP8X\x0a\0\0\0" flags "\0\0\0\0\0\0\0\0\0"

static struct imp_buf file;

// What the editor does with metadata; the rest it drops.
static enum imp_fate fate;
static const char replacement[] = "MM\0*....";

static bool decide(struct imp_editor *self, const struct imp_part *part,
                   struct imp_verdict *v, struct imp_err *e)
{
    (void)self, (void)e;
    bool meta = part->kind == IMP_PART_EXIF || part->kind == IMP_PART_ICC;
    v->fate = meta ? fate : IMP_FATE_DROP;
    if (meta && fate == IMP_FATE_REPLACE)
        v->bytes = (struct imp_span){(const uint8_t *)replacement, 8};
    return true;
}

static void set_up(void)
{
    fate = IMP_FATE_DROP;
}

static void tear_down(void)
{
    clear_cutting();
    imp_buf_clear(&file);
}

TestSuite(webp, .init = set_up, .fini = tear_down, .timeout = 10);

// "RIFF", the size of what follows, "WEBP", and the chunks.
static struct imp_span riff(struct imp_buf *buf, const char *chunks, size_t n)
{
    uint8_t head[12] = "RIFF....WEBP";
    imp_put_le32(head + 4, (uint32_t)n + 4);
    buf->n = 0;
    cr_assert(imp_buf_add(buf, head, 12, NULL) &&
              imp_buf_add(buf, chunks, n, NULL));
    return imp_buf_span(buf);
}

static bool cut(struct imp_span in)
{
    return cut_by(decide, &imp_format_webp, in, IMP_CHECK_CODED);
}

static void expect_chunks(const char *in, size_t n, const char *want, size_t m)
{
    struct imp_buf whole = {0};
    cr_assert(cut(riff(&file, in, n)), "%s", err.msg);
    struct imp_span w = riff(&whole, want, m);
    cr_expect_eq(out.n, w.n, "%zu bytes, want %zu", out.n, w.n);
    cr_expect(out.n == w.n && memcmp(out.p, w.p, w.n) == 0);
    imp_buf_clear(&whole);
}

#define CHUNKS(text) text, sizeof(text) - 1

Test(webp, simple_files_are_kept_as_they_are)
{
    expect_chunks(CHUNKS(VP8), CHUNKS(VP8));
    expect_chunks(CHUNKS(VP8L), CHUNKS(VP8L));
    cr_expect(imp_cutlist_all_kept(&cl));
}

Test(webp, what_follows_the_image_of_a_simple_file_goes)
{
    expect_chunks(CHUNKS(VP8 "EXIF\4\0\0\0Jane"), CHUNKS(VP8));
    expect_chunks(CHUNKS(VP8L "note\4\0\0\0Jane"), CHUNKS(VP8L));
}

Test(webp, metadata_and_unknown_chunks_go_and_their_flags_with_them)
{
    expect_chunks(CHUNKS(VP8X("\x2c") "ICCP\4\0\0\0Jane" VP8 "note\3\0\0\0Doe!"
                                      "EXIF\4\0\0\0Jane"
                                      "XMP \4\0\0\0Jane"),
                  CHUNKS(VP8X("\0") VP8));
}

Test(webp, metadata_that_the_editor_rewrites_stays_with_its_flag)
{
    fate = IMP_FATE_REPLACE;
    expect_chunks(CHUNKS(VP8X("\x0c") VP8 "EXIF\x0b\0\0\0Exif\0\0Jane!x"
                                          "XMP \4\0\0\0Jane"),
                  CHUNKS(VP8X("\x08") VP8 "EXIF\x08\0\0\0MM\0*...."));
}

Test(webp, bytes_behind_the_coded_data_go)
{
    static const char slack[] =
        "VP8L\x2d\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07"
        "CANARY-Jane-Doe-19700101CANARY!!\0";
    cr_assert(cut(riff(&file, CHUNKS(slack))), "%s", err.msg);
    cr_expect_eq(memmem(out.p, out.n, "CANARY", 6), NULL);
    cr_expect_leq(out.n, 12 + sizeof VP8L - 1);
}

Test(webp, bytes_after_riff_go)
{
    riff(&file, CHUNKS(VP8));
    cr_assert(imp_buf_add(&file, "Jane Doe", 8, NULL));
    cr_assert(cut(imp_buf_span(&file)), "%s", err.msg);
    cr_expect_eq(out.n, 12 + sizeof VP8 - 1);
}

static void expect_damage(const char *in, size_t n, const char *word)
{
    cr_expect_not(cut(riff(&file, in, n)));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    cr_expect(strstr(err.msg, word), "%s", err.msg);
}

Test(webp, what_contradicts_itself_is_damaged)
{
    expect_damage(CHUNKS("JUNK\0\0\0\0"), "first");
    expect_damage(CHUNKS(VP8X("\0")), "no image");
    expect_damage(CHUNKS("VP8 \xff\0\0\0Jane"), "want 255 bytes");
    expect_damage(CHUNKS("VP8X\x0a\0\0\0\0\0\0\0\1\0\0\0\0\0" VP8), "canvas");
    riff(&file, CHUNKS(VP8));
    for (size_t n = 12; n < file.n; n++) {
        cr_expect_not(cut((struct imp_span){file.p, n}));
        cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    }
}

Test(webp, coded_data_that_ends_early_is_damaged)
{
    expect_damage(CHUNKS("VP8L\x08\0\0\0/\0\0\0\x10\x07\x10\x11"), "VP8L");
    expect_damage(CHUNKS("VP8 \x0c\0\0\0\x30\x01\0\x9d\x01*\x01\0\x01\0\x0e"
                         "\xc0"),
                  "partition");
}
