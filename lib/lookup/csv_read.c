#include "lookup/csv_read.h"

#include "lookup/columns.h"

#include <inttypes.h>
#include <string.h>

// What is read shrinks or stays: a field loses its quotes, and the NUL behind
// it takes the place of its comma or line break, or of the NUL at the end. So
// `to` never passes `from`.
struct reader {
    char *text;
    size_t n;
    size_t from, to; // read up to, written up to
    uint64_t line;   // of `from`
    struct imp_err *err;
};

static bool fail(struct reader *r, uint64_t line, const char *what)
{
    return imp_fail(r->err, IMP_ERR_CONFIG, "line %" PRIu64 ": %s", line, what);
}

static void move(struct reader *r, size_t n)
{
    if (r->from != r->to)
        memmove(r->text + r->to, r->text + r->from, n);
    r->from += n;
    r->to += n;
}

// --- A field ---

// At a NUL: the text's end, or a byte of the file?
static bool is_end(const struct reader *r)
{
    return r->from == r->n;
}

static bool read_plain(struct reader *r)
{
    move(r, strcspn(r->text + r->from, ",\"\r\n"));
    if (r->text[r->from] == '"')
        return fail(r, r->line,
                    "a quote within a field: want the field in quotes, and the "
                    "quotes in it doubled");
    if (r->text[r->from] == '\0' && !is_end(r))
        return fail(r, r->line, "a NUL byte: want text");
    return true;
}

static bool read_quoted(struct reader *r)
{
    uint64_t opened = r->line;
    r->from++;
    for (;;) {
        move(r, strcspn(r->text + r->from, "\"\n"));
        switch (r->text[r->from]) {
        case '\n':
            move(r, 1);
            r->line++;
            break;
        case '"':
            if (r->text[r->from + 1] != '"') {
                r->from++;
                return true;
            }
            r->from++;
            move(r, 1);
            break;
        default:
            if (is_end(r))
                return fail(r, opened,
                            "a quote that is opened here is not closed");
            return fail(r, r->line, "a NUL byte: want text");
        }
    }
}

// What ends the field; `*last` if it ends the row, too.
static bool read_end(struct reader *r, bool *last)
{
    const char *at = r->text + r->from;
    *last = *at != ',';
    if (*at == ',') {
        r->from++;
    } else if (*at == '\n' || (at[0] == '\r' && at[1] == '\n')) {
        r->from += *at == '\n' ? 1 : 2;
        r->line++;
    } else if (*at == '\r') {
        return fail(r, r->line,
                    "a carriage return alone: want lines ended by CRLF or LF");
    } else if (!is_end(r)) {
        return fail(r, r->line,
                    "text behind a closing quote: want a comma or the line's "
                    "end there, and quotes within a field doubled");
    }
    r->text[r->to++] = '\0';
    return true;
}

static bool read_field(struct reader *r, bool *last)
{
    uint64_t line = r->line;
    size_t start = r->to;
    bool quoted = r->text[r->from] == '"';
    if (!(quoted ? read_quoted(r) : read_plain(r)) || !read_end(r, last))
        return false;
    const char *fault = imp_field_fault(r->text + start, r->to - start - 1);
    return !fault || imp_fail(r->err, IMP_ERR_CONFIG,
                              "line %" PRIu64 ": a field %s: want text, saved "
                              "as \"CSV UTF-8\"",
                              line, fault);
}

// --- Rows ---

static bool read_row(struct reader *r, size_t *fields)
{
    bool last = false;
    for (*fields = 0; !last; ++*fields)
        if (!read_field(r, &last))
            return false;
    return true;
}

static bool read_rows(struct reader *r, struct imp_csv_rows *rows)
{
    while (!is_end(r)) {
        uint64_t line = r->line;
        size_t start = r->to, fields;
        if (!read_row(r, &fields))
            return false;
        if (r->to - start == fields) { // nothing but NULs
            r->to = start;
            r->text[r->to++] = IMP_CSV_PASSED;
        } else if (fields != rows->columns) {
            return imp_fail(r->err, IMP_ERR_CONFIG,
                            "line %" PRIu64 " has %zu fields: want %zu, as in "
                            "the header",
                            line, fields, rows->columns);
        } else {
            rows->count++;
        }
    }
    return true;
}

static bool read_header(struct reader *r, struct imp_csv_rows *rows)
{
    if (is_end(r))
        return imp_fail(r->err, IMP_ERR_CONFIG,
                        "empty: want a header row with the columns' names");
    return read_row(r, &rows->columns);
}

// --- What is something else ---

static const struct look {
    const char *begins;
    size_t n;
    const char *is;
} looks[] = {
    {"\xFF\xFE", 2, "UTF-16 text: want it saved as \"CSV UTF-8\""},
    {"\xFE\xFF", 2, "UTF-16 text: want it saved as \"CSV UTF-8\""},
    {"PK\x03\x04", 4, "a workbook: want it saved as \"CSV UTF-8\""},
    {"\xD0\xCF\x11\xE0", 4, "a workbook: want it saved as \"CSV UTF-8\""},
    {"SQLite format 3", 16, "an SQLite database: want sqlite:FILE?table=T"},
};

static bool is_other(const char *text, size_t n, struct imp_err *err)
{
    const char *is = NULL;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (n >= looks[i].n && memcmp(text, looks[i].begins, looks[i].n) == 0)
            is = looks[i].is;
    // An ASCII letter in UTF-16 without a mark, of either byte order.
    if (n >= 2 && (text[0] == '\0') != (text[1] == '\0'))
        is = looks[0].is;
    if (is)
        imp_fail(err, IMP_ERR_CONFIG, "it looks like %s", is);
    return is;
}

// What most likely stands between the names in the first line.
static char separator_of(const char *text)
{
    size_t commas = 0, semicolons = 0, tabs = 0;
    bool quoted = false;
    for (; *text && *text != '\n'; text++) {
        quoted ^= *text == '"';
        commas += !quoted && *text == ',';
        semicolons += !quoted && *text == ';';
        tabs += !quoted && *text == '\t';
    }
    if (semicolons > commas && semicolons >= tabs)
        return ';';
    return tabs > commas ? '\t' : ',';
}

bool imp_csv_read(char *text, size_t n, struct imp_csv_rows *rows,
                  struct imp_err *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const size_t skip = n >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    struct reader r = {text, n, skip, 0, 1, err};
    *rows = (struct imp_csv_rows){.text = text};
    if (is_other(text, n, err))
        return false;
    char separator = separator_of(text + skip);
    if (separator != ',')
        return imp_fail(err, IMP_ERR_CONFIG,
                        "its columns look separated by %s: want commas",
                        separator == ';' ? "semicolons" : "tabs");
    if (!read_header(&r, rows) || !read_rows(&r, rows))
        return false;
    rows->n = r.to;
    return true;
}

uint64_t imp_csv_line(const struct imp_csv_rows *rows, size_t at)
{
    uint64_t fields = 0, lines = 1;
    for (size_t i = 0; i < at; i++) {
        fields += rows->text[i] == '\0';
        lines += rows->text[i] == '\n' || rows->text[i] == IMP_CSV_PASSED;
    }
    return lines + fields / rows->columns;
}
