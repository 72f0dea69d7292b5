// Marking HEIF and AVIF: what coded data says besides its samples, and what of
// it would cost more than the picture that is seen.
#include "mark/carrier.h"
#include "pics.h"
#include "pics_heif.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <string.h>

static struct heif_maker maker;
static struct imp_buf in, out;

static void clear(void)
{
    heif_clear(&maker);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

static enum imp_code code(void)
{
    struct imp_mark_spec spec = spec_of("{date}");
    heif_write(&maker, &in);
    return mark_code(&spec, "heif", imp_buf_span(&in));
}

// --- Colours ---

// H.273; HLG (18) and 11 to 14 are of later editions than some decoders.
Test(mark_heif_coded, keeps_what_it_says_of_colours)
{
    static const struct {
        const char *type;
        struct imp_cicp cicp;
    } rows[] = {
        {"hvc1", {1, 1, 1, false}},  {"hvc1", {9, 18, 9, false}},
        {"hvc1", {11, 18, 5, true}}, {"av01", {9, 18, 9, false}},
        {"av01", {12, 13, 6, true}},
    };
    struct imp_mark_spec spec = spec_of("{date}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct imp_planes a = heif_planes(3, 8, 2, 2, 128, 96, 0), b;
        a.cicp = rows[i].cicp;
        heif_add(&maker, rows[i].type, &a);
        heif_write(&maker, &in);
        mark_all(&spec, "heif", imp_buf_span(&in), &out);
        b = heif_read(imp_buf_span(&out), 1);
        cr_expect(imp_cicp_same(&a.cicp, &b.cicp), "%zu: %u %u %u %d", i,
                  b.cicp.primaries, b.cicp.transfer, b.cicp.matrix,
                  b.cicp.full);
        imp_planes_clear(&a);
        imp_planes_clear(&b);
        clear();
    }
}

static const struct imp_pixels *real;
static unsigned decoded;

// The source is of a reserved transfer, which x265 does not say again; or of
// what is not allowed, and AV1 has no bit for (5.5.2: sRGB in RGB is of full
// range).
static bool decode_reserved(const struct imp_coded *coded,
                            struct imp_planes *planes, struct imp_err *err)
{
    bool ok = real->decode_planes(coded, planes, err);
    if (ok && decoded++ == 0)
        planes->cicp = planes->h == 1 ? (struct imp_cicp){1, 13, 0, false}
                                      : (struct imp_cicp){2, 3, 2, true};
    return ok;
}

Test(mark_heif_coded, is_refused_if_it_would_say_something_else)
{
    static const char *const type[] = {"hvc1", "av01"};
    real = heif_pixels();
    struct imp_pixels pixels = *real;
    pixels.decode_planes = decode_reserved;
    struct imp_ink ink = {0};
    cr_assert(imp_mask_init(&ink.text, 8, 8, NULL) &&
              imp_mask_init(&ink.outline, 8, 8, NULL));
    memset(ink.text.cover, 255, 64);
    const struct imp_spot spot = {0, 0};
    const struct imp_drawing d = {.where = {&ink, &spot, 1},
                                  .paint = {{255, 0, 0}, 1},
                                  .pixels = &pixels};
    for (size_t i = 0; i < 2; i++) {
        const struct imp_carrier *heif = imp_carrier_of("heif");
        struct imp_look look;
        struct imp_err err = {0};
        unsigned sub = i ? 1 : 2;
        struct imp_planes p = heif_planes(3, 8, sub, sub, 128, 96, 0);
        heif_add(&maker, type[i], &p);
        heif_write(&maker, &in);
        decoded = 1;
        cr_assert(heif->look(imp_buf_span(&in), &look, &err) &&
                      heif->draw(&d, imp_buf_span(&in), &look, &out, &err),
                  "%s", err.msg);
        decoded = 0;
        cr_expect(!heif->draw(&d, imp_buf_span(&in), &look, &out, &err));
        cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED, "%s", err.msg);
        imp_planes_clear(&p);
        clear();
    }
    imp_ink_clear(&ink);
}

// aom would abort the program.
Test(mark_heif_coded, is_not_rgb_of_fewer_chroma_samples)
{
    static const unsigned kinds[][3] = {{3, 2, 2}, {3, 2, 1}, {1, 1, 1}};
    for (size_t i = 0; i < 3; i++) {
        const unsigned *k = kinds[i];
        struct imp_err err = {0};
        struct imp_planes p = heif_planes(k[0], 8, k[1], k[2], 128, 96, 0);
        p.cicp.matrix = 0;
        cr_expect(!heif_pixels()->encode_planes(&p, "av01", &out, &err));
        cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED, "%zu", i);
        imp_planes_clear(&p);
    }
}

