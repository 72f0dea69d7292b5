#include "run_args.h"

#include <glib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// --- One setter per option ---

#define SETTER(name) \
    static bool set_##name(void *self, const char *value, struct imp_err *err)
#define UNUSED (void)value, (void)err

// An option given twice: the last counts.
static void replace(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

SETTER(archive)
{
    struct cli_run_args *a = self;
    replace(&a->archive, value);
    return value[0] ||
           imp_fail(err, IMP_ERR_CONFIG, "want a directory, or tar.gz:FILE");
}

SETTER(jobs)
{
    uint64_t n;
    if (!cli_count(value, 1, 1024, &n, err))
        return false;
    ((struct cli_run_args *)self)->config.jobs = (unsigned)n;
    return true;
}

SETTER(queue)
{
    uint64_t n;
    if (!cli_count(value, 1, 1000000, &n, err))
        return false;
    ((struct cli_run_args *)self)->config.queue = (size_t)n;
    return true;
}

SETTER(null)
{
    UNUSED;
    ((struct cli_run_args *)self)->config.nul_ended = true;
    return true;
}

SETTER(settle)
{
    return cli_duration(
        value, &((struct cli_run_args *)self)->config.rules.settle_ms, err);
}

SETTER(include)
{
    (void)err;
    g_ptr_array_add(((struct cli_run_args *)self)->include, g_strdup(value));
    return true;
}

SETTER(exclude)
{
    (void)err;
    g_ptr_array_add(((struct cli_run_args *)self)->exclude, g_strdup(value));
    return true;
}

SETTER(retry_quarantined)
{
    UNUSED;
    ((struct cli_run_args *)self)->config.retry_quarantined = true;
    return true;
}

SETTER(retry_failed)
{
    UNUSED;
    ((struct cli_run_args *)self)->config.pass_failed = false;
    return true;
}

SETTER(no_retry_failed)
{
    UNUSED;
    ((struct cli_run_args *)self)->config.pass_failed = true;
    return true;
}

SETTER(after)
{
    struct cli_run_args *a = self;
    const char *dir = strncmp(value, "move:", 5) == 0 ? value + 5 : NULL;
    if (dir && dir[0])
        a->config.after.what = IMP_AFTER_MOVE;
    else if (strcmp(value, "delete") == 0)
        a->config.after.what = IMP_AFTER_DELETE;
    else if (strcmp(value, "keep") == 0)
        a->config.after.what = IMP_AFTER_KEEP;
    else
        return imp_fail(err, IMP_ERR_CONFIG, "want keep, move:DIR or delete");
    replace(&a->move_to, dir ? dir : "");
    return true;
}

SETTER(quarantine)
{
    struct cli_run_args *a = self;
    replace(&a->quarantine, value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a directory");
}

SETTER(policy)
{
    struct cli_run_args *a = self;
    replace(&a->policy, value);
    return value[0] ||
           imp_fail(err, IMP_ERR_CONFIG, "want strict, research or a file");
}

SETTER(redact_rules)
{
    struct cli_run_args *a = self;
    replace(&a->redact_rules, value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a file");
}

SETTER(check)
{
    return cli_check(value, &((struct cli_run_args *)self)->config.cleaning,
                     err);
}

SETTER(max_bytes)
{
    return cli_size(
        value, &((struct cli_run_args *)self)->config.cleaning.limits.max_bytes,
        err);
}

SETTER(max_pixels)
{
    return cli_count(
        value, 1, UINT32_MAX,
        &((struct cli_run_args *)self)->config.cleaning.limits.max_pixels, err);
}

SETTER(date)
{
    if (!cli_date(value, err))
        return false;
    g_strlcpy(((struct cli_run_args *)self)->today, value, 16);
    return true;
}

SETTER(deadline)
{
    return cli_duration(value, &((struct cli_run_args *)self)->deadline_ms,
                        err);
}

SETTER(grace)
{
    return cli_duration(value, &((struct cli_run_args *)self)->config.grace_ms,
                        err);
}

SETTER(commit_every)
{
    return cli_group_limits(value,
                            &((struct cli_run_args *)self)->config.commit, err);
}

SETTER(wait)
{
    UNUSED;
    ((struct cli_run_args *)self)->config.wait = true;
    return true;
}

SETTER(dry_run)
{
    UNUSED;
    ((struct cli_run_args *)self)->config.dry_run = true;
    return true;
}

SETTER(show_values)
{
    UNUSED;
    ((struct cli_run_args *)self)->show_values = true;
    return true;
}

SETTER(json)
{
    UNUSED;
    ((struct cli_run_args *)self)->json = true;
    return true;
}

SETTER(quiet)
{
    UNUSED;
    ((struct cli_run_args *)self)->quiet = true;
    return true;
}

SETTER(verbose)
{
    UNUSED;
    ((struct cli_run_args *)self)->verbose = true;
    return true;
}

// --- The table ---

const struct cli_option cli_run_options[] = {
    {"archive", 'a', "ARCHIVE",
     "Where the images go, made if missing: a directory (a BagIt bag), "
     "tar.gz:FILE or s3://BUCKET/PREFIX",
     set_archive},
    CLI_PLACE_OPTIONS(struct cli_run_args, place),
    {"jobs", 'j', "N", "Workers (default: cores + 1)", set_jobs},
    {"queue", 0, "N", "Jobs waiting at most (default: 2 per worker)",
     set_queue},
    {"null", '0', NULL, "Names in the list on standard input end in NUL",
     set_null},
    {"settle", 0, "TIME", "Leave files alone that are younger (default: 2s)",
     set_settle},
    {"include", 0, "GLOB", "Take only files that match; may be repeated",
     set_include},
    {"exclude", 0, "GLOB", "Pass over files that match; may be repeated",
     set_exclude},
    {"retry-quarantined", 0, NULL,
     "Try again what earlier runs have quarantined", set_retry_quarantined},
    {"retry-failed", 0, NULL,
     "Try again what has failed in earlier runs (the default)",
     set_retry_failed},
    {"no-retry-failed", 0, NULL, "Pass over what has failed in earlier runs",
     set_no_retry_failed},
    {"after", 0, "WHAT",
     "What becomes of archived sources: keep (default), move:DIR, delete",
     set_after},
    {"quarantine", 0, "DIR",
     "Copy what is quarantined to this private directory, with the reason",
     set_quarantine},
    {"policy", 0, "POLICY",
     "What may stay: strict (default), research, or a policy file", set_policy},
    CLI_REDACT_OPTION(set_redact_rules),
    CLI_CLEANING_OPTIONS(set_check, set_max_bytes, set_max_pixels),
    CLI_MARK_OPTIONS,
    CLI_SUBJECT_OPTIONS(struct cli_run_args, subject),
    {"date", 0, "DATE", "What {date} stands for (default: today, UTC)",
     set_date},
    {"deadline", 0, "TIME", "Stop the run, cleanly, after this time",
     set_deadline},
    {"grace", 0, "TIME",
     "After a stop, time for images in flight (default: 5s)", set_grace},
    {"commit-every", 0, "LIMIT",
     "Commit after so many images, bytes or so long, such as 256,64M,1s (the "
     "default); 1 commits each image",
     set_commit_every},
    {"wait", 0, NULL, "If another run has the archive, wait for it", set_wait},
    {"dry-run", 'n', NULL,
     "Print what would become of each image, part by part; write nothing",
     set_dry_run},
    {"show-values", 0, NULL, "With --dry-run, print identifying values as well",
     set_show_values},
    {"json", 0, NULL, "Print the summary as JSON on standard output", set_json},
    {"quiet", 'q', NULL, "Print nothing but errors that stop the run",
     set_quiet},
    {"verbose", 'v', NULL, "Print a line for every file", set_verbose},
    {0},
};

// --- The whole ---

void cli_run_args_init(struct cli_run_args *a)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    time_t now = time(NULL);
    struct tm tm;
    *a = (struct cli_run_args){
        .config =
            {
                .rules = {.settle_ms = 2000},
                // So that a core has work while one of them waits for the disk.
                .jobs = cores > 0 ? (unsigned)cores + 1 : 2,
                .grace_ms = 5000,
                .commit = imp_group_limits_default(),
            },
        .mark.spec = imp_mark_spec_default(),
        .include = g_ptr_array_new_with_free_func(g_free),
        .exclude = g_ptr_array_new_with_free_func(g_free),
        .deadline_ms = -1,
    };
    cli_subject_args_init(&a->subject);
    strftime(a->today, sizeof a->today, "%Y-%m-%d", gmtime_r(&now, &tm));
}

void cli_run_args_clear(struct cli_run_args *a)
{
    g_ptr_array_free(a->include, TRUE);
    g_ptr_array_free(a->exclude, TRUE);
    g_free(a->archive);
    cli_place_clear(&a->place);
    cli_subject_args_clear(&a->subject);
    g_free(a->policy);
    g_free(a->redact_rules);
    g_free(a->move_to);
    g_free(a->quarantine);
    g_free(a->mark.text);
    g_free(a->mark.font);
    g_free(a->mark.image);
}

static const char *const *patterns(GPtrArray *list)
{
    if (list->len == 0)
        return NULL;
    g_ptr_array_add(list, NULL);
    return (const char *const *)list->pdata;
}

bool cli_run_args_complete(struct cli_run_args *a, int argc, char **argv)
{
    if (!a->archive && !a->config.dry_run) {
        cli_error("run: --archive ARCHIVE is missing");
        return false;
    }
    if (a->show_values && !a->config.dry_run) {
        cli_error("run: --show-values does nothing without --dry-run");
        return false;
    }
    if (argc < 2) {
        cli_error("run: nothing to scan: want a directory, a file, or - for a "
                  "list on standard input");
        return false;
    }
    if (!cli_mark_args_complete(&a->mark))
        return false;
    if (!cli_subject_args_complete(&a->subject, a->mark.text, &a->config.whose))
        return false;
    if (a->quiet && a->verbose) {
        cli_error("run: --quiet and --verbose exclude each other");
        return false;
    }
    a->config.policy = a->policy;
    a->config.redact_rules = a->redact_rules;
    a->config.name = a->subject.name;
    a->config.rules.columns =
        a->subject.from && strcmp(a->subject.from, "list") == 0;
    a->config.after.dir = a->move_to;
    a->config.quarantine = a->quarantine;
    a->config.mark = a->mark.text || a->mark.image ? &a->mark.spec : NULL;
    a->config.mark_or_skip = a->mark.or_skip;
    a->config.paths = (const char *const *)argv + 1;
    a->config.rules.include = patterns(a->include);
    a->config.rules.exclude = patterns(a->exclude);
    a->config.date = a->today;
    a->mark.spec.max_pixels = a->config.cleaning.limits.max_pixels;
    if (!a->mark.spec.max_pixels)
        a->mark.spec.max_pixels = IMP_DEFAULT_MAX_PIXELS;
    if (!a->config.queue)
        a->config.queue = 2 * (size_t)a->config.jobs;
    return true;
}
