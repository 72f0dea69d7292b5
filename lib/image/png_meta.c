#include "image/png.h"

#include <string.h>
#include <zlib.h>

#define KEYWORD_MAX 79  // 11.3.2.3, 11.3.3
#define PROFILE_MIN 128 // ISO 15076-1 7.2: the header
#define PROFILE_MAX ((size_t)4 * 1024 * 1024)
#define PROFILE_NAME "neutral"
#define STORED_MAX ((size_t)65535) // RFC 1951 3.2.4: LEN has 16 bits

// Ask about a chunk whose data is its payload, and do as told.
static bool settle(struct imp_png *png, const struct imp_png_chunk *c,
                   enum imp_part_kind kind, struct imp_err *err)
{
    struct imp_verdict verdict;
    if (!imp_png_ask(png, kind, c->what, c->at, c->size, c->data, &verdict,
                     err))
        return false;
    if (verdict.fate == IMP_FATE_KEEP)
        imp_png_keep(png, c, kind);
    else if (verdict.fate == IMP_FATE_REPLACE && verdict.bytes.n)
        return imp_png_replace(png, c, kind, verdict.bytes, err);
    else
        imp_cut_drop(png->cl, c->at, c->size, kind, c->what);
    return true;
}

// 11.3.4.5. It belongs before IDAT, but is read behind it as well: it stays
// where it is. Only the first counts.
bool imp_png_take_exif(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    if (png->has_exif)
        return imp_png_drop(png, c, IMP_PART_EXIF, "repeated", err);
    if (!imp_png_crc_fits(c))
        return imp_png_drop(png, c, IMP_PART_EXIF, "CRC does not fit", err);
    png->has_exif = true;
    return settle(png, c, IMP_PART_EXIF, err);
}

// 11.3.5: year, month, day, hour, minute, second.
bool imp_png_take_time(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    if (png->has_time)
        return imp_png_drop(png, c, IMP_PART_TIME, "repeated", err);
    if (!imp_png_crc_fits(c))
        return imp_png_drop(png, c, IMP_PART_TIME, "CRC does not fit", err);
    if (c->data.n != 7)
        return imp_png_drop(png, c, IMP_PART_TIME, "malformed", err);
    png->has_time = true;
    return settle(png, c, IMP_PART_TIME, err);
}

// --- Text ---

// The keyword, and what follows its NUL; false if there is none.
static bool split_keyword(struct imp_span data, struct imp_span *keyword,
                          struct imp_span *rest)
{
    size_t reach = data.n < KEYWORD_MAX + 1 ? data.n : KEYWORD_MAX + 1;
    const uint8_t *nul = reach ? memchr(data.p, 0, reach) : NULL;
    if (!nul || nul == data.p)
        return false;
    size_t n = (size_t)(nul - data.p);
    *keyword = (struct imp_span){data.p, n};
    *rest = (struct imp_span){nul + 1, data.n - n - 1};
    return true;
}

static const char raw_profile[] = "Raw profile type ";

