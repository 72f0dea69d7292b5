// JPEG (ITU-T T.81, JFIF, CIPA DC-008): the segments that the picture needs are
// kept, the rest is named and offered to the editor, which mostly lets it go.
#include "image/format.h"
#include "image/jpeg.h"
#include "image/jpeg_tables.h"

#include <string.h>

#define ICC_HEAD "ICC_PROFILE\0" // ICC.1 B.4; then chunk number and count
#define ICC_HEAD_LEN (12 + 2)
#define DENSITY_MAX 8191  // more would have room for text
#define SEGMENT_MAX 65533 // bytes behind the length field

struct reader {
    struct imp_span in;
    struct imp_job_image *img;
    struct imp_cutlist *cl;
    struct imp_jpeg *j;
    struct imp_jpeg_uses uses;
    size_t at; // next byte to speak for
    bool jfif, exif, adobe;
    enum { ICC_NOT_MET, ICC_KEPT, ICC_GONE } icc;
};

static void keep(struct reader *r, const struct imp_jpeg_segment *s,
                 const char *what)
{
    imp_cut_keep(r->cl, s->at, s->len, IMP_PART_STRUCTURE, what);
}

static void drop(struct reader *r, const struct imp_jpeg_segment *s,
                 enum imp_part_kind kind, const char *what)
{
    imp_cut_drop(r->cl, s->at, s->len, kind, what);
}

static void insert_segment(struct reader *r, uint8_t marker, const void *head,
                           size_t head_len, struct imp_span body,
                           enum imp_part_kind kind, const char *what)
{
    size_t n = 4 + head_len + body.n;
    uint8_t *seg = imp_cutlist_alloc(r->cl, n);
    if (!seg)
        return;
    seg[0] = 0xFF;
    seg[1] = marker;
    imp_put_be16(seg + 2, (uint16_t)(n - 2));
    memcpy(seg + 4, head, head_len);
    if (body.n)
        memcpy(seg + 4 + head_len, body.p, body.n);
    imp_cut_insert(r->cl, seg, n, kind, what);
}

static bool ask(struct reader *r, const struct imp_jpeg_segment *s,
                enum imp_part_kind kind, const char *name,
                struct imp_span payload, struct imp_verdict *verdict,
                struct imp_err *err)
{
    struct imp_part part = {.kind = kind,
                            .name = name,
                            .offset = s->at,
                            .length = s->len,
                            .payload = payload};
    *verdict = (struct imp_verdict){0};
    return r->img->editor->decide(r->img->editor, &part, verdict, err);
}

// --- Application segments ---

// Replace a segment by the form that has nothing but what is needed in it,
// unless it has that form already.
static void canonical(struct reader *r, const struct imp_jpeg_segment *s,
                      const uint8_t *body, size_t n, const char *what,
                      enum imp_part_kind extra, const char *with_extra)
{
    if (s->body.n == n && memcmp(s->body.p, body, n) == 0) {
        keep(r, s, what);
        return;
    }
    drop(r, s, extra, with_extra);
    insert_segment(r, s->marker, body, n, (struct imp_span){0},
                   IMP_PART_STRUCTURE, what);
}

// JFIF 1.02: the density stays, if it is one; the thumbnail goes. What else
// stands in these fields is not needed to show the picture.
static void cut_jfif(struct reader *r, const struct imp_jpeg_segment *s)
{
    if (r->jfif || s->body.n < 14) {
        drop(r, s, IMP_PART_UNKNOWN, "APP0 JFIF, again or too short");
        return;
    }
    r->jfif = true;
    uint8_t body[14] = "JFIF\0\1\2\0\0\1\0\1";
    const uint8_t *given = s->body.p;
    unsigned x = imp_be16(given + 8), y = imp_be16(given + 10);
    if (given[5] == 1 && given[6] <= 2)
        body[6] = given[6];
    if (given[7] <= 2 && x >= 1 && x <= DENSITY_MAX && y >= 1 &&
        y <= DENSITY_MAX)
        memcpy(body + 7, given + 7, 5);
    canonical(r, s, body, sizeof body, "APP0 JFIF", IMP_PART_THUMBNAIL,
              "APP0 JFIF with more than the density");
}

