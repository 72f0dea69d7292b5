#include "cutting.h"
#include "image/lzw.h"

extern const struct imp_format imp_format_gif;

// The frame of 3 x 1 pixels below, its LZW data made by hand: clear (4), 0, 1
// and 2 of 3 bits each, then end (5) of 4 bits, for the table has grown; the
// least significant bits first: 4 + (0 << 3) + (1 << 6) + (2 << 9) + (5 << 12).
#define HEAD "GIF89a\3\0\1\0\x81\0\0"
#define TABLE "\0\0\0\xff\0\0\0\xff\0\0\0\xff"
#define CONTROL "!\xf9\4\0\5\0\0\0"
#define IMAGE ",\0\0\0\0\3\0\1\0\0"
#define DATA "\2\2\x44\x54\0"

static char asked[2000]; // the names of the parts the editor was asked about

static bool note(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *verdict, struct imp_err *e)
{
    (void)self, (void)e;
    strncat(asked, part->name, 60);
    strcat(asked, ";");
    verdict->fate = IMP_FATE_DROP;
    return true;
}

static bool cut_bytes(const void *p, size_t n, enum imp_check check)
{
    asked[0] = '\0';
    return cut_by(note, &imp_format_gif, (struct imp_span){p, n}, check);
}

TestSuite(gif, .fini = clear_cutting, .timeout = 10);

#define BYTES(text) text, sizeof(text) - 1

static void expect(const void *in, size_t n, const void *want, size_t m)
{
    cr_assert(cut_bytes(in, n, IMP_CHECK_CODED), "%s", err.msg);
    cr_expect_eq(out.n, m, "%zu bytes, want %zu", out.n, m);
    cr_expect(out.n == m && memcmp(out.p, want, m) == 0);
    // And once more: nothing is left to do.
    struct imp_buf once = out;
    out = (struct imp_buf){0};
    cr_assert(cut_bytes(once.p, once.n, IMP_CHECK_AGAIN), "%s", err.msg);
    cr_expect(imp_cutlist_all_kept(&cl));
    imp_buf_clear(&once);
}

#define PLAIN HEAD TABLE CONTROL IMAGE DATA ";"

Test(gif, a_plain_image_is_kept_as_it_is)
{
    cr_assert(cut_bytes(BYTES(PLAIN), IMP_CHECK_CODED), "%s", err.msg);
    cr_expect(imp_cutlist_all_kept(&cl));
    cr_expect_str_eq(asked, "");
}

Test(gif, comments_text_applications_unknown_extensions_and_the_rest_go)
{
    static const char in[] =
        HEAD TABLE "!\xfe\4Jane\3Doe\0"
                   "!\xff\x0bXMP DataXMP\4Jane\0"
                   "!\xff\x0bICCRGBG1012\4Jane\0"
                   "!\xff\x0bSECRETS 1.0\4Jane\0"
                   "!\x77\4Jane\0" CONTROL IMAGE DATA "!\xfe\4Jane\0;Jane Doe";
    expect(BYTES(in), BYTES(PLAIN));
    cut_bytes(BYTES(in), IMP_CHECK_CODED);
    cr_expect_str_eq(asked, "comment extension;XMP application extension;"
                            "ICC application extension;application extension;"
                            "unknown extension;comment extension;"
                            "bytes after the trailer;");
}

#define LOOP "!\xff\x0bNETSCAPE2.0\3\1\7\0\0"

Test(gif, the_loop_count_stays_without_what_hides_in_its_extension)
{
    expect(BYTES(HEAD TABLE LOOP IMAGE DATA ";"),
           BYTES(HEAD TABLE LOOP IMAGE DATA ";"));
    expect(BYTES(HEAD TABLE "!\xff\x0bNETSCAPE2.0\4Jane\6\1\7\0Doe\0" IMAGE DATA
                            ";"),
           BYTES(HEAD TABLE LOOP IMAGE DATA ";"));
    expect(BYTES(HEAD TABLE LOOP "!\xff\x0bNETSCAPE2.0\3\1\x4a\x44\0" IMAGE DATA
                                 ";"),
           BYTES(HEAD TABLE LOOP IMAGE DATA ";"));
}

Test(gif, a_plain_text_takes_its_graphic_control_with_it)
{
    expect(
        BYTES(HEAD TABLE CONTROL "!\1\x0cJaneJaneJane\4Doe \0" IMAGE DATA ";"),
        BYTES(HEAD TABLE IMAGE DATA ";"));
}

Test(gif, a_control_stays_though_a_comment_stands_before_its_image)
{
    expect(BYTES(HEAD TABLE CONTROL "!\xfe\4Jane\0" IMAGE DATA ";"),
           BYTES(PLAIN));
}

