#include "fates.h"
#include "json.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

void cli_put_text(FILE *to, const char *text)
{
    while (*text) {
        gunichar c = g_utf8_get_char_validated(text, -1);
        bool valid = c < (gunichar)-2; // neither broken nor cut off
        int n = valid ? g_unichar_to_utf8(c, NULL) : 1;
        bool plain = valid && g_unichar_isprint(c) && c != '\\';
        for (; n > 0; n--, text++)
            fprintf(to, plain ? "%c" : "\\x%02X", (unsigned char)*text);
    }
}

static const char *fate_name(enum imp_cut_kind fate)
{
    switch (fate) {
    case IMP_CUT_KEEP:
        return "keep";
    case IMP_CUT_DROP:
        return "drop";
    case IMP_CUT_ZERO:
        return "zero";
    case IMP_CUT_INSERT:
        break;
    }
    return "insert";
}

// What `inspect` is about: would it leave, and would it leave as it is?
static const char *state_name(const struct imp_inspection *i)
{
    if (i->outcome != IMP_ARCHIVED)
        return imp_outcome_name(i->outcome);
    return i->clean ? "clean" : "identifying";
}

// --- Text ---

static void put_items(FILE *to, const struct imp_inspected_part *part,
                      bool values)
{
    for (size_t i = 0; i < part->n_items; i++) {
        const struct imp_inspected_item *item = &part->item[i];
        fprintf(to, "         %s ", item->why ? "-" : "=");
        cli_put_text(to, item->name);
        if (values && item->value) {
            fputs(": ", to);
            cli_put_text(to, item->value);
        }
        if (item->why)
            fprintf(to, "  (%s)", item->why);
        fputc('\n', to);
    }
}

static void put_part(FILE *to, const struct imp_inspected_part *part,
                     bool values)
{
    fprintf(to, "  %-6s %10" PRIu64 " %10" PRIu64 "  %-9s  ",
            fate_name(part->fate), part->offset, part->length,
            imp_part_kind_name(part->kind));
    cli_put_text(to, part->name);
    if (part->why)
        fprintf(to, "  (%s)", part->why);
    fputc('\n', to);
    put_items(to, part, values);
}

static void put_text(FILE *to, const char *path, const struct imp_inspection *i,
                     struct cli_fates_style style)
{
    cli_put_text(to, path);
    fprintf(to, ": %s", state_name(i));
    if (i->format)
        fprintf(to, ", %s", i->format);
    if (i->width)
        fprintf(to, ", %" PRIu32 " x %" PRIu32, i->width, i->height);
    fprintf(to, ", %" PRIu64 " bytes", i->bytes_in);
    if (i->outcome != IMP_ARCHIVED)
        fprintf(to, ": %s", i->err.msg);
    else if (!i->clean)
        fprintf(to, ", %" PRIu64 " would leave", i->bytes_out);
    fputc('\n', to);
    for (size_t p = 0; p < i->n_parts && !style.brief; p++)
        put_part(to, &i->part[p], style.values);
}

// --- JSON ---

static void put_json_items(FILE *to, const struct imp_inspected_part *part,
                           bool values)
{
    fputs(", \"items\": [", to);
    for (size_t i = 0; i < part->n_items; i++) {
        const struct imp_inspected_item *item = &part->item[i];
        fprintf(to, "%s{\"name\": ", i ? ", " : "");
        cli_put_json_string(to, item->name);
        fprintf(to, ", \"stays\": %s", item->why ? "false" : "true");
        cli_put_json_member(to, "why", item->why);
        if (values)
            cli_put_json_member(to, "value", item->value);
        fputc('}', to);
    }
    fputc(']', to);
}

static void put_json_part(FILE *to, const struct imp_inspected_part *part,
                          bool values)
{
    fprintf(to,
            "{\"fate\": \"%s\", \"kind\": \"%s\", \"offset\": %" PRIu64
            ", \"length\": %" PRIu64,
            fate_name(part->fate), imp_part_kind_name(part->kind), part->offset,
            part->length);
    cli_put_json_member(to, "name", part->name);
    cli_put_json_member(to, "why", part->why);
    put_json_items(to, part, values);
    fputc('}', to);
}

static void put_json(FILE *to, const char *path, const struct imp_inspection *i,
                     struct cli_fates_style style)
{
    bool out = i->outcome == IMP_ARCHIVED;
    fputs("{\"path\": ", to);
    cli_put_json_string(to, path);
    cli_put_json_member(to, "state", state_name(i));
    cli_put_json_member(to, "format", i->format);
    cli_put_json_member(to, "code", out ? NULL : imp_code_name(i->err.code));
    cli_put_json_member(to, "reason", out ? NULL : i->err.msg);
    fprintf(to,
            ", \"width\": %" PRIu32 ", \"height\": %" PRIu32
            ", \"bytes_in\": %" PRIu64 ", \"bytes_out\": %" PRIu64,
            i->width, i->height, i->bytes_in, i->bytes_out);
    if (!style.brief) {
        fputs(", \"parts\": [", to);
        for (size_t p = 0; p < i->n_parts; p++) {
            fputs(p ? ", " : "", to);
            put_json_part(to, &i->part[p], style.values);
        }
        fputc(']', to);
    }
    fputs("}\n", to);
}

void cli_put_fates(FILE *to, const char *path, const struct imp_inspection *i,
                   struct cli_fates_style style)
{
    if (style.json)
        put_json(to, path, i, style);
    else
        put_text(to, path, i, style);
}
