#include "cutting.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct imp_format imp_format_heif, imp_format_avif;

// The samples, which libheif has written and exiftool has tagged with a name.
static const struct sample {
    const struct imp_format *format;
    const char *file, *name;
} samples[] = {
    {&imp_format_heif, "samples/uploads/clinic-c/IMG_0042.heic", "Jane Doe"},
    {&imp_format_avif, "samples/uploads/clinic-c/photo_1003.avif", "John Roe"},
};
#define SAMPLES (sizeof samples / sizeof samples[0])

static struct imp_buf in;
static bool met_exif, met_xmp;

static bool note(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *v, struct imp_err *e)
{
    (void)self, (void)e;
    met_exif |= part->kind == IMP_PART_EXIF && part->container_rules &&
                part->payload.n > 8 &&
                (memcmp(part->payload.p, "II*", 3) == 0 ||
                 memcmp(part->payload.p, "MM\0*", 4) == 0);
    met_xmp |= part->kind == IMP_PART_XMP && part->payload.n > 0;
    v->fate = IMP_FATE_DROP;
    return true;
}

static void load(const struct sample *s)
{
    const char *top = getenv("top");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", top ? top : ".", s->file);
    FILE *f = fopen(path, "rb");
    cr_assert(f, "%s is not there", path);
    uint8_t block[65536];
    size_t n = fread(block, 1, sizeof block, f);
    fclose(f);
    in.n = 0;
    cr_assert(imp_buf_add(&in, block, n, NULL));
}

static bool cut(const struct imp_format *format, struct imp_span bytes)
{
    return cut_by(note, format, bytes, IMP_CHECK_CODED);
}

static void tear_down(void)
{
    clear_cutting();
    imp_buf_clear(&in);
}

TestSuite(heif, .fini = tear_down, .timeout = 60);

Test(heif, exif_and_xmp_items_go_with_their_bytes_and_their_entries)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        met_exif = met_xmp = false;
        load(&samples[i]);
        cr_assert(memmem(in.p, in.n, samples[i].name, strlen(samples[i].name)));
        cr_assert(cut(samples[i].format, imp_buf_span(&in)), "%s", err.msg);
        cr_expect_not(holds(samples[i].name));
        cr_expect_not(holds("Exif"));
        cr_expect_not(holds("mime"));
        cr_expect(met_exif && met_xmp, "%s", samples[i].file);
    }
}

Test(heif, the_output_is_a_fixed_point)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        load(&samples[i]);
        cr_assert(cut(samples[i].format, imp_buf_span(&in)), "%s", err.msg);
        struct imp_buf once = out;
        out = (struct imp_buf){0};
        cr_assert(cut(samples[i].format, imp_buf_span(&once)), "%s", err.msg);
        cr_expect(imp_cutlist_all_kept(&cl));
        imp_buf_clear(&once);
    }
}

Test(heif, boxes_behind_the_image_and_bytes_that_are_none_go)
{
    static const char film[] = "\0\0\0\x10"
                               "mpvdJane Doe"
                               "\0\0\0\x10"
                               "uuidJane Doe"
                               "Jane Doe";
    for (size_t i = 0; i < SAMPLES; i++) {
        load(&samples[i]);
        cr_assert(cut(samples[i].format, imp_buf_span(&in)), "%s", err.msg);
        struct imp_buf want = out;
        out = (struct imp_buf){0};
        cr_assert(imp_buf_add(&in, film, sizeof film - 1, NULL));
        cr_assert(cut(samples[i].format, imp_buf_span(&in)), "%s", err.msg);
        cr_expect(out.n == want.n && memcmp(out.p, want.p, out.n) == 0);
        imp_buf_clear(&want);
    }
}

// Any part of a file is either refused, as the input's fault, or still without
// the name.
Test(heif, a_file_that_is_cut_short_never_leaks_nor_crashes)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        load(&samples[i]);
        for (size_t n = 0; n < in.n; n += n < 1200 ? 1 : 97) {
            struct imp_span part = {in.p, n};
            if (cut(samples[i].format, part))
                cr_expect_not(holds(samples[i].name));
            else
                cr_expect(err.code == IMP_ERR_DAMAGED ||
                              err.code == IMP_ERR_UNSUPPORTED,
                          "%zu: %s", n, err.msg);
        }
    }
}

