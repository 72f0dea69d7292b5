/* verify_internal.h - what the parts of one verification share. Not for others.
 */
#ifndef IMP_PIPELINE_VERIFY_INTERNAL_H
#define IMP_PIPELINE_VERIFY_INTERNAL_H

#include "archive/target.h"
#include "deid/policy.h"
#include "ledger/census.h"
#include "ledger/examine.h"
#include "pipeline/verify.h"
#include "sync/chan.h"
#include "sync/context.h"
#include "sync/counter.h"

#include <pthread.h>

/* A policy that objects are checked by. */
struct imp_verify_policy {
    struct imp_digest digest; /* as it was recorded */
    struct imp_policy *policy;
};

/* --- verify_policies.c --- */

struct imp_verify_policies {
    struct imp_verify_policy *item;
    size_t n, cap;
    size_t fallback; /* where the one for unknown objects is; the ones before it
                        are named by ledger or bag */
};

/* Of the ledger (NULL: none), of the bag, and the one for unknown objects. What
 * cannot be used is told as a note. */
bool imp_verify_policies_load(struct imp_verify *v, struct imp_err *err);
void imp_verify_policies_clear(struct imp_verify_policies *p);

/* --- verify_lists.c --- */

/* Fill the census. IMP_ERR_BUSY if a run has changed archive or ledger
 * meanwhile. */
bool imp_verify_take_lists(struct imp_verify *v, struct imp_err *err);

/* Compare what the lists say of each name, and send what is to be read. */
bool imp_verify_compare(struct imp_verify *v, struct imp_err *err);

/* --- verify_object.c --- */

/* An object to be read. */
struct imp_verify_task {
    struct imp_object object; /* owns the name */
    bool listed, recorded;    /* by the manifest, the ledger */
    struct imp_digest listed_digest;
    struct imp_digest policy[IMP_CENSUS_POLICIES];
    size_t n_policies;
    bool overlaid; /* its mark is an overlay, says the ledger */
};

void imp_verify_task_free(struct imp_verify_task *task);

/* What one thread keeps from object to object. */
struct imp_verify_reader;
struct imp_verify_reader *imp_verify_reader_new(struct imp_verify *v,
                                                struct imp_err *err);
void imp_verify_reader_free(struct imp_verify_reader *r);

/* Read the task's object and tell what is wrong with it; frees the task. False
 * without memory. */
bool imp_verify_read(struct imp_verify_reader *r, struct imp_verify_task *task,
                     struct imp_err *err);

/* --- verify.c --- */

struct imp_verify {
    const struct imp_verify_config *config;
    struct imp_ctx *ctx; /* cancelled when the caller's is, or by an error */
    struct imp_target *target;
    struct imp_ledger *ledger; /* NULL: there is none, or it cannot be read */
    struct imp_census *census;
    struct imp_verify_policies policies;
    struct imp_chan *tasks;

    bool agrees;   /* the ledger knows the manifest as its own */
    bool finished; /* the ledger's last run has written its manifest */
    bool settled;  /* no run of this ledger was interrupted: all that it and the
                      manifest say must be so. What a run of another one left,
                      or leaves now, neither of them has */
    bool cut_off;  /* the manifest is missing or could not be read to its end */
    bool not_walked; /* nor could the payload */
    bool half_read;  /* nor could the ledger */
    bool dirty;      /* the ledger holds what the manifest may lack */

    pthread_mutex_t mu; /* one finding at a time */
    struct imp_counter objects, to_read, read, bytes, rows, lines;
    struct imp_counter overlaid; /* objects with an overlay as a mark is, which
                                    no ledger says that it is */
    struct imp_counter findings, notes;
};

/* Tell a finding or a note; any thread. */
void imp_verify_tell(struct imp_verify *v, enum imp_finding_kind kind,
                     const char *object, const char *fmt, ...) IMP_PRINTF(4, 5);

#endif
