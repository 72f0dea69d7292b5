/* verify.h - is the whole archive what it should be? Every object is read
 * again: its digest, its name, and whether its policy would find anything to
 * remove. What the manifest lists, what the ledger has recorded and what is
 * there are compared, and the tag files, the ledger and the audit log checked.
 *
 *   struct imp_verify *v = imp_verify_new(&config, ctx, &err);
 *   imp_verify_go(v, &err);
 *   imp_verify_counts(v, &counts);
 *   imp_verify_free(v);
 *
 * Nothing is changed, and no run is held up: the ledger's lock is held only
 * while the ledger is opened. If a run has it then, or begins before the lists
 * are compared, that is IMP_ERR_BUSY, or it is waited for. Objects are never
 * changed by a run, so that one may go on while they are read. What a killed
 * run has not finished is a note, as long as there is a ledger by which the
 * next one will; if that ledger's own last run has finished, then only objects
 * that no list has: they are of a run of another state directory. Memory does
 * not grow with the archive. */
#ifndef IMP_PIPELINE_VERIFY_H
#define IMP_PIPELINE_VERIFY_H

#include "archive/target.h"
#include "pipeline/clean.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_ctx;
struct imp_verify; /* opaque */

enum imp_finding_kind {
    IMP_FOUND_MISSING,     /* an object that should be there is not */
    IMP_FOUND_UNLISTED,    /* one is there that the manifest does not list */
    IMP_FOUND_STRAY,       /* something in the payload that is no object */
    IMP_FOUND_DISAGREE,    /* manifest and ledger do not say the same */
    IMP_FOUND_CHANGED,     /* its bytes are others */
    IMP_FOUND_NAME,        /* its name is not that of its digest and format */
    IMP_FOUND_UNREADABLE,  /* it cannot be read */
    IMP_FOUND_DAMAGED,     /* it is no whole image */
    IMP_FOUND_IDENTIFYING, /* its policy would remove something */
    IMP_FOUND_TAG,         /* in a tag file */
    IMP_FOUND_LEDGER,      /* in the ledger */
    IMP_FOUND_AUDIT,       /* in the audit log */
    IMP_FOUND_NOTE,        /* nothing wrong, but good to know */
};
#define IMP_FOUND_KINDS 13

/* "missing", "unlisted", ...: as reports have it. */
const char *imp_finding_name(enum imp_finding_kind kind);

struct imp_finding {
    enum imp_finding_kind kind;
    const char *object; /* name in the payload, perhaps a stranger's; or NULL */
    const char *text;   /* what is wrong, with found and wanted */
};

struct imp_verify_config {
    struct imp_archive_at archive;
    const char *state;  /* need not be there: then the archive alone is checked,
                           and a note says so */
    const char *policy; /* for objects of which no policy is known; a preset or
                           a file; NULL: strict */
    struct imp_clean_rules cleaning;
    unsigned jobs; /* threads that read, 1 or more */
    double sample; /* the part of the objects that is read: 1 is all */
    uint64_t seed; /* decides which: the same seed reads the same ones */
    bool wait;     /* for a run that has the archive */

    /* Called from several threads, one at a time. */
    void (*on_finding)(void *self, const struct imp_finding *finding);
    void *self;
};

struct imp_verify_counts {
    uint64_t objects;       /* names in the lists and the payload */
    uint64_t to_read, read; /* objects that are there and in the sample */
    uint64_t bytes;         /* read */
    uint64_t rows;          /* objects in the ledger */
    uint64_t lines;         /* in the audit log */
    uint64_t findings, notes;
};

/* Open archive and ledger. NULL with `err` if it cannot start: IMP_ERR_BUSY,
 * IMP_ERR_CONFIG (no archive; a state of another), IMP_ERR_IO. A cancel of
 * `ctx` ends the wait, and later _go; it must outlive it, as must all
 * that `config` points to. */
struct imp_verify *imp_verify_new(const struct imp_verify_config *config,
                                  struct imp_ctx *ctx, struct imp_err *err);

/* Look at everything. True if all was looked at, whatever was found. False with
 * `err` if not: IMP_ERR_CANCELLED, IMP_ERR_BUSY, IMP_ERR_MEMORY, IMP_ERR_IO. */
bool imp_verify_go(struct imp_verify *v, struct imp_err *err);

/* A snapshot; any thread, also while it goes on. */
void imp_verify_counts(struct imp_verify *v, struct imp_verify_counts *out);

void imp_verify_free(struct imp_verify *v); /* NULL is fine */

#endif
