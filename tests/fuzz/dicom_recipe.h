/* dicom_recipe.h - a DICOM file by a recipe, which any bytes are: its elements
 * are in order and its lengths fit, so that mutations reach beyond the reader.
 *
 * The first byte is the encoding. Then come elements: a byte that says how its
 * tag is told, how its VR, and its value; what these want; or the end of the
 * sequence that is open. Identity that is planted is at hand as a value, and
 * stands where the recipe says nothing else. */
#ifndef IMP_FUZZ_DICOM_RECIPE_H
#define IMP_FUZZ_DICOM_RECIPE_H

#include "canary.h"
#include "deid/dicom_profile.h"
#include "dicom/dict.h"
#include "dicom/write.h"
#include "image/dicom_meta.h"

#include <zlib.h>

#define RECIPE_NAME "QZFAMILY"
#define RECIPE_NUMBER "QZ4711932"
#define RECIPE_INSTANCE "1.3.6.1.4.1.99999.4711"
#define RECIPE_OWNER "FUZZ OWNER"
#define RECIPE_CODE "S-0042" // of the subject

enum { RECIPE_DEPTH = 8, RECIPE_ELEMENTS = 96 };

struct recipe {
    struct imp_span rest;
    struct imp_dcm_encoding how;
};

/* The elements of a level: each in `bytes`, from `at` on. */
struct recipe_level {
    struct imp_buf bytes;
    struct recipe_element {
        uint32_t tag;
        size_t at, n;
    } element[RECIPE_ELEMENTS];
    size_t n;
};

static inline uint8_t recipe_byte(struct recipe *r)
{
    if (!r->rest.n)
        return 0;
    r->rest.n--;
    return *r->rest.p++;
}

static inline uint32_t recipe_short(struct recipe *r)
{
    uint32_t low = recipe_byte(r);
    return low | (uint32_t)recipe_byte(r) << 8;
}

// --- Tags ---

static inline uint32_t recipe_of_profile(size_t i)
{
    static size_t n;
    while (imp_dicom_rule_row(n))
        n++;
    return imp_dicom_rule_row(i % n)->tag;
}

static inline uint32_t recipe_of_dictionary(size_t i)
{
    static size_t n;
    while (imp_dcm_row(n))
        n++;
    return imp_dcm_row(i % n)->tag;
}

enum { BY_PROFILE = 0, BY_DICTIONARY, BY_NUMBER, BY_USE };

static inline uint32_t recipe_tag(struct recipe *r, unsigned how)
{
    static const uint32_t used[] = {
        0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00080060, 0x00080064,
        0x00080070, 0x0008103E, 0x00081090, 0x00081115, 0x00081140, 0x00081155,
        0x00100010, 0x00100020, 0x00100030, 0x00120062, 0x00120063, 0x00120064,
        0x00190010, 0x00191001, 0x00191002, 0x00290010, 0x00291010, 0x00280002,
        0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100,
        0x00280101, 0x00280102, 0x00280103, 0x00280301, 0x00280303, 0x00282000,
        0x0040A730, 0x0040A160, 0x00700001, 0x60000010, 0x60000011, 0x60003000,
        0x7FE00010, 0x00080100, 0x00080104, 0x00400275, 0x00101002, 0x00420011};
    uint32_t n = how == BY_USE ? recipe_byte(r) : recipe_short(r);
    switch (how) {
    case BY_PROFILE:
        return recipe_of_profile(n);
    case BY_DICTIONARY:
        return recipe_of_dictionary(n);
    case BY_NUMBER:
        return n << 16 | recipe_short(r);
    default:
        return used[n % (sizeof used / sizeof *used)];
    }
}

// --- Values ---

