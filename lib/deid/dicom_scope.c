#include "deid/dicom_scope.h"

#include <glib.h>
#include <string.h>

#define CHARACTER_SET 0x00080005
#define ESCAPE 0x1B

static void forget_charsets(struct imp_dicom_scope *s)
{
    for (size_t i = 0; i < s->n_cached; i++)
        imp_dcm_charset_free(s->cached[i].charset);
    s->n_cached = 0;
}

// Converters stay from object to object, as a site's objects are alike.
void imp_dicom_scope_start(struct imp_dicom_scope *s)
{
    memset(s->has_charset, 0, sizeof s->has_charset);
    s->n_creators = 0;
    s->disguise = 0;
    if (s->n_cached == IMP_DICOM_CHARSETS)
        forget_charsets(s);
}

void imp_dicom_scope_clear(struct imp_dicom_scope *s)
{
    forget_charsets(s);
    for (size_t i = 0; i < IMP_DICOM_CHARSETS; i++)
        imp_buf_clear(&s->cached[i].value);
    imp_buf_clear(&s->text);
}

static void forget_creators(struct imp_dicom_scope *s, unsigned from_depth)
{
    while (s->n_creators && s->creator[s->n_creators - 1].depth >= from_depth)
        s->n_creators--;
}

void imp_dicom_scope_item(struct imp_dicom_scope *s, unsigned depth)
{
    for (unsigned d = depth; d <= IMP_DCM_MAX_DEPTH; d++)
        s->has_charset[d] = false;
    forget_creators(s, depth);
}

static struct imp_span unpadded(struct imp_span v)
{
    while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == 0))
        v.n--;
    return v;
}

// PS3.5 7.8.1 wants LO; but numbers that read like a name are none.
static bool is_creator(const struct imp_dcm_event *e)
{
    return imp_dcm_is_creator(e->tag) &&
           (e->vr == IMP_DCM_UN ||
            imp_dcm_vr_info(e->vr)->kind == IMP_DCM_KIND_TEXT);
}

void imp_dicom_scope_element(struct imp_dicom_scope *s, struct imp_span in,
                             const struct imp_dcm_event *e)
{
    if (e->kind != IMP_DCM_ELEMENT)
        return;
    const struct imp_span value = imp_dcm_value_of(in, e);
    // What lies deeper is over, and would hide among those that follow.
    forget_creators(s, e->depth + 1);
    if (e->tag == CHARACTER_SET) {
        s->charset[e->depth] = value;
        s->has_charset[e->depth] = true;
    } else if (is_creator(e) && s->n_creators < IMP_DICOM_CREATORS) {
        s->creator[s->n_creators++] = (struct imp_dicom_creator){
            .depth = e->depth,
            .block = (e->tag & 0xFFFF0000) >> 8 | (e->tag & 0xFF),
            .name = unpadded(value)};
    }
}

bool imp_dicom_scope_disguised(struct imp_dicom_scope *s,
                               const struct imp_dcm_event *e, bool begins)
{
    if (e->depth < s->disguise)
        s->disguise = 0;
    bool inside = s->disguise != 0;
    if (begins && !inside)
        s->disguise = e->depth + 1;
    return inside;
}

struct imp_span imp_dicom_scope_creator(const struct imp_dicom_scope *s,
                                        unsigned depth, uint32_t tag)
{
    for (size_t i = s->n_creators; i-- > 0;)
        if (s->creator[i].depth == depth && s->creator[i].block == tag >> 8)
            return s->creator[i].name;
    return (struct imp_span){0};
}

// Every defined character set has ASCII where ASCII has it, or nearly so.
static bool is_plain(struct imp_span v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] >= 0x80 || v.p[i] == ESCAPE)
            return false;
    return true;
}

static struct imp_dcm_charset *charset_of(struct imp_dicom_scope *s,
                                          unsigned depth, struct imp_err *err)
{
    struct imp_span v = {0};
    for (unsigned d = depth + 1; d-- > 0;)
        if (s->has_charset[d]) {
            v = s->charset[d];
            break;
        }
    for (size_t i = 0; i < s->n_cached; i++)
        if (s->cached[i].value.n == v.n &&
            (!v.n || memcmp(s->cached[i].value.p, v.p, v.n) == 0))
            return s->cached[i].charset;
    if (s->n_cached == IMP_DICOM_CHARSETS)
        forget_charsets(s);
    struct imp_dcm_charset *made = imp_dcm_charset_new(v, err);
    struct imp_buf *value = &s->cached[s->n_cached].value;
    value->n = 0;
    if (!made || !imp_buf_add(value, v.p, v.n, err)) {
        imp_dcm_charset_free(made);
        return NULL;
    }
    return s->cached[s->n_cached++].charset = made;
}

bool imp_dicom_scope_check(struct imp_dicom_scope *s, unsigned depth,
                           struct imp_err *err)
{
    return charset_of(s, depth, err) != NULL;
}

bool imp_dicom_scope_text(struct imp_dicom_scope *s, unsigned depth,
                          enum imp_dcm_vr vr, struct imp_span value,
                          struct imp_span *text, struct imp_err *err)
{
    *text = value;
    if (is_plain(value))
        return true;
    struct imp_dcm_charset *charset = charset_of(s, depth, err);
    s->text.n = 0;
    if (!charset || !imp_dcm_charset_utf8(charset, vr, value, &s->text, err))
        return false;
    *text = imp_buf_span(&s->text);
    return true;
}

bool imp_dicom_is_utf8(struct imp_span value)
{
    return !is_plain(value) &&
           g_utf8_validate_len((const char *)value.p, value.n, NULL);
}
