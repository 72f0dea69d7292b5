/* jpeg_cutting.h - JPEG files being cut, for tests of their handler: an editor
 * of fixed answers, and what came of a cut. */
#ifndef IMP_TESTS_JPEG_CUTTING_H
#define IMP_TESTS_JPEG_CUTTING_H

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

static inline bool decide(struct imp_editor *self, const struct imp_part *part,
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

static inline struct outcome run(struct imp_span in, struct fixed_editor editor,
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

static inline bool holds(const struct imp_buf *b, const char *word)
{
    return memmem(b->p, b->n, word, strlen(word)) != NULL;
}

// The output decodes without a warning to the samples that the source has.
static inline void expect_same_picture(struct imp_span in, struct imp_span out)
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

static const struct jpeg_recipe progressive = {
    .width = 80, .height = 60, .components = 3, .progressive = true};
static const struct jpeg_recipe plain = {
    .width = 50, .height = 40, .components = 3, .h = 2, .v = 2, .restart = 3};

// `in` must come out as `want`, byte for byte.
static inline void expect_cut_to(struct imp_buf *in, const struct imp_buf *want,
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

static inline struct imp_buf copy_of(const struct imp_buf *b)
{
    struct imp_buf copy = {0};
    cr_assert(imp_buf_add(&copy, b->p, b->n, NULL));
    return copy;
}

static inline void expect_refused(const struct imp_buf *j, enum imp_code code)
{
    struct outcome o =
        run(imp_buf_span(j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_expect_not(o.ok);
    cr_expect_eq(o.err.code, code, "%s", o.err.msg);
    imp_buf_clear(&o.out);
}

#endif
