#include "pipeline/whose.h"

#include "base/name.h"
#include "deid/dicom_find.h"
#include "deid/exif_find.h"
#include "deid/pseudonym.h"
#include "lookup/subject.h"
#include "pipeline/code.h"
#include "source/source.h"
#include "sync/context.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct imp_whose {
    struct imp_whose_config config;
    struct imp_subject_rule *rule; // NULL: there are no subjects
    struct imp_exif_tag tag;       // of the rule, if it is by one
    uint32_t attribute;            // the same, of DICOM
    struct imp_lookup *lookup[IMP_QUESTIONS];
    struct imp_asker *asker; // NULL: nobody is asked
    struct imp_secret *secret;
    struct imp_terms terms;
    const struct imp_policy_settings *policy;
    const char **names; // of the fields
    struct imp_more_fields fields;
};

// --- What the options say together ---

bool imp_whose_check(const struct imp_whose_config *c, struct imp_err *err)
{
    bool asks = c->subjects.spec || c->study.spec;
    if (!c->from && (asks || c->prefix || c->or_digest))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no input tells whose it is: want --subject-from");
    if (c->from && !c->subjects.spec && !c->key_file)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no code for a subject without --subjects, which has "
                        "them, or --key-file, which they are made with");
    if (c->prefix && (!c->key_file || c->subjects.spec))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "--code-prefix is for codes that are made: want "
                        "--key-file and no --subjects");
    return true;
}

static bool check_policy(const struct imp_whose_config *c,
                         const struct imp_policy_settings *policy,
                         struct imp_err *err)
{
    return !policy->asked_for_shifting || (c->from && c->key_file) ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "policy: shifted dates need --subject-from and "
                    "--key-file, which a subject's days come from; or want "
                    "dates = remove or year");
}

static bool lacks_code(const struct imp_lookup *lookup)
{
    const char *const *name = imp_lookup_names(lookup);
    bool known = name;
    for (; name && *name; name++)
        if (strcmp(*name, "code") == 0)
            return false;
    return known;
}

static bool open_lookups(struct imp_whose *w, unsigned workers,
                         struct imp_err *err)
{
    static const char *const what[] = {
        [IMP_ASK_SUBJECT] = "--subjects", [IMP_ASK_STUDY] = "--study"};
    const struct imp_lookup_at *at[] = {[IMP_ASK_SUBJECT] = &w->config.subjects,
                                        [IMP_ASK_STUDY] = &w->config.study};
    struct imp_asker_config asks = {
        .jobs = w->config.lookup_jobs ? w->config.lookup_jobs : 2 * workers,
        .timeout_ms = w->config.lookup_timeout_ms};
    bool any = false;
    for (int i = 0; i < IMP_QUESTIONS; i++) {
        if (!at[i]->spec)
            continue;
        any = true;
        w->lookup[i] = imp_lookup_open(at[i], err);
        if (!w->lookup[i])
            return imp_wrap(err, "%s", what[i]);
        asks.lookup[i] = w->lookup[i];
    }
    if (w->lookup[IMP_ASK_SUBJECT] && lacks_code(w->lookup[IMP_ASK_SUBJECT]))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "--subjects: want a column \"code\"");
    return !any || (w->asker = imp_asker_new(&asks, err));
}

static bool open_rule(struct imp_whose *w, struct imp_err *err)
{
    if (!w->config.from)
        return true;
    w->rule = imp_subject_rule_new(w->config.from, err);
    if (!w->rule)
        return false;
    const char *tag = imp_subject_rule_tag(w->rule);
    switch (imp_subject_rule_by(w->rule)) {
    case IMP_SUBJECT_BY_EXIF:
        return imp_exif_tag_named(tag, &w->tag, err);
    case IMP_SUBJECT_BY_DICOM:
        return imp_dicom_attribute_named(tag, &w->attribute, err);
    default:
        return true;
    }
}

bool imp_whose_check_rule(const char *spec, struct imp_err *err)
{
    struct imp_whose w = {.config.from = spec};
    bool ok = open_rule(&w, err);
    imp_subject_rule_free(w.rule);
    return ok;
}

