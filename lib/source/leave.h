/* leave.h - what becomes of a source once its image is archived: it stays, is
 * moved to another directory, or is deleted.
 *
 * Nothing in the archive itself is touched: a list may name what lies there.
 *
 * Only the file that was read is touched: what lies at the path now must have
 * the size, inode, modification and change time of the job's stamp. It is
 * reached component by component below the job's root and no link is followed.
 * Between that look and the unlink or rename that comes next, with nothing in
 * between, there is a moment in which somebody may put another file there: no
 * call of Linux removes a name only if it means a certain file. Whoever writes
 * to a file that has been read, keeping it open, is not noticed either.
 *
 * Moved is to DIR/<path below the job's root>. Directories missing there are
 * made with mode 0700, as uploads are private; those that exist stay as they
 * are, and so do the emptied ones of the uploads. Nothing is overwritten: if
 * the name is taken by a file of the same bytes (an interrupted move), the
 * source is removed; by anything else, it stays, with an error.
 *
 * To another file system a file is copied: written to a temporary in
 * DIR/.imgpipe-moving, with owner (as far as allowed), mode and times, made
 * durable, the source compared with its stamp once more, the copy renamed to
 * its place, that made durable, and only then the source unlinked. Killed
 * anywhere, the source is there or its copy is, whole and durable; the
 * temporary goes with the next imp_leaver_new. Extended attributes and access
 * lists are not copied. */
#ifndef IMP_SOURCE_LEAVE_H
#define IMP_SOURCE_LEAVE_H

#include "source/source.h"

#include <stdbool.h>

enum imp_after { IMP_AFTER_KEEP, IMP_AFTER_MOVE, IMP_AFTER_DELETE };

/* `{0}` keeps. */
struct imp_after_rule {
    enum imp_after what;
    const char *dir;     /* for MOVE: made if missing */
    const char *archive; /* a file or directory, resolved, in which nothing is
                            touched; NULL: none */
};

/* What became of one source. */
enum imp_left {
    IMP_LEFT_DONE,    /* moved or deleted */
    IMP_LEFT_GONE,    /* nothing is at its path any more */
    IMP_LEFT_CHANGED, /* stays: not the file that was read (IMP_ERR_UNSETTLED)
                       */
    IMP_LEFT_FAILED,  /* stays, or may: see `err` (IMP_ERR_IO, _MEMORY,
                         _CONFIG) */
};

struct imp_leaver; /* opaque; one thread */

/* For MOVE or DELETE; KEEP is a bug. Makes DIR and sweeps what an interrupted
 * move left there. Two programs may share a DIR. NULL with `err`. */
struct imp_leaver *imp_leaver_new(const struct imp_after_rule *rule,
                                  struct imp_err *err);

/* Move or delete the job's file. When this returns, the removal itself may not
 * be durable yet (see _settle): after a power cut the source may be back, but
 * never gone without its image or its copy. `err` is set for CHANGED and
 * FAILED. */
enum imp_left imp_leave(struct imp_leaver *l, const struct imp_job *job,
                        struct imp_err *err);

/* Make durable what was done since the last call: one fsync for each directory
 * that lost or got a name. False if it could not be. */
bool imp_leaver_settle(struct imp_leaver *l, struct imp_err *err);

/* Removes what is left of temporaries; NULL is fine. Settle first. */
void imp_leaver_free(struct imp_leaver *l);

#endif
