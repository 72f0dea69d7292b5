#include "image/dicom_frames.h"

#include "image/dicom_ahead.h"
#include "image/dicom_piece.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    EXTENDED_OFFSETS = 0x7FE00001,
    EXTENDED_LENGTHS = 0x7FE00002,
    FLOAT_PIXELS = 0x7FE00008,
    DOUBLE_PIXELS = 0x7FE00009,
};

static const char structure[] = "(7FE0,0010)";

void imp_dicom_frames_start(struct imp_dicom_frames *f,
                            const struct imp_dcm_image *image,
                            enum imp_check check)
{
    *f = (struct imp_dicom_frames){
        .image = image, .check = check, .shared_from = IMP_DICOM_SHARED_FROM};
}

void imp_dicom_frames_end(struct imp_dicom_frames *f)
{
    imp_dicom_ahead_end(f->ahead);
    f->ahead = NULL;
}

bool imp_dicom_frames_has(const struct imp_dcm_event *e)
{
    switch (e->kind) {
    case IMP_DCM_ELEMENT:
        return e->tag == IMP_DCM_PIXEL_DATA || e->tag == FLOAT_PIXELS ||
               e->tag == DOUBLE_PIXELS || e->tag == EXTENDED_OFFSETS ||
               e->tag == EXTENDED_LENGTHS;
    case IMP_DCM_PIXELS_BEGIN:
    case IMP_DCM_FRAGMENT:
    case IMP_DCM_PIXELS_CLOSE:
        return true;
    default:
        return false;
    }
}

// --- What the codecs use ---

bool imp_dicom_bad(struct imp_dicom_piece *piece, enum imp_code code,
                   const char *fmt, ...)
{
    char what[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return imp_dcm_fail(piece->reader, code, piece->at, piece->err, "%s", what);
}

// The patch that the next byte is in, or that comes next; NULL: none.
static const struct imp_patch *patch_of(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    const struct imp_patch *patch = c->followed.patch;
    size_t n = c->followed.n_patch;
    while (c->patched < n &&
           patch[c->patched].at + patch[c->patched].length <= piece->at)
        c->patched++;
    return c->patched < n ? &patch[c->patched] : NULL;
}

static void put_patch(struct imp_dicom_piece *piece, const struct imp_patch *p,
                      uint64_t n)
{
    if (!p->bytes) {
        imp_cut_zero(piece->cl, piece->at, n, IMP_PART_TRAILER,
                     "bytes behind the last coded block");
        return;
    }
    imp_cut_drop(piece->cl, piece->at, n, IMP_PART_UNKNOWN,
                 "what no scan of a frame uses");
    imp_cut_insert_owned(piece->cl, p->bytes + (piece->at - p->at), n,
                         IMP_PART_STRUCTURE, structure);
}

static void speak(struct imp_dicom_piece *piece, uint64_t n,
                  enum imp_part_kind part)
{
    for (uint64_t some; n > 0; piece->at += some, n -= some) {
        const struct imp_patch *p = patch_of(piece);
        bool inside = p && p->at <= piece->at;
        some = !p       ? n
               : inside ? p->at + p->length - piece->at
                        : p->at - piece->at;
        if (some > n)
            some = n;
        if (inside)
            put_patch(piece, p, some);
        else
            imp_cut_keep(piece->cl, piece->at, some, part, structure);
    }
}

void imp_dicom_structure(struct imp_dicom_piece *piece, uint64_t n)
{
    speak(piece, n, IMP_PART_STRUCTURE);
}

void imp_dicom_pixels(struct imp_dicom_piece *piece, uint64_t n)
{
    speak(piece, n, IMP_PART_CODED);
}

void imp_dicom_hide(struct imp_dicom_piece *piece, uint64_t n,
                    enum imp_part_kind part, const char *what)
{
    if (imp_span_is_zero((struct imp_span){piece->p + piece->at, n})) {
        imp_dicom_structure(piece, n);
        return;
    }
    imp_cut_zero(piece->cl, piece->at, n, part, what);
    piece->at += n;
}

void imp_dicom_padding(struct imp_dicom_piece *piece, const char *what)
{
    uint64_t n = piece->end - piece->at;
    if (n == 1 && piece->p[piece->at] == 0xFF) // fill bytes, some think
        imp_dicom_structure(piece, 1);
    else
        imp_dicom_hide(piece, n, IMP_PART_TRAILER, what);
}

bool imp_dicom_collect(struct imp_dicom_piece *piece, unsigned n)
{
    struct imp_dicom_coded *c = piece->coded;
    for (; c->have < n && piece->at < piece->end; imp_dicom_structure(piece, 1))
        c->head[c->have++] = piece->p[piece->at];
    return c->have == n;
}

bool imp_dicom_begin_body(struct imp_dicom_piece *piece, uint32_t n)
{
    struct imp_dicom_coded *c = piece->coded;
    c->joined = NULL;
    c->body = (struct imp_span){.n = n};
    c->left = n;
    return imp_dicom_take_body(piece);
}

bool imp_dicom_take_body(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    uint64_t n = piece->end - piece->at, all = c->body.n;
    const uint8_t *from = piece->p + piece->at;
    if (n > c->left)
        n = c->left;
    if (n < all && !c->joined &&
        !(c->joined = imp_cutlist_alloc(piece->cl, all)))
        return imp_fail(piece->err, IMP_ERR_MEMORY,
                        "no memory for a segment of %" PRIu64 " bytes", all);
    if (c->joined)
        memcpy(c->joined + (all - c->left), from, n);
    c->body.p = c->joined ? c->joined : from;
    c->left -= n;
    imp_dicom_structure(piece, n);
    return true;
}

// --- Tables of offsets (PS3.5 A.4, PS3.3 C.7.6.3.1.8) ---

static bool check_table(struct imp_dicom_piece *piece, struct imp_span table,
                        unsigned unit)
{
    uint64_t want = (uint64_t)piece->frames->image->frames * unit;
    return table.n == 0 || table.n == want ||
           imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                         "a table of offsets of %zu bytes, want %" PRIu64,
                         table.n, want);
}