Test(heif, a_brand_that_anybody_could_make_up_does_not_stay)
{
    load(&samples[1]);
    uint8_t *brand = memmem(in.p + 16, 32, "mif1", 4);
    cr_assert(brand);
    memcpy(brand, "Jane", 4);
    cr_assert(cut(samples[1].format, imp_buf_span(&in)), "%s", err.msg);
    cr_expect_not(holds("Jane"));
}

// ISO/IEC 23008-12 9.3.1: bit 7 of each association.
static void make_nothing_essential(void)
{
    uint8_t *p = memmem(in.p, in.n, "ipma\0\0\0\0", 8);
    cr_assert(p);
    p += 8;
    uint32_t items = imp_be32(p);
    p += 4;
    for (uint32_t i = 0; i < items; i++) {
        uint8_t n = p[2];
        for (p += 3; n > 0; n--)
            *p++ &= 0x7F;
    }
}

// Found by fuzzing: it went, and the image stayed without what decodes it.
Test(heif, parameters_of_the_coder_that_are_not_of_their_form_are_damage)
{
    load(&samples[0]);
    make_nothing_essential();
    cr_assert(cut(samples[0].format, imp_buf_span(&in)), "%s", err.msg);
    uint8_t *hvcc = memmem(in.p, in.n, "hvcC", 4);
    cr_assert(hvcc);
    hvcc[4 + 22] = 255; // arrays of parameter sets, more than there are
    cr_expect_not(cut(samples[0].format, imp_buf_span(&in)));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
}

// A reader that takes the first byte of a longer one turns the picture.
Test(heif, what_turns_or_crops_and_is_not_of_its_form_is_damage)
{
    static const char *const types[] = {"irot", "imir", "clap", "pasp"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        load(&samples[0]);
        make_nothing_essential();
        uint8_t *pixi = memmem(in.p, in.n, "pixi", 4);
        cr_assert(pixi);
        memcpy(pixi, types[i], 4);
        memset(pixi + 4, 0x7F, 8);
        cr_expect_not(cut(samples[0].format, imp_buf_span(&in)));
        cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s: %s", types[i], err.msg);
    }
}

// Found by fuzzing: a derived image of 0 bytes was laid out anew as none.
Test(heif, a_derived_image_without_bytes_is_damage)
{
    // ftyp, meta: hdlr, pitm, iloc (item 1, 0 bytes), iinf (tmap), ispe, ipma.
    static const uint8_t file[] = {
        0x00, 0x00, 0x00, 0x18, 0x66, 0x74, 0x79, 0x70, 0x68, 0x65, 0x69, 0x63,
        0x00, 0x00, 0x00, 0x00, 0x6d, 0x69, 0x66, 0x31, 0x68, 0x65, 0x69, 0x63,
        0x00, 0x00, 0x00, 0xb4, 0x6d, 0x65, 0x74, 0x61, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x21, 0x68, 0x64, 0x6c, 0x72, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x70, 0x69, 0x63, 0x74, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x0e, 0x70, 0x69, 0x74, 0x6d, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
        0x00, 0x00, 0x1e, 0x69, 0x6c, 0x6f, 0x63, 0x00, 0x00, 0x00, 0x00, 0x44,
        0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
        0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x23, 0x69, 0x69, 0x6e,
        0x66, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x15, 0x69,
        0x6e, 0x66, 0x65, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x74,
        0x6d, 0x61, 0x70, 0x00, 0x00, 0x00, 0x00, 0x38, 0x69, 0x70, 0x72, 0x70,
        0x00, 0x00, 0x00, 0x1c, 0x69, 0x70, 0x63, 0x6f, 0x00, 0x00, 0x00, 0x14,
        0x69, 0x73, 0x70, 0x65, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
        0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x14, 0x69, 0x70, 0x6d, 0x61,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x01, 0x01,
    };
    cr_expect_not(cut(&imp_format_heif, (struct imp_span){file, sizeof file}));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    cr_expect(strstr(err.msg, "0 bytes of tmap"), "%s", err.msg);
}
