#include "lookup/columns.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// --- A field ---

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F; // char may be signed: not true of UTF-8
}

static bool is_layout(char c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

// U+0080 to U+009F.
static bool is_c1(const char *s)
{
    return (uint8_t)s[0] == 0xC2 && (uint8_t)s[1] < 0xA0;
}

const char *imp_field_fault(const char *text, size_t n)
{
    if (n > IMP_FIELD_MAX)
        return "is longer than 131072 bytes";
    for (size_t i = 0; i < n;) {
        if (is_plain(text[i])) {
            i++;
            continue;
        }
        size_t wide = imp_utf8_length(text + i);
        if (wide == 0)
            return "is not UTF-8";
        if (text[i] == '\0')
            return "has a NUL byte";
        if ((wide == 1 && !is_layout(text[i])) || is_c1(text + i))
            return "has a control character";
        i += wide;
    }
    return NULL;
}

// --- The names of columns ---

// The first column with the name of number `i`.
static size_t first_of(const char *const *names, size_t i)
{
    size_t k = 0;
    while (strcmp(names[k], names[i]) != 0)
        k++;
    return k;
}

bool imp_columns_check(const char *const *names, size_t n, struct imp_err *err)
{
    if (n == 0 || n > IMP_COLUMNS_MAX)
        return imp_fail(err, IMP_ERR_CONFIG, "%zu columns: want 1 to %d", n,
                        IMP_COLUMNS_MAX);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]);
        if (len == 0 || len > IMP_COLUMN_NAME_MAX)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "column %zu has a name of %zu bytes: want 1 to %d",
                            i + 1, len, IMP_COLUMN_NAME_MAX);
        const char *fault = imp_field_fault(names[i], len);
        if (!fault && strpbrk(names[i], "\t\r\n"))
            fault = "has a control character";
        if (fault)
            return imp_fail(err, IMP_ERR_CONFIG, "the name of column %zu %s",
                            i + 1, fault);
        if (first_of(names, i) < i)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "columns %zu and %zu have the same name",
                            first_of(names, i) + 1, i + 1);
    }
    return true;
}

const char **imp_columns_dup(const char *const *names, size_t n, size_t key,
                             struct imp_err *err)
{
    size_t room = n * sizeof *names; // one is left out, but for the NULL
    for (size_t i = 0; i < n; i++)
        room += strlen(names[i]) + 1;
    const char **copy = malloc(room);
    if (!copy) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for the names of columns");
        return NULL;
    }
    char *text = (char *)(copy + n);
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == key)
            continue;
        copy[to++] = text;
        text = stpcpy(text, names[i]) + 1;
    }
    copy[to] = NULL;
    return copy;
}

void imp_columns_list(const char *const *names, size_t n,
                      char out[IMP_COLUMNS_LIST])
{
    const size_t dots = strlen(", ...");
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]) + (i ? 2 : 0);
        if (len + dots >= IMP_COLUMNS_LIST - at) {
            strcpy(out + at, i ? ", ..." : "...");
            return;
        }
        stpcpy(stpcpy(out + at, i ? ", " : ""), names[i]);
        at += len;
    }
}