// The colour transform is all that a decoder reads (T.872 6.5.3); what else is
// in the segment, or behind it, is an application's own.
static bool cut_adobe(struct reader *r, const struct imp_jpeg_segment *s,
                      struct imp_err *err)
{
    if (s->body.n < 12 || r->adobe) {
        drop(r, s, IMP_PART_UNKNOWN, "APP14 Adobe, again or too short");
        return true;
    }
    r->adobe = true;
    uint8_t body[12] = "Adobe\0\x64";
    body[11] = s->body.p[11];
    if (body[11] > 2)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->at + 15,
                           "APP14 at offset %zu: colour transform %u, want 0 "
                           "to 2",
                           s->at, body[11]);
    canonical(r, s, body, sizeof body, "APP14 Adobe", IMP_PART_VENDOR,
              "APP14 Adobe with more than the colour transform");
    return true;
}

static bool cut_exif(struct reader *r, const struct imp_jpeg_segment *s,
                     struct imp_err *err)
{
    static const char name[] = "APP1 Exif";
    struct imp_span tiff = {s->body.p + 6, s->body.n - 6};
    struct imp_verdict v;
    if (r->exif) {
        drop(r, s, IMP_PART_EXIF, "APP1 Exif, again");
        return true;
    }
    r->exif = true;
    if (!ask(r, s, IMP_PART_EXIF, name, tiff, &v, err))
        return false;
    if (v.fate == IMP_FATE_KEEP && s->body.p[5] == 0) {
        keep(r, s, name);
        return true;
    }
    drop(r, s, IMP_PART_EXIF, name);
    struct imp_span fresh = v.fate == IMP_FATE_KEEP ? tiff : v.bytes;
    if (v.fate != IMP_FATE_DROP && fresh.n && fresh.n <= SEGMENT_MAX - 6)
        insert_segment(r, IMP_JPEG_APP0 + 1, "Exif\0", 6, fresh, IMP_PART_EXIF,
                       name);
    return true;
}

static bool is_icc(const struct imp_jpeg_segment *s)
{
    return s->marker == IMP_JPEG_APP0 + 2 && s->body.n >= ICC_HEAD_LEN &&
           memcmp(s->body.p, ICC_HEAD, 12) == 0;
}

// The profile's chunks from here to the next scan, joined in their order.
// Empty if they do not make a whole.
static struct imp_span join_icc(struct reader *r,
                                const struct imp_jpeg_segment *first)
{
    struct imp_span chunk[256] = {0};
    unsigned count = first->body.p[13], met = 0;
    size_t total = 0;
    struct imp_jpeg_segment s;
    for (size_t at = first->at;
         imp_jpeg_next_segment(r->in, at, &s, NULL) && s.marker != IMP_JPEG_SOS;
         at = s.at + s.len) {
        if (!is_icc(&s))
            continue;
        unsigned number = s.body.p[12];
        if (number < 1 || number > count || s.body.p[13] != count ||
            chunk[number].p)
            return (struct imp_span){0};
        chunk[number].p = s.body.p + ICC_HEAD_LEN;
        chunk[number].n = s.body.n - ICC_HEAD_LEN;
        total += chunk[number].n;
        met++;
    }
    uint8_t *joined = met == count ? imp_cutlist_alloc(r->cl, total) : NULL;
    if (!joined)
        return (struct imp_span){0};
    size_t n = 0;
    for (unsigned i = 1; i <= count; i++) {
        memcpy(joined + n, chunk[i].p, chunk[i].n);
        n += chunk[i].n;
    }
    return (struct imp_span){joined, total};
}

static void insert_icc(struct reader *r, struct imp_span profile)
{
    const size_t most = SEGMENT_MAX - ICC_HEAD_LEN;
    size_t count = (profile.n + most - 1) / most;
    for (size_t i = 0; count <= 255 && i < count; i++) {
        uint8_t head[ICC_HEAD_LEN] = ICC_HEAD;
        head[12] = (uint8_t)(i + 1);
        head[13] = (uint8_t)count;
        struct imp_span part = {profile.p + i * most, profile.n - i * most};
        if (part.n > most)
            part.n = most;
        insert_segment(r, IMP_JPEG_APP0 + 2, head, sizeof head, part,
                       IMP_PART_ICC, "APP2 ICC");
    }
}

