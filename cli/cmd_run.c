// imgpipe run: the options become a configuration, the outcome an exit code.
#include "cli.h"
#include "report.h"
#include "run_args.h"
#include "signals.h"

#include "sync/context.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool sources_exist(const struct cli_run_args *a)
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
    bool all_well = ok && !counts->sources_failed &&
                    !counts->outcome[IMP_QUARANTINED] &&
                    !counts->outcome[IMP_FAILED] &&
                    !counts->outcome[IMP_CANCELLED] && cause == IMP_CAUSE_NONE;
    return all_well ? CLI_OK : CLI_SOME_FAILED;
}

static int go(struct cli_run_args *a, struct cli_report *report,
              struct imp_ctx *ctx)
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
        cli_error("note: earlier runs into this archive had another policy, "
                  "other redaction, another mark or way to name images; what "
                  "they archived stays as it is");
    if (counts.taken_up > 0 && !report->quiet)
        cli_error("note: objects taken up that a killed run or another state "
                  "directory has archived: %ju",
                  (uintmax_t)counts.taken_up);
    if (counts.dates_removed && !report->quiet)
        cli_error("note: the policy shifts dates by an offset of the subject; "
                  "none is known, so dates are removed");
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

static int run_with(struct cli_run_args *a)
{
    struct imp_err err = {0};
    struct cli_report report;
    struct cli_signals signals;
    int code = CLI_NOT_STARTED;
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
    a->config.on_kept = cli_report_kept;
    a->config.self = &report;
    if (a->config.dry_run && !a->quiet)
        a->config.on_inspection = cli_report_inspection;
    report.show_values = a->show_values;
    if (cli_place_complete(&a->place, a->archive, &err)) {
        a->config.archive = a->place.at;
        a->config.state = a->place.state;
        code = go(a, &report, ctx);
    } else {
        cli_error("run: %s", err.msg);
    }
    cli_report_clear(&report);
    cli_signals_end(&signals);
    imp_ctx_free(ctx);
    return code;
}

static int run(int argc, char **argv)
{
    struct cli_run_args a;
    bool help;
    cli_run_args_init(&a);
    int code = cli_parse(&cli_verb_run, &argc, &argv, &a, &help);
    if (code == CLI_OK && !help) {
        if (!cli_run_args_complete(&a, argc, argv))
            code = CLI_USAGE;
        else if (!sources_exist(&a))
            code = CLI_NOT_STARTED;
        else
            code = run_with(&a);
    }
    cli_run_args_clear(&a);
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
        "  imgpipe run --dry-run uploads/\n"
        "  find uploads -name '*.jpg' -print0 | imgpipe run -0 - --archive "
        "archive/\n\n"
        "Exit code: 0 all well; 1 something was quarantined or failed, or a "
        "source could\nnot leave; 2 usage; 3 could not start; 130 or 143 ended "
        "by SIGINT or SIGTERM.",
    .options = cli_run_options,
    .run = run,
};
