#include "dicom/image.h"

#include "dicom/reader.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

// --- Attributes ---

enum what { NUMBER, FLAG, COUNT, COLOUR };

static const struct {
    uint32_t tag;
    enum what what;
    size_t field; // of a number or a flag
} attributes[] = {
    {0x00280002, NUMBER, offsetof(struct imp_dcm_image, samples)},
    {0x00280004, COLOUR, 0},
    {0x00280006, FLAG, offsetof(struct imp_dcm_image, planar)},
    {0x00280008, COUNT, 0},
    {0x00280010, NUMBER, offsetof(struct imp_dcm_image, rows)},
    {0x00280011, NUMBER, offsetof(struct imp_dcm_image, columns)},
    {0x00280100, NUMBER, offsetof(struct imp_dcm_image, allocated)},
    {0x00280101, NUMBER, offsetof(struct imp_dcm_image, stored)},
    {0x00280102, NUMBER, offsetof(struct imp_dcm_image, high)},
    {0x00280103, FLAG, offsetof(struct imp_dcm_image, is_signed)},
    {IMP_DCM_PIXEL_DATA},
};
enum { N_ATTRIBUTES = sizeof attributes / sizeof *attributes };

static const char *const colours[] = {
    [IMP_DCM_MONOCHROME1] = "MONOCHROME1",
    [IMP_DCM_MONOCHROME2] = "MONOCHROME2",
    [IMP_DCM_PALETTE] = "PALETTE COLOR",
    [IMP_DCM_RGB] = "RGB",
    [IMP_DCM_YBR_FULL] = "YBR_FULL",
    [IMP_DCM_YBR_FULL_422] = "YBR_FULL_422",
    [IMP_DCM_YBR_PARTIAL_422] = "YBR_PARTIAL_422",
    [IMP_DCM_YBR_ICT] = "YBR_ICT",
    [IMP_DCM_YBR_RCT] = "YBR_RCT",
};

static struct imp_span trim(struct imp_span s)
{
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == 0))
        s.n--;
    while (s.n > 0 && *s.p == ' ')
        s = (struct imp_span){s.p + 1, s.n - 1};
    return s;
}

// PS3.5 6.2, IS: at most 12 characters, here more than 0.
static bool read_count(struct imp_span text, uint32_t *count)
{
    uint64_t v = 0;
    text = trim(text);
    if (text.n > 12)
        return false;
    for (size_t i = text.n > 1 && *text.p == '+'; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (text.p[i] - '0');
    }
    *count = (uint32_t)v;
    return v > 0 && v <= INT32_MAX;
}

static enum imp_dcm_colour colour_of(struct imp_span text)
{
    text = trim(text);
    for (unsigned i = 1; i < sizeof colours / sizeof *colours; i++)
        if (strlen(colours[i]) == text.n &&
            memcmp(colours[i], text.p, text.n) == 0)
            return (enum imp_dcm_colour)i;
    return IMP_DCM_OTHER_COLOUR;
}

// --- One attribute ---

struct reading {
    struct imp_dcm_reader reader;
    struct imp_dcm_image *image;
    unsigned seen; // a bit for each row of `attributes`
    struct imp_err *err;
};

static bool damaged(struct reading *r, const struct imp_dcm_event *e,
                    const char *why)
{
    return imp_dcm_fail(&r->reader, IMP_ERR_DAMAGED, e->at, r->err, "%s", why);
}

static bool take_number(struct reading *r, const struct imp_dcm_event *e,
                        unsigned row)
{
    uint8_t *field = (uint8_t *)r->image + attributes[row].field;
    const uint8_t *p = imp_dcm_value_of(r->reader.in, e).p;
    if (e->value != 2)
        return imp_dcm_fail(&r->reader, IMP_ERR_DAMAGED, e->at, r->err,
                            "length %" PRIu64 ", want 2", e->value);
    // What is written as UN is little endian: PS3.5 6.2.2.
    bool big = e->encoding.big && e->written != IMP_DCM_UN;
    uint32_t v = big ? imp_be16(p) : imp_le16(p);
    if (attributes[row].what == NUMBER) {
        memcpy(field, &v, sizeof v);
        return true;
    }
    if (v > 1)
        return imp_dcm_fail(&r->reader, IMP_ERR_DAMAGED, e->at, r->err,
                            "%" PRIu32 ", want 0 or 1", v);
    *(bool *)field = v;
    return true;
}

