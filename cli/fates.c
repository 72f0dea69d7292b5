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

// --- DICOM objects ---

enum { WIDEST = 40 }; // columns of a path or keyword that others are put under

struct widths {
    int path, keyword;
};

static int wider(int width, const char *text)
{
    int n = (int)strnlen(text, WIDEST);
    return n > width ? n : width;
}

static void put_element(FILE *to, const struct imp_inspected_element *e,
                        const char *path, uint64_t count, struct widths w,
                        bool values)
{
    fprintf(to, "  %-14s  %-*s  %-2s  %-*s  %s", e->fate, w.path, path, e->vr,
            w.keyword, *e->keyword ? e->keyword : "-",
            e->action ? e->action : "-");
    if (e->option)
        fprintf(to, "  %s", e->option);
    if (e->why)
        fprintf(to, "  (%s)", e->why);
    if (count > 1)
        fprintf(to, "  %" PRIu64 " times", count);
    if (values && e->value) {
        fputs("  : ", to);
        cli_put_text(to, e->value);
    }
    fputc('\n', to);
}

enum { ELEMENT_PART = 5 }; // of a path, at its end: "1001)"

// Private elements that go, of one group in one item: an object has hundreds.
static bool go_together(const struct imp_inspected_element *a,
                        const struct imp_inspected_element *b)
{
    size_t n = strlen(a->path);
    return a->why && b->why && strcmp(a->why, "private") == 0 &&
           strcmp(b->why, "private") == 0 && !a->option && !b->option &&
           n == strlen(b->path) &&
           memcmp(a->path, b->path, n - ELEMENT_PART) == 0;
}

// Those that begin at `e`, of `n`, and go together, as one line; how many.
static size_t put_together(FILE *to, const struct imp_inspected_element *e,
                           size_t n, struct widths w)
{
    size_t same = 1;
    uint64_t count = e->count;
    struct imp_inspected_element all = *e;
    for (; same < n && go_together(e, &e[same]); same++)
        count += e[same].count;
    if (same == 1) {
        put_element(to, e, e->path, count, w, false);
        return 1;
    }
    char *path = g_strdup_printf(
        "%.*sxxxx)", (int)(strlen(e->path) - ELEMENT_PART), e->path);
    all.keyword = "";
    all.vr = "-";
    put_element(to, &all, path, count, w, false);
    g_free(path);
    return same;
}

// Parts that are no elements: a preamble, a comment among coded data.
static bool is_of_an_element(const struct imp_inspected_part *part)
{
    return part->name[0] == '(' || part->fate == IMP_CUT_KEEP;
}

static void put_object(FILE *to, const struct imp_inspection *i, bool values)
{
    struct widths w = {0};
    fprintf(to, "  %s, SOP class %s", i->dicom.syntax,
            i->dicom.sop_class[0] ? i->dicom.sop_class : "not known");
    if (i->dicom.frames)
        fprintf(to, ", %" PRIu32 " frame%s", i->dicom.frames,
                i->dicom.frames == 1 ? "" : "s");
    fputc('\n', to);
    for (size_t p = 0; p < i->n_parts; p++)
        if (!is_of_an_element(&i->part[p]))
            put_part(to, &i->part[p], values);
    for (size_t e = 0; e < i->n_elements; e++) {
        w.path = wider(w.path, i->element[e].path);
        w.keyword = wider(w.keyword, i->element[e].keyword);
    }
    for (size_t e = 0; e < i->n_elements;) {
        const struct imp_inspected_element *one = &i->element[e];
        if (values)
            put_element(to, one, one->path, one->count, w, true);
        e += values ? 1 : put_together(to, one, i->n_elements - e, w);
    }
    if (i->elements_left)
        fprintf(to, "  and %" PRIu64 " others\n", i->elements_left);
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
    if (!style.brief && i->dicom.syntax)
        put_object(to, i, style.values);
    for (size_t p = 0; p < i->n_parts && !style.brief && !i->dicom.syntax; p++)
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

static void put_json_element(FILE *to, const struct imp_inspected_element *e,
                             bool values)
{
    fputs("{\"path\": ", to);
    cli_put_json_string(to, e->path);
    cli_put_json_member(to, "keyword", *e->keyword ? e->keyword : NULL);
    cli_put_json_member(to, "vr", e->vr);
    cli_put_json_member(to, "fate", e->fate);
    cli_put_json_member(to, "action", e->action);
    cli_put_json_member(to, "option", e->option);
    cli_put_json_member(to, "why", e->why);
    fprintf(to, ", \"count\": %" PRIu64, e->count);
    if (values)
        cli_put_json_member(to, "value", e->value);
    fputc('}', to);
}

static void put_json_object(FILE *to, const struct imp_inspection *i,
                            struct cli_fates_style style)
{
    const struct imp_inspected_object *o = &i->dicom;
    cli_put_json_member(to, "transfer_syntax", o->syntax);
    cli_put_json_member(to, "sop_class", o->sop_class[0] ? o->sop_class : NULL);
    fprintf(to, ", \"frames\": %" PRIu32, o->frames);
    if (style.brief)
        return;
    fputs(", \"elements\": [", to);
    for (size_t e = 0; e < i->n_elements; e++) {
        fputs(e ? ", " : "", to);
        put_json_element(to, &i->element[e], style.values);
    }
    fprintf(to, "], \"elements_left\": %" PRIu64, i->elements_left);
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
    if (i->dicom.syntax)
        put_json_object(to, i, style);
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