static bool check_offsets(struct imp_dicom_piece *piece)
{
    const struct imp_dicom_frames *f = piece->frames;
    uint64_t at = piece->event->at - f->first, i = f->begun;
    if ((f->basic.n && imp_le32(f->basic.p + i * 4) != at) ||
        (f->extended.n && imp_le64(f->extended.p + i * 8) != at))
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "frame %" PRIu64
                             " is not where the table of offsets has it",
                             i + 1);
    if (f->lengths.n == 0)
        return true;
    // With the byte that makes it even, or without.
    uint64_t n = imp_le64(f->lengths.p + i * 8);
    return n == piece->event->value || n + 1 == piece->event->value ||
           imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                         "frame %" PRIu64 " has %" PRIu64 " bytes, the table "
                         "of lengths %" PRIu64,
                         i + 1, piece->event->value, n);
}

bool imp_dicom_begin_frame(struct imp_dicom_piece *piece)
{
    struct imp_dicom_frames *f = piece->frames;
    if (f->begun == f->image->frames)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "more than the %" PRIu32 " frames that it says",
                             f->image->frames);
    if (!check_offsets(piece))
        return false;
    f->begun++;
    return true;
}

// --- Fragments ---

static bool cut_uncompressed(struct imp_dicom_piece *piece)
{
    uint64_t want = piece->frames->image->frame_size;
    if (piece->at == piece->end)
        return true;
    if (!imp_dicom_begin_frame(piece))
        return false;
    if (want == 0 || piece->end - piece->at < want)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "a frame of %" PRIu64 " bytes, want %" PRIu64,
                             piece->end - piece->at, want);
    if (!imp_dicom_check_samples(piece,
                                 (struct imp_span){piece->p + piece->at, want}))
        return false;
    imp_dicom_pixels(piece, want);
    imp_dicom_hide(piece, piece->end - piece->at, IMP_PART_TRAILER,
                   "bytes behind a frame");
    return true;
}

static bool (*cutter_of(enum imp_dcm_codec codec))(struct imp_dicom_piece *)
{
    switch (codec) {
    case IMP_DCM_NATIVE:
        return cut_uncompressed;
    case IMP_DCM_RLE:
        return imp_dicom_cut_rle;
    case IMP_DCM_JPEG_BASELINE:
    case IMP_DCM_JPEG_EXTENDED:
    case IMP_DCM_JPEG_LOSSLESS:
    case IMP_DCM_JPEG_LS:
        return imp_dicom_cut_jpeg;
    case IMP_DCM_JPEG_2000:
    case IMP_DCM_HTJ2K:
        return imp_dicom_cut_jpeg2000;
    default:
        return NULL;
    }
}

