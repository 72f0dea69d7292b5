/* audit.h - the log of what was done: a file of lines, each of which has the
 * hash of the line before.
 *
 * It is `audit.log` in the state directory (mode 0600, only ever appended to);
 * when it has grown large it becomes `audit.log.000001` and so on, and the next
 * one goes on where it ends. Each line is one JSON object:
 *
 *   {"seq":7,"time":"2026-11-25T16:40:27Z","host":"h","user":"u","run":2,
 *    "op":"image","input":5,"outcome":"archived","after":"delete",
 *    "code":"damaged","object":DIGEST,"format":"jpeg","route":"splice",
 *    "removed":["EXIF GPS IFD",...],"removed_more":3,"policy":DIGEST,
 *    "crc":"1a2b3c4d","prev":DIGEST}
 *
 * in this order, without blanks; what does not apply is left out. `seq` grows
 * from line to line. `removed_more` counts the names that the line had no room
 * for. `crc` is the CRC-32 of the line up to its comma: it tells that the last
 * line, which has none behind it, is whole. `prev` is the SHA-256 of the line
 * before, without its newline; in the first line of all it is zeros. No line
 * has a path or a value out of an image.
 *
 * What has been written may be a crash's torn line: it is cut off by the next
 * _open, and is no part of the log. */
#ifndef IMP_LEDGER_AUDIT_H
#define IMP_LEDGER_AUDIT_H

#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_ctx;
struct imp_audit; /* opaque */

#define IMP_AUDIT_FILE "audit.log"
#define IMP_AUDIT_ROTATE_AT ((uint64_t)64 << 20) /* bytes */
#define IMP_AUDIT_LINE_MAX ((size_t)64 << 10)    /* with the newline */

/* A place in the log: a line's number and hash. */
struct imp_audit_mark {
    uint64_t seq; /* 0: before the first line; then `hash` is zeros */
    struct imp_digest hash;
};

/* What one line is to say, but for host and user, which are the program's own.
 * All is borrowed; NULL and 0 are left out, but for `seq`, `at` and `op`. */
struct imp_audit_entry {
    uint64_t seq;        /* 1 or more */
    int64_t at;          /* seconds since the epoch */
    int64_t run;         /* the ledger's id of the run */
    const char *op;      /* "image", "run", "end", "source", ... */
    int64_t input;       /* the ledger's id of the input */
    const char *outcome; /* imp_outcome_name */
    const char *after;   /* what is to become of the source: "move", "delete" */
    const char *code;    /* imp_code_name */
    const struct imp_digest *object;
    const char *format, *route;
    const char *removed; /* the names of parts, each but the last followed by
                            a newline, as the ledger has them */
    const struct imp_digest *policy;
};

/* --- writing --- */

/* Open or create the log in `state_dir` (borrowed), whose lock the caller holds
 * until _close, and start the thread that writes. It looks at the end of the
 * log alone: what is torn there is cut off, durably. IMP_ERR_CONFIG if the last
 * whole line is none of ours or not as it was written, or if a file of the log
 * is open to others; nothing is changed then. The log is given another file at
 * `rotate_at` bytes; 0: IMP_AUDIT_ROTATE_AT. NULL with `err`. */
struct imp_audit *imp_audit_open(int state_dir, uint64_t rotate_at,
                                 struct imp_err *err);

/* The last line that is known to be durable. Any thread. */
struct imp_audit_mark imp_audit_last(struct imp_audit *a);

/* Write `e` behind what was sent before. Returns at once unless the thread that
 * writes is far behind; only _flush tells whether it was written. Any thread;
 * but numbers must arrive growing, so that threads which send at the same time
 * take their number and send under a lock of their own. */
void imp_audit_send(struct imp_audit *a, const struct imp_audit_entry *e);

/* Wait until all that was sent before is durable. On false it may not be, and
 * the log is broken for good: nothing is written any more, and every later
 * _flush fails for the same reason. Then the log is cut back to imp_audit_last,
 * as far as the disk lets it, so that the next _open finds no line of which
 * nobody knows whether it is on the disk. No context: what the ledger holds
 * must be told, whatever was cancelled. Any thread. */
bool imp_audit_flush(struct imp_audit *a, struct imp_err *err);

/* Flush, end the thread and free. No thread may send or flush any more. The
 * result is that of the flush; NULL is fine, and true. */
bool imp_audit_close(struct imp_audit *a, struct imp_err *err);

/* --- verifying --- */

enum imp_audit_fault {
    IMP_AUDIT_MISSING,   /* a file of the log is not there */
    IMP_AUDIT_NO_LINE,   /* not of the form above */
    IMP_AUDIT_CHANGED,   /* of the form, but its `crc` is another */
    IMP_AUDIT_UNCHAINED, /* its `prev` is not the hash of the line before: that
                            one was changed, or one was put in or removed
                            between */
    IMP_AUDIT_ORDER,     /* its number is not larger than the one before */
    IMP_AUDIT_TORN,      /* no newline ends the log: a crash, or a run that is
                            writing now */
    IMP_AUDIT_BEHIND,    /* the log ends before the line that was expected */
    IMP_AUDIT_OTHER,     /* the line that was expected is another, or missing */
};
#define IMP_AUDIT_FAULTS 8

/* "missing", "no line", ... */
const char *imp_audit_fault_name(enum imp_audit_fault fault);

struct imp_audit_finding {
    enum imp_audit_fault fault;
    const char *file; /* its name in the state directory; borrowed */
    uint64_t line;    /* in this file, from 1; 0: the file as a whole */
    uint64_t seq;     /* 0: not known */
    char text[200];   /* what is wrong, with found and wanted */
};

/* False stops the verification. */
typedef bool (*imp_audit_finding_fn)(void *self,
                                     const struct imp_audit_finding *finding,
                                     struct imp_err *err);

struct imp_audit_summary {
    uint64_t files, lines, bytes, findings;
    struct imp_audit_mark last; /* the last line that has a number */
};

/* Read the whole log in `state_dir`, which may be written meanwhile, and tell
 * `fn` all that is wrong. `expect` is a line that is known to have been written
 * (NULL: none is), so that it is seen if the log was cut off at its end; what
 * comes behind it was written since. A clock that was set back is not a
 * finding. IMP_ERR_CONFIG if there is no log and none is expected, or if a file
 * of it is open to others; IMP_ERR_CANCELLED once `ctx` is. Memory does not
 * grow with the log. */
bool imp_audit_verify(int state_dir, const struct imp_audit_mark *expect,
                      imp_audit_finding_fn fn, void *self, struct imp_ctx *ctx,
                      struct imp_audit_summary *out, struct imp_err *err);

#endif
