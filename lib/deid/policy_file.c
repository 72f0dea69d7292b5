// A policy file (imgpipe-policy(5)): what it may say is in one table; what it
// must not say is refused by name.
#include "base/list.h"
#include "base/suggest.h"
#include "deid/exif_rules.h"
#include "deid/policy_internal.h"
#include "deid/pseudonym.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_FILE ((size_t)64 * 1024)

// Take a key's value. The message says what is wanted; the caller adds where.
typedef bool take_fn(struct imp_policy *p, const char *value,
                     struct imp_err *err);

// One of several words; what is near is suggested.
static bool word_of(const char *value, const char *const *words, int *which,
                    struct imp_err *err)
{
    char list[100] = "";
    struct imp_suggest s = {.word = value};
    for (int i = 0; words[i]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *which = i;
            return true;
        }
        imp_suggest_try(&s, words[i]);
        strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, words[i], sizeof list - strlen(list) - 1);
    }
    return imp_fail(err, IMP_ERR_CONFIG, "'%.40s': want one of %s%s%s", value,
                    list, s.best ? "; did you mean " : "",
                    s.best ? s.best : "");
}

static bool take_preset(struct imp_policy *p, const char *value,
                        struct imp_err *err)
{
    return imp_policy_preset(p, value, err);
}

static bool take_dates(struct imp_policy *p, const char *value,
                       struct imp_err *err)
{
    static const char *const words[] = {"remove", "shift", "year", NULL};
    int which;
    if (!word_of(value, words, &which, err))
        return false;
    p->exif.dates = (enum imp_dates)which;
    p->settings.asked_for_shifting = which == IMP_DATES_SHIFT;
    if (which == IMP_DATES_REMOVE)
        return true;
    for (size_t i = 0; i < IMP_EXIF_RULES; i++)
        if (imp_exif_rules[i].group == IMP_EXIF_DATE)
            p->exif.allow |= UINT64_C(1) << i;
    return true;
}

// "30-400": days.
static bool take_shift_days(struct imp_policy *p, const char *value,
                            struct imp_err *err)
{
    int least, most, end = 0;
    bool ok = sscanf(value, "%5d-%5d%n", &least, &most, &end) == 2 &&
              !value[end] && least >= 1 && least <= most &&
              most <= IMP_SHIFT_MAX;
    if (!ok)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%.40s': want LEAST-MOST, of 1 to %d days, as 1-365",
                        value, IMP_SHIFT_MAX);
    p->settings.shift_least = least;
    p->settings.shift_most = most;
    return true;
}

static bool take_icc(struct imp_policy *p, const char *value,
                     struct imp_err *err)
{
    static const char *const words[] = {"neutral", "keep-known", "drop", NULL};
    int which;
    if (!word_of(value, words, &which, err))
        return false;
    p->icc = (enum imp_icc_mode)which;
    return true;
}

static bool take_level(struct imp_policy *p, const char *value,
                       struct imp_err *err)
{
    static const char *const words[] = {"coded", "structure", NULL};
    int which;
    if (!word_of(value, words, &which, err))
        return false;
    p->settings.has_check = true;
    p->settings.check = which ? IMP_CHECK_STRUCTURE : IMP_CHECK_CODED;
    return true;
}

// --- Tags ---

static bool unknown_tag(const char *name, struct imp_err *err)
{
    struct imp_suggest s = {.word = name};
    for (size_t i = 0; i < IMP_EXIF_RULES; i++)
        imp_suggest_try(&s, imp_exif_rules[i].name);
    const char *other;
    for (size_t i = 0; (other = imp_exif_forbidden_name(i)); i++)
        imp_suggest_try(&s, other);
    return imp_fail(err, IMP_ERR_CONFIG, "no tag '%.40s' that could stay%s%s",
                    name, s.best ? "; did you mean " : "",
                    s.best ? s.best : "");
}

static bool keep_tag(void *self, const char *name, struct imp_err *err)
{
    struct imp_policy *p = self;
    const char *why = imp_exif_forbidden(name);
    if (why)
        return imp_fail(err, IMP_ERR_CONFIG, "%.40s may never stay: %s", name,
                        why);
    for (size_t i = 0; i < IMP_EXIF_RULES; i++) {
        if (strcasecmp(imp_exif_rules[i].name, name) != 0)
            continue;
        if (imp_exif_rules[i].group == IMP_EXIF_DATE)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "%.40s is a date: say 'dates = shift' or 'dates = "
                            "year' in [policy]",
                            name);
        p->exif.allow |= UINT64_C(1) << i;
        return true;
    }
    return unknown_tag(name, err);
}

