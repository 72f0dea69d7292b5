/* cutting.h - one image being cut, for tests of format handlers: an editor that
 * lets everything go, and what came of the last cut. */
#ifndef IMP_TESTS_CUTTING_H
#define IMP_TESTS_CUTTING_H

#include "image/format.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_cutlist cl;
static struct imp_buf out;
static struct imp_err err;

static inline bool drop(struct imp_editor *self, const struct imp_part *part,
                        struct imp_verdict *v, struct imp_err *e)
{
    (void)self, (void)part, (void)e;
    v->fate = IMP_FATE_DROP;
    return true;
}

/* What an editor does: a `decide` of struct imp_editor. */
typedef bool decide_fn(struct imp_editor *self, const struct imp_part *part,
                       struct imp_verdict *v, struct imp_err *e);

/* On true `out` is the output. */
static inline bool cut_by(decide_fn *decide, const struct imp_format *format,
                          struct imp_span in, enum imp_check check)
{
    struct imp_editor editor = {decide};
    struct imp_job_image img = {
        .editor = &editor, .limits = {1 << 24, 1 << 24}, .check = check};
    err = (struct imp_err){0};
    if (!imp_format_cut(format, in, &img, &cl, &err))
        return false;
    cr_assert(imp_cutlist_apply(&cl, in, &out, &err));
    return true;
}

static inline bool cut_as(const struct imp_format *format, struct imp_span in)
{
    return cut_by(drop, format, in, IMP_CHECK_CODED);
}

/* Is what came out all kept when it is cut again? */
static inline void expect_fixed_point(const struct imp_format *format)
{
    struct imp_buf once = out;
    out = (struct imp_buf){0};
    cr_assert(cut_as(format, imp_buf_span(&once)), "%s", err.msg);
    cr_expect(imp_cutlist_all_kept(&cl), "a second pass changes it");
    imp_buf_clear(&once);
}

static inline bool holds(const char *word)
{
    return memmem(out.p, out.n, word, strlen(word)) != NULL;
}

static inline void clear_cutting(void)
{
    imp_cutlist_clear(&cl);
    imp_buf_clear(&out);
}

#endif
