#include "deid/policy.h"

#include "base/suggest.h"
#include "deid/dicom_edit.h"
#include "deid/exif_walk.h"
#include "deid/items.h"
#include "deid/policy_internal.h"
#include "deid/residual.h"

#include <libexif/exif-ifd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Part of every digest. Raise it when the same policy comes to mean other
// output bytes, so that the ledger knows old outputs from new ones.
#define ALGORITHM "2"

struct imp_deid {
    struct imp_editor editor; // first: decide() finds its imp_deid by it
    const struct imp_policy *policy;
    struct imp_exif_options exif; // the policy's, with the subject's shift
    struct imp_buf bytes;         // of the last verdict
    struct imp_buf profile;       // the first that stays
    struct imp_dicom_deid *dicom;
    struct imp_identifiers met;
    const struct imp_deid_observer *observer;
};

// --- Policies ---

#define SHIFT_LEAST 1
#define SHIFT_MOST 365

const char *const imp_policy_presets[] = {"strict", "research", NULL};

bool imp_policy_preset(struct imp_policy *p, const char *name,
                       struct imp_err *err)
{
    bool research = strcmp(name, "research") == 0;
    if (!research && strcmp(name, "strict") != 0) {
        struct imp_suggest s = {.word = name};
        for (size_t i = 0; imp_policy_presets[i]; i++)
            imp_suggest_try(&s, imp_policy_presets[i]);
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no policy '%s': want strict, research, or a file%s%s",
                        name, s.best ? "; did you mean " : "",
                        s.best ? s.best : "");
    }
    *p = (struct imp_policy){
        .settings = {.preset = research ? "research" : "strict",
                     .shift_least = SHIFT_LEAST,
                     .shift_most = SHIFT_MOST}};
    p->exif.allow = imp_exif_allow(research);
    p->exif.dates = research ? IMP_DATES_SHIFT : IMP_DATES_REMOVE;
    return true;
}

static bool add_line(struct imp_buf *text, const char *line,
                     struct imp_err *err)
{
    return imp_buf_add(text, line, strlen(line), err);
}

// All that decides about an output's bytes, in one form whatever it was that
// said so.
static bool take_digest(struct imp_policy *p, struct imp_err *err)
{
    static const char *const dates[] = {"dates remove\n", "dates shift\n",
                                        "dates year\n"};
    const struct imp_policy_settings *s = &p->settings;
    struct imp_buf text = {0};
    char range[40] = ""; // the presets' is not told, as it was not before
    if (s->shifts_dates &&
        (s->shift_least != SHIFT_LEAST || s->shift_most != SHIFT_MOST))
        snprintf(range, sizeof range, "days %d to %d\n", (int)s->shift_least,
                 (int)s->shift_most);
    bool ok = add_line(&text, "imgpipe policy " ALGORITHM "\n", err) &&
              add_line(&text, dates[p->exif.dates], err) &&
              add_line(&text, range, err) &&
              imp_exif_describe(&p->exif, &text, err) &&
              imp_icc_describe(p->icc, &text, err) &&
              imp_dicom_policy_describe(
                  &p->dicom, p->exif.dates == IMP_DATES_SHIFT, &text, err) &&
              imp_sha256_of(text.p, text.n, &p->digest, err);
    imp_buf_clear(&text);
    return ok;
}

static bool is_file(const char *spec)
{
    size_t n = strlen(spec);
    return strchr(spec, '/') || (n > 5 && strcmp(spec + n - 5, ".conf") == 0);
}

static struct imp_policy *new_policy(struct imp_err *err)
{
    struct imp_policy *p = calloc(1, sizeof *p);
    if (!p)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a policy");
    return p;
}

// Dates of DICOM objects go as those of pictures do, unless something else was
// said of them.
static void settle_dates(struct imp_policy *p)
{
    bool *on = p->dicom.options.on, shifts = p->exif.dates == IMP_DATES_SHIFT;
    if (shifts && !on[IMP_DICOM_FULL_DATES])
        on[IMP_DICOM_MODIFIED_DATES] = true;
    p->settings.shifts_dates = shifts || on[IMP_DICOM_MODIFIED_DATES];
}

// `p` with all that follows from what it was told, or NULL if that failed.
static struct imp_policy *complete(struct imp_policy *p, bool ok,
                                   struct imp_err *err)
{
    settle_dates(p);
    if (ok && !p->text)
        ok = imp_fail(err, IMP_ERR_MEMORY, "no memory for a policy");
    if (ok && take_digest(p, err))
        return p;
    imp_policy_free(p);
    return NULL;
}

static bool take_preset(struct imp_policy *p, const char *name,
                        struct imp_err *err)
{
    if (!imp_policy_preset(p, name, err))
        return false;
    if (asprintf(&p->text, "[policy]\npreset = %s\n", name) < 0)
        p->text = NULL;
    return true;
}

