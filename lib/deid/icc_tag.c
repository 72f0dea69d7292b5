#include "deid/icc_tag.h"

#include <string.h>

// Sections are those of ISO 15076-1:2010 (ICC.1:2010), 10.

static bool damaged(struct imp_err *err, const char *type)
{
    return imp_fail(err, IMP_ERR_DAMAGED, "ICC: %s breaks its type's rules",
                    type);
}

static bool pad4(struct imp_buf *out, struct imp_err *err)
{
    static const uint8_t zeros[4];
    return imp_buf_add(out, zeros, -out->n & 3, err);
}

// Every type starts with its signature and four reserved bytes.
static bool add_type(struct imp_buf *out, const char *type, struct imp_err *err)
{
    return imp_buf_add(out, type, 4, err) && imp_buf_add(out, "\0\0\0", 4, err);
}

static bool add_part(struct imp_buf *out, struct imp_span in, size_t at,
                     size_t n, const char *type, struct imp_err *err)
{
    struct imp_span part;
    if (!imp_span_sub(in, at, n, &part))
        return damaged(err, type);
    return imp_buf_add(out, part.p, part.n, err);
}

// `n` s15Fixed16Numbers. All that a profile states lie well within 256: colours
// and matrices around 1, gammas below 5, scales of the curves of perceptual
// tables up to 140 (sRGB_v4_ICC_preference).
static bool add_fixed(struct imp_buf *out, struct imp_span in, size_t at,
                      size_t n, const char *type, struct imp_err *err)
{
    const int32_t limit = 256 * 65536;
    struct imp_span part;
    if (!imp_span_sub(in, at, 4 * n, &part))
        return damaged(err, type);
    for (size_t i = 0; i < n; i++) {
        int32_t v = (int32_t)imp_be32(part.p + 4 * i);
        if (v <= -limit || v >= limit)
            return damaged(err, type);
    }
    return imp_buf_add(out, part.p, part.n, err);
}

// 10.27, first colour only: a tag has one.
bool imp_icc_pack_xyz(struct imp_span tag, struct imp_icc_shape shape,
                      struct imp_buf *out, struct imp_err *err)
{
    (void)shape;
    if (!imp_span_starts(tag, "XYZ ", 4))
        return damaged(err, "XYZ");
    return add_type(out, "XYZ ", err) && add_fixed(out, tag, 8, 3, "XYZ", err);
}

// 10.18, for chromaticAdaptationTag: nine numbers.
bool imp_icc_pack_matrix(struct imp_span tag, struct imp_icc_shape shape,
                         struct imp_buf *out, struct imp_err *err)
{
    (void)shape;
    if (!imp_span_starts(tag, "sf32", 4))
        return damaged(err, "sf32");
    return add_type(out, "sf32", err) && add_fixed(out, tag, 8, 9, "sf32", err);
}

// ICC.1:2022 10.3: code points of ITU-T H.273, with room for newer ones.
bool imp_icc_pack_cicp(struct imp_span tag, struct imp_icc_shape shape,
                       struct imp_buf *out, struct imp_err *err)
{
    (void)shape;
    const uint8_t most[4] = {31, 31, 31, 1};
    if (tag.n < 12 || !imp_span_starts(tag, "cicp", 4))
        return damaged(err, "cicp");
    for (size_t i = 0; i < sizeof most; i++)
        if (tag.p[8 + i] > most[i])
            return damaged(err, "cicp");
    return add_type(out, "cicp", err) && add_part(out, tag, 8, 4, "cicp", err);
}

// --- Curves ---

// 10.5: a count, then as many 16-bit numbers.
static bool add_curv(struct imp_span in, struct imp_buf *out, size_t *used,
                     struct imp_err *err)
{
    if (in.n < 12)
        return damaged(err, "curv");
    uint32_t n = imp_be32(in.p + 8);
    if (n > (in.n - 12) / 2)
        return damaged(err, "curv");
    *used = 12 + (size_t)n * 2;
    return add_type(out, "curv", err) &&
           add_part(out, in, 8, *used - 8, "curv", err);
}