static bool take_value(struct reading *r, const struct imp_dcm_event *e,
                       unsigned row)
{
    static const enum imp_dcm_vr vrs[] = {[NUMBER] = IMP_DCM_US,
                                          [FLAG] = IMP_DCM_US,
                                          [COUNT] = IMP_DCM_IS,
                                          [COLOUR] = IMP_DCM_CS};
    struct imp_span value = imp_dcm_value_of(r->reader.in, e);
    if (e->vr != vrs[attributes[row].what])
        return imp_dcm_fail(&r->reader, IMP_ERR_DAMAGED, e->at, r->err,
                            "its VR is %s, want %s",
                            imp_dcm_vr_info(e->vr)->name,
                            imp_dcm_vr_info(vrs[attributes[row].what])->name);
    if (value.n == 0)
        return true;
    switch (attributes[row].what) {
    case NUMBER:
    case FLAG:
        return take_number(r, e, row);
    case COUNT:
        return read_count(value, &r->image->frames) ||
               damaged(r, e, "no number above 0");
    case COLOUR:
        r->image->colour = colour_of(value);
        break;
    }
    return true;
}

static bool take_pixels(struct reading *r, const struct imp_dcm_event *e)
{
    struct imp_dcm_image *image = r->image;
    image->pixels = true;
    image->encapsulated = e->kind == IMP_DCM_PIXELS_BEGIN;
    image->pixels_at = e->at;
    image->value_at = e->at + e->header;
    image->value = e->value;
    image->swapped = e->encoding.big && e->written == IMP_DCM_OW;
    if (e->vr != IMP_DCM_OB && e->vr != IMP_DCM_OW && e->vr != IMP_DCM_OB_OW)
        return imp_dcm_fail(&r->reader, IMP_ERR_DAMAGED, e->at, r->err,
                            "its VR is %s, want OB or OW",
                            imp_dcm_vr_info(e->vr)->name);
    if (image->encapsulated && !image->syntax->encapsulated)
        return damaged(r, e, "in fragments, which this syntax has not");
    if (!image->encapsulated && image->syntax->encapsulated)
        return damaged(r, e, "not in fragments, as this syntax has it");
    return true;
}

static bool take(struct reading *r, const struct imp_dcm_event *e)
{
    unsigned row = 0;
    if (e->depth > 0)
        return true;
    if (e->kind == IMP_DCM_FRAGMENT && e->index > 0 &&
        ++r->image->fragments > IMP_DCM_MAX_FRAGMENTS)
        return imp_dcm_fail(&r->reader, IMP_ERR_LIMIT, e->at, r->err,
                            "more than %d fragments", IMP_DCM_MAX_FRAGMENTS);
    if (e->kind != IMP_DCM_ELEMENT && e->kind != IMP_DCM_PIXELS_BEGIN &&
        e->kind != IMP_DCM_SEQUENCE_BEGIN)
        return true;
    while (row < N_ATTRIBUTES && attributes[row].tag != e->tag)
        row++;
    if (row == N_ATTRIBUTES)
        return true;
    if (r->seen & 1u << row)
        return damaged(r, e, "it is there twice");
    r->seen |= 1u << row;
    if (e->kind == IMP_DCM_SEQUENCE_BEGIN)
        return damaged(r, e, "a sequence");
    return e->tag == IMP_DCM_PIXEL_DATA ? take_pixels(r, e)
                                        : take_value(r, e, row);
}

// --- All of them ---

