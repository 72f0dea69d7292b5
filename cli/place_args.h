/* place_args.h - the options that say where an archive and its state are. */
#ifndef IMP_CLI_PLACE_ARGS_H
#define IMP_CLI_PLACE_ARGS_H

#include "cli.h"

#include "archive/target.h"

#include <stdbool.h>
#include <stddef.h>

struct cli_place_args {
    /* NULL: not given; of g_malloc. */
    char *state, *endpoint, *region, *key_file;
    bool path_style;
    struct imp_archive_at at; /* filled in by _complete, borrows from here */
};

/* `spec` (borrowed; NULL: none) is the archive's. Fills in `at`. */
void cli_place_at(struct cli_place_args *a, const char *spec);

/* The same, and `state` by its default if there is an archive. */
bool cli_place_complete(struct cli_place_args *a, const char *spec,
                        struct imp_err *err);
void cli_place_clear(struct cli_place_args *a);

bool cli_set_state(void *self, const char *value, struct imp_err *err);
bool cli_set_s3_endpoint(void *self, const char *value, struct imp_err *err);
bool cli_set_s3_region(void *self, const char *value, struct imp_err *err);
bool cli_set_s3_path_style(void *self, const char *value, struct imp_err *err);
bool cli_set_s3_key_file(void *self, const char *value, struct imp_err *err);

/* Rows of an option table that fills in a `type`, whose `member` is a struct
 * cli_place_args: how to reach a store. */
#define CLI_S3_OPTIONS(type, member)                                   \
    {"s3-endpoint",                                                    \
     0,                                                                \
     "URL",                                                            \
     "Where the S3 store is (default: AWS of the region)",             \
     cli_set_s3_endpoint,                                              \
     offsetof(type, member)},                                          \
        {"s3-region",       0,                                         \
         "REGION",          "The store's region (default: us-east-1)", \
         cli_set_s3_region, offsetof(type, member)},                   \
        {"s3-path-style",                                              \
         0,                                                            \
         NULL,                                                         \
         "The bucket is in the URL's path, not in the host's name",    \
         cli_set_s3_path_style,                                        \
         offsetof(type, member)},                                      \
    {                                                                  \
        "s3-key-file", 0, "FILE",                                      \
            "Keys of the store, a file of mode 0600 (default: the "    \
            "environment)",                                            \
            cli_set_s3_key_file, offsetof(type, member)                \
    }

/* The same, and where the state is. */
#define CLI_PLACE_OPTIONS(type, member)                 \
    {"state",                                           \
     0,                                                 \
     "DIR",                                             \
     "Ledger's directory (default: one per archive in " \
     "$XDG_STATE_HOME/imgpipe)",                        \
     cli_set_state,                                     \
     offsetof(type, member)},                           \
        CLI_S3_OPTIONS(type, member)

#endif
