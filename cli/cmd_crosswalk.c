// imgpipe crosswalk: the ledger's subjects and codes as a file, and back.
#include "cli.h"
#include "place_args.h"

#include "pipeline/crosswalk.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct args {
    struct cli_place_args place;
    char *output; // NULL: standard output
};

static bool set_output(void *self, const char *value, struct imp_err *err)
{
    struct args *a = self;
    g_free(a->output);
    a->output = strcmp(value, "-") == 0 ? NULL : g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a file");
}

static const struct cli_option options[] = {
    CLI_PLACE_OPTIONS(struct args, place),
    {"output", 'o', "FILE",
     "Export into this new file, of mode 0600 (default: standard output)",
     set_output},
    {0},
};

static int tell(const char *what, uint64_t n)
{
    cli_error("%" PRIu64 " subject%s %s", n, n == 1 ? "" : "s", what);
    return CLI_OK;
}

static int fail(const char *what, const struct imp_err *err)
{
    cli_error("crosswalk: %s: %s", what, err->msg);
    return CLI_NOT_STARTED;
}

static int export(struct args *a, const char *archive)
{
    struct imp_err err = {0};
    uint64_t n;
    return cli_place_complete(&a->place, archive, &err) &&
                   imp_crosswalk_export(a->place.state, a->output, &n, &err)
               ? tell("written", n)
               : fail("export", &err);
}

static int import(struct args *a, const char *archive, const char *file)
{
    struct imp_err err = {0};
    uint64_t n;
    if (!cli_place_complete(&a->place, archive, &err))
        return fail(file, &err);
    bool is_new = access(a->place.state, F_OK) != 0;
    if (!imp_crosswalk_import(a->place.state, file, &n, &err))
        return fail(file, &err);
    // As it is before the first run, or because a name was mistyped.
    if (is_new)
        cli_error("note: there was no state directory %s: it is new",
                  a->place.state);
    return tell("in the file, all in the ledger", n);
}

// "export [ARCHIVE]" or "import [ARCHIVE] FILE"; without an archive its state
// is named.
static int go(struct args *a, int argc, char **argv)
{
    bool in = argc > 1 && strcmp(argv[1], "import") == 0;
    bool out = argc > 1 && strcmp(argv[1], "export") == 0;
    int rest = argc - 2 - in, archives = a->place.state ? 0 : 1;
    if (!in && !out) {
        cli_error("crosswalk: want 'export' or 'import', have %s%s%s",
                  argc < 2 ? "" : "'", argc < 2 ? "nothing" : argv[1],
                  argc < 2 ? "" : "'");
        return CLI_USAGE;
    }
    if (rest < archives || rest > 1) {
        cli_error("crosswalk: %s: want one archive or --state DIR%s", argv[1],
                  in ? ", and the file" : "");
        return CLI_USAGE;
    }
    if (in && a->output) {
        cli_error("crosswalk: import writes no file: --output is for export");
        return CLI_USAGE;
    }
    const char *archive = rest == 1 ? argv[2] : NULL;
    return in ? import(a, archive, argv[argc - 1]) : export(a, archive);
}

static int run(int argc, char **argv)
{
    struct args a = {0};
    bool help;
    int code = cli_parse(&cli_verb_crosswalk, &argc, &argv, &a, &help);
    if (code == CLI_OK && !help)
        code = go(&a, argc, argv);
    cli_place_clear(&a.place);
    g_free(a.output);
    return code;
}

const struct cli_verb cli_verb_crosswalk = {
    .name = "crosswalk",
    .args = "export [ARCHIVE] | import [ARCHIVE] FILE",
    .summary = "Write the subjects' codes as CSV, or take them from it",
    .details =
        "export writes subject, code and made, for those at the site who may "
        "know both.\nimport takes subject and code, all rows or none: later "
        "runs without --subjects\nuse these codes before they make any with "
        "the key.\n\n"
        "Examples:\n"
        "  imgpipe crosswalk export archive/ -o crosswalk.csv\n"
        "  imgpipe crosswalk import archive/ crosswalk.csv\n\n"
        "Exit code: 0 done; 2 usage; 3 not done.",
    .options = options,
    .run = run,
};
