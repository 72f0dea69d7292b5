// Frames of the JPEG 2000 family: codestreams of ITU-T T.800 Annex A and T.814.
// Comments and what only tells where components lie become zeros; what is in
// tile-parts is passed by its length.
#include "image/dicom_j2k.h"

#include <inttypes.h>
#include <string.h>

// In which part of a frame the next byte is.
enum { START, MARKER, LENGTH, KEPT, HIDDEN, DATA, REST, REST_FF };

static bool bad(struct imp_dicom_piece *piece, const char *why)
{
    return imp_dicom_bad(piece, IMP_ERR_DAMAGED, "JPEG 2000: %s", why);
}

static void go(struct imp_dicom_piece *piece, uint8_t state)
{
    piece->coded->state = state;
    piece->coded->have = 0;
}

// Bytes of a tile-part's header, which count in its length (A.4.2).
static bool count(struct imp_dicom_piece *piece, uint64_t n)
{
    struct imp_dicom_coded *c = piece->coded;
    if (!c->tile_known)
        return true;
    if (n > c->tile)
        return bad(piece, "a tile-part is longer than it says");
    c->tile -= n;
    return true;
}

// --- Segments ---

// A.5.1: the picture's area on the reference grid.
static bool check_size(struct imp_dicom_piece *piece)
{
    struct imp_span body = piece->coded->body;
    const struct imp_dcm_image *image = piece->frames->image;
    if (piece->coded->framed)
        return bad(piece, "SIZ twice");
    if (body.n < 36 || body.n != 36 + 3u * imp_be16(body.p + 34))
        return bad(piece, "SIZ has not its length");
    uint32_t columns = imp_be32(body.p + 2) - imp_be32(body.p + 10);
    uint32_t rows = imp_be32(body.p + 6) - imp_be32(body.p + 14);
    unsigned samples = imp_be16(body.p + 34);
    if (rows != image->rows || columns != image->columns ||
        samples != image->samples)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "JPEG 2000: %" PRIu32 " x %" PRIu32
                             " of %u samples, the attributes say %" PRIu32
                             " x %" PRIu32 " of %" PRIu32,
                             columns, rows, samples, image->columns,
                             image->rows, image->samples);
    piece->coded->framed = true;
    piece->coded->j2k.components = samples;
    return true;
}

static bool check_tile(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (c->body.n != 8)
        return bad(piece, "SOT has not its length");
    c->tile = imp_be32(c->body.p + 2);
    c->tile_known = c->tile > 0; // 0: up to EOC
    return count(piece, 12) && imp_dicom_j2k_tile(piece);
}

static bool check_body(struct imp_dicom_piece *piece)
{
    switch (piece->coded->marker) {
    case IMP_J2K_SIZ:
        return check_size(piece);
    case IMP_J2K_SOT:
        return check_tile(piece);
    default:
        return imp_dicom_j2k_check(piece);
    }
}

static bool keep(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (c->left > 0)
        return true;
    if (!check_body(piece))
        return false;
    go(piece, MARKER);
    return true;
}

// Of zeros, COM is a comment of binary data (A.9.2), and CRG has all components
// where they are without it (A.9.1).
static bool is_hidden(uint8_t marker)
{
    return marker == IMP_J2K_COM || marker == IMP_J2K_CRG;
}

static void hide(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    bool comment = c->marker == IMP_J2K_COM;
    uint64_t n = piece->end - piece->at;
    if (n > c->left)
        n = c->left;
    imp_dicom_hide(piece, n, comment ? IMP_PART_COMMENT : IMP_PART_UNKNOWN,
                   comment ? "COM of a frame" : "CRG of a frame");
    c->left -= n;
    if (c->left == 0)
        go(piece, MARKER);
}

static bool is_known(uint8_t marker)
{
    return is_hidden(marker) || marker == IMP_J2K_SIZ ||
           marker == IMP_J2K_SOT || imp_dicom_j2k_knows(marker);
}

