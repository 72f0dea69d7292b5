// One line of the audit log: its form stands here once, for writing and for
// reading.
#include "base/json.h"
#include "ledger/audit_internal.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum kind { NUMBER, TIME, TEXT, DIGEST, TEXTS };

enum {
    SEQ,
    AT,
    HOST,
    USER,
    RUN,
    OP,
    INPUT,
    OUTCOME,
    AFTER,
    CODE,
    OBJECT,
    FORMAT,
    ROUTE,
    REMOVED,
    REMOVED_MORE,
    POLICY,
    FIELDS
};

// In the order of the line. What is not needed may be left out.
static const struct field {
    const char *key;
    enum kind kind;
    bool needed;
} fields[FIELDS] = {
    [SEQ] = {"seq", NUMBER, true},
    [AT] = {"time", TIME, true},
    [HOST] = {"host", TEXT, true},
    [USER] = {"user", TEXT, true},
    [RUN] = {"run", NUMBER, false},
    [OP] = {"op", TEXT, true},
    [INPUT] = {"input", NUMBER, false},
    [OUTCOME] = {"outcome", TEXT, false},
    [AFTER] = {"after", TEXT, false},
    [CODE] = {"code", TEXT, false},
    [OBJECT] = {"object", DIGEST, false},
    [FORMAT] = {"format", TEXT, false},
    [ROUTE] = {"route", TEXT, false},
    [REMOVED] = {"removed", TEXTS, false},
    [REMOVED_MORE] = {"removed_more", NUMBER, false},
    [POLICY] = {"policy", DIGEST, false},
};

// Then always these, so that they are found from the end.
#define HEX (IMP_SHA256_HEX - 1)
#define CRC_KEY ",\"crc\":\""
#define CRC_HEX 8
#define PREV_KEY "\",\"prev\":\""
#define CLOSE "\"}"
#define LENGTH(literal) (sizeof(literal) - 1)
#define TAIL \
    (LENGTH(CRC_KEY) + CRC_HEX + LENGTH(PREV_KEY) + (size_t)HEX + LENGTH(CLOSE))

#define BODY_MAX (IMP_AUDIT_LINE_MAX - 1 - TAIL)
// What may come behind the names of removed parts.
#define BEHIND_REMOVED                                   \
    (LENGTH("],\"removed_more\":18446744073709551615") + \
     LENGTH(",\"policy\":\"\"") + (size_t)HEX)

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    return (uint32_t)crc32_z(0, p, n);
}

// --- Writing ---

void imp_audit_who(struct imp_audit_author *who)
{
    char buffer[4096];
    struct passwd entry, *user = NULL;
    if (gethostname(who->host, sizeof who->host) != 0)
        snprintf(who->host, sizeof who->host, "unknown");
    who->host[sizeof who->host - 1] = '\0'; // a long one may have none
    uid_t uid = getuid();
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &user) == 0 && user &&
        strlen(user->pw_name) < sizeof who->user)
        strcpy(who->user, user->pw_name);
    else
        snprintf(who->user, sizeof who->user, "%lu", (unsigned long)uid);
}

struct value {
    uint64_t number;
    const char *text; // of TIME too; of TEXTS: a name on each line
    const struct imp_digest *digest;
};

static bool is_empty(enum kind kind, const struct value *v)
{
    switch (kind) {
    case NUMBER:
        return v->number == 0;
    case DIGEST:
        return !v->digest;
    case TEXTS:
        return !v->text || !*v->text;
    case TIME:
    case TEXT:
        break;
    }
    return !v->text;
}

static bool add_text(struct imp_buf *out, const char *text, struct imp_err *err)
{
    return imp_buf_add(out, text, strlen(text), err);
}

static bool add_number(struct imp_buf *out, uint64_t number,
                       struct imp_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return add_text(out, text, err);
}

static bool add_digest(struct imp_buf *out, const struct imp_digest *digest,
                       struct imp_err *err)
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(digest, hex);
    return imp_json_add(out, hex, err);
}

