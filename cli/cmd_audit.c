// imgpipe audit: what the audit log says of itself.
#include "cli.h"
#include "json.h"
#include "place_args.h"
#include "signals.h"

#include "ledger/journal.h"
#include "sync/context.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct args {
    struct cli_place_args place;
    bool json;
};

static bool set_json(void *self, const char *value, struct imp_err *err)
{
    (void)value, (void)err;
    ((struct args *)self)->json = true;
    return true;
}

static const struct cli_option options[] = {
    CLI_PLACE_OPTIONS(struct args, place),
    {"json", 0, NULL,
     "Print one JSON object for each finding, on a line, and one for the whole",
     set_json},
    {0},
};

// --- Telling ---

static bool put_finding(void *self, const struct imp_audit_finding *f,
                        struct imp_err *err)
{
    const struct args *a = self;
    (void)err;
    if (a->json) {
        fputs("{\"fault\": ", stdout);
        cli_put_json_string(stdout, imp_audit_fault_name(f->fault));
        cli_put_json_member(stdout, "file", f->file);
        printf(", \"line\": %" PRIu64 ", \"seq\": %" PRIu64, f->line, f->seq);
        cli_put_json_member(stdout, "reason", f->text);
        puts("}");
        return true;
    }
    fputs(f->file, stdout);
    if (f->line)
        printf(":%" PRIu64, f->line);
    printf(": %s", imp_audit_fault_name(f->fault));
    if (f->seq)
        printf(" (seq %" PRIu64 ")", f->seq);
    printf(": %s\n", f->text);
    return true;
}

static uint64_t still_to_come(const struct imp_journal_check *c)
{
    uint64_t last = c->log.last.seq;
    return c->highest > last ? c->highest - last : 0;
}

static void put_json(const struct imp_journal_check *c, const char *hash)
{
    const struct imp_audit_summary *log = &c->log;
    printf("{\"intact\": %s, \"findings\": %" PRIu64 ", \"files\": %" PRIu64
           ", \"lines\": %" PRIu64 ", \"bytes\": %" PRIu64
           ", \"seq\": %" PRIu64,
           log->findings ? "false" : "true", log->findings, log->files,
           log->lines, log->bytes, log->last.seq);
    cli_put_json_member(stdout, "hash", hash);
    printf(", \"by_ledger\": %s, \"to_come\": %" PRIu64 "}\n",
           c->by_ledger ? "true" : "false", still_to_come(c));
}

static void put_text(const struct imp_journal_check *c, const char *hash)
{
    const struct imp_audit_summary *log = &c->log;
    if (!c->by_ledger)
        cli_error("audit: there is no ledger: lines that were cut off the end "
                  "are not noticed");
    if (still_to_come(c) && !c->log.findings)
        cli_error("audit: the ledger is ahead by %" PRIu64 ": the run at work, "
                  "or the next, writes what is missing",
                  still_to_come(c));
    cli_error("%" PRIu64 " line%s in %" PRIu64 " file%s: %s; the last is "
              "%" PRIu64 ", SHA-256 %s",
              log->lines, log->lines == 1 ? "" : "s", log->files,
              log->files == 1 ? "" : "s",
              log->findings ? "NOT INTACT" : "intact", log->last.seq, hash);
}

static int tell(const struct args *a, const struct imp_journal_check *c)
{
    char hash[IMP_SHA256_HEX];
    imp_digest_hex(&c->log.last.hash, hash);
    if (a->json)
        put_json(c, hash);
    else
        put_text(c, hash);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_error("audit: cannot write to standard output: %m");
        return CLI_NOT_STARTED;
    }
    return c->log.findings ? CLI_SOME_FAILED : CLI_OK;
}

// --- Going ---

static int verify(struct args *a, const char *archive)
{
    struct imp_err err = {0};
    struct cli_signals signals;
    struct imp_journal_check check;
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    int code = CLI_NOT_STARTED;
    if (!cli_signals_begin(&signals, ctx, &err)) {
        cli_error("audit: %s", err.msg);
        imp_ctx_free(ctx);
        return code;
    }
    if (cli_place_complete(&a->place, archive, &err) &&
        imp_journal_verify(a->place.state, put_finding, a, ctx, &check, &err))
        code = tell(a, &check);
    else if (err.code == IMP_ERR_CANCELLED)
        code = cli_signals_code(ctx);
    else
        cli_error("audit: %s", err.msg);
    cli_signals_end(&signals);
    imp_ctx_free(ctx);
    return code;
}

// "verify" and an archive; not that, if its state directory is named.
static int run(int argc, char **argv)
{
    struct args a = {0};
    bool help;
    int code = cli_parse(&cli_verb_audit, &argc, &argv, &a, &help);
    if (code == CLI_OK && !help) {
        code = CLI_USAGE;
        if (argc < 2 || strcmp(argv[1], "verify") != 0)
            cli_error("audit: want 'verify', have %s%s%s", argc < 2 ? "" : "'",
                      argc < 2 ? "nothing" : argv[1], argc < 2 ? "" : "'");
        else if (argc > 3 || (argc < 3 && !a.place.state))
            cli_error("audit: verify: want one archive or --state DIR, have %d "
                      "archives",
                      argc - 2);
        else
            code = verify(&a, argv[2]);
    }
    cli_place_clear(&a.place);
    return code;
}

const struct cli_verb cli_verb_audit = {
    .name = "audit",
    .args = "verify [ARCHIVE]",
    .summary = "Find what was changed in the log of all that was done",
    .details =
        "Reads the whole audit log in the state directory, each line of which "
        "has the hash\nof the line before, and tells what was changed, "
        "removed, put in or moved.\n\n"
        "Examples:\n"
        "  imgpipe audit verify archive/\n"
        "  imgpipe audit verify --state /var/lib/imgpipe/trial-7 --json\n\n"
        "Exit code: 0 intact; 1 it is not; 2 usage; 3 could not start.",
    .options = options,
    .run = run,
};
