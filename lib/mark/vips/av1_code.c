// Planes into a HEIF file of one picture as AV1, without loss, by libaom
// itself: libheif 1.15 codes 10 bits in a profile that libaom aborts the
// program for, and cannot say where chroma samples lie.
#include "image/heif_writer.h"
#include "mark/vips/picture.h"

#include <aom/aom_encoder.h>
#include <aom/aomcx.h>
#include <string.h>

#define SPEED 9 // the fastest; without loss others gain a few percent

// AV1 specification 6.4.1 (seq_profile).
static unsigned profile_of(const struct imp_planes *p)
{
    if (p->depth == 12 || (p->n == 3 && p->h == 2 && p->v == 1))
        return 2;
    return p->n == 3 && p->h == 1 ? 1 : 0;
}

// --- Pixels ---

static aom_img_fmt_t format_of(const struct imp_planes *p)
{
    aom_img_fmt_t format = AOM_IMG_FMT_I420; // grey has a chroma of nothing
    if (p->n == 3 && p->v == 1)
        format = p->h == 1 ? AOM_IMG_FMT_I444 : AOM_IMG_FMT_I422;
    return p->depth > 8 ? format | AOM_IMG_FMT_HIGHBITDEPTH : format;
}

static void put_row(const uint16_t *from, uint32_t n, unsigned depth,
                    uint8_t *to)
{
    if (depth > 8)
        memcpy(to, from, n * sizeof *from);
    else
        for (uint32_t x = 0; x < n; x++)
            to[x] = (uint8_t)from[x];
}

static aom_image_t *image_of(const struct imp_planes *p, struct imp_err *err)
{
    const struct imp_plane *luma = &p->plane[0];
    aom_image_t *image =
        aom_img_alloc(NULL, format_of(p), luma->width, luma->height, 16);
    if (!image) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for %u x %u pixels",
                 luma->width, luma->height);
        return NULL;
    }
    image->bit_depth = p->depth;
    image->monochrome = p->n == 1;
    image->range = p->cicp.full ? AOM_CR_FULL_RANGE : AOM_CR_STUDIO_RANGE;
    for (unsigned i = 0; i < p->n; i++) {
        const struct imp_plane *from = &p->plane[i];
        for (uint32_t y = 0; y < from->height; y++)
            put_row(from->sample + (size_t)y * from->width, from->width,
                    p->depth,
                    image->planes[i] + (size_t)y * (size_t)image->stride[i]);
    }
    return image;
}

// --- Coding ---

struct coder {
    aom_codec_ctx_t codec;
    const struct imp_planes *p;
    int level;
    struct imp_buf data;
};

static bool set(struct coder *c, int what, const char *name, int value,
                struct imp_err *err)
{
    return aom_codec_control(&c->codec, what, value) == AOM_CODEC_OK ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "libaom does not code AV1 with %s %d", name, value);
}

static bool start(struct coder *c, struct imp_err *err)
{
    const struct imp_planes *p = c->p;
    aom_codec_enc_cfg_t config;
    if (aom_codec_enc_config_default(aom_codec_av1_cx(), &config,
                                     AOM_USAGE_ALL_INTRA) != AOM_CODEC_OK)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "libaom has no encoder here");
    config.g_w = p->plane[0].width;
    config.g_h = p->plane[0].height;
    config.g_threads = 1;
    config.g_limit = 1; // a still picture
    config.g_lag_in_frames = 0;
    config.g_profile = profile_of(p);
    config.g_bit_depth = (aom_bit_depth_t)p->depth;
    config.g_input_bit_depth = p->depth;
    config.monochrome = p->n == 1;
    config.rc_end_usage = AOM_Q;
    if (aom_codec_enc_init(&c->codec, aom_codec_av1_cx(), &config,
                           p->depth > 8 ? AOM_CODEC_USE_HIGHBITDEPTH : 0) !=
        AOM_CODEC_OK)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "libaom does not code %u x %u pixels of %u bits",
                        config.g_w, config.g_h, p->depth);
    return set(c, AOME_SET_CPUUSED, "speed", SPEED, err) &&
           set(c, AV1E_SET_LOSSLESS, "lossless", 1, err) &&
           set(c, AV1E_SET_ROW_MT, "threads by row", 0, err) &&
           set(c, AV1E_SET_COLOR_PRIMARIES, "primaries", p->cicp.primaries,
               err) &&
           set(c, AV1E_SET_TRANSFER_CHARACTERISTICS, "transfer",
               p->cicp.transfer, err) &&
           set(c, AV1E_SET_MATRIX_COEFFICIENTS, "matrix", p->cicp.matrix,
               err) &&
           set(c, AV1E_SET_COLOR_RANGE, "range", p->cicp.full, err) &&
           set(c, AV1E_SET_CHROMA_SAMPLE_POSITION, "chroma position",
               p->chroma_loc < 0 ? 0 : p->chroma_loc, err);
}

// A sample of a file has no temporal delimiter (AV1-ISOBMFF 2.4), which is an
// unit of two bytes here.
static bool take_packets(struct coder *c, struct imp_err *err)
{
    static const uint8_t delimiter[] = {0x12, 0};
    const aom_codec_cx_pkt_t *packet;
    aom_codec_iter_t iter = NULL;
    while ((packet = aom_codec_get_cx_data(&c->codec, &iter))) {
        struct imp_span in = {packet->data.frame.buf, packet->data.frame.sz};
        if (packet->kind != AOM_CODEC_CX_FRAME_PKT)
            continue;
        if (imp_span_starts(in, delimiter, sizeof delimiter)) {
            in.p += sizeof delimiter;
            in.n -= sizeof delimiter;
        }
        if (!imp_buf_add(&c->data, in.p, in.n, err))
            return false;
    }
    return true;
}

