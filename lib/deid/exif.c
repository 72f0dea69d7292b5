#include "deid/exif.h"

#include "deid/days.h"
#include "deid/exif_rules.h"

#include <libexif/exif-data.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES IMP_EXIF_RULES

// A fraction finer than this is no resolution that anyone set: its spare
// digits could number a device or a person.
#define MAX_DENOMINATOR 10000
// What is computed from an exposure has such fractions; it is rounded.
#define ROUNDED_DENOMINATOR 1000

// Longer text is not carried over, and longer than that is not even looked at.
#define MAX_TEXT 64

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
    uint64_t allow; // the rules that hold, one bit each
    size_t exif_at; // of the Exif directory; 0 if not met
    uint64_t met;   // rules that an entry was kept for
    size_t kept;    // entries, without the pointer
    size_t struck;
};
_Static_assert(RULES <= 64, "one bit of `met` and `allow` for each rule");

static bool may_read_as(ExifFormat found, const struct imp_exif_rule *r)
{
    if (r->format != EXIF_FORMAT_SHORT)
        return found == r->format;
    return found == EXIF_FORMAT_BYTE || found == EXIF_FORMAT_SHORT ||
           found == EXIF_FORMAT_LONG;
}

static bool may_count(uint32_t found, const struct imp_exif_rule *r)
{
    if (r->format == EXIF_FORMAT_ASCII)
        return found >= 1 && found <= MAX_TEXT;
    return found == r->count;
}

