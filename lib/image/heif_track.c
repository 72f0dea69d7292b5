#include "image/heif_track.h"

#include <string.h>

#define ENTRY 78 // bytes of a VisualSampleEntry in front of its boxes, 12.1.3
#define ALL_ONES UINT64_MAX
#define MAX_TIME (UINT64_C(1) << 40)

bool imp_heif_find(struct imp_span in, uint64_t base, const char *type,
                   struct imp_heif_box *box)
{
    for (size_t at = 0; at < in.n;) {
        if (!imp_heif_box_at(in, base, at, box, NULL))
            return false;
        if (imp_heif_is(box, type))
            return true;
        at += (size_t)box->size;
    }
    return false;
}

static uint64_t base_of(const struct imp_heif_box *box)
{
    return box->at + box->size - box->body.n;
}

// A box inside a box that must be there.
static bool need(const struct imp_heif_box *in, const char *type,
                 struct imp_heif_box *out, struct imp_err *err)
{
    return imp_heif_find(in->body, base_of(in), type, out) ||
           imp_fail_at(err, IMP_ERR_DAMAGED, in->at, "%s box at %ju: no %s",
                       in->type, (uintmax_t)in->at, type);
}

static bool too_short(const struct imp_heif_box *box, struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, box->at,
                       "%s box at %ju: not a form that is known", box->type,
                       (uintmax_t)box->at);
}

// A reader behind version and flags.
static bool open_full(const struct imp_heif_box *box, uint8_t *version,
                      uint32_t *flags, struct imp_heif_reader *r,
                      struct imp_err *err)
{
    *r = (struct imp_heif_reader){.ok = true};
    return imp_heif_full(box, version, flags, &r->in, err);
}

// A number of 32 or 64 bits, by the version, all ones meaning "not known".
static uint64_t get_time(struct imp_heif_reader *r, uint8_t version)
{
    uint64_t v = imp_heif_get(r, version == 1 ? 8 : 4);
    if (version != 1 && v == UINT32_MAX)
        v = ALL_ONES;
    r->ok = r->ok && (v == ALL_ONES || v < MAX_TIME);
    return v;
}

// When it was made and changed.
static void skip_dates(struct imp_heif_reader *r, uint8_t version)
{
    imp_heif_get(r, version == 1 ? 8 : 4);
    imp_heif_get(r, version == 1 ? 8 : 4);
}

// 8.2.2
static bool read_mvhd(struct imp_heif *h, struct imp_err *err)
{
    struct imp_heif_box box;
    struct imp_heif_reader r;
    uint8_t version;
    uint32_t flags;
    if (!need(&h->moov, "mvhd", &box, err) ||
        !open_full(&box, &version, &flags, &r, err))
        return false;
    skip_dates(&r, version);
    h->timescale = (uint32_t)imp_heif_get(&r, 4);
    h->duration = get_time(&r, version);
    return (r.ok && h->timescale) || too_short(&box, err);
}

// 8.3.2, 6.2.2: only quarter turns and mirrors; a matrix of other numbers may
// say anything.
static bool is_plain(const uint32_t m[9])
{
    for (size_t i = 0; i < 8; i++)
        if (m[i] != 0 && m[i] != 0x10000 && m[i] != 0xffff0000)
            return false;
    return m[8] == 0x40000000;
}

static bool read_tkhd(struct imp_heif_track *t, struct imp_err *err)
{
    struct imp_heif_box box;
    struct imp_heif_reader r;
    uint8_t version;
    if (!need(&t->box, "tkhd", &box, err) ||
        !open_full(&box, &version, &t->flags, &r, err))
        return false;
    t->flags &= 7;
    skip_dates(&r, version);
    t->id = (uint32_t)imp_heif_get(&r, 4);
    imp_heif_get(&r, 4);
    t->duration = get_time(&r, version);
    imp_heif_get(&r, 8);
    imp_heif_get(&r, 8); // layer, group, volume
    for (size_t i = 0; i < 9; i++)
        t->matrix[i] = (uint32_t)imp_heif_get(&r, 4);
    t->width = (uint32_t)imp_heif_get(&r, 4) >> 16;
    t->height = (uint32_t)imp_heif_get(&r, 4) >> 16;
    if (!r.ok)
        return too_short(&box, err);
    return is_plain(t->matrix) || imp_fail_at(err, IMP_ERR_UNSUPPORTED, box.at,
                                              "a track shown through a matrix");
}

