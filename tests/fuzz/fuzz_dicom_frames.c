/* fuzz_dicom_frames.c - any bytes as pixel data, of any syntax. What must hold:
 *   - an error says that the input is at fault;
 *   - the output is as long as the input, and differs only by zeros, and by
 *     what is inserted in place of as much;
 *   - cut again, all of it is kept, and so it is with zeros in place of what is
 *     coded;
 *   - where two threads follow coded data they find what one does.
 *
 * A DICOM file is taken as one. Else the first byte is the syntax, the second
 * one shapes the picture; then lengths of fragments, a byte each, up to a 0;
 * the rest fills them, and the last one takes what is left. */
#include "canary.h"
#include "dicom/file.h"

#include "../lib/cut_frames.h"
#include "../lib/same_cuts.h"

static bool cut_by(unsigned threads, struct imp_span in,
                   const struct imp_dcm_syntax *syntax, enum imp_check check,
                   struct imp_cutlist *cl, struct imp_err *err)
{
    bool ok = cut_frames(threads, in, syntax, check, cl, err);
    promise(ok || err->code == IMP_ERR_DAMAGED ||
                err->code == IMP_ERR_UNSUPPORTED || err->code == IMP_ERR_LIMIT,
            "an error is the input's fault");
    if (ok)
        imp_cutlist_settle(cl, in); // lengths that are written as they were
    return ok;
}

static bool cut(struct imp_span in, const struct imp_dcm_syntax *syntax,
                enum imp_check check, struct imp_cutlist *cl)
{
    static struct imp_cutlist by_two;
    struct imp_err of_one, of_two;
    bool one = cut_by(1, in, syntax, check, cl, &of_one);
    if (check != IMP_CHECK_CODED)
        return one;
    bool two = cut_by(2, in, syntax, check, &by_two, &of_two);
    promise(one == two && strcmp(of_one.msg, of_two.msg) == 0 &&
                (!one || same_cuts(cl, &by_two)),
            "two threads find what one does");
    return one;
}

// --- An object ---

static void add(struct imp_buf *b, const void *p, size_t n)
{
    promise(imp_buf_add(b, p, n, NULL), "memory");
}

static void add_us(struct imp_buf *b, uint16_t element, uint16_t v)
{
    uint8_t us[10] = {0x28, 0, 0, 0, 'U', 'S', 2, 0};
    imp_put_le16(us + 2, element);
    imp_put_le16(us + 8, v);
    add(b, us, sizeof us);
}

static void add_item(struct imp_buf *b, uint16_t element, size_t n)
{
    uint8_t item[8] = {0xFE, 0xFF};
    imp_put_le16(item + 2, element);
    imp_put_le32(item + 4, (uint32_t)n);
    add(b, item, sizeof item);
}

static void describe(struct imp_buf *b, uint8_t shape)
{
    static const char *const frames[] = {"1 ", "2 ", "3 ", "30"};
    uint8_t is[10] = {0x28, 0, 8, 0, 'I', 'S', 2, 0};
    memcpy(is + 8, frames[shape >> 5 & 3], 2);
    add_us(b, 0x02, shape & 1 ? 3 : 1);
    add(b, is, sizeof is);
    add_us(b, 0x10, 8);
    add_us(b, 0x11, shape & 2 ? 16 : 8);
    add_us(b, 0x100, shape & 4 ? 1 : shape & 8 ? 16 : 8);
}

static void add_fragments(struct imp_buf *b, const uint8_t *p, size_t n)
{
    size_t lengths = 0;
    add(b, "\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF", 12);
    while (lengths < n && p[lengths])
        lengths++;
    const uint8_t *from = p + lengths, *end = p + n;
    for (size_t i = 0; i <= lengths; i++) {
        size_t left = (size_t)(end - from), want = i < lengths ? p[i] : left;
        if (i == 0 && lengths > 0) // the table of offsets
            want = (p[0] & 3u) * 4;
        if (want > left)
            want = left;
        add_item(b, 0xE000, want);
        add(b, from, want);
        from += want;
    }
    add_item(b, 0xE0DD, 0);
}

static void add_native(struct imp_buf *b, const uint8_t *p, size_t n)
{
    uint8_t head[12] = {0xE0, 0x7F, 0x10, 0, 'O', 'W'};
    imp_put_le32(head + 8, (uint32_t)n);
    add(b, head, sizeof head);
    add(b, p, n);
}

// --- What must hold ---

static void expect_zeros_only(const struct imp_cutlist *cl, struct imp_span in,
                              struct imp_span out)
{
    // Zeros behind the last element go.
    promise(out.n <= in.n &&
                imp_span_is_zero((struct imp_span){in.p + out.n, in.n - out.n}),
            "the length stays");
    size_t at = 0;
    for (size_t i = 0; i < cl->n; i++) {
        const struct imp_cut *c = &cl->cut[i];
        size_t n = c->kind == IMP_CUT_DROP ? 0 : (size_t)c->length;
        for (size_t k = at; c->kind != IMP_CUT_INSERT && k < at + n; k++)
            promise(out.p[k] == in.p[k] || out.p[k] == 0, "zeros, and no else");
        at += n;
    }
}

static void expect_clean(struct imp_buf *out, const struct imp_dcm_syntax *s)
{
    static struct imp_cutlist cl;
    promise(cut(imp_buf_span(out), s, IMP_CHECK_STRUCTURE, &cl),
            "the output can be cut");
    promise(imp_cutlist_all_kept(&cl), "a second pass finds nothing");
    for (size_t i = 0; i < cl.n; i++)
        if (cl.cut[i].part == IMP_PART_CODED)
            memset(out->p + cl.cut[i].offset, 0, cl.cut[i].length);
    promise(cut(imp_buf_span(out), s, IMP_CHECK_AGAIN, &cl),
            "and without what is coded");
    promise(imp_cutlist_all_kept(&cl), "nor does it then");
}

static void check(struct imp_span in, const struct imp_dcm_syntax *s)
{
    static struct imp_buf out;
    static struct imp_cutlist cl;
    if (!cut(in, s, IMP_CHECK_CODED, &cl))
        return;
    promise(imp_cutlist_apply(&cl, in, &out, NULL), "memory");
    expect_zeros_only(&cl, in, imp_buf_span(&out));
    expect_clean(&out, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct imp_buf in;
    struct imp_dcm_file file;
    if (imp_dcm_file_read((struct imp_span){data, n}, &file, NULL)) {
        if (!file.syntax->deflated)
            check((struct imp_span){data + file.data_at, n - file.data_at},
                  file.syntax);
        return 0;
    }
    size_t rows = 0;
    while (imp_dcm_syntax_row(rows))
        rows++;
    const struct imp_dcm_syntax *s =
        n < 2 ? NULL : imp_dcm_syntax_row(data[0] % rows);
    if (!s || !s->encoding.explicit_vr || s->encoding.big)
        return 0;
    in.n = 0;
    describe(&in, data[1]);
    (s->encapsulated ? add_fragments : add_native)(&in, data + 2, n - 2);
    check(imp_buf_span(&in), s);
    return 0;
}