// "subject", and what all answers are known to have.
static bool list_fields(struct imp_whose *w, struct imp_err *err)
{
    size_t n = 2;
    for (int i = 0; i < IMP_QUESTIONS; i++)
        for (const char *const *name =
                 w->lookup[i] ? imp_lookup_names(w->lookup[i]) : NULL;
             name && *name; name++)
            n++;
    w->names = calloc(n, sizeof *w->names);
    if (!w->names)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu fields", n);
    n = 0;
    if (w->rule)
        w->names[n++] = "subject";
    for (int i = 0; i < IMP_QUESTIONS; i++) {
        const char *const *name =
            w->lookup[i] ? imp_lookup_names(w->lookup[i]) : NULL;
        w->fields.any |= w->lookup[i] && !name;
        for (; name && *name; name++)
            w->names[n++] = *name;
    }
    w->fields.name = w->names;
    return true;
}

static bool settle_terms(struct imp_whose *w, struct imp_err *err)
{
    struct imp_digest mac;
    char hex[IMP_SHA256_HEX];
    if (!w->secret)
        return true;
    if (!imp_secret_mac(w->secret, IMP_DOMAIN_KEY, (struct imp_span){0}, &mac,
                        err))
        return false;
    imp_digest_hex(&mac, hex);
    struct imp_terms *t = &w->terms;
    snprintf(t->key, sizeof t->key, "%.*s", IMP_KEY_ID_DIGITS, hex);
    if (w->rule && w->policy->shifts_dates)
        snprintf(t->shift, sizeof t->shift, "%" PRId32 "-%" PRId32,
                 w->policy->shift_least, w->policy->shift_most);
    return true;
}

struct imp_whose *imp_whose_new(const struct imp_whose_config *config,
                                unsigned workers,
                                const struct imp_policy *policy,
                                struct imp_err *err)
{
    struct imp_whose *w = calloc(1, sizeof *w);
    if (!w) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for subjects");
        return NULL;
    }
    w->config = *config;
    w->policy = imp_policy_settings(policy);
    bool ok = imp_whose_check(config, err) &&
              check_policy(config, w->policy, err) && open_rule(w, err);
    if (ok && config->key_file &&
        !(w->secret = imp_secret_load(config->key_file, err)))
        ok = imp_wrap(err, "--key-file");
    if (ok && settle_terms(w, err) && open_lookups(w, workers, err) &&
        list_fields(w, err))
        return w;
    imp_whose_free(w);
    return NULL;
}

void imp_whose_free(struct imp_whose *w)
{
    if (!w)
        return;
    imp_asker_free(w->asker);
    for (int i = 0; i < IMP_QUESTIONS; i++)
        imp_lookup_free(w->lookup[i]);
    imp_secret_free(w->secret);
    imp_subject_rule_free(w->rule);
    free(w->names);
    free(w);
}

const struct imp_more_fields *imp_whose_fields(const struct imp_whose *w)
{
    return &w->fields;
}

const struct imp_terms *imp_whose_terms(const struct imp_whose *w)
{
    return &w->terms;
}

bool imp_whose_describe(const struct imp_whose *w, struct imp_buf *out,
                        struct imp_err *err)
{
    const char *from = w->rule ? imp_subject_rule_spec(w->rule) : "";
    const char *prefix = w->config.prefix ? w->config.prefix : "";
    const char *id = w->terms.key;
    if (!w->rule && !w->secret)
        return true;
    return imp_buf_add(out, from, strlen(from) + 1, err) &&
           imp_buf_add(out, prefix, strlen(prefix) + 1, err) &&
           imp_buf_add(out, id, strlen(id) + 1, err);
}

// --- The key of an input ---

static bool is_inside(const struct imp_whose *w)
{
    enum imp_subject_by by = imp_subject_rule_by(w->rule);
    return by == IMP_SUBJECT_BY_EXIF || by == IMP_SUBJECT_BY_DICOM;
}

// An image that has no such things inside does not tell.
static bool find_inside(const struct imp_whose *w, const struct imp_format *fmt,
                        struct imp_span image, const struct imp_limits *limits,
                        struct imp_buf *key, struct imp_err *err)
{
    struct imp_buf value = {0};
    bool is_dicom = strcmp(fmt->name, "dicom") == 0, ok = true;
    bool by_dicom = imp_subject_rule_by(w->rule) == IMP_SUBJECT_BY_DICOM;
    if (by_dicom && is_dicom)
        ok = imp_dicom_find(image, w->attribute, &value, err);
    else if (!by_dicom && !is_dicom)
        ok = imp_exif_find(fmt, image, limits, &w->tag, &value, err);
    ok = ok && imp_subject_tidy(imp_subject_rule_spec(w->rule),
                                imp_buf_span(&value), key, err);
    imp_buf_clear(&value);
    return ok;
}

