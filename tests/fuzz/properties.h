/* properties.h - what every format handler promises for any bytes at all.
 *
 * - Nothing crashes, and an error says that the input is at fault.
 * - The cuts tile the input (imp_cutlist_finish counts that anew).
 * - The output is of the same format again, and then all kept.
 * - Under an editor that drops all it is asked about, the planted word is in no
 *   part of the output that is neither coded image data nor a palette.
 */
#ifndef IMP_FUZZ_PROPERTIES_H
#define IMP_FUZZ_PROPERTIES_H

#include "canary.h"
#include "image/format.h"

struct fixed_editor {
    struct imp_editor base;
    enum imp_fate fate;
};

static bool fixed_decide(struct imp_editor *self, const struct imp_part *part,
                         struct imp_verdict *out, struct imp_err *err)
{
    (void)part, (void)err;
    *out = (struct imp_verdict){((struct fixed_editor *)self)->fate, {0}};
    return true;
}

static bool fixed_cut(const struct imp_format *fmt, struct imp_span in,
                      enum imp_fate fate, enum imp_check check,
                      struct imp_cutlist *cl)
{
    struct fixed_editor e = {{fixed_decide}, fate};
    struct imp_job_image img = {
        .editor = &e.base, .limits = {1 << 24, 1 << 22}, .check = check};
    struct imp_err err = {0};
    if (imp_format_cut(fmt, in, &img, cl, &err))
        return true;
    if (err.code != IMP_ERR_DAMAGED && err.code != IMP_ERR_UNSUPPORTED &&
        err.code != IMP_ERR_LIMIT)
        fprintf(stderr, "%s\n", err.msg);
    promise(err.code == IMP_ERR_DAMAGED || err.code == IMP_ERR_UNSUPPORTED ||
                err.code == IMP_ERR_LIMIT,
            "an error is the input's fault");
    return false;
}

// Colours may be any numbers.
static inline bool is_palette(const char *what)
{
    return strstr(what, "colour table") || strstr(what, "ColorMap") ||
           strstr(what, "PLTE") || strstr(what, "tRNS");
}

// The parts of `out` as a list that keeps all of it names them.
static inline void expect_no_canary(const struct imp_cutlist *cl,
                                    struct imp_span out)
{
    for (size_t i = 0; i < cl->n; i++)
        if (cl->cut[i].part != IMP_PART_CODED && !is_palette(cl->cut[i].what))
            promise(!canary_found((struct imp_span){out.p + cl->cut[i].offset,
                                                    cl->cut[i].length}),
                    "the planted word does not survive");
}

static inline void check_properties(const struct imp_format *fmt,
                                    struct imp_span in, enum imp_fate fate)
{
    struct imp_cutlist cl = {0};
    struct imp_buf buf = {0};
    if (fmt->sniff(in) && fixed_cut(fmt, in, fate, IMP_CHECK_CODED, &cl)) {
        promise(imp_cutlist_apply(&cl, in, &buf, NULL), "the output is made");
        struct imp_span out = imp_buf_span(&buf);
        promise(fmt->sniff(out), "the output is of its format");
        promise(fixed_cut(fmt, out, fate, IMP_CHECK_AGAIN, &cl),
                "the output parses");
        promise(imp_cutlist_all_kept(&cl), "a second pass finds nothing");
        if (fate == IMP_FATE_DROP)
            expect_no_canary(&cl, out);
    }
    imp_buf_clear(&buf);
    imp_cutlist_clear(&cl);
}

/* Both editors on the input, and one on a copy with the word planted in it. */
static inline void check_format(const struct imp_format *fmt,
                                const uint8_t *data, size_t size)
{
    check_properties(fmt, (struct imp_span){data, size}, IMP_FATE_DROP);
    check_properties(fmt, (struct imp_span){data, size}, IMP_FATE_KEEP);
    uint8_t *copy = size ? malloc(size) : NULL;
    if (!copy)
        return;
    memcpy(copy, data, size);
    canary_plant(copy, size);
    check_properties(fmt, (struct imp_span){copy, size}, IMP_FATE_DROP);
    free(copy);
}

#endif