// 8.6.6: one edit, from the start, that may repeat.
static bool read_edit(struct imp_heif_track *t, struct imp_err *err)
{
    struct imp_heif_box edts, elst;
    struct imp_heif_reader r;
    uint8_t version;
    uint32_t flags;
    if (!imp_heif_find(t->box.body, base_of(&t->box), "edts", &edts) ||
        !imp_heif_find(edts.body, base_of(&edts), "elst", &elst))
        return true;
    if (!open_full(&elst, &version, &flags, &r, err))
        return false;
    uint64_t entries = imp_heif_get(&r, 4);
    t->edit_duration = get_time(&r, version);
    uint64_t from = imp_heif_get(&r, version == 1 ? 8 : 4);
    uint64_t rate = imp_heif_get(&r, 4);
    if (!r.ok || entries != 1 || from != 0 || rate != 0x10000)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, elst.at,
                           "a sequence that is edited");
    t->has_edit = true;
    t->repeats = flags & 1;
    return true;
}

// 8.3.3: what the track is to another.
static uint32_t reference_of(const struct imp_heif_track *t, const char *type)
{
    struct imp_heif_box tref, ref;
    if (imp_heif_find(t->box.body, base_of(&t->box), "tref", &tref) &&
        imp_heif_find(tref.body, base_of(&tref), type, &ref) && ref.body.n >= 4)
        return imp_be32(ref.body.p);
    return 0;
}

struct imp_heif_prop *imp_heif_track_prop(struct imp_heif_track *t,
                                          const char *type)
{
    for (size_t i = 0; i < t->n_props; i++)
        if (imp_heif_is(&t->prop[i].box, type))
            return &t->prop[i];
    return NULL;
}

static bool read_entry_boxes(struct imp_heif *h, struct imp_heif_track *t,
                             const struct imp_heif_box *entry,
                             struct imp_err *err)
{
    struct imp_span rest = {entry->body.p + ENTRY, entry->body.n - ENTRY};
    uint64_t base = base_of(entry) + ENTRY;
    for (size_t at = 0; at < rest.n;) {
        struct imp_heif_prop p = {0};
        if (!imp_heif_box_at(rest, base, at, &p.box, err) ||
            !imp_heif_take_prop(h, &p, err))
            return false;
        at += (size_t)p.box.size;
        if (!p.bytes.p || imp_heif_track_prop(t, p.box.type))
            continue;
        if (t->n_props == IMP_HEIF_TRACK_PROPS)
            return imp_fail_at(err, IMP_ERR_LIMIT, p.box.at,
                               "more than %d boxes in a sample entry",
                               IMP_HEIF_TRACK_PROPS);
        t->prop[t->n_props++] = p;
    }
    return true;
}

// 8.5.2: one sample entry, of a coding that is known.
static bool read_stsd(struct imp_heif *h, struct imp_heif_track *t,
                      const struct imp_heif_box *stbl, struct imp_err *err)
{
    struct imp_heif_box stsd, entry;
    struct imp_span rest;
    uint8_t version;
    uint32_t flags;
    if (!need(stbl, "stsd", &stsd, err) ||
        !imp_heif_full(&stsd, &version, &flags, &rest, err))
        return false;
    if (rest.n < 4 || imp_be32(rest.p) != 1)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, stsd.at,
                           "samples of more than one kind");
    if (!imp_heif_box_at((struct imp_span){rest.p + 4, rest.n - 4},
                         base_of(&stsd) + 8, 0, &entry, err))
        return false;
    bool hevc = imp_heif_is(&entry, "hvc1");
    if (!hevc && !imp_heif_is(&entry, "av01"))
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, entry.at,
                           "samples of type %s", entry.type);
    if (entry.body.n < ENTRY)
        return too_short(&entry, err);
    memcpy(t->codec, entry.type, sizeof t->codec);
    t->coded_width = imp_be16(entry.body.p + 24);
    t->coded_height = imp_be16(entry.body.p + 26);
    uint64_t pixels = (uint64_t)t->coded_width * t->coded_height;
    if (pixels > h->img->limits.max_pixels)
        return imp_fail_at(err, IMP_ERR_LIMIT, entry.at,
                           "%ju pixels, want at most %ju", (uintmax_t)pixels,
                           (uintmax_t)h->img->limits.max_pixels);
    if (!read_entry_boxes(h, t, &entry, err))
        return false;
    return imp_heif_track_prop(t, hevc ? "hvcC" : "av1C") ||
           too_short(&entry, err);
}

