// Marking HEIF and AVIF stills: which samples change, and what is refused.
#include "mark/compare.h"
#include "pics.h"
#include "pics_heif.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

static struct heif_maker maker;
static struct imp_buf in, out;

static void clear(void)
{
    heif_clear(&maker);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

static struct imp_mark_report mark(const struct imp_mark_spec *spec)
{
    heif_write(&maker, &in);
    return mark_all(spec, "heif", imp_buf_span(&in), &out);
}

static enum imp_code refusal(void)
{
    struct imp_mark_spec spec = spec_of("{date}");
    heif_write(&maker, &in);
    return mark_code(&spec, "heif", imp_buf_span(&in));
}

// What a reader shows: libheif is the judge of that.
static void expect_proven(const struct imp_mark_report *r, const char *name)
{
    struct imp_difference d;
    struct imp_err err = {0};
    cr_assert(imp_compare("heif", imp_buf_span(&in), imp_buf_span(&out),
                          &r->area, &d, &err),
              "%s: %s", name, err.msg);
    cr_expect(!d.another && d.outside == 0 && d.changed > 0,
              "%s: %ju changed, %ju outside", name, (uintmax_t)d.changed,
              (uintmax_t)d.outside);
}

// Samples that differ: those that share a pixel with the mark, and others.
static void count(const struct imp_planes *a, const struct imp_planes *b,
                  const struct imp_area *area, size_t *inside, size_t *outside)
{
    *inside = *outside = 0;
    cr_assert(a->n == b->n && a->depth == b->depth && a->h == b->h &&
              a->v == b->v);
    for (unsigned i = 0; i < a->n; i++) {
        const struct imp_plane *p = &a->plane[i], *q = &b->plane[i];
        unsigned h = i ? a->h : 1, v = i ? a->v : 1;
        cr_assert(p->width == q->width && p->height == q->height);
        for (uint32_t y = 0; y < p->height; y++)
            for (uint32_t x = 0; x < p->width; x++) {
                size_t at = (size_t)y * p->width + x;
                if (p->sample[at] != q->sample[at])
                    ++*(imp_area_meets(area, x * h, y * v, (x + 1) * h,
                                       (y + 1) * v)
                            ? inside
                            : outside);
            }
    }
}

static const struct kind {
    const char *type;
    unsigned n, depth, h, v;
    uint32_t width, height;
} kinds[] = {
    {"hvc1", 3, 8, 2, 2, 160, 96},  {"hvc1", 3, 8, 2, 1, 160, 96},
    {"hvc1", 3, 8, 1, 1, 160, 96},  {"hvc1", 1, 8, 1, 1, 160, 96},
    {"hvc1", 3, 10, 2, 2, 150, 98}, {"hvc1", 3, 10, 2, 1, 150, 98},
    {"hvc1", 3, 12, 1, 1, 150, 98}, {"av01", 3, 8, 2, 2, 151, 97},
    {"av01", 3, 8, 2, 1, 151, 97},  {"av01", 3, 8, 1, 1, 151, 97},
    {"av01", 1, 8, 1, 1, 151, 97},  {"av01", 3, 10, 2, 2, 151, 97},
    {"av01", 3, 10, 2, 1, 151, 97}, {"av01", 3, 10, 1, 1, 151, 97},
    {"av01", 1, 10, 1, 1, 151, 97}, {"av01", 3, 12, 2, 2, 151, 97},
    {"av01", 3, 12, 2, 1, 151, 97}, {"av01", 3, 12, 1, 1, 151, 97},
};

ParameterizedTestParameters(mark_heif, changes_no_sample_beside_the_mark)
{
    static int row[sizeof kinds / sizeof *kinds];
    for (int i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++)
        row[i] = i;
    return cr_make_param_array(int, row, sizeof kinds / sizeof *kinds);
}

ParameterizedTest(int *row, mark_heif, changes_no_sample_beside_the_mark)
{
    const struct kind *k = &kinds[*row];
    struct imp_mark_spec spec = spec_of("TRIAL {date}");
    size_t inside, outside;
    struct imp_planes a =
        heif_planes(k->n, k->depth, k->h, k->v, k->width, k->height, 7);
    heif_add(&maker, k->type, &a);
    struct imp_mark_report r = mark(&spec);
    struct imp_planes b = heif_read(imp_buf_span(&out), 1);
    count(&a, &b, &r.area, &inside, &outside);
    cr_expect_eq(outside, 0, "%s %d: %zu samples", k->type, *row, outside);
    cr_expect_gt(inside, (size_t)r.area.width * r.area.height / 4, "%s %d",
                 k->type, *row);
    cr_expect(memcmp(&a.cicp, &b.cicp, sizeof a.cicp) == 0, "%s %d", k->type,
              *row);
    expect_proven(&r, k->type);
    imp_planes_clear(&a);
    imp_planes_clear(&b);
    clear();
}

// --- Turned and cropped ---

// The properties that make a reader do what an EXIF orientation says:
// 23008-12 6.5.10, counter-clockwise; 6.5.12, axis 1 swaps left and right.
static const struct {
    int turns, axis; // -1: not there
} ORIENTATION[9] = {
    [1] = {-1, -1}, [2] = {-1, 1}, [3] = {2, -1}, [4] = {-1, 0},
    [5] = {3, 1},   [6] = {3, -1}, [7] = {1, 1},  [8] = {1, -1},
};

static void turn(struct heif_item *item, int orientation)
{
    uint8_t turns = (uint8_t)ORIENTATION[orientation].turns;
    uint8_t axis = (uint8_t)ORIENTATION[orientation].axis;
    if (ORIENTATION[orientation].turns >= 0)
        heif_prop(item, "irot", &turns, 1);
    if (ORIENTATION[orientation].axis >= 0)
        heif_prop(item, "imir", &axis, 1);
}

static struct pic pic_of(const struct imp_planes *p)
{
    struct pic pic = pic_new(p->plane[0].width, p->plane[0].height, 255);
    for (size_t i = 0; i < (size_t)pic.width * pic.height; i++)
        pic.px[4 * i] = p->plane[0].sample[i];
    return pic;
}

// Stored with `orientation`, marked, and seen upright.
static struct pic marked_upright(const struct pic *upright, int orientation,
                                 struct imp_area *area)
{
    struct imp_mark_spec spec = spec_of("Left to right");
    cr_assert(imp_mark_place_parse("17,9%", &spec.place, NULL));
    struct pic stored = pic_store(upright, (unsigned)orientation);
    struct imp_planes p =
        heif_planes(1, 8, 1, 1, stored.width, stored.height, 0);
    for (size_t i = 0; i < (size_t)stored.width * stored.height; i++)
        p.plane[0].sample[i] = stored.px[4 * i];
    turn(heif_add(&maker, "av01", &p), orientation);
    struct imp_mark_report r = mark(&spec);
    expect_proven(&r, "turned");
    *area = r.area;
    struct imp_planes q = heif_read(imp_buf_span(&out), 1);
    struct pic made = pic_of(&q), seen;
    seen = pic_display(&made, (unsigned)orientation);
    pic_clear(&made);
    pic_clear(&stored);
    imp_planes_clear(&p);
    imp_planes_clear(&q);
    clear();
    return seen;
}

ParameterizedTestParameters(mark_heif, reads_upright_however_it_is_turned)
{
    static int orientation[] = {2, 3, 4, 5, 6, 7, 8};
    return cr_make_param_array(int, orientation, 7);
}

ParameterizedTest(int *orientation, mark_heif,
                  reads_upright_however_it_is_turned)
{
    struct imp_area a, b;
    struct pic p = pic_new(211, 120, 255);
    for (size_t i = 0; i < (size_t)211 * 120; i++)
        p.px[4 * i] = (uint16_t)(i / 150);
    struct pic plain = marked_upright(&p, 1, &a);
    struct pic seen = marked_upright(&p, *orientation, &b);
    cr_expect(!pic_same(&p, &plain));
    cr_expect(pic_same(&plain, &seen), "orientation %d", *orientation);
    cr_expect(memcmp(&a, &b, sizeof a) == 0, "orientation %d", *orientation);
    pic_clear(&p);
    pic_clear(&plain);
    pic_clear(&seen);
}

// 14496-12 12.1.4: width, height and offsets of the middle, as fractions.
static void crop(struct heif_item *item, uint32_t width, uint32_t height,
                 int32_t twice_x, int32_t twice_y)
{
    uint8_t clap[32];
    const uint32_t number[8] = {
        width, 1, height, 1, (uint32_t)twice_x, 2, (uint32_t)twice_y, 2};
    for (int i = 0; i < 8; i++)
        imp_put_be32(clap + 4 * i, number[i]);
    heif_prop(item, "clap", clap, sizeof clap);
}

Test(mark_heif, lies_in_what_is_shown_of_a_cropped_picture)
{
    struct imp_mark_spec spec = spec_of("{date}");
    size_t inside, outside;
    struct imp_planes a = heif_planes(3, 8, 2, 2, 200, 128, 0);
    struct heif_item *item = heif_add(&maker, "hvc1", &a);
    crop(item, 150, 77, 40, -21); // from 45, 15
    turn(item, 6);
    struct imp_mark_report r = mark(&spec);
    expect_proven(&r, "cropped");
    // Upright it is 77 x 150; south-east is at the stored right and top.
    struct imp_area stored = {.x = 45 + r.area.y,
                              .y = 15 + (77 - r.area.x - r.area.width),
                              .width = r.area.height,
                              .height = r.area.width,
                              .across = 1,
                              .down = 1};
    struct imp_planes b = heif_read(imp_buf_span(&out), 1);
    count(&a, &b, &stored, &inside, &outside);
    cr_expect_eq(outside, 0, "%zu", outside);
    cr_expect_gt(inside, 50);
    imp_planes_clear(&a);
    imp_planes_clear(&b);
    clear();
}

// --- Grids, alpha, and what stands around ---

static void add_grid(uint8_t rows, uint8_t columns, uint16_t width,
                     uint16_t height)
{
    struct heif_item *grid = heif_derive(&maker, "grid", width, height);
    uint8_t body[8] = {0, 0, (uint8_t)(rows - 1), (uint8_t)(columns - 1)};
    imp_put_be16(body + 4, width);
    imp_put_be16(body + 6, height);
    cr_assert(imp_buf_add(&grid->data, body, sizeof body, NULL));
}

static struct imp_planes add_tile(const char *type, unsigned base, bool hidden)
{
    struct imp_planes p = heif_planes(3, 8, 2, 2, 64, 64, base);
    heif_add(&maker, type, &p)->hidden = hidden;
    heif_refer(&maker, "dimg", 1, (uint32_t)maker.n);
    return p;
}

Test(mark_heif, of_a_grid_is_cut_at_the_rims_of_its_tiles)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct imp_planes tile[4];
    size_t all = 0;
    cr_assert(imp_mark_place_parse("20,54", &spec.place, NULL));
    spec.scale = 0.2;
    add_grid(2, 2, 120, 100);
    for (unsigned i = 0; i < 4; i++)
        tile[i] = add_tile("hvc1", 50 * i, true);
    struct imp_mark_report r = mark(&spec);
    expect_proven(&r, "grid");
    for (uint32_t i = 0; i < 4; i++) {
        size_t inside, outside;
        struct imp_planes b = heif_read(imp_buf_span(&out), i + 2);
        int64_t left = i % 2 * 64, top = i / 2 * 64;
        int64_t x0 = r.area.x - left, x1 = x0 + r.area.width;
        int64_t y0 = r.area.y - top, y1 = y0 + r.area.height;
        struct imp_area own = {.x = (uint32_t)(x0 < 0 ? 0 : x0),
                               .y = (uint32_t)(y0 < 0 ? 0 : y0),
                               .across = 1,
                               .down = 1};
        own.width = (uint32_t)x1 - own.x;
        own.height = (uint32_t)y1 - own.y;
        count(&tile[i], &b, &own, &inside, &outside);
        cr_expect_eq(outside, 0, "tile %u: %zu", i, outside);
        all += inside > 0;
        imp_planes_clear(&b);
        imp_planes_clear(&tile[i]);
    }
    cr_expect_eq(all, 4, "%zu tiles have ink", all);
    clear();
}

