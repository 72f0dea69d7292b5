#include "dicom/reader.h"

#include "base/map.h"

#include <inttypes.h>

enum { DATA_SET, ITEM, SEQUENCE, PIXELS };

#define ITEM_BYTES UINT32_C(0xE000FFFE) // IMP_DCM_ITEM in little endian

static const struct imp_dcm_encoding implicit_little = {false, false};

void imp_dcm_reader_start(struct imp_dcm_reader *r, struct imp_span in,
                          uint64_t at, uint64_t end,
                          struct imp_dcm_encoding encoding)
{
    r->in = in;
    r->at = r->given_back = at;
    r->frame[0] = (struct imp_dcm_frame){
        .end = end, .kind = DATA_SET, .encoding = encoding};
    r->top = r->depth = 0;
    r->pop = r->trial = r->in_fragment = false;
    r->tag = 0;
}

static bool damaged(const struct imp_dcm_reader *r, const char *why,
                    struct imp_err *err)
{
    return imp_dcm_fail(r, IMP_ERR_DAMAGED, r->at, err, "%s", why);
}

static bool too_deep(const struct imp_dcm_reader *r, struct imp_err *err)
{
    return imp_dcm_fail(r, IMP_ERR_LIMIT, r->at, err,
                        "sequences in sequences, more than %d",
                        IMP_DCM_MAX_DEPTH);
}

// The event is the next `header` + `value` bytes.
static bool tell(struct imp_dcm_reader *r, struct imp_dcm_event *e)
{
    e->at = r->at;
    e->depth = r->depth;
    r->at += e->header + e->value;
    return true;
}

static bool push(struct imp_dcm_reader *r, struct imp_dcm_frame f)
{
    if (f.undefined)
        f.end = r->frame[r->top].end;
    r->frame[++r->top] = f;
    return true;
}

// --- UN that hides a sequence -----------------------------------------------

// Are the `length` bytes at `at` items, to their last byte? 6.2.2 lets an
// element be written as UN by one who does not know its VR, also a sequence,
// and then of known length, as it came; it is in implicit little endian
// (CP-246).
//
// The trial takes each UN in it for what it is, so that what hides deeper is
// looked at once it is told, and no byte in more than one trial. False only if
// sequences are nested too deep: what is not looked at must not pass for bytes.
static bool try_items(const struct imp_dcm_reader *r, uint64_t at,
                      uint32_t length, bool *items, struct imp_err *err)
{
    struct imp_dcm_reader trial;
    struct imp_dcm_event e;
    struct imp_err why = {0};
    *items = false;
    if (r->trial || length < 8 || imp_le32(r->in.p + at) != ITEM_BYTES)
        return true;
    imp_dcm_reader_start(&trial, r->in, at, at + length, implicit_little);
    trial.frame[0].kind = SEQUENCE;
    trial.depth = r->depth + 1;
    trial.trial = true;
    do {
        if (!imp_dcm_next(&trial, &e, &why))
            return why.code != IMP_ERR_LIMIT || too_deep(r, err);
    } while (e.kind != IMP_DCM_SEQUENCE_CLOSE || trial.top > 0);
    *items = true;
    return true;
}

// --- Elements ---------------------------------------------------------------

static bool begin_sequence(struct imp_dcm_reader *r,
                           const struct imp_dcm_header *h,
                           struct imp_dcm_event *e, struct imp_err *err)
{
    struct imp_dcm_frame f = {.kind = SEQUENCE,
                              .tag = h->tag,
                              .end = r->at + h->size + h->length,
                              .undefined = h->length == IMP_DCM_UNDEFINED,
                              .encoding = e->encoding};
    if (r->depth >= IMP_DCM_MAX_DEPTH)
        return too_deep(r, err);
    // 6.2.2, note 4.
    if (h->written == IMP_DCM_UN) {
        f.encoding = implicit_little;
        e->flags |= IMP_DCM_DISGUISED;
    }
    e->kind = IMP_DCM_SEQUENCE_BEGIN;
    e->vr = IMP_DCM_SQ;
    tell(r, e);
    r->depth++;
    r->tag = 0;
    return push(r, f);
}

static bool begin_pixels(struct imp_dcm_reader *r,
                         const struct imp_dcm_header *h,
                         struct imp_dcm_event *e)
{
    e->kind = IMP_DCM_PIXELS_BEGIN;
    tell(r, e);
    r->tag = 0;
    return push(r, (struct imp_dcm_frame){.kind = PIXELS,
                                          .tag = h->tag,
                                          .undefined = true,
                                          .encoding = e->encoding});
}

