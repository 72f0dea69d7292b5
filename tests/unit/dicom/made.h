/* made.h - data sets made by hand, and what the reader says of them as text. */
#ifndef IMP_TEST_DICOM_MADE_H
#define IMP_TEST_DICOM_MADE_H

#include "dicom/reader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define UNDEFINED IMP_DCM_UNDEFINED

static struct {
    uint8_t p[1 << 17];
    size_t n;
    struct imp_dcm_encoding how;
} made;

static inline struct imp_span made_span(void)
{
    return (struct imp_span){made.p, made.n};
}

static inline void raw(const void *bytes, size_t n)
{
    cr_assert_leq(n, sizeof made.p - made.n);
    memcpy(made.p + made.n, bytes, n);
    made.n += n;
}

static inline void u16(uint16_t v)
{
    uint8_t b[2];
    if (made.how.big)
        imp_put_be16(b, v);
    else
        imp_put_le16(b, v);
    raw(b, 2);
}

static inline void u32(uint32_t v)
{
    uint8_t b[4];
    if (made.how.big)
        imp_put_be32(b, v);
    else
        imp_put_le32(b, v);
    raw(b, 4);
}

static inline void tag(uint32_t t)
{
    u16((uint16_t)(t >> 16));
    u16((uint16_t)t);
}

/* A header; `vr` is not written in implicit VR and for items. */
static inline void head(uint32_t t, const char *vr, uint32_t length)
{
    tag(t);
    if (!made.how.explicit_vr || t >> 16 == 0xFFFE) {
        u32(length);
        return;
    }
    raw(vr, 2);
    if (strstr("OB OD OF OL OV OW SQ SV UC UN UR UT UV", vr)) {
        u16(0);
        u32(length);
    } else {
        u16((uint16_t)length);
    }
}

static inline void el(uint32_t t, const char *vr, const char *text)
{
    head(t, vr, (uint32_t)strlen(text));
    raw(text, strlen(text));
}

static inline void item(uint32_t length)
{
    head(IMP_DCM_ITEM, "", length);
}

static inline void item_end(void)
{
    head(IMP_DCM_ITEM_END, "", 0);
}

static inline void sequence_end(void)
{
    head(IMP_DCM_SEQUENCE_END, "", 0);
}

/* Begin with a length to be filled in by `fit`, given what this returns. */
static inline size_t begin(uint32_t t, const char *vr)
{
    head(t, vr, 0);
    return made.n;
}

static inline void fit(size_t value_at)
{
    uint32_t n = (uint32_t)(made.n - value_at);
    if (made.how.big)
        imp_put_be32(made.p + value_at - 4, n);
    else
        imp_put_le32(made.p + value_at - 4, n);
}

static inline void start(bool explicit_vr, bool big)
{
    made.n = 0;
    made.how = (struct imp_dcm_encoding){explicit_vr, big};
}

static char said[1 << 20];
static struct imp_err why;

static inline void say(const struct imp_dcm_reader *r,
                       const struct imp_dcm_event *e)
{
    static const char *const names[] = {"",       "{",     "}", "[",     "]",
                                        "pixels", "piece", "/", "zeros", "end"};
    char path[IMP_DCM_PATH_MAX];
    size_t n = strlen(said);
    cr_assert_lt(n, sizeof said - 2 * sizeof path);
    imp_dcm_path(r, path);
    n += (size_t)snprintf(said + n, sizeof said - n, "%s%s%s", names[e->kind],
                          *path && *names[e->kind] ? " " : "", path);
    if (e->kind == IMP_DCM_ELEMENT || e->kind == IMP_DCM_SEQUENCE_BEGIN ||
        e->kind == IMP_DCM_PIXELS_BEGIN)
        n += (size_t)snprintf(said + n, sizeof said - n, " %s/%s",
                              imp_dcm_vr_info(e->vr)->name,
                              imp_dcm_vr_info(e->written)->name);
    snprintf(said + n, sizeof said - n, " %u+%u%s%s%s%s\n", (unsigned)e->header,
             (unsigned)e->value,
             e->flags & IMP_DCM_DUPLICATE ? " duplicate" : "",
             e->flags & IMP_DCM_DESCENDING ? " descending" : "",
             e->flags & IMP_DCM_ODD ? " odd" : "",
             e->flags & IMP_DCM_DISGUISED ? " disguised" : "");
}

/* Read all of what was made into `said`; false with `why`. */
static inline bool read_made(void)
{
    static struct imp_dcm_reader r;
    struct imp_dcm_event e;
    uint64_t at = 0;
    *said = 0;
    why = (struct imp_err){0};
    imp_dcm_reader_start(&r, made_span(), 0, made.n, made.how);
    do {
        if (!imp_dcm_next(&r, &e, &why)) {
            // The end is the end.
            struct imp_err again = {0};
            cr_expect(!imp_dcm_next(&r, &e, &again));
            cr_expect_str_eq(again.msg, why.msg);
            return false;
        }
        cr_expect_eq(e.at, at, "events leave no gap");
        at = e.at + e.header + e.value;
        if (e.kind != IMP_DCM_END)
            say(&r, &e);
    } while (e.kind != IMP_DCM_END);
    cr_expect_eq(at, made.n, "every byte is spoken for");
    cr_expect_eq(e.depth, 0);
    cr_expect(imp_dcm_next(&r, &e, &why) && e.kind == IMP_DCM_END);
    return true;
}

static inline void expect_said(const char *want)
{
    cr_expect(read_made(), "%s", why.msg);
    cr_expect_str_eq(said, want, "\n%s", said);
}

static inline void expect_why(enum imp_code code, const char *want)
{
    cr_expect(!read_made(), "%s", said);
    cr_expect_eq(why.code, code);
    cr_expect_str_eq(why.msg, want, "%s", why.msg);
}

static inline void expect_damaged(const char *want)
{
    expect_why(IMP_ERR_DAMAGED, want);
}

#endif
