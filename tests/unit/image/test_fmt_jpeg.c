// What goes in is made by libjpeg and by hand; what comes out is judged by
// libjpeg and by searching its bytes.
#include "image/format.h"
#include "jpeg_maker.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

extern const struct imp_format imp_format_jpeg;

#define CANARY "CANARY-Jane-Doe-19700101"

// An editor with one answer for EXIF, one for ICC and one for the rest.
struct fixed_editor {
    struct imp_editor base;
    struct imp_verdict exif, icc, rest;
    struct imp_span seen_exif, seen_icc;
    int asked;
};

static bool decide(struct imp_editor *self, const struct imp_part *part,
                   struct imp_verdict *out, struct imp_err *err)
{
    struct fixed_editor *e = (struct fixed_editor *)self;
    (void)err;
    e->asked++;
    if (part->kind == IMP_PART_EXIF) {
        e->seen_exif = part->payload;
        *out = e->exif;
    } else if (part->kind == IMP_PART_ICC) {
        e->seen_icc = part->payload;
        *out = e->icc;
    } else {
        *out = e->rest;
    }
    return true;
}

struct outcome {
    bool ok;
    struct imp_buf out;
    struct imp_err err;
    bool all_kept;
    struct fixed_editor editor;
};

static struct outcome run(struct imp_span in, struct fixed_editor editor,
                          enum imp_check check)
{
    struct outcome o = {.editor = editor};
    struct imp_cutlist cl = {0};
    o.editor.base.decide = decide;
    struct imp_job_image img = {.editor = &o.editor.base,
                                .limits = {1u << 30, 1u << 26},
                                .check = check};
    o.ok = imp_format_cut(&imp_format_jpeg, in, &img, &cl, &o.err);
    if (o.ok) {
        o.all_kept = imp_cutlist_all_kept(&cl);
        cr_assert(imp_cutlist_apply(&cl, in, &o.out, &o.err));
    }
    imp_cutlist_clear(&cl);
    return o;
}

static bool holds(const struct imp_buf *b, const char *word)
{
    return memmem(b->p, b->n, word, strlen(word)) != NULL;
}

// The output decodes without a warning to the samples that the source has.
static void expect_same_picture(struct imp_span in, struct imp_span out)
{
    long in_warnings = 0, out_warnings = 0;
    struct imp_buf a = jpeg_decode(in, &in_warnings);
    struct imp_buf b = jpeg_decode(out, &out_warnings);
    cr_expect_gt(b.n, 0);
    cr_expect_eq(out_warnings, 0);
    cr_expect_eq(a.n, b.n);
    if (a.n && a.n == b.n)
        cr_expect_arr_eq(a.p, b.p, a.n);
    imp_buf_clear(&a);
    imp_buf_clear(&b);
}

static const struct jpeg_recipe recipes[] = {
    {.width = 64, .height = 48, .components = 1},
    {.width = 65, .height = 49, .components = 3, .h = 2, .v = 2},
    {.width = 33, .height = 17, .components = 3},
    {.width = 50, .height = 50, .components = 3, .h = 2, .v = 1, .restart = 2},
    {.width = 50, .height = 50, .components = 3, .h = 1, .v = 2, .quality = 99},
    {.width = 40, .height = 24, .components = 4},
    {.width = 70, .height = 30, .components = 3, .h = 4, .v = 1, .quality = 20},
    {.width = 200,
     .height = 150,
     .components = 3,
     .h = 2,
     .v = 2,
     .progressive = true},
    {.width = 99,
     .height = 101,
     .components = 1,
     .progressive = true,
     .restart = 5},
    {.width = 1, .height = 1, .components = 3, .h = 2, .v = 2},
    {.width = 65, .height = 49, .components = 3, .h = 2, .arithmetic = true},
    {.width = 65,
     .height = 49,
     .components = 3,
     .progressive = true,
     .arithmetic = true},
};
#define RECIPES (sizeof recipes / sizeof *recipes)

