#include "image/lzw.h"
#include "image/tiff.h"
#include "image/tiff_fax.h"

#include <stdlib.h>
#include <zlib.h>

#define SCRATCH ((size_t)64 * 1024)
#define AT_A_TIME ((size_t)1 << 30) // zlib counts in 32 bits

struct imp_tiff_coder {
    z_stream z;
    struct imp_lzw *lzw;
    struct imp_fax *fax;
    struct imp_buf reversed; // coded data whose bits were in the other order
    uint8_t scratch[SCRATCH];
};

static struct imp_tiff_coder *coder_of(struct imp_tiff *t, struct imp_err *err)
{
    if (t->coder)
        return t->coder;
    struct imp_tiff_coder *c = calloc(1, sizeof *c);
    if (!c) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory to decode with");
        return NULL;
    }
    // The largest window, whatever the stream's header asks for.
    if (inflateInit2(&c->z, MAX_WBITS) != Z_OK) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate with");
        free(c);
        return NULL;
    }
    t->coder = c;
    return c;
}

void imp_tiff_coder_free(struct imp_tiff_coder *c)
{
    if (!c)
        return;
    inflateEnd(&c->z);
    imp_lzw_free(c->lzw);
    imp_fax_free(c->fax);
    imp_buf_clear(&c->reversed);
    free(c);
}

static bool damaged(struct imp_err *err, const struct imp_tiff_piece *piece,
                    uint64_t at, const char *what)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, piece->at + at,
                       "%s %ju at %ju: %s", piece->what,
                       (uintmax_t)piece->index, (uintmax_t)piece->at, what);
}

// Finds where coded data ends: `*used` of the bytes of `coded`, which are the
// piece's with their bits in order. IMP_ERR_DAMAGED if they do not hold the
// pixels.
typedef bool end_fn(struct imp_tiff *t, const struct imp_tiff_shape *s,
                    const struct imp_tiff_piece *piece, struct imp_span coded,
                    uint64_t *used, struct imp_err *err);

static bool end_plain(struct imp_tiff *t, const struct imp_tiff_shape *s,
                      const struct imp_tiff_piece *piece, struct imp_span coded,
                      uint64_t *used, struct imp_err *err)
{
    (void)t, (void)s;
    if (coded.n < piece->least)
        return damaged(err, piece, coded.n, "ends before the last row");
    *used = piece->least;
    return true;
}

// Section 9. A run must end with the last row: in one that goes on, bytes that
// no reader shows would stay.
static bool end_packbits(struct imp_tiff *t, const struct imp_tiff_shape *s,
                         const struct imp_tiff_piece *piece,
                         struct imp_span coded, uint64_t *used,
                         struct imp_err *err)
{
    (void)t, (void)s;
    uint64_t have = 0;
    size_t at = 0;
    while (have < piece->least) {
        if (at == coded.n)
            return damaged(err, piece, at, "ends before the last row");
        uint8_t head = coded.p[at++];
        if (head == 128) // says nothing
            continue;
        size_t data = head < 128 ? (size_t)head + 1 : 1;
        have += head < 128 ? (size_t)head + 1 : 257u - head;
        if (data > coded.n - at)
            return damaged(err, piece, at, "ends within a run");
        at += data;
    }
    if (have > piece->least)
        return damaged(err, piece, at, "a run goes on behind the last row");
    *used = at;
    return true;
}

static bool end_lzw(struct imp_tiff *t, const struct imp_tiff_shape *s,
                    const struct imp_tiff_piece *piece, struct imp_span coded,
                    uint64_t *used, struct imp_err *err)
{
    (void)s;
    struct imp_tiff_coder *c = t->coder;
    if (!c->lzw)
        c->lzw = imp_lzw_new(err);
    if (!c->lzw)
        return false;
    // Before TIFF 5.0 was final, bits were packed the other way; such a stream
    // tells by its clear code (libtiff).
    bool is_old = coded.n >= 2 && coded.p[0] == 0 && (coded.p[1] & 1);
    imp_lzw_start(c->lzw, is_old ? IMP_LZW_TIFF_OLD : IMP_LZW_TIFF, 8,
                  piece->least);
    size_t n = 0;
    enum imp_lzw_state state = imp_lzw_feed(c->lzw, coded.p, coded.n, &n, err);
    *used = n;
    if (state == IMP_LZW_DAMAGED)
        return imp_wrap(err, "%s %ju at %ju", piece->what,
                        (uintmax_t)piece->index, (uintmax_t)piece->at);
    if (imp_lzw_have(c->lzw) < piece->least)
        return damaged(err, piece, n, "ends before the last row");
    return true;
}

