/* report.h - what a run says: lines on standard error, a progress line on a
 * terminal, a summary, and JSON on standard output. */
#ifndef IMP_CLI_REPORT_H
#define IMP_CLI_REPORT_H

#include "progress.h"

#include "pipeline/run.h"

#include <stdbool.h>

struct cli_report {
    bool quiet, verbose, json, show_values;
    struct cli_progress progress; /* one line, or one image's, at a time */
    struct imp_run *run;          /* whose progress is shown */
};

void cli_report_init(struct cli_report *r, bool quiet, bool verbose, bool json);
void cli_report_clear(struct cli_report *r);

/* For imp_run_config: `self` is the report. */
void cli_report_event(void *self, const struct imp_event *event);

void cli_report_kept(void *self, const struct imp_kept *kept);

/* For a dry run: the fates of its parts, on standard output. */
void cli_report_inspection(void *self, const char *path,
                           const struct imp_inspection *inspection);

/* Show progress while the run goes on: on a terminal a line that is
 * overwritten, elsewhere a line a minute; nothing if quiet. */
void cli_report_start_progress(struct cli_report *r, struct imp_run *run);
void cli_report_end_progress(struct cli_report *r);

/* The last line, and the JSON object if asked for. False if that could not be
 * written, which has been told. */
bool cli_report_summary(struct cli_report *r,
                        const struct imp_run_counts *counts);

#endif