Test(jpeg, a_clean_file_of_every_kind_comes_out_as_all_kept)
{
    for (size_t i = 0; i < RECIPES; i++) {
        struct imp_buf j = jpeg_make(&recipes[i]);
        struct outcome o =
            run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
        cr_expect(o.ok, "recipe %zu: %s", i, o.err.msg);
        cr_expect(o.all_kept, "recipe %zu", i);
        cr_expect_eq(o.out.n, j.n);
        imp_buf_clear(&o.out);
        imp_buf_clear(&j);
    }
}

Test(jpeg, a_file_cut_short_anywhere_is_damaged)
{
    for (size_t i = 0; i < RECIPES; i++) {
        struct imp_buf j = jpeg_make(&recipes[i]);
        for (size_t n = 3; n < j.n; n += 1 + j.n / 300) {
            struct outcome o = run((struct imp_span){j.p, n},
                                   (struct fixed_editor){0}, IMP_CHECK_CODED);
            cr_expect_not(o.ok, "recipe %zu cut to %zu of %zu", i, n, j.n);
            cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
            cr_expect(o.err.has_at);
            imp_buf_clear(&o.out);
        }
        imp_buf_clear(&j);
    }
}

// A scan whose middle is missing, with EOI in its place: nothing but the walk
// can notice. (With arithmetic coding nothing can: T.81 D.2.6 lets a decoder
// go on with zeros.)
Test(jpeg, a_scan_that_lost_its_end_is_damaged)
{
    for (size_t i = 0; i < RECIPES; i++) {
        if (recipes[i].width == 1 || recipes[i].arithmetic)
            continue;
        struct imp_buf j = jpeg_make(&recipes[i]);
        size_t scan = jpeg_find(&j, 0xDA, 0);
        size_t gone = (j.n - scan) / 2;
        memmove(j.p + scan + 14 + 20, j.p + scan + 14 + 20 + gone / 2,
                j.n - (scan + 14 + 20 + gone / 2));
        j.n -= gone / 2;
        struct outcome o =
            run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
        cr_expect_not(o.ok, "recipe %zu", i);
        imp_buf_clear(&o.out);
        imp_buf_clear(&j);
    }
}

// --- Hiding places ---

static const struct place {
    const char *name;
    uint8_t marker;
    const char *head;
    size_t head_len;
    bool known; // by a name of its own: an editor may keep it
} places[] = {
    {"COM", 0xFE, "", 0, true},
    {"unknown APP0", 0xE0, "OTHER", 6, false},
    {"JFXX", 0xE0, "JFXX\0\x10", 6, true},
    {"XMP", 0xE1, "http://ns.adobe.com/xap/1.0/\0", 29, true},
    {"extended XMP", 0xE1, "http://ns.adobe.com/xmp/extension/\0", 35, true},
    {"unknown APP1", 0xE1, "Something", 10, false},
    {"MPF", 0xE2, "MPF\0", 4, true},
    {"FPXR", 0xE2, "FPXR\0", 5, true},
    {"APP3", 0xE3, "Meta\0\0", 6, false},
    {"APP4", 0xE4, "", 0, false},
    {"APP5", 0xE5, "RMETA\0", 6, false},
    {"APP6", 0xE6, "GoPro\0", 6, false},
    {"APP7", 0xE7, "", 0, false},
    {"APP8", 0xE8, "SPIFF\0", 6, false},
    {"APP9", 0xE9, "Media Jukebox\0", 14, false},
    {"APP10", 0xEA, "PhotoStudio\0", 12, false},
    {"APP11", 0xEB, "JP\0\1", 4, true},
    {"Ducky", 0xEC, "Ducky\0\1", 7, true},
    {"Photoshop", 0xED,
     "Photoshop 3.0\0"
     "8BIM",
     18, true},
    {"APP14 of another", 0xEE, "Other", 5, false},
    {"APP15", 0xEF, "Q 85 ", 5, false},
    {"reserved JPG0", 0xF0, "", 0, false},
    {"reserved JPG13", 0xFD, "", 0, false},
    {"reserved 0x02", 0x02, "", 0, false},
    {"reserved 0xBF", 0xBF, "", 0, false},
    {"JPG", 0xC8, "", 0, false},
};

