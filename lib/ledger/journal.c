#include "ledger/journal.h"

#include "ledger/entries.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// meta: the highest number that a row has, and "NUMBER HASH" of the last line
// that was durable when the ledger was written.
#define SEQ "audit_seq"
#define MARK "audit_mark"

struct imp_journal {
    struct imp_ledger *ledger;
    struct imp_audit *audit;
    uint64_t taken; // the highest number
    uint64_t noted; // of it, what the ledger has
};

// --- What the ledger knows of its log ---

static bool get_seq(struct imp_ledger *l, uint64_t *seq, struct imp_err *err)
{
    char *text = NULL;
    if (!imp_ledger_get_meta(l, SEQ, &text, err))
        return false;
    *seq = text ? strtoull(text, NULL, 10) : 0;
    free(text);
    return true;
}

static bool parse_mark(const char *text, struct imp_audit_mark *mark,
                       struct imp_err *err)
{
    char hex[IMP_SHA256_HEX];
    return (sscanf(text, "%" SCNu64 " %64s", &mark->seq, hex) == 2 &&
            imp_digest_parse(hex, strlen(hex), &mark->hash)) ||
           imp_fail(err, IMP_ERR_IO, "ledger: " MARK " is of no known form");
}

bool imp_journal_expected(struct imp_ledger *l, struct imp_audit_mark *mark,
                          uint64_t *highest, struct imp_err *err)
{
    char *text = NULL;
    *mark = (struct imp_audit_mark){0};
    if (!get_seq(l, highest, err) || !imp_ledger_get_meta(l, MARK, &text, err))
        return false;
    bool ok = !text || parse_mark(text, mark, err);
    free(text);
    return ok;
}

bool imp_journal_note(struct imp_journal *j, struct imp_err *err)
{
    char text[32 + IMP_SHA256_HEX], hex[IMP_SHA256_HEX];
    if (!j)
        return true;
    const struct imp_audit_mark last = imp_audit_last(j->audit);
    imp_digest_hex(&last.hash, hex);
    snprintf(text, sizeof text, "%" PRIu64 " %s", last.seq, hex);
    if (!imp_ledger_put_meta(j->ledger, MARK, text, err))
        return false;
    snprintf(text, sizeof text, "%" PRIu64, j->taken);
    return imp_ledger_put_meta(j->ledger, SEQ, text, err);
}

// --- Numbers and lines ---

uint64_t imp_journal_next(const struct imp_journal *j)
{
    return j ? j->taken + 1 : 0;
}

void imp_journal_take(struct imp_journal *j)
{
    if (j)
        j->taken++;
}

void imp_journal_undo(struct imp_journal *j)
{
    if (j)
        j->taken = j->noted;
}

void imp_journal_tell(struct imp_journal *j, const struct imp_audit_entry *e)
{
    if (!j)
        return;
    j->noted = j->taken;
    imp_audit_send(j->audit, e);
}

bool imp_journal_flush(struct imp_journal *j, struct imp_err *err)
{
    return !j || imp_audit_flush(j->audit, err);
}

// The ledger is told afterwards: that a run has ended is no claim about the
// archive, so a crash between may leave the log one line ahead.
bool imp_journal_end(struct imp_journal *j, int64_t run, const char *outcome,
                     struct imp_err *err)
{
    if (!j)
        return true;
    const struct imp_audit_entry e = {.seq = imp_journal_next(j),
                                      .at = time(NULL),
                                      .run = run,
                                      .op = "end",
                                      .outcome = outcome};
    imp_journal_take(j);
    imp_journal_tell(j, &e);
    bool ok = imp_journal_flush(j, err) && imp_ledger_begin(j->ledger, err) &&
              imp_journal_note(j, err) && imp_ledger_commit(j->ledger, err);
    if (!ok)
        imp_ledger_rollback(j->ledger);
    return ok;
}

// --- What the log lacks ---

static const char *column_text(struct sqlite3_stmt *s, int at)
{
    return (const char *)sqlite3_column_text(s, at);
}

bool imp_journal_row(struct sqlite3_stmt *s, struct imp_journal_row *row,
                     struct imp_err *err)
{
    bool has_object = sqlite3_column_type(s, 7) != SQLITE_NULL;
    bool has_policy = sqlite3_column_type(s, 11) != SQLITE_NULL;
    if ((has_object && !imp_db_column_digest(s, 7, &row->object, err)) ||
        (has_policy && !imp_db_column_digest(s, 11, &row->policy, err)))
        return false;
    row->says = (struct imp_audit_entry){
        .seq = (uint64_t)sqlite3_column_int64(s, 0),
        .op = column_text(s, 1),
        .at = sqlite3_column_int64(s, 2),
        .run = sqlite3_column_int64(s, 3),
        .input = sqlite3_column_int64(s, 4),
        .outcome = column_text(s, 5),
        .code = column_text(s, 6),
        .object = has_object ? &row->object : NULL,
        .format = column_text(s, 8),
        .route = column_text(s, 9),
        .removed = column_text(s, 10),
        .policy = has_policy ? &row->policy : NULL,
        .after = column_text(s, 12),
    };
    return true;
}

static bool catch_up(struct imp_journal *j, uint64_t from, struct imp_err *err)
{
    struct imp_db *db = &j->ledger->db;
    struct sqlite3_stmt *s = imp_db_get(db, IMP_SQL_LINES_SINCE, err);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)from);
    for (;;) {
        bool more;
        struct imp_journal_row row;
        if (!imp_db_step(db, s, &more, err))
            return false;
        if (!more)
            return imp_audit_flush(j->audit, err);
        if (!imp_journal_row(s, &row, err)) {
            imp_db_done(s);
            return false;
        }
        imp_audit_send(j->audit, &row.says);
    }
}

// --- Open and close ---

// What the ledger knows to be durable no crash takes: somebody has. Written
// anew from the ledger, the log would look as if nothing had happened.
static bool check_end(struct imp_journal *j, uint64_t *highest,
                      struct imp_err *err)
{
    struct imp_audit_mark known, last = imp_audit_last(j->audit);
    if (!imp_journal_expected(j->ledger, &known, highest, err))
        return false;
    bool same = memcmp(&known.hash, &last.hash, sizeof known.hash) == 0;
    if (last.seq > known.seq || (last.seq == known.seq && same))
        return true;
    return imp_fail(err, IMP_ERR_CONFIG,
                    "audit log: its end is line %" PRIu64
                    ", the ledger knows of %s line %" PRIu64
                    "; 'imgpipe audit verify' tells more; put the whole log "
                    "back, or go on with another --state",
                    last.seq, last.seq == known.seq ? "another" : "a later",
                    known.seq);
}

struct imp_journal *imp_journal_open(struct imp_ledger *l, struct imp_err *err)
{
    struct imp_journal *j = calloc(1, sizeof *j);
    if (!j) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for the audit log");
        return NULL;
    }
    j->ledger = l;
    j->audit = imp_audit_open(l->dir, 0, err);
    if (!j->audit || !check_end(j, &j->taken, err))
        goto fail;
    uint64_t last = imp_audit_last(j->audit).seq;
    if (last < j->taken && !catch_up(j, last, err))
        goto fail;
    if (last > j->taken)
        j->taken = last;
    j->noted = j->taken;
    l->journal = j;
    return j;
fail:
    imp_audit_close(j->audit, NULL);
    free(j);
    return NULL;
}

bool imp_journal_close(struct imp_journal *j, struct imp_err *err)
{
    if (!j)
        return true;
    bool ok = imp_audit_close(j->audit, err);
    j->ledger->journal = NULL;
    free(j);
    return ok;
}
