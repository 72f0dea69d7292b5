#include "image/tiff.h"

#include <stdlib.h>
#include <string.h>

// Files that are TIFF by their structure, but whose picture is not what a TIFF
// reader shows: raw sensor data that private tags describe; or that hold
// pictures which no directory tells of.

static bool refuse(struct imp_err *err, uint64_t at, const char *kind)
{
    return imp_fail_at(err, IMP_ERR_UNSUPPORTED, at, "%s", kind);
}

struct magic {
    const char *magic;
    size_t n;
    const char *kind;
};

static bool check_magic(struct imp_span in, size_t at, const struct magic *m,
                        size_t n, struct imp_err *err)
{
    struct imp_span part;
    for (size_t i = 0; i < n; i++)
        if (imp_span_sub(in, at, m[i].n, &part) &&
            memcmp(part.p, m[i].magic, part.n) == 0)
            return refuse(err, at, m[i].kind);
    return true;
}

bool imp_tiff_check_header(struct imp_span in, struct imp_err *err)
{
    static const struct magic known[] = {
        {"IIRO", 4, "Olympus ORF, a camera raw file"},
        {"IIRS", 4, "Olympus ORF, a camera raw file"},
        {"MMOR", 4, "Olympus ORF, a camera raw file"},
        {"IIU\0", 4, "Panasonic RW2, a camera raw file"},
        {"IIRC", 4, "DNG camera profile, which is no picture"},
    };
    return check_magic(in, 0, known, sizeof known / sizeof *known, err);
}

// Is there a strip or tile right behind the header?
static bool has_piece_in_front(const struct imp_tiff *t,
                               const struct imp_tiff_ifd *ifd)
{
    static const uint16_t tags[] = {IMP_TIFF_STRIP_OFFSETS,
                                    IMP_TIFF_TILE_OFFSETS};
    uint64_t at;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        const struct imp_tiff_entry *e = imp_tiff_find(ifd, tags[i]);
        for (uint64_t k = 0; e && imp_tiff_number(t, e, k, &at); k++)
            if (at >= t->header && at < t->header + 8)
                return true;
    }
    return false;
}

bool imp_tiff_check_front(const struct imp_tiff *t,
                          const struct imp_tiff_ifd *ifd, struct imp_err *err)
{
    static const struct magic known[] = {
        {"CR\2", 3, "Canon CR2, a camera raw file"},
        {"IIII", 4, "Phase One IIQ, a camera raw file"},
        {"MMMM", 4, "Phase One IIQ, a camera raw file"},
    };
    for (size_t i = 0; i < t->n_chain; i++) {
        if (has_piece_in_front(t, &ifd[i])) // pixels may look like anything
            return true;
        for (size_t k = 0; k < ifd[i].n_subs; k++)
            if (has_piece_in_front(t, &ifd[i].sub[k]))
                return true;
    }
    return t->big ||
           check_magic(t->in, 8, known, sizeof known / sizeof *known, err);
}

// Tags that only such files have.
static const struct {
    uint16_t tag;
    const char *kind;
} telling[] = {
    {33421, "camera raw (CFARepeatPatternDim)"},
    {33422, "camera raw (CFAPattern)"},
    {50706, "DNG, a camera raw file"},
    {46275, "Hasselblad raw, a camera raw file"},
    {34310, "Leaf MOS, a camera raw file"},
    {50752, "Canon CR2, a camera raw file"},
    {50459, "Hasselblad 3FR, a camera raw file"},
    {34412, "Zeiss LSM, whose planes its private tags describe"},
    {33628, "MetaMorph stack, whose planes its private tags describe"},
    {33629, "MetaMorph stack, whose planes its private tags describe"},
    {34361, "FluoView, whose planes its private tags describe"},
    {43314, "NIH Image stack, whose planes its private tags describe"},
    {65420, "Hamamatsu NDPI, a whole slide with its label"},
};

// Compressions of raw data, besides those that have a name in tiff_coded.c.
static const uint16_t raw_compressions[] = {32767, 32769, 32770, 32772, 34713,
                                            34892, 65000, 65535, 262};

static bool check_tags(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       struct imp_err *err)
{
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
        const struct imp_tiff_entry *e = imp_tiff_find(ifd, telling[i].tag);
        if (e)
            return refuse(err, e->at, telling[i].kind);
    }
    uint64_t v = imp_tiff_number_of(t, ifd, IMP_TIFF_PHOTOMETRIC, 0);
    if (v == IMP_TIFF_CFA || v == IMP_TIFF_LINEAR_RAW)
        return refuse(err, ifd->at,
                      "camera raw (PhotometricInterpretation of a sensor)");
    v = imp_tiff_number_of(t, ifd, IMP_TIFF_COMPRESSION, 1);
    for (size_t i = 0; i < sizeof raw_compressions / sizeof *raw_compressions;
         i++)
        if (v == raw_compressions[i])
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                               "camera raw (Compression %ju)", (uintmax_t)v);
    return true;
}

static struct imp_span text_of(const struct imp_tiff_ifd *ifd, uint16_t tag)
{
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, tag);
    return e ? e->bytes : (struct imp_span){0};
}

static bool has(struct imp_span in, const char *word)
{
    return in.n && memmem(in.p, in.n, word, strlen(word));
}

// Slide scanners store a photograph of the slide's label among the pages: with
// a patient's name on it, often in handwriting.
static bool check_slide(const struct imp_tiff_ifd *ifd, struct imp_err *err)
{
    struct imp_span text = text_of(ifd, IMP_TIFF_DESCRIPTION);
    if (imp_span_starts(text, "Aperio", 6))
        return refuse(err, ifd->at,
                      "Aperio SVS, a whole slide: its label and macro pages "
                      "may show who the patient is");
    if (has(text, "<scn"))
        return refuse(err, ifd->at,
                      "Leica SCN, a whole slide: its macro page may show who "
                      "the patient is");
    if (imp_span_starts(text_of(ifd, IMP_TIFF_SOFTWARE), "Philips", 7))
        return refuse(err, ifd->at,
                      "Philips TIFF, a whole slide: its label and macro pages "
                      "may show who the patient is");
    if (has(text_of(ifd, IMP_TIFF_XMP), "<iScan"))
        return refuse(err, ifd->at,
                      "Ventana BIF, a whole slide: its label page may show "
                      "who the patient is");
    return true;
}

// ImageJ stores large stacks as one directory with more pictures behind the
// first: no reader but ImageJ sees them, and they would be lost.
static bool check_stack(const struct imp_tiff *t,
                        const struct imp_tiff_ifd *ifd, struct imp_err *err)
{
    static const char word[] = "images=";
    struct imp_span text = text_of(ifd, IMP_TIFF_DESCRIPTION);
    if (!imp_span_starts(text, "ImageJ=", 7))
        return true;
    const uint8_t *p = memmem(text.p, text.n, word, sizeof word - 1);
    uint64_t images = 0;
    if (p)
        for (p += sizeof word - 1; p < text.p + text.n; p++) {
            if (*p < '0' || *p > '9' || images > UINT32_MAX)
                break;
            images = images * 10 + (uint64_t)(*p - '0');
        }
    if (images > t->n_chain)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                           "ImageJ stack of %ju images in %zu directories",
                           (uintmax_t)images, t->n_chain);
    return true;
}

bool imp_tiff_check_kind(const struct imp_tiff *t,
                         const struct imp_tiff_ifd *ifd, struct imp_err *err)
{
    return check_tags(t, ifd, err) && check_slide(ifd, err) &&
           check_stack(t, ifd, err);
}
