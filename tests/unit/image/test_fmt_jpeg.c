// What goes in is made by libjpeg and by hand; what comes out is judged by
// libjpeg and by searching its bytes.
#include "jpeg_cutting.h"

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

// --- How far it is looked at ---

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