// The first chunk decides about the whole profile.
static bool cut_icc(struct reader *r, const struct imp_jpeg_segment *s,
                    struct imp_err *err)
{
    static const char name[] = "APP2 ICC";
    struct imp_verdict v = {0};
    if (r->icc == ICC_NOT_MET) {
        r->icc = ICC_GONE;
        struct imp_span profile = join_icc(r, s);
        if (profile.n && !ask(r, s, IMP_PART_ICC, name, profile, &v, err))
            return false;
        if (v.fate == IMP_FATE_KEEP)
            r->icc = ICC_KEPT;
    }
    if (r->icc == ICC_KEPT) {
        imp_cut_keep(r->cl, s->at, s->len, IMP_PART_ICC, name);
        return true;
    }
    drop(r, s, IMP_PART_ICC, name);
    if (v.fate == IMP_FATE_REPLACE)
        insert_icc(r, v.bytes);
    return true;
}

// Blocks that are known by the text at their start. All of them go in the end;
// the name is for the reader of a report.
static const struct {
    uint8_t n; // of APPn
    uint8_t len;
    const char *head;
    enum imp_part_kind kind;
    const char *name;
} known_apps[] = {
    {0, 5, "JFXX\0", IMP_PART_THUMBNAIL, "APP0 JFXX thumbnail"},
    {1, 29, "http://ns.adobe.com/xap/1.0/\0", IMP_PART_XMP, "APP1 XMP"},
    {1, 35, "http://ns.adobe.com/xmp/extension/\0", IMP_PART_XMP,
     "APP1 extended XMP"},
    {2, 4, "MPF\0", IMP_PART_VENDOR, "APP2 MPF"},
    {2, 5, "FPXR\0", IMP_PART_VENDOR, "APP2 FlashPix"},
    {2, 9, "urn:iso:s", IMP_PART_VENDOR, "APP2 gain map"},
    {11, 2, "JP", IMP_PART_VENDOR, "APP11 JUMBF"},
    {12, 5, "Ducky", IMP_PART_VENDOR, "APP12 Ducky"},
    {13, 14, "Photoshop 3.0\0", IMP_PART_IPTC, "APP13 Photoshop"},
};

static bool cut_other(struct reader *r, const struct imp_jpeg_segment *s,
                      struct imp_err *err)
{
    enum imp_part_kind kind = IMP_PART_UNKNOWN;
    const char *name = NULL;
    unsigned n = s->marker - (unsigned)IMP_JPEG_APP0;
    for (size_t i = 0; i < sizeof known_apps / sizeof *known_apps; i++)
        if (known_apps[i].n == n &&
            imp_span_starts(s->body, known_apps[i].head, known_apps[i].len)) {
            kind = known_apps[i].kind;
            name = known_apps[i].name;
        }
    if (s->marker == IMP_JPEG_COM) {
        kind = IMP_PART_COMMENT;
        name = "COM comment";
    } else if (!name && s->marker >= IMP_JPEG_APP0 &&
               s->marker <= IMP_JPEG_APP15) {
        name = imp_cutlist_name(r->cl, "APP%u", n);
    } else if (!name) {
        name = imp_cutlist_name(r->cl, "reserved segment 0x%02X", s->marker);
    }
    struct imp_verdict v;
    if (!ask(r, s, kind, name, s->body, &v, err))
        return false;
    if (v.fate == IMP_FATE_KEEP && kind != IMP_PART_UNKNOWN)
        imp_cut_keep(r->cl, s->at, s->len, kind, name);
    else
        drop(r, s, kind, name);
    return true;
}

static bool cut_app(struct reader *r, const struct imp_jpeg_segment *s,
                    struct imp_err *err)
{
    switch (s->marker) {
    case IMP_JPEG_APP0:
        if (imp_span_starts(s->body, "JFIF\0", 5)) {
            cut_jfif(r, s);
            return true;
        }
        break;
    case IMP_JPEG_APP0 + 1:
        if (s->body.n >= 6 && imp_span_starts(s->body, "Exif\0", 5))
            return cut_exif(r, s, err);
        break;
    case IMP_JPEG_APP0 + 2:
        if (is_icc(s))
            return cut_icc(r, s, err);
        break;
    case IMP_JPEG_APP0 + 14:
        if (imp_span_starts(s->body, "Adobe", 5))
            return cut_adobe(r, s, err);
        break;
    default:
        break;
    }
    return cut_other(r, s, err);
}

