#include "image/tiff.h"

#define MAX_BITS 128     // of a sample: a complex number of doubles
#define MAX_SAMPLES 1024 // hyperspectral images have hundreds

// A number that the picture depends on, between `lo` and `hi`.
static bool need(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                 uint16_t tag, const char *name, uint64_t otherwise,
                 uint64_t lo, uint64_t hi, uint32_t *out, struct imp_err *err)
{
    uint64_t v = otherwise;
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, tag);
    if (e && !imp_tiff_number(t, e, 0, &v))
        return imp_fail_at(err, IMP_ERR_DAMAGED, e->at,
                           "%s: %s has no value of a type that it can have",
                           ifd->name, name);
    if (!e && (v < lo || v > hi))
        return imp_fail_at(err, IMP_ERR_DAMAGED, ifd->at, "%s: no %s",
                           ifd->name, name);
    if (v < lo || v > hi)
        return imp_fail_at(err, IMP_ERR_DAMAGED, e->at,
                           "%s: %s is %ju, want %ju to %ju", ifd->name, name,
                           (uintmax_t)v, (uintmax_t)lo, (uintmax_t)hi);
    *out = (uint32_t)v;
    return true;
}

// A tag with a number for each sample: readers take one for all, or one for
// each if they are alike.
static bool need_alike(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       uint16_t tag, const char *name, uint32_t samples,
                       struct imp_err *err)
{
    uint64_t first, v;
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, tag);
    if (!e || e->count == 1)
        return true;
    if (e->count < samples || !imp_tiff_number(t, e, 0, &first))
        return imp_fail_at(err, IMP_ERR_DAMAGED, e->at,
                           "%s: %s has %ju values, want %u", ifd->name, name,
                           (uintmax_t)e->count, samples);
    for (uint32_t i = 1; i < samples; i++)
        if (!imp_tiff_number(t, e, i, &v) || v != first)
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, e->at,
                               "%s: %s differs from sample to sample",
                               ifd->name, name);
    return true;
}

static bool read_pixel(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       struct imp_tiff_shape *s, struct imp_err *err)
{
    uint32_t planar, order, format;
    if (!need(t, ifd, IMP_TIFF_SAMPLES_PER_PIXEL, "SamplesPerPixel", 1, 1,
              MAX_SAMPLES, &s->samples, err) ||
        !need(t, ifd, IMP_TIFF_BITS_PER_SAMPLE, "BitsPerSample", 1, 1, MAX_BITS,
              &s->bits, err) ||
        !need_alike(t, ifd, IMP_TIFF_BITS_PER_SAMPLE, "BitsPerSample",
                    s->samples, err) ||
        !need(t, ifd, IMP_TIFF_SAMPLE_FORMAT, "SampleFormat", 1, 1, 6, &format,
              err) ||
        !need_alike(t, ifd, IMP_TIFF_SAMPLE_FORMAT, "SampleFormat", s->samples,
                    err) ||
        !need(t, ifd, IMP_TIFF_COMPRESSION, "Compression", 1, 1, UINT16_MAX,
              &s->compression, err) ||
        !need(t, ifd, IMP_TIFF_PLANAR, "PlanarConfiguration", 1, 1, 2, &planar,
              err) ||
        !need(t, ifd, IMP_TIFF_FILL_ORDER, "FillOrder", 1, 1, 2, &order, err) ||
        !need(t, ifd, IMP_TIFF_T4_OPTIONS, "T4Options", 0, 0, 7, &s->t4_options,
              err))
        return false;
    s->planes_apart = planar == 2 && s->samples > 1;
    s->bits_reversed = order == 2;
    return true;
}

static bool read_photometric(const struct imp_tiff *t,
                             const struct imp_tiff_ifd *ifd,
                             struct imp_tiff_shape *s, struct imp_err *err)
{
    uint32_t v;
    s->photometric = IMP_TIFF_NO_PHOTOMETRIC;
    if (!imp_tiff_find(ifd, IMP_TIFF_PHOTOMETRIC))
        return true;
    if (!need(t, ifd, IMP_TIFF_PHOTOMETRIC, "PhotometricInterpretation", 0, 0,
              UINT16_MAX, &v, err))
        return false;
    // Section 8 and 23; ICCLab; ITULab. 7 is none.
    if (v > 10 || v == 7)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                           "%s: PhotometricInterpretation %u", ifd->name, v);
    s->photometric = (int32_t)v;
    return true;
}

