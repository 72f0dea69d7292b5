// imgpipe keygen: a new key for a trial.
#include "cli.h"

#include "deid/secret.h"

#include <string.h>

static const struct cli_option options[] = {{0}};

static int run(int argc, char **argv)
{
    bool help;
    char none;
    struct imp_err err = {0};
    int code = cli_parse(&cli_verb_keygen, &argc, &argv, &none, &help);
    if (code != CLI_OK || help)
        return code;
    if (argc != 2) {
        cli_error("keygen: want one file to make, have %d", argc - 1);
        return CLI_USAGE;
    }
    if (!imp_secret_make(argv[1], &err)) {
        cli_error("keygen: %s: %s", argv[1], err.msg);
        return CLI_NOT_STARTED;
    }
    return CLI_OK;
}

const struct cli_verb cli_verb_keygen = {
    .name = "keygen",
    .args = "FILE",
    .summary = "Make the secret key that codes and date shifts come from",
    .details =
        "Writes a new key of 256 bits into FILE, which must not be there yet, "
        "for --key-file.\nKeep it out of the archive, and keep a copy: without "
        "it the same codes cannot be\nmade again.\n\n"
        "Examples:\n"
        "  imgpipe keygen /etc/imgpipe/trial-7.key\n\n"
        "Exit code: 0 made; 2 usage; 3 not made.",
    .options = options,
    .run = run,
};