// Writers fill the last strip up, or not. More than a whole strip would be
// pixels that no reader shows.
static bool end_deflate(struct imp_tiff *t, const struct imp_tiff_shape *s,
                        const struct imp_tiff_piece *piece,
                        struct imp_span coded, uint64_t *used,
                        struct imp_err *err)
{
    (void)s;
    struct imp_tiff_coder *c = t->coder;
    z_stream *z = &c->z;
    uint64_t have = 0;
    size_t fed = 0;
    int ret = Z_OK;
    inflateReset(z);
    z->avail_in = 0;
    while (ret != Z_STREAM_END) {
        if (z->avail_in == 0) {
            size_t n = coded.n - fed < AT_A_TIME ? coded.n - fed : AT_A_TIME;
            if (n == 0 && z->avail_out > 0 && fed)
                return damaged(err, piece, fed, "the zlib stream has no end");
            z->next_in = (z_const Bytef *)coded.p + fed;
            z->avail_in = (uInt)n;
            fed += n;
        }
        z->next_out = c->scratch;
        z->avail_out = SCRATCH;
        ret = inflate(z, Z_NO_FLUSH);
        if (ret == Z_MEM_ERROR)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate with");
        if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
            return damaged(err, piece, fed - z->avail_in,
                           z->msg ? z->msg : "wants a dictionary");
        have += SCRATCH - z->avail_out;
        if (have > piece->most)
            return damaged(err, piece, fed - z->avail_in,
                           "goes on behind the last row");
    }
    *used = fed - z->avail_in;
    if (have < piece->least)
        return damaged(err, piece, *used, "ends before the last row");
    return true;
}

static enum imp_fax_kind fax_kind(const struct imp_tiff_shape *s)
{
    switch (s->compression) {
    case IMP_TIFF_CCITT_RLE:
        return IMP_FAX_RLE;
    case IMP_TIFF_CCITT_RLEW:
        return IMP_FAX_RLEW;
    case IMP_TIFF_CCITT_T4:
        return s->t4_options & 1 ? IMP_FAX_T4_2D : IMP_FAX_T4;
    default:
        return IMP_FAX_T6;
    }
}

static bool end_fax(struct imp_tiff *t, const struct imp_tiff_shape *s,
                    const struct imp_tiff_piece *piece, struct imp_span coded,
                    uint64_t *used, struct imp_err *err)
{
    struct imp_err mine = {0};
    struct imp_tiff_coder *c = t->coder;
    if (s->bits != 1 || (s->samples != 1 && !s->planes_apart))
        return damaged(err, piece, 0,
                       "CCITT data of more than black and white");
    if (!c->fax)
        c->fax = imp_fax_new(err);
    if (!c->fax)
        return false;
    if (imp_fax_follow(c->fax, fax_kind(s), piece->width, piece->rows, coded,
                       used, &mine))
        return true;
    return imp_fail_at(err, mine.code, piece->at + mine.at, "%s %ju at %ju: %s",
                       piece->what, (uintmax_t)piece->index,
                       (uintmax_t)piece->at, mine.msg);
}

// Names of those that we cannot follow to their end are for the error.
static const struct codec {
    uint32_t compression;
    const char *name;
    end_fn *end;
    // Instead of `end`, for what has a structure of its own.
    bool (*take)(struct imp_tiff *t, const struct imp_tiff_shape *s,
                 const struct imp_tiff_piece *piece, struct imp_err *err);
} codecs[] = {
    {IMP_TIFF_NONE, "none", end_plain, NULL},
    {IMP_TIFF_LZW, "LZW", end_lzw, NULL},
    {IMP_TIFF_DEFLATE, "Deflate", end_deflate, NULL},
    {IMP_TIFF_DEFLATE_OLD, "Deflate", end_deflate, NULL},
    {IMP_TIFF_PACKBITS, "PackBits", end_packbits, NULL},
    {IMP_TIFF_CCITT_RLE, "CCITT RLE", end_fax, NULL},
    {IMP_TIFF_CCITT_T4, "CCITT T.4", end_fax, NULL},
    {IMP_TIFF_CCITT_T6, "CCITT T.6", end_fax, NULL},
    {IMP_TIFF_CCITT_RLEW, "CCITT RLEW", end_fax, NULL},
    {IMP_TIFF_OLD_JPEG, "old-style JPEG", NULL, NULL},
    {IMP_TIFF_JPEG, "JPEG", NULL, imp_tiff_take_jpeg},
    {IMP_TIFF_LZMA, "LZMA", NULL, NULL},
    {IMP_TIFF_ZSTD, "Zstandard", NULL, NULL},
    {9, "JBIG", NULL, NULL},
    {10, "JBIG", NULL, NULL},
    {32766, "NeXT", NULL, NULL},
    {32809, "ThunderScan", NULL, NULL},
    {32895, "IT8 CT", NULL, NULL},
    {32896, "IT8 line work", NULL, NULL},
    {32897, "IT8 monochrome", NULL, NULL},
    {32898, "IT8 binary line art", NULL, NULL},
    {32908, "Pixar film", NULL, NULL},
    {32909, "PixarLog", NULL, NULL},
    {32947, "Kodak DCS", NULL, NULL},
    {33003, "JPEG 2000", NULL, NULL},
    {33005, "JPEG 2000", NULL, NULL},
    {34661, "JBIG", NULL, NULL},
    {34676, "SGILog", NULL, NULL},
    {34677, "SGILog", NULL, NULL},
    {34712, "JPEG 2000", NULL, NULL},
    {34887, "LERC", NULL, NULL},
    {34927, "WebP", NULL, NULL},
    {34934, "JPEG XR", NULL, NULL},
    {50001, "WebP", NULL, NULL},
    {50002, "JPEG XL", NULL, NULL},
    {52546, "JPEG XL", NULL, NULL},
};