// What is told without the image's bytes.
static bool find_outside(const struct imp_whose *w, const struct imp_job *job,
                         struct imp_buf *key, struct imp_err *err)
{
    const char *column = job->subject;
    if (imp_subject_rule_by(w->rule) != IMP_SUBJECT_BY_LIST)
        return imp_subject_of_path(w->rule, imp_job_shown(job), key, err);
    if (!column)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no subject: the list has no second column here");
    return imp_subject_tidy(
        imp_subject_rule_spec(w->rule),
        (struct imp_span){(const uint8_t *)column, strlen(column)}, key, err);
}

static bool find_key(const struct imp_whose *w, const struct imp_job *job,
                     const struct imp_format *fmt, struct imp_span image,
                     const struct imp_limits *limits, struct imp_buf *key,
                     struct imp_err *err)
{
    return is_inside(w) ? find_inside(w, fmt, image, limits, key, err)
                        : find_outside(w, job, key, err);
}

// --- Its code ---

static bool take_code(struct imp_known_subject *s, const char *code, bool made,
                      struct imp_err *err)
{
    if (!imp_code_check(imp_buf_span(&s->key), code, made, err))
        return imp_wrap(err, "the subject's code");
    snprintf(s->code, sizeof s->code, "%.*s", IMP_NAME_VALUE_MAX, code);
    s->made_code = made;
    return true;
}

static bool make_code(const struct imp_whose *w, struct imp_known_subject *s,
                      struct imp_err *err)
{
    char digits[IMP_PSEUDONYM_ROOM];
    char code[IMP_NAME_VALUE_MAX + IMP_PSEUDONYM_ROOM];
    const char *prefix = w->config.prefix ? w->config.prefix : "";
    if (!imp_pseudonym_code(w->secret, imp_buf_span(&s->key), digits, err))
        return false;
    snprintf(code, sizeof code, "%.*s%s", IMP_NAME_VALUE_MAX, prefix, digits);
    return take_code(s, code, true, err);
}

// A table that is at hand can tell whether a code is somebody's real key, as
// when its columns were mixed up. Others are not asked about that.
static bool check_nobodys_key(const struct imp_whose *w, const char *code,
                              struct imp_ctx *ctx, struct imp_err *err)
{
    struct imp_lookup *lookup = w->lookup[IMP_ASK_SUBJECT];
    const struct imp_span text = {(const uint8_t *)code, strlen(code)};
    struct imp_err why = {0};
    struct imp_buf key = {0};
    struct imp_answer *somebody = NULL;
    if (!imp_lookup_is_in_memory(lookup))
        return true;
    if (!imp_subject_tidy("code", text, &key, &why)) {
        if (why.code == IMP_ERR_CONFIG) // it can be no key
            return true;
        *err = why;
        return false;
    }
    // The file may be read again just now.
    struct imp_ctx *within =
        imp_ctx_new_timeout(ctx, w->config.lookup_timeout_ms);
    bool ok =
        imp_lookup_find(lookup, imp_buf_span(&key), within, &somebody, err);
    if (!ok && err->code == IMP_ERR_CANCELLED && !imp_ctx_cancelled(ctx))
        imp_fail(err, IMP_ERR_TIMEOUT, "lookup timed out: subject");
    else if (!ok) // as if it had been found wrong a moment before
        imp_wrap(err, "subject");
    if (ok && somebody)
        ok = imp_fail(err, IMP_ERR_CONFIG,
                      "the subject's code is another subject's key");
    imp_ctx_free(within);
    imp_answer_unref(somebody);
    imp_buf_clear(&key);
    return ok;
}