// What is not said, or beyond 64 bits, is 0.
static void measure(struct imp_dcm_image *image)
{
    uint64_t bits = (uint64_t)image->rows * image->columns, all;
    bool halved = image->colour == IMP_DCM_YBR_FULL_422 ||
                  image->colour == IMP_DCM_YBR_PARTIAL_422;
    uint32_t samples = halved && image->samples == 3 ? 2 : image->samples;
    if (!imp_mul_u64(bits, (uint64_t)samples * image->allocated, &bits) ||
        !imp_mul_u64(bits, image->frames, &all) || !imp_add_u64(all, 7, &all))
        return;
    image->all_size = all / 8;
    if (bits % 8 == 0 || image->frames == 1)
        image->frame_size = bits / 8 + (bits % 8 != 0);
}

bool imp_dcm_image_read(struct imp_span in, uint64_t data_at,
                        const struct imp_dcm_syntax *syntax,
                        struct imp_dcm_image *image, struct imp_err *err)
{
    struct reading r = {.image = image, .err = err};
    struct imp_dcm_event e;
    *image = (struct imp_dcm_image){.syntax = syntax, .frames = 1};
    imp_dcm_reader_start(&r.reader, in, data_at, in.n, syntax->encoding);
    do {
        if (!imp_dcm_next(&r.reader, &e, err) || !take(&r, &e))
            return false;
    } while (e.kind != IMP_DCM_END);
    if (image->encapsulated && syntax->codec != IMP_DCM_MPEG &&
        image->frames > image->fragments)
        return imp_fail_at(err, IMP_ERR_DAMAGED, image->pixels_at,
                           "(7FE0,0010) at %" PRIu64 ": %" PRIu32
                           " fragments, want %" PRIu32 " frames",
                           image->pixels_at, image->fragments, image->frames);
    measure(image);
    return true;
}

// --- Fragments and frames ---

bool imp_dcm_fragments(struct imp_span in, const struct imp_dcm_image *image,
                       struct imp_dcm_fragment *out, struct imp_err *err)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    imp_dcm_reader_start(&r, in, image->pixels_at, in.n,
                         image->syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, err))
            return false;
        if (e.kind == IMP_DCM_END || e.index > image->fragments)
            imp_bug("fragments of another object");
        if (e.kind == IMP_DCM_FRAGMENT)
            out[e.index] = (struct imp_dcm_fragment){e.at, e.length};
    } while (e.kind != IMP_DCM_PIXELS_CLOSE);
    return true;
}

static bool bad_table(const struct imp_dcm_fragment *table, const char *why,
                      struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, table->at,
                       "(7FE0,0010)[0] at %" PRIu64
                       ": the basic offset table: %s",
                       table->at, why);
}

// A.4: the offset of each frame's first fragment, from the first of all.
static bool follow_table(struct imp_span in, const struct imp_dcm_image *image,
                         const struct imp_dcm_fragment *fragment,
                         uint32_t *first, struct imp_err *err)
{
    const uint8_t *table = in.p + fragment->at + 8;
    uint32_t i = 1;
    if (fragment->length != (uint64_t)image->frames * 4)
        return bad_table(fragment, "not an offset for each frame", err);
    for (uint32_t frame = 0; frame < image->frames; frame++, i++) {
        uint64_t at = imp_le32(table + (size_t)frame * 4);
        while (i <= image->fragments && fragment[i].at - fragment[1].at < at)
            i++;
        if (i > image->fragments || fragment[i].at - fragment[1].at != at)
            return bad_table(fragment, "an offset is not that of a fragment",
                             err);
        first[frame] = i;
    }
    if (first[0] != 1)
        return bad_table(fragment, "fragments before the first frame", err);
    return true;
}

bool imp_dcm_frames(struct imp_span in, const struct imp_dcm_image *image,
                    const struct imp_dcm_fragment *fragment, uint32_t *first,
                    struct imp_err *err)
{
    bool one_each = image->fragments == image->frames;
    if (image->syntax->codec == IMP_DCM_MPEG)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "frames of a video");
    first[image->frames] = image->fragments + 1;
    if (fragment->length > 0)
        return follow_table(in, image, fragment, first, err);
    if (!one_each && image->frames != 1)
        return bad_table(fragment, "none, and more fragments than frames", err);
    for (uint32_t i = 0; i < image->frames; i++)
        first[i] = i + 1;
    return true;
}