// 10.15: which function, then its parameters.
static bool add_para(struct imp_span in, struct imp_buf *out, size_t *used,
                     struct imp_err *err)
{
    static const uint8_t params[] = {1, 3, 4, 5, 7};
    if (in.n < 12 || imp_be16(in.p + 8) >= sizeof params)
        return damaged(err, "para");
    const uint8_t function[4] = {0, in.p[9], 0, 0};
    size_t n = params[in.p[9]];
    *used = 12 + n * 4;
    return add_type(out, "para", err) &&
           imp_buf_add(out, function, sizeof function, err) &&
           add_fixed(out, in, 12, n, "para", err);
}

// One curve at the start of `in`; `*used` is its length there, unpadded.
static bool add_curve(struct imp_span in, struct imp_buf *out, size_t *used,
                      struct imp_err *err)
{
    bool ok;
    if (imp_span_starts(in, "curv", 4))
        ok = add_curv(in, out, used, err);
    else if (imp_span_starts(in, "para", 4))
        ok = add_para(in, out, used, err);
    else
        return damaged(err, "curve");
    return ok && pad4(out, err);
}

bool imp_icc_pack_curve(struct imp_span tag, struct imp_icc_shape shape,
                        struct imp_buf *out, struct imp_err *err)
{
    (void)shape;
    size_t used;
    return add_curve(tag, out, &used, err);
}

// `n` curves one after the other, each from a multiple of four.
static bool add_curves(struct imp_span tag, size_t at, unsigned n,
                       struct imp_buf *out, struct imp_err *err)
{
    for (unsigned i = 0; i < n; i++) {
        struct imp_span rest;
        size_t used;
        if (at > tag.n || !imp_span_sub(tag, at, tag.n - at, &rest))
            return damaged(err, "curve");
        if (!add_curve(rest, out, &used, err))
            return false;
        at += (used + 3) & ~(size_t)3;
    }
    return true;
}

// --- Tables ---

// How many numbers a table of `in` inputs with `grid[i]` points each and `out`
// outputs has; false if more than `most`.
static bool count_nodes(const uint8_t *grid, unsigned in, unsigned out,
                        size_t most, size_t *nodes)
{
    uint64_t n = out;
    for (unsigned i = 0; i < in; i++) {
        if (grid[i] < 2 || !imp_mul_u64(n, grid[i], &n) || n > most)
            return false;
    }
    *nodes = (size_t)n;
    return true;
}

// 10.10 and 10.11: matrix, input tables, colour table, output tables.
static bool add_lut_fixed(struct imp_span tag, unsigned in, unsigned out_n,
                          struct imp_buf *out, struct imp_err *err)
{
    bool wide = tag.p[3] == '2';
    const char *type = wide ? "mft2" : "mft1";
    size_t width = wide ? 2 : 1, head = wide ? 52 : 48;
    size_t in_table = 256, out_table = 256, nodes;
    if (tag.n < head || tag.p[8] != in || tag.p[9] != out_n)
        return damaged(err, type);
    if (wide) {
        in_table = imp_be16(tag.p + 48);
        out_table = imp_be16(tag.p + 50);
        if (in_table < 2 || in_table > 4096 || out_table < 2 ||
            out_table > 4096)
            return damaged(err, type);
    }
    uint8_t grid[16];
    memset(grid, tag.p[10], sizeof grid);
    if (!count_nodes(grid, in, out_n, tag.n, &nodes))
        return damaged(err, type);
    nodes += in_table * in + out_table * out_n;

    const uint8_t dims[4] = {tag.p[8], tag.p[9], tag.p[10], 0};
    return add_type(out, type, err) &&
           imp_buf_add(out, dims, sizeof dims, err) &&
           add_fixed(out, tag, 12, 9, type, err) &&
           add_part(out, tag, 48, head - 48 + nodes * width, type, err) &&
           pad4(out, err);
}

// 10.12.4: 16 bytes of grid points, the width of a number, the numbers.
static bool add_clut(struct imp_span tag, size_t at, unsigned in,
                     unsigned out_n, struct imp_buf *out, struct imp_err *err)
{
    struct imp_span head;
    size_t nodes;
    if (!imp_span_sub(tag, at, 20, &head) ||
        (head.p[16] != 1 && head.p[16] != 2) ||
        !count_nodes(head.p, in, out_n, tag.n, &nodes))
        return damaged(err, "CLUT");
    uint8_t fresh[20] = {0};
    memcpy(fresh, head.p, in);
    fresh[16] = head.p[16];
    return imp_buf_add(out, fresh, sizeof fresh, err) &&
           add_part(out, tag, at + 20, nodes * head.p[16], "CLUT", err) &&
           pad4(out, err);
}