static bool run(struct coder *c, const aom_image_t *image, struct imp_err *err)
{
    int level[32] = {0}; // of each operating point
    for (int i = 0; i < 2; i++, image = NULL) {
        if (aom_codec_encode(&c->codec, image, 0, 1, 0) != AOM_CODEC_OK)
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "libaom does not code this picture");
        if (!take_packets(c, err))
            return false;
    }
    if (aom_codec_control(&c->codec, AV1E_GET_SEQ_LEVEL_IDX, level) !=
        AOM_CODEC_OK)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "libaom tells no level");
    c->level = level[0];
    return c->data.n > 0 ||
           imp_fail(err, IMP_ERR_UNSUPPORTED, "libaom has coded nothing");
}

// --- The file, ISO/IEC 14496-12 and 23008-12 ---

// AV1-ISOBMFF 2.3.3.
static void add_config(struct imp_heif_writer *w, const struct coder *c)
{
    const struct imp_planes *p = c->p;
    bool grey = p->n == 1;
    unsigned where = p->chroma_loc < 0 ? 0 : (unsigned)p->chroma_loc;
    size_t box = w_begin(w, "av1C");
    w_put(w, 1, 0x81);
    w_put(w, 1, profile_of(p) << 5 | ((unsigned)c->level & 31));
    unsigned flags = where;
    flags |= p->depth > 8 ? 0x40 : 0;
    flags |= p->depth == 12 ? 0x20 : 0;
    flags |= grey ? 0x10 : 0;
    flags |= grey || p->h == 2 ? 0x08 : 0;
    flags |= grey || p->v == 2 ? 0x04 : 0;
    w_put(w, 1, flags);
    w_put(w, 1, 0);
    w_end(w, box);
}

static void add_properties(struct imp_heif_writer *w, const struct coder *c)
{
    size_t iprp = w_begin(w, "iprp"), ipco = w_begin(w, "ipco");
    size_t ispe = w_begin_full(w, "ispe", 0, 0);
    w_put(w, 4, c->p->plane[0].width);
    w_put(w, 4, c->p->plane[0].height);
    w_end(w, ispe);
    add_config(w, c);
    w_end(w, ipco);
    size_t ipma = w_begin_full(w, "ipma", 0, 0);
    w_put(w, 4, 1);      // items
    w_put(w, 2, 1);      // the first
    w_put(w, 1, 2);      // properties
    w_put(w, 2, 0x0182); // ispe, and av1C, which is essential
    w_end(w, ipma);
    w_end(w, iprp);
}

// Where the data begins is not known yet: returns the place of its offset.
static size_t add_location(struct imp_heif_writer *w, const struct coder *c)
{
    size_t iloc = w_begin_full(w, "iloc", 0, 0);
    w_put(w, 2, 0x4400); // offsets and lengths of 4 bytes, no base
    w_put(w, 2, 1);      // items
    w_put(w, 2, 1);      // the first
    w_put(w, 2, 0);      // in this file
    w_put(w, 2, 1);      // in one piece
    size_t at = w->out->n;
    w_put(w, 4, 0);
    w_put(w, 4, c->data.n);
    w_end(w, iloc);
    return at;
}

static void add_item(struct imp_heif_writer *w)
{
    size_t iinf = w_begin_full(w, "iinf", 0, 0);
    w_put(w, 2, 1);
    size_t infe = w_begin_full(w, "infe", 2, 0);
    w_put(w, 4, 1 << 16); // the first, not protected
    w_add(w, "av01", 5);  // and no name
    w_end(w, infe);
    w_end(w, iinf);
}

static bool write_file(const struct coder *c, struct imp_buf *out,
                       struct imp_err *err)
{
    struct imp_heif_writer w = {.out = out, .err = err, .ok = true};
    size_t begin = out->n, ftyp = w_begin(&w, "ftyp");
    w_add(&w, "avif\0\0\0\0avifmif1miaf", 20);
    w_end(&w, ftyp);
    size_t meta = w_begin_full(&w, "meta", 0, 0);
    size_t hdlr = w_begin_full(&w, "hdlr", 0, 0);
    w_add(&w, "\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0", 21);
    w_end(&w, hdlr);
    size_t pitm = w_begin_full(&w, "pitm", 0, 0);
    w_put(&w, 2, 1);
    w_end(&w, pitm);
    size_t offset = add_location(&w, c);
    add_item(&w);
    add_properties(&w, c);
    w_end(&w, meta);
    size_t mdat = w_begin(&w, "mdat");
    if (w.ok)
        imp_put_be32(out->p + offset, (uint32_t)(out->n - begin));
    w_add(&w, c->data.p, c->data.n);
    w_end(&w, mdat);
    return w.ok;
}

bool imp_vips_encode_av1(const struct imp_planes *p, struct imp_buf *out,
                         struct imp_err *err)
{
    struct coder c = {.p = p};
    aom_image_t *image = image_of(p, err);
    bool ok = image && start(&c, err) && run(&c, image, err) &&
              write_file(&c, out, err);
    aom_codec_destroy(&c.codec);
    aom_img_free(image);
    imp_buf_clear(&c.data);
    return ok;
}
