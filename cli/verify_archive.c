// imgpipe verify ARCHIVE: what is found wrong, a line each on standard output,
// and a summary on standard error.
#include "cli.h"
#include "fates.h"
#include "json.h"
#include "progress.h"
#include "signals.h"
#include "verify_args.h"

#include "sync/context.h"

#include <inttypes.h>
#include <stdio.h>

struct report {
    const struct cli_verify_args *args;
    struct cli_progress progress;
    struct imp_verify *v; // whose progress is shown
};

// --- While it goes on ---

static void put_text(const struct imp_finding *f)
{
    printf("%s: ", imp_finding_name(f->kind));
    if (f->object) {
        fputs("data/", stdout);
        cli_put_text(stdout, f->object);
        fputs(": ", stdout);
    }
    cli_put_text(stdout, f->text);
    putchar('\n');
}

static void put_json(const struct imp_finding *f)
{
    fputs("{\"finding\": ", stdout);
    cli_put_json_string(stdout, imp_finding_name(f->kind));
    cli_put_json_member(stdout, "object", f->object);
    cli_put_json_member(stdout, "text", f->text);
    puts("}");
}

static void on_finding(void *self, const struct imp_finding *f)
{
    struct report *r = self;
    if (r->args->quiet && f->kind == IMP_FOUND_NOTE)
        return;
    cli_progress_pause(&r->progress);
    if (r->args->json)
        put_json(f);
    else
        put_text(f);
    cli_progress_resume(&r->progress);
}

static void put_progress(void *self, FILE *to)
{
    struct report *r = self;
    struct imp_verify_counts c;
    imp_verify_counts(r->v, &c);
    double s = cli_progress_seconds(&r->progress);
    fprintf(to, "%" PRIu64 " objects, %.1f MB/s: %" PRIu64 " found", c.read,
            s > 0 ? (double)c.bytes / 1e6 / s : 0.0, c.findings);
}

// --- At the end ---

// `finished`: all was looked at, so that what was not found is not there.
static void put_json_summary(const struct report *r,
                             const struct imp_verify_counts *c, bool finished)
{
    const struct imp_verify_config *config = &r->args->all;
    printf("{\"objects\": %" PRIu64 ", \"read\": %" PRIu64
           ", \"bytes\": %" PRIu64 ", \"ledger_objects\": %" PRIu64
           ", \"audit_lines\": %" PRIu64 ", \"findings\": %" PRIu64
           ", \"notes\": %" PRIu64,
           c->objects, c->read, c->bytes, c->rows, c->lines, c->findings,
           c->notes);
    if (config->sample < 1)
        printf(", \"sample\": %g, \"seed\": %" PRIu64, config->sample,
               config->seed);
    printf(", \"finished\": %s, \"seconds\": %.3f}\n",
           finished ? "true" : "false", cli_progress_seconds(&r->progress));
}

static void put_summary(const struct report *r,
                        const struct imp_verify_counts *c, bool finished)
{
    const struct imp_verify_config *config = &r->args->all;
    fprintf(stderr, "imgpipe: %" PRIu64 " objects, %" PRIu64 " read",
            c->objects, c->read);
    if (config->sample < 1)
        fprintf(stderr, " (a sample of %g %%, --seed %" PRIu64 ")",
                100 * config->sample, config->seed);
    fprintf(stderr,
            ", %.1f MB; %" PRIu64 " in the ledger, %" PRIu64
            " lines of audit log; ",
            (double)c->bytes / 1e6, c->rows, c->lines);
    if (c->findings)
        fprintf(stderr, "%" PRIu64 " found", c->findings);
    else
        fputs("nothing found", stderr);
    fprintf(stderr, "%s; %.1f s\n", finished ? "" : " so far, not finished",
            cli_progress_seconds(&r->progress));
}

static int code_of(const struct report *r, struct imp_ctx *ctx, bool ok,
                   const struct imp_err *err)
{
    struct imp_verify_counts c;
    imp_verify_counts(r->v, &c);
    int signalled = cli_signals_code(ctx);
    if (!ok && !signalled)
        cli_error("verify: %s", err->msg);
    if (r->args->json)
        put_json_summary(r, &c, ok);
    if (!r->args->quiet)
        put_summary(r, &c, ok);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_error("verify: cannot write to standard output: %m");
        return CLI_NOT_STARTED;
    }
    if (signalled)
        return signalled;
    if (!ok && (err->code == IMP_ERR_BUSY || err->code == IMP_ERR_CONFIG))
        return CLI_NOT_STARTED;
    return ok && !c.findings ? CLI_OK : CLI_SOME_FAILED;
}

static int go(struct report *r, struct imp_ctx *ctx)
{
    struct imp_err err = {0};
    r->v = imp_verify_new(&r->args->all, ctx, &err);
    if (!r->v) {
        cli_error("verify: %s", err.msg);
        int code = cli_signals_code(ctx);
        return code ? code : CLI_NOT_STARTED;
    }
    if (!r->args->quiet)
        cli_progress_start(&r->progress, put_progress, r);
    bool ok = imp_verify_go(r->v, &err);
    cli_progress_end(&r->progress);
    int code = code_of(r, ctx, ok, &err);
    imp_verify_free(r->v);
    return code;
}

int cli_verify_archive(struct cli_verify_args *a, const char *archive)
{
    struct imp_err err = {0};
    struct cli_signals signals;
    struct report r = {.args = a};
    int code = CLI_NOT_STARTED;
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    if (!cli_signals_begin(&signals, ctx, &err)) {
        cli_error("verify: %s", err.msg);
        imp_ctx_free(ctx);
        return code;
    }
    cli_progress_init(&r.progress);
    if (cli_place_complete(&a->place, archive, &err)) {
        a->all.archive = a->place.at;
        a->all.state = a->place.state;
        a->all.policy = a->policy;
        a->all.on_finding = on_finding;
        a->all.self = &r;
        code = go(&r, ctx);
    } else {
        cli_error("verify: %s", err.msg);
    }
    cli_progress_clear(&r.progress);
    cli_signals_end(&signals);
    imp_ctx_free(ctx);
    return code;
}
