#include "lookup/subject.h"

#include "lookup/tidy.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <glib.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_MAX 128

// Steps of a match: a name is short, and one that takes longer was written to
// take long. Some milliseconds.
#define MATCH_MAX 100000

struct imp_subject_rule {
    enum imp_subject_by by;
    char *spec;
    const char *rest; // of spec, behind the colon
    pcre2_code *regex;
    pcre2_match_context *limits;
    uint32_t group; // of the regex
    unsigned level;
};

// --- Reading a rule ---

// The group called "subject", else the first; 0: several are called so.
static uint32_t group_of(const pcre2_code *regex)
{
    int named = pcre2_substring_number_from_name(regex, (PCRE2_SPTR) "subject");
    if (named == PCRE2_ERROR_NOUNIQUESUBSTRING)
        return 0;
    return named > 0 ? (uint32_t)named : 1;
}

static bool read_regex(struct imp_subject_rule *r, struct imp_err *err)
{
    int code;
    PCRE2_SIZE at;
    uint32_t groups = 0;
    r->regex = pcre2_compile((PCRE2_SPTR)r->rest, PCRE2_ZERO_TERMINATED,
                             PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C,
                             &code, &at, NULL);
    if (!r->regex) {
        PCRE2_UCHAR why[120] = "";
        pcre2_get_error_message(code, why, sizeof why);
        return imp_fail(err, IMP_ERR_CONFIG, "%s: at character %zu: %s",
                        r->spec, at, (const char *)why);
    }
    r->limits = pcre2_match_context_create(NULL);
    if (!r->limits)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a rule");
    pcre2_set_match_limit(r->limits, MATCH_MAX);
    pcre2_pattern_info(r->regex, PCRE2_INFO_CAPTURECOUNT, &groups);
    r->group = group_of(r->regex);
    if (r->group == 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "%s: want one group called subject", r->spec);
    return groups > 0 ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "%s: want a group in it, as in name:patient_(\\d+)_",
                    r->spec);
}

static bool read_level(struct imp_subject_rule *r, struct imp_err *err)
{
    char *end;
    r->level = 1;
    if (!r->rest)
        return true;
    unsigned long level = strtoul(r->rest, &end, 10);
    if (!g_ascii_isdigit(*r->rest) || *end || level < 1 || level > LEVEL_MAX)
        return imp_fail(err, IMP_ERR_CONFIG, "%s: want a level from 1 to %d",
                        r->spec, LEVEL_MAX);
    r->level = (unsigned)level;
    return true;
}

static bool read_tag(struct imp_subject_rule *r, struct imp_err *err)
{
    return *r->rest || imp_fail(err, IMP_ERR_CONFIG,
                                "%s: want the name of a tag, as in "
                                "exif:ImageDescription",
                                r->spec);
}

static bool read_keyword(struct imp_subject_rule *r, struct imp_err *err)
{
    return *r->rest ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "%s: want an attribute, as in dicom:PatientID", r->spec);
}

static bool read_nothing(struct imp_subject_rule *r, struct imp_err *err)
{
    (void)r, (void)err;
    return true;
}

