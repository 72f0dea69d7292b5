#include "image/dicom_cuts.h"

#include "dicom/write.h"
#include "image/dicom_frames.h"

#include <string.h>

// A sequence or item that is kept, and whose length is known at its end.
struct open {
    uint64_t begun;  // bytes of output up to its value
    uint8_t *length; // in the list, to be filled in; NULL: it is undefined
    bool big;
};

struct cutter {
    struct imp_dcm_reader reader;
    struct imp_cutlist *cl;
    const struct imp_dicom_decider *decider;
    const struct imp_dicom_addition *addition; // the next one
    size_t n_additions;                        // from there on
    struct open open[2 * IMP_DCM_MAX_DEPTH];
    unsigned depth; // of them
    uint32_t named; // the tag that `name` is of
    const char *name;
    struct imp_err *err;
};

static enum imp_part_kind part_of(const struct imp_dcm_event *e)
{
    return e->tag == IMP_DCM_PIXEL_DATA ? IMP_PART_CODED : IMP_PART_STRUCTURE;
}

const char *imp_dicom_tag_name(struct imp_cutlist *cl, uint32_t tag)
{
    char *name = imp_cutlist_alloc(cl, IMP_DCM_TAG_ROOM);
    if (!name)
        return "?"; // the list has failed
    imp_dcm_tag_text(tag, name);
    return name;
}

// Made once for all that follow with the same tag: there may be millions of
// fragments.
static const char *name_of(struct cutter *c, const struct imp_dcm_event *e)
{
    if (!c->name || c->named != e->tag) {
        c->named = e->tag;
        c->name = imp_dicom_tag_name(c->cl, e->tag);
    }
    return c->name;
}

// Bytes of the length, which is the last of a header.
static unsigned length_size(const struct imp_dcm_event *e)
{
    bool is_short =
        e->written != IMP_DCM_NONE && !imp_dcm_vr_info(e->written)->long_length;
    return is_short ? 2 : 4;
}

// Its header, with a length of four bytes at `p` instead of its own, or of as
// many as there are.
static void keep_header(struct cutter *c, const struct imp_dcm_event *e,
                        const uint8_t *length)
{
    unsigned n = length_size(e);
    const char *name = name_of(c, e);
    imp_cut_keep(c->cl, e->at, e->header - n, IMP_PART_STRUCTURE, name);
    imp_cut_drop(c->cl, e->at + e->header - n, n, IMP_PART_STRUCTURE, name);
    imp_cut_insert(c->cl, length, n, IMP_PART_STRUCTURE, name);
}

static bool fail(struct cutter *c, const struct imp_dcm_event *e,
                 const char *what)
{
    return imp_dcm_fail(&c->reader, IMP_ERR_LIMIT, e->at, c->err, "%s", what);
}

// --- One element ---

static bool keep(struct cutter *c, const struct imp_dcm_event *e)
{
    struct imp_dicom_frames *frames = c->decider->frames;
    if (frames && imp_dicom_frames_has(e))
        return imp_dicom_frames_cut(frames, &c->reader, e, c->cl, c->err);
    const char *name = name_of(c, e);
    imp_cut_keep(c->cl, e->at, e->header, IMP_PART_STRUCTURE, name);
    imp_cut_keep(c->cl, e->at + e->header, e->value, part_of(e), name);
    return true;
}

static void drop(struct cutter *c, const struct imp_dcm_event *e)
{
    imp_cut_drop(c->cl, e->at, e->header + e->value, IMP_PART_UNKNOWN,
                 name_of(c, e));
}

static bool replace(struct cutter *c, const struct imp_dcm_event *e,
                    struct imp_span value)
{
    uint8_t length[4];
    unsigned n = length_size(e);
    const char *name = name_of(c, e);
    if (value.n % 2 != 0 || value.n >= (n == 2 ? 0xFFFF : IMP_DCM_UNDEFINED))
        return fail(c, e, "a new value does not fit");
    imp_dcm_put_number(length, n, e->encoding.big, (uint32_t)value.n);
    keep_header(c, e, length);
    imp_cut_drop(c->cl, e->at + e->header, e->value, IMP_PART_UNKNOWN, name);
    imp_cut_insert(c->cl, value.p, value.n, IMP_PART_UNKNOWN, name);
    return true;
}

// --- What has a beginning and an end ---

// All up to its end goes. The reader has an end for each beginning.
static bool drop_to_end(struct cutter *c)
{
    struct imp_dcm_event e;
    for (unsigned open = 1; open > 0;) {
        if (!imp_dcm_next(&c->reader, &e, c->err))
            return false;
        drop(c, &e);
        open +=
            e.kind == IMP_DCM_SEQUENCE_BEGIN || e.kind == IMP_DCM_PIXELS_BEGIN;
        open -=
            e.kind == IMP_DCM_SEQUENCE_CLOSE || e.kind == IMP_DCM_PIXELS_CLOSE;
    }
    return true;
}