static const struct codec *codec_of(uint32_t compression)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (codecs[i].compression == compression)
            return &codecs[i];
    return NULL;
}

static uint8_t reversed(uint8_t b)
{
    b = (uint8_t)(b >> 4 | b << 4);
    b = (uint8_t)((b & 0xcc) >> 2 | (b & 0x33) << 2);
    return (uint8_t)((b & 0xaa) >> 1 | (b & 0x55) << 1);
}

// FillOrder 2 (section 8): readers turn the bits of all coded bytes around
// before they decode (libtiff).
static bool put_in_order(struct imp_tiff_coder *c, struct imp_span *coded,
                         struct imp_err *err)
{
    c->reversed.n = 0;
    if (!imp_buf_add(&c->reversed, coded->p, coded->n, err))
        return false;
    for (size_t i = 0; i < c->reversed.n; i++)
        c->reversed.p[i] = reversed(c->reversed.p[i]);
    *coded = imp_buf_span(&c->reversed);
    return true;
}

static bool find_end(struct imp_tiff *t, const struct imp_tiff_shape *s,
                     const struct imp_tiff_piece *piece, end_fn *end,
                     uint64_t *used, struct imp_err *err)
{
    struct imp_span coded = piece->coded;
    *used = coded.n;
    bool is_plain = end == end_plain;
    if (t->img->check == IMP_CHECK_AGAIN && !is_plain)
        return true;
    if (!coder_of(t, err))
        return false;
    if (s->bits_reversed && !is_plain && !put_in_order(t->coder, &coded, err))
        return false;
    return end(t, s, piece, coded, used, err);
}

static bool take_piece(struct imp_tiff *t, const struct imp_tiff_shape *s,
                       uint64_t i, const struct codec *codec,
                       struct imp_tiff_page *page, struct imp_err *err)
{
    struct imp_tiff_piece piece;
    uint64_t used;
    if (!imp_tiff_piece_at(t, s, i, &piece, err))
        return false;
    if (piece.coded.n > t->coded_left)
        return imp_fail_at(err, IMP_ERR_LIMIT, piece.at,
                           "%s %ju: strips or tiles share too much data",
                           piece.what, (uintmax_t)i);
    t->coded_left -= piece.coded.n;
    page->offset[i] = piece.at;
    page->length[i] = piece.coded.n;
    if (codec->take)
        return codec->take(t, s, &piece, err) ||
               imp_wrap(err, "%s %ju at %ju", piece.what, (uintmax_t)i,
                        (uintmax_t)piece.at);
    if (!find_end(t, s, &piece, codec->end, &used, err))
        return false;
    page->length[i] = used;
    if (used < piece.coded.n &&
        !imp_regions_label(&t->regions, piece.at + used, piece.coded.n - used,
                           IMP_PART_TRAILER,
                           s->tiled ? "bytes after a tile's end"
                                    : "bytes after a strip's end",
                           err))
        return false;
    return imp_regions_claim(&t->regions, piece.at, used, IMP_PART_CODED,
                             piece.what, err);
}

bool imp_tiff_take_pieces(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                          const struct imp_tiff_shape *s,
                          struct imp_tiff_page *page, struct imp_err *err)
{
    const struct codec *codec = codec_of(s->compression);
    if (!codec || (!codec->end && !codec->take))
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                           "%s: Compression %u (%s)", ifd->name, s->compression,
                           codec ? codec->name : "unknown");
    uint64_t table = s->offsets->bytes.n + (s->counts ? s->counts->bytes.n : 0);
    if (table > t->tables_left)
        return imp_fail_at(err, IMP_ERR_LIMIT, ifd->at,
                           "%s: directories share their values", ifd->name);
    t->tables_left -= table;
    page->n_pieces = s->n_pieces;
    page->offset = imp_cutlist_alloc(t->cl, s->n_pieces * sizeof(uint64_t));
    page->length = imp_cutlist_alloc(t->cl, s->n_pieces * sizeof(uint64_t));
    if (!page->offset || !page->length)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %ju places",
                        (uintmax_t)s->n_pieces);
    imp_tiff_start_jpeg(t, ifd);
    for (uint64_t i = 0; i < s->n_pieces; i++)
        if (!take_piece(t, s, i, codec, page, err))
            return imp_wrap(err, "%s", ifd->name);
    return true;
}
