/* fates.h - an inspection as text or as one line of JSON: for `inspect` and
 * `run --dry-run`. */
#ifndef IMP_CLI_FATES_H
#define IMP_CLI_FATES_H

#include "pipeline/inspect.h"

#include <stdbool.h>
#include <stdio.h>

struct cli_fates_style {
    bool json;
    bool values; /* identifying values as well */
    bool brief;  /* one line for each file, without its parts */
};

/* `path` is shown as it is, but for what could steer a terminal. */
void cli_put_fates(FILE *to, const char *path, const struct imp_inspection *i,
                   struct cli_fates_style style);

/* A file name or value that comes from a stranger: what is no printable UTF-8,
 * and could steer the terminal, is shown by its bytes. */
void cli_put_text(FILE *to, const char *text);

#endif
