#include "mark_args.h"

#include <glib.h>
#include <math.h>

bool cli_set_mark_text(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    struct imp_template *t = imp_template_new(value, err);
    if (!t)
        return false;
    imp_template_free(t);
    g_free(a->text); // given twice: the last counts
    a->text = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a text");
}

bool cli_set_mark_image(void *self, const char *value, struct imp_err *err)
{
    enum { MOST = 16 << 20 };
    struct cli_mark_args *a = self;
    gsize n = 0;
    GError *why = NULL;
    g_free(a->image);
    a->image = NULL;
    if (!g_file_get_contents(value, &a->image, &n, &why)) {
        imp_fail(err, IMP_ERR_CONFIG, "%s", why->message);
        g_error_free(why);
        return false;
    }
    a->spec.image = (struct imp_span){(const uint8_t *)a->image, n};
    return (n > 0 && n <= MOST) ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "'%s': %zu bytes, want a PNG file of up to %d", value, n,
                    MOST);
}

bool cli_set_mark_position(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = a->of_place = "--mark-position";
    return imp_mark_place_parse(value, &a->spec.place, err);
}

bool cli_set_mark_margin(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = "--mark-margin";
    return imp_mark_measure_parse(value, &a->spec.margin, err);
}

bool cli_set_mark_tile(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    (void)value, (void)err;
    a->option = "--mark-tile";
    a->tile = true;
    return true;
}

bool cli_set_mark_spacing(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = a->of_tile = "--mark-spacing";
    return imp_mark_measure_parse(value, &a->spec.spacing, err);
}

bool cli_set_mark_angle(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    char *end = NULL;
    double angle = g_ascii_strtod(value, &end);
    a->option = "--mark-angle";
    if (end == value || *end || !(fabs(angle) <= 180))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%s': want degrees, from -180 to 180", value);
    a->spec.angle = angle;
    return true;
}

bool cli_set_mark_scale(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = "--mark-scale";
    a->has_scale = true;
    return cli_fraction(value, 0.005, 1, &a->spec.scale, err);
}

bool cli_set_mark_opacity(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = "--mark-opacity";
    return cli_fraction(value, 0.01, 1, &a->spec.opacity, err);
}

bool cli_set_mark_colour(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = "--mark-colour";
    return imp_mark_colour_parse(value, a->spec.rgb, err);
}

bool cli_set_mark_no_outline(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    (void)value, (void)err;
    a->option = "--mark-no-outline";
    a->spec.backing = IMP_BACKING_NONE;
    return true;
}

bool cli_set_mark_box(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    (void)value, (void)err;
    a->option = "--mark-box";
    a->spec.backing = IMP_BACKING_BOX;
    return true;
}

bool cli_set_mark_font(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = "--mark-font";
    g_free(a->font);
    a->font = g_strdup(value);
    a->spec.font = a->font;
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a font's name");
}

bool cli_set_mark_unsupported(void *self, const char *value,
                              struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = "--mark-unsupported";
    a->or_skip = g_str_equal(value, "skip");
    return a->or_skip || g_str_equal(value, "quarantine") ||
           imp_fail(err, IMP_ERR_CONFIG, "'%s': want quarantine or skip",
                    value);
}

bool cli_mark_args_complete(struct cli_mark_args *a)
{
    if (a->option && !a->text && !a->image) {
        cli_error("run: %s does nothing without --mark-text or --mark-image",
                  a->option);
        return false;
    }
    if (a->text && a->image) {
        cli_error("run: --mark-text and --mark-image exclude each other");
        return false;
    }
    // A logo is legible by itself, and needs more room than a line of text.
    if (a->image && a->spec.backing == IMP_BACKING_OUTLINE)
        a->spec.backing = IMP_BACKING_NONE;
    if (a->image && !a->has_scale)
        a->spec.scale = 0.1;
    if (a->of_tile && !a->tile) {
        cli_error("run: %s does nothing without --mark-tile", a->of_tile);
        return false;
    }
    if (a->of_place && a->tile) {
        cli_error("run: --mark-tile and %s exclude each other", a->of_place);
        return false;
    }
    if (a->tile)
        a->spec.place.by = IMP_TILED;
    a->spec.text = a->text;
    return true;
}
