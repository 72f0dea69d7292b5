// imgpipe run: the options become a configuration, the outcome an exit code.
#include "cli.h"
#include "report.h"
#include "signals.h"

#include "pipeline/run.h"
#include "sync/context.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct args {
    struct imp_run_config config;
    struct imp_mark_spec mark;
    const char *mark_option; // the first --mark-... other than the text
    const char *state;
    char today[16];
    GPtrArray *include, *exclude;
    int64_t deadline_ms; // -1: none
    bool quiet, verbose, json;
};

// --- One setter per option ---

#define SETTER(name) \
    static bool set_##name(void *self, const char *value, struct imp_err *err)
#define UNUSED (void)value, (void)err

SETTER(archive)
{
    struct args *a = self;
    a->config.archive = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a directory");
}

SETTER(state)
{
    struct args *a = self;
    a->state = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a directory");
}

SETTER(jobs)
{
    uint64_t n;
    if (!cli_count(value, 1, 1024, &n, err))
        return false;
    ((struct args *)self)->config.jobs = (unsigned)n;
    return true;
}

SETTER(queue)
{
    uint64_t n;
    if (!cli_count(value, 1, 1000000, &n, err))
        return false;
    ((struct args *)self)->config.queue = (size_t)n;
    return true;
}

SETTER(null)
{
    UNUSED;
    ((struct args *)self)->config.nul_ended = true;
    return true;
}

SETTER(settle)
{
    return cli_duration(value, &((struct args *)self)->config.rules.settle_ms,
                        err);
}

SETTER(include)
{
    (void)err;
    g_ptr_array_add(((struct args *)self)->include, g_strdup(value));
    return true;
}

SETTER(exclude)
{
    (void)err;
    g_ptr_array_add(((struct args *)self)->exclude, g_strdup(value));
    return true;
}

SETTER(retry_quarantined)
{
    UNUSED;
    ((struct args *)self)->config.retry_quarantined = true;
    return true;
}

SETTER(check)
{
    struct args *a = self;
    if (strcmp(value, "coded") == 0)
        a->config.check = IMP_CHECK_CODED;
    else if (strcmp(value, "structure") == 0)
        a->config.check = IMP_CHECK_STRUCTURE;
    else
        return imp_fail(err, IMP_ERR_CONFIG, "'%s': want coded or structure",
                        value);
    return true;
}

SETTER(max_bytes)
{
    return cli_size(value, &((struct args *)self)->config.limits.max_bytes,
                    err);
}

SETTER(max_pixels)
{
    return cli_count(value, 1, UINT32_MAX,
                     &((struct args *)self)->config.limits.max_pixels, err);
}

SETTER(mark_text)
{
    struct args *a = self;
    struct imp_template *t = imp_template_new(value, err);
    if (!t)
        return false;
    imp_template_free(t);
    a->mark.text = g_strdup(value);
    a->config.mark = &a->mark;
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a text");
}

SETTER(mark_position)
{
    struct args *a = self;
    a->mark_option = "--mark-position";
    return imp_mark_place_parse(value, &a->mark.place, err);
}

SETTER(mark_scale)
{
    struct args *a = self;
    a->mark_option = "--mark-scale";
    return cli_fraction(value, 0.005, 1, &a->mark.scale, err);
}

SETTER(mark_opacity)
{
    struct args *a = self;
    a->mark_option = "--mark-opacity";
    return cli_fraction(value, 0.01, 1, &a->mark.opacity, err);
}

SETTER(mark_colour)
{
    struct args *a = self;
    a->mark_option = "--mark-colour";
    return imp_mark_colour_parse(value, a->mark.rgb, err);
}

SETTER(mark_no_outline)
{
    UNUSED;
    struct args *a = self;
    a->mark_option = "--mark-no-outline";
    a->mark.outline = false;
    return true;
}

SETTER(date)
{
    if (!cli_date(value, err))
        return false;
    g_strlcpy(((struct args *)self)->today, value, 16);
    return true;
}

SETTER(deadline)
{
    return cli_duration(value, &((struct args *)self)->deadline_ms, err);
}

SETTER(grace)
{
    return cli_duration(value, &((struct args *)self)->config.grace_ms, err);
}

SETTER(wait)
{
    UNUSED;
    ((struct args *)self)->config.wait = true;
    return true;
}

SETTER(json)
{
    UNUSED;
    ((struct args *)self)->json = true;
    return true;
}

SETTER(quiet)
{
    UNUSED;
    ((struct args *)self)->quiet = true;
    return true;
}

SETTER(verbose)
{
    UNUSED;
    ((struct args *)self)->verbose = true;
    return true;
}

