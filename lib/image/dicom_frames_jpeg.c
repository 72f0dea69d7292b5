// Frames of the JPEG family (ITU-T T.81, T.87): segments that a decoder needs
// stay, the payload of others becomes zeros.
#include "image/dicom_piece.h"
#include "image/jpeg.h"

#include <inttypes.h>
#include <string.h>

enum {
    SOF55 = 0xF7, // JPEG-LS
    LSE = 0xF8,   // its parameters
};

// In which part of a frame the next byte is.
enum { START, MARKER, LENGTH, KEPT, HIDDEN, SCAN, SCAN_FF };

static bool bad(struct imp_dicom_piece *piece, const char *why)
{
    return imp_dicom_bad(piece, IMP_ERR_DAMAGED, "JPEG: %s", why);
}

static bool bad_marker(struct imp_dicom_piece *piece)
{
    return imp_dicom_bad(piece, IMP_ERR_UNSUPPORTED,
                         "JPEG: marker 0x%02X, which is not known or not "
                         "supported here",
                         piece->coded->marker);
}

static void go(struct imp_dicom_piece *piece, uint8_t state)
{
    piece->coded->state = state;
    piece->coded->have = 0;
}

// --- Segments that a decoder needs ---

static bool check_frame(struct imp_dicom_piece *piece)
{
    struct imp_span body = piece->coded->body;
    const struct imp_dcm_image *image = piece->frames->image;
    if (piece->coded->framed)
        return bad(piece, "a second frame header");
    if (body.n < 6 || body.n != 6 + 3u * body.p[5])
        return bad(piece, "the frame header has not its length");
    unsigned rows = imp_be16(body.p + 1), columns = imp_be16(body.p + 3);
    if (rows != image->rows || columns != image->columns ||
        body.p[5] != image->samples)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "JPEG: %u x %u of %u samples, the attributes say "
                             "%" PRIu32 " x %" PRIu32 " of %" PRIu32,
                             columns, rows, body.p[5], image->columns,
                             image->rows, image->samples);
    piece->coded->framed = true;
    piece->coded->jpeg_ls = piece->coded->marker == SOF55;
    if (piece->coded->jpeg_ls != (image->syntax->codec == IMP_DCM_JPEG_LS))
        return bad(piece, "a frame of another process than the syntax says");
    return true;
}

static bool check_scan(struct imp_dicom_piece *piece)
{
    struct imp_span body = piece->coded->body;
    if (!piece->coded->framed)
        return bad(piece, "a scan before the frame header");
    if (body.n < 6 || body.n != 4 + 2u * body.p[0])
        return bad(piece, "the scan header has not its length");
    piece->coded->scanned = true;
    return true;
}

// T.81 B.2.4.1, B.2.4.2.
static size_t definition(uint8_t marker, const uint8_t *p, size_t left)
{
    size_t n = 17;
    if (marker == IMP_JPEG_DQT)
        return p[0] >> 4 ? 129 : 65;
    for (size_t i = 1; i < 17 && i < left; i++)
        n += p[i];
    return n;
}

// One behind the other, and nothing behind them.
static bool check_definitions(struct imp_dicom_piece *piece)
{
    struct imp_span body = piece->coded->body;
    for (size_t at = 0, n; at < body.n; at += n) {
        n = definition(piece->coded->marker, body.p + at, body.n - at);
        if (n > body.n - at)
            return bad(piece, "a table is not whole");
    }
    return true;
}

static bool check_body(struct imp_dicom_piece *piece)
{
    size_t n = piece->coded->body.n;
    switch (piece->coded->marker) {
    case IMP_JPEG_SOS:
        return check_scan(piece);
    case IMP_JPEG_DQT:
    case IMP_JPEG_DHT:
        return check_definitions(piece);
    case IMP_JPEG_DRI:
        return n == 2 || bad(piece, "DRI has not its length");
    case IMP_JPEG_DAC:
        return n % 2 == 0 || bad(piece, "DAC has not its length");
    case LSE: // T.87 C.2.4.1.1: thresholds
        return (n == 11 && *piece->coded->body.p == 1) || bad_marker(piece);
    default:
        return check_frame(piece);
    }
}

static bool is_needed(uint8_t marker)
{
    return imp_jpeg_is_frame(marker) || marker == SOF55 || marker == LSE ||
           marker == IMP_JPEG_SOS || marker == IMP_JPEG_DQT ||
           marker == IMP_JPEG_DHT || marker == IMP_JPEG_DRI ||
           marker == IMP_JPEG_DAC;
}

