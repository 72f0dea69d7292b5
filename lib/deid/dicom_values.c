#include "deid/dicom_values.h"

#include "deid/days.h"
#include "dicom/dict.h"

#include <stdio.h>
#include <string.h>

static struct imp_span literal(const char *s)
{
    return (struct imp_span){(const uint8_t *)s, strlen(s)};
}

// --- Dummies ---

// Of even length for any number of values: each but the first brings its
// backslash, and is odd without it.
#define TIMES_3(s) s s s
#define TIMES_16(first, next) first TIMES_3(TIMES_3(next)) TIMES_3(next next)
static const char numbers[] = TIMES_16("0 ", "\\0");
static const char codes[] = TIMES_16("REMOVED ", "\\REMOVED");
static const uint8_t zeros[16 * 8];

// Dates before there were any objects, and a UID of no UUID.
static const char *const texts[IMP_DCM_VRS] = {
    [IMP_DCM_AE] = "REMOVED ", [IMP_DCM_AS] = "000Y",
    [IMP_DCM_DA] = "19000101", [IMP_DCM_DT] = "19000101000000",
    [IMP_DCM_LO] = "REMOVED ", [IMP_DCM_LT] = "REMOVED ",
    [IMP_DCM_PN] = "REMOVED ", [IMP_DCM_SH] = "REMOVED ",
    [IMP_DCM_ST] = "REMOVED ", [IMP_DCM_TM] = "000000",
    [IMP_DCM_UC] = "REMOVED ", [IMP_DCM_UI] = "2.25.0",
    [IMP_DCM_UR] = "REMOVED ", [IMP_DCM_UT] = "REMOVED ",
};

// Code strings of Table E.1-1 that may need a dummy and have values of their
// own in PS3.3: Tables C.7-1 and C.12-1.
static const struct {
    uint32_t tag;
    const char *value;
} enumerated[] = {
    {0x00100040, "O "},     // Patient's Sex
    {0x04000565, "COERCE"}, // Reason for the Attribute Modification
};

// How many values PS3.6 wants: of a matrix, 16.
static size_t least_of(uint32_t tag)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(tag);
    if (!a || a->least < 1)
        return 1;
    return a->least < 16 ? a->least : 16;
}

static struct imp_span dummy_code(uint32_t tag)
{
    for (size_t i = 0; i < sizeof enumerated / sizeof *enumerated; i++)
        if (enumerated[i].tag == tag)
            return literal(enumerated[i].value);
    return (struct imp_span){(const uint8_t *)codes, 8 * least_of(tag)};
}

struct imp_span imp_dicom_dummy(uint32_t tag, enum imp_dcm_vr vr)
{
    const struct imp_dcm_vr_info *info = imp_dcm_vr_info(vr);
    switch (info->kind) {
    case IMP_DCM_KIND_TAG:
        return (struct imp_span){zeros, info->most * least_of(tag)};
    case IMP_DCM_KIND_NUMBER:
        return (struct imp_span){zeros, info->unit * least_of(tag)};
    case IMP_DCM_KIND_BYTES:
        return (struct imp_span){zeros, info->unit < 2 ? 2 : info->unit};
    case IMP_DCM_KIND_DECIMAL:
        return (struct imp_span){(const uint8_t *)numbers, 2 * least_of(tag)};
    case IMP_DCM_KIND_TEXT:
        return vr == IMP_DCM_CS ? dummy_code(tag) : literal(texts[vr]);
    case IMP_DCM_KIND_DATE:
    case IMP_DCM_KIND_UID:
        return literal(texts[vr]);
    case IMP_DCM_KIND_SEQUENCE:
    case IMP_DCM_KIND_NONE:
        break;
    }
    return (struct imp_span){0};
}

// --- Values, one by one ---

// What becomes of a value, and what it takes to know.
struct making {
    bool (*one)(const struct making *m, struct imp_span value,
                struct imp_buf *out, struct imp_err *err);
    struct imp_dicom_uids *uids;
    enum imp_dcm_vr vr;
    int32_t days;
};

static bool put(struct imp_buf *out, struct imp_span s, struct imp_err *err)
{
    return imp_buf_add(out, s.p, s.n, err);
}

