/* internal.h - what the stages of one run share. Not for other modules. */
#ifndef IMP_PIPELINE_INTERNAL_H
#define IMP_PIPELINE_INTERNAL_H

#include "archive/target.h"
#include "deid/policy.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "ledger/recorder.h"
#include "ledger/suspects.h"
#include "pipeline/quarantine.h"
#include "pipeline/run.h"
#include "sync/chan.h"
#include "sync/context.h"
#include "sync/counter.h"
#include "sync/waitgroup.h"

#include <pthread.h>

struct imp_run {
    const struct imp_run_config *config;

    /* Set up by _new, torn down by _free. */
    struct imp_target *target;
    struct imp_ledger *ledger;
    struct imp_journal *journal; /* NULL in a dry run */
    struct imp_ledger *known;    /* the producer's view of the ledger */
    struct imp_policy *policy;
    struct imp_redact_rules *redact; /* NULL: none */
    struct imp_clean_rules cleaning; /* with the policy's filled in */
    struct imp_whose *whose;
    struct imp_template *name;         /* NULL: by the digest */
    struct imp_marker *marker;         /* NULL: no mark */
    struct imp_leaver *leaver;         /* NULL: sources stay */
    struct imp_quarantine *quarantine; /* NULL: no directory for it */
    struct imp_inflight *inflight;     /* NULL in a dry run */
    struct imp_suspects suspects;      /* not changed once the run has begun */
    int64_t id;
    bool other_recipe;
    uint64_t taken_up;

    /* `scan` ends with the caller's context; `work` a grace later;
     * `background` never. */
    struct imp_ctx *scan, *work, *background;
    struct imp_ctx *over; /* ends with the run */
    pthread_t grace;      /* cancels `work` a grace after `scan` */
    bool grace_runs;
    struct imp_archive_at archive; /* config's; waits end with `work` */
    struct imp_chan *jobs, *results;
    struct imp_chan *window, *ordered; /* the sequencer's, or NULL */
    uint64_t next_number;              /* the producer's */
    struct imp_waitgroup workers;
    struct imp_waitgroup in_hand; /* jobs sent whose results were not yet */

    /* The first that concerns the whole run, of the producer and of the
     * recorder; read after they have ended. */
    struct imp_err scan_trouble, trouble;
    unsigned unsettled; /* sources that left since the last settling */

    struct imp_counter scanned, outcome[IMP_OUTCOMES], still_quarantined;
    struct imp_counter still_failed, unmarked;
    struct imp_counter sources_removed, sources_changed, sources_failed;
    struct imp_counter bytes_in, bytes_out;
};

/* The sequencer's thread, if the target is `ordered`: from `results` to
 * `ordered`, which it closes when `results` is closed. */
void imp_sequence(struct imp_run *run);

/* How many numbered inputs may be under way. */
size_t imp_sequence_width(const struct imp_run_config *config);

/* Producer: the number of what is sent next, as a job or a result; each must
 * become a result. Waits for a place in the window; false if `ctx` is cancelled
 * before there is one. */
bool imp_sequence_number(struct imp_run *run, struct imp_ctx *ctx,
                         uint64_t *number);

/* From here on, until _end (which may come without), a cancel of `scan` cancels
 * `work` a grace later. */
bool imp_grace_start(struct imp_run *run, struct imp_err *err);
void imp_grace_end(struct imp_run *run);

/* The producer's thread: walks the sources, sends jobs, closes the channel. */
void imp_produce(struct imp_run *run);

/* What one worker keeps from image to image. */
struct imp_worker;
struct imp_worker *imp_worker_new(struct imp_run *run, unsigned slot,
                                  struct imp_err *err);
void imp_worker_free(struct imp_worker *w);

/* De-identify, mark and stage one image. Always gives a result, which the
 * caller sends to the recorder; NULL only without memory. Takes `job`. */
struct imp_result *imp_worker_process(struct imp_worker *w,
                                      struct imp_job *job);

/* Its result was sent. */
void imp_worker_sent(struct imp_worker *w);

/* A result without an image: of what a source could not look at, or of a job
 * that no worker took. NULL without memory. */
struct imp_result *imp_result_of_error(const char *path,
                                       const struct imp_stamp *stamp,
                                       const struct imp_err *err);
struct imp_result *imp_result_of_job(const struct imp_job *job,
                                     const struct imp_err *err);

/* Give a result to the recorder. None may get lost: without memory for one
 * (NULL) the program ends. */
void imp_run_send_result(struct imp_run *run, struct imp_result *r);

/* The result is to be QUARANTINED: put a copy, or with an empty stamp a reason
 * only, into the directory for that, if there is one. If that fails the
 * outcome is another. */
void imp_run_quarantine(struct imp_run *run, const struct imp_job *job,
                        struct imp_result *r);

/* IMP_ERR_CONFIG if one of the run's places lies where it must not. */
bool imp_run_kept_apart(const struct imp_run_config *config,
                        struct imp_err *err);

/* Make ledger and archive agree, before the first image. IMP_ERR_CONFIG or
 * IMP_ERR_IO if they cannot: nothing in the archive was removed then but what
 * a power cut has torn. */
bool imp_run_agree(struct imp_run *run, struct imp_err *err);

/* Count an input whose outcome is final, and tell the caller's on_event. */
void imp_run_tell(struct imp_run *run, const struct imp_event *event);

#endif
