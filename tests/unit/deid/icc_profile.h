/* icc_profile.h - ICC profiles for tests, laid down tag by tag, and what is
 * made of them. */
#ifndef IMP_TESTS_ICC_PROFILE_H
#define IMP_TESTS_ICC_PROFILE_H

#include "deid/icc.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define CANARY "CANARY-Jane-Doe-19700101"

// A profile under construction: tags are laid down one after the other.
struct profile {
    uint8_t p[300000];
    size_t n;
    unsigned tags, room; // entries used, entries there is room for
};

static inline void header(struct profile *f, uint8_t major, const char *class,
                          const char *space, const char *pcs)
{
    memset(f, 0, sizeof *f);
    f->room = 24;
    f->n = 132 + 12 * f->room;
    memcpy(f->p + 4, "JANE", 4); // preferred CMM
    f->p[8] = major;
    f->p[9] = 0x20;
    memcpy(f->p + 12, class, 4);
    memcpy(f->p + 16, space, 4);
    memcpy(f->p + 20, pcs, 4);
    imp_put_be16(f->p + 24, 1970); // creation: a birthday
    memcpy(f->p + 36, "acsp", 4);
    memcpy(f->p + 40, "APPL", 4);
    f->p[47] = 1;                              // flags
    memcpy(f->p + 48, "DOE DOE DOE DOE ", 16); // device
    f->p[67] = 1;                              // relative colorimetric
    imp_put_be32(f->p + 68, 0xf6d5);           // nearly D50
    memcpy(f->p + 80, "JANE", 4);              // creator
    memset(f->p + 84, 0xaa, 16);               // profile id
    memcpy(f->p + 100, CANARY, sizeof CANARY); // reserved
}

// Name a stretch of bytes as a tag.
static inline void name_tag(struct profile *f, const char *sig, size_t at,
                            size_t n)
{
    uint8_t *entry = f->p + 132 + 12 * f->tags++;
    memcpy(entry, sig, 4);
    imp_put_be32(entry + 4, (uint32_t)at);
    imp_put_be32(entry + 8, (uint32_t)n);
}

static inline size_t add(struct profile *f, const char *sig, const void *bytes,
                         size_t n)
{
    size_t at = f->n;
    memcpy(f->p + at, bytes, n);
    f->n = at + ((n + 3) & ~(size_t)3);
    name_tag(f, sig, at, n);
    return at;
}

static inline void add_xyz(struct profile *f, const char *sig, uint32_t x,
                           uint32_t y, uint32_t z)
{
    uint8_t tag[20] = "XYZ ";
    imp_put_be32(tag + 8, x);
    imp_put_be32(tag + 12, y);
    imp_put_be32(tag + 16, z);
    add(f, sig, tag, sizeof tag);
}

static inline void add_gamma(struct profile *f, const char *sig)
{
    add(f, sig, "curv\0\0\0\0\0\0\0\1\2\x33", 14); // 2.199: 10.5
}

static inline void finish(struct profile *f)
{
    imp_put_be32(f->p, (uint32_t)f->n);
    imp_put_be32(f->p + 128, f->tags);
}

// Three primaries and three curves, as most profiles are made.
static inline void matrix_profile(struct profile *f, uint8_t major)
{
    header(f, major, "mntr", "RGB ", "XYZ ");
    add(f, "desc", "desc\0\0\0\0\0\0\0\31" CANARY, 37);
    add(f, "cprt", "text\0\0\0\0" CANARY, 33);
    add(f, "dmnd", "text\0\0\0\0" CANARY, 33);
    add(f, "priv", CANARY, 24);
    add_xyz(f, "wtpt", 0xf6d6, 0x10000, 0xd32d);
    add_xyz(f, "rXYZ", 0x6fa2, 0x38f5, 0x390);
    add_xyz(f, "gXYZ", 0x6299, 0xb785, 0x18da);
    add_xyz(f, "bXYZ", 0x24a0, 0xf84, 0xb6cf);
    add_gamma(f, "rTRC");
    add_gamma(f, "gTRC");
    add_gamma(f, "bTRC");
    finish(f);
}

static inline struct imp_buf rebuild(const struct profile *f)
{
    struct imp_buf out = {0};
    struct imp_err err = {0};
    // A copy of the exact size, so that a read past its end is noticed.
    uint8_t *exact = malloc(f->n);
    memcpy(exact, f->p, f->n);
    cr_assert(imp_icc_rebuild((struct imp_span){exact, f->n}, IMP_ICC_NEUTRAL,
                              &out, &err),
              "%s", err.msg);
    free(exact);
    return out;
}

static inline bool dropped(const struct profile *f)
{
    struct imp_buf out = rebuild(f);
    size_t n = out.n;
    imp_buf_clear(&out);
    return n == 0;
}

static inline struct imp_span tag_of(const struct imp_buf *out, const char *sig)
{
    struct imp_span tag = {0};
    for (size_t i = 0; i < imp_be32(out->p + 128); i++) {
        const uint8_t *entry = out->p + 132 + 12 * i;
        if (memcmp(entry, sig, 4) == 0)
            cr_assert(imp_span_sub(imp_buf_span(out), imp_be32(entry + 4),
                                   imp_be32(entry + 8), &tag));
    }
    return tag;
}

static inline void expect_stable(const struct imp_buf *out)
{
    struct imp_buf again = {0};
    struct imp_err err = {0};
    cr_assert(
        imp_icc_rebuild(imp_buf_span(out), IMP_ICC_NEUTRAL, &again, &err));
    cr_assert_eq(again.n, out->n);
    cr_expect_arr_eq(again.p, out->p, out->n);
    imp_buf_clear(&again);
}

#endif
