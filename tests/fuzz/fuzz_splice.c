// Any bytes and any rectangle into the splice. What it does not refuse must be
// clean, and libjpeg must find every coefficient without ink on it as it was,
// and nothing new to warn of. What it leaves to libjpeg's coefficients must
// hold the same promise.
#include "../lib/coefficients.h"
#include "image/format.h"
#include "mark/recode.h"
#include "mark/splice.h"

#include <stdlib.h>
#include <string.h>

extern const struct imp_format imp_format_jpeg;

enum { MAX_PIXELS = 1 << 18 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool drop_all(struct imp_editor *self, const struct imp_part *part,
                     struct imp_verdict *out, struct imp_err *err)
{
    (void)self, (void)part, (void)err;
    *out = (struct imp_verdict){.fate = IMP_FATE_DROP};
    return true;
}

static bool cut(struct imp_span in, enum imp_check check,
                struct imp_cutlist *cl, struct imp_jpeg_map *map)
{
    struct imp_err err = {0};
    struct imp_editor editor = {drop_all};
    struct imp_job_image img = {.editor = &editor,
                                .limits = {1u << 20, MAX_PIXELS},
                                .check = check,
                                .map = map};
    return imp_format_jpeg.sniff(in) &&
           imp_format_cut(&imp_format_jpeg, in, &img, cl, &err);
}

// A rectangle inside the picture, and what is painted, told by the input.
static uint32_t next(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(*seed >> 4) * below >> 28);
}

static bool make_ink(uint32_t *seed, uint32_t width, uint32_t height,
                     struct imp_ink *ink, struct imp_spot *spot)
{
    uint32_t most_w = width < 200 ? width : 200;
    uint32_t most_h = height < 200 ? height : 200;
    uint32_t w = 1 + next(seed, most_w), h = 1 + next(seed, most_h);
    spot->x = next(seed, width - w + 1);
    spot->y = next(seed, height - h + 1);
    if (!imp_mask_init(&ink->text, w, h, NULL) ||
        !imp_mask_init(&ink->outline, w, h, NULL))
        return false;
    uint32_t holes = next(seed, 4);
    for (size_t i = 0; i < (size_t)w * h; i++) {
        ink->text.cover[i] = (uint8_t)(next(seed, 4) < holes ? 0 : 255);
        ink->outline.cover[i] = (uint8_t)next(seed, 256);
    }
    ink->text.cover[0] = 255;
    return true;
}

// Every block that has no pixel of the rectangle; returns how many others have
// changed.
static size_t require_same_outside(const struct coefficients *a,
                                   const struct coefficients *b,
                                   const struct imp_ink *ink,
                                   struct imp_spot spot)
{
    int64_t h_max = 1, v_max = 1;
    size_t changed = 0;
    require(a->n == b->n && a->width == b->width && a->height == b->height);
    for (int i = 0; i < a->n; i++) {
        h_max = a->comp[i].h > h_max ? a->comp[i].h : h_max;
        v_max = a->comp[i].v > v_max ? a->comp[i].v : v_max;
    }
    for (int i = 0; i < a->n; i++)
        for (int64_t y = 0; y < a->comp[i].shown_down; y++)
            for (int64_t x = 0; x < a->comp[i].shown_across; x++) {
                int64_t h = a->comp[i].h, v = a->comp[i].v;
                int64_t left = (8 * x * h_max) / h, top = (8 * y * v_max) / v;
                int64_t right = (8 * (x + 1) * h_max + h - 1) / h;
                int64_t bottom = (8 * (y + 1) * v_max + v - 1) / v;
                size_t at = ((size_t)y * a->comp[i].across + (size_t)x) * 64;
                bool inked = left < (int64_t)spot.x + ink->text.width &&
                             right > spot.x && bottom > spot.y &&
                             top < (int64_t)spot.y + ink->text.height;
                bool same =
                    !memcmp(a->comp[i].block + at, b->comp[i].block + at, 128);
                require(inked || same);
                changed += !same;
            }
    return changed;
}

