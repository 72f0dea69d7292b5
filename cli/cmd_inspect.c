// imgpipe inspect: what is in an image, and what would become of it.
#include "cli.h"
#include "fates.h"

#include "mark/redact_rules.h"
#include "pipeline/input.h"
#include "sync/context.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct args {
    char *policy, *redact_rules;
    struct imp_clean_rules cleaning;
    struct cli_fates_style style;
    bool nul_ended;
};

#define SETTER(name) \
    static bool set_##name(void *self, const char *value, struct imp_err *err)
#define UNUSED (void)value, (void)err

SETTER(policy)
{
    struct args *a = self;
    g_free(a->policy);
    a->policy = g_strdup(value);
    return value[0] ||
           imp_fail(err, IMP_ERR_CONFIG, "want strict, research or a file");
}

SETTER(redact_rules)
{
    struct args *a = self;
    g_free(a->redact_rules);
    a->redact_rules = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a file");
}

SETTER(check)
{
    return cli_check(value, &((struct args *)self)->cleaning, err);
}

SETTER(max_bytes)
{
    return cli_size(value, &((struct args *)self)->cleaning.limits.max_bytes,
                    err);
}

SETTER(max_pixels)
{
    return cli_count(value, 1, UINT32_MAX,
                     &((struct args *)self)->cleaning.limits.max_pixels, err);
}

SETTER(null)
{
    UNUSED;
    ((struct args *)self)->nul_ended = true;
    return true;
}

SETTER(json)
{
    UNUSED;
    ((struct args *)self)->style.json = true;
    return true;
}

SETTER(show_values)
{
    UNUSED;
    ((struct args *)self)->style.values = true;
    return true;
}

SETTER(brief)
{
    UNUSED;
    ((struct args *)self)->style.brief = true;
    return true;
}

static const struct cli_option options[] = {
    {"policy", 0, "POLICY",
     "What may stay: strict (default), research, or a policy file", set_policy},
    CLI_REDACT_OPTION(set_redact_rules),
    CLI_CLEANING_OPTIONS(set_check, set_max_bytes, set_max_pixels),
    {"null", '0', NULL, "Names in the list on standard input end in NUL",
     set_null},
    {"brief", 0, NULL, "Print one line for each file, without its parts",
     set_brief},
    {"show-values", 0, NULL, "Print identifying values as well",
     set_show_values},
    {"json", 0, NULL, "Print one JSON object for each file, on a line",
     set_json},
    {0},
};

// --- Looking ---

struct inspect {
    const struct args *args;
    struct imp_policy *policy;
    struct imp_redact_rules *redact; // NULL: none
    struct imp_inspector *inspector;
    struct imp_clean_rules rules;
    struct imp_input input;
    bool all_clean;
};

static void tell(struct inspect *self, const char *path,
                 const struct imp_inspection *inspection)
{
    cli_put_fates(stdout, path, inspection, self->args->style);
    self->all_clean &= inspection->outcome == IMP_ARCHIVED && inspection->clean;
}

static bool found(void *self, struct imp_job *job)
{
    struct inspect *in = self;
    struct imp_inspection inspection = {0};
    struct imp_err *err = &inspection.err;
    bool ok = imp_input_open(&in->input, job, &in->rules.limits, err);
    if (ok)
        imp_inspector_look(in->inspector, in->input.bytes, &inspection);
    if (!ok || !imp_input_check(&in->input, err))
        inspection.outcome = imp_outcome_of(err->code);
    imp_input_close(&in->input);
    tell(in, job->path, &inspection);
    imp_job_free(job);
    return true;
}

static bool failed(void *self, const char *path, const struct imp_err *err)
{
    struct imp_inspection inspection = {.outcome = imp_outcome_of(err->code),
                                        .err = *err};
    tell(self, path, &inspection);
    return true;
}

// What nobody has looked at is not known to be clean.
static bool skipped(void *self, const char *path, enum imp_skip why)
{
    struct imp_inspection inspection = {.outcome = IMP_SKIPPED};
    imp_fail(&inspection.err, IMP_ERR_UNSETTLED, "%s", imp_skip_name(why));
    tell(self, path, &inspection);
    return true;
}

static void look_at_all(struct inspect *in, char **paths)
{
    static const struct imp_source_rules everything;
    const struct imp_source_sink sink = {
        .self = in, .found = found, .skipped = skipped, .failed = failed};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    for (; *paths; paths++) {
        struct imp_err err = {0};
        bool ok = strcmp(*paths, "-") == 0
                      ? imp_source_list(ctx, STDIN_FILENO, in->args->nul_ended,
                                        &everything, &sink, &err)
                      : imp_source_path(ctx, *paths, &everything, &sink, &err);
        if (!ok)
            failed(in, *paths, &err);
    }
    imp_ctx_free(ctx);
}

static bool set_up(struct inspect *in, struct imp_err *err)
{
    const struct args *a = in->args;
    in->policy = imp_policy_load(a->policy ? a->policy : "strict", err);
    if (!in->policy)
        return false;
    if (a->redact_rules &&
        !(in->redact = imp_redact_rules_read(a->redact_rules, err)))
        return false;
    in->rules = imp_clean_rules_of(in->policy, &a->cleaning);
    in->rules.redact = in->redact;
    in->inspector = imp_inspector_new(in->policy, &in->rules, err);
    return in->inspector;
}

static int inspect(const struct args *a, char **paths)
{
    struct imp_err err = {0};
    struct inspect in = {.args = a, .all_clean = true};
    int code = CLI_NOT_STARTED;
    if (set_up(&in, &err)) {
        look_at_all(&in, paths);
        code = in.all_clean ? CLI_OK : CLI_SOME_FAILED;
    } else {
        cli_error("inspect: %s", err.msg);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_error("inspect: cannot write to standard output: %m");
        code = CLI_NOT_STARTED;
    }
    imp_input_clear(&in.input);
    imp_inspector_free(in.inspector);
    imp_redact_rules_free(in.redact);
    imp_policy_free(in.policy);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a = {0};
    bool help;
    int code = cli_parse(&cli_verb_inspect, &argc, &argv, &a, &help);
    if (code == CLI_OK && !help) {
        if (argc < 2) {
            cli_error("inspect: nothing to look at: want a file, a directory, "
                      "or - for a list on standard input");
            code = CLI_USAGE;
        } else {
            code = inspect(&a, argv + 1);
        }
    }
    g_free(a.redact_rules);
    g_free(a.policy);
    return code;
}

const struct cli_verb cli_verb_inspect = {
    .name = "inspect",
    .args = "PATH...",
    .summary = "Show what is in images, and what would become of it",
    .details =
        "PATH is a file, a directory (scanned below), or - for a list of files "
        "on\nstandard input.\n\n"
        "Examples:\n"
        "  imgpipe inspect scan.jpg\n"
        "  imgpipe inspect --brief archive/data || echo 'not clean'\n"
        "  find . -name '*.heic' -print0 | imgpipe inspect -0 --json -\n\n"
        "Exit code: 0 all clean; 1 something identifying is present, or a file "
        "could\nnot be judged; 2 usage; 3 could not start.",
    .options = options,
    .run = run,
};
