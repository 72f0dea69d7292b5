// Ink on frames of JPEG in fragments: libjpeg judges the coefficients, and
// lengths and tables have to agree with what came out.
#include "inked.h"
#include "objects.h"
#include "pics.h"

TestSuite(dicom_jpeg, .fini = clear_objects, .timeout = 60);

static uint16_t width = 40, height = 24;

static const struct jpeg_kind kinds[] = {
    {.components = 1, .h = 1, .v = 1, .quality = 85},
    {.components = 1, .h = 1, .v = 1, .quality = 85, .noisy = true},
    {.components = 3, .h = 1, .v = 1, .quality = 85},
    {.components = 3, .h = 2, .v = 2, .quality = 85, .noisy = true},
    {.components = 3, .h = 2, .v = 1, .quality = 85, .restart = 2},
};
enum { KINDS = sizeof kinds / sizeof *kinds };
static const struct jpeg_kind own_codes = {
    .components = 3, .h = 2, .v = 2, .quality = 85, .own_codes = true};

// --- Objects ---

struct layout {
    unsigned frames, pieces; // each frame in so many fragments
    bool basic, extended;    // tables
    bool comment;            // in each frame, which is zeroed
    const char *colour;      // NULL: as the file has it
};

static void table_of(uint32_t t, const uint64_t *values, unsigned n)
{
    head(t, "OV", 8 * n);
    for (unsigned i = 0; i < n; i++)
        u32((uint32_t)values[i]), u32(0);
}

// The file with a comment behind SOI, and its length made even.
static void prepare(const struct layout *l, struct imp_span file,
                    struct imp_buf *out)
{
    out->n = 0;
    cr_assert(imp_buf_add(out, file.p, 2, NULL));
    if (l->comment)
        cr_assert(imp_buf_add(out, "\xFF\xFE\0\x06Jane", 8, NULL));
    cr_assert(imp_buf_add(out, file.p + 2, file.n - 2, NULL));
    cr_assert(imp_buf_add(out, "", out->n % 2, NULL));
}

static void put_frame(struct imp_span file, unsigned pieces)
{
    size_t each = file.n / pieces / 2 * 2;
    for (unsigned i = 0; i < pieces; i++) {
        size_t n = i + 1 < pieces ? each : file.n - i * each;
        item((uint32_t)n);
        raw(file.p + i * each, n);
    }
}

static void make(const struct layout *l, const struct jpeg_kind *kind,
                 struct imp_buf *file)
{
    struct imp_buf one = {0};
    char frames[12];
    bool grey = kind->components == 1;
    jpeg_make(kind, width, height, &one);
    prepare(l, imp_buf_span(&one), file);
    imp_buf_clear(&one);
    snprintf(frames, sizeof frames, "%u ", l->frames);
    start(true, false);
    describe((struct shape){l->colour ? l->colour
                            : grey    ? "MONOCHROME2 "
                                      : "YBR_FULL_422",
                            height, width, 8, 8, .frames = frames});
    uint64_t offsets[8], lengths[8];
    for (unsigned i = 0; i < l->frames; i++) {
        offsets[i] = i * (file->n + 8 * l->pieces);
        lengths[i] = file->n;
    }
    if (l->extended) {
        table_of(0x7FE00001, offsets, l->frames);
        table_of(0x7FE00002, lengths, l->frames);
    }
    head(0x7FE00010, "OB", UNDEFINED);
    item(l->basic ? 4 * l->frames : 0);
    for (unsigned i = 0; l->basic && i < l->frames; i++)
        u32((uint32_t)offsets[i]);
    for (unsigned i = 0; i < l->frames; i++)
        put_frame(imp_buf_span(file), l->pieces);
    sequence_end();
}

// --- What came out ---

struct found {
    struct imp_span frame[8];
    uint64_t offset[8];
    unsigned n;
    struct imp_span basic, offsets, lengths;
};

// Each frame in one fragment.
static void find(struct found *f)
{
    static struct imp_dcm_reader r;
    struct imp_dcm_event e;
    uint64_t first = 0;
    *f = (struct found){0};
    imp_dcm_reader_start(&r, imp_buf_span(&o.out), 0, o.out.n, made.how);
    do {
        cr_assert(imp_dcm_next(&r, &e, &o.err), "%s", o.err.msg);
        struct imp_span value = {o.out.p + e.at + e.header, e.value};
        if (e.tag == 0x7FE00001)
            f->offsets = value;
        if (e.tag == 0x7FE00002)
            f->lengths = value;
        if (e.kind != IMP_DCM_FRAGMENT)
            continue;
        cr_expect_eq(value.n % 2, 0);
        if (e.index == 0) {
            f->basic = value;
            continue;
        }
        cr_assert_lt(f->n, 8);
        first = f->n ? first : e.at;
        f->offset[f->n] = e.at - first;
        f->frame[f->n++] = value;
    } while (e.kind != IMP_DCM_END);
}

static void expect_tables(const struct found *f, const struct layout *l)
{
    cr_assert_eq(f->n, l->frames);
    cr_assert_eq(f->basic.n, l->basic ? 4 * f->n : 0);
    cr_assert_eq(f->offsets.n, l->extended ? 8 * f->n : 0);
    cr_assert_eq(f->lengths.n, l->extended ? 8 * f->n : 0);
    for (unsigned i = 0; i < f->n; i++) {
        if (l->basic)
            cr_expect_eq(imp_le32(f->basic.p + 4 * (size_t)i), f->offset[i]);
        if (!l->extended)
            continue;
        cr_expect_eq(imp_le64(f->offsets.p + 8 * (size_t)i), f->offset[i]);
        cr_expect_eq(imp_le64(f->lengths.p + 8 * (size_t)i), f->frame[i].n);
    }
}

