// Before the first image: everything is opened and checked, in the order in
// which a refusal costs least and leaves least: the archive is made when
// nothing but itself and its ledger can still be wrong. After the last: torn
// down in reverse.
#include "base/file.h"
#include "base/name.h"
#include "mark/redact_rules.h"
#include "pipeline/after.h"
#include "pipeline/guard.h"
#include "pipeline/internal.h"
#include "pipeline/naming.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Whose they are and what they are called, if anything but the digest has a
// say.
static bool add_names(const struct imp_run *run, struct imp_sha256 *sha,
                      struct imp_err *err)
{
    struct imp_buf text = {0};
    const char *name = run->config->name;
    bool ok = imp_whose_describe(run->whose, &text, err) &&
              (!name || imp_buf_add(&text, name, strlen(name) + 1, err));
    imp_sha256_add(sha, text.p, text.n);
    imp_buf_clear(&text);
    return ok;
}

// What is not said leaves the digests of older runs as they were.
static void add_mark(const struct imp_run_config *config,
                     struct imp_sha256 *sha)
{
    const struct imp_mark_spec *m = config->mark;
    char text[300];
    int n = snprintf(
        text, sizeof text,
        "mark %d %d %d %g%d %g%d margin %g%d spacing %g%d angle %g scale "
        "%g "
        "opacity %g colour %02x%02x%02x backing %d font ",
        config->mark_or_skip, (int)m->place.by, (int)m->place.gravity,
        m->place.x.value, m->place.x.percent, m->place.y.value,
        m->place.y.percent, m->margin.value, m->margin.percent,
        m->spacing.value, m->spacing.percent, m->angle, m->scale, m->opacity,
        m->rgb[0], m->rgb[1], m->rgb[2], (int)m->backing);
    imp_sha256_add(sha, text, (size_t)n);
    if (m->dicom == IMP_DICOM_PIXELS)
        imp_sha256_add(sha, "dicom pixels ", sizeof "dicom pixels ");
    if (m->font)
        imp_sha256_add(sha, m->font, strlen(m->font) + 1);
    if (m->image.n)
        imp_sha256_add(sha, m->image.p, m->image.n);
    else
        imp_sha256_add(sha, m->text, strlen(m->text));
}

static void add_redaction(const struct imp_run *run, struct imp_sha256 *sha)
{
    if (!run->redact)
        return;
    const char *text = imp_redact_rules_text(run->redact);
    imp_sha256_add(sha, "redact ", sizeof "redact ");
    imp_sha256_add(sha, text, strlen(text) + 1);
}

// All that decides about an output's bytes and name, in one digest.
static bool digest_recipe(const struct imp_run *run, struct imp_digest *out,
                          struct imp_err *err)
{
    struct imp_digest policy = imp_policy_digest(run->policy);
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(&policy, hex);
    struct imp_sha256 *sha = imp_sha256_new(err);
    if (!sha)
        return false;
    imp_sha256_start(sha);
    imp_sha256_add(sha, hex, sizeof hex);
    add_redaction(run, sha);
    if (run->config->mark)
        add_mark(run->config, sha);
    bool ok = add_names(run, sha, err);
    *out = imp_sha256_end(sha);
    imp_sha256_free(sha);
    return ok;
}

static bool load_rules(struct imp_run *run, struct imp_err *err)
{
    const char *spec = run->config->policy;
    run->policy = imp_policy_load(spec ? spec : "strict", err);
    if (!run->policy)
        return false;
    run->cleaning = imp_clean_rules_of(run->policy, &run->config->cleaning);
    if (!run->config->redact_rules)
        return true;
    run->redact = imp_redact_rules_read(run->config->redact_rules, err);
    run->cleaning.redact = run->redact;
    return run->redact;
}

static const char *sample_of(void *self, const char *name)
{
    (void)self, (void)name;
    return "A1";
}

// What is wrong with the text around the fields shows before the first image.
static bool try_name(const struct imp_template *name, struct imp_err *err)
{
    static const struct imp_values sample = {
        .fixed = {[IMP_FIELD_DIGEST] = "0123456789abcdef0123456789abcdef"
                                       "0123456789abcdef0123456789abcdef",
                  [IMP_FIELD_DATE] = "2000-01-01",
                  [IMP_FIELD_EXT] = "jpg"},
        .other = sample_of,
    };
    struct imp_buf text = {0};
    bool ok = imp_template_expand(name, &sample, NULL, &text, err) &&
              imp_buf_add(&text, "", 1, err) &&
              imp_name_check_portable((const char *)text.p, err);
    imp_buf_clear(&text);
    return ok;
}

static bool load_templates(struct imp_run *run, struct imp_err *err)
{
    const struct imp_run_config *config = run->config;
    const struct imp_more_fields *fields = imp_whose_fields(run->whose);
    struct imp_more_fields of_names = *fields;
    of_names.also = imp_uid_fields;
    if (config->name &&
        (!(run->name = imp_template_new(config->name, &of_names, err)) ||
         !try_name(run->name, err)))
        return imp_wrap(err, "--name");
    if (!config->mark)
        return true;
    struct imp_mark_spec mark = *config->mark;
    mark.fields = *fields;
    run->marker = imp_marker_new(&mark, err);
    return run->marker;
}

static bool open_ledger_and_target(struct imp_run *run, struct imp_ctx *wait,
                                   struct imp_err *err)
{
    const struct imp_run_config *config = run->config;
    if (config->dry_run) {
        run->ledger = imp_ledger_open_scratch(config->state, wait, err);
        run->target = run->ledger ? imp_target_new_nowhere(err) : NULL;
    } else {
        run->ledger = imp_ledger_open(config->state, wait, err);
        run->target = run->ledger ? imp_target_open(&run->archive,
                                                    IMP_TARGET_WRITE, wait, err)
                                  : NULL;
    }
    return run->target;
}