Test(gif, of_two_controls_the_last_counts_and_reserved_bits_become_zero)
{
    expect(BYTES(HEAD TABLE "!\xf9\4\0\x4a\x44\0\0"
                            "!\xf9\4\xe0\5\0J\0"
                            ",\0\0\0\0\3\0\1\0\x18" DATA ";"),
           BYTES(PLAIN));
}

Test(gif, bytes_behind_the_end_code_go_whether_in_its_block_or_in_others)
{
    expect(BYTES(HEAD TABLE CONTROL IMAGE "\2\6\x44\x54Jane\3Doe\0;"),
           BYTES(PLAIN));
    expect(BYTES(HEAD TABLE CONTROL IMAGE "\2\1\x44\1\x54\4Jane\0;"),
           BYTES(HEAD TABLE CONTROL IMAGE "\2\1\x44\1\x54\0;"));
}

static void expect_damage(const void *p, size_t n, const char *word)
{
    cr_expect_not(cut_bytes(p, n, IMP_CHECK_CODED));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    cr_expect(strstr(err.msg, word), "%s", err.msg);
}

Test(gif, what_does_not_decode_or_ends_early_is_damaged)
{
    // Every length short of the whole.
    for (size_t n = 6; n < sizeof PLAIN - 1; n++)
        expect_damage(BYTES(PLAIN) - (sizeof PLAIN - 1 - n), "");
    expect_damage(BYTES(HEAD TABLE ";"), "no image");
    expect_damage(BYTES(HEAD TABLE IMAGE "\x0c\2\x44\x54\0;"), "code size");
    expect_damage(BYTES(HEAD TABLE ",\0\0\0\0\0\0\1\0\0" DATA ";"),
                  "no pixels");
    expect_damage(BYTES(HEAD TABLE ",\0\0\0\0\4\0\1\0\0" DATA ";"), "want 4");
    expect_damage(BYTES(HEAD TABLE IMAGE "\2\1\xf4\0;"), "code 6");
    // 4 0 2 0, and 7 at the place of the end code.
    expect_damage(BYTES(HEAD TABLE IMAGE "\2\2\x44\x74\0;"), "no end code");
    expect_damage(BYTES(HEAD TABLE "?"), "0x3f");
}

Test(gif, frames_count_together_against_the_limit_of_pixels)
{
    static struct imp_editor editor = {note};
    struct imp_job_image img = {.editor = &editor, .limits = {1 << 20, 5}};
    static const char two[] = HEAD TABLE IMAGE DATA IMAGE DATA ";";
    struct imp_span in = {(const uint8_t *)two, sizeof two - 1};
    cr_expect_not(imp_format_cut(&imp_format_gif, in, &img, &cl, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
}

// --- LZW ---

// "-----A---B" of TIFF 6.0 section 13 as the specification codes it is 9-bit
// codes: 256 45 258 258 65 259 66 257.
Test(lzw, it_follows_the_codes_of_a_tiff_strip_to_their_end)
{
    static const unsigned codes[] = {256, 45, 258, 258, 65, 259, 66, 257};
    uint8_t strip[12] = {0};
    size_t used = 0, bit = 0;
    for (size_t i = 0; i < 8; i++)
        for (int b = 8; b >= 0; b--, bit++)
            if (codes[i] >> b & 1)
                strip[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    struct imp_lzw *l = imp_lzw_new(&err);
    imp_lzw_start(l, IMP_LZW_TIFF, 8, 10);
    // 258 is two bytes, met when it is being made; 259 three: ten in all.
    cr_expect_eq(imp_lzw_feed(l, strip, sizeof strip, &used, &err),
                 IMP_LZW_DONE, "%s", err.msg);
    cr_expect_eq(used, 9);
    cr_expect_eq(imp_lzw_have(l), 10);
    // Byte by byte it comes to the same.
    imp_lzw_start(l, IMP_LZW_TIFF, 8, 10);
    enum imp_lzw_state state = IMP_LZW_MORE;
    size_t i = 0;
    for (; state == IMP_LZW_MORE && i < sizeof strip; i++)
        state = imp_lzw_feed(l, strip + i, 1, &used, &err);
    cr_expect_eq(state, IMP_LZW_DONE);
    cr_expect_eq(i, 9);
    imp_lzw_start(l, IMP_LZW_TIFF, 8, 11);
    cr_expect_eq(imp_lzw_feed(l, strip, sizeof strip, &used, &err),
                 IMP_LZW_DAMAGED);
    imp_lzw_free(l);
}
