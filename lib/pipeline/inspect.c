#include "pipeline/inspect.h"

#include "deid/secret.h"
#include "mark/redact.h"

#include <stdlib.h>
#include <string.h>

// The editor was asked about [offset, offset + length).
struct heard {
    uint64_t offset, length;
    enum imp_part_kind kind;
    const char *why;
    size_t first_item, n_items;
    bool told; // its items hang on one part only
};

struct imp_findings {
    struct imp_deid_observer observer;
    struct imp_arena arena; // of strings
    struct heard *heard;
    struct imp_inspected_item *item;
    struct imp_inspected_part *part;
    struct imp_elements *elements; // of a DICOM object
    size_t n_heard, heard_cap, n_items, items_cap, parts_cap;
    bool no_memory;
};

struct imp_inspector {
    struct imp_cleaner *cleaner;
    struct imp_findings *findings;
    struct imp_clean_rules rules;
    struct imp_deid_subject somebody; // with a key that leads nowhere
};

// --- Hearing ---

static bool grow(struct imp_findings *f, void **array, size_t *cap, size_t n,
                 size_t size)
{
    if (n < *cap)
        return true;
    size_t more = n < 32 ? 64 : 2 * n;
    void *grown = realloc(*array, more * size);
    f->no_memory |= !grown;
    if (!grown)
        return false;
    *array = grown;
    *cap = more;
    return true;
}

static const char *copy(struct imp_findings *f, const char *text)
{
    if (!text)
        return NULL;
    size_t n = strlen(text) + 1;
    char *p = imp_arena_alloc(&f->arena, n);
    f->no_memory |= !p;
    return p ? memcpy(p, text, n) : "?";
}

static void hear_part(void *self, const struct imp_part *part,
                      enum imp_fate fate, const char *why)
{
    struct imp_findings *f = self;
    (void)fate; // the cuts tell what became of it
    if (!grow(f, (void **)&f->heard, &f->heard_cap, f->n_heard,
              sizeof *f->heard))
        return;
    f->heard[f->n_heard++] = (struct heard){.offset = part->offset,
                                            .length = part->length,
                                            .kind = part->kind,
                                            .why = copy(f, why),
                                            .first_item = f->n_items};
}

static void hear_item(void *self, const struct imp_part *part,
                      const struct imp_deid_item *item)
{
    struct imp_findings *f = self;
    (void)part; // the one heard last
    if (!f->n_heard ||
        !grow(f, (void **)&f->item, &f->items_cap, f->n_items, sizeof *f->item))
        return;
    f->item[f->n_items++] = (struct imp_inspected_item){
        .name = copy(f, item->name),
        .value = copy(f, item->value),
        .why = item->stays ? NULL : copy(f, item->why)};
    f->heard[f->n_heard - 1].n_items++;
}

static void hear_element(void *self, const struct imp_deid_element *element)
{
    struct imp_findings *f = self;
    f->no_memory |= !imp_elements_add(f->elements, element);
}

struct imp_findings *imp_findings_new(struct imp_err *err)
{
    struct imp_findings *f = calloc(1, sizeof *f);
    if (!f) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for findings");
        return NULL;
    }
    f->observer = (struct imp_deid_observer){.part = hear_part,
                                             .item = hear_item,
                                             .element = hear_element,
                                             .self = f};
    f->elements = imp_elements_new(err);
    if (f->elements)
        return f;
    imp_findings_free(f);
    return NULL;
}

void imp_findings_free(struct imp_findings *f)
{
    if (!f)
        return;
    imp_arena_clear(&f->arena);
    imp_elements_free(f->elements);
    free(f->heard);
    free(f->item);
    free(f->part);
    free(f);
}

void imp_findings_start(struct imp_findings *f)
{
    imp_arena_reset(&f->arena);
    imp_elements_start(f->elements);
    f->n_heard = f->n_items = 0;
    f->no_memory = false;
}

const struct imp_deid_observer *imp_findings_observer(struct imp_findings *f)
{
    return &f->observer;
}

// --- Telling ---

// Why bytes of a kind go that nobody was asked about.
static const char *why_of_kind(enum imp_part_kind kind)
{
    switch (kind) {
    case IMP_PART_STRUCTURE:
        return "written anew";
    case IMP_PART_CODED:
        return "not needed to show the picture";
    case IMP_PART_TRAILER:
        return "outside the image";
    case IMP_PART_UNKNOWN:
        return "not on the list of what may stay";
    default:
        return "identifies, or may";
    }
}

// A part that lies in the input where the editor was asked about one, or the
// other way round: a rebuilt box around the bytes that it was asked about.
static struct heard *heard_of(struct imp_findings *f, const struct imp_cut *cut)
{
    for (size_t i = 0; i < f->n_heard; i++) {
        struct heard *h = &f->heard[i];
        if (h->kind == cut->part && cut->offset < h->offset + h->length &&
            h->offset < cut->offset + cut->length)
            return h;
    }
    return NULL;
}

static void tell_one(struct imp_findings *f, const struct imp_cut *cut,
                     struct imp_inspected_part *out)
{
    struct heard *h = heard_of(f, cut);
    bool goes = cut->kind == IMP_CUT_DROP || cut->kind == IMP_CUT_ZERO;
    *out = (struct imp_inspected_part){.fate = cut->kind,
                                       .kind = cut->part,
                                       .name = copy(f, cut->what),
                                       .offset = cut->offset,
                                       .length = cut->length};
    if (goes)
        out->why = h && h->why ? h->why : why_of_kind(cut->part);
    if (cut->kind == IMP_CUT_INSERT)
        out->why = "made anew from what may stay";
    if (h && !h->told && cut->kind != IMP_CUT_INSERT) {
        out->item = f->item + h->first_item;
        out->n_items = h->n_items;
        h->told = true;
    }
}