static bool start_run(struct imp_run *run, struct imp_err *err)
{
    const struct imp_mark_spec *mark = run->config->mark;
    struct imp_recipe recipe = {.policy = imp_policy_digest(run->policy),
                                .policy_text = imp_policy_text(run->policy),
                                .mark = !mark           ? NULL
                                        : mark->image.n ? "(an image)"
                                                        : mark->text};
    return digest_recipe(run, &recipe.digest, err) &&
           imp_ledger_start_run(run->ledger, &recipe, &run->id,
                                &run->other_recipe, err);
}

enum { WAITING_MOST = 1024 }; // results, of some KB each

// What workers finish while a group is committed is the next one: they are not
// to wait for the disk, where their images are by then.
static size_t results_room(const struct imp_run *run)
{
    const struct imp_run_config *config = run->config;
    size_t group = config->commit.results < WAITING_MOST
                       ? config->commit.results
                       : WAITING_MOST;
    bool more = run->target->ops->stages_files && group > config->queue;
    return more ? group : config->queue;
}

static bool set_up(struct imp_run *run, struct imp_ctx *ctx,
                   struct imp_err *err)
{
    const struct imp_run_config *config = run->config;
    struct imp_ctx *wait = config->wait ? ctx : NULL;
    if (config->archive.spec && !imp_run_kept_apart(config, err))
        return false;
    if (!load_rules(run, err))
        return false;
    run->whose = imp_whose_new(&config->whose, config->jobs, run->policy, err);
    if (!run->whose || !load_templates(run, err))
        return false;
    if (!imp_after_open(run, err) || !open_ledger_and_target(run, wait, err))
        return false;
    run->results = imp_chan_new(results_room(run));
    if (run->target->ops->ordered) {
        run->window = imp_chan_new(imp_sequence_width(config));
        run->ordered = imp_chan_new(config->queue);
    }
    if (!config->dry_run &&
        !(run->journal = imp_journal_open(run->ledger, err)))
        return false;
    run->known = imp_ledger_reader(run->ledger, err);
    return run->known && imp_guard_open(run, err) &&
           (config->dry_run || imp_run_agree(run, err)) &&
           imp_ledger_check_terms(run->ledger, imp_whose_terms(run->whose),
                                  err) &&
           start_run(run, err) && imp_guard_start(run, err);
}

struct imp_run *imp_run_new(const struct imp_run_config *config,
                            struct imp_ctx *ctx, struct imp_err *err)
{
    struct imp_run *run = calloc(1, sizeof *run);
    if (!run) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a run");
        return NULL;
    }
    run->config = config;
    imp_waitgroup_init(&run->workers);
    imp_waitgroup_init(&run->in_hand);
    run->scan = imp_ctx_new(ctx);
    run->work = imp_ctx_new(NULL);
    run->background = imp_ctx_new(NULL);
    run->over = imp_ctx_new(NULL);
    run->archive = config->archive;
    run->archive.s3.stop = run->work;
    run->jobs = imp_chan_new(config->queue);
    if (imp_grace_start(run, err) && set_up(run, ctx, err))
        return run;
    imp_run_free(run);
    return NULL;
}

void imp_run_free(struct imp_run *run)
{
    if (!run)
        return;
    imp_grace_end(run);
    imp_chan_free(run->ordered, NULL);
    imp_chan_free(run->window, NULL);
    imp_chan_free(run->results, NULL);
    imp_chan_free(run->jobs, NULL);
    imp_whose_free(run->whose); // what was asked ends before its context goes
    imp_waitgroup_clear(&run->in_hand);
    imp_waitgroup_clear(&run->workers);
    imp_quarantine_free(run->quarantine);
    imp_leaver_free(run->leaver);
    imp_suspects_clear(&run->suspects);
    imp_inflight_free(run->inflight);
    imp_ledger_free(run->known);
    imp_target_free(run->target);
    imp_ctx_free(run->over);
    imp_ctx_free(run->background);
    imp_ctx_free(run->work);
    imp_ctx_free(run->scan);
    imp_journal_close(run->journal, NULL);
    imp_ledger_free(run->ledger);
    imp_template_free(run->name);
    imp_marker_free(run->marker);
    imp_redact_rules_free(run->redact);
    imp_policy_free(run->policy);
    free(run);
}

// $XDG_STATE_HOME, or what the XDG Base Directory Specification puts in its
// place; relative values are to be ignored.
static bool state_home(char *out, size_t n, struct imp_err *err)
{
    const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int len;
    if (xdg && xdg[0] == '/')
        len = snprintf(out, n, "%s", xdg);
    else if (home && home[0] == '/')
        len = snprintf(out, n, "%s/.local/state", home);
    else
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no place for the state: neither XDG_STATE_HOME nor "
                        "HOME is set, name one with --state");
    if (len < 0 || (size_t)len >= n)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "state directory's name is too "
                        "long");
    return true;
}

char *imp_run_default_state(const struct imp_archive_at *archive,
                            struct imp_err *err)
{
    char home[PATH_MAX], hex[IMP_SHA256_HEX];
    char *state = NULL, *identity = imp_target_identity(archive, err);
    struct imp_digest digest;
    if (!identity || !state_home(home, sizeof home, err) ||
        !imp_sha256_of(identity, strlen(identity), &digest, err))
        goto out;
    imp_digest_hex(&digest, hex);
    const char *slash = strrchr(identity, '/');
    if (asprintf(&state, "%s/imgpipe/%s-%.16s", home,
                 slash && slash[1] ? slash + 1 : "archive", hex) < 0) {
        state = NULL;
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a path");
    }
out:
    free(identity);
    return state;
}
