/* objects.h - small DICOM objects, and ink drawn on them by the way that a test
 * is about: without a marker, so that what comes out can be reckoned by hand.
 */
#ifndef IMP_TESTS_MARK_OBJECTS_H
#define IMP_TESTS_MARK_OBJECTS_H

#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"
#include "mark/dicom_internal.h"

#include "../dicom/made.h"

#define SYNTAX(suffix) "1.2.840.10008.1.2" suffix
#define IMPLICIT SYNTAX("")
#define EXPLICIT SYNTAX(".1")
#define BIG SYNTAX(".2")
#define BASELINE SYNTAX(".4.50")

static struct {
    struct imp_dicom_patches patches;
    struct imp_splicer splicer;
    struct imp_cutlist cuts, drawn;
    struct imp_buf out;
    struct imp_err err;
    const char *route;
    uint64_t overlay;
    uint32_t goes[4]; // tags, or groups as 0x60020000, that are removed
    struct imp_dicom_addition added;
} o;

static inline void clear_objects(void)
{
    imp_dicom_patches_clear(&o.patches);
    imp_splicer_clear(&o.splicer);
    imp_cutlist_clear(&o.cuts);
    imp_cutlist_clear(&o.drawn);
    imp_buf_clear(&o.out);
}

/* --- Ink, opaque and white unless it is told otherwise --- */

static struct {
    uint8_t text[64 * 64], outline[64 * 64], rgb[64 * 64 * 3];
    struct imp_ink ink;
    struct imp_spot spot[4];
    size_t n;
    struct imp_paint paint;
} pot;

/* Rows of "#" (text), "o" (outline), "+" (text that covers half), "." */
static inline void pour(uint32_t width, uint32_t height, const char *rows)
{
    memset(&pot, 0, sizeof pot);
    cr_assert_eq(strlen(rows), (size_t)width * height);
    for (size_t i = 0; rows[i]; i++) {
        pot.text[i] = rows[i] == '#' ? 255 : rows[i] == '+' ? 128 : 0;
        pot.outline[i] = rows[i] == 'o' ? 255 : 0;
    }
    pot.ink.text = (struct imp_mask){width, height, pot.text};
    pot.ink.outline = (struct imp_mask){width, height, pot.outline};
    pot.paint = (struct imp_paint){.rgb = {255, 255, 255}, .opacity = 1};
}

static inline void spot(uint32_t x, uint32_t y)
{
    pot.spot[pot.n++] = (struct imp_spot){x, y};
}

/* --- Objects --- */

static inline void us(uint32_t t, uint16_t v)
{
    head(t, "US", 2);
    u16(v);
}

struct shape {
    const char *colour;
    uint16_t rows, columns, allocated, stored;
    bool is_signed, planar;
    const char *frames;
    uint16_t high; // 0: as most have it
};

static inline void describe(struct shape s)
{
    bool three = strncmp(s.colour, "RGB", 3) == 0 || s.colour[0] == 'Y';
    us(0x00280002, three ? 3 : 1);
    el(0x00280004, "CS", s.colour);
    us(0x00280006, s.planar);
    if (s.frames)
        el(0x00280008, "IS", s.frames);
    us(0x00280010, s.rows);
    us(0x00280011, s.columns);
    us(0x00280100, s.allocated);
    us(0x00280101, s.stored);
    us(0x00280102, s.high ? s.high : (uint16_t)(s.stored - 1));
    us(0x00280103, s.is_signed);
}

static inline void pixels(const char *bytes, size_t n)
{
    head(0x7FE00010, "OW", (uint32_t)n);
    raw(bytes, n);
}
#define PIXELS(text) pixels(text, sizeof(text) - 1)

/* A file: preamble, meta group; the data set follows. */
static inline void file_of(const char *uid)
{
    start(true, false);
    for (int i = 0; i < 128; i++)
        raw("", 1);
    raw("DICM", 4);
    head(0x00020000, "UL", 4);
    u32((uint32_t)strlen(uid) + 8);
    el(0x00020010, "UI", uid);
}

