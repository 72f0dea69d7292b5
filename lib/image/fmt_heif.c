// HEIF, HEIC and AVIF: still images and image sequences. The file is laid out
// anew: ftyp, a meta and a moov box made from what is known, and one mdat with
// the items and samples that stay.
#include "image/heif_track.h"

#include <string.h>

// Brands that files of these kinds bear (23008-12 10, AV1-AVIF 8); others are
// four letters that anybody may choose.
static const char brands[][5] = {
    "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1",
    "mif2", "mif3", "msf1", "avif", "avis", "avio", "miaf", "MiHB", "MiHA",
    "MiHE", "MiPr", "MA1A", "MA1B", "tmap", "isom", "iso2", "iso3", "iso4",
    "iso5", "iso6", "iso7", "iso8", "iso9", "mp41", "mp42", "1pic", "unif"};

// Samples may share their bytes; how much of that we follow.
#define SHARING 4

static bool is_known(const uint8_t *brand)
{
    for (size_t i = 0; i < sizeof brands / sizeof brands[0]; i++)
        if (memcmp(brands[i], brand, 4) == 0)
            return true;
    return false;
}

static bool has_brand(struct imp_span ftyp, const char *brand)
{
    for (size_t at = 0; at + 4 <= ftyp.n; at += at == 0 ? 8 : 4)
        if (memcmp(ftyp.p + at, brand, 4) == 0)
            return true;
    return false;
}

static bool read_ftyp(struct imp_span in, struct imp_heif_box *box)
{
    return in.n >= 16 && memcmp(in.p + 4, "ftyp", 4) == 0 &&
           imp_heif_box_at(in, 0, 0, box, NULL) && box->body.n >= 8;
}

static bool is_avif(struct imp_span ftyp)
{
    return has_brand(ftyp, "avif") || has_brand(ftyp, "avis");
}

static bool sniff_avif(struct imp_span in)
{
    struct imp_heif_box ftyp;
    return read_ftyp(in, &ftyp) && is_avif(ftyp.body);
}

static bool sniff_heif(struct imp_span in)
{
    struct imp_heif_box ftyp;
    return read_ftyp(in, &ftyp) && !is_avif(ftyp.body) &&
           (has_brand(ftyp.body, "mif1") || has_brand(ftyp.body, "mif2") ||
            has_brand(ftyp.body, "msf1") || has_brand(ftyp.body, "heic") ||
            has_brand(ftyp.body, "heix") || has_brand(ftyp.body, "heim") ||
            has_brand(ftyp.body, "heis") || has_brand(ftyp.body, "hevc"));
}

// --- Top level boxes ---

static bool label(struct imp_heif *h, const struct imp_heif_box *box,
                  enum imp_part_kind kind, const char *name, bool ask,
                  struct imp_err *err)
{
    struct imp_part part = {
        .kind = kind, .name = name, .offset = box->at, .length = box->size};
    struct imp_verdict ignored = {0};
    if (ask && ++h->parts > 1000)
        return imp_fail_at(err, IMP_ERR_LIMIT, box->at, "too many boxes");
    if (ask && !h->img->editor->decide(h->img->editor, &part, &ignored, err))
        return false;
    return imp_regions_label(&h->regions, box->at, box->size, kind, name, err);
}

static bool is_sequence(const struct imp_heif *h)
{
    return has_brand(h->ftyp.body, "avis") || has_brand(h->ftyp.body, "msf1") ||
           has_brand(h->ftyp.body, "hevc") || has_brand(h->ftyp.body, "hevx");
}

// The labels of items in mdat are made later, but begin behind its header, and
// so its own label must not cover them.
static bool take_box(struct imp_heif *h, const struct imp_heif_box *box,
                     struct imp_err *err)
{
    if (imp_heif_is(box, "meta") && !h->has_meta) {
        h->meta = *box;
        h->has_meta = true;
        return label(h, box, IMP_PART_STRUCTURE, "meta box", false, err);
    }
    if (imp_heif_is(box, "mdat")) {
        struct imp_heif_box head = *box;
        head.size -= head.body.n;
        return label(h, &head, IMP_PART_STRUCTURE, "mdat header", false, err);
    }
    if (imp_heif_is(box, "moov") && is_sequence(h) && !h->has_moov) {
        h->moov = *box;
        h->has_moov = true;
        return label(h, box, IMP_PART_STRUCTURE, "moov box", false, err);
    }
    if (imp_heif_is(box, "moof"))
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, box->at,
                           "a sequence in fragments");
    if (imp_heif_is(box, "moov") || imp_heif_is(box, "mpvd") ||
        imp_heif_is(box, "ftyp"))
        return label(h, box, IMP_PART_VIDEO,
                     imp_cutlist_name(h->cl, "%s box of a film", box->type),
                     true, err);
    return label(h, box, IMP_PART_UNKNOWN,
                 imp_cutlist_name(h->cl, "%s box", box->type), true, err);
}

// What is no box behind those that are is a trailer, as after other formats.
static bool walk(struct imp_heif *h, struct imp_err *err)
{
    size_t at = (size_t)h->ftyp.size;
    while (at < h->in.n) {
        struct imp_heif_box box;
        if (!imp_heif_box_at(h->in, 0, at, &box, err)) {
            if (!h->has_meta && !h->has_moov)
                return false;
            struct imp_heif_box rest = {.at = at, .size = h->in.n - at};
            if (err)
                *err = (struct imp_err){0};
            return label(h, &rest, IMP_PART_TRAILER, "bytes after the boxes",
                         true, err);
        }
        if (!take_box(h, &box, err))
            return false;
        at += (size_t)box.size;
    }
    return h->has_meta || h->has_moov ||
           imp_fail_at(err, IMP_ERR_UNSUPPORTED, 0,
                       "neither a meta nor a moov box of pictures");
}

