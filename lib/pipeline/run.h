/* run.h - one run: producer, workers and recorder wired together.
 *
 *   struct imp_run *run = imp_run_new(&config, ctx, &err);   set up, or say why
 *   imp_run_go(run, &err);                                   scan to the end
 *   imp_run_counts(run, &counts);                            what came of it
 *   imp_run_free(run);
 *
 * Memory is bounded by the configuration: (jobs + queue) times the size of an
 * image, whatever their number; what is staged as files waits for one group
 * more. */
#ifndef IMP_PIPELINE_RUN_H
#define IMP_PIPELINE_RUN_H

#include "archive/target.h"
#include "base/outcome.h"
#include "ledger/recorder.h"
#include "mark/mark.h"
#include "pipeline/clean.h"
#include "pipeline/whose.h"
#include "source/leave.h"
#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_ctx;

/* What became of one input, told as it is final. All borrowed. */
struct imp_event {
    const char *path; /* identifying: for the operator's eyes only */
    enum imp_outcome outcome;
    const struct imp_err *err; /* the reason, or NULL */
    const char *skip;          /* why it was skipped, or NULL */
    const char *name;          /* of the object, if archived or duplicate */
};

/* An input is in the archive, and `after` said that its source be moved or
 * deleted: it stays. All borrowed. */
struct imp_kept {
    const char *path;
    bool changed; /* it is no more the file that was read: the next run's */
    const struct imp_err *err; /* why */
};

struct imp_inspection;

struct imp_run_config {
    struct imp_archive_at archive; /* "bag:DIR" or a path, ... */
    const char *state;             /* state directory */
    const char *policy;            /* a preset or a file; NULL: strict */

    /* Do everything but write: no archive is needed or touched, and the state
     * is only read. `archive.spec` and `state` may then be NULL. */
    bool dry_run;

    const char *const *paths; /* NULL-ended: directories and files; "-" is the
                                 list on standard input */
    bool nul_ended;           /* the list's names end in NUL, not newline */
    struct imp_source_rules rules;

    unsigned jobs; /* workers, 1 or more */
    size_t queue;  /* capacity of the jobs channel, 1 or more */
    int64_t grace_ms;
    struct imp_group_limits commit; /* when the recorder commits */
    bool wait;                      /* for the lock, rather than IMP_ERR_BUSY */
    bool retry_quarantined;
    bool pass_failed; /* what failed before is skipped */

    struct imp_after_rule after; /* what becomes of sources, once archived */
    /* A directory that gets a copy of what is quarantined, and the reason; see
     * quarantine.h. NULL: none. */
    const char *quarantine;

    struct imp_whose_config whose; /* subjects, and what is known of them */
    /* A template of the objects' names; NULL: {subject}/, if there are
     * subjects, and a name of the digest. */
    const char *name;

    struct imp_clean_rules cleaning;  /* its `redact` comes from: */
    const char *redact_rules;         /* a file, redact_rules.h; NULL: none */
    const struct imp_mark_spec *mark; /* NULL: pixels stay as they are */
    bool mark_or_skip; /* what is of a kind that cannot be marked goes on
                          without it, rather than to be quarantined */
    const char *date;  /* of {date}: 2026-11-22 */

    /* Called from several threads at once; must not block for long. */
    void (*on_event)(void *self, const struct imp_event *event);
    /* After the input's event, on one thread. */
    void (*on_kept)(void *self, const struct imp_kept *kept);
    /* Of every image, before its event, on a worker's thread: part by part what
     * becomes of it. NULL: not wanted, which saves the time. All borrowed. */
    void (*on_inspection)(void *self, const char *path,
                          const struct imp_inspection *inspection);
    void *self;
};

struct imp_run_counts {
    uint64_t scanned; /* the sum of `outcome`, once the run is over */
    uint64_t outcome[IMP_OUTCOMES];
    uint64_t still_quarantined; /* of the skipped: quarantined before */
    uint64_t still_failed;      /* of the skipped: failed before */
    /* Sources of what is in the archive, by this run or an earlier one, that
     * were to go by the rule `after`: moved or deleted; kept because they have
     * changed; kept because it failed. */
    uint64_t sources_removed, sources_changed, sources_failed;
    uint64_t unmarked; /* went on without the mark: `mark_or_skip` */
    uint64_t bytes_in, bytes_out;
    uint64_t queued;    /* jobs waiting now */
    int64_t run;        /* the run's number in the ledger */
    bool other_recipe;  /* an earlier run had another policy, mark, ... */
    uint64_t taken_up;  /* objects that this ledger did not know, when the run
                           began */
    bool dates_removed; /* the policy shifts dates, and no subject's offset is
                           known: they are removed */
};

struct imp_run; /* opaque */

/* Open ledger and archive, load the policy and the mark. NULL with `err`
 * (IMP_ERR_BUSY: another run has the archive) if it cannot start. Copies
 * nothing: `config` and what it points to must outlive the run. A cancel of
 * `ctx` ends a wait for the lock, and later the scan; it must outlive the run.
 */
struct imp_run *imp_run_new(const struct imp_run_config *config,
                            struct imp_ctx *ctx, struct imp_err *err);

/* Scan all sources, process all images, commit them all. A cancel of _new's
 * `ctx` stops the scan; images in flight get `grace_ms` to finish. False with
 * `err` if the ledger or the archive could not be completed: what was committed
 * before stays. A source that cannot be read is one input that failed. */
bool imp_run_go(struct imp_run *run, struct imp_err *err);

/* A snapshot; any thread, at any time during the run. */
void imp_run_counts(struct imp_run *run, struct imp_run_counts *out);

void imp_run_free(struct imp_run *run);

/* The default state directory of an archive:
 * $XDG_STATE_HOME/imgpipe/NAME-DIGITS, where NAME is the archive's last path
 * component and DIGITS come from its whole path. The caller frees it. */
char *imp_run_default_state(const struct imp_archive_at *archive,
                            struct imp_err *err);

#endif