struct imp_policy *imp_policy_load(const char *spec, struct imp_err *err)
{
    struct imp_policy *p = new_policy(err);
    return p ? complete(p,
                        is_file(spec) ? imp_policy_read(p, spec, err)
                                      : take_preset(p, spec, err),
                        err)
             : NULL;
}

struct imp_policy *imp_policy_from_text(const char *text, struct imp_err *err)
{
    struct imp_policy *p = new_policy(err);
    return p ? complete(p, imp_policy_parse(p, text, strlen(text), err), err)
             : NULL;
}

const char *imp_policy_text(const struct imp_policy *p)
{
    return p->text;
}

void imp_policy_free(struct imp_policy *p)
{
    if (!p)
        return;
    imp_dicom_policy_clear(&p->dicom);
    free(p->text);
    free(p);
}

struct imp_digest imp_policy_digest(const struct imp_policy *p)
{
    return p->digest;
}

const struct imp_policy_settings *
imp_policy_settings(const struct imp_policy *p)
{
    return &p->settings;
}

// --- Deciding ---

static struct imp_exif_options exif_options(const struct imp_deid *d,
                                            const struct imp_part *part)
{
    struct imp_exif_options o = d->exif;
    o.container_rules = part->container_rules;
    return o;
}

// What may stay of the part, into d->bytes: empty if nothing may.
static bool rebuild(struct imp_deid *d, const struct imp_part *part,
                    struct imp_err *err)
{
    const struct imp_exif_options exif = exif_options(d, part);
    d->bytes.n = 0;
    switch (part->kind) {
    case IMP_PART_EXIF:
        return imp_exif_rebuild(part->payload, &exif, &d->bytes, err) ||
               imp_wrap(err, "%s", part->name);
    case IMP_PART_ICC:
        return imp_icc_rebuild(part->payload, d->policy->icc, &d->bytes, err) ||
               imp_wrap(err, "%s", part->name);
    default:
        return true; // there is no deny-list: what has no case here goes
    }
}

// Only if what may stay is all of it, the part stays as it is, so that an image
// which is clean already comes out untouched.
static struct imp_verdict verdict_of(const struct imp_deid *d,
                                     const struct imp_part *part)
{
    if (d->bytes.n == 0)
        return (struct imp_verdict){.fate = IMP_FATE_DROP};
    if (d->bytes.n == part->payload.n &&
        memcmp(d->bytes.p, part->payload.p, d->bytes.n) == 0)
        return (struct imp_verdict){.fate = IMP_FATE_KEEP};
    return (struct imp_verdict){.fate = IMP_FATE_REPLACE,
                                .bytes = imp_buf_span(&d->bytes)};
}

// --- Telling why ---

static const char *why_of(const struct imp_deid *d, const struct imp_part *part,
                          enum imp_fate fate)
{
    if (fate == IMP_FATE_KEEP)
        return NULL;
    if (fate == IMP_FATE_REPLACE)
        return "made anew from what may stay";
    switch (part->kind) {
    case IMP_PART_EXIF:
        return "no tag in it may stay";
    case IMP_PART_ICC:
        return d->policy->icc == IMP_ICC_NEUTRAL
                   ? "no colour profile of an image"
                   : "the policy wants no such profile";
    case IMP_PART_TIME:
        return "the policy keeps no dates here";
    case IMP_PART_THUMBNAIL:
        return "a picture of its own, which may show more";
    case IMP_PART_VIDEO:
        return "a film beside the picture";
    case IMP_PART_TRAILER:
        return "outside the image";
    case IMP_PART_VENDOR:
        return "an application's own, nobody knows what is in it";
    case IMP_PART_UNKNOWN:
        return "not on the list of what may stay";
    default:
        return "free text may name anybody";
    }
}

struct look {
    struct imp_deid *d;
    const struct imp_part *part;
    struct imp_exif_options exif;
};

struct sought {
    int ifd, tag;
    bool found;
};

static bool is_sought(void *self, const struct imp_exif_field *f)
{
    struct sought *s = self;
    s->found = f->ifd == s->ifd && (int)f->tag == s->tag;
    return !s->found;
}

// Is the tag in the block that was made anew?
static bool item_is_left(const struct look *l, const struct imp_item *item)
{
    struct sought s = {item->ifd, item->tag, false};
    if (l->part->kind == IMP_PART_EXIF)
        imp_exif_walk(imp_buf_span(&l->d->bytes), is_sought, &s);
    return s.found;
}

static const char *why_date(const struct look *l, bool left)
{
    if (!left)
        return "dates are removed";
    return l->exif.dates == IMP_DATES_YEAR ? "only its year stays"
                                           : "shifted by the subject's days";
}