// 7.1.1 lets some VRs be of undefined length, but only two kinds have a content
// whose end can be told: items (7.5), and the fragments of pixel data (A.4).
static bool take_undefined(struct imp_dcm_reader *r,
                           const struct imp_dcm_header *h,
                           struct imp_dcm_event *e, struct imp_err *err)
{
    bool unknown = h->written == IMP_DCM_UN || h->vr == IMP_DCM_UN;
    if (h->vr == IMP_DCM_SQ || (unknown && h->tag != IMP_DCM_PIXEL_DATA))
        return begin_sequence(r, h, e, err);
    if (h->tag == IMP_DCM_PIXEL_DATA &&
        (h->written == IMP_DCM_OB || h->written == IMP_DCM_OW))
        return begin_pixels(r, h, e);
    return damaged(r, "undefined length of what is neither sequence nor pixels",
                   err);
}

static bool take_element(struct imp_dcm_reader *r,
                         const struct imp_dcm_header *h,
                         struct imp_dcm_event *e, struct imp_err *err)
{
    uint64_t left = r->frame[r->top].end - r->at - h->size;
    bool items = h->vr == IMP_DCM_SQ && h->written != IMP_DCM_UN;
    if (h->length > left)
        return imp_dcm_fail(r, IMP_ERR_DAMAGED, r->at, err,
                            "length %" PRIu32 ", have %" PRIu64, h->length,
                            left);
    // Whatever the dictionary has: what is all items is no text by chance.
    if (h->written == IMP_DCM_UN || h->vr == IMP_DCM_UN) {
        if (!try_items(r, r->at + h->size, h->length, &items, err))
            return false;
        items = items || (h->vr == IMP_DCM_SQ && h->length == 0);
        if (h->vr == IMP_DCM_SQ)
            e->vr = IMP_DCM_UN;
        e->flags |= items ? IMP_DCM_DISGUISED : 0;
    }
    if (items)
        return begin_sequence(r, h, e, err);
    e->kind = IMP_DCM_ELEMENT;
    e->value = h->length;
    return tell(r, e);
}

// What is odd about it, but can be read in one way only.
static void flag(struct imp_dcm_frame *f, const struct imp_dcm_header *h,
                 struct imp_dcm_event *e)
{
    if (f->n > 0 && h->tag == f->last)
        e->flags |= IMP_DCM_DUPLICATE;
    if (f->n > 0 && h->tag < f->last)
        e->flags |= IMP_DCM_DESCENDING;
    if (h->length != IMP_DCM_UNDEFINED && h->length % 2)
        e->flags |= IMP_DCM_ODD;
    f->last = h->tag;
    f->n++;
}

// Close the innermost frame: with a delimiter, as it should be, or without.
static bool close_frame(struct imp_dcm_reader *r,
                        const struct imp_dcm_header *delimiter,
                        struct imp_dcm_event *e, enum imp_dcm_event_kind kind,
                        struct imp_err *err)
{
    const struct imp_dcm_frame *f = &r->frame[r->top];
    r->tag = 0;
    if (delimiter && !f->undefined)
        return damaged(r, "a delimiter, where a length tells the end", err);
    // 7.5: "shall be set to 00000000H". Readers disagree on what they do else.
    if (delimiter && delimiter->length != 0)
        return damaged(r, "the length of a delimiter is not 0", err);
    e->kind = kind;
    e->tag = f->tag;
    e->header = delimiter ? delimiter->size : 0;
    r->pop = true;
    return tell(r, e);
}

static bool close_item(struct imp_dcm_reader *r,
                       const struct imp_dcm_header *delimiter,
                       struct imp_dcm_event *e, struct imp_err *err)
{
    e->index = r->frame[r->top - 1].n - 1;
    return close_frame(r, delimiter, e, IMP_DCM_ITEM_CLOSE, err);
}

static bool only_zeros_follow(const struct imp_dcm_reader *r, uint64_t end)
{
    struct imp_span left = {r->in.p + r->at, (size_t)(end - r->at)}, step = {0};
    while (imp_map_step(&left, &step))
        if (!imp_span_is_zero(step))
            return false;
    return true;
}

static bool in_data_set(struct imp_dcm_reader *r, struct imp_dcm_event *e,
                        struct imp_err *err)
{
    struct imp_dcm_frame *f = &r->frame[r->top];
    struct imp_dcm_header h;
    if (r->at == f->end && f->kind == ITEM)
        return close_item(r, NULL, e, err);
    if (r->at == f->end) {
        e->kind = IMP_DCM_END;
        return tell(r, e);
    }
    const char *why =
        imp_dcm_header_read(r->in, r->at, f->end, e->encoding, &h);
    // Some writers fill up the last block of a file.
    if (f->kind == DATA_SET && h.tag == 0 && only_zeros_follow(r, f->end)) {
        e->kind = IMP_DCM_ZEROS;
        e->value = f->end - r->at;
        return tell(r, e);
    }
    r->tag = h.tag;
    if (!why && h.tag == 0)
        why = "zeros, where an element should be";
    if (why)
        return damaged(r, why, err);
    if (h.tag == IMP_DCM_ITEM_END && f->kind == ITEM)
        return close_item(r, &h, e, err);
    if (imp_dcm_group(h.tag) == 0xFFFE)
        return damaged(r, "want an element", err);
    flag(f, &h, e);
    e->tag = h.tag;
    e->vr = h.vr;
    e->written = h.written;
    e->header = h.size;
    e->length = h.length;
    return h.length == IMP_DCM_UNDEFINED ? take_undefined(r, &h, e, err)
                                         : take_element(r, &h, e, err);
}