// Section 21. What is JPEG tells its subsampling itself.
static bool read_subsampling(const struct imp_tiff *t,
                             const struct imp_tiff_ifd *ifd,
                             struct imp_tiff_shape *s, struct imp_err *err)
{
    s->sub_h = s->sub_v = 1;
    if (s->photometric != IMP_TIFF_YCBCR || s->compression == IMP_TIFF_JPEG ||
        s->planes_apart || s->samples != 3)
        return true;
    uint64_t h = 2, v = 2;
    const struct imp_tiff_entry *e =
        imp_tiff_find(ifd, IMP_TIFF_YCBCR_SUBSAMPLING);
    if (e && (!imp_tiff_number(t, e, 0, &h) || !imp_tiff_number(t, e, 1, &v)))
        return imp_fail_at(err, IMP_ERR_DAMAGED, e->at,
                           "%s: YCbCrSubSampling has %ju values, want 2",
                           ifd->name, (uintmax_t)e->count);
    if ((h != 1 && h != 2 && h != 4) || (v != 1 && v != 2 && v != 4))
        return imp_fail_at(err, IMP_ERR_DAMAGED, ifd->at,
                           "%s: YCbCrSubSampling %ju, %ju, want 1, 2 or 4",
                           ifd->name, (uintmax_t)h, (uintmax_t)v);
    s->sub_h = (uint32_t)h;
    s->sub_v = (uint32_t)v;
    return true;
}

// Section 15: a directory has tiles or strips.
static bool read_pieces(const struct imp_tiff *t,
                        const struct imp_tiff_ifd *ifd,
                        struct imp_tiff_shape *s, struct imp_err *err)
{
    s->tiled = imp_tiff_find(ifd, IMP_TIFF_TILE_WIDTH) ||
               imp_tiff_find(ifd, IMP_TIFF_TILE_LENGTH);
    if (s->tiled) {
        if (!need(t, ifd, IMP_TIFF_TILE_WIDTH, "TileWidth", 0, 1, UINT32_MAX,
                  &s->piece_width, err) ||
            !need(t, ifd, IMP_TIFF_TILE_LENGTH, "TileLength", 0, 1, UINT32_MAX,
                  &s->piece_height, err))
            return false;
    } else {
        s->piece_width = s->width;
        if (!need(t, ifd, IMP_TIFF_ROWS_PER_STRIP, "RowsPerStrip", UINT32_MAX,
                  1, UINT32_MAX, &s->piece_height, err))
            return false;
        if (s->piece_height > s->height)
            s->piece_height = s->height;
    }
    s->across = ((uint64_t)s->width + s->piece_width - 1) / s->piece_width;
    s->down = ((uint64_t)s->height + s->piece_height - 1) / s->piece_height;
    s->n_pieces = s->across * s->down * (s->planes_apart ? s->samples : 1);
    return true;
}

// The places of strips and tiles. Some writers use the tags of strips for
// tiles; readers take either (libtiff).
static bool find_pieces(const struct imp_tiff_ifd *ifd,
                        struct imp_tiff_shape *s, struct imp_err *err)
{
    s->offsets = imp_tiff_find(ifd, s->tiled ? IMP_TIFF_TILE_OFFSETS
                                             : IMP_TIFF_STRIP_OFFSETS);
    s->counts = imp_tiff_find(ifd, s->tiled ? IMP_TIFF_TILE_BYTES
                                            : IMP_TIFF_STRIP_BYTES);
    if (s->tiled && !s->offsets) {
        s->offsets = imp_tiff_find(ifd, IMP_TIFF_STRIP_OFFSETS);
        s->counts = imp_tiff_find(ifd, IMP_TIFF_STRIP_BYTES);
    }
    const char *what = s->tiled ? "tiles" : "strips";
    if (!s->offsets)
        return imp_fail_at(err, IMP_ERR_DAMAGED, ifd->at,
                           "%s: nothing tells where its %s are", ifd->name,
                           what);
    uint64_t have = s->offsets->count;
    if (s->counts && s->counts->count < have)
        have = s->counts->count;
    if (have < s->n_pieces || !s->offsets->bytes.p ||
        (s->counts && !s->counts->bytes.p))
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->offsets->at,
                           "%s: places of %ju %s, want %ju", ifd->name,
                           (uintmax_t)(s->offsets->bytes.p ? have : 0), what,
                           (uintmax_t)s->n_pieces);
    return true;
}

// Pages are pictures of their own, so each may be as large as the limit says;
// what decoding all of them costs is limited as well.
static bool check_size(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       const struct imp_tiff_shape *s, struct imp_err *err)
{
    uint64_t most = t->img->limits.max_pixels, coded;
    if ((uint64_t)s->width * s->height > most)
        return imp_fail_at(err, IMP_ERR_LIMIT, ifd->at,
                           "%s: %u by %u pixels, want at most %ju", ifd->name,
                           s->width, s->height, (uintmax_t)most);
    if (!imp_mul_u64(s->across * s->down,
                     (uint64_t)s->piece_width * s->piece_height, &coded) ||
        coded > t->pixels_left)
        return imp_fail_at(err, IMP_ERR_LIMIT, ifd->at,
                           "%s: more pixels than a file of this size may hold",
                           ifd->name);
    t->pixels_left -= coded;
    return true;
}

