/* inflight.h - what the workers have in their hands, noted so that it outlives
 * them: an image that kills the program must not do so for ever.
 *
 * The file `in-flight` in the state directory has one slot per worker. A worker
 * notes its input there before it starts on it and clears the slot once it has
 * sent the result: what comes after is the same for every image, and no work on
 * this one's bytes. A slot that is not empty at the next start names an input
 * that was being worked on when the program died.
 *
 * The slots are mapped, as the ledger's own -shm file in that directory is:
 * whoever notes must not wait for another slot, nor each time for the disk to
 * which a page of them is just being written. Nothing is synced: it is the end
 * of the process that matters, and what it stored the kernel has. After a power
 * cut, or on a disk that is full, a slot may be missing, or name an input that
 * was done; either is harmless. */
#ifndef IMP_LEDGER_INFLIGHT_H
#define IMP_LEDGER_INFLIGHT_H

#include "base/err.h"
#include "base/stamp.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_inflight; /* opaque */

/* Open or create it, with mode 0600, in the directory `state`, whose lock the
 * caller holds. NULL with `err` (IMP_ERR_CONFIG if it is open to others). */
struct imp_inflight *imp_inflight_open(const char *state, struct imp_err *err);

/* Closes; the file is empty after an _end. No thread may be in a _hold or
 * _release, or call them later. NULL is fine. */
void imp_inflight_free(struct imp_inflight *f);

/* The number of the run that left slots behind; 0: the last one ended well. */
bool imp_inflight_left_by(struct imp_inflight *f, int64_t *run,
                          struct imp_err *err);

/* Call `fn` for each slot that it left filled; `path` is borrowed, and of the
 * stamp the change time is not known. What was half written is passed over: its
 * worker had not started. False stops the walk. */
typedef bool (*imp_inflight_fn)(void *self, const char *path,
                                const struct imp_stamp *stamp,
                                struct imp_err *err);
bool imp_inflight_each(struct imp_inflight *f, imp_inflight_fn fn, void *self,
                       struct imp_err *err);

/* Forget them, and make room for `slots` workers of the run `run` (1 or more).
 * Once for each _open; one of them at a time in a process. */
bool imp_inflight_start(struct imp_inflight *f, int64_t run, unsigned slots,
                        struct imp_err *err);

/* After _start: fill the slot, and clear it. Each slot belongs to one thread. A
 * path that is longer than a slot is not noted. */
void imp_inflight_hold(struct imp_inflight *f, unsigned slot, const char *path,
                       const struct imp_stamp *stamp);
void imp_inflight_release(struct imp_inflight *f, unsigned slot);

/* After _start: the run ends, and has nothing in its hands. What a _hold notes
 * later is not found. */
void imp_inflight_end(struct imp_inflight *f);

#endif