static inline void keep_all_of(struct imp_cutlist *cl)
{
    imp_cutlist_start(cl, made.n);
    imp_cut_keep(cl, 0, made.n, IMP_PART_CODED, "all");
    cr_assert(imp_cutlist_finish(cl, NULL));
}

/* --- Drawing --- */

static inline bool decide(void *self, const struct imp_dcm_reader *reader,
                          const struct imp_dcm_event *event,
                          enum imp_dicom_cut *cut, struct imp_span *value,
                          struct imp_err *e)
{
    (void)self, (void)reader, (void)value, (void)e;
    *cut = IMP_DICOM_CUT_KEEP;
    for (size_t i = 0; i < 4; i++)
        if (o.goes[i] &&
            (event->tag == o.goes[i] || (event->tag & 0xFFFF0000) == o.goes[i]))
            *cut = IMP_DICOM_CUT_REMOVE;
    return true;
}

/* Cut what was made, which begins with its data set. */
static inline void cut_made(struct imp_dcm_image *image, const char *uid)
{
    static struct imp_dicom_frames frames;
    const struct imp_dicom_decider all = {.decide = decide, .frames = &frames};
    const struct imp_dcm_syntax *syntax =
        imp_dcm_syntax_of((struct imp_span){(const uint8_t *)uid, strlen(uid)});
    o.err = (struct imp_err){0};
    imp_cutlist_start(&o.cuts, made.n);
    cr_assert(imp_dcm_image_read(made_span(), 0, syntax, image, &o.err), "%s",
              o.err.msg);
    imp_dicom_frames_start(&frames, image, IMP_CHECK_STRUCTURE);
    cr_assert(imp_dicom_cut_elements(made_span(), 0, made.n, syntax->encoding,
                                     &all, &o.added, o.added.tag != 0, &o.cuts,
                                     &o.err),
              "%s", o.err.msg);
    imp_dicom_frames_end(&frames);
    cr_assert(imp_cutlist_finish(&o.cuts, &o.err));
}

static inline bool draw_by(bool (*way)(struct imp_dicom_job *job),
                           const char *uid)
{
    struct imp_dicom_job job = {
        .out = &o.patches,
        .splicer = &o.splicer,
        .in = made_span(),
        .cuts = &o.cuts,
        .drawing = {.where = {&pot.ink, pot.spot, pot.n}, .paint = pot.paint},
        .err = &o.err,
    };
    cut_made(&job.image, uid);
    imp_dicom_patches_start(&o.patches);
    if (!way(&job))
        return false;
    o.route = job.route;
    o.overlay = job.overlay;
    imp_dicom_patches_end(&o.patches);
    cr_assert(imp_cutlist_patch(&o.drawn, &o.cuts, o.patches.patch, o.patches.n,
                                "mark", &o.err),
              "%s", o.err.msg);
    cr_assert(imp_cutlist_apply(&o.drawn, made_span(), &o.out, &o.err));
    return true;
}

static inline void expect_bad(bool (*way)(struct imp_dicom_job *job),
                              const char *uid, enum imp_code code,
                              const char *want)
{
    cr_expect_not(draw_by(way, uid), "%s", want);
    cr_expect_eq(o.err.code, code, "%s", o.err.msg);
    cr_expect(strstr(o.err.msg, want), "%s, want %s", o.err.msg, want);
}

/* The last bytes of what came out are these, and all before is as it was. */
static inline void expect_tail(const char *want, size_t n)
{
    cr_assert_eq(o.out.n, made.n);
    cr_expect_eq(memcmp(o.out.p, made.p, made.n - n), 0);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(o.out.p[o.out.n - n + i], (uint8_t)want[i],
                     "byte %zu: 0x%02X, want 0x%02X", i,
                     o.out.p[o.out.n - n + i], (uint8_t)want[i]);
}
#define EXPECT_TAIL(text) expect_tail(text, sizeof(text) - 1)

#endif