// --- The new file ---

static bool write_ftyp(struct imp_heif *h, struct imp_buf *out,
                       struct imp_err *err)
{
    struct imp_span b = h->ftyp.body;
    if (!is_known(b.p))
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, 0,
                           "a major brand that is not known");
    size_t at = imp_heif_begin(out, "ftyp", err);
    bool ok = at != SIZE_MAX && imp_buf_add(out, b.p, 4, err) &&
              imp_heif_put(out, 4, 0, err);
    for (size_t i = 8; ok && i + 4 <= b.n; i += 4)
        if (is_known(b.p + i))
            ok = imp_buf_add(out, b.p + i, 4, err);
    if (ok)
        imp_heif_end(out, at);
    return ok;
}

static bool write_mdat_header(uint64_t claims, struct imp_buf *out,
                              struct imp_err *err)
{
    bool wide = claims + 8 > UINT32_MAX;
    out->n = 0;
    return imp_heif_put(out, 4, wide ? 1 : claims + 8, err) &&
           imp_buf_add(out, "mdat", 4, err) &&
           (!wide || imp_heif_put(out, 8, claims + 16, err));
}

static void insert_box(struct imp_heif *h, const struct imp_buf *box,
                       const struct imp_heif_marks *coded, const char *name)
{
    size_t at = 0;
    for (size_t i = 0; box->n && i <= coded->n; i++) {
        size_t end = i < coded->n ? coded->at[i] : box->n;
        imp_cut_insert(h->cl, box->p + at, end - at,
                       i % 2 ? IMP_PART_CODED : IMP_PART_STRUCTURE,
                       i % 2 ? "coder's parameters" : name);
        at = end;
    }
}

// Places are counted from the end of what is written before them, so moov is
// written twice: its length does not depend on where the samples are.
static bool write_boxes(struct imp_heif *h, uint64_t before, uint64_t after,
                        struct imp_buf *meta, struct imp_buf *moov,
                        struct imp_err *err)
{
    if (h->has_moov && !imp_heif_write_moov(h, 0, moov, err))
        return false;
    if (h->has_meta &&
        !imp_heif_write_meta(h, before, moov->n + after, meta, err))
        return false;
    return !h->has_moov ||
           imp_heif_write_moov(h, before + meta->n + moov->n + after, moov,
                               err);
}

bool imp_heif_lay(struct imp_heif *h, struct imp_err *err)
{
    struct imp_buf ftyp = {0}, meta = {0}, moov = {0}, mdat = {0};
    bool ok = imp_regions_lay(&h->regions, err) && write_ftyp(h, &ftyp, err) &&
              write_mdat_header(h->regions.total, &mdat, err) &&
              write_boxes(h, ftyp.n, mdat.n, &meta, &moov, err);
    if (ok) {
        imp_cut_insert(h->cl, ftyp.p, ftyp.n, IMP_PART_STRUCTURE, "ftyp box");
        insert_box(h, &meta, &h->meta_coded, "meta box");
        insert_box(h, &moov, &h->moov_coded, "moov box");
        imp_cut_insert(h->cl, mdat.p, mdat.n, IMP_PART_STRUCTURE,
                       "mdat header");
        imp_regions_emit(&h->regions, h->cl, 0, h->in.n, IMP_PART_UNKNOWN,
                         "bytes that no item refers to");
    }
    imp_buf_clear(&mdat);
    imp_buf_clear(&moov);
    imp_buf_clear(&meta);
    imp_buf_clear(&ftyp);
    return ok;
}

static void tell_size(struct imp_heif *h)
{
    for (size_t i = h->n_tracks; i-- > 0;)
        if (h->track[i].keep && !h->track[i].alpha_of) {
            h->img->width = h->track[i].coded_width;
            h->img->height = h->track[i].coded_height;
        }
    if (!h->has_meta)
        return;
    const struct imp_heif_item *primary = imp_heif_item(h, h->primary);
    const struct imp_heif_prop *p =
        primary ? imp_heif_prop_of(h, primary, "ispe") : NULL;
    if (!p || p->box.body.n != 12)
        return;
    h->img->width = imp_be32(p->box.body.p + 4);
    h->img->height = imp_be32(p->box.body.p + 8);
}

bool imp_heif_open(struct imp_heif *h, struct imp_err *err)
{
    h->samples_left = SHARING * (uint64_t)h->in.n;
    if (!read_ftyp(h->in, &h->ftyp))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no ftyp box");
    imp_regions_start(&h->regions, h->in.n);
    return label(h, &h->ftyp, IMP_PART_STRUCTURE, "ftyp box", false, err) &&
           walk(h, err) &&
           (!h->has_meta ||
            (imp_heif_read_meta(h, err) && imp_heif_take_swaps(h, err) &&
             imp_heif_select(h, err))) &&
           (!h->has_moov || imp_heif_read_tracks(h, err));
}

void imp_heif_close(struct imp_heif *h)
{
    imp_cutlist_clear(&h->part);
    imp_regions_clear(&h->regions);
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct imp_heif h = {.in = in, .img = img, .cl = cl};
    bool ok = imp_heif_open(&h, err);
    if (ok) {
        tell_size(&h);
        ok = imp_heif_lay(&h, err);
    }
    imp_heif_close(&h);
    return ok;
}

const struct imp_format imp_format_heif = {
    .name = "heif", .ext = "heic", .sniff = sniff_heif, .cut = cut};

const struct imp_format imp_format_avif = {
    .name = "avif", .ext = "avif", .sniff = sniff_avif, .cut = cut};
