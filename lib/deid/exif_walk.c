#include "deid/exif_walk.h"

#include <libexif/exif-ifd.h>
#include <string.h>

#define ENTRY 12
#define MAX_FIELDS 1024

// TIFF 6.0 section 2: bytes of each type, 1 to 12.
static const uint8_t type_size[13] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};

enum { RATIONAL = 5, SBYTE = 6, SSHORT = 8, SLONG = 9, SRATIONAL = 10 };

struct walk {
    struct imp_span tiff;
    bool big;
    uint32_t at[EXIF_IFD_COUNT]; // where each directory is; 0: not met
    size_t fields;
    bool stopped;
};

static uint32_t get32(const uint8_t *p, bool big)
{
    return big ? imp_be32(p) : imp_le32(p);
}

static uint16_t get16(const uint8_t *p, bool big)
{
    return big ? imp_be16(p) : imp_le16(p);
}

// Tags that point at another directory (CIPA DC-008 4.6.3).
static int directory_of(unsigned tag)
{
    switch (tag) {
    case 0x8769:
        return EXIF_IFD_EXIF;
    case 0x8825:
        return EXIF_IFD_GPS;
    case 0xA005:
        return EXIF_IFD_INTEROPERABILITY;
    default:
        return -1;
    }
}

static bool read_field(const struct walk *w, const uint8_t *entry, int ifd,
                       struct imp_exif_field *f)
{
    *f = (struct imp_exif_field){.ifd = ifd,
                                 .tag = get16(entry, w->big),
                                 .type = get16(entry + 2, w->big),
                                 .count = get32(entry + 4, w->big),
                                 .big = w->big};
    if (f->type == 0 || f->type > 12)
        return false;
    uint64_t n = (uint64_t)f->count * type_size[f->type];
    if (n <= 4) {
        f->value = (struct imp_span){entry + 8, (size_t)n};
        return true;
    }
    return imp_span_sub(w->tiff, get32(entry + 8, w->big), (size_t)n,
                        &f->value);
}

static void walk_directory(struct walk *w, int ifd,
                           bool (*fn)(void *self,
                                      const struct imp_exif_field *f),
                           void *self)
{
    struct imp_span head, entry, link;
    size_t at = w->at[ifd];
    if (!at || !imp_span_sub(w->tiff, at, 2, &head))
        return;
    size_t n = get16(head.p, w->big);
    for (size_t i = 0; i < n && !w->stopped; i++) {
        struct imp_exif_field f;
        if (!imp_span_sub(w->tiff, at + 2 + i * ENTRY, ENTRY, &entry))
            return;
        if (!read_field(w, entry.p, ifd, &f))
            continue;
        int other = directory_of(f.tag);
        if (other >= 0 && !w->at[other])
            w->at[other] = get32(entry.p + 8, w->big);
        if (other >= 0)
            continue;
        w->stopped = !fn(self, &f) || ++w->fields >= MAX_FIELDS;
    }
    if (ifd == EXIF_IFD_0 &&
        imp_span_sub(w->tiff, at + 2 + n * ENTRY, 4, &link))
        w->at[EXIF_IFD_1] = get32(link.p, w->big);
}

void imp_exif_walk(struct imp_span tiff,
                   bool (*fn)(void *self, const struct imp_exif_field *f),
                   void *self)
{
    // Behind the directories that point at them.
    static const int order[EXIF_IFD_COUNT] = {
        EXIF_IFD_0, EXIF_IFD_EXIF, EXIF_IFD_GPS, EXIF_IFD_INTEROPERABILITY,
        EXIF_IFD_1};
    struct walk w = {.tiff = tiff, .big = imp_span_starts(tiff, "MM\0*", 4)};
    if (tiff.n < 8 || (!w.big && !imp_span_starts(tiff, "II*\0", 4)))
        return;
    w.at[EXIF_IFD_0] = get32(tiff.p + 4, w.big);
    for (size_t i = 0; i < EXIF_IFD_COUNT; i++)
        walk_directory(&w, order[i], fn, self);
}

int64_t imp_exif_number(const struct imp_exif_field *f, uint32_t i)
{
    const uint8_t *p = f->value.p + (size_t)i * type_size[f->type];
    switch (type_size[f->type]) {
    case 1:
        return f->type == SBYTE ? (int8_t)*p : *p;
    case 2:
        return f->type == SSHORT ? (int16_t)get16(p, f->big) : get16(p, f->big);
    default:
        if (f->type == SLONG || f->type == SRATIONAL)
            return (int32_t)get32(p, f->big);
        return get32(p, f->big);
    }
}

int64_t imp_exif_below(const struct imp_exif_field *f, uint32_t i)
{
    const uint8_t *p = f->value.p + (size_t)i * type_size[f->type] + 4;
    if (f->type == RATIONAL)
        return get32(p, f->big);
    if (f->type == SRATIONAL)
        return (int32_t)get32(p, f->big);
    return 1;
}