static const struct {
    const char *name;
    enum { NO_REST, MAY_HAVE_REST, HAS_REST } rest;
    bool (*read)(struct imp_subject_rule *r, struct imp_err *err);
} kinds[] = {
    [IMP_SUBJECT_BY_NAME] = {"name", HAS_REST, read_regex},
    [IMP_SUBJECT_BY_DIR] = {"dir", MAY_HAVE_REST, read_level},
    [IMP_SUBJECT_BY_EXIF] = {"exif", HAS_REST, read_tag},
    [IMP_SUBJECT_BY_DICOM] = {"dicom", HAS_REST, read_keyword},
    [IMP_SUBJECT_BY_LIST] = {"list", NO_REST, read_nothing},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static bool read_spec(struct imp_subject_rule *r, struct imp_err *err)
{
    size_t n = strcspn(r->spec, ":");
    r->rest = r->spec[n] ? r->spec + n + 1 : NULL;
    for (size_t i = 0; i < KINDS; i++) {
        if (strlen(kinds[i].name) != n ||
            memcmp(kinds[i].name, r->spec, n) != 0 ||
            kinds[i].rest == (r->rest ? NO_REST : HAS_REST))
            continue;
        r->by = (enum imp_subject_by)i;
        return kinds[i].read(r, err);
    }
    return imp_fail(err, IMP_ERR_CONFIG,
                    "%s: want name:REGEX, dir, dir:LEVEL, exif:TAG, "
                    "dicom:KEYWORD or list",
                    r->spec);
}

struct imp_subject_rule *imp_subject_rule_new(const char *spec,
                                              struct imp_err *err)
{
    struct imp_subject_rule *r = calloc(1, sizeof *r);
    if (r && (r->spec = strdup(spec))) {
        if (read_spec(r, err))
            return r;
    } else {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a rule");
    }
    imp_subject_rule_free(r);
    return NULL;
}

void imp_subject_rule_free(struct imp_subject_rule *r)
{
    if (!r)
        return;
    pcre2_match_context_free(r->limits);
    pcre2_code_free(r->regex);
    free(r->spec);
    free(r);
}

enum imp_subject_by imp_subject_rule_by(const struct imp_subject_rule *r)
{
    return r->by;
}

const char *imp_subject_rule_spec(const struct imp_subject_rule *r)
{
    return r->spec;
}

const char *imp_subject_rule_tag(const struct imp_subject_rule *r)
{
    bool has_tag =
        r->by == IMP_SUBJECT_BY_EXIF || r->by == IMP_SUBJECT_BY_DICOM;
    return has_tag ? r->rest : NULL;
}

// --- A key in the form that it has everywhere ---

static bool has_control(struct imp_span key)
{
    const char *at = (const char *)key.p, *end = at + key.n;
    for (; at < end; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return true;
    return false;
}

static bool fail_key(const char *by, const char *what, struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_CONFIG, "subject by %s: the key %s", by, what);
}

static bool add_key(const char *by, struct imp_span key, struct imp_buf *out,
                    struct imp_err *err)
{
    size_t before = out->n;
    if (key.n == 0)
        return fail_key(by, "is empty", err);
    if (key.n > IMP_SUBJECT_MAX)
        return fail_key(by, "is too long: want 255 bytes at most", err);
    if (has_control(key))
        return fail_key(by, "has a control character", err);
    if (!imp_buf_reserve(out, before + key.n + 1, err) ||
        !imp_buf_add(out, key.p, key.n, err) || !imp_buf_add(out, "", 1, err))
        return false;
    out->n = before + key.n;
    return true;
}

bool imp_subject_tidy(const char *by, struct imp_span raw, struct imp_buf *key,
                      struct imp_err *err)
{
    struct imp_tidy tidy;
    // Composing makes it three times as long at most.
    if (raw.n > 4 * IMP_SUBJECT_MAX)
        return fail_key(by, "is too long: want 255 bytes at most", err);
    bool ok = imp_tidy_init(&tidy, raw) ? add_key(by, tidy.key, key, err)
                                        : fail_key(by, "is not UTF-8", err);
    imp_tidy_clear(&tidy);
    return ok;
}

// --- The key in a path ---

// It is no UTF-8, or takes too long.
static bool fail_regex(const struct imp_subject_rule *r, int code,
                       struct imp_err *err)
{
    PCRE2_UCHAR why[120] = "";
    pcre2_get_error_message(code, why, sizeof why);
    return imp_fail(err, IMP_ERR_CONFIG, "no subject: %s: %s", r->spec,
                    (const char *)why);
}

static bool fail_match(const struct imp_subject_rule *r, struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_CONFIG, "no subject: %s does not match",
                    r->spec);
}

static bool of_name(const struct imp_subject_rule *r, const char *path,
                    struct imp_buf *key, struct imp_err *err)
{
    bool ok = false;
    pcre2_match_data *match =
        pcre2_match_data_create_from_pattern(r->regex, NULL);
    if (!match)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a match");
    int code = pcre2_match(r->regex, (PCRE2_SPTR)path, PCRE2_ZERO_TERMINATED, 0,
                           0, match, r->limits);
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(match) + 2 * r->group;
    // Groups that take no part are not in the count, or are unset.
    if (code > 0 && (uint32_t)code > r->group && at[0] != PCRE2_UNSET &&
        at[0] <= at[1])
        ok = imp_subject_tidy(
            r->spec,
            (struct imp_span){(const uint8_t *)path + at[0], at[1] - at[0]},
            key, err);
    else if (code >= 0 || code == PCRE2_ERROR_NOMATCH)
        fail_match(r, err);
    else
        fail_regex(r, code, err);
    pcre2_match_data_free(match);
    return ok;
}

// The last component is the file and no directory; "." is none either.
static bool of_dir(const struct imp_subject_rule *r, const char *path,
                   struct imp_buf *key, struct imp_err *err)
{
    unsigned level = 0;
    if (*path == '/')
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no subject: %s: the list has a path from the root, "
                        "want one below the upload directory",
                        r->spec);
    for (size_t n; path[n = strcspn(path, "/")]; path += n + 1) {
        bool counts = n > 0 && !(n == 1 && *path == '.');
        if (n == 2 && memcmp(path, "..", 2) == 0)
            break;
        if (counts && ++level == r->level)
            return imp_subject_tidy(
                r->spec, (struct imp_span){(const uint8_t *)path, n}, key, err);
    }
    return fail_match(r, err);
}

bool imp_subject_of_path(const struct imp_subject_rule *r, const char *path,
                         struct imp_buf *key, struct imp_err *err)
{
    switch (r->by) {
    case IMP_SUBJECT_BY_NAME:
        return of_name(r, path, key, err);
    case IMP_SUBJECT_BY_DIR:
        return of_dir(r, path, key, err);
    default:
        imp_bug("%s: no rule of paths", r->spec);
    }
}