// --- Frame and scans ---

static bool within_limits(struct reader *r, size_t at, struct imp_err *err)
{
    uint64_t pixels = (uint64_t)r->j->width * r->j->height;
    if (pixels > r->img->limits.max_pixels)
        return imp_fail_at(err, IMP_ERR_LIMIT, at,
                           "%u x %u pixels, want at most %ju", r->j->width,
                           r->j->height, (uintmax_t)r->img->limits.max_pixels);
    r->img->width = r->j->width;
    r->img->height = r->j->height;
    return true;
}

static bool set_height(struct reader *r, const struct imp_jpeg_segment *dnl,
                       struct imp_err *err)
{
    if (dnl->body.n != 2 || !r->j->sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, dnl->at,
                           "DNL at offset %zu: %zu bytes, want 2, behind a "
                           "frame",
                           dnl->at, dnl->body.n);
    return imp_jpeg_set_height(r->j, imp_be16(dnl->body.p), dnl->at, err);
}

// A frame of 0 lines gets its height from a DNL segment that follows the first
// scan (T.81 B.2.5).
static bool find_height(struct reader *r, size_t scan_data, struct imp_err *err)
{
    struct imp_jpeg_segment s;
    size_t at = imp_jpeg_skip_scan(r->in, scan_data);
    if (at == r->in.n || r->in.p[at + 1] != IMP_JPEG_DNL)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "frame of 0 lines and no DNL at offset %zu", at);
    return imp_jpeg_read_segment(r->in, at, &s, err) && set_height(r, &s, err);
}

// Ss, Se, Ah and Al say something in progressive frames only (T.81 B.2.3).
static void keep_scan_header(struct reader *r, const struct imp_jpeg_segment *s)
{
    uint8_t body[4 + 2 * IMP_JPEG_COMPS];
    memcpy(body, s->body.p, s->body.n);
    if (!imp_jpeg_is_progressive(r->j)) {
        body[s->body.n - 3] = 0;
        body[s->body.n - 2] = 63;
        body[s->body.n - 1] = 0;
    }
    canonical(r, s, body, s->body.n, "SOS", IMP_PART_UNKNOWN,
              "SOS with values that mean nothing");
}

static bool cut_scan(struct reader *r, const struct imp_jpeg_segment *s,
                     struct imp_err *err)
{
    struct imp_jpeg_scan scan;
    size_t data = s->at + s->len, end;
    if (r->j->sof && r->j->height == 0 && !find_height(r, data, err))
        return false;
    if (!within_limits(r, s->at, err))
        return false;
    if (!imp_jpeg_parse_sos(r->j, s->body, s->at, &scan, err))
        return false;
    if (!imp_jpeg_is_progressive(r->j))
        imp_jpeg_default_tables(r->j);
    keep_scan_header(r, s);
    if (r->img->check != IMP_CHECK_CODED || imp_jpeg_is_arithmetic(r->j)) {
        end = imp_jpeg_skip_scan(r->in, data);
        imp_cut_keep(r->cl, data, end - data, IMP_PART_CODED, "scan");
    } else if (!imp_jpeg_walk(r->j, &scan, r->in, data, r->cl, &end, err)) {
        return false;
    }
    r->at = end;
    return true;
}

// Only the tables that a scan uses: see jpeg_tables.h.
static void keep_used(struct reader *r, const struct imp_jpeg_segment *s,
                      const char *what, const char *with_others)
{
    uint8_t *used = imp_cutlist_alloc(r->cl, s->body.n);
    if (!used)
        return;
    size_t n = imp_jpeg_used_tables(&r->uses, s->marker, s->body, used);
    if (n == s->body.n && n) {
        keep(r, s, what);
        return;
    }
    drop(r, s, IMP_PART_UNKNOWN, with_others);
    if (n)
        insert_segment(r, s->marker, used, n, (struct imp_span){0},
                       IMP_PART_STRUCTURE, what);
}

