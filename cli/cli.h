/* cli.h - the command line: verbs, option tables, exit codes. No logic. */
#ifndef IMP_CLI_CLI_H
#define IMP_CLI_CLI_H

#include "base/err.h"
#include "ledger/recorder.h"
#include "pipeline/clean.h"

#include <stdbool.h>
#include <stddef.h>

/* Exit codes; also in imgpipe(1). */
enum {
    CLI_OK = 0,
    CLI_SOME_FAILED = 1, /* something was quarantined or failed, or a deadline
                            cut the run short */
    CLI_USAGE = 2,
    CLI_NOT_STARTED = 3,
    CLI_SIGINT = 130,
    CLI_SIGTERM = 143,
};

/* One option: the parser, --help and the check of the man page read this. */
struct cli_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    const char *arg;  /* what it takes, as --help shows it; NULL: nothing */
    const char *help;
    /* Store the value (NULL if `arg` is) in `self`; false with a message that
     * names the accepted form. */
    bool (*set)(void *self, const char *value, struct imp_err *err);
    size_t at; /* what `set` is given begins so far in what the table fills in
                */
};

struct cli_verb {
    const char *name;
    const char *args;                 /* "PATH..." */
    const char *summary;              /* one line */
    const char *details;              /* below the options in --help */
    const struct cli_option *options; /* ends with a NULL name */
    int (*run)(int argc, char **argv);
};

extern const struct cli_verb cli_verb_run, cli_verb_inspect, cli_verb_verify,
    cli_verb_extract, cli_verb_audit, cli_verb_keygen, cli_verb_crosswalk;

/* Parse `argv` (argv[0] is the verb) by the verb's table into `self`; what is
 * left are the arguments, argv[1] to argv[*argc - 1]. CLI_OK to go on; else the
 * exit code to leave with: `*help` tells that help was printed. */
int cli_parse(const struct cli_verb *verb, int *argc, char ***argv, void *self,
              bool *help);

/* "imgpipe: ..." on standard error. */
void cli_error(const char *fmt, ...) IMP_PRINTF(1, 2);

/* Values. Each false comes with the accepted form. */
bool cli_duration(const char *text, int64_t *ms, struct imp_err *err);
bool cli_size(const char *text, uint64_t *bytes, struct imp_err *err);
bool cli_count(const char *text, uint64_t min, uint64_t max, uint64_t *out,
               struct imp_err *err);
/* "0.7" or "70%"; within min..max. */
bool cli_fraction(const char *text, double min, double max, double *out,
                  struct imp_err *err);
bool cli_date(const char *text, struct imp_err *err);
/* "100", "64M", "2s" or several of them, with commas: a number of images, of
 * bytes, and a time. What is not told stays as it is. */
bool cli_group_limits(const char *text, struct imp_group_limits *limits,
                      struct imp_err *err);
bool cli_check(const char *text, struct imp_clean_rules *rules,
               struct imp_err *err);

/* The row of the option that names a file of redact_rules.h. */
#define CLI_REDACT_OPTION(redact_rules)                                  \
    {                                                                    \
        "redact-rules", 0, "FILE",                                       \
            "Black out rectangles of DICOM pictures, by what made them", \
            redact_rules                                                 \
    }

/* The rows of the options that fill in a struct imp_clean_rules. */
#define CLI_CLEANING_OPTIONS(check, max_bytes, max_pixels)                   \
    {"check", 0, "LEVEL",                                                    \
     "How far to check images: coded (default) or structure", check},        \
        {"max-bytes", 0, "SIZE",                                             \
         "Quarantine larger files (default: 256M; DICOM: none)", max_bytes}, \
    {                                                                        \
        "max-pixels", 0, "N",                                                \
            "Quarantine larger pictures (default: 500000000)", max_pixels    \
    }

#endif
