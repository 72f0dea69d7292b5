#include "deid/icc.h"

#include "base/sha256.h"
#include "deid/icc_tag.h"

#include <stdio.h>
#include <string.h>

// Sections are those of ISO 15076-1:2010 (ICC.1:2010).

#define HEADER 128
#define ENTRY 12
// Larger ones describe no image that anyone uploads.
#define MAX_PROFILE ((size_t)32 * 1024 * 1024)
// What text and directory may add to a profile that had none.
#define ROOM 1024

// The tags that a colour transform reads; any other is left out. D2Bx and B2Dx
// are, too: each is there beside an A2Bx or B2Ax that means the same.
static const struct row {
    char sig[5];
    imp_icc_pack *pack;
} rows[] = {
    {"wtpt", imp_icc_pack_xyz},    {"bkpt", imp_icc_pack_xyz},
    {"chad", imp_icc_pack_matrix}, {"rXYZ", imp_icc_pack_xyz},
    {"gXYZ", imp_icc_pack_xyz},    {"bXYZ", imp_icc_pack_xyz},
    {"rTRC", imp_icc_pack_curve},  {"gTRC", imp_icc_pack_curve},
    {"bTRC", imp_icc_pack_curve},  {"kTRC", imp_icc_pack_curve},
    {"A2B0", imp_icc_pack_a2b},    {"A2B1", imp_icc_pack_a2b},
    {"A2B2", imp_icc_pack_a2b},    {"B2A0", imp_icc_pack_b2a},
    {"B2A1", imp_icc_pack_b2a},    {"B2A2", imp_icc_pack_b2a},
    {"cicp", imp_icc_pack_cicp},
};
#define ROWS (sizeof rows / sizeof rows[0])

// 7.2.6, Table 19: the spaces that the formats here can hold.
static const struct space {
    char sig[5];
    unsigned channels;
    const char *name; // of a profile that is not known
} spaces[] = {
    {"GRAY", 1, "imgpipe neutral Gray"},
    {"RGB ", 3, "imgpipe neutral RGB"},
    {"CMYK", 4, "imgpipe neutral CMYK"},
    {"Lab ", 3, "imgpipe neutral Lab"},
};

// Profiles by the SHA-256 of their colour data, as name_of takes it: what the
// common programs and cameras embed.
static const struct known {
    const char *hex;
    const char *name;
} known[] = {
    {"3e1d896f2a763d770d46f78e3f3df55f11c150797a5cce737ba7f0e23ba71d15",
     "sRGB"},
    {"12dce7502cf238d227e198a6ef65aaeae111786225383ed3ae1a8512ff7cdc71",
     "sRGB"},
    {"2f5370d42a7daf49658d54381f5c73efb20ca350440107b86c2410162120a8cb",
     "sRGB"},
    {"7904cf8b3794c907bc6543dcf0e1f09220ea6157d4bc32f069f31e78f67e872a",
     "sRGB"},
    {"483d97313d90e44a0f776220c2f259c9c02cd68ef87a5ee2be4655ae4b8e2b2b",
     "sRGB"},
    {"e58c91b633796aefccefd100f1f4f73dc7dc9c3bc4dfa53d1c3932aca303db49",
     "sRGB"},
    {"e47e2923aa4a887be716266f491f471ee76b9e4f17e93dd68bd6d35a0126de50",
     "Adobe RGB (1998)"},
    {"64cbdfea17242829c8ac7519464b1325bd33f2ea20cfaf95c3ef2b36eaf68ad3",
     "Display P3"},
    {"9e249862f8976512d1e7fea529218e315d63176c1977810faa580e61c6c2a947",
     "Display P3"},
    {"9fe0be079dd42c5b36eca16d2357938f3f8dda4018f842c15ff9cc3e1bf46687",
     "Display P3"},
    {"662f29cb2e74ef0efd63c3c2a776700cb15a7937827719a5a3fc9e1954dc80f1",
     "Display P3"},
    {"6279e9681956a1730d281267f05c54b9832fca804c0fdb911f894e8c66f86248",
     "Gray Gamma 2.2"},
};

#define KNOWN (sizeof known / sizeof known[0])

