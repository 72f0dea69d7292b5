// imgpipe verify --against: that archived images are their sources, but for the
// mark.
#include "cli.h"
#include "fates.h"
#include "json.h"
#include "signals.h"
#include "verify_args.h"

#include "mark/redact_rules.h"
#include "pipeline/prove.h"
#include "sync/context.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

// --- Telling ---

static const char *const names[] = {
    [IMP_PROVEN] = "proven",
    [IMP_DISPROVEN] = "DISPROVEN",
    [IMP_NOT_PROVEN] = "not proven",
    [IMP_NOT_ARCHIVED] = "not archived",
};

struct verify {
    const struct cli_verify_args *args;
    struct imp_ctx *ctx; // cancelled by a signal
    struct imp_prover *prover;
    uint64_t count[sizeof names / sizeof *names];
};

static double percent_of(const struct imp_difference *d)
{
    return d->units ? 100.0 * (double)d->changed / (double)d->units : 0;
}

static void put_text(const char *path, const struct imp_proven *p)
{
    const struct imp_difference *d = &p->difference;
    cli_put_text(stdout, path);
    printf(": %s", names[p->proof]);
    if (p->archived.name[0])
        printf(", data/%s, mark: %s", p->archived.name, p->archived.route);
    if (p->compared)
        printf(", %" PRIu64 " of %" PRIu64 " %s changed (%.3f %%)", d->changed,
               d->units, d->unit, percent_of(d));
    if (p->err.code)
        printf(": %s", p->err.msg);
    putchar('\n');
}

static void put_json(const char *path, const struct imp_proven *p)
{
    const struct imp_area *m = &p->archived.mark;
    bool archived = p->archived.name[0];
    fputs("{\"path\": ", stdout);
    cli_put_json_string(stdout, path);
    cli_put_json_member(stdout, "proof", names[p->proof]);
    cli_put_json_member(stdout, "object", archived ? p->archived.name : NULL);
    cli_put_json_member(stdout, "format", archived ? p->archived.format : NULL);
    cli_put_json_member(stdout, "route", archived ? p->archived.route : NULL);
    if (m->width)
        printf(", \"mark\": {\"x\": %u, \"y\": %u, \"width\": %u, "
               "\"height\": %u, \"across\": %u, \"down\": %u, "
               "\"step_x\": %u, \"step_y\": %u}",
               m->x, m->y, m->width, m->height, m->across, m->down, m->step_x,
               m->step_y);
    if (p->compared)
        printf(", \"unit\": \"%s\", \"units\": %" PRIu64
               ", \"changed\": %" PRIu64 ", \"outside\": %" PRIu64,
               p->difference.unit, p->difference.units, p->difference.changed,
               p->difference.outside);
    cli_put_json_member(stdout, "reason", p->err.code ? p->err.msg : NULL);
    puts("}");
}

static void tell(struct verify *v, const char *path, const struct imp_proven *p)
{
    bool well = p->proof == IMP_PROVEN || p->proof == IMP_NOT_ARCHIVED;
    v->count[p->proof]++;
    if (v->args->quiet && well)
        return;
    if (v->args->json)
        put_json(path, p);
    else
        put_text(path, p);
}

static bool found(void *self, struct imp_job *job)
{
    struct verify *v = self;
    struct imp_proven proven;
    imp_prover_look(v->prover, job, &proven);
    tell(v, job->path, &proven);
    imp_job_free(job);
    return !imp_ctx_cancelled(v->ctx);
}

static bool failed(void *self, const char *path, const struct imp_err *err)
{
    struct imp_proven proven = {.proof = IMP_NOT_PROVEN, .err = *err};
    tell(self, path, &proven);
    return true;
}

static bool skipped(void *self, const char *path, enum imp_skip why)
{
    (void)self, (void)path, (void)why; // a run does not take it either
    return true;
}

// --- Going ---

static void look_at_all(struct verify *v)
{
    static const struct imp_source_rules everything;
    const struct imp_source_sink sink = {
        .self = v, .found = found, .skipped = skipped, .failed = failed};
    for (guint i = 0; i < v->args->against->len; i++) {
        const char *path = v->args->against->pdata[i];
        struct imp_err err = {0};
        if (!imp_source_path(v->ctx, path, &everything, &sink, &err) &&
            !imp_ctx_cancelled(v->ctx))
            failed(v, path, &err);
    }
}

// Quiet is only what went well: that there was nothing to prove did not.
static void put_summary(const struct verify *v)
{
    const uint64_t *n = v->count;
    bool none = !n[IMP_PROVEN] && !n[IMP_DISPROVEN] && !n[IMP_NOT_PROVEN];
    if (!v->args->quiet || (none && !imp_ctx_cancelled(v->ctx)))
        cli_error("%" PRIu64 " proven, %" PRIu64 " disproven, %" PRIu64
                  " not proven, %" PRIu64 " not archived",
                  n[IMP_PROVEN], n[IMP_DISPROVEN], n[IMP_NOT_PROVEN],
                  n[IMP_NOT_ARCHIVED]);
}

static int code_of(const struct verify *v)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_error("verify: cannot write to standard output: %m");
        return CLI_NOT_STARTED;
    }
    put_summary(v);
    int code = cli_signals_code(v->ctx);
    if (code)
        return code;
    return v->count[IMP_DISPROVEN] || v->count[IMP_NOT_PROVEN] ||
                   !v->count[IMP_PROVEN]
               ? CLI_SOME_FAILED
               : CLI_OK;
}

int cli_verify_against(struct cli_verify_args *a, const char *archive)
{
    struct imp_err err = {0};
    struct cli_signals signals;
    struct verify v = {.args = a, .ctx = imp_ctx_new(NULL)};
    if (!cli_signals_begin(&signals, v.ctx, &err)) {
        cli_error("verify: %s", err.msg);
        imp_ctx_free(v.ctx);
        return CLI_NOT_STARTED;
    }
    struct imp_redact_rules *rules = NULL;
    bool ready = cli_place_complete(&a->place, archive, &err);
    a->place.at.s3.stop = v.ctx;
    if (ready && a->redact_rules) {
        rules = imp_redact_rules_read(a->redact_rules, &err);
        ready = rules;
    }
    if (ready)
        v.prover = imp_prover_new(&a->place.at, a->place.state, rules, &err);
    int code = CLI_OK;
    if (v.prover) {
        look_at_all(&v);
        code = code_of(&v);
    } else {
        cli_error("verify: %s", err.msg);
        code = cli_signals_code(v.ctx);
        code = code ? code : CLI_NOT_STARTED;
    }
    imp_prover_free(v.prover);
    imp_redact_rules_free(rules);
    cli_signals_end(&signals);
    imp_ctx_free(v.ctx);
    return code;
}
