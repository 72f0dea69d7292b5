#include "mark/mark_internal.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1000 // bytes of a mark's text, its fields filled in
// Bytes of marks kept ready: those of a few large pictures, all of the small.
#define STENCIL_BYTES ((size_t)64 << 20)

struct imp_mark_spec imp_mark_spec_default(void)
{
    return (struct imp_mark_spec){
        .place = {.gravity = IMP_SOUTH_EAST},
        .margin = {2, true},
        .spacing = {10, true},
        .scale = 0.04,
        .opacity = 0.7,
        .rgb = {255, 255, 255},
        .backing = IMP_BACKING_OUTLINE,
        .max_pixels = 500000000,
    };
}

static bool check_measure(const char *name, struct imp_measure m,
                          struct imp_err *err)
{
    double most = m.percent ? 100 : UINT32_MAX;
    if (m.value >= 0 && m.value <= most)
        return true;
    return imp_fail(err, IMP_ERR_CONFIG, "%s is %g, want 0 to %g", name,
                    m.value, most);
}

// Written so that a NaN fails, too.
static bool check_spec(const struct imp_mark_spec *spec, struct imp_err *err)
{
    if (!(spec->scale >= 0.005 && spec->scale <= 1))
        return imp_fail(err, IMP_ERR_CONFIG, "the scale is %g, want 0.005 to 1",
                        spec->scale);
    if (!(spec->opacity > 0 && spec->opacity <= 1))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the opacity is %g, want above 0 and up to 1",
                        spec->opacity);
    if (spec->max_pixels == 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the pixel limit is 0, want 1 or more");
    if (!(spec->angle >= -180 && spec->angle <= 180))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the angle is %g, want -180 to 180", spec->angle);
    if (!check_measure("x", spec->place.x, err) ||
        !check_measure("y", spec->place.y, err) ||
        !check_measure("the margin", spec->margin, err) ||
        !check_measure("the spacing", spec->spacing, err))
        return false;
    if ((unsigned)spec->place.gravity > IMP_SOUTH_EAST)
        return imp_fail(err, IMP_ERR_CONFIG, "gravity %u, want 0 to %u",
                        (unsigned)spec->place.gravity, IMP_SOUTH_EAST);
    return true;
}

bool imp_marker_text(const struct imp_marker *m,
                     const struct imp_values *values, struct imp_buf *text,
                     struct imp_err *err)
{
    text->n = 0;
    if (!imp_template_expand(m->text, values, NULL, text, err))
        return false;
    if (text->n > TEXT_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the text has %zu bytes, want at most %d", text->n,
                        TEXT_MAX);
    for (size_t i = 0; i < text->n; i++)
        if ((text->p[i] < 0x20 && text->p[i] != '\n') || text->p[i] == 0x7F)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "the text has a control character (0x%02X)",
                            text->p[i]);
    return imp_buf_add(text, "", 1, err);
}

static const char *sample_of(void *self, const char *name)
{
    (void)self, (void)name;
    return "A1";
}

// Draw the mark with plausible values: what can be wrong with it shows now.
static bool try_mark(const struct imp_marker *m, struct imp_err *err)
{
    static const struct imp_values sample = {
        .fixed =
            {
                [IMP_FIELD_DIGEST] =
                    "0123456789abcdef0123456789abcdef0123456789"
                    "abcdef0123456789abcdef",
                [IMP_FIELD_DATE] = "2000-01-01",
                [IMP_FIELD_EXT] = "jpg",
            },
        .other = sample_of,
    };
    struct imp_buf text = {0};
    struct imp_ink ink = {0};
    bool ok =
        imp_marker_text(m, &sample, &text, err) &&
        imp_marker_draw(m, (const char *)text.p, IMP_MARK_PROBE, &ink, err);
    imp_ink_clear(&ink);
    imp_buf_clear(&text);
    return ok;
}

// What the spec lends is copied, or made something of.
static bool take_spec(struct imp_marker *m, const struct imp_mark_spec *spec,
                      struct imp_err *err)
{
    m->spec = *spec;
    m->spec.text = m->spec.font = NULL;
    m->spec.fields = (struct imp_more_fields){0};
    m->spec.image = (struct imp_span){0};
    if (spec->font && !(m->spec.font = m->font = strdup(spec->font)))
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a font's name");
    m->text =
        imp_template_new(spec->image.n ? "" : spec->text, &spec->fields, err);
    m->pixels = m->text ? imp_pixels_load(err) : NULL;
    if (m->pixels && spec->image.n)
        m->logo = m->pixels->load_logo(spec->image, err);
    return m->pixels && (m->logo || !spec->image.n);
}

struct imp_marker *imp_marker_new(const struct imp_mark_spec *spec,
                                  struct imp_err *err)
{
    struct imp_marker *m = calloc(1, sizeof *m);
    if (!m)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu bytes", sizeof *m);
    if (m && check_spec(spec, err) && take_spec(m, spec, err) &&
        try_mark(m, err) &&
        (m->stencils = imp_stencils_new(STENCIL_BYTES, err)))
        return m;
    imp_wrap(err, "mark");
    imp_marker_free(m);
    return NULL;
}

void imp_marker_free(struct imp_marker *m)
{
    if (!m)
        return;
    imp_stencils_free(m->stencils);
    imp_template_free(m->text);
    if (m->logo)
        m->pixels->free_logo(m->logo);
    free(m->font);
    free(m);
}

struct imp_pen *imp_pen_new(struct imp_err *err)
{
    struct imp_pen *pen = calloc(1, sizeof *pen);
    if (!pen)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a pen");
    return pen;
}

void imp_pen_free(struct imp_pen *pen)
{
    if (!pen)
        return;
    imp_splicer_clear(&pen->splicer);
    imp_cutlist_clear(&pen->cuts);
    imp_dicom_patches_clear(&pen->dicom);
    imp_buf_clear(&pen->text);
    free(pen);
}

const struct imp_template *imp_marker_template(const struct imp_marker *m)
{
    return m->text;
}