// What is taken from a profile's header.
struct head {
    const struct space *space;
    uint8_t pcs[4];
    uint8_t class[4];
    uint8_t version[2];
    uint8_t intent;
};

struct source {
    struct imp_span profile; // as long as its size field says
    struct head head;
    struct imp_icc_shape shape;
    uint32_t tags;
};

static bool damaged(struct imp_err *err, const char *what)
{
    return imp_fail(err, IMP_ERR_DAMAGED, "ICC: %s", what);
}

// --- Reading ---

static const struct space *find_space(const uint8_t *sig)
{
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (memcmp(spaces[i].sig, sig, 4) == 0)
            return &spaces[i];
    return NULL;
}

// 7.2.5: the classes that may be embedded in an image.
static bool class_ok(const uint8_t *sig)
{
    return memcmp(sig, "mntr", 4) == 0 || memcmp(sig, "scnr", 4) == 0 ||
           memcmp(sig, "prtr", 4) == 0 || memcmp(sig, "spac", 4) == 0;
}

// 7.2: of the version only the numbers that were published; of the intent
// only the four that exist.
static bool read_head(struct imp_span in, struct head *h, struct imp_err *err)
{
    const uint8_t *p = in.p;
    *h = (struct head){.space = find_space(p + 16)};
    if (memcmp(p + 36, "acsp", 4) != 0)
        return damaged(err, "no signature");
    if (p[8] != 2 && p[8] != 4)
        return damaged(err, "version is not 2 or 4");
    if (!class_ok(p + 12) || !h->space)
        return damaged(err, "class or colour space that no image has");
    if (memcmp(p + 20, "XYZ ", 4) != 0 && memcmp(p + 20, "Lab ", 4) != 0)
        return damaged(err, "connection space is not XYZ or Lab");
    uint8_t minor = p[9] & 0xf0;
    h->version[0] = p[8];
    h->version[1] = minor < 0x40 ? minor : 0x40;
    memcpy(h->class, p + 12, 4);
    memcpy(h->pcs, p + 20, 4);
    uint32_t intent = imp_be32(p + 64);
    h->intent = intent < 4 ? (uint8_t)intent : 0;
    return true;
}

static bool read_source(struct imp_span in, struct source *s,
                        struct imp_err *err)
{
    *s = (struct source){0};
    if (in.n < HEADER + 4 || in.n > MAX_PROFILE)
        return damaged(err, "length");
    if (!imp_span_sub(in, 0, imp_be32(in.p), &s->profile) ||
        s->profile.n < HEADER + 4)
        return damaged(err, "size field");
    if (!read_head(s->profile, &s->head, err))
        return false;
    s->shape = (struct imp_icc_shape){s->head.space->channels, 3};
    s->tags = imp_be32(in.p + HEADER);
    if (s->tags > (s->profile.n - HEADER - 4) / ENTRY)
        return damaged(err, "tag table runs past the end");
    return true;
}

// The first tag of that name, as readers do; `tag->p` is NULL if there is none.
static bool find_tag(const struct source *s, const char *sig,
                     struct imp_span *tag, struct imp_err *err)
{
    *tag = (struct imp_span){0};
    for (uint32_t i = 0; i < s->tags; i++) {
        const uint8_t *entry = s->profile.p + HEADER + 4 + (size_t)i * ENTRY;
        if (memcmp(entry, sig, 4) != 0)
            continue;
        if (!imp_span_sub(s->profile, imp_be32(entry + 4), imp_be32(entry + 8),
                          tag))
            return damaged(err, "tag runs past the end");
        return true;
    }
    return true;
}

// --- Writing ---

// A directory entry and where its bytes are.
static void set_entry(struct imp_buf *out, size_t slot, const char *sig,
                      size_t at, size_t n)
{
    uint8_t *entry = out->p + HEADER + 4 + slot * ENTRY;
    memcpy(entry, sig, 4);
    imp_put_be32(entry + 4, (uint32_t)at);
    imp_put_be32(entry + 8, (uint32_t)n);
}

