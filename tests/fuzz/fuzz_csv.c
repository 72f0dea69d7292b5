/* Any bytes as a list of subjects: what is taken, a plain reader of RFC 4180
 * reads in the same way, and what that reader would not read is refused. */
#include "canary.h"
#include "lookup/csv.h"
#include "lookup/tidy.h"

#define FIELDS_MAX ((size_t)100000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The plain reader: one state for each byte, and all fields in one list. */
struct reader {
    char *text; // of all fields, each with a NUL
    const char *field[FIELDS_MAX];
    bool ends_row[FIELDS_MAX];
    size_t n;
};

static bool read_plainly(struct reader *r, const uint8_t *in, size_t size)
{
    enum { START, PLAIN, QUOTED, CLOSED } state = START;
    char *to = r->text;
    r->n = 0;
    for (size_t i = 0; i <= size;) {
        bool end = i == size;
        uint8_t c = end ? '\n' : in[i];
        size_t wide = c == '\r' && i + 1 < size && in[i + 1] == '\n' ? 2 : 1;
        if (end && state == START && (r->n == 0 || r->ends_row[r->n - 1]))
            return true; // behind the last line's end
        if (state == START) {
            if (r->n == FIELDS_MAX)
                return false;
            r->field[r->n] = to;
        }
        if (state == QUOTED && !end && c != '"') {
            *to++ = (char)c, i++;
        } else if (state == QUOTED) {
            if (end)
                return false;
            state = CLOSED, i++;
        } else if (c == '"' && state != PLAIN) {
            if (state == CLOSED)
                *to++ = '"';
            state = QUOTED, i++;
        } else if (c == ',' || c == '\n' || wide == 2) {
            *to++ = '\0';
            r->ends_row[r->n++] = c != ',';
            state = START, i += wide;
        } else if (c == '"' || c == '\r' || state == CLOSED) {
            return false;
        } else {
            *to++ = (char)c, state = PLAIN, i++;
        }
    }
    return true;
}

static size_t row_length(const struct reader *r, size_t at)
{
    size_t n = 1;
    while (!r->ends_row[at + n - 1])
        n++;
    return n;
}

static bool is_blank(const struct reader *r, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (*r->field[at + i])
            return false;
    return true;
}

static void check_row(const struct imp_csv *t, const struct reader *r,
                      size_t at, size_t columns, size_t key)
{
    const char *own = r->field[at + key];
    struct imp_tidy tidy;
    promise(imp_tidy_init(&tidy,
                          (struct imp_span){(const uint8_t *)own, strlen(own)}),
            "a key is text");
    const char *field = imp_csv_find(t, tidy.key);
    imp_tidy_clear(&tidy);
    promise(field, "each row is found");
    for (size_t i = 0; i < columns; i++, field += strlen(field) + 1)
        promise(strcmp(field, r->field[at + i]) == 0, "as it was read");
}

static void check_taken(const struct imp_csv *t, const struct reader *r)
{
    size_t columns, key, rows = 0, n;
    const char *const *names = imp_csv_names(t, &columns, &key);
    promise(row_length(r, 0) == columns, "the header has all names");
    for (size_t i = 0; i < columns; i++)
        promise(strcmp(names[i], r->field[i]) == 0, "as they are");
    for (size_t at = columns; at < r->n; at += n) {
        n = row_length(r, at);
        if (is_blank(r, at, n))
            continue;
        promise(n == columns, "each row has all columns");
        check_row(t, r, at, columns, key);
        rows++;
    }
    promise(imp_csv_rows(t) == rows, "no row is made up");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reader r;
    struct imp_buf text = {0};
    struct imp_err err = {0};
    size_t skip = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const char *first = NULL;
    r.text = malloc(size + 2);
    bool readable = r.text && read_plainly(&r, data + skip, size - skip);
    // The first column is the key's, so that it is found in most.
    if (readable && r.n > 0)
        first = r.field[0];
    imp_buf_add(&text, data, size, NULL);
    struct imp_csv *t =
        imp_csv_new(&text, first ? first : "subject", NULL, &err);
    promise(t || err.code == IMP_ERR_CONFIG, "an error is the file's");
    promise(t || err.msg[0], "an error says what it is");
    promise(!t || readable, "what is not of the form is refused");
    if (t)
        check_taken(t, &r);
    imp_csv_unref(t);
    free(r.text);
    return 0;
}
