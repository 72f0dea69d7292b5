#include "pipeline/crosswalk.h"

#include "archive/tags.h"
#include "base/file.h"
#include "base/newfile.h"
#include "ledger/examine.h"
#include "ledger/subjects.h"
#include "lookup/csv.h"
#include "lookup/subject.h"
#include "pipeline/code.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Of the column `made`.
#define BY_KEY "by key"
#define IMPORTED "imported"

// --- Out ---

struct writing {
    int fd;
    struct imp_buf line;
    uint64_t n;
};

// RFC 4180 2.5 to 2.7: in quotes if it must be, a quote in it doubled.
static bool add_field(struct imp_buf *out, const char *text, char behind,
                      struct imp_err *err)
{
    bool quoted = text[strcspn(text, "\",\r\n")] || *text == ' ';
    bool ok = imp_buf_add(out, "\"", quoted, err);
    for (; ok && *text; text++)
        ok = imp_buf_add(out, text, 1, err) &&
             imp_buf_add(out, "\"", *text == '"', err);
    return ok && imp_buf_add(out, "\"", quoted, err) &&
           imp_buf_add(out, &behind, 1, err);
}

static bool write_subject(void *self, const struct imp_coded *coded,
                          struct imp_err *err)
{
    struct writing *w = self;
    w->line.n = 0;
    w->n++;
    return add_field(&w->line, coded->subject, ',', err) &&
           add_field(&w->line, coded->code, ',', err) &&
           add_field(&w->line, coded->made ? BY_KEY : IMPORTED, '\n', err) &&
           imp_file_write(w->fd, w->line.p, w->line.n, err);
}

static bool write_all(int fd, struct imp_ledger *ledger, uint64_t *n,
                      struct imp_err *err)
{
    static const char header[] = "subject,code,made\n";
    struct writing w = {.fd = fd};
    bool ok = imp_file_write(fd, header, sizeof header - 1, err) &&
              imp_ledger_each_subject(ledger, write_subject, &w, err);
    *n = w.n;
    imp_buf_clear(&w.line);
    return ok;
}

// Another archive than the ledger's is none of its business, either.
static bool lies_in_no_bag(const char *path, struct imp_err *err)
{
    char *above = strdup(path);
    bool in = false;
    if (!above)
        return imp_fail_errno(err, "a path");
    for (char *slash; !in && (slash = strrchr(above, '/'));) {
        slash[1] = '\0';
        int dir = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
        in = dir >= 0 && faccessat(dir, IMP_TAG_DECLARATION, F_OK, 0) == 0;
        if (dir >= 0)
            close(dir);
        *slash = '\0';
    }
    free(above);
    return !in ||
           imp_fail(err, IMP_ERR_CONFIG, "it would lie inside an archive");
}

// Of the archive that the ledger belongs to, whatever was named.
static bool is_apart(struct imp_ledger *ledger, const char *path,
                     struct imp_err *err)
{
    char *archive, *real = NULL;
    bool sound;
    bool ok =
        imp_ledger_bound(ledger, &archive, &sound, err) &&
        (real = imp_path_resolve(path, err)) &&
        (!archive || !imp_path_lies_in(real, archive) ||
         imp_fail(err, IMP_ERR_CONFIG, "it would lie inside the archive")) &&
        lies_in_no_bag(real, err);
    free(real);
    free(archive);
    return ok;
}

bool imp_crosswalk_export(const char *state, const char *path, uint64_t *n,
                          struct imp_err *err)
{
    struct imp_newfile *file = NULL;
    *n = 0;
    struct imp_err why = {0};
    struct imp_ledger *ledger = imp_ledger_open_reading(state, NULL, &why);
    if (!ledger && why.code == IMP_OK)
        imp_fail(&why, IMP_ERR_CONFIG,
                 "there is no ledger in the state "
                 "directory");
    if (!ledger) {
        *err = why;
        return false;
    }
    bool ok = !path || (is_apart(ledger, path, err) &&
                        (file = imp_newfile_open(path, err)));
    int fd = file ? imp_newfile_fd(file) : STDOUT_FILENO;
    ok = ok && write_all(fd, ledger, n, err) &&
         (!file || imp_newfile_commit(file, err));
    imp_newfile_free(file);
    imp_ledger_free(ledger);
    return ok;
}

// --- In ---

// Room for what a spreadsheet of a million subjects has.
#define FILE_MAX ((size_t)256 << 20)

static bool read_text(const char *path, struct imp_buf *text,
                      struct imp_err *err)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return imp_fail_errno(err, "open");
    bool ok = true;
    size_t got = 1;
    while (ok && got > 0 && text->n <= FILE_MAX) {
        ok = imp_buf_reserve(text, text->n + 65536, err) &&
             imp_file_read(fd, text->p + text->n, 65536, &got, err);
        text->n += ok ? got : 0;
    }
    close(fd);
    return ok &&
           (text->n <= FILE_MAX ||
            imp_fail(err, IMP_ERR_LIMIT, "want %zu bytes at most", FILE_MAX));
}

struct reading {
    const struct imp_csv *table;
    size_t code, made; // the columns; the last may be none: SIZE_MAX
    imp_coded_fn fn;
    void *fn_self;
};

static const char *field(const char *row, size_t at)
{
    while (at-- > 0)
        row += strlen(row) + 1;
    return row;
}

static bool read_row(void *self, const char *row, struct imp_err *err)
{
    struct reading *r = self;
    struct imp_buf key = {0};
    size_t n, at;
    imp_csv_names(r->table, &n, &at);
    const char *subject = field(row, at), *code = field(row, r->code);
    bool made = r->made != SIZE_MAX && strcmp(field(row, r->made), BY_KEY) == 0;
    bool ok = imp_subject_tidy(
                  "crosswalk",
                  (struct imp_span){(const uint8_t *)subject, strlen(subject)},
                  &key, err) &&
              imp_code_check(imp_buf_span(&key), code, made, err) &&
              r->fn(r->fn_self,
                    &(struct imp_coded){(const char *)key.p, code, made}, err);
    imp_buf_clear(&key);
    return ok;
}

static bool each_row(void *self, imp_coded_fn fn, void *fn_self,
                     struct imp_err *err)
{
    struct reading *r = self;
    r->fn = fn;
    r->fn_self = fn_self;
    return imp_csv_each(r->table, read_row, r, err);
}

static size_t column_of(const struct imp_csv *table, const char *name)
{
    size_t n, key;
    const char *const *names = imp_csv_names(table, &n, &key);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return SIZE_MAX;
}

static bool find_columns(struct reading *r, struct imp_err *err)
{
    r->code = column_of(r->table, "code");
    r->made = column_of(r->table, "made");
    return r->code != SIZE_MAX ||
           imp_fail(err, IMP_ERR_CONFIG, "want a column \"code\"");
}

bool imp_crosswalk_import(const char *state, const char *path, uint64_t *n,
                          struct imp_err *err)
{
    struct imp_buf text = {0};
    struct imp_csv *table = NULL;
    struct imp_ledger *ledger = NULL;
    struct reading reading = {0};
    bool ok = read_text(path, &text, err) &&
              (table = imp_csv_new(&text, "subject", NULL, err));
    reading.table = table;
    ok = ok && find_columns(&reading, err) &&
         (ledger = imp_ledger_open(state, NULL, err)) &&
         imp_ledger_import_subjects(ledger, each_row, &reading, err);
    *n = ok ? imp_csv_rows(table) : 0;
    imp_ledger_free(ledger);
    imp_csv_unref(table);
    imp_buf_clear(&text);
    return ok;
}
