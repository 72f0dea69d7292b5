#include "base/fold.h"
#include "ledger/entries.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static size_t common_length(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

// One level of a name: the whole of it, or a directory that it lies in.
struct level {
    const char *name;
    size_t n; // of it
    const char *folded;
    size_t n_folded;
};

// Are there objects that have this level as their name, or lie below it, be it
// spelt otherwise? And would any be in the way: all but those in a directory
// that is spelt just so? What is in one directory has it spelt in one way, so
// a few tell of all.
static bool look_at(struct imp_ledger *l, const struct level *at, bool *any,
                    bool *in_the_way, struct imp_err *err)
{
    bool row = true, is_directory = at->name[at->n] == '/';
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_SOME_ALIKE, err);
    if (!s)
        return false;
    sqlite3_bind_text(s, 1, at->folded, (int)at->n_folded, SQLITE_STATIC);
    *any = *in_the_way = false;
    while (!*in_the_way) {
        if (!imp_db_step(&l->db, s, &row, err))
            return false;
        if (!row)
            return true;
        const char *name = (const char *)sqlite3_column_text(s, 0);
        *any = true;
        *in_the_way =
            !name || !is_directory || strncmp(name, at->name, at->n + 1) != 0;
    }
    imp_db_done(s);
    return true;
}

bool imp_ledger_name_is_apart(struct imp_ledger *l, const char *name,
                              const char *beside, bool *apart,
                              struct imp_err *err)
{
    bool ok = true, any = true, in_the_way = false;
    size_t common = beside ? common_length(name, beside) : 0;
    char *folded = imp_fold(name);
    struct level at = {.name = name, .folded = folded};
    if (!folded)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a name");
    // From the top: below a directory that there is not there is nothing.
    for (bool more = true; ok && any && !in_the_way && more;) {
        at.n += strcspn(name + at.n, "/");
        at.n_folded += strcspn(folded + at.n_folded, "/");
        if (at.n >= common) // else it is a directory of both
            ok = look_at(l, &at, &any, &in_the_way, err);
        more = name[at.n] && folded[at.n_folded];
        at.n++, at.n_folded++;
    }
    *apart = ok && !in_the_way;
    free(folded);
    return ok;
}