// The next of the names, a line each, into `name`; false at the end. What is
// longer than any name is cut.
static bool next_name(const char **names, char *name, size_t cap)
{
    size_t n = strcspn(*names, "\n"), some = n < cap ? n : cap - 1;
    if (**names == '\0')
        return false;
    memcpy(name, *names, some);
    name[some] = '\0';
    *names += n + ((*names)[n] == '\n');
    return true;
}

// As many of the names as there is room for; `*left_out` counts the others.
static bool add_names(struct imp_buf *out, size_t limit, const char *names,
                      uint64_t *left_out, struct imp_err *err)
{
    char name[1024];
    const char *open = "[";
    *left_out = 0;
    while (next_name(&names, name, sizeof name)) {
        size_t before = out->n;
        if (*left_out == 0 &&
            !(add_text(out, open, err) && imp_json_add(out, name, err)))
            return false;
        if (*left_out > 0 || out->n > limit) {
            out->n = before;
            ++*left_out;
        } else {
            open = ",";
        }
    }
    return add_text(out, "]", err);
}

static bool add_value(struct imp_buf *out, size_t start, int which,
                      struct value *v, struct imp_err *err)
{
    const struct field *f = &fields[which];
    if (!add_text(out, which == 0 ? "{\"" : ",\"", err) ||
        !add_text(out, f->key, err) || !add_text(out, "\":", err))
        return false;
    switch (f->kind) {
    case NUMBER:
        return add_number(out, v[which].number, err);
    case TIME:
    case TEXT:
        return imp_json_add(out, v[which].text, err);
    case DIGEST:
        return add_digest(out, v[which].digest, err);
    case TEXTS:
        break;
    }
    return add_names(out, start + BODY_MAX - BEHIND_REMOVED, v[which].text,
                     &v[REMOVED_MORE].number, err);
}

#define TIME_LENGTH 20

static bool time_text(int64_t at, char text[TIME_LENGTH + 1],
                      struct imp_err *err)
{
    struct tm tm;
    time_t t = (time_t)at;
    // Years that have not four digits have another form.
    if (!gmtime_r(&t, &tm) || tm.tm_year < 1000 - 1900 ||
        tm.tm_year > 9999 - 1900 ||
        strftime(text, TIME_LENGTH + 1, "%Y-%m-%dT%H:%M:%SZ", &tm) !=
            TIME_LENGTH)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "audit log: time %" PRId64
                        " s: want one of the years 1000 to 9999",
                        at);
    return true;
}

static bool add_crc(struct imp_buf *out, size_t start, struct imp_err *err)
{
    char text[CRC_HEX + 1];
    snprintf(text, sizeof text, "%08" PRIx32,
             crc_of(out->p + start, out->n - start));
    return add_text(out, CRC_KEY, err) && add_text(out, text, err) &&
           add_text(out, PREV_KEY, err);
}

// All but who writes; `at` is its time.
static void values_of(const struct imp_audit_entry *e, const char *at,
                      struct value v[FIELDS])
{
    const struct value all[FIELDS] = {
        [SEQ] = {.number = e->seq},
        [AT] = {.text = at},
        [RUN] = {.number = (uint64_t)e->run},
        [OP] = {.text = e->op},
        [INPUT] = {.number = (uint64_t)e->input},
        [OUTCOME] = {.text = e->outcome},
        [AFTER] = {.text = e->after},
        [CODE] = {.text = e->code},
        [OBJECT] = {.digest = e->object},
        [FORMAT] = {.text = e->format},
        [ROUTE] = {.text = e->route},
        [REMOVED] = {.text = e->removed},
        [POLICY] = {.digest = e->policy},
    };
    memcpy(v, all, sizeof all);
}