#define PLACES (sizeof places / sizeof *places)

// Everywhere that a segment may stand: behind SOI, before SOF, before each
// scan, before EOI.
static size_t find_spots(const struct imp_buf *j, size_t spot[16])
{
    size_t n = 0;
    spot[n++] = 2;
    spot[n++] = jpeg_find(j, 0xC2, 0);
    for (int scan = 0; scan < 10; scan++)
        spot[n++] = jpeg_find(j, 0xDA, scan);
    spot[n++] = j->n - 2;
    return n;
}

static struct outcome run_with_place(const struct imp_buf *clean, size_t at,
                                     size_t place, struct fixed_editor editor)
{
    uint8_t body[100];
    size_t n = places[place].head_len;
    memcpy(body, places[place].head, n);
    memcpy(body + n, CANARY, sizeof CANARY);
    struct imp_buf j = {0};
    imp_buf_add(&j, clean->p, clean->n, NULL);
    jpeg_insert(&j, at, places[place].marker, body, n + sizeof CANARY);
    struct outcome o = run(imp_buf_span(&j), editor, IMP_CHECK_CODED);
    cr_assert(o.ok, "%s at %zu: %s", places[place].name, at, o.err.msg);
    imp_buf_clear(&j);
    return o;
}

static const struct jpeg_recipe progressive = {
    .width = 80, .height = 60, .components = 3, .progressive = true};

Test(jpeg, no_planted_segment_survives_anywhere)
{
    struct imp_buf clean = jpeg_make(&progressive);
    size_t spot[16], spots = find_spots(&clean, spot);
    for (size_t i = 0; i < PLACES; i++)
        for (size_t k = 0; k < spots; k++) {
            struct outcome o =
                run_with_place(&clean, spot[k], i, (struct fixed_editor){0});
            cr_expect_eq(o.out.n, clean.n, "%s at %zu", places[i].name,
                         spot[k]);
            cr_expect_arr_eq(o.out.p, clean.p, clean.n);
            imp_buf_clear(&o.out);
        }
    imp_buf_clear(&clean);
}

Test(jpeg, an_editor_cannot_keep_what_is_not_known)
{
    struct imp_buf clean = jpeg_make(&progressive);
    struct fixed_editor keeper = {.rest = {.fate = IMP_FATE_KEEP}};
    for (size_t i = 0; i < PLACES; i++) {
        struct outcome o = run_with_place(&clean, 2, i, keeper);
        cr_expect_eq(holds(&o.out, CANARY), places[i].known, "%s",
                     places[i].name);
        imp_buf_clear(&o.out);
    }
    imp_buf_clear(&clean);
}

static const struct jpeg_recipe plain = {
    .width = 50, .height = 40, .components = 3, .h = 2, .v = 2, .restart = 3};

// `in` must come out as `want`, byte for byte.
static void expect_cut_to(struct imp_buf *in, const struct imp_buf *want,
                          const char *what)
{
    struct outcome o =
        run(imp_buf_span(in), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_assert(o.ok, "%s: %s", what, o.err.msg);
    cr_expect_eq(o.out.n, want->n, "%s", what);
    if (o.out.n == want->n)
        cr_expect_arr_eq(o.out.p, want->p, want->n, "%s", what);
    imp_buf_clear(&o.out);
}

static struct imp_buf copy_of(const struct imp_buf *b)
{
    struct imp_buf copy = {0};
    cr_assert(imp_buf_add(&copy, b->p, b->n, NULL));
    return copy;
}

Test(jpeg, bytes_outside_segments_and_blocks_go)
{
    static const struct {
        const char *what, *bytes;
        size_t n;
    } extra[] = {
        {"text", CANARY, sizeof CANARY},
        {"fill bytes", "\xFF\xFF\xFF", 3},
        {"a stray restart marker", "\xFF\xD3", 2},
        {"TEM", "\xFF\x01", 2},
        {"bytes with zeros", "\1\0\2\0\0\3\0", 7},
        {"stuffed bytes", "\xFF\0" CANARY, 2 + sizeof CANARY},
    };
    struct imp_buf clean = jpeg_make(&plain);
    const size_t spot[] = {2, jpeg_find(&clean, 0xC0, 0),
                           jpeg_find(&clean, 0xDA, 0), clean.n - 2};
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++)
        for (size_t k = 0; k < 4; k++) {
            struct imp_buf j = copy_of(&clean);
            jpeg_insert_raw(&j, spot[k], extra[i].bytes, extra[i].n);
            expect_cut_to(&j, &clean, extra[i].what);
            imp_buf_clear(&j);
        }
    imp_buf_clear(&clean);
}