static bool begin(struct imp_dicom_piece *piece)
{
    enum imp_dcm_codec codec = piece->frames->image->syntax->codec;
    if (!cutter_of(codec))
        return imp_dicom_bad(
            piece, IMP_ERR_UNSUPPORTED, "%s, which is not looked into",
            codec == IMP_DCM_MPEG ? "video in DICOM"
                                  : piece->frames->image->syntax->name);
    imp_dicom_structure(piece, piece->event->header);
    return true;
}

static bool cut_fragment(struct imp_dicom_piece *piece)
{
    struct imp_dicom_frames *f = piece->frames;
    const struct imp_dcm_event *e = piece->event;
    imp_dicom_structure(piece, e->header);
    if (e->index == 0) {
        f->basic = (struct imp_span){piece->p + piece->at, e->value};
        imp_dicom_structure(piece, e->value);
        return check_table(piece, f->basic, 4) &&
               check_table(piece, f->extended, 8) &&
               check_table(piece, f->lengths, 8);
    }
    if (e->index == 1)
        f->first = e->at;
    return cutter_of(f->image->syntax->codec)(piece);
}

static bool close(struct imp_dicom_piece *piece)
{
    const struct imp_dicom_frames *f = piece->frames;
    if (f->coded.state != 0 || f->coded.have != 0)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "the last frame does not end");
    if (f->begun != f->image->frames)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "%" PRIu32 " frames, want %" PRIu32, f->begun,
                             f->image->frames);
    imp_dicom_structure(piece, piece->event->header);
    return true;
}

// --- Native pixel data ---

// What a pixel of three samples would need, if the colour does not say two:
// which of both is wrong cannot be told.
static bool is_not_halved(const struct imp_dicom_frames *f, uint64_t value)
{
    return (f->image->colour == IMP_DCM_YBR_FULL_422 ||
            f->image->colour == IMP_DCM_YBR_PARTIAL_422) &&
           f->image->samples == 3 && f->image->all_size > 0 &&
           value / 3 >= f->image->all_size / 2;
}

static bool cut_native(struct imp_dicom_piece *piece)
{
    uint64_t value = piece->event->value;
    uint64_t want = piece->frames->image->all_size;
    imp_dicom_structure(piece, piece->event->header);
    if (value < want || (want == 0 && value > 0) ||
        is_not_halved(piece->frames, value))
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "pixels of %" PRIu64 " bytes, the attributes say "
                             "%" PRIu64,
                             value, want);
    // The last sample of an odd number is in the last byte, padding before it.
    if (piece->frames->image->swapped && want % 2 && value > want)
        want++;
    struct imp_span samples = {piece->p + piece->at, want};
    if (piece->event->tag == IMP_DCM_PIXEL_DATA &&
        !imp_dicom_check_samples(piece, samples))
        return false;
    imp_dicom_pixels(piece, want);
    imp_dicom_hide(piece, value - want, IMP_PART_TRAILER,
                   "bytes behind the pixels");
    return true;
}

static bool note_table(struct imp_dicom_piece *piece, struct imp_span *table)
{
    const struct imp_dcm_event *e = piece->event;
    imp_dicom_structure(piece, e->header);
    *table = (struct imp_span){piece->p + piece->at, e->value};
    imp_dicom_structure(piece, e->value);
    return piece->frames->image->encapsulated ||
           imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                         "a table of offsets, but no fragments");
}

static bool cut_element(struct imp_dicom_piece *piece)
{
    switch (piece->event->tag) {
    case EXTENDED_OFFSETS:
        return note_table(piece, &piece->frames->extended);
    case EXTENDED_LENGTHS:
        return note_table(piece, &piece->frames->lengths);
    default:
        return cut_native(piece);
    }
}

bool imp_dicom_frames_cut(struct imp_dicom_frames *f,
                          const struct imp_dcm_reader *reader,
                          const struct imp_dcm_event *e, struct imp_cutlist *cl,
                          struct imp_err *err)
{
    struct imp_dicom_piece piece = {.frames = f,
                                    .coded = &f->coded,
                                    .reader = reader,
                                    .event = e,
                                    .cl = cl,
                                    .err = err,
                                    .p = reader->in.p,
                                    .at = e->at,
                                    .end = e->at + e->header + e->value};
    if (e->depth > 0)
        return imp_dicom_bad(&piece, IMP_ERR_UNSUPPORTED,
                             "pixel data in a sequence");
    switch (e->kind) {
    case IMP_DCM_PIXELS_BEGIN:
        return begin(&piece);
    case IMP_DCM_FRAGMENT:
        return cut_fragment(&piece);
    case IMP_DCM_PIXELS_CLOSE:
        return close(&piece);
    default:
        return cut_element(&piece);
    }
}
