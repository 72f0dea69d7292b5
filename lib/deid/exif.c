#include "deid/exif.h"

#include <libexif/exif-data.h>
#include <stdio.h>
#include <string.h>

// A row allows one tag. A value must lie in one of the ranges; of a RATIONAL
// that is the quotient. A range that ends at 0 is none.
struct rule {
    ExifIfd ifd;
    ExifTag tag;
    ExifFormat format; // as written; as read, any unsigned integer for SHORT
    uint32_t count;
    struct {
        uint32_t lo, hi;
    } range[2];
};

// The strict list (CIPA DC-008 4.6.4 and 4.6.5), in the order that is written.
// ColorSpace 2 is what cameras before DCF 2.0 wrote for Adobe RGB.
static const struct rule rules[] = {
    {EXIF_IFD_0, EXIF_TAG_ORIENTATION, EXIF_FORMAT_SHORT, 1, {{1, 8}}},
    {EXIF_IFD_0, EXIF_TAG_X_RESOLUTION, EXIF_FORMAT_RATIONAL, 1, {{1, 100000}}},
    {EXIF_IFD_0, EXIF_TAG_Y_RESOLUTION, EXIF_FORMAT_RATIONAL, 1, {{1, 100000}}},
    {EXIF_IFD_0, EXIF_TAG_RESOLUTION_UNIT, EXIF_FORMAT_SHORT, 1, {{1, 3}}},
    {EXIF_IFD_EXIF,
     EXIF_TAG_COLOR_SPACE,
     EXIF_FORMAT_SHORT,
     1,
     {{1, 2}, {65535, 65535}}},
};
#define RULES (sizeof rules / sizeof rules[0])

// A fraction finer than this is no resolution that anyone set: its spare
// digits could number a device or a person.
#define MAX_DENOMINATOR 10000

// All blocks are written in one byte order, so that equal content is equal.
#define ORDER EXIF_BYTE_ORDER_MOTOROLA

static const uint8_t prefix[6] = "Exif\0";
#define TIFF_HEADER 8
#define ENTRY_BYTES 12

// A JPEG segment holds no more, and libexif reads no further.
#define MAX_BLOCK (0xfffe - sizeof prefix)

// --- Striking out ---

// libexif follows every directory pointer that it meets: a block of 134 bytes
// whose directories point at each other keeps it busy for seconds, and one
// whose entries share their values makes it copy them all. It also parses
// maker notes. So it is only shown entries that a rule names, of a few bytes
// each, and one pointer. The rest is zeroed, which it skips as empty.
struct sieve {
    uint8_t *p; // the copy of the block
    size_t n;
    ExifByteOrder order;
    size_t exif_at; // of the Exif directory; 0 if not met
    uint64_t met;   // rules that an entry was kept for
    size_t kept;    // entries, without the pointer
    size_t struck;
};
_Static_assert(RULES <= 64, "one bit of `met` for each rule");

static bool may_read_as(ExifFormat found, ExifFormat want)
{
    if (want != EXIF_FORMAT_SHORT)
        return found == want;
    return found == EXIF_FORMAT_BYTE || found == EXIF_FORMAT_SHORT ||
           found == EXIF_FORMAT_LONG;
}

// The first entry of a tag counts; another one with the same tag is struck.
static bool keep_for_rule(struct sieve *s, const uint8_t *entry, ExifIfd ifd)
{
    ExifShort tag = exif_get_short(entry, s->order);
    ExifFormat format = (ExifFormat)exif_get_short(entry + 2, s->order);
    uint32_t count = exif_get_long(entry + 4, s->order);
    for (size_t i = 0; i < RULES; i++) {
        const struct rule *r = &rules[i];
        if (r->ifd != ifd || (ExifShort)r->tag != tag || s->met >> i & 1)
            continue;
        if (!may_read_as(format, r->format) || count != r->count)
            return false;
        size_t size = (size_t)exif_format_get_size(format) * count;
        size_t at = exif_get_long(entry + 8, s->order);
        if (size > 4 && (at > s->n || size > s->n - at))
            return false;
        s->met |= UINT64_C(1) << i;
        s->kept++;
        return true;
    }
    return false;
}

static bool keep_pointer(struct sieve *s, const uint8_t *entry, ExifIfd ifd)
{
    uint32_t at = exif_get_long(entry + 8, s->order);
    if (ifd != EXIF_IFD_0 || s->exif_at || at < TIFF_HEADER || at >= s->n ||
        exif_get_short(entry, s->order) != EXIF_TAG_EXIF_IFD_POINTER)
        return false;
    s->exif_at = at;
    return true;
}

static void strike(struct sieve *s, uint8_t *p, size_t n)
{
    bool set = false;
    for (size_t i = 0; i < n; i++)
        set = set || p[i];
    if (set)
        s->struck++;
    memset(p, 0, n);
}