static bool take_length(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (!imp_dicom_collect(piece, 2))
        return true;
    uint32_t n = imp_be16(c->head);
    if (n < 2)
        return bad(piece, "a segment of less than its length field");
    if (c->marker != IMP_J2K_SOT && !count(piece, 2u + n))
        return false;
    if (c->marker == IMP_J2K_CRG && n != 2 + 4 * c->j2k.components)
        return bad(piece, "CRG has not its length");
    if (is_hidden(c->marker)) {
        go(piece, HIDDEN);
        c->left = n - 2;
        hide(piece);
        return true;
    }
    go(piece, KEPT);
    return imp_dicom_begin_body(piece, n - 2) && keep(piece);
}

// --- Markers and coded data ---

static bool take_start(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (c->have == 0) {
        if (!imp_dicom_begin_frame(piece))
            return false;
        *c = (struct imp_dicom_coded){0};
    }
    if (!imp_dicom_collect(piece, 2))
        return true;
    if (c->head[0] == 0 && c->head[1] == 0)
        return imp_dicom_bad(piece, IMP_ERR_UNSUPPORTED,
                             "JPEG 2000: a file of boxes, want a codestream");
    if (c->head[0] != 0xFF || c->head[1] != IMP_J2K_SOC)
        return bad(piece, "a fragment that does not begin with SOC");
    go(piece, MARKER);
    return true;
}

static bool end_frame(struct imp_dicom_piece *piece)
{
    if (!piece->coded->scanned)
        return bad(piece, "EOC before any tile");
    if (!imp_dicom_j2k_end(piece))
        return false;
    imp_dicom_padding(piece, "bytes after EOC");
    go(piece, START);
    return true;
}

static bool begin_data(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (!c->framed || !count(piece, 2))
        return bad(piece, "a tile-part that is not in its place");
    if (!imp_dicom_j2k_data(piece))
        return false;
    c->scanned = true;
    c->left = c->tile;
    go(piece, !c->tile_known ? REST : c->left > 0 ? DATA : MARKER);
    c->tile = 0; // nothing but the next tile-part, or EOC, behind it
    c->tile_known = true;
    return true;
}

static bool take_marker(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    if (!imp_dicom_collect(piece, 2))
        return true;
    c->marker = c->head[1];
    if (c->head[0] != 0xFF)
        return bad(piece, "no marker where one should be");
    if (c->marker == IMP_J2K_EOC)
        return end_frame(piece);
    if (c->marker == IMP_J2K_SOD)
        return begin_data(piece);
    if (!is_known(c->marker))
        return imp_dicom_bad(piece, IMP_ERR_UNSUPPORTED,
                             "JPEG 2000: marker 0xFF%02X, which is not known "
                             "or not supported here",
                             c->marker);
    go(piece, LENGTH);
    return true;
}

static void pass_data(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    uint64_t n = piece->end - piece->at;
    if (n > c->left)
        n = c->left;
    imp_dicom_pixels(piece, n);
    c->left -= n;
    if (c->left == 0)
        go(piece, MARKER);
}

// Up to EOC, whose 0xFF is structure. Coded data has no two bytes like it
// (B.10.1, C.3.2).
static void pass_rest(struct imp_dicom_piece *piece)
{
    const uint8_t *from = piece->p + piece->at, *end = piece->p + piece->end;
    const uint8_t *ff = from;
    while ((ff = memchr(ff, 0xFF, (size_t)(end - ff))) && ff + 1 < end &&
           ff[1] != IMP_J2K_EOC)
        ff++;
    imp_dicom_pixels(piece, (uint64_t)((ff ? ff : end) - from));
    if (ff && imp_dicom_collect(piece, 1))
        piece->coded->state = REST_FF;
}

static bool take_after_ff(struct imp_dicom_piece *piece)
{
    if (piece->p[piece->at] != IMP_J2K_EOC) {
        go(piece, REST);
        return true;
    }
    piece->coded->state = MARKER;
    return take_marker(piece);
}

bool imp_dicom_cut_jpeg2000(struct imp_dicom_piece *piece)
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
            hide(piece);
            break;
        case DATA:
            pass_data(piece);
            break;
        case REST:
            pass_rest(piece);
            break;
        default:
            ok = take_after_ff(piece);
        }
    }
    return ok;
}
