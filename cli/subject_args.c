#include "subject_args.h"

#include "base/name.h"
#include "base/template.h"
#include "pipeline/naming.h"

#include <glib.h>
#include <string.h>

#define TIMEOUT_MS 800

// An option given twice: the last counts.
static bool take(char **text, const char *value, const char *want,
                 struct imp_err *err)
{
    g_free(*text);
    *text = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want %s", want);
}

#define SETTER(name) \
    bool cli_set_##name(void *self, const char *value, struct imp_err *err)
#define ARGS ((struct cli_subject_args *)self)

SETTER(subject_from)
{
    return take(&ARGS->from, value, "a rule", err) &&
           imp_whose_check_rule(value, err);
}

SETTER(no_subject)
{
    ARGS->or_digest = strcmp(value, "digest") == 0;
    return ARGS->or_digest || strcmp(value, "fail") == 0 ||
           imp_fail(err, IMP_ERR_CONFIG, "want fail or digest");
}

SETTER(subjects)
{
    return take(&ARGS->subjects, value, "a source", err);
}

SETTER(subjects_token)
{
    return take(&ARGS->subjects_token, value, "a file", err);
}

SETTER(study)
{
    return take(&ARGS->study, value, "a source", err);
}

SETTER(study_token)
{
    return take(&ARGS->study_token, value, "a file", err);
}

SETTER(lookup_timeout)
{
    return cli_duration(value, &ARGS->timeout_ms, err) &&
           (ARGS->timeout_ms > 0 ||
            imp_fail(err, IMP_ERR_CONFIG, "want more than no time"));
}

SETTER(lookup_jobs)
{
    uint64_t n;
    if (!cli_count(value, 1, 1024, &n, err))
        return false;
    ARGS->jobs = (unsigned)n;
    return true;
}

SETTER(key_file)
{
    return take(&ARGS->key_file, value, "a file", err);
}

SETTER(code_prefix)
{
    return take(&ARGS->prefix, value, "a text", err) &&
           imp_name_check_value(value, err);
}

SETTER(name)
{
    return take(&ARGS->name, value, "a template", err);
}

void cli_subject_args_init(struct cli_subject_args *a)
{
    *a = (struct cli_subject_args){.timeout_ms = TIMEOUT_MS};
}

void cli_subject_args_clear(struct cli_subject_args *a)
{
    g_free(a->from);
    g_free(a->subjects);
    g_free(a->subjects_token);
    g_free(a->study);
    g_free(a->study_token);
    g_free(a->key_file);
    g_free(a->prefix);
    g_free(a->name);
}

// Whether a source has a column shows once it is open.
static bool check_template(const char *option, const char *text,
                           const struct imp_more_fields *fields)
{
    struct imp_err err = {0};
    struct imp_template *t = text ? imp_template_new(text, fields, &err) : NULL;
    // Without memory nothing is wrong with it: the run reads it once more.
    bool ok = !text || t || err.code == IMP_ERR_MEMORY;
    if (!ok)
        cli_error("run: --%s: %s", option, err.msg);
    imp_template_free(t);
    return ok;
}

bool cli_subject_args_complete(const struct cli_subject_args *a,
                               const char *mark, struct imp_whose_config *whose)
{
    static const char *const subject[] = {"subject", NULL};
    const struct imp_more_fields fields = {.name = a->from ? subject : NULL,
                                           .any = a->subjects || a->study};
    struct imp_more_fields of_names = fields;
    of_names.also = imp_uid_fields;
    if ((a->subjects_token && !a->subjects) || (a->study_token && !a->study)) {
        cli_error("run: a token file without its --%s",
                  a->subjects_token && !a->subjects ? "subjects" : "study");
        return false;
    }
    *whose =
        (struct imp_whose_config){.from = a->from,
                                  .or_digest = a->or_digest,
                                  .subjects = {a->subjects, a->subjects_token},
                                  .study = {a->study, a->study_token},
                                  .lookup_timeout_ms = a->timeout_ms,
                                  .lookup_jobs = a->jobs,
                                  .key_file = a->key_file,
                                  .prefix = a->prefix};
    struct imp_err err = {0};
    if (!imp_whose_check(whose, &err)) {
        cli_error("run: %s", err.msg);
        return false;
    }
    return check_template("name", a->name, &of_names) &&
           check_template("mark-text", mark, &fields);
}