static bool take_keep(struct imp_policy *p, const char *value,
                      struct imp_err *err)
{
    return imp_list_each(value, keep_tag, p, err);
}

// --- DICOM objects ---

static bool take_options(struct imp_policy *p, const char *value,
                         struct imp_err *err)
{
    if (!imp_dicom_policy_take_options(&p->dicom, value, err))
        return false;
    p->settings.asked_for_shifting |=
        p->dicom.options.on[IMP_DICOM_MODIFIED_DATES];
    return true;
}

static bool take_private(struct imp_policy *p, const char *value,
                         struct imp_err *err)
{
    return imp_dicom_policy_take_private(&p->dicom, value, err);
}

static bool take_burned_in(struct imp_policy *p, const char *value,
                           struct imp_err *err)
{
    static const char *const words[] = {"quarantine", "allow", NULL};
    int which;
    if (!word_of(value, words, &which, err))
        return false;
    p->dicom.burned_in_allowed = which == 1;
    return true;
}

// --- Limits ---

static bool take_number(const char *value, bool unit, uint64_t max,
                        uint64_t *out, struct imp_err *err)
{
    static const char units[] = "KMG";
    char *end = NULL;
    errno = 0;
    uintmax_t v =
        isdigit((unsigned char)value[0]) ? strtoumax(value, &end, 10) : 0;
    const char *u = end && *end && unit ? strchr(units, *end) : NULL;
    uint64_t scale = u ? UINT64_C(1024) << 10 * (u - units) : 1;
    bool ends = end && (u ? end[1] == '\0' : *end == '\0');
    if (!ends || errno || v < 1 || v > max / scale)
        return imp_fail(err, IMP_ERR_CONFIG, "'%.40s': want a whole number%s",
                        value, unit ? ", with K, M or G behind it or not" : "");
    *out = v * scale;
    return true;
}

static bool take_max_bytes(struct imp_policy *p, const char *value,
                           struct imp_err *err)
{
    return take_number(value, true, UINT64_C(1) << 50, &p->settings.max_bytes,
                       err);
}

static bool take_max_pixels(struct imp_policy *p, const char *value,
                            struct imp_err *err)
{
    return take_number(value, false, UINT32_MAX, &p->settings.max_pixels, err);
}

// --- The table ---

// In the order in which they are taken: the preset is what others add to, and
// private elements want an option.
static const struct key {
    const char *group, *name;
    take_fn *take;
} keys[] = {
    {"policy", "preset", take_preset},
    {"policy", "dates", take_dates},
    {"policy", "shift-days", take_shift_days},
    {"policy", "icc", take_icc},
    {"exif", "keep", take_keep},
    {"dicom", "options", take_options},
    {"dicom", "keep-private", take_private},
    {"dicom", "burned-in", take_burned_in},
    {"check", "level", take_level},
    {"limits", "max-bytes", take_max_bytes},
    {"limits", "max-pixels", take_max_pixels},
};
#define KEYS (sizeof keys / sizeof keys[0])

const char *imp_policy_file_key(size_t i, const char **group)
{
    if (i >= KEYS)
        return NULL;
    *group = keys[i].group;
    return keys[i].name;
}

static bool unknown_group(const char *group, struct imp_err *err)
{
    struct imp_suggest s = {.word = group};
    for (size_t i = 0; i < KEYS; i++)
        imp_suggest_try(&s, keys[i].group);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "no group [%.40s]: want [policy], [exif], [dicom], "
                    "[check] or [limits]%s%s",
                    group, s.best ? "; did you mean " : "",
                    s.best ? s.best : "");
}

static bool unknown_key(const char *group, const char *name,
                        struct imp_err *err)
{
    struct imp_suggest s = {.word = name};
    const char *elsewhere = NULL;
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].name, name) == 0)
            elsewhere = keys[i].group;
        if (strcmp(keys[i].group, group) == 0)
            imp_suggest_try(&s, keys[i].name);
    }
    if (elsewhere)
        return imp_fail(err, IMP_ERR_CONFIG, "key '%s' belongs in [%s]", name,
                        elsewhere);
    return imp_fail(err, IMP_ERR_CONFIG, "no key '%.40s' in [%s]%s%s", name,
                    group, s.best ? "; did you mean " : "",
                    s.best ? s.best : "");
}