static bool is_redacted(const struct imp_cut *cut)
{
    return strcmp(cut->what, IMP_REDACTED) == 0;
}

// Cuts from the first that redacts to the last, of which there may be
// thousands, as two parts: what goes, and what comes.
static size_t tell_redaction(const struct imp_cut *cut, size_t n,
                             struct imp_inspected_part out[2])
{
    while (!is_redacted(&cut[n - 1]))
        n--;
    out[0] = (struct imp_inspected_part){
        .fate = IMP_CUT_DROP,
        .kind = cut->part,
        .name = IMP_REDACTED,
        .offset = cut->offset,
        .why = "rectangles in it are blacked out, by a rule"};
    out[1] = out[0];
    out[1].fate = IMP_CUT_INSERT;
    for (size_t i = 0; i < n; i++) {
        out[0].length += cut[i].kind == IMP_CUT_INSERT ? 0 : cut[i].length;
        out[1].length += cut[i].kind == IMP_CUT_DROP ? 0 : cut[i].length;
    }
    out[1].offset += out[0].length;
    return n;
}

bool imp_findings_tell(struct imp_findings *f, const struct imp_cleaner *c,
                       struct imp_inspection *out, struct imp_err *err)
{
    const struct imp_cutlist *cuts = imp_cleaner_cuts(c);
    const struct imp_job_image *image = imp_cleaner_image(c);
    size_t n = cuts->finished ? cuts->n : 0, parts = 0;
    if (n && !grow(f, (void **)&f->part, &f->parts_cap, n, sizeof *f->part))
        n = 0;
    for (size_t i = 0; i < n; parts++) {
        if (is_redacted(&cuts->cut[i]))
            i += tell_redaction(&cuts->cut[i], n - i, &f->part[parts++]);
        else
            tell_one(f, &cuts->cut[i++], &f->part[parts]);
    }
    if (f->no_memory)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for findings");
    out->part = f->part;
    out->n_parts = parts;
    out->element =
        imp_elements_told(f->elements, &out->n_elements, &out->elements_left);
    out->width = image->width;
    out->height = image->height;
    out->clean = n && imp_cutlist_all_kept(cuts);
    return true;
}

// --- One image ---

static bool is_dicom(const struct imp_format *fmt)
{
    return strcmp(fmt->name, "dicom") == 0;
}

struct imp_inspector *imp_inspector_new(const struct imp_policy *policy,
                                        const struct imp_clean_rules *rules,
                                        struct imp_err *err)
{
    struct imp_inspector *i = calloc(1, sizeof *i);
    if (!i) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for an inspector");
        return NULL;
    }
    i->rules = imp_clean_rules_of(policy, rules);
    i->somebody.secret = imp_secret_for_looking();
    i->findings = imp_findings_new(err);
    i->cleaner = i->findings ? imp_cleaner_new(policy, &i->rules, err) : NULL;
    if (!i->cleaner) {
        imp_inspector_free(i);
        return NULL;
    }
    imp_cleaner_observe(i->cleaner, imp_findings_observer(i->findings));
    return i;
}

void imp_inspector_free(struct imp_inspector *i)
{
    if (!i)
        return;
    imp_cleaner_free(i->cleaner);
    imp_findings_free(i->findings);
    free(i);
}

// A run of before has made it: what stands for something else is there.
static bool is_ours(struct imp_inspector *i, const struct imp_format *fmt,
                    struct imp_span in, struct imp_inspection *out)
{
    static const struct imp_deid_subject archived = {.has_shift = true,
                                                     .archived = true};
    struct imp_err no = {0};
    struct imp_span clean;
    struct imp_cleaner *c = i->cleaner;
    imp_cleaner_start(c, &archived);
    if (!imp_cleaner_cut(c, fmt, in, i->rules.check, NULL, &no) ||
        !imp_cutlist_all_kept(imp_cleaner_cuts(c)) ||
        !imp_cleaner_finish(c, fmt, in, &clean, &no))
        return false;
    out->bytes_out = clean.n;
    return imp_findings_tell(i->findings, c, out, &no);
}

// What a run would make of it, with some key.
static bool look_afresh(struct imp_inspector *i, const struct imp_format *fmt,
                        struct imp_span in, struct imp_inspection *out,
                        struct imp_err *err)
{
    struct imp_span clean;
    imp_findings_start(i->findings);
    imp_cleaner_start(i->cleaner, is_dicom(fmt) ? &i->somebody : NULL);
    bool ok =
        imp_cleaner_clean(i->cleaner, fmt, in, i->rules.check, &clean, err);
    out->bytes_out = ok ? clean.n : 0;
    return imp_findings_tell(i->findings, i->cleaner, out, ok ? err : NULL) &&
           ok;
}

static bool look(struct imp_inspector *i, struct imp_span in,
                 struct imp_inspection *out, struct imp_err *err)
{
    const struct imp_format *fmt = imp_cleaner_format(in, err);
    if (!fmt)
        return false;
    out->format = fmt->name;
    if (is_dicom(fmt)) {
        imp_inspect_object(in, &out->dicom);
        if (is_ours(i, fmt, in, out))
            return true;
    }
    return look_afresh(i, fmt, in, out, err);
}

void imp_inspector_look(struct imp_inspector *i, struct imp_span in,
                        struct imp_inspection *out)
{
    *out = (struct imp_inspection){.outcome = IMP_ARCHIVED, .bytes_in = in.n};
    imp_findings_start(i->findings);
    if (!look(i, in, out, &out->err))
        out->outcome = imp_outcome_of(out->err.code);
    imp_cleaner_end(i->cleaner);
}
