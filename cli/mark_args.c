#include "mark_args.h"

#include "base/file.h"

#include <fcntl.h>
#include <glib.h>
#include <math.h>
#include <unistd.h>

bool cli_set_mark_text(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    // Which fields there are shows when all options are known.
    static const struct imp_more_fields any = {.any = true};
    struct imp_template *t = imp_template_new(value, &any, err);
    if (!t)
        return false;
    imp_template_free(t);
    g_free(a->text); // given twice: the last counts
    a->text = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a text");
}

#define IMAGE_MOST ((size_t)16 << 20)

// No more than that much of it, be it a file without an end.
static bool read_image(int fd, char **out, size_t *n, struct imp_err *err)
{
    if (fd < 0)
        return imp_fail_errno(err, "cannot open it");
    *out = g_malloc(IMAGE_MOST + 1);
    return imp_file_read(fd, *out, IMAGE_MOST + 1, n, err);
}

bool cli_set_mark_image(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    size_t n = 0;
    g_free(a->image);
    a->image = NULL;
    int fd = open(value, O_RDONLY | O_CLOEXEC);
    bool ok = read_image(fd, &a->image, &n, err);
    if (fd >= 0)
        close(fd);
    if (!ok)
        return imp_wrap(err, "'%s'", value);
    a->spec.image = (struct imp_span){(const uint8_t *)a->image, n};
    return (n > 0 && n <= IMAGE_MOST) ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "'%s': %s bytes, want a PNG file of up to %zu", value,
                    n ? "too many" : "no", IMAGE_MOST);
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
    a->option = a->of_margin = "--mark-margin";
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
    a->option = a->of_colour = "--mark-colour";
    return imp_mark_colour_parse(value, a->spec.rgb, err);
}

bool cli_set_mark_no_outline(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    (void)value, (void)err;
    a->option = a->of_text = "--mark-no-outline";
    a->no_outline = true;
    return true;
}

bool cli_set_mark_box(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    (void)value, (void)err;
    a->option = "--mark-box";
    a->box = true;
    return true;
}

bool cli_set_mark_font(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = a->of_text = "--mark-font";
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

bool cli_set_mark_dicom(void *self, const char *value, struct imp_err *err)
{
    struct cli_mark_args *a = self;
    a->option = "--mark-dicom";
    bool pixels = g_str_equal(value, "pixels");
    a->spec.dicom = pixels ? IMP_DICOM_PIXELS : IMP_DICOM_OVERLAY;
    return pixels || g_str_equal(value, "overlay") ||
           imp_fail(err, IMP_ERR_CONFIG, "'%s': want overlay or pixels", value);
}

// `option`, NULL if it was not given, needs something else.
static bool has_use(const char *option, bool given, const char *needed)
{
    if (!option || given)
        return true;
    cli_error("run: %s does nothing without %s", option, needed);
    return false;
}

static bool go_together(const char *one, const char *other, bool both)
{
    if (both)
        cli_error("run: %s and %s exclude each other", one, other);
    return !both;
}

// `option`, NULL if it was not given, is for what that other one rules out.
static bool has_effect(const char *option, const char *other, bool given)
{
    if (!option || !given)
        return true;
    cli_error("run: %s does nothing with %s", option, other);
    return false;
}

static bool make_sense(const struct cli_mark_args *a)
{
    const char *image = "--mark-image", *tile = "--mark-tile";
    return has_use(a->option, a->text || a->image,
                   "--mark-text or --mark-image") &&
           go_together("--mark-text", image, a->text && a->image) &&
           has_use(a->of_tile, a->tile, tile) &&
           go_together(tile, "--mark-position", a->tile && a->of_place) &&
           has_effect(a->of_margin, "--mark-position X,Y",
                      a->spec.place.by == IMP_BY_XY) &&
           go_together("--mark-box", "--mark-no-outline",
                       a->box && a->no_outline) &&
           has_effect(a->of_text, image, a->image) &&
           // It tells a box to be black or white.
           has_effect(a->of_colour, image, a->image && !a->box);
}

bool cli_mark_args_complete(struct cli_mark_args *a)
{
    if (!make_sense(a))
        return false;
    // A logo is legible by itself, and needs more room than a line of text.
    if (a->box)
        a->spec.backing = IMP_BACKING_BOX;
    else if (a->no_outline || a->image)
        a->spec.backing = IMP_BACKING_NONE;
    if (a->image && !a->has_scale)
        a->spec.scale = 0.1;
    if (a->tile)
        a->spec.place.by = IMP_TILED;
    a->spec.text = a->text;
    return true;
}