static bool is_padding(uint8_t c)
{
    return c == ' ' || c == 0;
}

static struct imp_span trimmed(struct imp_span s)
{
    for (; s.n && is_padding(*s.p); s.p++)
        s.n--;
    while (s.n && is_padding(s.p[s.n - 1]))
        s.n--;
    return s;
}

// Take the value before the next backslash off `rest`, without its padding.
// Behind the last one `rest` is NULL, and there is none.
static bool next_value(struct imp_span *rest, struct imp_span *value)
{
    if (!rest->p)
        return false;
    const uint8_t *end = rest->n ? memchr(rest->p, '\\', rest->n) : NULL;
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    *value = trimmed((struct imp_span){rest->p, n});
    *rest = end ? (struct imp_span){end + 1, rest->n - n - 1}
                : (struct imp_span){0};
    return true;
}

static bool make(const struct making *m, struct imp_span values,
                 struct imp_buf *out, struct imp_err *err)
{
    const uint8_t pad = imp_dcm_vr_info(m->vr)->pad;
    size_t before = out->n;
    struct imp_span value;
    bool ok = true;
    for (bool first = true; ok && next_value(&values, &value); first = false)
        ok = (first || imp_buf_add(out, "\\", 1, err)) &&
             (value.n == 0 || m->one(m, value, out, err));
    if (ok && (out->n - before) % 2)
        ok = imp_buf_add(out, &pad, 1, err);
    if (!ok)
        out->n = before;
    return ok;
}

// --- Numbers ---

static size_t skip_digits(struct imp_span s, size_t at)
{
    while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9')
        at++;
    return at;
}

static size_t skip_one(struct imp_span s, size_t at, const char *of)
{
    return at < s.n && s.p[at] && strchr(of, s.p[at]) ? at + 1 : at;
}

// "-12.5E+3": digits somewhere, and a power only behind them.
static bool is_one_decimal(struct imp_span s)
{
    size_t sign = skip_one(s, 0, "+-"), whole = skip_digits(s, sign);
    size_t point = skip_one(s, whole, ".,"), end = skip_digits(s, point);
    if (whole == sign && end == point)
        return false;
    size_t power = skip_one(s, end, "eE");
    if (power == end)
        return end == s.n;
    power = skip_one(s, power, "+-");
    end = skip_digits(s, power);
    return end > power && end == s.n;
}

static struct imp_span without_tabs(struct imp_span s)
{
    while (s.n && s.p[s.n - 1] == '\t')
        s.n--;
    for (; s.n && *s.p == '\t'; s.p++)
        s.n--;
    return s;
}

bool imp_dicom_is_decimal(struct imp_span value)
{
    struct imp_span one;
    while (next_value(&value, &one)) {
        one = trimmed(without_tabs(one));
        if (one.n && !is_one_decimal(one))
            return false;
    }
    return true;
}

// --- Dates ---

#define DATE_DIGITS 8

// A date, and what stands behind it: time of day and zone.
struct moment {
    struct imp_date date;
    struct imp_span rest;
};

static struct imp_span from(struct imp_span s, size_t at)
{
    return (struct imp_span){s.p + at, s.n - at};
}

static int digits(struct imp_span s, size_t at, size_t n)
{
    struct imp_span part;
    return imp_span_sub(s, at, n, &part) ? imp_days_digits(part.p, n) : -1;
}

// HH, HHMM, HHMMSS, and then up to six digits of a fraction; with colons in the
// retired form.
static bool is_time(struct imp_span s, bool colons)
{
    static const int most[] = {23, 59, 60}; // a leap second
    size_t at = 0;
    int parts = 0;
    for (; parts < 3 && at < s.n && s.p[at] != '.'; parts++) {
        if (colons && parts && s.p[at++] != ':')
            return false;
        int v = digits(s, at, 2);
        if (v < 0 || v > most[parts])
            return false;
        at += 2;
    }
    if (at == s.n)
        return parts > 0;
    size_t fraction = s.n - at - 1;
    return parts == 3 && s.p[at] == '.' && fraction > 0 && fraction <= 6 &&
           digits(s, at + 1, fraction) >= 0;
}

