#include "mark/turn.h"

#include "image/format.h"
#include "image/tiff.h"
#include "mark/compare.h"
#include "mark/orient.h"

#include <string.h>

static void note(struct imp_turn *out, uint64_t page, unsigned source,
                 unsigned made)
{
    if (source != made && !out->turned)
        *out = (struct imp_turn){true, page, source, made};
}

// --- EXIF: what its handler shows of it ---

struct listener {
    struct imp_editor editor; // first: it is what the handler hands back
    bool met;
    unsigned orientation;
};

// The first block counts. Those that nobody reads (a PNG's with a wrong CRC)
// have no payload.
static bool hear(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *v, struct imp_err *err)
{
    struct listener *l = (struct listener *)self;
    if (part->kind == IMP_PART_EXIF && !part->container_rules &&
        part->payload.n && !l->met) {
        l->met = true;
        l->orientation = imp_orientation_read(part->payload);
    }
    return imp_drop_it(self, part, v, err);
}

static bool orientation_of(const struct imp_format *fmt, struct imp_span in,
                           unsigned *out, struct imp_err *err)
{
    struct listener l = {.editor = {hear}, .orientation = 1};
    struct imp_cutlist cuts = {0};
    struct imp_job_image image = {.editor = &l.editor,
                                  .limits = {UINT64_MAX, IMP_COMPARE_PIXELS},
                                  .check = IMP_CHECK_STRUCTURE};
    bool ok = imp_format_cut(fmt, in, &image, &cuts, err);
    *out = l.orientation;
    imp_cutlist_clear(&cuts);
    return ok;
}

static bool by_exif(const char *format, struct imp_span source,
                    struct imp_span made, struct imp_turn *out,
                    struct imp_err *err)
{
    unsigned was, is;
    const struct imp_format *fmt = imp_format_called(format);
    if (!orientation_of(fmt, source, &was, err) ||
        !orientation_of(fmt, made, &is, err))
        return false;
    note(out, 0, was, is);
    return true;
}

// --- TIFF: a tag of each page ---

struct pages {
    struct imp_cutlist memory;
    struct imp_tiff t;
    uint64_t next; // offset of a directory; 0: none
};

static bool begin(struct pages *p, struct imp_span file, struct imp_err *err)
{
    if (!imp_tiff_begin(&p->t, file, &p->memory, err))
        return false;
    p->next = p->t.first_ifd;
    return true;
}

// The next directory that is a page; 0 behind the last.
static bool next_page(struct pages *p, unsigned *orientation,
                      struct imp_err *err)
{
    *orientation = 0;
    while (p->next && !*orientation) {
        struct imp_tiff_ifd ifd = {.at = p->next, .name = "IFD"};
        if (!imp_tiff_read_ifd(&p->t, &ifd, err))
            return false;
        p->next = ifd.next;
        if (!imp_tiff_has_picture(&ifd))
            continue;
        uint64_t v = imp_tiff_number_of(&p->t, &ifd, IMP_TIFF_ORIENTATION, 1);
        *orientation = v >= 1 && v <= 8 ? (unsigned)v : 1;
    }
    return true;
}

static bool by_pages(const char *format, struct imp_span source,
                     struct imp_span made, struct imp_turn *out,
                     struct imp_err *err)
{
    (void)format;
    struct pages a = {0}, b = {0};
    unsigned was, is;
    bool begun = begin(&a, source, err); // both, as both are ended
    bool ok = begin(&b, made, err) && begun;
    for (uint64_t page = 0; ok; page++) {
        ok = next_page(&a, &was, err) && next_page(&b, &is, err);
        if (!ok || !was || !is) // whether there are as many, pixels tell
            break;
        note(out, page, was, is);
    }
    imp_tiff_end(&a.t);
    imp_tiff_end(&b.t);
    return ok;
}

// --- What decoders turn themselves, or nobody ---

static bool by_pixels(const char *format, struct imp_span source,
                      struct imp_span made, struct imp_turn *out,
                      struct imp_err *err)
{
    (void)format, (void)source, (void)made, (void)out, (void)err;
    return true;
}

bool imp_turn_of(const char *format, struct imp_span source,
                 struct imp_span made, struct imp_turn *out,
                 struct imp_err *err)
{
    static const struct {
        const char *format;
        bool (*turn)(const char *format, struct imp_span source,
                     struct imp_span made, struct imp_turn *out,
                     struct imp_err *err);
    } rows[] = {
        {"jpeg", by_exif},   {"png", by_exif},     {"webp", by_exif},
        {"tiff", by_pages},  {"gif", by_pixels},   {"heif", by_pixels},
        {"avif", by_pixels}, {"dicom", by_pixels},
    };
    *out = (struct imp_turn){0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].format, format) == 0)
            return rows[i].turn(format, source, made, out, err);
    return imp_fail(err, IMP_ERR_UNSUPPORTED, "no format is called %s", format);
}