static bool keep(struct imp_dicom_piece *piece)
{
    if (piece->coded->left > 0)
        return true;
    if (!check_body(piece))
        return false;
    go(piece, piece->coded->marker == IMP_JPEG_SOS ? SCAN : MARKER);
    return true;
}

// --- Segments that it does not need, but for a few bytes ---

static void hide(struct imp_dicom_piece *piece, uint64_t n)
{
    bool comment = piece->coded->marker == IMP_JPEG_COM;
    imp_dicom_hide(piece, n, comment ? IMP_PART_COMMENT : IMP_PART_VENDOR,
                   comment ? "COM of a frame" : "APPn of a frame");
}

// What of an application segment says how samples are to be read: that it is
// JFIF, and of which version; Adobe's colour transform (T.872 6.5.3); that of
// JPEG-LS encoders by HP.
static const struct {
    uint8_t marker, n; // of the text that it begins with
    const char *text;
    uint8_t least;      // bytes of payload
    uint8_t from, some; // bytes that stay, besides the text
} allowed[] = {
    {IMP_JPEG_APP0, 5, "JFIF\0", 14, 5, 2},
    {IMP_JPEG_APP0 + 8, 4, "mrfx", 5, 4, 1},
    {IMP_JPEG_APP0 + 14, 5, "Adobe", 12, 11, 1},
};

// As encoders write it, so that it may stay as it is: JFIF 1.02 with a density
// and no thumbnail, Adobe with no flags.
static bool is_usual(uint8_t marker, struct imp_span body)
{
    if (marker == IMP_JPEG_APP0)
        return body.n == 14 && body.p[7] <= 2 && body.p[8] < 0x20 &&
               body.p[10] < 0x20 && body.p[12] == 0 && body.p[13] == 0;
    return marker == IMP_JPEG_APP0 + 14 && body.n == 12 &&
           memcmp(body.p + 5, "\0\x64\0\0\0", 6) == 0;
}

// The whole payload is in this fragment.
static bool hide_app(struct imp_dicom_piece *piece)
{
    struct imp_span body = {piece->p + piece->at, piece->coded->left};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (piece->coded->marker != allowed[i].marker ||
            body.n < allowed[i].least ||
            !imp_span_starts(body, allowed[i].text, allowed[i].n))
            continue;
        // A byte of a version, a transform: not a letter.
        for (unsigned k = 0; k < allowed[i].some; k++)
            if (body.p[allowed[i].from + k] > 9)
                return bad(piece, "an application segment makes no sense");
        if (is_usual(piece->coded->marker, body)) {
            imp_dicom_structure(piece, body.n);
            piece->coded->left = 0;
            return true;
        }
        imp_dicom_structure(piece, allowed[i].n);
        hide(piece, allowed[i].from - allowed[i].n);
        imp_dicom_structure(piece, allowed[i].some);
        piece->coded->left -= allowed[i].from + allowed[i].some;
        return true;
    }
    return true;
}

static bool begin_hidden(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    bool may_stay = c->marker == IMP_JPEG_APP0 ||
                    c->marker == IMP_JPEG_APP0 + 8 ||
                    c->marker == IMP_JPEG_APP0 + 14;
    if (!may_stay)
        return true;
    if (c->left > piece->end - piece->at)
        return imp_dicom_bad(piece, IMP_ERR_UNSUPPORTED,
                             "JPEG: APP%u in two fragments",
                             c->marker - (unsigned)IMP_JPEG_APP0);
    return hide_app(piece);
}

static void hide_rest(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    uint64_t n = piece->end - piece->at;
    if (n > c->left)
        n = c->left;
    hide(piece, n);
    c->left -= n;
    if (c->left == 0)
        go(piece, MARKER);
}

// --- Markers ---

static bool is_followed(const struct imp_dicom_frames *f)
{
    return f->check == IMP_CHECK_CODED &&
           f->image->syntax->codec != IMP_DCM_JPEG_LS;
}

static bool take_start(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (c->have == 0) {
        if (!imp_dicom_begin_frame(piece))
            return false;
        *c = (struct imp_dicom_coded){0};
        if (is_followed(piece->frames))
            imp_dicom_walk_jpeg(piece);
    }
    if (imp_dicom_collect(piece, 2)) {
        if (c->head[0] != 0xFF || c->head[1] != IMP_JPEG_SOI)
            return bad(piece, "a fragment that does not begin with SOI");
        go(piece, MARKER);
    }
    return true;
}