static const char alpha_urn[] =
    "\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";

// A picture with an alpha plane, all of it `alpha`.
static void add_with_alpha(const char *type, uint16_t alpha)
{
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    struct imp_planes a = heif_planes(1, 8, 1, 1, 128, 96, 0);
    for (size_t i = 0; i < (size_t)128 * 96; i++)
        a.plane[0].sample[i] = alpha;
    heif_add(&maker, type, &p);
    heif_prop(heif_add(&maker, type, &a), "auxC", alpha_urn, sizeof alpha_urn);
    heif_refer(&maker, "auxl", 2, 1);
    heif_refer(&maker, "prem", 1, 2);
    imp_planes_clear(&p);
    imp_planes_clear(&a);
}

static bool has(struct imp_span file, const void *bytes, size_t n)
{
    return memmem(file.p, file.n, bytes, n) != NULL;
}

Test(mark_heif, carries_over_alpha_and_what_describes_the_picture)
{
    static const char nclx[] = "colrnclx\0\1\0\15\0\6\200";
    static const char prof[] = "colrprofnot a real profile";
    struct imp_mark_spec spec = spec_of("{date}");
    uint8_t pasp[8] = {0, 0, 0, 3, 0, 0, 0, 2}, clli[4] = {1, 2, 3, 4};
    uint8_t mdcv[24] = {1, 2, 3, 4, 5, 6, 7, 8};
    add_with_alpha("av01", 255);
    struct heif_item *item = &maker.item[0];
    heif_prop(item, "colr", nclx + 4, 11);
    heif_prop(item, "colr", prof + 4, sizeof prof - 5);
    heif_prop(item, "pasp", pasp, sizeof pasp);
    heif_prop(item, "clli", clli, sizeof clli);
    heif_prop(item, "mdcv", mdcv, sizeof mdcv);
    struct imp_mark_report r = mark(&spec);
    struct imp_span made = imp_buf_span(&out);
    expect_proven(&r, "alpha");
    cr_expect(has(made, nclx, 15) && has(made, prof, sizeof prof - 1));
    cr_expect(has(made, pasp, 8) && has(made, clli, 4) && has(made, mdcv, 24));
    cr_expect(has(made, maker.item[1].data.p, maker.item[1].data.n), "alpha");
    cr_expect(has(made, "auxl", 4) && has(made, "prem", 4));
    cr_expect(!has(made, maker.item[0].data.p + 20, maker.item[0].data.n - 20),
              "the picture without a mark is there");
    clear();
}