// "+0130", from UTC.
static bool is_zone(struct imp_span s)
{
    int minutes = digits(s, 3, 2), both = digits(s, 1, 4);
    return s.n == 5 && (s.p[0] == '+' || s.p[0] == '-') && both >= 0 &&
           both <= 1400 && minutes < 60;
}

static bool is_time_and_zone(struct imp_span s)
{
    if (s.n >= 5 && is_zone(from(s, s.n - 5)))
        s.n -= 5;
    return s.n == 0 || is_time(s, false);
}

// yyyymmdd, and of a DA the retired yyyy.mm.dd.
static bool read_moment(enum imp_dcm_vr vr, struct imp_span s, struct moment *m)
{
    bool is_da = vr == IMP_DCM_DA;
    size_t dot = is_da && s.n == DATE_DIGITS + 2 ? 1 : 0;
    size_t n = DATE_DIGITS + 2 * dot;
    if (s.n < n || (dot && (s.p[4] != '.' || s.p[7] != '.')))
        return false;
    m->date = (struct imp_date){digits(s, 0, 4), digits(s, 4 + dot, 2),
                                digits(s, 6 + 2 * dot, 2)};
    m->rest = from(s, n);
    return is_da ? m->rest.n == 0 : is_time_and_zone(m->rest);
}

static bool is_age(struct imp_span s)
{
    return s.n == 4 && digits(s, 0, 3) >= 0 && memchr("DWMY", s.p[3], 4);
}

// Is it such a value, and still one after so many days?
static bool fits(const struct making *m, struct imp_span s)
{
    struct moment moment;
    switch (m->vr) {
    case IMP_DCM_DA:
    case IMP_DCM_DT:
        return read_moment(m->vr, s, &moment) &&
               imp_days_add(&moment.date, m->days);
    case IMP_DCM_TM:
        return is_time(s, false) || is_time(s, true);
    case IMP_DCM_AS:
        return is_age(s);
    default:
        return false;
    }
}

// Where the dash of a range is; behind its end if `s` is none; false if it is
// neither. A dash may be of a zone, too.
static bool find_dash(const struct making *m, struct imp_span s, size_t *dash)
{
    *dash = s.n;
    if (fits(m, s))
        return true;
    if (s.n < 2)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        struct imp_span left = {s.p, i}, right = from(s, i + 1);
        *dash = i;
        if (s.p[i] == '-' && (!left.n || fits(m, left)) &&
            (!right.n || fits(m, right)))
            return true;
    }
    return false;
}

// A year, or a month of one: no day that could be put back, and yet a DT.
static bool is_long_moment(struct imp_span s)
{
    if (s.n >= 5 && is_zone(from(s, s.n - 5)))
        s.n -= 5;
    int month = digits(s, 4, 2);
    return digits(s, 0, 4) > 0 &&
           (s.n == 4 || (s.n == 6 && month >= 1 && month <= 12));
}

// As it is often written, without zeros before it.
static bool is_short_age(struct imp_span s)
{
    return s.n >= 2 && s.n <= 3 && digits(s, 0, s.n - 1) >= 0 &&
           memchr("DWMY", s.p[s.n - 1], 4);
}

bool imp_dicom_is_date(enum imp_dcm_vr vr, struct imp_span value)
{
    const struct making m = {.vr = vr};
    struct imp_span one;
    size_t dash;
    while (next_value(&value, &one))
        if (one.n && !find_dash(&m, one, &dash) &&
            !(vr == IMP_DCM_DT && is_long_moment(one)) &&
            !(vr == IMP_DCM_AS && is_short_age(one)))
            return false;
    return true;
}

// A value that fits, or nothing.
static bool put_shifted(const struct making *m, struct imp_span s,
                        struct imp_buf *out, struct imp_err *err)
{
    struct moment moment;
    char date[DATE_DIGITS + 1];
    if (!s.n || (m->vr != IMP_DCM_DA && m->vr != IMP_DCM_DT))
        return put(out, s, err);
    if (!read_moment(m->vr, s, &moment) || !imp_days_add(&moment.date, m->days))
        imp_bug("a date that fits does not");
    snprintf(
        date, sizeof date, "%04u%02u%02u", (unsigned)moment.date.year % 10000u,
        (unsigned)moment.date.month % 100u, (unsigned)moment.date.day % 100u);
    return put(out, literal(date), err) && put(out, moment.rest, err);
}

