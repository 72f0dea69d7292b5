#include "ledger/suspects.h"

#include "ledger/entries.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The run whose slots were taken over last: meta, written with the suspects.
#define META "suspects_of_run"

struct take {
    struct imp_ledger *l;
    struct imp_suspects before;
};

// Two workers may have had one input: it counts once.
static bool take_one(void *self, const char *path,
                     const struct imp_stamp *stamp, struct imp_err *err)
{
    struct take *t = self;
    const struct imp_suspect *known = imp_suspects_find(&t->before, path);
    int64_t deaths = known && imp_stamp_same_file(&known->stamp, stamp)
                         ? known->deaths + 1
                         : 1;
    struct sqlite3_stmt *s =
        imp_ledger_by_path(t->l, IMP_SQL_PUT_SUSPECT, path, err);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 3, (sqlite3_int64)stamp->size);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)stamp->inode);
    sqlite3_bind_int64(s, 5, stamp->mtime_ns);
    sqlite3_bind_int64(s, 6, deaths);
    return imp_db_run(&t->l->db, s, err);
}

static bool is_taken(struct imp_ledger *l, const char *run, bool *taken,
                     struct imp_err *err)
{
    char *last = NULL;
    if (!imp_ledger_get_meta(l, META, &last, err))
        return false;
    *taken = last && strcmp(last, run) == 0;
    free(last);
    return true;
}

static bool sum_up(struct imp_ledger *l, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_SUM_SUSPECTS, err);
    return s && imp_db_run(&l->db, s, err);
}

static bool take_all(struct imp_ledger *l, struct imp_inflight *f,
                     const char *run, struct imp_err *err)
{
    struct take t = {.l = l};
    bool ok = imp_ledger_load_suspects(l, &t.before, err) &&
              imp_ledger_begin(l, err) &&
              imp_inflight_each(f, take_one, &t, err) && sum_up(l, err) &&
              imp_ledger_put_meta(l, META, run, err) &&
              imp_ledger_commit(l, err);
    if (!ok)
        imp_ledger_rollback(l);
    imp_suspects_clear(&t.before);
    return ok;
}

bool imp_ledger_take_suspects(struct imp_ledger *l, struct imp_inflight *f,
                              struct imp_err *err)
{
    char run[24];
    int64_t id;
    bool taken;
    if (!imp_inflight_left_by(f, &id, err))
        return false;
    snprintf(run, sizeof run, "%" PRId64, id);
    return id == 0 || (is_taken(l, run, &taken, err) &&
                       (taken || take_all(l, f, run, err)));
}

static bool drop(struct imp_ledger *l, const char *path, struct imp_err *err)
{
    struct sqlite3_stmt *s =
        imp_ledger_by_path(l, IMP_SQL_DROP_SUSPECT, path, err);
    return s && imp_db_run(&l->db, s, err);
}

bool imp_ledger_drop_suspect(struct imp_ledger *l, const char *path,
                             struct imp_err *err)
{
    bool ok = imp_ledger_begin(l, err) && drop(l, path, err) &&
              sum_up(l, err) && imp_ledger_commit(l, err);
    if (!ok)
        imp_ledger_rollback(l);
    return ok;
}

// --- In memory ---

static bool append(struct imp_suspects *out, size_t *cap,
                   struct sqlite3_stmt *s, struct imp_err *err)
{
    if (out->n == *cap) {
        size_t more = *cap ? 2 * *cap : 16;
        void *grown = realloc(out->item, more * sizeof *out->item);
        if (!grown)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for suspects");
        out->item = grown;
        *cap = more;
    }
    const void *path = sqlite3_column_blob(s, 0);
    size_t len = (size_t)sqlite3_column_bytes(s, 0);
    struct imp_suspect *one = &out->item[out->n];
    *one = (struct imp_suspect){
        .path = strndup(path ? path : "", len),
        .stamp = {.size = (uint64_t)sqlite3_column_int64(s, 1),
                  .inode = (uint64_t)sqlite3_column_int64(s, 2),
                  .mtime_ns = sqlite3_column_int64(s, 3)},
        .deaths = sqlite3_column_int64(s, 4),
    };
    if (!one->path)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for suspects");
    out->n++;
    return true;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct imp_suspect *)a)->path,
                  ((const struct imp_suspect *)b)->path);
}

bool imp_ledger_load_suspects(struct imp_ledger *l, struct imp_suspects *out,
                              struct imp_err *err)
{
    size_t cap = 0;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_EACH_SUSPECT, err);
    if (!s)
        return false;
    for (;;) {
        bool row;
        if (!imp_db_step(&l->db, s, &row, err))
            return false;
        if (!row)
            break;
        if (!append(out, &cap, s, err)) {
            imp_db_done(s);
            return false;
        }
    }
    if (out->n > 1)
        qsort(out->item, out->n, sizeof *out->item, by_path);
    return true;
}

void imp_suspects_clear(struct imp_suspects *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->item[i].path);
    free(s->item);
    *s = (struct imp_suspects){0};
}

const struct imp_suspect *imp_suspects_find(const struct imp_suspects *s,
                                            const char *path)
{
    const struct imp_suspect key = {.path = (char *)(uintptr_t)path};
    return s->n ? bsearch(&key, s->item, s->n, sizeof *s->item, by_path) : NULL;
}
