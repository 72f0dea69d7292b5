/* run_args.h - what `imgpipe run` was told: the option table and what it fills
 * in. */
#ifndef IMP_CLI_RUN_ARGS_H
#define IMP_CLI_RUN_ARGS_H

#include "cli.h"
#include "mark_args.h"
#include "place_args.h"
#include "subject_args.h"

#include "pipeline/run.h"

#include <stdbool.h>
#include <stdint.h>

struct cli_run_args {
    struct cli_mark_args mark; /* first: its setters are given the whole */
    struct imp_run_config config;
    struct cli_place_args place;
    struct cli_subject_args subject;
    char *archive, *policy, *redact_rules; /* NULL: not given */
    char *move_to, *quarantine;
    char today[16];
    struct _GPtrArray *include, *exclude;
    int64_t deadline_ms; /* -1: none */
    bool quiet, verbose, json, show_values;
};

extern const struct cli_option cli_run_options[];

/* The defaults; _clear gives back what the options took. */
void cli_run_args_init(struct cli_run_args *a);
void cli_run_args_clear(struct cli_run_args *a);

/* What the table cannot say: what is needed, and what goes with what. False
 * with a message on standard error. `argv` is borrowed from then on. */
bool cli_run_args_complete(struct cli_run_args *a, int argc, char **argv);

#endif