// Tags that are alike share their bytes (7.3.1), as in most profiles, whose
// three curves are one. Returns where the tag just added is to be found.
static size_t share(struct imp_buf *out, size_t slots, size_t fresh)
{
    size_t n = out->n - fresh;
    for (size_t i = 0; i < slots; i++) {
        const uint8_t *entry = out->p + HEADER + 4 + i * ENTRY;
        size_t at = imp_be32(entry + 4);
        if (imp_be32(entry + 8) == n &&
            memcmp(out->p + at, out->p + fresh, n) == 0) {
            out->n = fresh;
            return at;
        }
    }
    return fresh;
}

static bool add_zeros(struct imp_buf *out, size_t n, struct imp_err *err)
{
    if (!imp_buf_reserve(out, out->n + n, err))
        return false;
    memset(out->p + out->n, 0, n);
    out->n += n;
    return true;
}

// Add every allowed tag that is there; `*found` has a bit for each row.
static bool add_colours(const struct source *s, struct imp_buf *out,
                        uint32_t *found, size_t *slots, struct imp_err *err)
{
    *found = 0;
    *slots = 0;
    for (size_t i = 0; i < ROWS; i++) {
        struct imp_span tag;
        if (!find_tag(s, rows[i].sig, &tag, err))
            return false;
        if (!tag.p)
            continue;
        size_t fresh = out->n;
        if (!rows[i].pack(tag, s->shape, out, err))
            return false;
        size_t n = out->n - fresh;
        set_entry(out, *slots, rows[i].sig, share(out, *slots, fresh), n);
        // Overlapping tags must not make a small profile a large one.
        if (out->n > s->profile.n + ROOM)
            return damaged(err, "tags overlap");
        *found |= UINT32_C(1) << i;
        ++*slots;
    }
    return true;
}
_Static_assert(ROWS <= 32, "one bit of `found` for each row");

static bool has(uint32_t found, const char *sig)
{
    for (size_t i = 0; i < ROWS; i++)
        if (memcmp(rows[i].sig, sig, 4) == 0)
            return found >> i & 1;
    return false;
}

// 8.3 to 8.7: a white point, and a way from the device to the connection
// space: a table, three primaries with their curves, or one gray curve.
static bool complete(const struct head *h, uint32_t f)
{
    if (!has(f, "wtpt"))
        return false;
    if (has(f, "A2B0"))
        return true;
    if (memcmp(h->space->sig, "GRAY", 4) == 0)
        return has(f, "kTRC");
    return memcmp(h->space->sig, "RGB ", 4) == 0 &&
           memcmp(h->pcs, "XYZ ", 4) == 0 && has(f, "rXYZ") && has(f, "gXYZ") &&
           has(f, "bXYZ") && has(f, "rTRC") && has(f, "gTRC") && has(f, "bTRC");
}

// 10.22 textType, 6.5.17 of ICC.1:2001-04 textDescriptionType: the ASCII text
// with its final NUL, no Unicode, no script code.
static bool add_text_v2(struct imp_buf *out, bool desc, const char *text,
                        struct imp_err *err)
{
    uint8_t head[12] = {0};
    size_t n = strlen(text) + 1;
    memcpy(head, desc ? "desc" : "text", 4);
    imp_put_be32(head + 8, (uint32_t)n);
    return imp_buf_add(out, head, desc ? 12 : 8, err) &&
           imp_buf_add(out, text, n, err) &&
           (!desc || add_zeros(out, 4 + 4 + 2 + 1 + 67, err));
}

// 10.13 multiLocalizedUnicodeType with one record.
static bool add_text_v4(struct imp_buf *out, const char *text,
                        struct imp_err *err)
{
    uint8_t head[28] = "mluc";
    imp_put_be32(head + 8, 1);
    imp_put_be32(head + 12, 12);
    memcpy(head + 16, "enUS", 4);
    imp_put_be32(head + 20, (uint32_t)strlen(text) * 2);
    imp_put_be32(head + 24, sizeof head);
    if (!imp_buf_add(out, head, sizeof head, err))
        return false;
    for (; *text; text++)
        if (!imp_buf_add(out, (uint8_t[2]){0, (uint8_t)*text}, 2, err))
            return false;
    return true;
}