// ImageMagick and exiftool hide whole blocks in text of these names, in
// hexadecimal.
static enum imp_part_kind kind_of_raw(struct imp_span type)
{
    static const struct {
        const char *type;
        enum imp_part_kind kind;
    } known[] = {
        {"exif", IMP_PART_EXIF}, {"APP1", IMP_PART_EXIF},
        {"iptc", IMP_PART_IPTC}, {"8bim", IMP_PART_IPTC},
        {"icc", IMP_PART_ICC},   {"icm", IMP_PART_ICC},
        {"xmp", IMP_PART_XMP},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (type.n == strlen(known[i].type) &&
            memcmp(type.p, known[i].type, type.n) == 0)
            return known[i].kind;
    return IMP_PART_UNKNOWN;
}

// The text itself, as far as it is not compressed. 11.3.3: iTXt has a
// compression flag and method, then language and translated keyword.
static struct imp_span text_of(const struct imp_png_chunk *c,
                               struct imp_span rest)
{
    if (imp_png_is(c, "tEXt"))
        return rest;
    if (!imp_png_is(c, "iTXt") || rest.n < 2 || rest.p[0] != 0)
        return (struct imp_span){0};
    struct imp_span at = {rest.p + 2, rest.n - 2};
    for (int field = 0; field < 2; field++) {
        const uint8_t *nul = at.n ? memchr(at.p, 0, at.n) : NULL;
        if (!nul)
            return (struct imp_span){0};
        size_t n = (size_t)(nul - at.p) + 1;
        at = (struct imp_span){at.p + n, at.n - n};
    }
    return at;
}

// 11.3.3. Text stays only as a whole: new text for old is as good as a drop.
bool imp_png_take_text(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    static const char xmp[] = "XML:com.adobe.xmp";
    enum imp_part_kind kind = IMP_PART_COMMENT;
    struct imp_span keyword, rest;
    if (!split_keyword(c->data, &keyword, &rest))
        return imp_png_drop(png, c, kind, "malformed", err);
    const size_t n = sizeof raw_profile - 1;
    if (imp_span_starts(keyword, raw_profile, n)) {
        kind = kind_of_raw((struct imp_span){keyword.p + n, keyword.n - n});
        return imp_png_drop(png, c, kind, "raw profile", err);
    }
    if (imp_span_starts(keyword, xmp, sizeof xmp - 1))
        kind = IMP_PART_XMP;
    if (!imp_png_crc_fits(c))
        return imp_png_drop(png, c, kind, "CRC does not fit", err);

    struct imp_verdict verdict;
    if (!imp_png_ask(png, kind, c->what, c->at, c->size, text_of(c, rest),
                     &verdict, err))
        return false;
    if (verdict.fate == IMP_FATE_KEEP)
        imp_png_keep(png, c, kind);
    else
        imp_cut_drop(png->cl, c->at, c->size, kind, c->what);
    return true;
}

// --- Colour profiles ---

// Inflate all of `coded` into `out` (empty). False if that is not a whole zlib
// stream of at most PROFILE_MAX bytes; `err` is set only without memory.
static bool inflate_profile(struct imp_span coded, struct imp_buf *out,
                            struct imp_err *err)
{
    z_stream z = {0};
    if (inflateInit(&z) != Z_OK)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate with");
    z.next_in = (z_const Bytef *)coded.p;
    z.avail_in = (uInt)coded.n; // a chunk holds less than 2^31: 5.3
    int ret = Z_OK;
    while (ret == Z_OK && out->n < PROFILE_MAX) {
        size_t room = out->n ? out->n : 4096;
        if (room > PROFILE_MAX - out->n)
            room = PROFILE_MAX - out->n;
        if (!imp_buf_reserve(out, out->n + room, err)) {
            ret = Z_MEM_ERROR;
            break;
        }
        z.next_out = out->p + out->n;
        z.avail_out = (uInt)room;
        ret = inflate(&z, Z_NO_FLUSH);
        out->n += room - z.avail_out;
    }
    inflateEnd(&z);
    return ret == Z_STREAM_END;
}

// The profile in an iCCP chunk (11.3.2.3: name, method 0, zlib stream), as
// long as it says it is itself. `profile` stays empty if there is none.
static bool unpack_profile(const struct imp_png_chunk *c,
                           struct imp_buf *profile, struct imp_err *err)
{
    struct imp_span name, rest;
    struct imp_err mine = {0};
    if (!split_keyword(c->data, &name, &rest) || rest.n < 1 || rest.p[0] != 0)
        return true;
    struct imp_span coded = {rest.p + 1, rest.n - 1};
    bool whole = inflate_profile(coded, profile, &mine);
    if (mine.code != IMP_OK) {
        if (err)
            *err = mine;
        return false;
    }
    uint32_t size = profile->n >= PROFILE_MIN ? imp_be32(profile->p) : 0;
    if (!whole || size < PROFILE_MIN || size > profile->n)
        size = 0;
    profile->n = size;
    return true;
}

// A zlib stream of stored blocks (RFC 1950 2.2, RFC 1951 3.2.4). Not deflated:
// so the same profile gives the same bytes whichever zlib is installed, and
// whoever searches the output for a name finds it here too.
static bool add_stored(struct imp_buf *out, struct imp_span data,
                       struct imp_err *err)
{
    static const uint8_t head[2] = {0x78, 0x01}; // deflate, 32 KiB, fastest
    if (!imp_buf_add(out, head, sizeof head, err))
        return false;
    for (size_t at = 0; at < data.n;) {
        size_t n = data.n - at < STORED_MAX ? data.n - at : STORED_MAX;
        uint8_t last = at + n == data.n;
        uint8_t block[5] = {last, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n,
                            (uint8_t)(~n >> 8)};
        if (!imp_buf_add(out, block, sizeof block, err) ||
            !imp_buf_add(out, data.p + at, n, err))
            return false;
        at += n;
    }
    uint8_t sum[4];
    imp_put_be32(sum, (uint32_t)adler32_z(1, data.p, data.n));
    return imp_buf_add(out, sum, sizeof sum, err);
}

// An iCCP chunk with `profile` under a neutral name.
static bool put_profile(struct imp_png *png, const struct imp_png_chunk *c,
                        struct imp_span profile, struct imp_err *err)
{
    static const char head[] = PROFILE_NAME "\0"; // NUL, then method 0
    struct imp_buf data = {0};
    bool ok = imp_buf_add(&data, head, sizeof head, err) &&
              add_stored(&data, profile, err) &&
              imp_png_replace(png, c, IMP_PART_ICC, imp_buf_span(&data), err);
    imp_buf_clear(&data);
    return ok;
}

static bool settle_profile(struct imp_png *png, const struct imp_png_chunk *c,
                           struct imp_span profile, struct imp_err *err)
{
    struct imp_verdict verdict;
    if (!imp_png_ask(png, IMP_PART_ICC, c->what, c->at, c->size, profile,
                     &verdict, err))
        return false;
    if (verdict.fate == IMP_FATE_KEEP)
        return put_profile(png, c, profile, err);
    if (verdict.fate == IMP_FATE_REPLACE && verdict.bytes.n)
        return put_profile(png, c, verdict.bytes, err);
    imp_cut_drop(png->cl, c->at, c->size, IMP_PART_ICC, c->what);
    return true;
}

bool imp_png_take_iccp(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    const char *why = NULL;
    if (png->has_plte || png->phase != IMP_PNG_BEFORE_IDAT)
        why = "out of place"; // 5.6
    else if (png->has_iccp)
        why = "repeated";
    else if (!imp_png_crc_fits(c))
        why = "CRC does not fit";
    if (why)
        return imp_png_drop(png, c, IMP_PART_ICC, why, err);

    // Only the first counts, broken or not: so only one is inflated.
    png->has_iccp = true;
    struct imp_buf profile = {0};
    bool ok = unpack_profile(c, &profile, err);
    if (ok && profile.n == 0)
        ok = imp_png_drop(png, c, IMP_PART_ICC, "malformed", err);
    else if (ok)
        ok = settle_profile(png, c, imp_buf_span(&profile), err);
    imp_buf_clear(&profile);
    return ok;
}