// The trial's own word comes first, then the ledger's, of an earlier run or
// imported, then the key's.
static bool find_code(const struct imp_whose *w, struct imp_ledger *ledger,
                      struct imp_ctx *ctx, struct imp_known_subject *s,
                      struct imp_err *err)
{
    char noted[IMP_CODE_ROOM];
    bool found, made;
    if (w->lookup[IMP_ASK_SUBJECT]) {
        const char *code = imp_answer_get(s->answer[IMP_ASK_SUBJECT], "code");
        return code ? take_code(s, code, false, err) &&
                          check_nobodys_key(w, code, ctx, err)
                    : imp_fail(err, IMP_ERR_CONFIG,
                               "subject: the answer has no code");
    }
    if (!imp_ledger_subject(ledger, (const char *)s->key.p, &found, noted,
                            &made, err))
        return false;
    return found ? take_code(s, noted, made, err) : make_code(w, s, err);
}

static bool find_days(const struct imp_whose *w, struct imp_known_subject *s,
                      struct imp_err *err)
{
    int32_t days;
    s->deid.key = (const char *)s->key.p;
    s->deid.code = s->code;
    if (!w->secret || !w->policy->shifts_dates)
        return true;
    // Of the code, wherever it came from: then two keys that were given one
    // are one subject, and one whose code a list has later is the same still.
    const struct imp_span of = {(const uint8_t *)s->code, strlen(s->code)};
    if (!imp_pseudonym_days(w->secret, of, w->policy->shift_least,
                            w->policy->shift_most, &days, err))
        return false;
    s->deid.has_shift = true;
    s->deid.shift_days = -days;
    return true;
}

// --- All of it ---

// The answers of the image before go, and its key is wiped.
static void forget(struct imp_known_subject *s)
{
    for (int i = 0; i < IMP_QUESTIONS; i++) {
        imp_answer_unref(s->answer[i]);
        s->answer[i] = NULL;
    }
    if (s->key.p)
        explicit_bzero(s->key.p, s->key.cap);
    s->key.n = 0;
    s->code[0] = '\0';
    s->made_code = false;
    s->deid = (struct imp_deid_subject){0};
}

// What is left is what every image has.
static void have_no_subject(const struct imp_whose *w,
                            struct imp_known_subject *s)
{
    forget(s);
    s->deid.secret = w->secret;
}

void imp_known_subject_clear(struct imp_known_subject *s)
{
    forget(s);
    imp_buf_clear(&s->key);
}

bool imp_whose_find(const struct imp_whose *w, const struct imp_job *job,
                    const struct imp_format *fmt, struct imp_span image,
                    const struct imp_limits *limits, struct imp_ledger *ledger,
                    struct imp_ctx *ctx, struct imp_known_subject *out,
                    struct imp_err *err)
{
    struct imp_err why = {0};
    have_no_subject(w, out);
    if (!w->rule)
        return true;
    if (!find_key(w, job, fmt, image, limits, &out->key, &why)) {
        have_no_subject(w, out);
        if (w->config.or_digest && why.code == IMP_ERR_CONFIG)
            return true;
        forget(out);
        *err = why;
        return false;
    }
    bool ok = (!w->asker || imp_ask(w->asker, imp_buf_span(&out->key), ctx,
                                    out->answer, err)) &&
              find_code(w, ledger, ctx, out, err) && find_days(w, out, err);
    if (!ok)
        forget(out);
    return ok;
}

bool imp_whose_check_subject(const struct imp_whose *w,
                             const struct imp_job *job, const char *subject,
                             struct imp_err *err)
{
    struct imp_err why = {0};
    struct imp_buf key = {0};
    if (!w->rule || is_inside(w))
        return true;
    bool ok = find_outside(w, job, &key, &why);
    if (ok && strcmp((const char *)key.p, subject) != 0)
        ok = imp_fail(&why, IMP_ERR_CONFIG,
                      "it was archived as another subject's than %s tells now, "
                      "and has its code in the archive",
                      w->config.from);
    else if (!ok && why.code == IMP_ERR_CONFIG && w->config.or_digest)
        ok = true; // it tells none any more, and need not
    imp_buf_clear(&key);
    if (!ok)
        *err = why;
    return ok;
}

// --- Telling ---

const char *imp_known_subject_field(const struct imp_known_subject *s,
                                    const char *name)
{
    const char *value = NULL;
    if (strcmp(name, "subject") == 0)
        return s->code[0] ? s->code : NULL;
    for (int i = 0; i < IMP_QUESTIONS && !value; i++)
        if (s->answer[i])
            value = imp_answer_get(s->answer[i], name);
    return value && imp_key_not_in(imp_buf_span(&s->key), value, NULL) ? value
                                                                       : NULL;
}
