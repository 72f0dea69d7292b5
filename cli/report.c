#include "report.h"

#include "cli.h"
#include "fates.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void cli_report_init(struct cli_report *r, bool quiet, bool verbose, bool json)
{
    *r = (struct cli_report){
        .quiet = quiet,
        .verbose = verbose,
        .json = json,
    };
    cli_progress_init(&r->progress);
}

void cli_report_clear(struct cli_report *r)
{
    cli_progress_clear(&r->progress);
}

void cli_report_event(void *self, const struct imp_event *e)
{
    struct cli_report *r = self;
    bool bad = e->outcome == IMP_QUARANTINED || e->outcome == IMP_FAILED;
    if (r->quiet || (!bad && !r->verbose))
        return;
    cli_progress_pause(&r->progress);
    fprintf(stderr, "%s: ", imp_outcome_name(e->outcome));
    cli_put_text(stderr, e->path);
    if (e->skip)
        fprintf(stderr, ": %s", e->skip);
    else if (e->err)
        fprintf(stderr, ": %s", e->err->msg);
    else if (e->name)
        fprintf(stderr, ": %s", e->name);
    fputc('\n', stderr);
    cli_progress_resume(&r->progress);
}

void cli_report_kept(void *self, const struct imp_kept *kept)
{
    struct cli_report *r = self;
    if (r->quiet)
        return;
    cli_progress_pause(&r->progress);
    fputs("source kept: ", stderr);
    cli_put_text(stderr, kept->path);
    fprintf(stderr, ": %s\n", kept->err->msg);
    cli_progress_resume(&r->progress);
}

void cli_report_inspection(void *self, const char *path,
                           const struct imp_inspection *inspection)
{
    struct cli_report *r = self;
    const struct cli_fates_style style = {.json = r->json,
                                          .values = r->show_values};
    cli_progress_pause(&r->progress);
    cli_put_fates(stdout, path, inspection, style);
    cli_progress_resume(&r->progress);
}

// What of the skipped ones earlier runs did not archive either.
static void put_before(FILE *to, const struct imp_run_counts *c)
{
    if (c->still_quarantined)
        fprintf(to, " (%" PRIu64 " quarantined before)", c->still_quarantined);
    if (c->still_failed)
        fprintf(to, " (%" PRIu64 " failed before)", c->still_failed);
}

// "12 archived, 1 quarantined": what there is of each outcome.
static void put_outcomes(FILE *to, const struct imp_run_counts *c)
{
    const char *comma = "";
    for (int i = 0; i < IMP_OUTCOMES; i++) {
        if (!c->outcome[i])
            continue;
        fprintf(to, "%s%" PRIu64 " %s", comma, c->outcome[i],
                imp_outcome_name((enum imp_outcome)i));
        if (i == IMP_SKIPPED)
            put_before(to, c);
        comma = ", ";
    }
}

static void put_progress(void *self, FILE *to)
{
    struct cli_report *r = self;
    struct imp_run_counts c;
    imp_run_counts(r->run, &c);
    double s = cli_progress_seconds(&r->progress);
    fprintf(to, "%" PRIu64 " files, %.1f MB/s, queue %" PRIu64 ": ", c.scanned,
            s > 0 ? (double)c.bytes_in / 1e6 / s : 0.0, c.queued);
    put_outcomes(to, &c);
}

void cli_report_start_progress(struct cli_report *r, struct imp_run *run)
{
    r->run = run;
    if (!r->quiet)
        cli_progress_start(&r->progress, put_progress, r);
}

void cli_report_end_progress(struct cli_report *r)
{
    cli_progress_end(&r->progress);
}

static bool put_json(const struct imp_run_counts *c, double s)
{
    printf("{\"run\": %" PRId64 ", \"scanned\": %" PRIu64, c->run, c->scanned);
    for (int i = 0; i < IMP_OUTCOMES; i++)
        printf(", \"%s\": %" PRIu64, imp_outcome_name((enum imp_outcome)i),
               c->outcome[i]);
    printf(", \"quarantined_before\": %" PRIu64 ", \"failed_before\": %" PRIu64
           ", \"sources_removed\": %" PRIu64 ", \"sources_changed\": %" PRIu64
           ", \"sources_failed\": %" PRIu64,
           c->still_quarantined, c->still_failed, c->sources_removed,
           c->sources_changed, c->sources_failed);
    printf(", \"unmarked\": %" PRIu64 ", \"bytes_in\": %" PRIu64
           ", \"bytes_out\": %" PRIu64 ", \"seconds\": %.3f}\n",
           c->unmarked, c->bytes_in, c->bytes_out, s);
    return fflush(stdout) == 0 && !ferror(stdout);
}

static void put_sources(const struct imp_run_counts *c)
{
    uint64_t kept = c->sources_changed + c->sources_failed;
    if (c->sources_removed || kept)
        fprintf(stderr, "; %" PRIu64 " source%s removed", c->sources_removed,
                c->sources_removed == 1 ? "" : "s");
    if (kept)
        fprintf(stderr, ", %" PRIu64 " kept", kept);
}

bool cli_report_summary(struct cli_report *r, const struct imp_run_counts *c)
{
    double s = cli_progress_seconds(&r->progress);
    bool ok = !r->json || put_json(c, s);
    if (!ok)
        cli_error("cannot write the summary to standard output: %m");
    if (r->quiet)
        return ok;
    fprintf(stderr, "imgpipe: %" PRIu64 " scanned%s", c->scanned,
            c->scanned ? ": " : "");
    put_outcomes(stderr, c);
    if (c->unmarked)
        fprintf(stderr, ", %" PRIu64 " without the mark", c->unmarked);
    put_sources(c);
    fprintf(stderr, "; %.1f MB in, %.1f MB out, %.1f s\n",
            (double)c->bytes_in / 1e6, (double)c->bytes_out / 1e6, s);
    return ok;
}