static inline struct imp_span recipe_ready(uint8_t which)
{
    static const char *const ready[] = {
        RECIPE_NAME,
        RECIPE_NUMBER,
        RECIPE_INSTANCE,
        RECIPE_OWNER,
        RECIPE_NAME "^JANE",
        "seen by Dr. " RECIPE_NAME " at noon",
        "no " RECIPE_NUMBER "/7",
        "1.2.840.10008.5.1.4.1.1.2",
        "1.2.840.10008.5.1.4.1.1.7",
        "ISO_IR 100",
        "ISO_IR 192",
        "\\ISO 2022 IR 87",
        "GB18030",
        "YES",
        "NO",
        "REMOVED",
        "MODIFIED",
        "19700101",
        "19991231-20000101",
        "20240229101500.123456+0130",
        "101500.5",
        "045Y",
        "12",
        "1.5e3\\-2",
        "2.25.1",
        "MONOCHROME2",
        RECIPE_CODE,
        "\x01",
        "\x08",
        "\x10",
    };
    const char *text = ready[which % (sizeof ready / sizeof *ready)];
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

// As many bytes as the next one says.
static inline struct imp_span recipe_literal(struct recipe *r)
{
    size_t n = recipe_byte(r);
    struct imp_span v = {r->rest.p, n < r->rest.n ? n : r->rest.n};
    r->rest.p += v.n;
    r->rest.n -= v.n;
    return v;
}

// --- VRs ---

static inline enum imp_dcm_vr recipe_known_vr(uint32_t tag)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(tag);
    if (!a || a->vr == IMP_DCM_NONE)
        return IMP_DCM_UN;
    if (a->vr < IMP_DCM_OB_OW)
        return (enum imp_dcm_vr)a->vr;
    return a->vr == IMP_DCM_US_SS ? IMP_DCM_US : IMP_DCM_OW;
}

// --- Levels ---

static inline bool recipe_has(const struct recipe_level *l, uint32_t tag)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->element[i].tag == tag)
            return true;
    return false;
}

static inline void recipe_put(struct recipe_level *l,
                              struct imp_dcm_encoding how, uint32_t tag,
                              enum imp_dcm_vr vr, struct imp_span value)
{
    size_t at = l->bytes.n;
    if (l->n == RECIPE_ELEMENTS || recipe_has(l, tag))
        return;
    if (imp_dcm_put(&l->bytes, how, tag, vr, value, NULL))
        l->element[l->n++] = (struct recipe_element){tag, at, l->bytes.n - at};
    else
        l->bytes.n = at;
}

