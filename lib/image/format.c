#include "image/format.h"

#include <string.h>

#define FORMATS(ROW) \
    ROW(dicom)       \
    ROW(jpeg)        \
    ROW(png)         \
    ROW(gif)         \
    ROW(webp)        \
    ROW(tiff)        \
    ROW(heif)        \
    ROW(avif)
#define DECLARE(name) extern const struct imp_format imp_format_##name;
#define POINT_AT(name) &imp_format_##name,

FORMATS(DECLARE)
const struct imp_format *const imp_formats[] = {FORMATS(POINT_AT) NULL};

const struct imp_format *imp_format_of(struct imp_span in)
{
    for (const struct imp_format *const *f = imp_formats; *f; f++)
        if ((*f)->sniff(in))
            return *f;
    return NULL;
}

const struct imp_format *imp_format_called(const char *name)
{
    for (const struct imp_format *const *f = imp_formats; *f; f++)
        if (strcmp((*f)->name, name) == 0)
            return *f;
    return NULL;
}

// What uploads are often found to be instead; only ever a hint for a reader.
static const struct {
    const char *name;
    size_t at;
    const char *magic;
    size_t n;
} guesses[] = {
    {"PDF", 0, "%PDF-", 5},
    {"ZIP or Office document", 0, "PK\3\4", 4},
    {"AVI", 8, "AVI ", 4},
    {"WAV", 8, "WAVE", 4},
    {"MP4 or QuickTime", 4, "ftyp", 4},
    {"QuickTime", 4, "moov", 4},
    {"Matroska or WebM", 0, "\x1a\x45\xdf\xa3", 4},
    {"Fujifilm RAF", 0, "FUJIFILMCCD-RAW", 15},
    {"Minolta MRW", 0, "\0MRM", 4},
    {"Sigma X3F", 0, "FOVb", 4},
    {"Canon CRW", 6, "HEAPCCDR", 8},
    {"Photoshop", 0, "8BPS", 4},
    {"JPEG XR", 0, "II\xbc", 3},
    {"RAR", 0, "Rar!", 4},
    {"7-Zip", 0, "7z\xbc\xaf", 4},
    {"Word, Excel or other OLE document", 0, "\xd0\xcf\x11\xe0", 4},
    {"JPEG XL", 0, "\xff\x0a", 2},
    {"JPEG XL", 0, "\0\0\0\x0cJXL ", 8},
    {"JPEG 2000", 0, "\0\0\0\x0cjP  ", 8},
    {"JPEG 2000 codestream", 0, "\xff\x4f\xff\x51", 4},
    {"BMP", 0, "BM", 2},
    {"gzip", 0, "\x1f\x8b", 2},
    {"PostScript", 0, "%!", 2},
    {"XML", 0, "<?xml", 5},
    {"HTML", 0, "<!DOCTYPE", 9},
    {"MNG", 0, "\x8aMNG", 4},
    {"ELF program", 0,
     "\x7f"
     "ELF",
     4},
};

static bool is_text(struct imp_span in)
{
    size_t n = in.n < 512 ? in.n : 512;
    for (size_t i = 0; i < n; i++)
        if (in.p[i] == 0x7f ||
            (in.p[i] < 0x20 && !memchr("\t\n\r\f", in.p[i], 4)))
            return false;
    return true;
}

const char *imp_format_guess(struct imp_span in)
{
    if (in.n == 0)
        return "an empty file";
    for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++) {
        struct imp_span part;
        if (imp_span_sub(in, guesses[i].at, guesses[i].n, &part) &&
            memcmp(part.p, guesses[i].magic, part.n) == 0)
            return guesses[i].name;
    }
    return is_text(in) ? "text" : "unknown";
}

uint64_t imp_format_max_bytes(const struct imp_format *fmt,
                              const struct imp_limits *limits)
{
    return fmt->skips_coded && limits->max_mapped ? limits->max_mapped
                                                  : limits->max_bytes;
}

bool imp_format_cut(const struct imp_format *fmt, struct imp_span in,
                    struct imp_job_image *img, struct imp_cutlist *cl,
                    struct imp_err *err)
{
    uint64_t most = imp_format_max_bytes(fmt, &img->limits);
    if (in.n > most)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "%s: file of %zu bytes, want at most %ju", fmt->name,
                        in.n, (uintmax_t)most);
    imp_cutlist_start(cl, in.n);
    if (!fmt->cut(in, img, cl, err) || !imp_cutlist_finish(cl, err))
        return imp_wrap(err, "%s", fmt->name);
    imp_cutlist_settle(cl, in);
    return true;
}