static bool end_frame(struct imp_dicom_piece *piece)
{
    if (!piece->coded->scanned)
        return bad(piece, "EOI before any scan");
    const struct imp_err *walk = &piece->coded->followed.err;
    if (walk->code)
        return imp_dicom_bad(piece, walk->code, "%s", walk->msg);
    imp_dicom_padding(piece, "bytes after EOI");
    go(piece, START);
    return true;
}

// 0xFF has been taken; its marker, or a fill byte (T.81 B.1.1.2), is next.
static bool take_code(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    c->marker = piece->p[piece->at];
    imp_dicom_structure(piece, 1);
    if (c->marker == 0xFF)
        return true;
    if (c->marker == IMP_JPEG_EOI)
        return end_frame(piece);
    if (c->marker == 0 || imp_jpeg_is_standalone(c->marker))
        return bad(piece, "a marker where it does not belong");
    go(piece, LENGTH);
    return true;
}

static bool take_marker(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (c->have == 1)
        return take_code(piece);
    uint64_t left = piece->end - piece->at;
    const uint8_t *ff = memchr(piece->p + piece->at, 0xFF, left);
    imp_dicom_hide(piece, ff ? (uint64_t)(ff - piece->p) - piece->at : left,
                   IMP_PART_UNKNOWN, "bytes between segments");
    return !ff || imp_dicom_collect(piece, 1);
}

static bool take_length(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (!imp_dicom_collect(piece, 2))
        return true;
    uint32_t n = imp_be16(c->head);
    if (n < 2)
        return bad(piece, "a segment of less than its length field");
    if (is_needed(c->marker)) {
        go(piece, KEPT);
        return imp_dicom_begin_body(piece, n - 2) && keep(piece);
    }
    if (c->marker != IMP_JPEG_COM &&
        (c->marker < IMP_JPEG_APP0 || c->marker > IMP_JPEG_APP15))
        return bad_marker(piece);
    go(piece, HIDDEN);
    c->left = n - 2;
    if (!begin_hidden(piece))
        return false;
    hide_rest(piece);
    return true;
}

// --- Scans ---

// Is 0xFF, with this byte behind it, part of a scan? T.81 B.1.1.5, T.87 A.1.
static bool is_coded(const struct imp_dicom_coded *c, uint8_t next)
{
    if (next >= IMP_JPEG_RST0 && next <= IMP_JPEG_RST7)
        return true;
    return c->jpeg_ls ? next < 0x80 : next == 0;
}

// The 0xFF of the marker behind the scan is structure, and so is one that ends
// a fragment, as it may be that.
static void skip_scan(struct imp_dicom_piece *piece)
{
    const uint8_t *from = piece->p + piece->at, *end = piece->p + piece->end;
    const uint8_t *ff = from;
    while ((ff = memchr(ff, 0xFF, (size_t)(end - ff))) && ff + 1 < end &&
           is_coded(piece->coded, ff[1]))
        ff += 2;
    imp_dicom_pixels(piece, (uint64_t)((ff ? ff : end) - from));
    if (ff && imp_dicom_collect(piece, 1))
        piece->coded->state = SCAN_FF;
}

static bool take_after_ff(struct imp_dicom_piece *piece)
{
    if (is_coded(piece->coded, piece->p[piece->at])) {
        imp_dicom_pixels(piece, 1);
        go(piece, SCAN);
        return true;
    }
    piece->coded->state = MARKER;
    return take_code(piece);
}

bool imp_dicom_cut_jpeg(struct imp_dicom_piece *piece)
{
    bool ok = true;
    while (ok && piece->at < piece->end) {
        switch (piece->coded->state) {
        case START:
            ok = take_start(piece);
            break;
        case MARKER:
            ok = take_marker(piece);
            break;
        case LENGTH:
            ok = take_length(piece);
            break;
        case KEPT:
            ok = imp_dicom_take_body(piece) && keep(piece);
            break;
        case HIDDEN:
            hide_rest(piece);
            break;
        case SCAN:
            skip_scan(piece);
            break;
        default:
            ok = take_after_ff(piece);
        }
    }
    return ok;
}
