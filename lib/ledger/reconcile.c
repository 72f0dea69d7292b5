#include "ledger/reconcile.h"

#include "ledger/entries.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fault {
    NO_LINE, // a row whose line is not there
    DIFFERS, // a row that its line says something else of
    NO_ROW,  // a line whose row is not there, or is an older one
    FAULTS
};
#define ONE_BY_ONE 10 // of each kind

static const char *const of_kind[FAULTS] = {
    [NO_LINE] = "rows whose line in the audit log is not there",
    [DIFFERS] = "rows that are not as the audit log has them",
    [NO_ROW] = "lines of the audit log whose row is missing or older",
};

struct imp_reconcile {
    struct imp_ledger *l;
    uint64_t highest;
    imp_ledger_fault_fn fn;
    void *self;
    struct sqlite3_stmt *rows; // NULL: behind the last, or given up
    struct imp_journal_row row;
    bool given_up;
    uint64_t times[FAULTS];
    struct imp_buf scratch;
};

IMP_PRINTF(4, 5)
static bool tell(struct imp_reconcile *r, enum fault kind, struct imp_err *err,
                 const char *fmt, ...)
{
    char what[200];
    va_list args;
    if (r->times[kind]++ >= ONE_BY_ONE)
        return true;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return r->fn(r->self, what, err);
}

static void stop_reading(struct imp_reconcile *r)
{
    if (r->rows)
        imp_db_done(r->rows);
    r->rows = NULL;
}

// `why` keeps the rows from being read: the log is read on without them, unless
// it is no fault of theirs.
static bool give_up(struct imp_reconcile *r, const struct imp_err *why,
                    struct imp_err *err)
{
    r->given_up = true;
    stop_reading(r);
    if (why->code == IMP_ERR_IO)
        return r->fn(r->self, why->msg, err);
    if (err)
        *err = *why;
    return false;
}

// --- A row ---

static bool next_row(struct imp_reconcile *r, struct imp_err *err)
{
    bool more;
    struct imp_err why = {0};
    struct sqlite3_stmt *s = r->rows;
    r->rows = NULL; // a step that fails has reset it
    if (!imp_db_step(&r->l->db, s, &more, &why))
        return give_up(r, &why, err);
    if (!more)
        return true;
    r->rows = s;
    return imp_journal_row(s, &r->row, &why) || give_up(r, &why, err);
}

struct row_name {
    char s[48];
};

static struct row_name name_of(bool of_run, int64_t id)
{
    struct row_name name;
    snprintf(name.s, sizeof name.s, "%s row %" PRId64,
             of_run ? "runs" : "inputs", id);
    return name;
}

static struct row_name row_name(const struct imp_reconcile *r)
{
    bool of_run = strcmp(r->row.says.op, "run") == 0;
    return name_of(of_run, of_run ? r->row.says.run : r->row.says.input);
}

static bool compare(struct imp_reconcile *r, struct imp_span text,
                    struct imp_err *err)
{
    const char *other;
    if (!imp_audit_compare(text, &r->row.says, &r->scratch, &other, err))
        return false;
    return !other ||
           tell(r, DIFFERS, err,
                "%s: line %" PRIu64 " of the audit log has another \"%s\"",
                row_name(r).s, r->row.says.seq, other);
}

// --- A line that no row has the number of ---

static bool number_of(struct imp_reconcile *r, bool of_run, int64_t id,
                      bool *there, uint64_t *seq, struct imp_err *err)
{
    struct imp_db *db = &r->l->db;
    struct sqlite3_stmt *s =
        imp_db_get(db, of_run ? IMP_SQL_SEQ_OF_RUN : IMP_SQL_SEQ_OF_INPUT, err);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    if (!imp_db_step(db, s, there, err))
        return false;
    int64_t number = *there ? sqlite3_column_int64(s, 0) : 0;
    *seq = number > 0 ? (uint64_t)number : 0;
    imp_db_done(s);
    return true;
}

static bool is_op(const struct imp_audit_line *line, const char *op)
{
    return line->op.n == strlen(op) && memcmp(line->op.p, op, line->op.n) == 0;
}

static bool check_row_of(struct imp_reconcile *r,
                         const struct imp_audit_line *line, struct imp_err *err)
{
    bool there, of_run = is_op(line, "run");
    uint64_t seq;
    struct imp_err why = {0};
    if (!of_run && !is_op(line, "image"))
        return true; // of what no row has
    int64_t id = (int64_t)(of_run ? line->run : line->input);
    if (!number_of(r, of_run, id, &there, &seq, &why))
        return give_up(r, &why, err);
    if (!there)
        return tell(r, NO_ROW, err,
                    "%s is missing: line %" PRIu64
                    " of the audit log is about it",
                    name_of(of_run, id).s, line->seq);
    return seq >= line->seq ||
           tell(r, NO_ROW, err,
                "%s is that of line %" PRIu64
                " of the audit log, which has a later one about it, %" PRIu64,
                name_of(of_run, id).s, seq, line->seq);
}

// --- All ---

bool imp_reconcile_line(void *self, struct imp_span text,
                        const struct imp_audit_line *line, struct imp_err *err)
{
    struct imp_reconcile *r = self;
    if (line->seq > r->highest)
        return true;
    while (r->rows && r->row.says.seq < line->seq)
        if (!tell(r, NO_LINE, err,
                  "%s: line %" PRIu64
                  " is not in the audit log, or not in its place",
                  row_name(r).s, r->row.says.seq) ||
            !next_row(r, err))
            return false;
    if (r->given_up)
        return true;
    if (r->rows && r->row.says.seq == line->seq)
        return compare(r, text, err) && next_row(r, err);
    return check_row_of(r, line, err);
}

bool imp_reconcile_end(struct imp_reconcile *r, struct imp_err *err)
{
    while (r->rows) {
        if (r->row.says.seq > r->highest &&
            !tell(r, NO_LINE, err,
                  "%s: it is of line %" PRIu64
                  ", and the ledger has given %" PRIu64 " numbers",
                  row_name(r).s, r->row.says.seq, r->highest))
            return false;
        if (!next_row(r, err))
            return false;
    }
    for (int i = 0; i < FAULTS; i++) {
        char what[120];
        if (r->times[i] <= ONE_BY_ONE)
            continue;
        snprintf(what, sizeof what, "%" PRIu64 " more %s",
                 r->times[i] - ONE_BY_ONE, of_kind[i]);
        if (!r->fn(r->self, what, err))
            return false;
    }
    return true;
}

static bool start(struct imp_reconcile *r, struct imp_err *err)
{
    struct imp_err why = {0};
    r->rows = imp_db_get(&r->l->db, IMP_SQL_LINES_SINCE, &why);
    if (!r->rows)
        return give_up(r, &why, err);
    sqlite3_bind_int64(r->rows, 1, 0);
    return next_row(r, err);
}

struct imp_reconcile *imp_reconcile_new(struct imp_ledger *l, uint64_t highest,
                                        imp_ledger_fault_fn fn, void *self,
                                        struct imp_err *err)
{
    struct imp_reconcile *r = calloc(1, sizeof *r);
    if (!r) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory to compare rows and lines");
        return NULL;
    }
    r->l = l;
    r->highest = highest;
    r->fn = fn;
    r->self = self;
    if (start(r, err))
        return r;
    imp_reconcile_free(r);
    return NULL;
}

void imp_reconcile_free(struct imp_reconcile *r)
{
    if (!r)
        return;
    stop_reading(r);
    imp_buf_clear(&r->scratch);
    free(r);
}