Test(jpeg, bytes_between_the_last_block_and_a_restart_marker_go)
{
    struct imp_buf clean = jpeg_make(&plain);
    for (uint8_t rst = 0xD0; rst < 0xD3; rst++) {
        struct imp_buf j = copy_of(&clean);
        jpeg_insert_raw(&j, jpeg_find(&clean, rst, 0), CANARY, sizeof CANARY);
        expect_cut_to(&j, &clean, "before RST");
        imp_buf_clear(&j);
    }
    imp_buf_clear(&clean);
}

Test(jpeg, everything_after_EOI_goes)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    jpeg_insert_raw(&j, j.n, clean.p, clean.n); // a second image
    jpeg_insert_raw(&j, j.n,
                    "\0\0\0\x18"
                    "ftypmp42" CANARY,
                    36);
    expect_cut_to(&j, &clean, "trailer");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

// --- Segments that are rebuilt ---

static const uint8_t tiff[] = "MM\0*\0\0\0\x08\0\0\0\0\0\0" CANARY;

static struct imp_buf with_exif(void)
{
    struct imp_buf j = jpeg_make(&plain);
    uint8_t body[6 + sizeof tiff] = "Exif\0";
    memcpy(body + 6, tiff, sizeof tiff);
    jpeg_insert(&j, 2, 0xE1, body, sizeof body);
    return j;
}