// What it is cleaned to has the same coded data, and stays as it is.
Test(mark_heif, passes_the_cleaning_that_follows)
{
    static const char *const type[] = {"hvc1", "av01"};
    struct imp_mark_spec spec = spec_of("{date}");
    for (size_t i = 0; i < 2; i++) {
        struct imp_buf once = {0};
        struct imp_planes a, b;
        add_with_alpha(type[i], 255);
        mark(&spec);
        struct imp_heif_file f;
        struct imp_err err = {0};
        cr_assert(
            imp_heif_file_open(&f, imp_buf_span(&out), NULL, &err) &&
                imp_heif_lay(&f.h, &err) && imp_cutlist_finish(&f.cuts, &err) &&
                imp_cutlist_apply(&f.cuts, imp_buf_span(&out), &once, &err),
            "%s", err.msg);
        for (size_t k = 0; k < f.cuts.n; k++)
            cr_expect(f.cuts.cut[k].kind != IMP_CUT_DROP ||
                          f.cuts.cut[k].part == IMP_PART_STRUCTURE,
                      "%s: %s goes", type[i], f.cuts.cut[k].what);
        imp_heif_file_close(&f);
        a = heif_read(imp_buf_span(&out), 1);
        b = heif_read(imp_buf_span(&once), 1);
        cr_expect(imp_planes_same(&a, &b), "%s", type[i]);
        imp_planes_clear(&a);
        imp_planes_clear(&b);
        imp_buf_clear(&once);
        clear();
    }
}