bool imp_audit_begin_line(struct imp_buf *out, const struct imp_audit_entry *e,
                          const struct imp_audit_author *who,
                          struct imp_err *err)
{
    char at[TIME_LENGTH + 1];
    struct value v[FIELDS];
    size_t start = out->n;
    if (!time_text(e->at, at, err))
        return false;
    values_of(e, at, v);
    v[HOST].text = who->host;
    v[USER].text = who->user;
    bool ok = true;
    for (int i = 0; ok && i < FIELDS; i++)
        ok =
            is_empty(fields[i].kind, &v[i]) || add_value(out, start, i, v, err);
    if (ok && out->n - start > BODY_MAX)
        ok = imp_fail(err, IMP_ERR_LIMIT,
                      "audit log: line of %zu bytes: want at most %zu",
                      out->n - start + TAIL + 1, IMP_AUDIT_LINE_MAX);
    ok = ok && add_crc(out, start, err);
    if (!ok)
        out->n = start;
    return ok;
}

void imp_audit_end_line(const struct imp_digest *prev,
                        char rest[IMP_AUDIT_REST + 1])
{
    imp_digest_hex(prev, rest);
    strcpy(rest + HEX, CLOSE "\n");
}

// --- Reading ---

static bool take(struct imp_span *in, const char *text, size_t n)
{
    if (!imp_span_starts(*in, text, n))
        return false;
    in->p += n;
    in->n -= n;
    return true;
}
#define TAKE(in, literal) take(in, literal, LENGTH(literal))

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

// As it is written: no zero, nor any in front.
static bool take_number(struct imp_span *in, uint64_t *number)
{
    size_t n = 0;
    uint64_t value = 0;
    while (n < in->n && is_digit(in->p[n])) {
        uint64_t digit = in->p[n] - '0';
        if (!imp_mul_u64(value, 10, &value) ||
            !imp_add_u64(value, digit, &value) || value == 0)
            return false;
        n++;
    }
    in->p += n;
    in->n -= n;
    *number = value;
    return n > 0;
}

static bool take_time(struct imp_span *in)
{
    static const char shape[] = "\"0000-00-00T00:00:00Z\"";
    if (in->n < LENGTH(shape))
        return false;
    for (size_t i = 0; i < LENGTH(shape); i++)
        if (shape[i] == '0' ? !is_digit(in->p[i])
                            : in->p[i] != (uint8_t)shape[i])
            return false;
    in->p += LENGTH(shape);
    in->n -= LENGTH(shape);
    return true;
}

// An escape of those that imp_json_add makes; its length, or 0.
static size_t escape(struct imp_span in)
{
    if (imp_span_starts(in, "\\\"", 2) || imp_span_starts(in, "\\\\", 2))
        return 2;
    bool control = imp_span_starts(in, "\\u00", 4) && in.n >= 6 &&
                   is_hex(in.p[4]) && is_hex(in.p[5]);
    return control ? 6 : 0;
}

static bool take_string(struct imp_span *in)
{
    size_t i = 1;
    if (in->n == 0 || in->p[0] != '"')
        return false;
    while (i < in->n && in->p[i] != '"') {
        size_t n = 1;
        if (in->p[i] == '\\')
            n = escape((struct imp_span){in->p + i, in->n - i});
        if (n == 0 || in->p[i] < 0x20)
            return false;
        i += n;
    }
    if (i >= in->n)
        return false;
    in->p += i + 1;
    in->n -= i + 1;
    return true;
}

static bool take_strings(struct imp_span *in)
{
    if (!TAKE(in, "["))
        return false;
    do
        if (!take_string(in))
            return false;
    while (TAKE(in, ","));
    return TAKE(in, "]");
}

static bool take_digest(struct imp_span *in)
{
    size_t n = (size_t)HEX + 2;
    if (in->n < n || in->p[0] != '"' || in->p[n - 1] != '"')
        return false;
    for (size_t i = 1; i < n - 1; i++)
        if (!is_hex(in->p[i]))
            return false;
    in->p += n;
    in->n -= n;
    return true;
}

static bool take_value(struct imp_span *in, enum kind kind, uint64_t *number)
{
    switch (kind) {
    case NUMBER:
        return take_number(in, number);
    case TIME:
        return take_time(in);
    case TEXT:
        return take_string(in);
    case DIGEST:
        return take_digest(in);
    case TEXTS:
        break;
    }
    return take_strings(in);
}