// Blocks that differ have ink, and some do; in each frame.
static void expect_marked(const struct layout *l, struct imp_span was)
{
    struct found f;
    struct coefficients a = coefficients_of(was);
    struct imp_inked where = {&pot.ink, pot.spot, pot.n};
    find(&f);
    expect_tables(&f, l);
    for (unsigned i = 0; i < f.n; i++) {
        cr_expect_eq(memmem(f.frame[i].p, f.frame[i].n, "Jane", 4), NULL);
        struct coefficients b = coefficients_of(f.frame[i]);
        cr_assert_gt(b.n, 0);
        cr_expect_eq(b.warnings, 0);
        cr_expect_gt(judge_blocks(&a, &b, where), 0);
        coefficients_clear(&b);
    }
    coefficients_clear(&a);
}

static void pour_ring(void)
{
    struct imp_ink ink = ring(20, 12);
    memset(&pot, 0, sizeof pot);
    memcpy(pot.text, ink.text.cover, 240);
    memcpy(pot.outline, ink.outline.cover, 240);
    imp_ink_clear(&ink);
    pot.ink.text = (struct imp_mask){20, 12, pot.text};
    pot.ink.outline = (struct imp_mask){20, 12, pot.outline};
    pot.paint = (struct imp_paint){.rgb = {255, 255, 255}, .opacity = 0.7};
    spot(17, 9);
}

static void expect_drawn(const struct layout *l, const struct jpeg_kind *kind,
                         const char *route)
{
    struct imp_buf file = {0};
    pour_ring();
    make(l, kind, &file);
    cr_assert(draw_by(imp_dicom_jpeg, BASELINE), "%s", o.err.msg);
    cr_expect_str_eq(o.route, route);
    expect_marked(l, imp_buf_span(&file));
    imp_buf_clear(&file);
}

Test(dicom_jpeg, blocks_under_the_ink_change_in_every_frame)
{
    for (int k = 0; k < KINDS; k++)
        expect_drawn(&(struct layout){3, 1, .basic = true}, &kinds[k],
                     "splice");
}

Test(dicom_jpeg, tables_say_where_frames_are)
{
    expect_drawn(&(struct layout){2, 1}, &kinds[3], "splice");
    expect_drawn(&(struct layout){3, 1, .extended = true}, &kinds[3], "splice");
    expect_drawn(&(struct layout){3, 1, .basic = true, .comment = true},
                 &kinds[3], "splice");
}

Test(dicom_jpeg, frames_in_several_fragments_come_out_in_one)
{
    expect_drawn(&(struct layout){1, 3}, &kinds[3], "splice");
    expect_drawn(&(struct layout){3, 2, .basic = true}, &kinds[3], "splice");
    expect_drawn(&(struct layout){2, 3, .basic = true, .comment = true},
                 &kinds[4], "splice");
}

// In whole units: blocks beyond the edge are made up anew.
Test(dicom_jpeg, what_has_no_codes_for_the_ink_is_coded_anew)
{
    width = 48;
    height = 32;
    expect_drawn(&(struct layout){2, 1, .basic = true}, &own_codes,
                 "coefficients");
    expect_drawn(&(struct layout){2, 2, .basic = true, .comment = true},
                 &own_codes, "coefficients");
}

// --- Colours ---

// The mean of a block that is all ink, in each component.
static void expect_samples(const char *colour, const struct jpeg_kind *kind,
                           int x, int y, int z)
{
    const struct layout l = {1, 1, .colour = colour};
    struct imp_buf file = {0};
    struct found f;
    const int want[] = {x, y, z};
    pour(8, 8,
         "################################"
         "################################");
    spot(16, 8);
    make(&l, kind, &file);
    cr_assert(draw_by(imp_dicom_jpeg, BASELINE), "%s", o.err.msg);
    find(&f);
    struct coefficients c = coefficients_of(f.frame[0]);
    for (int i = 0; i < kind->components; i++) {
        int dc = c.comp[i].block[64 * (c.comp[i].across + 2)];
        int mean = dc * c.comp[i].quant[0] / 8 + 128;
        cr_expect_leq(abs(mean - want[i]), 3, "%s: %d, want %d", colour, mean,
                      want[i]);
    }
    coefficients_clear(&c);
    imp_buf_clear(&file);
}

Test(dicom_jpeg, white_is_what_dicom_says_of_the_samples)
{
    expect_samples("MONOCHROME2 ", &kinds[0], 255, 0, 0);
    expect_samples("MONOCHROME1 ", &kinds[0], 0, 0, 0);
    expect_samples("YBR_FULL", &kinds[2], 255, 128, 128);
    expect_samples("RGB ", &kinds[2], 255, 255, 255);
}

// --- What cannot be marked ---

static void expect_refused(const struct layout *l, const struct jpeg_kind *kind,
                           enum imp_code code, const char *want)
{
    struct imp_buf file = {0};
    pour_ring();
    make(l, kind, &file);
    expect_bad(imp_dicom_jpeg, BASELINE, code, want);
    imp_buf_clear(&file);
}

Test(dicom_jpeg, what_is_not_known_is_not_supported)
{
    struct jpeg_kind progressive = kinds[3];
    progressive.progressive = true;
    expect_refused(&(struct layout){1, 1}, &progressive, IMP_ERR_UNSUPPORTED,
                   "frame 1: JPEG other than");
    expect_refused(&(struct layout){1, 1, .colour = "YBR_ICT "}, &kinds[2],
                   IMP_ERR_UNSUPPORTED, "(0028,0004)");
    expect_refused(&(struct layout){1, 1, .colour = "RGB "}, &own_codes,
                   IMP_ERR_UNSUPPORTED, "contradicts");
}