// 8.4.2
static bool read_mdhd(struct imp_heif_track *t, const struct imp_heif_box *mdia,
                      struct imp_err *err)
{
    struct imp_heif_box box;
    struct imp_heif_reader r;
    uint8_t version;
    uint32_t flags;
    if (!need(mdia, "mdhd", &box, err) ||
        !open_full(&box, &version, &flags, &r, err))
        return false;
    skip_dates(&r, version);
    t->timescale = (uint32_t)imp_heif_get(&r, 4);
    return (r.ok && t->timescale) || too_short(&box, err);
}

static bool read_media(struct imp_heif *h, struct imp_heif_track *t,
                       const struct imp_heif_box *mdia, struct imp_err *err)
{
    struct imp_heif_box minf, stbl;
    return read_mdhd(t, mdia, err) && need(mdia, "minf", &minf, err) &&
           need(&minf, "stbl", &stbl, err) && read_stsd(h, t, &stbl, err) &&
           imp_heif_take_samples(h, t, &stbl, err);
}

static bool read_handler(struct imp_heif_track *t, struct imp_heif_box *mdia,
                         struct imp_err *err)
{
    struct imp_heif_box hdlr;
    if (!need(&t->box, "mdia", mdia, err) || !need(mdia, "hdlr", &hdlr, err))
        return false;
    if (hdlr.body.n < 12)
        return too_short(&hdlr, err);
    memcpy(t->handler, hdlr.body.p + 8, 4);
    return true;
}

static bool drop_track(struct imp_heif *h, const struct imp_heif_track *t,
                       struct imp_err *err)
{
    struct imp_part part = {.kind = IMP_PART_VIDEO,
                            .name = "track beside the pictures",
                            .offset = t->box.at,
                            .length = t->box.size};
    struct imp_verdict ignored = {0};
    return h->img->editor->decide(h->img->editor, &part, &ignored, err) &&
           imp_regions_label(&h->regions, t->box.at, t->box.size, part.kind,
                             part.name, err);
}

static bool read_track(struct imp_heif *h, struct imp_heif_track *t,
                       struct imp_err *err)
{
    struct imp_heif_box mdia;
    if (!read_tkhd(t, err) || !read_handler(t, &mdia, err))
        return false;
    bool is_alpha = strcmp(t->handler, "auxv") == 0;
    if (is_alpha)
        t->alpha_of = reference_of(t, "auxl");
    if ((strcmp(t->handler, "pict") != 0 && !t->alpha_of) ||
        reference_of(t, "thmb"))
        return drop_track(h, t, err);
    t->keep = true;
    if (!read_edit(t, err) || !read_media(h, t, &mdia, err))
        return imp_wrap(err, "track %u", t->id);
    return !is_alpha || imp_heif_track_prop(t, "auxi") ||
           imp_fail_at(err, IMP_ERR_UNSUPPORTED, t->box.at,
                       "an auxiliary track that is not alpha");
}

bool imp_heif_read_tracks(struct imp_heif *h, struct imp_err *err)
{
    struct imp_span in = h->moov.body;
    if (!read_mvhd(h, err))
        return false;
    h->track = imp_cutlist_alloc(h->cl, IMP_HEIF_TRACKS * sizeof *h->track);
    if (!h->track)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tracks");
    bool any = false;
    for (size_t at = 0; at < in.n;) {
        struct imp_heif_box box;
        if (!imp_heif_box_at(in, base_of(&h->moov), at, &box, err))
            return false;
        at += (size_t)box.size;
        if (!imp_heif_is(&box, "trak"))
            continue;
        if (h->n_tracks == IMP_HEIF_TRACKS)
            return imp_fail_at(err, IMP_ERR_LIMIT, box.at,
                               "more than %d tracks", IMP_HEIF_TRACKS);
        struct imp_heif_track *t = &h->track[h->n_tracks++];
        t->box = box;
        if (!read_track(h, t, err))
            return false;
        any |= t->keep && !t->alpha_of;
    }
    return any || imp_fail_at(err, IMP_ERR_UNSUPPORTED, h->moov.at,
                              "a sequence without a track of pictures");
}