static bool cut_table(struct reader *r, const struct imp_jpeg_segment *s,
                      struct imp_err *err)
{
    switch (s->marker) {
    case IMP_JPEG_DQT:
        keep_used(r, s, "DQT", "DQT with tables that no scan uses");
        return imp_jpeg_parse_dqt(r->j, s->body, s->at, err);
    case IMP_JPEG_DHT:
        keep_used(r, s, "DHT", "DHT with tables that no scan uses");
        return imp_jpeg_parse_dht(r->j, s->body, s->at, err);
    case IMP_JPEG_DRI:
        keep_used(r, s, "DRI", "DRI that no scan uses");
        return imp_jpeg_parse_dri(r->j, s->body, s->at, err);
    case IMP_JPEG_DAC:
        keep_used(r, s, "DAC", "DAC with values that no scan uses");
        return imp_jpeg_parse_dac(s->body, s->at, err);
    case IMP_JPEG_DNL:
        keep(r, s, "DNL");
        return set_height(r, s, err);
    default:
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, s->at,
                           "marker 0x%02X at offset %zu: hierarchical coding",
                           s->marker, s->at);
    }
}

static bool cut_segment(struct reader *r, const struct imp_jpeg_segment *s,
                        struct imp_err *err)
{
    r->at = s->at + s->len;
    uint8_t m = s->marker;
    if (m == IMP_JPEG_SOS)
        return cut_scan(r, s, err);
    if (m == IMP_JPEG_SOI)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->at,
                           "second SOI at offset %zu", s->at);
    if (imp_jpeg_is_standalone(
            m)) { // RSTn or TEM where none belongs: decoders pass it
        drop(r, s, IMP_PART_UNKNOWN, "stray marker");
        return true;
    }
    if (imp_jpeg_is_frame(m)) {
        keep(r, s, "SOF");
        return imp_jpeg_parse_sof(r->j, m, s->body, s->at, err);
    }
    if (imp_jpeg_is_table(m) || (m >= IMP_JPEG_DNL && m <= IMP_JPEG_EXP))
        return cut_table(r, s, err);
    return cut_app(r, s, err);
}

// What a decoder would have to make up is not a picture to pass on.
static bool is_whole(struct reader *r, size_t at, struct imp_err *err)
{
    const struct imp_jpeg *j = r->j;
    if (!j->sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "EOI at offset %zu before any picture", at);
    for (unsigned i = 0; i < j->n_comp; i++)
        if (!j->comp[i].coded)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "EOI at offset %zu, component %u has no scan",
                               at, j->comp[i].id);
    if (imp_jpeg_is_arithmetic(j) && r->img->check == IMP_CHECK_CODED)
        return imp_jpeg_check_arithmetic((struct imp_span){r->in.p, at + 2},
                                         err);
    return true;
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct reader r = {.in = in, .img = img, .cl = cl, .at = 2};
    r.j = imp_cutlist_alloc(cl, sizeof *r.j);
    if (!r.j)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
    if (!imp_jpeg_look_ahead(in, &r.uses, cl, err))
        return false;
    struct imp_jpeg_segment s;
    imp_cut_keep(cl, 0, 2, IMP_PART_STRUCTURE, "SOI");
    while (imp_jpeg_next_segment(in, r.at, &s, err)) {
        imp_cut_drop(cl, r.at, s.at - r.at, IMP_PART_UNKNOWN,
                     "bytes between segments");
        if (s.marker == IMP_JPEG_EOI) {
            keep(&r, &s, "EOI");
            imp_cut_drop(cl, s.at + 2, in.n - s.at - 2, IMP_PART_TRAILER,
                         "bytes after EOI");
            return is_whole(&r, s.at, err);
        }
        if (!cut_segment(&r, &s, err))
            return false;
    }
    return false;
}

static bool sniff(struct imp_span in)
{
    return imp_span_starts(in, "\xFF\xD8\xFF", 3);
}

const struct imp_format imp_format_jpeg = {
    .name = "jpeg", .ext = "jpg", .sniff = sniff, .cut = cut};