// What is unchecked may have bytes behind its last blocks, of which libjpeg
// warns or not.
static void judge(struct imp_span clean, struct imp_span marked,
                  enum imp_check check, const struct imp_ink *ink,
                  struct imp_spot spot, bool shows)
{
    struct coefficients a = coefficients_of(clean);
    if (a.n && a.warnings == 0) {
        struct coefficients b = coefficients_of(marked);
        require(b.n && (b.warnings == 0 || check == IMP_CHECK_STRUCTURE));
        require(require_same_outside(&a, &b, ink, spot) > 0 || !shows);
        coefficients_clear(&b);
    }
    coefficients_clear(&a);
}

// What is written must be as clean as what it was made of.
static bool stays(struct imp_span marked, enum imp_check check)
{
    struct imp_cutlist again = {0};
    bool ok = cut(marked, check, &again, NULL) && imp_cutlist_all_kept(&again);
    imp_cutlist_clear(&again);
    return ok;
}

static void mark(struct imp_span in, const struct imp_cutlist *cuts,
                 const struct imp_jpeg_map *map, enum imp_check check,
                 struct imp_span clean, struct imp_inked where,
                 const struct imp_paint *paint)
{
    struct imp_splicer splicer = {0};
    struct imp_cutlist out = {0};
    struct imp_buf marked = {0};
    struct imp_err err = {0};
    enum imp_spliced r = IMP_SPLICE_NO_CODE;
    bool shows = false;
    if (map->frame && map->colour != IMP_JPEG_OTHER) {
        struct imp_jpeg_kind kind = imp_jpeg_kind_of(map);
        struct imp_jpeg_ink ink;
        imp_jpeg_ink_init(&ink, &kind, where, paint);
        r = imp_splice(&splicer, in, cuts, map, &ink, &out, &err);
        require(r != IMP_SPLICE_FAILED || strstr(err.msg, "out of range"));
        shows = imp_jpeg_ink_shows(&ink, &err);
    }
    if (r == IMP_SPLICED) {
        require(imp_cutlist_apply(&out, in, &marked, &err));
        require(stays(imp_buf_span(&marked), check));
        judge(clean, imp_buf_span(&marked), check, where.ink, where.spot[0],
              shows);
    } else if (r == IMP_SPLICE_NO_CODE &&
               imp_recode(clean, where, paint, false, &marked, &err) &&
               stays(imp_buf_span(&marked), IMP_CHECK_CODED)) {
        // Arithmetic code can hold differences that libjpeg cannot write: such
        // a file is found damaged when the cleaner checks what was made of it.
        judge(clean, imp_buf_span(&marked), IMP_CHECK_CODED, where.ink,
              where.spot[0], true);
    }
    imp_buf_clear(&marked);
    imp_cutlist_clear(&out);
    imp_splicer_clear(&splicer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct imp_span in = {data, n};
    struct imp_cutlist cuts = {0};
    struct imp_jpeg_map map = {0};
    struct imp_buf clean = {0};
    struct imp_ink ink = {0};
    struct imp_spot spot;
    struct imp_err err = {0};
    uint32_t seed = 2166136261u;
    for (size_t i = 0; i < n; i++)
        seed = (seed ^ data[i]) * 16777619u;
    struct imp_paint paint = {.opacity = 0.01 + next(&seed, 100) / 100.0};
    for (int i = 0; i < 3; i++)
        paint.rgb[i] = (uint8_t)next(&seed, 256);
    enum imp_check check =
        next(&seed, 2) ? IMP_CHECK_CODED : IMP_CHECK_STRUCTURE;
    if (cut(in, check, &cuts, &map) &&
        imp_cutlist_apply(&cuts, in, &clean, &err)) {
        struct coefficients c = coefficients_of(imp_buf_span(&clean));
        uint32_t width = map.frame ? map.frame->width : c.width;
        uint32_t height = map.frame ? map.frame->height : c.height;
        if (width && height && make_ink(&seed, width, height, &ink, &spot)) {
            struct imp_inked where = {&ink, &spot, 1};
            mark(in, &cuts, &map, check, imp_buf_span(&clean), where, &paint);
        }
        imp_ink_clear(&ink);
        coefficients_clear(&c);
    }
    imp_buf_clear(&clean);
    imp_cutlist_clear(&cuts);
    return 0;
}