// --- The table ---

static const struct cli_option options[] = {
    {"archive", 'a', "DIR", "Where the images go: a BagIt bag, made if missing",
     set_archive},
    {"state", 0, "DIR",
     "Ledger's directory (default: one per archive in "
     "$XDG_STATE_HOME/imgpipe)",
     set_state},
    {"jobs", 'j', "N", "Workers (default: one per core)", set_jobs},
    {"queue", 0, "N", "Jobs waiting at most (default: 2 per worker)",
     set_queue},
    {"null", '0', NULL, "Names in the list on standard input end in NUL",
     set_null},
    {"settle", 0, "TIME", "Leave files alone that are younger (default: 2s)",
     set_settle},
    {"include", 0, "GLOB", "Take only files that match; may be repeated",
     set_include},
    {"exclude", 0, "GLOB", "Pass over files that match; may be repeated",
     set_exclude},
    {"retry-quarantined", 0, NULL,
     "Try again what earlier runs have quarantined", set_retry_quarantined},
    {"check", 0, "LEVEL",
     "How far to check images: coded (default) or structure", set_check},
    {"max-bytes", 0, "SIZE", "Quarantine larger files (default: 256M)",
     set_max_bytes},
    {"max-pixels", 0, "N", "Quarantine larger pictures (default: 500000000)",
     set_max_pixels},
    {"mark-text", 0, "TEXT",
     "Draw this; takes {date}, {digest}, {digest:8}, {ext}", set_mark_text},
    {"mark-position", 0, "PLACE",
     "north-west ... centre ... south-east (default), or X,Y in pixels or %",
     set_mark_position},
    {"mark-scale", 0, "FRACTION",
     "Height of the text, of the shorter side (default: 4%)", set_mark_scale},
    {"mark-opacity", 0, "FRACTION", "1% to 100% (default: 70%)",
     set_mark_opacity},
    {"mark-colour", 0, "COLOUR", "#rrggbb or a name (default: white)",
     set_mark_colour},
    {"mark-no-outline", 0, NULL, "Draw the text without its outline",
     set_mark_no_outline},
    {"date", 0, "DATE", "What {date} stands for (default: today, UTC)",
     set_date},
    {"deadline", 0, "TIME", "Stop the run, cleanly, after this time",
     set_deadline},
    {"grace", 0, "TIME",
     "After a stop, time for images in flight (default: 5s)", set_grace},
    {"wait", 0, NULL, "If another run has the archive, wait for it", set_wait},
    {"json", 0, NULL, "Print the summary as JSON on standard output", set_json},
    {"quiet", 'q', NULL, "Print nothing but errors that stop the run",
     set_quiet},
    {"verbose", 'v', NULL, "Print a line for every file", set_verbose},
    {0},
};

// --- Running ---

static void set_defaults(struct args *a)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    time_t now = time(NULL);
    struct tm tm;
    *a = (struct args){
        .config =
            {
                .rules = {.settle_ms = 2000},
                .jobs = cores > 0 ? (unsigned)cores : 1,
                .grace_ms = 5000,
                .limits = {.max_bytes = UINT64_C(256) << 20,
                           .max_pixels = 500000000},
            },
        .mark = imp_mark_spec_default(),
        .include = g_ptr_array_new_with_free_func(g_free),
        .exclude = g_ptr_array_new_with_free_func(g_free),
        .deadline_ms = -1,
    };
    strftime(a->today, sizeof a->today, "%Y-%m-%d", gmtime_r(&now, &tm));
}

static void clear_args(struct args *a)
{
    g_ptr_array_free(a->include, TRUE);
    g_ptr_array_free(a->exclude, TRUE);
    g_free((char *)(uintptr_t)a->config.archive);
    g_free((char *)(uintptr_t)a->mark.text);
    g_free((char *)(uintptr_t)a->state);
}

static const char *const *patterns(GPtrArray *list)
{
    if (list->len == 0)
        return NULL;
    g_ptr_array_add(list, NULL);
    return (const char *const *)list->pdata;
}

// What the table cannot say: what is needed, and what goes with what.
static bool complete(struct args *a, int argc, char **argv)
{
    if (!a->config.archive) {
        cli_error("run: --archive DIR is missing");
        return false;
    }
    if (argc < 2) {
        cli_error("run: nothing to scan: want a directory, a file, or - for a "
                  "list on standard input");
        return false;
    }
    if (a->mark_option && !a->config.mark) {
        cli_error("run: %s does nothing without --mark-text", a->mark_option);
        return false;
    }
    if (a->quiet && a->verbose) {
        cli_error("run: --quiet and --verbose exclude each other");
        return false;
    }
    a->config.paths = (const char *const *)argv + 1;
    a->config.rules.include = patterns(a->include);
    a->config.rules.exclude = patterns(a->exclude);
    a->config.date = a->today;
    a->mark.max_pixels = a->config.limits.max_pixels;
    if (!a->config.queue)
        a->config.queue = 2 * (size_t)a->config.jobs;
    return true;
}

