#include "pipeline/prove_redacted.h"

#include "base/map.h"
#include "dicom/file.h"
#include "dicom/image.h"
#include "dicom/reader.h"
#include "mark/dicom_compare.h"
#include "mark/redact_rules.h"

#include <string.h>

enum { TEXTS = 4, ROOM = 68 }; // as much of a value as a run compares

#define METHOD_CODES 0x00120064
#define CODE_VALUE 0x00080100

// --- What an object says ---

struct looker {
    struct imp_span in;
    char text[TEXTS][ROOM]; // of `tags`, without padding
    uint32_t sequence;      // of the outermost level, that is open
    bool cleaned;
};

static const uint32_t tags[TEXTS] = {0x00080070, 0x00081090, 0x00080060,
                                     0x00080016};

static void take(char out[ROOM], struct imp_span v)
{
    while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == 0))
        v.n--;
    if (v.n >= ROOM)
        v.n = ROOM - 1;
    memcpy(out, v.p, v.n);
    out[v.n] = '\0';
}

static void look_at(struct looker *l, const struct imp_dcm_event *e)
{
    char code[ROOM];
    struct imp_span value = {l->in.p + e->at + e->header, e->value};
    if (e->kind == IMP_DCM_SEQUENCE_BEGIN && e->depth == 0)
        l->sequence = e->tag;
    if (e->kind != IMP_DCM_ELEMENT)
        return;
    for (int i = 0; i < TEXTS; i++)
        if (e->depth == 0 && e->tag == tags[i])
            take(l->text[i], value);
    if (e->depth == 1 && l->sequence == METHOD_CODES && e->tag == CODE_VALUE) {
        take(code, value);
        l->cleaned |= strcmp(code, "113101") == 0;
    }
}

static bool look(struct imp_span in, struct looker *l,
                 struct imp_dcm_file *file, struct imp_err *err)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    *l = (struct looker){.in = in};
    if (!imp_dcm_file_read(in, file, err))
        return false;
    if (file->syntax->deflated)
        return true;
    imp_dcm_reader_start(&r, in, file->data_at, in.n, file->syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, err))
            return false;
        look_at(l, &e);
    } while (e.kind != IMP_DCM_END);
    return true;
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

bool imp_redacted_find(struct imp_span source,
                       const struct imp_redact_rules *rules,
                       struct imp_rect rect[IMP_REDACT_RECTS], size_t *n,
                       struct imp_err *err)
{
    struct looker l;
    struct imp_dcm_file file;
    struct imp_dcm_image image;
    bool found;
    *n = 0;
    if (!rules)
        return true;
    if (!look(source, &l, &file, err))
        return false;
    if (file.syntax->deflated)
        return true;
    if (!imp_dcm_image_read(source, file.data_at, file.syntax, &image, err))
        return false;
    if (!image.pixels) // then a run asks no rules, either
        return true;
    const struct imp_redact_object object = {
        .manufacturer = or_null(l.text[0]),
        .model = or_null(l.text[1]),
        .modality = or_null(l.text[2]),
        .sop_class = or_null(l.text[3]),
        .rows = image.rows,
        .columns = image.columns,
    };
    return imp_redact_rules_find(rules, &object, &found, rect, n, err);
}

bool imp_redacted_says(struct imp_span made, bool *says, struct imp_err *err)
{
    struct looker l;
    struct imp_dcm_file file;
    bool ok = look(made, &l, &file, err);
    *says = ok && l.cleaned;
    return ok;
}

// --- What was done ---

// The source as it is, with its rectangles black.
static bool redact(struct imp_span source, const struct imp_meant *meant,
                   struct imp_map *out, struct imp_err *err)
{
    struct imp_dicom_patches patches = {0};
    struct imp_cutlist all = {0}, black = {0};
    const struct iovec *piece;
    size_t n;
    imp_cutlist_start(&all, source.n);
    imp_cut_keep(&all, 0, source.n, IMP_PART_CODED, "source");
    bool ok = imp_cutlist_finish(&all, err) &&
              imp_redact_cuts(&patches, source, &all, meant->rect, meant->n,
                              &black, err) &&
              imp_cutlist_pieces(&black, source, &piece, &n, err) &&
              imp_map_join(out, piece, n, err);
    imp_cutlist_clear(&black);
    imp_cutlist_clear(&all);
    imp_dicom_patches_clear(&patches);
    return ok;
}

bool imp_redacted_is_black(struct imp_span source, struct imp_span made,
                           const struct imp_meant *meant, bool *black,
                           struct imp_err *err)
{
    struct imp_map redacted = {0};
    const struct imp_meant mark = {.mark = meant->mark};
    struct imp_difference d;
    bool ok = redact(source, meant, &redacted, err) &&
              imp_dicom_compare(redacted.bytes, made, &mark, &d, err);
    *black = ok && !d.another && !d.outside;
    imp_map_close(&redacted);
    return ok;
}