Test(jpeg, the_editor_sees_the_TIFF_block_of_EXIF)
{
    struct imp_buf j = with_exif();
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_assert_eq(o.editor.seen_exif.n, sizeof tiff);
    cr_expect_eq(o.editor.seen_exif.p, j.p + 2 + 4 + 6);
    cr_expect_not(holds(&o.out, CANARY));
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, EXIF_is_replaced_by_the_editors_block)
{
    struct imp_buf j = with_exif();
    struct fixed_editor e = {
        .exif = {IMP_FATE_REPLACE, {(const uint8_t *)"fresh", 5}}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect_not(holds(&o.out, CANARY));
    static const char want[] = "\xFF\xE1\0\x0D"
                               "Exif\0\0fresh\xFF";
    cr_expect_arr_eq(o.out.p + 2, want, sizeof want - 1);
    expect_same_picture(imp_buf_span(&j), imp_buf_span(&o.out));
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, only_the_first_EXIF_counts)
{
    struct imp_buf j = with_exif();
    struct imp_buf second = with_exif();
    size_t seg = 2 + 2 + 6 + sizeof tiff;
    jpeg_insert_raw(&j, 2 + seg, second.p + 2, seg);
    struct fixed_editor e = {.exif = {.fate = IMP_FATE_KEEP}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect_eq(o.out.n, second.n);
    imp_buf_clear(&o.out);
    imp_buf_clear(&second);
    imp_buf_clear(&j);
}

// A profile in three chunks, stored out of order.
static struct imp_buf with_icc(const int *order, int count)
{
    struct imp_buf j = jpeg_make(&plain);
    for (int i = count - 1; i >= 0; i--) {
        uint8_t body[14 + 3] = "ICC_PROFILE";
        body[12] = (uint8_t)order[i];
        body[13] = 3;
        memset(body + 14, 'a' + order[i] - 1, 3);
        jpeg_insert(&j, 2, 0xE2, body, sizeof body);
    }
    return j;
}

Test(jpeg, the_editor_sees_the_ICC_profile_joined_in_order)
{
    struct imp_buf j = with_icc((int[]){2, 1, 3}, 3);
    struct fixed_editor e = {
        .icc = {IMP_FATE_REPLACE, {(const uint8_t *)"profile", 7}}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect_eq(o.editor.seen_icc.n, 9);
    static const char want[] = "\xFF\xE2\0\x17"
                               "ICC_PROFILE\0\1\1profile\xFF";
    cr_expect_arr_eq(o.out.p + 2, want, sizeof want - 1);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, a_kept_ICC_profile_keeps_all_its_chunks)
{
    struct imp_buf j = with_icc((int[]){1, 2, 3}, 3);
    struct fixed_editor e = {.icc = {.fate = IMP_FATE_KEEP}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect(o.all_kept);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, an_incomplete_ICC_profile_is_dropped_unasked)
{
    static const int orders[][3] = {{1, 2, 2}, {1, 3, 0}, {1, 2, 4}};
    static const int counts[] = {3, 2, 3};
    for (int i = 0; i < 3; i++) {
        struct imp_buf j = with_icc(orders[i], counts[i]);
        struct fixed_editor e = {.icc = {.fate = IMP_FATE_KEEP}};
        struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
        cr_assert(o.ok);
        cr_expect_null(o.editor.seen_icc.p, "case %d", i);
        cr_expect_not(holds(&o.out, "ICC_PROFILE"), "case %d", i);
        imp_buf_clear(&o.out);
        imp_buf_clear(&j);
    }
}

Test(jpeg, a_large_ICC_profile_is_split_and_joined_again)
{
    size_t n = 150000;
    uint8_t *profile = malloc(n);
    for (size_t i = 0; i < n; i++)
        profile[i] = (uint8_t)(i * 7 >> 3);
    struct imp_buf j = with_icc((int[]){1, 2, 3}, 3);
    struct fixed_editor e = {.icc = {IMP_FATE_REPLACE, {profile, n}}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    e.icc = (struct imp_verdict){.fate = IMP_FATE_KEEP};
    struct outcome again = run(imp_buf_span(&o.out), e, IMP_CHECK_CODED);
    cr_assert(again.ok);
    cr_expect(again.all_kept);
    cr_expect_eq(again.editor.seen_icc.n, n); // the bytes are gone by now
    imp_buf_clear(&again.out);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
    free(profile);
}

Test(jpeg, the_JFIF_thumbnail_goes_and_the_density_stays)
{
    struct imp_buf j = jpeg_make(&plain); // libjpeg has put a JFIF in front
    struct imp_buf clean = copy_of(&j);
    size_t app0 = jpeg_find(&j, 0xE0, 0);
    uint8_t thumb[4 * 4 * 3] = "Jane";
    j.p[app0 + 4 + 12] = j.p[app0 + 4 + 13] = 4;
    jpeg_insert_raw(&j, app0 + 4 + 14, thumb, sizeof thumb);
    imp_put_be16(j.p + app0 + 2, 16 + sizeof thumb);
    expect_cut_to(&j, &clean, "JFIF thumbnail");
    imp_buf_clear(&clean);
    imp_buf_clear(&j);
}

Test(jpeg, only_the_first_JFIF_stays)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    jpeg_insert_raw(&j, 2 + 18, clean.p + 2, 18);
    expect_cut_to(&j, &clean, "second JFIF");
    imp_buf_clear(&clean);
    imp_buf_clear(&j);
}

Test(jpeg, APP14_keeps_its_colour_transform_and_nothing_else)
{
    static const struct jpeg_recipe cmyk = {
        .width = 40, .height = 24, .components = 4};
    struct imp_buf clean = jpeg_make(&cmyk); // libjpeg marks CMYK with APP14
    struct imp_buf j = copy_of(&clean);
    size_t app14 = jpeg_find(&j, 0xEE, 0);
    j.p[app14 + 4 + 7] = 0x4A; // flags0
    jpeg_insert_raw(&j, app14 + 4 + 12, CANARY, sizeof CANARY);
    imp_put_be16(j.p + app14 + 2, 14 + sizeof CANARY);
    expect_cut_to(&j, &clean, "APP14");
    imp_buf_clear(&clean);
    imp_buf_clear(&j);
}

// --- Frames and scans ---

Test(jpeg, a_frame_whose_height_stands_in_DNL_is_walked_to_its_end)
{
    static const struct jpeg_recipe grey = {
        .width = 40, .height = 24, .components = 1};
    struct imp_buf j = jpeg_make(&grey);
    size_t sof = jpeg_find(&j, 0xC0, 0);
    imp_put_be16(j.p + sof + 5, 0);
    jpeg_insert(&j, j.n - 2, 0xDC, "\0\x18", 2);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect(o.ok, "%s", o.err.msg);
    cr_expect(o.all_kept);
    imp_buf_clear(&o.out);
    j.p[j.n - 3] = 0x19; // 25 lines: a row of blocks more than there is
    o = run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    imp_buf_clear(&j);
}

Test(jpeg, a_Motion_JPEG_frame_without_Huffman_tables_is_walked)
{
    struct imp_buf j = jpeg_make(&plain); // libjpeg writes those of K.3
    for (;;) {
        size_t i = 2;
        while (j.p[i + 1] != 0xC4 && j.p[i + 1] != 0xDA)
            i += 2 + (size_t)imp_be16(j.p + i + 2);
        if (j.p[i + 1] == 0xDA)
            break;
        size_t n = 2 + (size_t)imp_be16(j.p + i + 2);
        memmove(j.p + i, j.p + i + n, j.n - i - n);
        j.n -= n;
    }
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect(o.ok, "%s", o.err.msg);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, a_restart_marker_out_of_turn_is_damaged)
{
    struct imp_buf j = jpeg_make(&plain);
    j.p[jpeg_find(&j, 0xD1, 0) + 1] = 0xD2;
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}

Test(jpeg, a_component_without_a_scan_is_damaged)
{
    struct imp_buf j = jpeg_make(&progressive);
    // The frame names its components 1, 2, 3; make the scans' 3 into 2.
    size_t first = jpeg_find(&j, 0xDA, 0);
    struct imp_buf cut = {0};
    imp_buf_add(&cut, j.p, first, NULL);
    imp_buf_add(&cut, "\xFF\xD9", 2, NULL);
    struct outcome o =
        run(imp_buf_span(&cut), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&cut);
    imp_buf_clear(&j);
}

Test(jpeg, bytes_behind_an_arithmetic_scan_are_damage)
{
    static const struct jpeg_recipe arithmetic = {
        .width = 65, .height = 49, .components = 3, .arithmetic = true};
    struct imp_buf j = jpeg_make(&arithmetic);
    jpeg_insert_raw(&j, j.n - 2, CANARY, sizeof CANARY);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}

static void expect_refused(const struct imp_buf *j, enum imp_code code)
{
    struct outcome o =
        run(imp_buf_span(j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, code, "%s", o.err.msg);
    imp_buf_clear(&o.out);
}

// A scan header with its data, up to the next marker.
static size_t scan_length(const struct imp_buf *j, size_t at)
{
    size_t end = at + 2 + imp_be16(j->p + at + 2);
    while (j->p[end] != 0xFF || j->p[end + 1] == 0 ||
           (j->p[end + 1] & 0xF8) == 0xD0)
        end++;
    return end - at;
}

// Decoders show one of two pictures: the other would travel unseen.
Test(jpeg, a_scan_that_comes_again_is_damaged)
{
    for (size_t i = 0; i < RECIPES; i++) {
        struct imp_buf j = jpeg_make(&recipes[i]);
        size_t at = jpeg_find(&j, 0xDA, 0), n = scan_length(&j, at);
        struct imp_buf scan = {0};
        imp_buf_add(&scan, j.p + at, n, NULL);
        jpeg_insert_raw(&j, at + n, scan.p, n);
        expect_refused(&j, IMP_ERR_DAMAGED);
        imp_buf_clear(&scan);
        imp_buf_clear(&j);
    }
}

Test(jpeg, a_file_of_endless_scans_is_refused)
{
    static const struct jpeg_recipe endless = {
        .width = 16, .height = 16, .components = 1, .many_scans = true};
    struct imp_buf j = jpeg_make(&endless);
    expect_refused(&j, IMP_ERR_LIMIT);
    imp_buf_clear(&j);
}

// --- Tables that no decoder reads ---

// A definition of `n` bytes: class and slot, then the canary.
static void make_table(uint8_t *table, uint8_t id, size_t n)
{
    memset(table, 1, n);
    table[0] = id;
    memcpy(table + n - sizeof CANARY, CANARY, sizeof CANARY);
}

// A Huffman table of 28 codes of 5 bits whose symbols are the canary.
static size_t make_huffman(uint8_t table[64], uint8_t id)
{
    memset(table, 0, 17);
    table[0] = id;
    table[5] = sizeof CANARY;
    memcpy(table + 17, CANARY, sizeof CANARY);
    return 17 + sizeof CANARY;
}

Test(jpeg, tables_that_no_scan_uses_go)
{
    struct imp_buf clean = jpeg_make(&progressive);
    uint8_t dqt[65], dht[64];
    size_t dht_len = make_huffman(dht, 0x13);
    make_table(dqt, 3, sizeof dqt);
    const size_t spot[] = {2, jpeg_find(&clean, 0xC2, 0),
                           jpeg_find(&clean, 0xDA, 0), clean.n - 2};
    for (size_t i = 0; i < 4; i++) {
        struct imp_buf j = copy_of(&clean);
        jpeg_insert(&j, spot[i], 0xDB, dqt, sizeof dqt);
        jpeg_insert(&j, spot[i], 0xC4, dht, dht_len);
        jpeg_insert(&j, spot[i], 0xDD, "Jo", 2);
        jpeg_insert(&j, spot[i], 0xDD, "\0\0", 2); // the one that counts
        jpeg_insert(&j, spot[i], 0xDD, "ny", 2);
        struct outcome o = run(imp_buf_span(&j), (struct fixed_editor){0},
                               IMP_CHECK_STRUCTURE);
        cr_assert(o.ok, "%zu: %s", i, o.err.msg);
        cr_expect_not(holds(&o.out, CANARY), "spot %zu", i);
        cr_expect_not(holds(&o.out, "ny"), "spot %zu", i);
        imp_buf_clear(&o.out);
        imp_buf_clear(&j);
    }
    imp_buf_clear(&clean);
}

Test(jpeg, a_table_that_is_replaced_before_its_use_goes)
{
    struct imp_buf clean = jpeg_make(&plain);
    for (uint8_t slot = 0; slot < 2; slot++) {
        struct imp_buf j = copy_of(&clean);
        uint8_t dqt[65], dht[64];
        make_table(dqt, slot, sizeof dqt);
        size_t n = make_huffman(dht, (uint8_t)(0x10 | slot));
        jpeg_insert(&j, 2, 0xDB, dqt, sizeof dqt);
        jpeg_insert(&j, 2, 0xC4, dht, n);
        expect_cut_to(&j, &clean, "replaced");
        imp_buf_clear(&j);
    }
    imp_buf_clear(&clean);
}

Test(jpeg, of_a_segment_with_several_tables_the_used_ones_stay)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    size_t at = jpeg_find(&j, 0xDB, 0);
    uint8_t dqt[65];
    make_table(dqt, 2, sizeof dqt);
    jpeg_insert_raw(&j, at + 4, dqt, sizeof dqt);
    imp_put_be16(j.p + at + 2, (uint16_t)(imp_be16(j.p + at + 2) + 65));
    expect_cut_to(&j, &clean, "DQT of two");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, more_tables_than_any_encoder_writes_are_refused)
{
    struct imp_buf j = jpeg_make(&plain);
    for (int i = 0; i < 4097; i++)
        jpeg_insert(&j, 2, 0xDD, "\0\0", 2);
    expect_refused(&j, IMP_ERR_LIMIT);
    imp_buf_clear(&j);
}

Test(jpeg, the_JFIF_fields_hold_a_density_or_nothing)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    size_t app0 = jpeg_find(&j, 0xE0, 0);
    memcpy(j.p + app0 + 4 + 5, "JaneDoe", 7);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_assert(o.ok);
    static const uint8_t want[] = {1, 2, 0, 0, 1, 0, 1, 0, 0};
    cr_expect_arr_eq(o.out.p + app0 + 4 + 5, want, sizeof want);
    imp_buf_clear(&o.out);
    static const uint8_t dpi[] = {1, 1, 1, 0, 72, 0, 96};
    memcpy(j.p + app0 + 4 + 5, dpi, sizeof dpi);
    expect_cut_to(&j, &j, "a density");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, only_the_first_APP14_stays_and_another_transform_is_damaged)
{
    static const struct jpeg_recipe cmyk = {
        .width = 40, .height = 24, .components = 4};
    struct imp_buf clean = jpeg_make(&cmyk);
    struct imp_buf j = copy_of(&clean);
    size_t at = jpeg_find(&j, 0xEE, 0);
    uint8_t body[16] = "Adobe\0\x64";
    body[11] = j.p[at + 15];
    memcpy(body + 12, "Jane", 4);
    for (int i = 0; i < 3; i++)
        jpeg_insert(&j, at + 16, 0xEE, body, sizeof body);
    expect_cut_to(&j, &clean, "APP14 again");
    // Some decoders would take that of the first, and some of the last.
    body[11] ^= 2;
    jpeg_insert(&j, at + 16, 0xEE, body, sizeof body);
    expect_refused(&j, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, a_sequential_scan_header_says_nothing_but_its_components)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    size_t sos = jpeg_find(&j, 0xDA, 0);
    memcpy(j.p + sos + 2 + 9, "Joe", 3);
    expect_cut_to(&j, &clean, "Ss, Se, Ah, Al");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, a_code_of_ones_alone_is_damaged)
{
    struct imp_buf j = jpeg_make(&plain);
    // Two codes of one bit: 0 and 1.
    uint8_t dht[19] = {0x00, 2};
    dht[18] = 1;
    jpeg_insert(&j, jpeg_find(&j, 0xDA, 0), 0xC4, dht, sizeof dht);
    expect_refused(&j, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}

Test(jpeg, structure_alone_passes_what_the_walk_refuses)
{
    struct imp_buf j = jpeg_make(&plain);
    size_t scan = jpeg_find(&j, 0xDA, 0) + 14;
    memset(j.p + scan + 2, 0, 20);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    o = run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_STRUCTURE);
    cr_expect(o.ok);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, a_picture_over_the_limit_is_refused_before_its_scan)
{
    struct imp_buf j = jpeg_make(&plain);
    size_t sof = jpeg_find(&j, 0xC0, 0);
    imp_put_be16(j.p + sof + 5, 65535);
    imp_put_be16(j.p + sof + 7, 65535);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_LIMIT);
    imp_buf_clear(&j);
}

Test(jpeg, a_comment_of_impossible_length_is_passed_as_decoders_do)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    jpeg_insert_raw(&j, 2, "\xFF\xFE\0\0" CANARY, 4 + sizeof CANARY);
    expect_cut_to(&j, &clean, "COM of length 0");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, a_table_segment_of_impossible_length_is_damaged)
{
    struct imp_buf j = jpeg_make(&plain);
    imp_put_be16(j.p + jpeg_find(&j, 0xC4, 0) + 2, 1);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
}
