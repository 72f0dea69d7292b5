/* verify_args.h - what `imgpipe verify` is asked, and its two ways to answer.
 */
#ifndef IMP_CLI_VERIFY_ARGS_H
#define IMP_CLI_VERIFY_ARGS_H

#include "place_args.h"

#include "pipeline/verify.h"

#include <glib.h>
#include <stdbool.h>

struct cli_verify_args {
    GPtrArray *against; /* sources; none: the whole archive is verified */
    struct cli_place_args place;
    char *policy, *redact_rules;  /* of g_malloc, or NULL */
    struct imp_verify_config all; /* for the whole archive */
    const char *only_all;         /* an option that is for that alone */
    bool json, quiet;
};

/* Both return the exit code. */
int cli_verify_against(struct cli_verify_args *a, const char *archive);
int cli_verify_archive(struct cli_verify_args *a, const char *archive);

#endif
