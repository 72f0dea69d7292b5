#include "lookup/csv.h"

#include "lookup/columns.h"
#include "lookup/csv_read.h"
#include "lookup/tidy.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

// A slot of the hash table (open addressing): where in the text its row begins,
// and more bits of the key's hash, so that the text, which is in no cache, is
// looked at for the right row alone. Row 0 is where the header is: a free slot.
struct slot {
    uint32_t row, tag;
};

// At most half of the slots are taken, so that a search ends after two or
// three. Whoever writes the file cannot make it longer: the hash, SipHash, has
// a secret that is drawn for each table.
struct imp_csv {
    _Atomic unsigned refs;
    struct imp_buf text;
    struct imp_csv_rows rows;
    const char **names; // in the text
    size_t key;
    struct slot *slot;
    size_t mask; // slots less one; they are a power of two
    unsigned char secret[crypto_shorthash_KEYBYTES];
};

static void csv_free(struct imp_csv *t)
{
    free(t->slot);
    free(t->names);
    imp_buf_clear(&t->text);
    free(t);
}

struct imp_csv *imp_csv_ref(struct imp_csv *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void imp_csv_unref(struct imp_csv *t)
{
    if (t && atomic_fetch_sub(&t->refs, 1) == 1)
        csv_free(t);
}

// --- The header ---

static bool take_header(struct imp_csv *t, struct imp_err *err)
{
    size_t n = t->rows.columns;
    t->names = calloc(n, sizeof *t->names);
    if (!t->names)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu columns", n);
    const char *name = t->rows.text;
    for (size_t i = 0; i < n; i++, name += strlen(name) + 1)
        t->names[i] = name;
    return imp_columns_check(t->names, n, err) || imp_wrap(err, "header");
}

static bool find_column(const struct imp_csv *t, const char *name, size_t *at)
{
    for (*at = 0; *at < t->rows.columns; ++*at)
        if (strcmp(t->names[*at], name) == 0)
            return true;
    return false;
}

static bool find_key(struct imp_csv *t, const char *key, struct imp_err *err)
{
    char list[IMP_COLUMNS_LIST];
    if (find_column(t, key, &t->key))
        return true;
    imp_columns_list(t->names, t->rows.columns, list);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "no column \"%.60s\" for the key: want ?key=COLUMN, one of "
                    "%s",
                    key, list);
}

// A file that was replaced by one without a header would have a patient for
// one: only what was there before is named.
static bool find_again(struct imp_csv *t, const char *key,
                       const char *const *names, struct imp_err *err)
{
    size_t at;
    if (!find_column(t, key, &t->key))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the key's column is not there any more");
    for (; *names; names++)
        if (!find_column(t, *names, &at))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "column \"%s\" is not there any more", *names);
    return true;
}

// --- Rows ---

// As the file has it.
static struct imp_span key_of(const struct imp_csv *t, size_t row)
{
    const char *field = t->rows.text + row;
    for (size_t i = 0; i < t->key; i++)
        field += strlen(field) + 1;
    return (struct imp_span){(const uint8_t *)field, strlen(field)};
}

// The text has a key as the file does. Its one form is made when it is
// wanted: that may be longer, and to keep it as well would cost more memory
// than to make it costs time.
static bool has_key(const struct imp_csv *t, size_t row, struct imp_span key)
{
    return imp_tidy_is(key_of(t, row), key);
}

// The slot that has the row with this key, or the free one where it belongs.
static struct slot *find_slot(const struct imp_csv *t, struct imp_span key,
                              uint32_t *tag)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, key.p, key.n, t->secret);
    size_t i = (size_t)imp_le64(hash) & t->mask;
    *tag = imp_le32(hash + 4);
    while (t->slot[i].row &&
           (t->slot[i].tag != *tag || !has_key(t, t->slot[i].row, key)))
        i = (i + 1) & t->mask;
    return &t->slot[i];
}

static bool add_key(struct imp_csv *t, struct imp_span key, size_t row,
                    struct imp_err *err)
{
    if (key.n == 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "line %" PRIu64 ": the key is empty",
                        imp_csv_line(&t->rows, row));
    uint32_t tag;
    struct slot *slot = find_slot(t, key, &tag);
    if (slot->row)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "lines %" PRIu64 " and %" PRIu64
                        " have the same key: want each once",
                        imp_csv_line(&t->rows, slot->row),
                        imp_csv_line(&t->rows, row));
    *slot = (struct slot){(uint32_t)row, tag};
    return true;
}

static bool add_row(struct imp_csv *t, size_t row, struct imp_err *err)
{
    struct imp_tidy key;
    imp_tidy_init(&key, key_of(t, row)); // all fields are UTF-8
    bool ok = add_key(t, key.key, row, err);
    imp_tidy_clear(&key);
    return ok;
}

// The row behind the one, or the header, at text[at].
static size_t next_row(const struct imp_csv *t, size_t at)
{
    for (size_t i = 0; i < t->rows.columns; i++)
        at += strlen(t->rows.text + at) + 1;
    while (t->rows.text[at] == IMP_CSV_PASSED)
        at++;
    return at;
}

static bool add_rows(struct imp_csv *t, struct imp_err *err)
{
    size_t slots = 2;
    while (slots / 2 < t->rows.count)
        slots *= 2;
    t->slot = calloc(slots, sizeof *t->slot);
    t->mask = slots - 1;
    if (!t->slot)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu rows",
                        t->rows.count);
    size_t at = 0;
    for (size_t i = 0; i < t->rows.count; i++)
        if (!add_row(t, at = next_row(t, at), err))
            return false;
    return true;
}

// --- The table ---

static bool read_text(struct imp_csv *t, struct imp_err *err)
{
    size_t n = t->text.n;
    if (n > IMP_CSV_MAX)
        return imp_fail(err, IMP_ERR_CONFIG, "%zu bytes: want %zu at most", n,
                        IMP_CSV_MAX);
    return imp_buf_add(&t->text, "", 1, err) &&
           imp_csv_read((char *)t->text.p, n, &t->rows, err);
}

struct imp_csv *imp_csv_new(struct imp_buf *text, const char *key,
                            const char *const *names, struct imp_err *err)
{
    struct imp_csv *t = calloc(1, sizeof *t);
    if (!t) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a table");
        imp_buf_clear(text);
        return NULL;
    }
    atomic_init(&t->refs, 1);
    t->text = *text;
    *text = (struct imp_buf){0};
    if (getrandom(t->secret, sizeof t->secret, 0) != sizeof t->secret)
        imp_fail_errno(err, "getrandom");
    else if (read_text(t, err) && take_header(t, err) &&
             (names ? find_again(t, key, names, err) : find_key(t, key, err)) &&
             add_rows(t, err))
        return t;
    imp_csv_unref(t);
    return NULL;
}

const char *const *imp_csv_names(const struct imp_csv *t, size_t *n,
                                 size_t *key)
{
    *n = t->rows.columns;
    *key = t->key;
    return t->names;
}

size_t imp_csv_rows(const struct imp_csv *t)
{
    return t->rows.count;
}

bool imp_csv_each(const struct imp_csv *t, imp_csv_row_fn fn, void *self,
                  struct imp_err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < t->rows.count; i++) {
        at = next_row(t, at);
        if (!fn(self, t->rows.text + at, err))
            return imp_wrap(err, "line %" PRIu64, imp_csv_line(&t->rows, at));
    }
    return true;
}

const char *imp_csv_find(const struct imp_csv *t, struct imp_span key)
{
    uint32_t tag, row = find_slot(t, key, &tag)->row;
    return row ? t->rows.text + row : NULL;
}
