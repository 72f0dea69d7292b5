#include "deid/dicom_find.h"

#include "dicom/charset.h"
#include "dicom/dict.h"
#include "dicom/file.h"
#include "dicom/reader.h"
#include "image/dicom_inflate.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define CHARACTER_SET UINT32_C(0x00080005)

// Longer text is no key of anything.
#define MAX_TEXT 4096
#define MAX_INFLATED (UINT64_C(512) << 20)

// --- Names ---

// "(0010,0020)".
static bool is_tag(const char *name)
{
    if (strlen(name) != 11 || name[0] != '(' || name[5] != ',' ||
        name[10] != ')')
        return false;
    for (int i = 1; i < 10; i++)
        if (i != 5 && !g_ascii_isxdigit(name[i]))
            return false;
    return true;
}

static const struct imp_dcm_attribute *attribute_of(const char *name,
                                                    uint32_t *tag)
{
    const struct imp_dcm_attribute *a;
    if (is_tag(name)) {
        *tag = (uint32_t)strtoul(name + 1, NULL, 16) << 16 |
               (uint32_t)strtoul(name + 6, NULL, 16);
        return imp_dcm_is_private(*tag) ? NULL : imp_dcm_find(*tag);
    }
    a = imp_dcm_find_keyword(name);
    *tag = a ? a->tag : 0;
    return a;
}

bool imp_dicom_attribute_named(const char *name, uint32_t *tag,
                               struct imp_err *err)
{
    const struct imp_dcm_attribute *a = attribute_of(name, tag);
    if (!a)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no DICOM attribute %.60s: want a keyword or tag of "
                        "PS3.6, such as PatientID",
                        name);
    const struct imp_dcm_vr_info *vr = imp_dcm_vr_info((enum imp_dcm_vr)a->vr);
    if (vr->kind != IMP_DCM_KIND_TEXT)
        return imp_fail(err, IMP_ERR_CONFIG, "%.60s is %s: want a text", name,
                        vr->name);
    return imp_dcm_group(*tag) > 7 ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "%.60s is not in the data set: want one that is", name);
}

// --- Looking for it ---

struct search {
    uint32_t tag;
    enum imp_dcm_vr vr; // as the file has it
    struct imp_span text, charset;
    bool has_text, has_charset;
};

static bool fail_event(const struct imp_dcm_reader *r,
                       const struct imp_dcm_event *e, const char *what,
                       struct imp_err *err)
{
    return imp_dcm_fail(r, IMP_ERR_CONFIG, e->at, err, "%s", what);
}

static bool take(const struct imp_dcm_reader *r, const struct imp_dcm_event *e,
                 bool *has, struct imp_span *value, struct imp_err *err)
{
    if (*has)
        return fail_event(r, e, "it is there twice", err);
    *has = true;
    return (imp_dcm_vr_info(e->vr)->kind == IMP_DCM_KIND_TEXT &&
            imp_span_sub(r->in, e->at + e->header, e->value, value)) ||
           fail_event(r, e, "it is no text", err);
}

static bool look_at(struct search *s, const struct imp_dcm_reader *r,
                    const struct imp_dcm_event *e, struct imp_err *err)
{
    bool begins =
        e->kind == IMP_DCM_ELEMENT || e->kind == IMP_DCM_SEQUENCE_BEGIN;
    if (!begins || e->depth > 0)
        return true;
    if (e->tag == CHARACTER_SET &&
        !take(r, e, &s->has_charset, &s->charset, err))
        return false;
    if (e->tag != s->tag)
        return true;
    s->vr = e->vr;
    return take(r, e, &s->has_text, &s->text, err);
}

// To the end: it may be there again.
static bool look_through(struct search *s, struct imp_span in, uint64_t at,
                         const struct imp_dcm_syntax *syntax,
                         struct imp_err *err)
{
    struct imp_dcm_reader reader;
    struct imp_dcm_event e = {.kind = IMP_DCM_ELEMENT};
    imp_dcm_reader_start(&reader, in, at, in.n, syntax->encoding);
    while (e.kind != IMP_DCM_END)
        if (!imp_dcm_next(&reader, &e, err) || !look_at(s, &reader, &e, err))
            return false;
    return true;
}

// `inflated` is what it is read from if it is deflated.
static bool look_into(struct search *s, struct imp_span in,
                      const struct imp_dcm_file *file, struct imp_buf *inflated,
                      struct imp_err *err)
{
    uint64_t end;
    if (!file->syntax->deflated)
        return look_through(s, in, file->data_at, file->syntax, err);
    return imp_dicom_inflate(in, file->data_at, MAX_INFLATED, inflated, &end,
                             err) &&
           look_through(s, imp_buf_span(inflated), 0, file->syntax, err);
}

// --- Its text ---

// What two subjects' texts could both come out as is neither's.
static bool check_text(const struct search *s, struct imp_span text,
                       struct imp_err *err)
{
    static const char unknown[] = "\xEF\xBF\xBD"; // U+FFFD
    if (text.n > 0 && memmem(text.p, text.n, unknown, sizeof unknown - 1))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "it has bytes that are no characters in its character "
                        "set");
    if (text.n > 0 && imp_dcm_vr_info(s->vr)->many &&
        memchr(text.p, '\\', text.n))
        return imp_fail(err, IMP_ERR_CONFIG, "it has several values");
    return true;
}

static bool decode(const struct search *s, struct imp_buf *value,
                   struct imp_err *err)
{
    if (s->text.n > MAX_TEXT)
        return imp_fail(err, IMP_ERR_CONFIG, "%zu bytes: want %d at most",
                        s->text.n, MAX_TEXT);
    struct imp_dcm_charset *charset = imp_dcm_charset_new(s->charset, err);
    bool ok = charset &&
              imp_dcm_charset_utf8(charset, s->vr, s->text, value, err) &&
              check_text(s, imp_buf_span(value), err);
    imp_dcm_charset_free(charset);
    return ok;
}

bool imp_dicom_find(struct imp_span in, uint32_t tag, struct imp_buf *value,
                    struct imp_err *err)
{
    struct imp_dcm_file file;
    struct search s = {.tag = tag};
    struct imp_buf inflated = {0};
    value->n = 0;
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    bool ok = look_into(&s, in, &file, &inflated, err);
    bool found = ok && decode(&s, value, err);
    imp_buf_clear(&inflated);
    if (found)
        return true;
    value->n = 0;
    return ok && imp_wrap(err, IMP_DCM_TAG_FMT, IMP_DCM_TAG_ARGS(tag));
}