Test(mark_heif, is_the_same_each_time)
{
    static const char *const type[] = {"hvc1", "av01"};
    struct imp_mark_spec spec = spec_of("{date}");
    for (size_t i = 0; i < 2; i++) {
        struct imp_buf once = {0};
        struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
        heif_add(&maker, type[i], &p);
        mark(&spec);
        once = out;
        out = (struct imp_buf){0};
        mark(&spec);
        cr_expect(once.n == out.n && memcmp(once.p, out.p, out.n) == 0, "%s",
                  type[i]);
        imp_planes_clear(&p);
        imp_buf_clear(&once);
        clear();
    }
}

// 14496-15 8.3.3.1.2: array_completeness of the first array tells them apart.
Test(mark_heif, has_the_parameters_of_its_own_coding)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    struct imp_heif_file f;
    struct imp_coded coded;
    struct imp_err err = {0};
    uint8_t *first = heif_add(&maker, "hvc1", &p)->props.p + 20 + 8 + 23;
    uint8_t was = *first;
    *first ^= 0x80;
    mark(&spec);
    cr_assert(imp_heif_file_open(&f, imp_buf_span(&out), NULL, &err) &&
                  imp_heif_coded_of(&f.h, imp_heif_item(&f.h, 1), &coded, &err),
              "%s", err.msg);
    cr_expect_eq(coded.config.p[23], was);
    cr_expect_eq(f.h.n_props, 2, "%zu: the old ones are there, too",
                 f.h.n_props);
    imp_heif_file_close(&f);
    imp_planes_clear(&p);
    clear();
}