// libtiff's SGI extension: a third dimension.
static bool check_flat(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       struct imp_err *err)
{
    if (imp_tiff_number_of(t, ifd, IMP_TIFF_IMAGE_DEPTH, 1) == 1 &&
        imp_tiff_number_of(t, ifd, IMP_TIFF_TILE_DEPTH, 1) == 1)
        return true;
    return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                       "%s: a volume (ImageDepth)", ifd->name);
}

bool imp_tiff_read_shape(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                         struct imp_tiff_shape *s, struct imp_err *err)
{
    *s = (struct imp_tiff_shape){0};
    return need(t, ifd, IMP_TIFF_WIDTH, "ImageWidth", 0, 1, UINT32_MAX,
                &s->width, err) &&
           need(t, ifd, IMP_TIFF_LENGTH, "ImageLength", 0, 1, UINT32_MAX,
                &s->height, err) &&
           check_flat(t, ifd, err) && read_pixel(t, ifd, s, err) &&
           read_photometric(t, ifd, s, err) &&
           read_subsampling(t, ifd, s, err) && read_pieces(t, ifd, s, err) &&
           check_size(t, ifd, s, err) && find_pieces(ifd, s, err);
}

// Bytes of `rows` rows that are `width` wide. Rows end with whole bytes;
// subsampled ones are stored in blocks (section 21), as many as cover them.
static bool bytes_of(const struct imp_tiff_shape *s, uint32_t width,
                     uint32_t rows, uint64_t *out)
{
    uint64_t bits;
    if (s->sub_h == 1 && s->sub_v == 1) {
        bits = (uint64_t)width * (s->planes_apart ? 1 : s->samples) * s->bits;
        return imp_mul_u64((bits + 7) / 8, rows, out);
    }
    uint64_t across = ((uint64_t)width + s->sub_h - 1) / s->sub_h;
    uint64_t down = ((uint64_t)rows + s->sub_v - 1) / s->sub_v;
    bits = across * (s->sub_h * s->sub_v + 2) * s->bits;
    return imp_mul_u64((bits + 7) / 8, down, out);
}

// How much of the file is coded data of the piece at `at`. Without
// StripByteCounts a single piece reaches as far as it must (libtiff).
static bool coded_of(const struct imp_tiff *t, const struct imp_tiff_shape *s,
                     uint64_t i, struct imp_tiff_piece *piece,
                     struct imp_err *err)
{
    uint64_t n = 0, room = 0;
    bool is_plain = s->compression == IMP_TIFF_NONE;
    if (piece->at < t->in.n)
        room = t->in.n - piece->at;
    if (s->counts && !imp_tiff_number(t, s->counts, i, &n))
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->counts->at,
                           "%s byte counts have no type that fits",
                           piece->what);
    if (!s->counts && !is_plain && s->n_pieces > 1)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->offsets->at,
                           "nothing tells how long its %ss are", piece->what);
    // A picture of one strip is often given a wrong length.
    if (is_plain &&
        (!s->counts || n > piece->least || (s->n_pieces == 1 && !s->tiled)))
        n = piece->least;
    else if (!s->counts)
        n = room;
    if (piece->at < t->header || n == 0 || n > room)
        return imp_fail_at(err, IMP_ERR_DAMAGED, piece->at,
                           "%s %ju: %ju bytes at %ju, have %zu in all",
                           piece->what, (uintmax_t)i, (uintmax_t)n,
                           (uintmax_t)piece->at, t->in.n);
    piece->coded = (struct imp_span){t->in.p + piece->at, n};
    return true;
}

bool imp_tiff_piece_at(const struct imp_tiff *t, const struct imp_tiff_shape *s,
                       uint64_t i, struct imp_tiff_piece *piece,
                       struct imp_err *err)
{
    uint64_t row = i % (s->across * s->down) / s->across;
    uint64_t below = s->height - row * s->piece_height;
    *piece = (struct imp_tiff_piece){.what = s->tiled ? "tile" : "strip",
                                     .index = i,
                                     .width = s->piece_width,
                                     .rows = s->piece_height,
                                     .most_rows = s->piece_height};
    if (!s->tiled && below < piece->rows)
        piece->rows = (uint32_t)below;
    if (!imp_tiff_number(t, s->offsets, i, &piece->at))
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->offsets->at,
                           "%s offsets have no type that fits", piece->what);
    if (!bytes_of(s, piece->width, piece->rows, &piece->least) ||
        !bytes_of(s, piece->width, piece->most_rows, &piece->most))
        return imp_fail_at(err, IMP_ERR_LIMIT, piece->at,
                           "%s %ju: too many bytes of pixels", piece->what,
                           (uintmax_t)i);
    return coded_of(t, s, i, piece, err);
}