static bool cut_whole(struct cutter *c, const struct imp_dcm_event *e,
                      enum imp_dicom_cut cut)
{
    static const uint8_t none[4] = {0};
    if (cut == IMP_DICOM_CUT_REMOVE)
        drop(c, e);
    else
        keep_header(c, e, none);
    return drop_to_end(c);
}

static bool begin(struct cutter *c, const struct imp_dcm_event *e)
{
    struct open *o = &c->open[c->depth++];
    *o = (struct open){.big = e->encoding.big};
    if (e->length == IMP_DCM_UNDEFINED)
        return keep(c, e);
    o->length = imp_cutlist_alloc(c->cl, 4);
    if (!o->length)
        return true; // the list has failed
    const char *name = name_of(c, e);
    imp_cut_keep(c->cl, e->at, e->header - 4, IMP_PART_STRUCTURE, name);
    imp_cut_drop(c->cl, e->at + e->header - 4, 4, IMP_PART_STRUCTURE, name);
    imp_cut_insert_owned(c->cl, o->length, 4, IMP_PART_STRUCTURE, name);
    o->begun = c->cl->output_len;
    return true;
}

static bool close(struct cutter *c, const struct imp_dcm_event *e)
{
    const struct open *o = &c->open[--c->depth];
    uint64_t length = c->cl->output_len - o->begun;
    if (!o->length)
        return keep(c, e);
    if (length >= IMP_DCM_UNDEFINED)
        return fail(c, e, "it has become too long");
    imp_dcm_put_number(o->length, 4, o->big, (uint32_t)length);
    return true;
}

// --- All of them ---

static void add_before(struct cutter *c, const struct imp_dcm_event *e)
{
    bool outermost = c->depth == 0 && (e->kind == IMP_DCM_ELEMENT ||
                                       e->kind == IMP_DCM_SEQUENCE_BEGIN ||
                                       e->kind == IMP_DCM_PIXELS_BEGIN);
    bool end = e->kind == IMP_DCM_END;
    for (; c->n_additions > 0 &&
           (end || (outermost && c->addition->tag < e->tag));
         c->addition++, c->n_additions--)
        imp_cut_insert(c->cl, c->addition->bytes.p, c->addition->bytes.n,
                       IMP_PART_STRUCTURE,
                       imp_dicom_tag_name(c->cl, c->addition->tag));
}

static bool decide(struct cutter *c, const struct imp_dcm_event *e)
{
    enum imp_dicom_cut cut = IMP_DICOM_CUT_REMOVE;
    struct imp_span value = {0};
    if (!c->decider->decide(c->decider->self, &c->reader, e, &cut, &value,
                            c->err))
        return false;
    if (e->kind == IMP_DCM_ELEMENT) {
        if (cut == IMP_DICOM_CUT_REPLACE)
            return replace(c, e, value);
        if (cut == IMP_DICOM_CUT_KEEP)
            return keep(c, e);
        drop(c, e);
        return true;
    }
    if (cut != IMP_DICOM_CUT_KEEP)
        return cut_whole(c, e, cut);
    if (e->kind == IMP_DCM_SEQUENCE_BEGIN)
        return begin(c, e);
    return keep(c, e);
}

static bool take(struct cutter *c, const struct imp_dcm_event *e)
{
    switch (e->kind) {
    case IMP_DCM_ELEMENT:
    case IMP_DCM_SEQUENCE_BEGIN:
    case IMP_DCM_PIXELS_BEGIN:
        return decide(c, e);
    case IMP_DCM_ITEM_BEGIN:
        if (c->decider->item)
            c->decider->item(c->decider->self, e->depth);
        return begin(c, e);
    case IMP_DCM_ITEM_CLOSE:
    case IMP_DCM_SEQUENCE_CLOSE:
        return close(c, e);
    case IMP_DCM_FRAGMENT:
    case IMP_DCM_PIXELS_CLOSE:
        return keep(c, e);
    case IMP_DCM_ZEROS:
        imp_cut_drop(c->cl, e->at, e->value, IMP_PART_TRAILER, "zeros");
        break;
    case IMP_DCM_END:
        break;
    }
    return true;
}

bool imp_dicom_cut_elements(struct imp_span in, uint64_t at, uint64_t end,
                            struct imp_dcm_encoding encoding,
                            const struct imp_dicom_decider *decider,
                            const struct imp_dicom_addition *additions,
                            size_t n_additions, struct imp_cutlist *cl,
                            struct imp_err *err)
{
    struct cutter c = {.cl = cl,
                       .decider = decider,
                       .addition = additions,
                       .n_additions = n_additions,
                       .err = err};
    struct imp_dcm_event e = {0};
    imp_dcm_reader_start(&c.reader, in, at, end, encoding);
    do {
        if (!imp_dcm_next(&c.reader, &e, err))
            return false;
        add_before(&c, &e);
        if (!take(&c, &e))
            return false;
    } while (e.kind != IMP_DCM_END);
    return true;
}
