/* redacted.h - small DICOM objects, and rectangles of them blacked out. */
#ifndef IMP_TESTS_MARK_REDACTED_H
#define IMP_TESTS_MARK_REDACTED_H

#include "mark/redact.h"
#include "objects.h"

static struct imp_dicom_patches redaction;

static inline void clear_redacted(void)
{
    imp_dicom_patches_clear(&redaction);
    clear_objects();
}

/* Cut what was made, black out the rectangles, and put the patches in. */
static inline bool redact(const char *uid, const struct imp_rect *rect,
                          size_t n)
{
    struct imp_dcm_image image;
    cut_made(&image, uid);
    if (!imp_redact(&redaction, made_span(), 0, &image, rect, n, &o.err))
        return false;
    cr_assert(imp_cutlist_patch(&o.drawn, &o.cuts, redaction.patch, redaction.n,
                                "redacted", &o.err),
              "%s", o.err.msg);
    cr_assert(imp_cutlist_apply(&o.drawn, made_span(), &o.out, &o.err));
    return true;
}
#define RECTS(...)                                       \
    (const struct imp_rect[]){__VA_ARGS__},              \
        sizeof((const struct imp_rect[]){__VA_ARGS__}) / \
            sizeof(struct imp_rect)

static inline void expect_refused(const char *uid, struct imp_rect rect,
                                  enum imp_code code, const char *want)
{
    cr_expect_not(redact(uid, &rect, 1), "%s", want);
    cr_expect_eq(o.err.code, code, "%s", o.err.msg);
    cr_expect(strstr(o.err.msg, want), "%s, want %s", o.err.msg, want);
}

#endif