static void strike_directory(struct sieve *s, size_t at, ExifIfd ifd)
{
    if (at < TIFF_HEADER || at > s->n || s->n - at < 2)
        return;
    size_t n = exif_get_short(s->p + at, s->order);
    at += 2;
    size_t fit = (s->n - at) / ENTRY_BYTES;
    for (size_t i = 0; i < n && i < fit; i++) {
        uint8_t *entry = s->p + at + i * ENTRY_BYTES;
        if (!keep_for_rule(s, entry, ifd) && !keep_pointer(s, entry, ifd))
            strike(s, entry, ENTRY_BYTES);
    }
    // The pointer to IFD1, where the thumbnail is.
    size_t end = at + n * ENTRY_BYTES;
    if (end <= s->n && s->n - end >= 4)
        strike(s, s->p + end, 4);
}

static bool find_order(struct imp_span tiff, ExifByteOrder *order)
{
    if (imp_span_starts(tiff, "II*\0", 4))
        *order = EXIF_BYTE_ORDER_INTEL;
    else if (imp_span_starts(tiff, "MM\0*", 4))
        *order = EXIF_BYTE_ORDER_MOTOROLA;
    else
        return false;
    return tiff.n >= TIFF_HEADER;
}

// Strike out all that no rule names; `*s` tells what was found.
static bool strike_out(uint8_t *p, size_t n, struct sieve *s)
{
    *s = (struct sieve){.p = p, .n = n};
    if (!find_order((struct imp_span){p, n}, &s->order))
        return false;
    strike_directory(s, exif_get_long(p + 4, s->order), EXIF_IFD_0);
    if (s->exif_at)
        strike_directory(s, s->exif_at, EXIF_IFD_EXIF);
    return true;
}

// Directories that overlap can change while they are being struck, so that
// what libexif would see is not what was judged. Only a block in which a
// second pass finds nothing to do is shown to it.
static bool make_safe(uint8_t *p, size_t n, struct sieve *s)
{
    return strike_out(p, n, s) && strike_out(p, n, s) && s->struck == 0;
}

// --- Values ---

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// Equal fractions become the same fraction, so that none says more than its
// value. An integer is over 1.
static bool read_value(const ExifEntry *e, size_t i, ExifByteOrder order,
                       ExifRational *v)
{
    const uint8_t *p = e->data + i * exif_format_get_size(e->format);
    *v = (ExifRational){0, 1};
    if (e->format == EXIF_FORMAT_BYTE)
        v->numerator = *p;
    else if (e->format == EXIF_FORMAT_SHORT)
        v->numerator = exif_get_short(p, order);
    else if (e->format == EXIF_FORMAT_LONG)
        v->numerator = exif_get_long(p, order);
    else
        *v = exif_get_rational(p, order);
    if (!v->denominator)
        return false;
    uint32_t common = gcd(v->numerator, v->denominator);
    v->numerator /= common;
    v->denominator /= common;
    return v->denominator <= MAX_DENOMINATOR;
}

static bool in_range(const struct rule *r, ExifRational v)
{
    for (size_t i = 0; i < sizeof r->range / sizeof r->range[0]; i++) {
        uint64_t lo = (uint64_t)r->range[i].lo * v.denominator;
        uint64_t hi = (uint64_t)r->range[i].hi * v.denominator;
        if (hi && v.numerator >= lo && v.numerator <= hi)
            return true;
    }
    return false;
}

static void write_value(const struct rule *r, uint8_t *p, ExifRational v)
{
    if (r->format == EXIF_FORMAT_SHORT)
        exif_set_short(p, ORDER, (ExifShort)v.numerator);
    else
        exif_set_rational(p, ORDER, v);
}

// --- The fresh block ---

static bool no_memory(struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_MEMORY, "EXIF: no memory for a block");
}

static ExifEntry *new_entry(ExifMem *mem, const struct rule *r)
{
    ExifEntry *e = exif_entry_new_mem(mem);
    if (!e)
        return NULL;
    e->tag = r->tag;
    e->format = r->format;
    e->components = r->count;
    e->size = exif_format_get_size(r->format) * r->count;
    e->data = exif_mem_alloc(mem, e->size);
    if (!e->data) {
        exif_entry_unref(e);
        return NULL;
    }
    return e;
}

