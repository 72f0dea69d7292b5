// The application segments of a JPEG file (T.81 B.2.4.6) and its comments: what
// the picture needs of them stays in one form, the rest is named and offered to
// the editor.
#include "image/jpeg_cut.h"

#include <string.h>

#define ICC_HEAD "ICC_PROFILE\0" // ICC.1 B.4; then chunk number and count
#define ICC_HEAD_LEN (12 + 2)
#define DENSITY_MAX 8191  // more would have room for text
#define SEGMENT_MAX 65533 // bytes behind the length field

static bool ask(struct imp_jpeg_reader *r, const struct imp_jpeg_segment *s,
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

// JFIF 1.02: the density stays, if it is one; the thumbnail goes. What else
// stands in these fields is not needed to show the picture.
static void cut_jfif(struct imp_jpeg_reader *r,
                     const struct imp_jpeg_segment *s)
{
    if (r->jfif || s->body.n < 14) {
        imp_jpeg_drop(r, s, IMP_PART_UNKNOWN, "APP0 JFIF, again or too short");
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
    imp_jpeg_canonical(r, s, body, sizeof body, "APP0 JFIF", IMP_PART_THUMBNAIL,
                       "APP0 JFIF with more than the density");
}

// The colour transform is all that a decoder reads (T.872 6.5.3); what else is
// in the segment, or behind it, is an application's own. Of two that differ
// some decoders take the first and some the last (libjpeg).
static bool cut_adobe(struct imp_jpeg_reader *r,
                      const struct imp_jpeg_segment *s, struct imp_err *err)
{
    if (s->body.n >= 12 && r->adobe >= 0 && s->body.p[11] != r->adobe)
        return imp_fail_at(
            err, IMP_ERR_DAMAGED, s->at + 15,
            "APP14 at offset %zu: colour transform %u, %d before", s->at,
            s->body.p[11], r->adobe);
    if (s->body.n < 12 || r->adobe >= 0) {
        imp_jpeg_drop(r, s, IMP_PART_UNKNOWN,
                      "APP14 Adobe, again or too short");
        return true;
    }
    uint8_t body[12] = "Adobe\0\x64";
    r->adobe = body[11] = s->body.p[11];
    if (body[11] > 2)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->at + 15,
                           "APP14 at offset %zu: colour transform %u, want 0 "
                           "to 2",
                           s->at, body[11]);
    imp_jpeg_canonical(r, s, body, sizeof body, "APP14 Adobe", IMP_PART_VENDOR,
                       "APP14 Adobe with more than the colour transform");
    return true;
}

static bool cut_exif(struct imp_jpeg_reader *r,
                     const struct imp_jpeg_segment *s, struct imp_err *err)
{
    static const char name[] = "APP1 Exif";
    struct imp_span tiff = {s->body.p + 6, s->body.n - 6};
    struct imp_verdict v;
    if (r->exif) {
        imp_jpeg_drop(r, s, IMP_PART_EXIF, "APP1 Exif, again");
        return true;
    }
    r->exif = true;
    if (!ask(r, s, IMP_PART_EXIF, name, tiff, &v, err))
        return false;
    if (v.fate == IMP_FATE_KEEP && s->body.p[5] == 0) {
        imp_cut_keep(r->cl, s->at, s->len, IMP_PART_EXIF, name);
        return true;
    }
    imp_jpeg_drop(r, s, IMP_PART_EXIF, name);
    struct imp_span fresh = v.fate == IMP_FATE_KEEP ? tiff : v.bytes;
    if (v.fate != IMP_FATE_DROP && fresh.n && fresh.n <= SEGMENT_MAX - 6)
        imp_jpeg_insert(r, IMP_JPEG_APP0 + 1, "Exif\0", 6, fresh, IMP_PART_EXIF,
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
static struct imp_span join_icc(struct imp_jpeg_reader *r,
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

static void insert_icc(struct imp_jpeg_reader *r, struct imp_span profile)
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
        imp_jpeg_insert(r, IMP_JPEG_APP0 + 2, head, sizeof head, part,
                        IMP_PART_ICC, "APP2 ICC");
    }
}

// The first chunk decides about the whole profile.
static bool cut_icc(struct imp_jpeg_reader *r, const struct imp_jpeg_segment *s,
                    struct imp_err *err)
{
    static const char name[] = "APP2 ICC";
    struct imp_verdict v = {0};
    if (r->icc == IMP_JPEG_ICC_NOT_MET) {
        r->icc = IMP_JPEG_ICC_GONE;
        struct imp_span profile = join_icc(r, s);
        if (profile.n && !ask(r, s, IMP_PART_ICC, name, profile, &v, err))
            return false;
        if (v.fate == IMP_FATE_KEEP)
            r->icc = IMP_JPEG_ICC_KEPT;
    }
    if (r->icc == IMP_JPEG_ICC_KEPT) {
        imp_cut_keep(r->cl, s->at, s->len, IMP_PART_ICC, name);
        return true;
    }
    imp_jpeg_drop(r, s, IMP_PART_ICC, name);
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

static bool cut_other(struct imp_jpeg_reader *r,
                      const struct imp_jpeg_segment *s, struct imp_err *err)
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
        imp_jpeg_drop(r, s, kind, name);
    return true;
}

bool imp_jpeg_cut_app(struct imp_jpeg_reader *r,
                      const struct imp_jpeg_segment *s, struct imp_err *err)
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
