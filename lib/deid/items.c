#include "deid/items.h"

#include "deid/exif_walk.h"

#include <ctype.h>
#include <libexif/exif-format.h>
#include <libexif/exif-tag.h>
#include <stdio.h>
#include <string.h>

#define MAX_ITEMS 512
#define MAX_VALUE 256

typedef void item_fn(void *self, const struct imp_item *item);

// Bytes as a printable string: as far as the first NUL, control characters
// blanked, no blanks at either end.
static void printable(struct imp_span in, char out[MAX_VALUE])
{
    size_t n = 0;
    while (in.n && (in.p[0] == ' ' || in.p[0] == '\n' || in.p[0] == '\r')) {
        in.p++;
        in.n--;
    }
    for (; n < in.n && n < MAX_VALUE - 1 && in.p[n]; n++)
        out[n] = in.p[n] < 0x20 || in.p[n] == 0x7f ? ' ' : (char)in.p[n];
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

// UTF-16 as bytes of its low halves: enough to show and to search Latin text.
static void printable_wide(struct imp_span in, bool big, char out[MAX_VALUE])
{
    uint8_t narrow[MAX_VALUE];
    size_t n = 0;
    for (size_t i = 0; i + 1 < in.n && n < sizeof narrow; i += 2) {
        uint8_t high = in.p[big ? i : i + 1], low = in.p[big ? i + 1 : i];
        narrow[n++] = high ? '?' : low;
    }
    printable((struct imp_span){narrow, n}, out);
}

// --- EXIF ---

// What holds a name, a serial number or an id as text. Make, model, dates and
// software are no identifiers of a person, and common words.
static bool identifies(int ifd, unsigned tag)
{
    static const uint16_t tags[] = {
        0x010D, // DocumentName
        0x010E, // ImageDescription
        0x013B, // Artist
        0x013C, // HostComputer
        0x8298, // Copyright
        0x9286, // UserComment
        0x9C9B, // XPTitle ... XPSubject
        0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F,
        0xA420, // ImageUniqueID
        0xA430, // CameraOwnerName
        0xA431, // BodySerialNumber
        0xA435, // LensSerialNumber
        0xC62F, // CameraSerialNumber
        0xFDE8, // OwnerName, as some write it
        0xFDE9, // SerialNumber, as some write it
    };
    if (ifd == EXIF_IFD_GPS)
        return tag == 0x1B || tag == 0x1C; // processing method, area
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

static void number_value(const struct imp_exif_field *f, char out[MAX_VALUE])
{
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < f->count && i < 8 && n < MAX_VALUE - 32; i++) {
        const char *space = i ? " " : "";
        int64_t num = imp_exif_number(f, i), den = imp_exif_below(f, i);
        int wrote = den == 1 ? snprintf(out + n, MAX_VALUE - n, "%s%jd", space,
                                        (intmax_t)num)
                             : snprintf(out + n, MAX_VALUE - n, "%s%jd/%jd",
                                        space, (intmax_t)num, (intmax_t)den);
        n += (size_t)wrote;
    }
}

// CIPA DC-008 4.6.6 table 9: eight bytes name the code of a UserComment.
static void comment_value(const struct imp_exif_field *f, char out[MAX_VALUE])
{
    struct imp_span v = f->value;
    bool wide = imp_span_starts(v, "UNICODE", 8);
    if (v.n >= 8)
        v = (struct imp_span){v.p + 8, v.n - 8};
    if (wide)
        printable_wide(v, f->big, out);
    else
        printable(v, out);
}

static void exif_value(const struct imp_exif_field *f, char out[MAX_VALUE])
{
    bool is_xp = f->ifd == EXIF_IFD_0 && f->tag >= 0x9C9B && f->tag <= 0x9C9F;
    if (f->tag == 0x9286)
        comment_value(f, out);
    else if (is_xp)
        printable_wide(f->value, false, out);
    else if (f->type == EXIF_FORMAT_ASCII)
        printable(f->value, out);
    else if (f->type == EXIF_FORMAT_UNDEFINED || f->type == EXIF_FORMAT_BYTE)
        snprintf(out, MAX_VALUE, "%zu bytes", f->value.n);
    else
        number_value(f, out);
}

struct exif_look {
    item_fn *fn;
    void *self;
    size_t items;
};

static bool look_at_field(void *self, const struct imp_exif_field *f)
{
    static const char *const ifds[EXIF_IFD_COUNT] = {"IFD0", "IFD1", "Exif",
                                                     "GPS", "Interop"};
    struct exif_look *look = self;
    char name[80], value[MAX_VALUE];
    const char *known =
        exif_tag_get_name_in_ifd((ExifTag)f->tag, (ExifIfd)f->ifd);
    if (known)
        snprintf(name, sizeof name, "%s %s", ifds[f->ifd], known);
    else
        snprintf(name, sizeof name, "%s 0x%04x", ifds[f->ifd],
                 (unsigned)f->tag);
    exif_value(f, value);
    look->fn(look->self,
             &(struct imp_item){.name = name,
                                .value = value,
                                .identifies = identifies(f->ifd, f->tag),
                                .ifd = f->ifd,
                                .tag = (int)f->tag});
    return ++look->items < MAX_ITEMS;
}

// --- Text ---

static void give_text(const char *name, const char *value, bool is_id,
                      item_fn *fn, void *self)
{
    fn(self, &(struct imp_item){.name = name,
                                .value = value,
                                .identifies = is_id,
                                .ifd = -1,
                                .tag = -1});
}

// A comment longer than a line or two is prose, and no identifier as a whole.
#define MAX_IDENTIFIER 64

static void look_at_text(struct imp_span text, item_fn *fn, void *self)
{
    char value[MAX_VALUE];
    printable(text, value);
    if (value[0])
        give_text("text", value, strlen(value) <= MAX_IDENTIFIER, fn, self);
}

// --- XMP: attributes and elements, as far as they can be told apart by a
// scanner that believes nothing. No parser: it is only for show and search. ---

// Properties of these name spaces, or so named, hold no person's name or
// number.
static bool is_plumbing(struct imp_span name)
{
    static const char *const spaces[] = {
        "xmlns", "rdf:",      "x:",    "xml:",
        "stEvt", "crs:",      "exif:", "tiff:",
        "hdrgm", "Container", "Item:", "photoshop:ICCProfile"};
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (imp_span_starts(name, spaces[i], strlen(spaces[i])))
            return true;
    return false;
}

static bool is_name_byte(uint8_t c)
{
    return isalnum(c) || c == ':' || c == '_' || c == '-' || c == '.';
}

static void give_property(struct imp_span name, struct imp_span text,
                          item_fn *fn, void *self, size_t *items)
{
    char label[80], value[MAX_VALUE];
    printable(text, value);
    if (!value[0] || name.n == 0 || name.n > 60 || is_plumbing(name))
        return;
    snprintf(label, sizeof label, "XMP %.*s", (int)name.n,
             (const char *)name.p);
    bool is_short = strlen(value) <= MAX_IDENTIFIER;
    give_text(label, value, is_short, fn, self);
    ++*items;
}

// The run of name bytes that ends before `at`.
static struct imp_span name_before(struct imp_span in, size_t at)
{
    size_t from = at;
    while (from && is_name_byte(in.p[from - 1]))
        from--;
    return (struct imp_span){in.p + from, at - from};
}

static void look_at_attribute(struct imp_span xmp, size_t *at, item_fn *fn,
                              void *self, size_t *items)
{
    // At `="`: the name stands before it, the value behind.
    uint8_t quote = xmp.p[*at + 1];
    const uint8_t *from = xmp.p + *at + 2;
    size_t left = xmp.n - *at - 2;
    const uint8_t *end = left ? memchr(from, quote, left) : NULL;
    if (!end)
        return;
    give_property(name_before(xmp, *at),
                  (struct imp_span){from, (size_t)(end - from)}, fn, self,
                  items);
    *at = (size_t)(end - xmp.p);
}

static void look_at_xmp(struct imp_span xmp, item_fn *fn, void *self)
{
    struct imp_span property = {0}; // the element that a list item belongs to
    size_t items = 0;
    for (size_t i = 0; i + 2 < xmp.n && items < MAX_ITEMS; i++) {
        if (xmp.p[i] == '=' && (xmp.p[i + 1] == '"' || xmp.p[i + 1] == '\'')) {
            look_at_attribute(xmp, &i, fn, self, &items);
        } else if (xmp.p[i] == '<' && is_name_byte(xmp.p[i + 1])) {
            size_t n = 1;
            while (i + n < xmp.n && is_name_byte(xmp.p[i + n]))
                n++;
            struct imp_span name = {xmp.p + i + 1, n - 1};
            if (!imp_span_starts(name, "rdf:", 4)) // a list, or its items
                property = name;
        } else if (xmp.p[i] == '>' && xmp.p[i + 1] != '<') {
            const uint8_t *end = memchr(xmp.p + i, '<', xmp.n - i);
            if (!end)
                return;
            give_property(
                property,
                (struct imp_span){xmp.p + i + 1, (size_t)(end - xmp.p) - i - 1},
                fn, self, &items);
            i = (size_t)(end - xmp.p) - 1;
        }
    }
}

// --- IPTC: datasets of record 2 (IPTC-NAA IIM 4.2, 1.6) ---

static void look_at_iptc(struct imp_span in, item_fn *fn, void *self)
{
    size_t items = 0;
    for (size_t i = 0; i + 5 <= in.n && items < MAX_ITEMS;) {
        if (in.p[i] != 0x1C) {
            i++;
            continue;
        }
        struct imp_span data;
        size_t n = imp_be16(in.p + i + 3);
        char name[40], value[MAX_VALUE];
        if (n >= 0x8000 || !imp_span_sub(in, i + 5, n, &data))
            return;
        snprintf(name, sizeof name, "IPTC %u:%u", in.p[i + 1], in.p[i + 2]);
        printable(data, value);
        if (in.p[i + 1] == 2 && value[0]) {
            give_text(name, value, strlen(value) <= MAX_IDENTIFIER, fn, self);
            items++;
        }
        i += 5 + n;
    }
}

void imp_items_of(const struct imp_part *part, item_fn *fn, void *self)
{
    struct exif_look look = {fn, self, 0};
    if (part->payload.n == 0)
        return;
    switch (part->kind) {
    case IMP_PART_EXIF:
        imp_exif_walk(part->payload, look_at_field, &look);
        break;
    case IMP_PART_XMP:
        look_at_xmp(part->payload, fn, self);
        break;
    case IMP_PART_IPTC:
        look_at_iptc(part->payload, fn, self);
        break;
    case IMP_PART_COMMENT:
        look_at_text(part->payload, fn, self);
        break;
    default:
        break;
    }
}