// Is `key` the next? Then `in` stands at its value.
static bool take_key(struct imp_span *in, const char *key, const char *before)
{
    struct imp_span at = *in;
    bool ok = take(&at, before, strlen(before)) && TAKE(&at, "\"") &&
              take(&at, key, strlen(key)) && TAKE(&at, "\":");
    if (ok)
        *in = at;
    return ok;
}

// Field `i`, if it is the next. False: it is, and not of its form.
static bool take_field(struct imp_span *in, int i, bool *there,
                       struct imp_span *value, uint64_t *number)
{
    *number = 0;
    *there = take_key(in, fields[i].key, i == 0 ? "{" : ",");
    value->p = in->p;
    bool ok = !*there || take_value(in, fields[i].kind, number);
    value->n = (size_t)(in->p - value->p);
    return ok;
}

static bool parse_body(struct imp_span in, struct imp_audit_line *out)
{
    for (int i = 0; i < FIELDS; i++) {
        bool there;
        uint64_t number;
        struct imp_span value;
        if (!take_field(&in, i, &there, &value, &number) ||
            (!there && fields[i].needed))
            return false;
        if (i == SEQ)
            out->seq = number;
        else if (i == RUN)
            out->run = number;
        else if (i == INPUT)
            out->input = number;
        else if (i == OP) // without its quotes
            out->op = (struct imp_span){value.p + 1, value.n - 2};
    }
    return in.n == 0;
}

static bool parse_tail(struct imp_span in, struct imp_audit_line *out)
{
    char again[IMP_SHA256_HEX];
    if (!TAKE(&in, CRC_KEY))
        return false;
    out->crc = 0;
    for (size_t i = 0; i < CRC_HEX; i++) {
        uint8_t c = in.p[i];
        if (!is_hex(c))
            return false;
        out->crc =
            out->crc << 4 | (uint32_t)(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    in.p += CRC_HEX;
    in.n -= CRC_HEX;
    if (!TAKE(&in, PREV_KEY) ||
        !imp_digest_parse((const char *)in.p, HEX, &out->prev))
        return false;
    imp_digest_hex(&out->prev, again); // lower case alone is ours
    return take(&in, again, HEX) && TAKE(&in, CLOSE);
}

bool imp_audit_parse(struct imp_span line, struct imp_audit_line *out)
{
    *out = (struct imp_audit_line){0};
    if (line.n <= TAIL)
        return false;
    struct imp_span body = {line.p, line.n - TAIL};
    struct imp_span tail = {line.p + body.n, TAIL};
    out->want = crc_of(body.p, body.n);
    return parse_body(body, out) && parse_tail(tail, out);
}

// --- Comparing ---

// The line is written once more, as far as it is the same: what of the names of
// removed parts finds room depends on what stands before them.
bool imp_audit_compare(struct imp_span line, const struct imp_audit_entry *e,
                       struct imp_buf *scratch, const char **other,
                       struct imp_err *err)
{
    char at[TIME_LENGTH + 1] = "";
    struct value v[FIELDS];
    struct imp_span in = {line.p, line.n > TAIL ? line.n - TAIL : 0};
    time_text(e->at, at, NULL); // one that has no text is another
    values_of(e, at, v);
    scratch->n = 0;
    for (int i = 0; i < FIELDS; i++) {
        bool there;
        uint64_t number;
        struct imp_span value;
        size_t before = scratch->n;
        const uint8_t *start = in.p;
        *other = fields[i].key;
        if (!take_field(&in, i, &there, &value, &number))
            return true;
        size_t n = (size_t)(in.p - start);
        bool ok = i == HOST || i == USER ? imp_buf_add(scratch, start, n, err)
                  : is_empty(fields[i].kind, &v[i])
                      ? true
                      : add_value(scratch, 0, i, v, err);
        if (!ok)
            return false;
        if (scratch->n - before != n ||
            (n && memcmp(scratch->p + before, start, n) != 0))
            return true;
    }
    *other = NULL;
    return true;
}