// Cameras say that it lies in the middle; unsaid, it is at the left.
Test(mark_heif, keeps_where_chroma_lies)
{
    struct imp_mark_spec spec = spec_of("{date}");
    static const struct {
        const char *type;
        int loc;
    } rows[] = {{"hvc1", -1}, {"hvc1", 0}, {"hvc1", 1}, {"hvc1", 2},
                {"hvc1", 3},  {"hvc1", 4}, {"hvc1", 5}, {"av01", -1},
                {"av01", 1},  {"av01", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct imp_planes a = heif_planes(3, 8, 2, 2, 128, 96, 0), b;
        int loc = a.chroma_loc = rows[i].loc;
        heif_add(&maker, rows[i].type, &a);
        mark(&spec);
        b = heif_read(imp_buf_span(&out), 1);
        cr_expect_eq(b.chroma_loc, loc, "%d, want %d", b.chroma_loc, loc);
        imp_planes_clear(&a);
        imp_planes_clear(&b);
        clear();
    }
}

// --- Refusals ---

Test(mark_heif, refuses_a_mark_that_would_lie_on_transparent_pixels)
{
    add_with_alpha("av01", 254);
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    clear();
}

Test(mark_heif, refuses_what_shows_more_than_one_picture)
{
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    heif_add(&maker, "av01", &p);
    cr_expect_eq(refusal(), IMP_OK);
    heif_add(&maker, "av01", &p);
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    imp_planes_clear(&p);
    clear();
}

Test(mark_heif, refuses_grids_whose_tiles_are_seen_or_used_elsewhere)
{
    struct imp_planes p = {0};
    add_grid(1, 2, 128, 64);
    p = add_tile("av01", 0, true);
    imp_planes_clear(&p);
    p = add_tile("av01", 9, true);
    cr_expect_eq(refusal(), IMP_OK);
    maker.item[2].hidden = false;
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    maker.item[2].hidden = true;
    maker.ref[1].to = 2; // the first again
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    imp_planes_clear(&p);
    clear();
}

Test(mark_heif, refuses_derived_pictures_and_layers)
{
    uint8_t lsel[2] = {0};
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    heif_derive(&maker, "iden", 128, 96);
    heif_add(&maker, "av01", &p)->hidden = true;
    heif_refer(&maker, "dimg", 1, 2);
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    clear();
    heif_prop(heif_add(&maker, "av01", &p), "lsel", lsel, sizeof lsel);
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    imp_planes_clear(&p);
    clear();
}

Test(mark_heif, refuses_crops_that_are_no_pixels_and_another_order)
{
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    crop(heif_add(&maker, "av01", &p), 101, 96, 0, 0); // half a pixel
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    clear();
    crop(heif_add(&maker, "av01", &p), 128, 96, 2, 0); // beyond the rim
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    clear();
    struct heif_item *item = heif_add(&maker, "av01", &p);
    turn(item, 6);
    crop(item, 96, 128, 0, 0);
    cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED);
    imp_planes_clear(&p);
    clear();
}