// --- Sequence parameters (H.265 7.3.2.2) ---

struct bits {
    uint8_t p[64];
    size_t n;
};

static void put(struct bits *b, unsigned n, uint32_t v)
{
    for (; n-- > 0; b->n++)
        b->p[b->n / 8] |= (uint8_t)((v >> n & 1) << (7 - b->n % 8));
}

static void put_ue(struct bits *b, uint32_t v)
{
    unsigned n = 0;
    while ((v + 1) >> (n + 1))
        n++;
    put(b, 2 * n + 1, v + 1);
}

// A second set, of 4:2:0, which no slice uses. `aspect` is of table E.1, in
// which 1 is square; 0: nothing is said of it.
static struct bits sps_of(uint32_t width, uint32_t height, unsigned aspect,
                          bool full)
{
    // Of the buffer (3), blocks of 8 to 64, transforms of 4 to 32, depths.
    static const uint8_t sizes[] = {4, 0, 0, 0, 3, 0, 3, 0, 0};
    struct bits b = {0};
    put(&b, 16, 0x4201);
    put(&b, 8, 1); // no sublayers
    put(&b, 8, 3); // Main Still Picture
    put(&b, 32, 3u << 28);
    put(&b, 24, 0x900001); // never two zeros and a number below 4
    put(&b, 24, 0x010101);
    put(&b, 8, 90); // level
    put_ue(&b, 1);  // of the set
    put_ue(&b, 1);  // 4:2:0
    put_ue(&b, width);
    put_ue(&b, height);
    put(&b, 1, 0);
    put_ue(&b, 0); // 8 bits of luma
    put_ue(&b, 0);
    put_ue(&b, 4); // of a picture's number
    put(&b, 1, 1);
    for (size_t i = 0; i < sizeof sizes; i++)
        put_ue(&b, sizes[i]);
    put(&b, 4, 0); // no lists, no AMP, no SAO, no PCM
    put_ue(&b, 0); // no sets of references
    put(&b, 3, 0);
    put(&b, 1, 1); // VUI
    put(&b, 1, aspect > 0);
    if (aspect > 0)
        put(&b, 8, aspect);
    put(&b, 1, 0);
    put(&b, 4, 0xd); // video signal type
    put(&b, 1, full);
    put(&b, 1, 0);
    put(&b, 8, 0); // nothing more
    put(&b, 1, 1);
    return b;
}

// Behind the parameters that an hvcC box at the end of `item` has.
static void add_sps(struct heif_item *item, const struct bits *sps)
{
    size_t hvcc = 20; // behind ispe
    uint8_t head[5] = {33, 0, 1, 0, (uint8_t)((sps->n + 7) / 8)};
    item->props.p[hvcc + 8 + 22]++;
    cr_assert(imp_buf_add(&item->props, head, sizeof head, NULL) &&
              imp_buf_add(&item->props, sps->p, head[4], NULL));
    imp_put_be32(item->props.p + hvcc, (uint32_t)(item->props.n - hvcc));
}

Test(mark_heif_coded, has_parameters_of_one_sort)
{
    static const struct {
        uint32_t width, height;
        unsigned aspect;
        bool full;
        enum imp_code code;
    } rows[] = {
        {128, 96, 0, true, IMP_OK},
        {128, 96, 1, true, IMP_OK},
        {128, 96, 2, true, IMP_ERR_UNSUPPORTED}, // 12:11
        {128, 96, 0, false, IMP_ERR_UNSUPPORTED},
        {1280, 96, 0, true, IMP_ERR_DAMAGED},
    };
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bits sps =
            sps_of(rows[i].width, rows[i].height, rows[i].aspect, rows[i].full);
        add_sps(heif_add(&maker, "hvc1", &p), &sps);
        cr_expect_eq(code(), rows[i].code, "%zu", i);
        clear();
    }
    imp_planes_clear(&p);
}

// --- What is missing ---

