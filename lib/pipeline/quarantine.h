/* quarantine.h - a directory with a copy of each quarantined input, and the
 * reason beside it, for whoever is to look at them.
 *
 * Of each file the directory has KEY, its bytes, and KEY.json:
 *
 *   {"path":"/up/a.jpg","code":"damaged","reason":"...","offset":20,
 *    "format":"jpeg","size":4096,"when":"2026-11-25T16:50:38Z"}
 *
 * KEY is the first 16 hex digits of the SHA-256 of path and stamp (the path, a
 * NUL, "SIZE INODE MTIME_NS"), so that no name says anything, the same file has
 * one copy however often it is tried, and another one that lies at its path
 * later does not touch it. `offset` and `format` are null if they are not
 * known. What cannot be copied (a link, a FIFO) has a stamp of zeros and a
 * reason only. Both are of mode 0600. They are durable before the ledger says
 * quarantined, and go after it says that this file is archived; killed between,
 * a later run makes good either.
 *
 * Thread-safe, but for _open and _free. Two runs may share a directory if they
 * have no uploads in common. */
#ifndef IMP_PIPELINE_QUARANTINE_H
#define IMP_PIPELINE_QUARANTINE_H

#include "base/err.h"
#include "source/source.h"

#include <stdbool.h>

struct imp_quarantine; /* opaque */

/* Open `dir`, made with mode 0700 if missing, and sweep what a killed run left
 * half copied. IMP_ERR_CONFIG if others may enter it. NULL with `err`. */
struct imp_quarantine *imp_quarantine_open(const char *dir,
                                           struct imp_err *err);
void imp_quarantine_free(struct imp_quarantine *q); /* NULL is fine */

/* Copy the job's file, and say `why`, durably, in place of what was there of
 * this same file. If the stamp has no inode, there is nothing to copy: a reason
 * only. No more is copied than the file's size when it is opened. False if that
 * failed: never with a code that means quarantined, but IMP_ERR_UNSETTLED if
 * the file is not the one that was found or changes meanwhile. */
bool imp_quarantine_put(struct imp_quarantine *q, const struct imp_job *job,
                        const struct imp_err *why, const char *format,
                        struct imp_err *err);

/* Remove what there is of the file that had this stamp at `path`. Nothing is
 * success. */
bool imp_quarantine_drop(struct imp_quarantine *q, const char *path,
                         const struct imp_stamp *stamp, struct imp_err *err);

#endif
