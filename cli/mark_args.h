/* mark_args.h - the options of a watermark. */
#ifndef IMP_CLI_MARK_ARGS_H
#define IMP_CLI_MARK_ARGS_H

#include "cli.h"

#include "mark/mark.h"

#include <stdbool.h>

struct cli_mark_args {
    struct imp_mark_spec spec;
    char *text, *font, *image; /* NULL: not given; of g_malloc. The bytes of the
                                  image are the spec's */
    bool has_scale;
    bool tile;
    bool or_skip; /* as in struct imp_run_config */
    bool box, no_outline;
    /* NULL, or an option that was given: any but the text; one that a tiled
     * mark needs, or excludes; one that an image has no use for, or none but
     * for its box; the margin. */
    const char *option, *of_tile, *of_place, *of_text, *of_colour, *of_margin;
};

/* What the options cannot say one by one; a message on standard error. Fills in
 * the spec's text. */
bool cli_mark_args_complete(struct cli_mark_args *a);

/* Rows of an option table; what they fill in must begin with a struct
 * cli_mark_args. */
bool cli_set_mark_text(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_image(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_position(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_margin(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_tile(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_spacing(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_angle(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_scale(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_opacity(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_colour(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_no_outline(void *self, const char *value,
                             struct imp_err *err);
bool cli_set_mark_box(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_font(void *self, const char *value, struct imp_err *err);
bool cli_set_mark_unsupported(void *self, const char *value,
                              struct imp_err *err);
bool cli_set_mark_dicom(void *self, const char *value, struct imp_err *err);

#define CLI_MARK_OPTIONS                                                       \
    {"mark-text", 0, "TEXT",                                                   \
     "Draw this; takes {date}, {digest:8}, {ext}, {subject}, what look-ups "   \
     "tell",                                                                   \
     cli_set_mark_text},                                                       \
        {"mark-image", 0, "PNG", "Draw this image rather than a text",         \
         cli_set_mark_image},                                                  \
        {"mark-position", 0, "PLACE",                                          \
         "north-west ... centre ... south-east (default), or X,Y in pixels "   \
         "or %",                                                               \
         cli_set_mark_position},                                               \
        {"mark-margin", 0, "SIZE",                                             \
         "From the picture's sides, in pixels or % of the shorter one "        \
         "(default: 2%)",                                                      \
         cli_set_mark_margin},                                                 \
        {"mark-tile", 0, NULL, "Repeat it all over the picture",               \
         cli_set_mark_tile},                                                   \
        {"mark-spacing", 0, "SIZE",                                            \
         "Between repeated marks, in pixels or % (default: 10%)",              \
         cli_set_mark_spacing},                                                \
        {"mark-angle", 0, "DEGREES",                                           \
         "Turn the mark, counter-clockwise (default: 0)", cli_set_mark_angle}, \
        {"mark-scale", 0, "FRACTION",                                          \
         "Its height, of the shorter side (default: 4%, an image 10%)",        \
         cli_set_mark_scale},                                                  \
        {"mark-opacity", 0, "FRACTION", "1% to 100% (default: 70%)",           \
         cli_set_mark_opacity},                                                \
        {"mark-colour", 0, "COLOUR", "#rrggbb or a name (default: white)",     \
         cli_set_mark_colour},                                                 \
        {"mark-font", 0, "FONT",                                               \
         "Font of the text, as Pango has it (default: DejaVu Sans Bold)",      \
         cli_set_mark_font},                                                   \
        {"mark-box", 0, NULL, "Draw a box behind the text, not an outline",    \
         cli_set_mark_box},                                                    \
        {"mark-no-outline", 0, NULL, "Draw the text without its outline",      \
         cli_set_mark_no_outline},                                             \
        {"mark-dicom", 0, "HOW",                                               \
         "Of DICOM: as an overlay plane (default), or on the pixels",          \
         cli_set_mark_dicom},                                                  \
    {                                                                          \
        "mark-unsupported", 0, "WHAT",                                         \
            "Of images of a kind that cannot be marked: quarantine (default) " \
            "or skip",                                                         \
            cli_set_mark_unsupported                                           \
    }

#endif