static inline int recipe_compare(const void *a, const void *b)
{
    const struct recipe_element *x = a, *y = b;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

static inline void recipe_close(struct recipe_level *l, struct imp_buf *out)
{
    qsort(l->element, l->n, sizeof *l->element, recipe_compare);
    for (size_t i = 0; i < l->n; i++)
        promise(imp_buf_add(out, l->bytes.p + l->element[i].at, l->element[i].n,
                            NULL),
                "memory");
    imp_buf_clear(&l->bytes);
}

enum { LITERAL = 0, READY, ITEMS, CLOSE };

static inline void recipe_fill(struct recipe *r, struct recipe_level *l,
                               unsigned depth);

// Items until the sequence is closed; in UN they are implicit little endian.
static inline void recipe_items(struct recipe *r, struct recipe_level *l,
                                uint32_t tag, enum imp_dcm_vr vr,
                                unsigned depth)
{
    const struct imp_dcm_encoding outer = r->how;
    struct imp_buf elements = {0}, items = {0};
    struct recipe_level inner = {{0}};
    if (vr == IMP_DCM_UN)
        r->how = (struct imp_dcm_encoding){0};
    recipe_fill(r, &inner, depth + 1);
    recipe_close(&inner, &elements);
    promise(imp_dcm_put_item(&items, r->how, imp_buf_span(&elements), NULL),
            "an item");
    r->how = outer;
    recipe_put(l, outer, tag, vr, imp_buf_span(&items));
    imp_buf_clear(&items);
    imp_buf_clear(&elements);
}

static inline void recipe_fill(struct recipe *r, struct recipe_level *l,
                               unsigned depth)
{
    while (r->rest.n) {
        uint8_t how = recipe_byte(r);
        unsigned value = how >> 2 & 3;
        if (value == CLOSE) {
            if (depth)
                return;
            continue;
        }
        uint32_t tag = recipe_tag(r, how & 3);
        enum imp_dcm_vr vr = recipe_known_vr(tag);
        if (how & 0x10)
            vr = (enum imp_dcm_vr)(1 + recipe_byte(r) % (IMP_DCM_OB_OW - 1));
        if (how & 0x20)
            vr = IMP_DCM_UN;
        if (value == ITEMS && depth < RECIPE_DEPTH)
            recipe_items(r, l, tag, how & 0x20 ? IMP_DCM_UN : IMP_DCM_SQ,
                         depth);
        else
            recipe_put(l, r->how, tag, vr,
                       value == READY ? recipe_ready(recipe_byte(r))
                                      : recipe_literal(r));
    }
}

// --- Files ---

static inline void recipe_add_rest(struct recipe_level *l,
                                   struct imp_dcm_encoding how)
{
    static const struct {
        uint32_t tag;
        enum imp_dcm_vr vr;
        const char *text;
    } rest[] = {
        {0x00080016, IMP_DCM_UI, "1.2.840.10008.5.1.4.1.1.2"},
        {0x00080018, IMP_DCM_UI, RECIPE_INSTANCE},
        {0x00100010, IMP_DCM_PN, RECIPE_NAME "^JANE"},
        {0x00100020, IMP_DCM_LO, RECIPE_NUMBER},
        {0x0020000D, IMP_DCM_UI, RECIPE_INSTANCE ".1"},
        {0x0020000E, IMP_DCM_UI, RECIPE_INSTANCE ".2"},
    };
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        recipe_put(l, how, rest[i].tag, rest[i].vr,
                   (struct imp_span){(const uint8_t *)rest[i].text,
                                     strlen(rest[i].text)});
}

static inline bool recipe_deflate(struct imp_buf *data)
{
    static uint8_t out[1 << 17];
    z_stream z = {.next_in = data->p,
                  .avail_in = (uInt)data->n,
                  .next_out = out,
                  .avail_out = sizeof out};
    promise(deflateInit2(&z, 1, Z_DEFLATED, -MAX_WBITS, 8,
                         Z_DEFAULT_STRATEGY) == Z_OK,
            "memory");
    bool ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
    data->n = 0;
    ok = ok && imp_buf_add(data, out, sizeof out - z.avail_out, NULL);
    deflateEnd(&z);
    return ok;
}

/* The file, in `out`; false if it has become too large. */
static inline bool recipe_make(struct imp_span bytes, struct imp_buf *out)
{
    static const struct {
        const char *uid;
        struct imp_dcm_encoding how;
    } syntaxes[] = {{"1.2.840.10008.1.2.1", {true, false}},
                    {"1.2.840.10008.1.2", {false, false}},
                    {"1.2.840.10008.1.2.2", {true, true}},
                    {"1.2.840.10008.1.2.1.99", {true, false}}};
    struct recipe r = {.rest = bytes};
    struct recipe_level top = {{0}};
    struct imp_buf data = {0};
    unsigned which = recipe_byte(&r) & 3;
    r.how = syntaxes[which].how;
    recipe_fill(&r, &top, 0);
    recipe_add_rest(&top, r.how);
    recipe_close(&top, &data);
    const struct imp_dicom_meta meta = {"1.2.840.10008.5.1.4.1.1.2",
                                        RECIPE_INSTANCE, syntaxes[which].uid};
    out->n = 0;
    bool ok = (which < 3 || recipe_deflate(&data)) &&
              imp_dicom_meta_put(out, &meta, NULL) &&
              imp_buf_add(out, data.p, data.n, NULL);
    imp_buf_clear(&data);
    return ok;
}

#endif