// The first entry of a tag counts; another one with the same tag is struck.
static bool keep_for_rule(struct sieve *s, const uint8_t *entry, ExifIfd ifd)
{
    ExifShort tag = exif_get_short(entry, s->order);
    ExifFormat format = (ExifFormat)exif_get_short(entry + 2, s->order);
    uint32_t count = exif_get_long(entry + 4, s->order);
    for (size_t i = 0; i < RULES; i++) {
        const struct imp_exif_rule *r = &imp_exif_rules[i];
        if (r->ifd != ifd || (ExifShort)r->tag != tag || s->met >> i & 1)
            continue;
        if (!(s->allow >> i & 1) || !may_read_as(format, r) ||
            !may_count(count, r))
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
static bool strike_out(uint8_t *p, size_t n, uint64_t allow, struct sieve *s)
{
    *s = (struct sieve){.p = p, .n = n, .allow = allow};
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
static bool make_safe(uint8_t *p, size_t n, uint64_t allow, struct sieve *s)
{
    return strike_out(p, n, allow, s) && strike_out(p, n, allow, s) &&
           s->struck == 0;
}

// --- Values ---

// A number: an integer is over 1.
struct number {
    int64_t over, under;
};

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static struct number reduce(struct number v)
{
    int64_t common = gcd(v.over, v.under);
    if (common)
        v = (struct number){v.over / common, v.under / common};
    return v;
}

static struct number read_number(const ExifEntry *e, size_t i,
                                 ExifByteOrder order)
{
    const uint8_t *p = e->data + i * exif_format_get_size(e->format);
    ExifRational u;
    ExifSRational s;
    switch (e->format) {
    case EXIF_FORMAT_BYTE:
        return (struct number){*p, 1};
    case EXIF_FORMAT_SHORT:
        return (struct number){exif_get_short(p, order), 1};
    case EXIF_FORMAT_LONG:
        return (struct number){exif_get_long(p, order), 1};
    case EXIF_FORMAT_SRATIONAL:
        s = exif_get_srational(p, order);
        return s.denominator < 0 ? (struct number){-(int64_t)s.numerator,
                                                   -(int64_t)s.denominator}
                                 : (struct number){s.numerator, s.denominator};
    default:
        u = exif_get_rational(p, order);
        return (struct number){u.numerator, u.denominator};
    }
}

// Equal fractions become the same fraction, so that none says more than its
// value. What is needed to show the picture is not rounded.
static bool read_value(const struct imp_exif_rule *r, const ExifEntry *e,
                       size_t i, ExifByteOrder order, struct number *v)
{
    *v = read_number(e, i, order);
    if (!v->under)
        return false;
    *v = reduce(*v);
    if (v->under <= MAX_DENOMINATOR)
        return true;
    if (r->group == IMP_EXIF_SHOWS)
        return false;
    int64_t half = v->over < 0 ? -v->under / 2 : v->under / 2;
    *v = reduce(
        (struct number){(v->over * ROUNDED_DENOMINATOR + half) / v->under,
                        ROUNDED_DENOMINATOR});
    return true;
}

static bool in_range(const struct imp_exif_rule *r, struct number v)
{
    for (size_t i = 0; i < sizeof r->range / sizeof r->range[0]; i++) {
        int64_t lo = r->range[i].lo * v.under, hi = r->range[i].hi * v.under;
        bool is_none = i > 0 && lo == 0 && hi == 0;
        if (!is_none && v.over >= lo && v.over <= hi)
            return true;
    }
    return false;
}

static void write_value(const struct imp_exif_rule *r, uint8_t *p,
                        struct number v)
{
    if (r->format == EXIF_FORMAT_SHORT)
        exif_set_short(p, ORDER, (ExifShort)v.over);
    else if (r->format == EXIF_FORMAT_SRATIONAL)
        exif_set_srational(
            p, ORDER, (ExifSRational){(ExifSLong)v.over, (ExifSLong)v.under});
    else
        exif_set_rational(p, ORDER,
                          (ExifRational){(ExifLong)v.over, (ExifLong)v.under});
}

static bool carry_numbers(const ExifEntry *from, ExifByteOrder order,
                          const struct imp_exif_rule *r, uint8_t *to)
{
    size_t step = exif_format_get_size(r->format);
    for (uint32_t i = 0; i < r->count; i++) {
        struct number v;
        if (!read_value(r, from, i, order, &v) || !in_range(r, v))
            return false;
        write_value(r, to + i * step, v);
    }
    return true;
}

// --- Text: a make or a model, and dates ---

// What stands before the first NUL, without blanks at its end.
static struct imp_span text_of(const ExifEntry *e)
{
    const uint8_t *nul = e->size ? memchr(e->data, 0, e->size) : NULL;
    size_t n = nul ? (size_t)(nul - e->data) : e->size;
    while (n && e->data[n - 1] == ' ')
        n--;
    return (struct imp_span){e->data, n};
}

// A make or model is a short line of plain letters and digits; anything else,
// such as an address or a name with an accent, is not carried over.
static bool is_model(struct imp_span text, uint32_t max)
{
    static const char extra[] = " .,_()/+-";
    if (text.n == 0 || text.n >= max || text.p[0] == ' ')
        return false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                     (c >= 'a' && c <= 'z') || strchr(extra, c);
        if (!plain || c == 0)
            return false;
    }
    return true;
}

// "2026:11:20 10:15:02" (CIPA DC-008 4.6.5.4.1), such a day and such a time, in
// the years of cameras.
static bool read_date(struct imp_span text, struct imp_date *date)
{
    static const char form[] = "0000:00:00 00:00:00";
    if (text.n != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (form[i] == '0' ? imp_days_digits(text.p + i, 1) < 0
                           : text.p[i] != form[i])
            return false;
    *date = (struct imp_date){imp_days_digits(text.p, 4),
                              imp_days_digits(text.p + 5, 2),
                              imp_days_digits(text.p + 8, 2)};
    return date->year >= 1900 && date->year <= 2200 && imp_days_exists(*date) &&
           imp_days_digits(text.p + 11, 2) < 24 &&
           imp_days_digits(text.p + 14, 2) < 60 &&
           imp_days_digits(text.p + 17, 2) < 60;
}

// A date of which only the year is left: the rest is blank, as the standard
// has it for what is not known. It stands as it is when it is met again.
static bool read_year(struct imp_span text, int *year)
{
    struct imp_date date;
    if (read_date(text, &date)) {
        *year = date.year;
        return true;
    }
    if (text.n < 4 || text.n > 19)
        return false;
    *year = imp_days_digits(text.p, 4);
    if (*year < 0)
        return false;
    char want[32];
    snprintf(want, sizeof want, "%04d:  :     :  :  ", *year);
    size_t n = 19;
    while (n && want[n - 1] == ' ')
        n--;
    return *year >= 1900 && *year <= 2200 && text.n == n &&
           memcmp(text.p, want, n) == 0;
}

static bool carry_date(struct imp_span text, const struct imp_exif_options *o,
                       char out[20])
{
    struct imp_date date;
    int year;
    switch (o->dates) {
    case IMP_DATES_YEAR:
        return read_year(text, &year) &&
               snprintf(out, 20,
                        "%04u:  :     :  :  ", (unsigned)year % 10000u) == 19;
    case IMP_DATES_SHIFT:
        if (!o->has_shift || !read_date(text, &date) ||
            !imp_days_add(&date, o->shift_days))
            return false;
        return snprintf(out, 20, "%04u:%02u:%02u%.9s",
                        (unsigned)date.year % 10000u,
                        (unsigned)date.month % 100u, (unsigned)date.day % 100u,
                        (const char *)text.p + 10) == 19;
    case IMP_DATES_REMOVE:
        break;
    }
    return false;
}

static bool carry_text(const ExifEntry *from, const struct imp_exif_rule *r,
                       const struct imp_exif_options *o, ExifEntry *to)
{
    char text[MAX_TEXT + 1] = "";
    struct imp_span old = text_of(from);
    if (r->group == IMP_EXIF_DATE) {
        if (!carry_date(old, o, text))
            return false;
    } else {
        if (!is_model(old, r->count))
            return false;
        memcpy(text, old.p, old.n);
    }
    to->components = strlen(text) + 1;
    to->size = (unsigned)to->components;
    memcpy(to->data, text, to->size);
    return true;
}

// --- The fresh block ---

static bool no_memory(struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_MEMORY, "EXIF: no memory for a block");
}

static ExifEntry *new_entry(ExifMem *mem, const struct imp_exif_rule *r)
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

// Carry one tag over, or not if a value is none that it may have.
static bool carry(ExifData *old, ExifData *fresh, ExifMem *mem,
                  const struct imp_exif_rule *r,
                  const struct imp_exif_options *o, struct imp_err *err)
{
    ExifEntry *from = exif_content_get_entry(old->ifd[r->ifd], r->tag);
    if (!from)
        return true;
    ExifEntry *to = new_entry(mem, r);
    if (!to)
        return no_memory(err);
    bool full = false;
    bool ok =
        r->format == EXIF_FORMAT_ASCII
            ? carry_text(from, r, o, to)
            : carry_numbers(from, exif_data_get_byte_order(old), r, to->data);
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
                n += dir->entries[k]->size + (dir->entries[k]->size & 1);
    }
    return n + pointers * ENTRY_BYTES;
}

// libexif does not say when it runs short of memory half-way, so its block is
// judged as an input would be: all of it allowed, and nothing missing.
static bool save(ExifData *fresh, ExifMem *mem, uint64_t allow,
                 struct imp_buf *out, struct imp_err *err)
{
    unsigned char *block = NULL;
    unsigned int n = 0;
    struct sieve s;

    out->n = 0;
    exif_data_set_byte_order(fresh, ORDER);
    exif_data_save_data(fresh, &block, &n);
    bool ok = block && n == sizeof prefix + block_size(fresh);
    if (ok)
        ok = strike_out(block + sizeof prefix, n - sizeof prefix, allow, &s) &&
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

uint64_t imp_exif_allow(bool acquired)
{
    uint64_t allow = 0;
    for (size_t i = 0; i < RULES; i++) {
        enum imp_exif_group group = imp_exif_rules[i].group;
        if (group == IMP_EXIF_SHOWS ||
            (acquired &&
             (group == IMP_EXIF_ACQUIRED || group == IMP_EXIF_DATE)))
            allow |= UINT64_C(1) << i;
    }
    return allow;
}

// Of the rules that the options name, those that can leave something.
static uint64_t rules_of(const struct imp_exif_options *o)
{
    bool dates = o->dates == IMP_DATES_YEAR ||
                 (o->dates == IMP_DATES_SHIFT && o->has_shift);
    uint64_t allow = o->allow;
    for (size_t i = 0; i < RULES; i++) {
        enum imp_exif_group group = imp_exif_rules[i].group;
        if ((group == IMP_EXIF_SHOWS && o->container_rules) ||
            (group == IMP_EXIF_DATE && !dates))
            allow &= ~(UINT64_C(1) << i);
    }
    return allow;
}

bool imp_exif_is_date(int ifd, int tag)
{
    for (size_t i = 0; i < RULES; i++)
        if (imp_exif_rules[i].group == IMP_EXIF_DATE &&
            (int)imp_exif_rules[i].ifd == ifd &&
            (int)imp_exif_rules[i].tag == tag)
            return true;
    return false;
}

bool imp_exif_keeps(const struct imp_exif_options *o, int ifd, int tag)
{
    uint64_t allow = rules_of(o);
    for (size_t i = 0; i < RULES; i++)
        if ((int)imp_exif_rules[i].ifd == ifd &&
            (int)imp_exif_rules[i].tag == tag)
            return allow >> i & 1;
    return false;
}

bool imp_exif_rebuild(struct imp_span tiff, const struct imp_exif_options *o,
                      struct imp_buf *out, struct imp_err *err)
{
    bool ok = false;
    uint64_t allow = rules_of(o);
    struct sieve s;
    ExifMem *mem = NULL;
    ExifData *old = NULL, *fresh = NULL;

    if (!copy_block(tiff, out, err))
        goto out;
    if (!make_safe(out->p + sizeof prefix, out->n - sizeof prefix, allow, &s) ||
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
        if (!carry(old, fresh, mem, &imp_exif_rules[i], o, err))
            goto out;
    out->n = 0;
    ok = entries(fresh) == 0 || save(fresh, mem, allow, out, err);
out:
    exif_data_unref(fresh);
    exif_data_unref(old);
    exif_mem_unref(mem);
    if (!ok)
        out->n = 0;
    return ok;
}

bool imp_exif_describe(const struct imp_exif_options *o, struct imp_buf *out,
                       struct imp_err *err)
{
    char line[120];
    for (size_t i = 0; i < RULES; i++) {
        const struct imp_exif_rule *r = &imp_exif_rules[i];
        if (!(o->allow >> i & 1) ||
            (r->group == IMP_EXIF_DATE && o->dates == IMP_DATES_REMOVE))
            continue;
        int n = snprintf(line, sizeof line,
                         "exif %d 0x%04x type=%d count=%u %d..%d %d..%d\n",
                         (int)r->ifd, (unsigned)r->tag, (int)r->format,
                         r->count, r->range[0].lo, r->range[0].hi,
                         r->range[1].lo, r->range[1].hi);
        if (!imp_buf_add(out, line, (size_t)n, err))
            return false;
    }
    return true;
}