// NULL: it stays.
static const char *why_item(const struct look *l, const struct imp_item *item,
                            bool left)
{
    if (l->part->kind != IMP_PART_EXIF)
        return "goes with its part";
    if (imp_exif_is_date(item->ifd, item->tag))
        return why_date(l, left);
    if (left)
        return NULL;
    if (item->ifd == EXIF_IFD_GPS)
        return "tells a place: may never stay";
    if (item->ifd == EXIF_IFD_1)
        return "describes the thumbnail";
    if (item->identifies)
        return "identifies: may never stay";
    return imp_exif_keeps(&l->exif, item->ifd, item->tag)
               ? "has no value that may stay"
               : "not on the list of what may stay";
}

static void look_at(void *self, const struct imp_item *item)
{
    struct look *l = self;
    const struct imp_deid_observer *o = l->d->observer;
    if (item->identifies)
        imp_identifiers_add(&l->d->met, item->name, item->value);
    if (!o)
        return;
    const char *why = why_item(l, item, item_is_left(l, item));
    o->item(o->self, l->part,
            &(struct imp_deid_item){.name = item->name,
                                    .value = item->value,
                                    .stays = !why,
                                    .why = why});
}

static bool decide(struct imp_editor *self, const struct imp_part *part,
                   struct imp_verdict *out, struct imp_err *err)
{
    struct imp_deid *d = (struct imp_deid *)self;
    *out = (struct imp_verdict){.fate = IMP_FATE_DROP};
    if (part->kind == IMP_PART_STRUCTURE || part->kind == IMP_PART_CODED)
        // Dropping it would change the picture, keeping it is not ours to say.
        return imp_fail_at(err, IMP_ERR_INVARIANT, part->offset,
                           "%s: the policy was asked about the picture itself",
                           part->name);
    if (!rebuild(d, part, err))
        return false;
    *out = verdict_of(d, part);
    if (part->kind == IMP_PART_ICC && d->profile.n == 0 &&
        !imp_buf_add(&d->profile, d->bytes.p, d->bytes.n, err))
        return false;
    const struct imp_deid_observer *o = d->observer;
    if (o)
        o->part(o->self, part, out->fate, why_of(d, part, out->fate));
    struct look look = {d, part, exif_options(d, part)};
    imp_items_of(part, look_at, &look);
    return true;
}

// --- The editor ---

struct imp_deid *imp_deid_new(const struct imp_policy *p, struct imp_err *err)
{
    struct imp_deid *d = calloc(1, sizeof *d);
    if (!d) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for an editor");
        return NULL;
    }
    d->editor.decide = decide;
    d->policy = p;
    d->exif = p->exif;
    d->dicom = imp_dicom_deid_new(p, err);
    if (d->dicom)
        return d;
    imp_deid_free(d);
    return NULL;
}

void imp_deid_free(struct imp_deid *d)
{
    if (!d)
        return;
    imp_dicom_deid_free(d->dicom);
    imp_identifiers_forget(&d->met);
    imp_buf_clear(&d->profile);
    imp_buf_clear(&d->bytes);
    free(d);
}

struct imp_span imp_deid_profile(const struct imp_deid *d)
{
    return imp_buf_span(&d->profile);
}

const char *imp_deid_uid(const struct imp_deid *d, enum imp_deid_uid which)
{
    return imp_dicom_deid_uid(d->dicom, which);
}

void imp_deid_start(struct imp_deid *d, const struct imp_deid_subject *s)
{
    d->bytes.n = d->profile.n = 0;
    imp_dicom_deid_start(d->dicom, s);
    d->exif = d->policy->exif;
    imp_identifiers_forget(&d->met);
    if (!s)
        return;
    d->exif.has_shift = s->has_shift;
    d->exif.shift_days = s->shift_days;
    if (s->key)
        imp_identifiers_add(&d->met, "the subject's key", s->key);
}

void imp_deid_look_again(struct imp_deid *d)
{
    d->exif.shift_days = 0;
    imp_dicom_deid_again(d->dicom);
}

struct imp_dicom_editor *imp_deid_dicom(struct imp_deid *d)
{
    return imp_dicom_deid_editor(d->dicom);
}

void imp_deid_redact_by(struct imp_deid *d, const struct imp_deid_redactor *r)
{
    imp_dicom_deid_redact_by(d->dicom, r);
}

struct imp_editor *imp_deid_editor(struct imp_deid *d)
{
    return &d->editor;
}

void imp_deid_observe(struct imp_deid *d, const struct imp_deid_observer *o)
{
    d->observer = o;
    imp_dicom_deid_observe(d->dicom, o);
}

bool imp_deid_check_residual(struct imp_deid *d, struct imp_cutlist *cuts,
                             struct imp_span in, struct imp_err *err)
{
    imp_dicom_deid_identifiers(d->dicom, &d->met);
    return imp_identifiers_search(&d->met, cuts, in, err);
}