// The elements of lutAToBType and lutBToAType in the order of their offsets
// (10.12.1): curves B, matrix, curves M, colour table, curves A.
enum element { B, MATRIX, M, CLUT, A, ELEMENTS };
#define LUT_HEAD 32

// Which of them are there must be one of the four combinations that the
// standard draws; without a colour table the channels are the same in number.
static bool combination_ok(const uint32_t at[ELEMENTS], unsigned in,
                           unsigned out_n)
{
    bool table = at[CLUT] != 0, matrix = at[MATRIX] != 0;
    if (!at[B] || (at[A] != 0) != table || (at[M] != 0) != matrix)
        return false;
    return table || in == out_n;
}

static bool add_element(struct imp_span tag, enum element e, size_t at,
                        unsigned in, unsigned out_n, bool a2b,
                        struct imp_buf *out, struct imp_err *err)
{
    switch (e) {
    case MATRIX:
        return add_fixed(out, tag, at, 12, "matrix", err);
    case CLUT:
        return add_clut(tag, at, in, out_n, out, err);
    case A: // on the device's side
        return add_curves(tag, at, a2b ? in : out_n, out, err);
    case B: // on the connection space's side, as M
    case M:
    default:
        return add_curves(tag, at, a2b ? out_n : in, out, err);
    }
}

// If the element just added, from `fresh` on, equals an earlier one, take it
// back and use that: elements may share their bytes.
static size_t share(struct imp_buf *out, const size_t *earlier, int n_earlier,
                    size_t fresh)
{
    size_t n = out->n - fresh;
    for (int i = 0; i < n_earlier; i++) {
        size_t at = earlier[i];
        if (n <= fresh - at && memcmp(out->p + at, out->p + fresh, n) == 0) {
            out->n = fresh;
            return at;
        }
    }
    return fresh;
}

// 10.12 and 10.13.
static bool add_lut(struct imp_span tag, unsigned in, unsigned out_n, bool a2b,
                    struct imp_buf *out, struct imp_err *err)
{
    const char *type = a2b ? "mAB " : "mBA ";
    uint32_t at[ELEMENTS];
    if (tag.n < LUT_HEAD || tag.p[8] != in || tag.p[9] != out_n)
        return damaged(err, type);
    for (int e = 0; e < ELEMENTS; e++)
        at[e] = imp_be32(tag.p + 12 + 4 * e);
    if (!combination_ok(at, in, out_n))
        return damaged(err, type);

    size_t start = out->n;
    uint8_t head[LUT_HEAD] = {0};
    memcpy(head, type, 4);
    head[8] = tag.p[8];
    head[9] = tag.p[9];
    if (!imp_buf_add(out, head, sizeof head, err))
        return false;
    size_t placed[ELEMENTS];
    int n_placed = 0;
    for (int e = 0; e < ELEMENTS; e++) {
        size_t fresh = out->n;
        if (!at[e])
            continue;
        if (!add_element(tag, (enum element)e, at[e], in, out_n, a2b, out, err))
            return false;
        fresh = share(out, placed, n_placed, fresh);
        placed[n_placed++] = fresh;
        imp_put_be32(out->p + start + 12 + 4 * e, (uint32_t)(fresh - start));
    }
    return true;
}

bool imp_icc_pack_a2b(struct imp_span tag, struct imp_icc_shape shape,
                      struct imp_buf *out, struct imp_err *err)
{
    if (imp_span_starts(tag, "mft1", 4) || imp_span_starts(tag, "mft2", 4))
        return add_lut_fixed(tag, shape.device, shape.pcs, out, err);
    if (imp_span_starts(tag, "mAB ", 4))
        return add_lut(tag, shape.device, shape.pcs, true, out, err);
    return damaged(err, "AToB");
}

bool imp_icc_pack_b2a(struct imp_span tag, struct imp_icc_shape shape,
                      struct imp_buf *out, struct imp_err *err)
{
    if (imp_span_starts(tag, "mft1", 4) || imp_span_starts(tag, "mft2", 4))
        return add_lut_fixed(tag, shape.pcs, shape.device, out, err);
    if (imp_span_starts(tag, "mBA ", 4))
        return add_lut(tag, shape.pcs, shape.device, false, out, err);
    return damaged(err, "BToA");
}