static bool is_group(const char *group)
{
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].group, group) == 0)
            return true;
    return false;
}

static bool is_key(const char *group, const char *name)
{
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].group, group) == 0 &&
            strcmp(keys[i].name, name) == 0)
            return true;
    return false;
}

// --- The file ---

// GLib joins groups of one name and lets the last of two keys win. Somebody who
// wrote two lines meant two things, so neither is taken.
static bool check_lines(const char *text, struct imp_err *err)
{
    bool ok = true;
    char *group = g_strdup("");
    GHashTable *seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char **lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; ok && lines[i]; i++) {
        char *line = g_strstrip(lines[i]), *what = NULL;
        char *equals = strchr(line, '=');
        if (line[0] == '[') {
            g_free(group);
            group = g_strdup(line);
            what = g_strdup(line);
        } else if (line[0] != '#' && equals) {
            char *key = g_strndup(line, (gsize)(equals - line));
            what = g_strconcat(group, " ", g_strchomp(key), NULL);
            g_free(key);
        }
        if (what && !g_hash_table_add(seen, what))
            ok = imp_fail(err, IMP_ERR_CONFIG, "line %zu: %.60s is there twice",
                          i + 1, line);
    }
    g_strfreev(lines);
    g_hash_table_destroy(seen);
    g_free(group);
    return ok;
}

static bool check_group(GKeyFile *file, const char *group, struct imp_err *err)
{
    if (!is_group(group))
        return unknown_group(group, err);
    bool ok = true;
    char **names = g_key_file_get_keys(file, group, NULL, NULL);
    for (char **name = names; ok && name && *name; name++)
        ok = is_key(group, *name) || unknown_key(group, *name, err);
    g_strfreev(names);
    return ok;
}

static bool check_names(GKeyFile *file, struct imp_err *err)
{
    bool ok = true;
    char **groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; ok && *group; group++)
        ok = check_group(file, *group, err);
    g_strfreev(groups);
    return ok;
}

static bool take_keys(struct imp_policy *p, GKeyFile *file, struct imp_err *err)
{
    bool ok = imp_policy_preset(p, "strict", err);
    for (size_t i = 0; ok && i < KEYS; i++) {
        const struct key *k = &keys[i];
        char *value = g_key_file_get_string(file, k->group, k->name, NULL);
        if (value)
            ok = k->take(p, g_strstrip(value), err) ||
                 imp_wrap(err, "[%s] %s", k->group, k->name);
        g_free(value);
    }
    return ok;
}

bool imp_policy_parse(struct imp_policy *p, const char *text, size_t n,
                      struct imp_err *err)
{
    if (memchr(text, 0, n))
        return imp_fail(err, IMP_ERR_CONFIG, "no text: it has a NUL byte");
    GError *error = NULL;
    GKeyFile *file = g_key_file_new();
    char *copy = g_strndup(text, n);
    bool ok = g_key_file_load_from_data(file, copy, n, G_KEY_FILE_NONE, &error);
    if (!ok)
        imp_fail(err, IMP_ERR_CONFIG, "%.120s", error->message);
    ok = ok && check_lines(copy, err) && check_names(file, err) &&
         take_keys(p, file, err);
    if (ok)
        p->text = strdup(copy);
    g_clear_error(&error);
    g_free(copy);
    g_key_file_free(file);
    return ok;
}

static bool read_text(const char *path, char *text, size_t *n,
                      struct imp_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return imp_fail(err, IMP_ERR_CONFIG, "%s", strerror(errno));
    ssize_t got;
    *n = 0;
    while (*n < MAX_FILE && (got = read(fd, text + *n, MAX_FILE - *n)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        *n += got > 0 ? (size_t)got : 0;
    }
    int code = errno;
    close(fd);
    if (*n < MAX_FILE && got < 0)
        return imp_fail(err, IMP_ERR_CONFIG, "%s", strerror(code));
    return *n < MAX_FILE || imp_fail(err, IMP_ERR_CONFIG,
                                     "no policy is that long: want less "
                                     "than 64 KiB");
}

bool imp_policy_read(struct imp_policy *p, const char *path,
                     struct imp_err *err)
{
    size_t n = 0;
    char *text = malloc(MAX_FILE);
    bool ok = text ? read_text(path, text, &n, err) &&
                         imp_policy_parse(p, text, n, err)
                   : imp_fail(err, IMP_ERR_MEMORY, "no memory for a policy");
    free(text);
    return ok || imp_wrap(err, "policy %s", path);
}