// Carry one tag over, or not if a value is out of range.
static bool carry(ExifData *old, ExifData *fresh, ExifMem *mem,
                  const struct rule *r, struct imp_err *err)
{
    ExifEntry *from = exif_content_get_entry(old->ifd[r->ifd], r->tag);
    if (!from)
        return true;
    ExifEntry *to = new_entry(mem, r);
    if (!to)
        return no_memory(err);
    bool ok = true;
    size_t step = exif_format_get_size(r->format);
    for (uint32_t i = 0; ok && i < r->count; i++) {
        ExifRational v;
        ok = read_value(from, i, exif_data_get_byte_order(old), &v) &&
             in_range(r, v);
        if (ok)
            write_value(r, to->data + i * step, v);
    }
    bool full = false;
    if (ok) {
        exif_content_add_entry(fresh->ifd[r->ifd], to);
        full = !to->parent; // it tells no other way
    }
    exif_entry_unref(to);
    return full ? no_memory(err) : true;
}

static size_t entries(const ExifData *data)
{
    size_t n = 0;
    for (int i = 0; i < EXIF_IFD_COUNT; i++)
        n += data->ifd[i]->count;
    return n;
}

// What a block with these entries takes: TIFF 6.0 section 2.
static size_t block_size(const ExifData *data)
{
    size_t n = TIFF_HEADER;
    size_t pointers = data->ifd[EXIF_IFD_EXIF]->count ? 1 : 0;
    for (int i = 0; i < EXIF_IFD_COUNT; i++) {
        const ExifContent *dir = data->ifd[i];
        if (i == EXIF_IFD_0 || dir->count)
            n += 2 + dir->count * ENTRY_BYTES + 4;
        for (unsigned k = 0; k < dir->count; k++)
            if (dir->entries[k]->size > 4)
                n += dir->entries[k]->size;
    }
    return n + pointers * ENTRY_BYTES;
}

// libexif does not say when it runs short of memory half-way, so its block is
// judged as an input would be: all of it allowed, and nothing missing.
static bool save(ExifData *fresh, ExifMem *mem, struct imp_buf *out,
                 struct imp_err *err)
{
    unsigned char *block = NULL;
    unsigned int n = 0;
    struct sieve s;

    out->n = 0;
    exif_data_set_byte_order(fresh, ORDER);
    exif_data_save_data(fresh, &block, &n);
    bool ok = block && n == sizeof prefix + block_size(fresh);
    if (ok)
        ok = strike_out(block + sizeof prefix, n - sizeof prefix, &s) &&
             s.struck == 0 && s.kept == entries(fresh);
    if (!ok)
        no_memory(err);
    else
        ok = imp_buf_add(out, block + sizeof prefix, n - sizeof prefix, err);
    exif_mem_free(mem, block);
    return ok;
}

// A copy of the block, as libexif wants it, in `out`.
static bool copy_block(struct imp_span tiff, struct imp_buf *out,
                       struct imp_err *err)
{
    size_t n = tiff.n < MAX_BLOCK ? tiff.n : MAX_BLOCK;
    out->n = 0;
    return imp_buf_add(out, prefix, sizeof prefix, err) &&
           imp_buf_add(out, tiff.p, n, err);
}

bool imp_exif_rebuild(struct imp_span tiff, struct imp_buf *out,
                      struct imp_err *err)
{
    bool ok = false;
    struct sieve s;
    ExifMem *mem = NULL;
    ExifData *old = NULL, *fresh = NULL;

    if (!copy_block(tiff, out, err))
        goto out;
    if (!make_safe(out->p + sizeof prefix, out->n - sizeof prefix, &s) ||
        s.kept == 0) {
        out->n = 0;
        return true;
    }

    mem = exif_mem_new_default();
    old = exif_data_new_mem(mem);
    fresh = exif_data_new_mem(mem);
    if (!mem || !old || !fresh) {
        no_memory(err);
        goto out;
    }
    // Else it would add the tags that the standard demands.
    exif_data_unset_option(old, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_load_data(old, out->p, (unsigned int)out->n);
    if (entries(old) != s.kept) { // all of them can be read: see keep_for_rule
        no_memory(err);
        goto out;
    }
    for (size_t i = 0; i < RULES; i++)
        if (!carry(old, fresh, mem, &rules[i], err))
            goto out;
    out->n = 0;
    ok = entries(fresh) == 0 || save(fresh, mem, out, err);
out:
    exif_data_unref(fresh);
    exif_data_unref(old);
    exif_mem_unref(mem);
    if (!ok)
        out->n = 0;
    return ok;
}

bool imp_exif_describe(struct imp_buf *out, struct imp_err *err)
{
    char line[120];
    for (size_t i = 0; i < RULES; i++) {
        const struct rule *r = &rules[i];
        int n = snprintf(line, sizeof line,
                         "exif %d 0x%04x type=%d count=%u %u..%u %u..%u\n",
                         (int)r->ifd, (unsigned)r->tag, (int)r->format,
                         r->count, r->range[0].lo, r->range[0].hi,
                         r->range[1].lo, r->range[1].hi);
        if (!imp_buf_add(out, line, (size_t)n, err))
            return false;
    }
    return true;
}