static bool shift_one(const struct making *m, struct imp_span s,
                      struct imp_buf *out, struct imp_err *err)
{
    size_t dash;
    if (!find_dash(m, s, &dash))
        return put(out, imp_dicom_dummy(0, m->vr), err);
    if (dash == s.n)
        return put_shifted(m, s, out, err);
    return put_shifted(m, (struct imp_span){s.p, dash}, out, err) &&
           put(out, literal("-"), err) &&
           put_shifted(m, from(s, dash + 1), out, err);
}

bool imp_dicom_shift(enum imp_dcm_vr vr, struct imp_span value, int32_t days,
                     struct imp_buf *out, struct imp_err *err)
{
    const struct making m = {.one = shift_one, .vr = vr, .days = days};
    return make(&m, value, out, err);
}

// --- UIDs ---

// All of PS3.6 are below this root, and no longer than this: what somebody made
// up below it, of a date or a number of his own, is.
#define ROOT "1.2.840.10008"
#define MOST_PARTS 9
#define MOST_DIGITS 4

#define UIDS                                    \
    (sizeof((struct imp_dicom_uids *)0)->last / \
     sizeof *((struct imp_dicom_uids *)0)->last)

bool imp_dicom_is_standard_uid(struct imp_span uid)
{
    size_t at = sizeof ROOT - 1, parts = 0;
    if (!imp_span_starts(uid, ROOT, at))
        return false;
    for (; at < uid.n; parts++) {
        size_t start = at + 1;
        if (uid.p[at++] != '.')
            return false;
        while (digits(uid, at, 1) >= 0)
            at++;
        if (at == start || at - start > MOST_DIGITS)
            return false;
    }
    return parts > 0 && parts <= MOST_PARTS;
}

static size_t place_of(struct imp_span uid)
{
    size_t sum = uid.n;
    for (size_t i = 0; i < uid.n; i++)
        sum = sum * 31 + uid.p[i];
    return sum % UIDS;
}

static bool put_pseudonym(struct imp_dicom_uids *uids, struct imp_span uid,
                          struct imp_buf *out, struct imp_err *err)
{
    const size_t place = place_of(uid);
    char *old = uids->last[place].old, *made = uids->last[place].made;
    // What is longer, or has a NUL, is none, and not kept.
    bool keep = uid.n <= IMP_DICOM_UID_MAX && !memchr(uid.p, 0, uid.n);
    if (keep && old[0] && strlen(old) == uid.n &&
        memcmp(old, uid.p, uid.n) == 0)
        return put(out, literal(made), err);
    old[0] = '\0';
    if (!imp_pseudonym_uid(uids->secret, uid, made, err))
        return false;
    if (keep) {
        memcpy(old, uid.p, uid.n);
        old[uid.n] = '\0';
    }
    return put(out, literal(made), err);
}

static bool reuid_one(const struct making *m, struct imp_span uid,
                      struct imp_buf *out, struct imp_err *err)
{
    return imp_dicom_is_standard_uid(uid)
               ? put(out, uid, err)
               : put_pseudonym(m->uids, uid, out, err);
}

bool imp_dicom_reuid(struct imp_dicom_uids *uids, struct imp_span value,
                     struct imp_buf *out, struct imp_err *err)
{
    const struct making m = {.one = reuid_one, .uids = uids, .vr = IMP_DCM_UI};
    return make(&m, value, out, err);
}

static bool is_pseudonym(struct imp_span uid)
{
    static const char root[] = "2.25.";
    size_t at = sizeof root - 1;
    if (!imp_span_starts(uid, root, at) || uid.n == at ||
        uid.n >= IMP_PSEUDONYM_UID_ROOM)
        return false;
    while (digits(uid, at, 1) >= 0)
        at++;
    return at == uid.n;
}

bool imp_dicom_is_reuid(struct imp_span value)
{
    struct imp_span uid;
    while (next_value(&value, &uid))
        if (uid.n && !imp_dicom_is_standard_uid(uid) && !is_pseudonym(uid))
            return false;
    return true;
}