static bool sources_exist(const struct args *a)
{
    for (const char *const *path = a->config.paths; *path; path++)
        if (strcmp(*path, "-") != 0 && access(*path, F_OK) != 0) {
            cli_error("run: %s: %m", *path);
            return false;
        }
    return true;
}

static int exit_code(const struct imp_run_counts *counts, bool ok,
                     enum imp_cause cause)
{
    if (cause == IMP_CAUSE_SIGINT)
        return CLI_SIGINT;
    if (cause == IMP_CAUSE_SIGTERM)
        return CLI_SIGTERM;
    bool all_well = ok && !counts->outcome[IMP_QUARANTINED] &&
                    !counts->outcome[IMP_FAILED] &&
                    !counts->outcome[IMP_CANCELLED] && cause == IMP_CAUSE_NONE;
    return all_well ? CLI_OK : CLI_SOME_FAILED;
}

static int go(struct args *a, struct cli_report *report, struct imp_ctx *ctx)
{
    struct imp_err err = {0};
    struct imp_run_counts counts;
    struct imp_run *run = imp_run_new(&a->config, ctx, &err);
    if (!run) {
        cli_error("run: %s", err.msg);
        return imp_ctx_cancelled(ctx) ? exit_code(&(struct imp_run_counts){0},
                                                  false, imp_ctx_cause(ctx))
                                      : CLI_NOT_STARTED;
    }
    imp_run_counts(run, &counts);
    if (counts.other_recipe && !report->quiet)
        cli_error("note: earlier runs into this archive had another policy or "
                  "mark; what they archived stays as it is");
    cli_report_start_progress(report, run);
    bool ok = imp_run_go(run, &err);
    cli_report_end_progress(report);
    if (!ok)
        cli_error("run: %s", err.msg);
    imp_run_counts(run, &counts);
    ok = cli_report_summary(report, &counts) && ok;
    imp_run_free(run);
    return exit_code(&counts, ok, imp_ctx_cause(ctx));
}

static int run_with(struct args *a)
{
    struct imp_err err = {0};
    struct cli_report report;
    struct cli_signals signals;
    int code = CLI_NOT_STARTED;
    char *state = NULL;
    struct imp_ctx *ctx = a->deadline_ms < 0
                              ? imp_ctx_new(NULL)
                              : imp_ctx_new_timeout(NULL, a->deadline_ms);
    if (!cli_signals_begin(&signals, ctx, &err)) {
        cli_error("run: %s", err.msg);
        imp_ctx_free(ctx);
        return code;
    }
    cli_report_init(&report, a->quiet, a->verbose, a->json);
    a->config.on_event = cli_report_event;
    a->config.self = &report;
    a->config.state = a->state;
    if (!a->state)
        a->config.state = state =
            imp_run_default_state(a->config.archive, &err);
    if (a->config.state)
        code = go(a, &report, ctx);
    else
        cli_error("run: %s", err.msg);
    cli_report_clear(&report);
    cli_signals_end(&signals);
    imp_ctx_free(ctx);
    free(state);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    bool help;
    set_defaults(&a);
    int code = cli_parse(&cli_verb_run, &argc, &argv, &a, &help);
    if (code == CLI_OK && !help) {
        if (!complete(&a, argc, argv))
            code = CLI_USAGE;
        else if (!sources_exist(&a))
            code = CLI_NOT_STARTED;
        else
            code = run_with(&a);
    }
    clear_args(&a);
    return code;
}

const struct cli_verb cli_verb_run = {
    .name = "run",
    .args = "PATH...",
    .summary = "De-identify, watermark and archive images",
    .details =
        "PATH is a directory (scanned below), a file, or - for a list of files "
        "on\nstandard input.\n\n"
        "Examples:\n"
        "  imgpipe run uploads/ --archive archive/\n"
        "  imgpipe run uploads/ --archive archive/ --mark-text 'TRIAL-001 "
        "{date}'\n"
        "  find uploads -name '*.jpg' -print0 | imgpipe run -0 - --archive "
        "archive/\n\n"
        "Exit code: 0 all well; 1 something was quarantined or failed; 2 "
        "usage;\n3 could not start; 130 or 143 ended by SIGINT or SIGTERM.",
    .options = options,
    .run = run,
};