Test(mark_heif, refuses_colours_that_it_cannot_draw)
{
    static const uint16_t good[] = {1, 2, 5, 6, 9}, bad[] = {0, 4, 8, 10, 14};
    uint8_t nclx[11] = "nclx\0\1\0\15";
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    for (size_t i = 0; i < 5; i++) {
        nclx[9] = (uint8_t)good[i];
        heif_prop(heif_add(&maker, "av01", &p), "colr", nclx, sizeof nclx);
        cr_expect_eq(refusal(), IMP_OK, "%u", good[i]);
        clear();
        nclx[9] = (uint8_t)bad[i];
        heif_prop(heif_add(&maker, "av01", &p), "colr", nclx, sizeof nclx);
        cr_expect_eq(refusal(), IMP_ERR_UNSUPPORTED, "%u", bad[i]);
        clear();
    }
    imp_planes_clear(&p);
}

// libaom ends the program for what it does not expect: no numbers of a file may
// lead there. Some are refused, some are coded as they are.
Test(mark_heif, no_colours_or_places_of_chroma_end_the_program, .timeout = 120)
{
    static const unsigned shapes[][3] = {
        {1, 1, 1}, {3, 2, 2}, {3, 2, 1}, {3, 1, 1}};
    size_t coded = 0;
    for (unsigned k = 0; k < 4; k++)
        for (unsigned depth = 8; depth <= 12; depth += 2)
            for (unsigned i = 0; i < 256; i++) {
                struct imp_err err = {0};
                struct imp_planes p = heif_planes(
                    shapes[k][0], depth, shapes[k][1], shapes[k][2], 16, 16, 0);
                uint16_t few = (uint16_t)(i % 24), all = (uint16_t)i;
                p.cicp = (struct imp_cicp){i & 1 ? few : 1, i & 2 ? few : 13,
                                           i & 4 ? few : 0, i & 8};
                if (i > 200)
                    p.cicp = (struct imp_cicp){all, all, all, i & 1};
                p.chroma_loc = (int)(i % 5) - 1;
                bool ok = heif_pixels()->encode_planes(&p, "av01", &out, &err);
                coded += ok;
                cr_expect(ok || err.code == IMP_ERR_UNSUPPORTED, "%s", err.msg);
                imp_planes_clear(&p);
                clear();
            }
    cr_expect_gt(coded, 100);
}

Test(mark_heif, has_no_encoder_for_some_kinds)
{
    static const struct kind without[] = {
        {"hvc1", 3, 8, 2, 2, 128, 62},
        {"hvc1", 3, 8, 1, 1, 129, 96},
    };
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        const struct kind *k = &without[i];
        struct imp_err err = {0};
        struct imp_planes p =
            heif_planes(k->n, k->depth, k->h, k->v, k->width, k->height, 0);
        cr_expect(!heif_pixels()->encode_planes(&p, k->type, &out, &err));
        cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED, "%zu", i);
        imp_planes_clear(&p);
    }
}

// The coder's own size is checked before there is memory for it.
Test(mark_heif, refuses_what_is_coded_in_another_size)
{
    static const char *const type[] = {"hvc1", "av01"};
    struct imp_planes p = heif_planes(3, 8, 2, 2, 256, 192, 0);
    for (size_t i = 0; i < 2; i++) {
        struct heif_item *item = heif_add(&maker, type[i], &p);
        imp_put_be32(item->props.p + 12, 128); // of ispe
        cr_expect_eq(refusal(), IMP_ERR_DAMAGED, "%s", type[i]);
        clear();
    }
    imp_planes_clear(&p);
}

Test(mark_heif, fails_on_damage_and_never_makes_a_picture_up, .timeout = 120)
{
    static const char *const type[] = {"hvc1", "av01"};
    struct imp_mark_spec spec = spec_of("x");
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    for (size_t i = 0; i < 2; i++) {
        heif_add(&maker, type[i], &p);
        heif_write(&maker, &in);
        for (size_t n = 0; n < in.n; n += 37)
            cr_expect_neq(mark_code(&spec, "heif", (struct imp_span){in.p, n}),
                          IMP_OK, "%s cut at %zu", type[i], n);
        clear();
    }
    imp_planes_clear(&p);
}