// --- Items and fragments ----------------------------------------------------

// The header of an item, or the delimiter of them all.
static bool in_items(struct imp_dcm_reader *r, struct imp_dcm_event *e,
                     enum imp_dcm_event_kind close, struct imp_dcm_header *h,
                     struct imp_err *err)
{
    struct imp_dcm_frame *f = &r->frame[r->top];
    const char *why = imp_dcm_header_read(r->in, r->at, f->end, e->encoding, h);
    // A.4: the offset table comes first, and may be empty.
    if (!why && f->kind == PIXELS && f->n == 0 && h->tag != IMP_DCM_ITEM)
        why = "want the basic offset table";
    if (!why && h->tag == IMP_DCM_SEQUENCE_END)
        return close_frame(r, h, e, close, err);
    if (!why && h->tag != IMP_DCM_ITEM)
        why = "want an item";
    if (why)
        return damaged(r, why, err);
    if (h->length != IMP_DCM_UNDEFINED && h->length > f->end - r->at - h->size)
        return imp_dcm_fail(r, IMP_ERR_DAMAGED, r->at, err,
                            "item %" PRIu32 ": length %" PRIu32
                            ", have %" PRIu64,
                            f->n, h->length, f->end - r->at - h->size);
    if (h->length != IMP_DCM_UNDEFINED && h->length % 2)
        e->flags |= IMP_DCM_ODD;
    e->header = h->size;
    e->length = h->length;
    e->index = f->n++;
    return true;
}

static bool in_sequence(struct imp_dcm_reader *r, struct imp_dcm_event *e,
                        struct imp_err *err)
{
    struct imp_dcm_frame *f = &r->frame[r->top];
    struct imp_dcm_header h;
    e->tag = f->tag;
    if (r->at == f->end && !f->undefined)
        return close_frame(r, NULL, e, IMP_DCM_SEQUENCE_CLOSE, err);
    if (!in_items(r, e, IMP_DCM_SEQUENCE_CLOSE, &h, err))
        return false;
    if (r->pop)
        return true;
    e->kind = IMP_DCM_ITEM_BEGIN;
    tell(r, e);
    return push(
        r, (struct imp_dcm_frame){.kind = ITEM,
                                  .tag = f->tag,
                                  .end = r->at + h.length,
                                  .undefined = h.length == IMP_DCM_UNDEFINED,
                                  .encoding = f->encoding});
}

static bool in_pixels(struct imp_dcm_reader *r, struct imp_dcm_event *e,
                      struct imp_err *err)
{
    struct imp_dcm_frame *f = &r->frame[r->top];
    struct imp_dcm_header h;
    e->tag = f->tag;
    if (!in_items(r, e, IMP_DCM_PIXELS_CLOSE, &h, err))
        return false;
    if (r->pop)
        return true;
    if (h.length == IMP_DCM_UNDEFINED)
        return damaged(r, "a fragment of undefined length", err);
    e->kind = IMP_DCM_FRAGMENT;
    e->value = h.length;
    r->in_fragment = true;
    return tell(r, e);
}

// Close what the last event has closed.
static void pop(struct imp_dcm_reader *r)
{
    r->pop = false;
    if (r->frame[r->top].kind == SEQUENCE)
        r->depth--;
    r->top--;
}

// Headers alone would bring in a file of many fragments, page by page.
static void give_back(struct imp_dcm_reader *r)
{
    const uint64_t passed = r->at - r->given_back;
    if (passed < IMP_MAP_STEP)
        return;
    imp_map_give_back(
        (struct imp_span){r->in.p + r->given_back, (size_t)passed});
    r->given_back = r->at;
}

bool imp_dcm_next(struct imp_dcm_reader *r, struct imp_dcm_event *event,
                  struct imp_err *err)
{
    if (r->pop)
        pop(r);
    give_back(r);
    const struct imp_dcm_frame *f = &r->frame[r->top];
    r->tag = 0;
    r->in_fragment = false;
    *event = (struct imp_dcm_event){.encoding = f->encoding};
    // What is undefined must be closed before what it lies in ends.
    if (r->at == f->end && f->undefined)
        return damaged(r, "the data ends before its delimiter", err);
    switch (f->kind) {
    case SEQUENCE:
        return in_sequence(r, event, err);
    case PIXELS:
        return in_pixels(r, event, err);
    default:
        return in_data_set(r, event, err);
    }
}