// Decoded with fresh memory full of something.
static bool decode(int filling, struct imp_planes *planes)
{
    struct imp_heif_file f;
    struct imp_coded coded;
    struct imp_err err = {0};
    mallopt(M_PERTURB, filling);
    cr_assert(imp_heif_file_open(&f, imp_buf_span(&in), NULL, &err) &&
                  imp_heif_coded_of(&f.h, imp_heif_item(&f.h, 1), &coded, &err),
              "%s", err.msg);
    bool ok = heif_pixels()->decode_planes(&coded, planes, &err);
    imp_heif_file_close(&f);
    mallopt(M_PERTURB, 0);
    return ok;
}

// A damaged picture may end early without a decoder's saying so; what is then
// in its place was anywhere in memory.
Test(mark_heif_coded, shows_nothing_but_what_is_coded, .timeout = 60)
{
    static const char *const type[] = {"hvc1", "av01"};
    struct imp_planes p = heif_planes(3, 8, 2, 2, 256, 192, 0);
    for (size_t i = 0; i < 2; i++) {
        struct imp_buf *data = &heif_add(&maker, type[i], &p)->data;
        for (size_t at = data->n / 8; at + 8 < data->n; at += data->n / 80) {
            struct imp_planes a = {0}, b = {0};
            uint8_t was[8];
            memcpy(was, data->p + at, 8);
            memset(data->p + at, at % 2 ? 0 : 128, 8);
            heif_write(&maker, &in);
            bool first = decode(1, &a), second = decode(85, &b);
            cr_expect(first == second && (!first || imp_planes_same(&a, &b)),
                      "%s at %zu of %zu", type[i], at, data->n);
            memcpy(data->p + at, was, 8);
            imp_planes_clear(&a);
            imp_planes_clear(&b);
        }
        clear();
    }
    imp_planes_clear(&p);
}

// --- What is not seen ---

Test(mark_heif_coded, is_one_picture)
{
    static const char *const type[] = {"hvc1", "av01"};
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    for (size_t i = 0; i < 2; i++) {
        struct imp_buf *data = &heif_add(&maker, type[i], &p)->data;
        size_t n = data->n;
        cr_assert(imp_buf_reserve(data, 2 * n, NULL) &&
                  imp_buf_add(data, data->p, n, NULL));
        cr_expect_eq(code(), IMP_ERR_UNSUPPORTED, "%s", type[i]);
        clear();
    }
    imp_planes_clear(&p);
}

// A unit's type is in its header, behind its length (7.3.1.2).
Test(mark_heif_coded, refers_to_no_other_picture)
{
    enum { CRA = 21, TRAIL_R = 1 };
    struct imp_planes p = heif_planes(3, 8, 2, 2, 128, 96, 0);
    uint8_t *head = heif_add(&maker, "hvc1", &p)->data.p + 4;
    cr_assert(*head >> 1 == 19 || *head >> 1 == 20, "%d", *head >> 1);
    cr_expect_eq(code(), IMP_OK);
    *head = CRA << 1;
    cr_expect_eq(code(), IMP_ERR_UNSUPPORTED);
    *head = TRAIL_R << 1;
    cr_expect_eq(code(), IMP_ERR_UNSUPPORTED);
    imp_planes_clear(&p);
    clear();
}

static enum imp_code code_of_grid(uint16_t width, uint16_t height, uint8_t rows,
                                  uint8_t columns)
{
    struct imp_planes p = heif_planes(3, 8, 2, 2, 64, 64, 0);
    struct heif_item *grid = heif_derive(&maker, "grid", width, height);
    uint8_t body[8] = {0, 0, (uint8_t)(rows - 1), (uint8_t)(columns - 1)};
    imp_put_be16(body + 4, width);
    imp_put_be16(body + 6, height);
    cr_assert(imp_buf_add(&grid->data, body, sizeof body, NULL));
    for (unsigned i = 0; i < (unsigned)rows * columns; i++) {
        heif_add(&maker, "av01", &p)->hidden = true;
        heif_refer(&maker, "dimg", 1, (uint32_t)maker.n);
    }
    enum imp_code c = code();
    imp_planes_clear(&p);
    clear();
    return c;
}

Test(mark_heif_coded, has_no_tiles_beside_the_picture)
{
    cr_expect_eq(code_of_grid(127, 65, 2, 2), IMP_OK);
    cr_expect_eq(code_of_grid(64, 65, 2, 2), IMP_ERR_DAMAGED);
    cr_expect_eq(code_of_grid(127, 64, 2, 2), IMP_ERR_DAMAGED);
}