static bool add_text(struct imp_buf *out, const struct head *h, size_t slot,
                     const char *sig, const char *text, struct imp_err *err)
{
    size_t at = out->n;
    bool ok = h->version[0] == 2
                  ? add_text_v2(out, memcmp(sig, "desc", 4) == 0, text, err)
                  : add_text_v4(out, text, err);
    if (!ok)
        return false;
    set_entry(out, slot, sig, at, out->n - at);
    return add_zeros(out, -out->n & 3, err);
}

// The name that goes with the colour data. `out` holds at this time only
// that: spaces, the directory of the colour tags, and their bytes.
static bool name_of(const struct imp_buf *out, const struct space *space,
                    const char **name, struct imp_err *err)
{
    struct imp_digest digest;
    char hex[IMP_SHA256_HEX];
    if (!imp_sha256_of(out->p, out->n, &digest, err))
        return false;
    imp_digest_hex(&digest, hex);
    *name = space->name;
    for (size_t i = 0; i < KNOWN; i++)
        if (strcmp(known[i].hex, hex) == 0)
            *name = known[i].name;
    return true;
}

// 7.2: the rest of the header. What is zero says nothing: no maker, platform,
// device, date, flags or profile id. The illuminant is always D50 (7.2.16).
static void finish_head(struct imp_buf *out, const struct head *h)
{
    uint8_t *p = out->p;
    imp_put_be32(p, (uint32_t)out->n);
    memcpy(p + 8, h->version, 2);
    memcpy(p + 12, h->class, 4);
    memcpy(p + 36, "acsp", 4);
    p[67] = h->intent;
    imp_put_be32(p + 68, 0xf6d6);
    imp_put_be32(p + 72, 0x10000);
    imp_put_be32(p + 76, 0xd32d);
}

static bool rebuild(struct imp_span profile, enum imp_icc_mode mode,
                    struct imp_buf *out, struct imp_err *err)
{
    struct source s;
    uint32_t found;
    size_t slots, tags = 2; // description and copyright
    const char *name;

    if (!read_source(profile, &s, err))
        return false;
    for (size_t i = 0; i < ROWS; i++) {
        struct imp_span tag;
        if (!find_tag(&s, rows[i].sig, &tag, err))
            return false;
        tags += tag.p ? 1 : 0;
    }
    if (!add_zeros(out, HEADER + 4 + tags * ENTRY, err))
        return false;
    memcpy(out->p + 16, s.head.space->sig, 4);
    memcpy(out->p + 20, s.head.pcs, 4);
    imp_put_be32(out->p + HEADER, (uint32_t)tags);
    if (!add_colours(&s, out, &found, &slots, err))
        return false;
    if (!complete(&s.head, found))
        return damaged(err, "a tag that its class needs is missing");

    if (!name_of(out, s.head.space, &name, err))
        return false;
    if (mode == IMP_ICC_KEEP_KNOWN && name == s.head.space->name)
        return damaged(err, "no known colours");
    if (!add_text(out, &s.head, slots, "desc", name, err) ||
        !add_text(out, &s.head, slots + 1, "cprt", "none", err))
        return false;
    finish_head(out, &s.head);
    return true;
}

bool imp_icc_rebuild(struct imp_span profile, enum imp_icc_mode mode,
                     struct imp_buf *out, struct imp_err *err)
{
    struct imp_err why = {0};
    out->n = 0;
    if (mode == IMP_ICC_DROP || rebuild(profile, mode, out, &why))
        return true;
    out->n = 0;
    if (why.code == IMP_ERR_DAMAGED)
        return true;
    if (err)
        *err = why;
    return false;
}

bool imp_icc_describe(enum imp_icc_mode mode, struct imp_buf *out,
                      struct imp_err *err)
{
    char line[80];
    for (size_t i = 0; i < ROWS && mode != IMP_ICC_DROP; i++) {
        int n = snprintf(line, sizeof line, "icc %s\n", rows[i].sig);
        if (!imp_buf_add(out, line, (size_t)n, err))
            return false;
    }
    for (size_t i = 0; i < KNOWN && mode == IMP_ICC_KEEP_KNOWN; i++) {
        int n = snprintf(line, sizeof line, "icc %s\n", known[i].hex);
        if (!imp_buf_add(out, line, (size_t)n, err))
            return false;
    }
    return true;
}
