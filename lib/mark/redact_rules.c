#include "mark/redact_rules.h"

#include "base/list.h"
#include "base/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE ((size_t)1024 * 1024)

// What a rule asks about in words; the order of `texts`.
enum { MANUFACTURER, MODEL, MODALITY, SOP_CLASS, TEXTS };

struct rule {
    char *text[TEXTS];      // patterns; NULL: any
    uint32_t rows, columns; // 0: any
    struct imp_rect *rect;
    size_t n;
};

struct imp_redact_rules {
    struct rule *rule;
    size_t n;
    char *text;
};

static const char *const texts[TEXTS] = {"manufacturer", "model", "modality",
                                         "sop-class"};
static const char *const keys[] = {"manufacturer", "model", "modality",
                                   "sop-class",    "rows",  "columns",
                                   "rectangles"};
#define KEYS (sizeof keys / sizeof *keys)

void imp_redact_rules_free(struct imp_redact_rules *rules)
{
    for (size_t i = 0; rules && i < rules->n; i++) {
        for (int t = 0; t < TEXTS; t++)
            g_free(rules->rule[i].text[t]);
        g_free(rules->rule[i].rect);
    }
    if (rules) {
        g_free(rules->rule);
        g_free(rules->text);
    }
    g_free(rules);
}

const char *imp_redact_rules_text(const struct imp_redact_rules *rules)
{
    return rules->text;
}

// --- Values ---

// A whole number up to that of a US, behind which `*end` is.
static bool take_number(const char *p, const char **end, uint32_t *out)
{
    uint32_t v = 0;
    const char *begin = p;
    for (; isdigit((unsigned char)*p) && v <= UINT16_MAX; p++)
        v = v * 10 + (uint32_t)(*p - '0');
    *out = v;
    *end = p;
    return p > begin && v <= UINT16_MAX;
}

static bool take_side(const char *value, uint32_t *out, struct imp_err *err)
{
    const char *end;
    return (take_number(value, &end, out) && !*end && *out > 0) ||
           imp_fail(err, IMP_ERR_CONFIG, "'%.40s': want a number from 1 to %d",
                    value, UINT16_MAX);
}

static bool take_rect(const char *value, struct imp_rect *r,
                      struct imp_err *err)
{
    uint32_t *const side[] = {&r->x, &r->y, &r->width, &r->height};
    const char *p = value;
    for (int i = 0; i < 4; i++) {
        while (*p == ' ')
            p++;
        if (!take_number(p, &p, side[i]))
            goto bad;
        while (*p == ' ')
            p++;
        if (*p++ != (i < 3 ? ',' : '\0'))
            goto bad;
    }
    if (r->width > 0 && r->height > 0)
        return true;
bad:
    return imp_fail(err, IMP_ERR_CONFIG,
                    "'%.40s': want x,y,width,height in pixels, as 0,0,800,48",
                    value);
}

static bool add_rect(void *self, const char *value, struct imp_err *err)
{
    struct rule *rule = self;
    if (rule->n == IMP_REDACT_RECTS)
        return imp_fail(err, IMP_ERR_CONFIG, "more than %d rectangles",
                        IMP_REDACT_RECTS);
    rule->rect = g_renew(struct imp_rect, rule->rect, rule->n + 1);
    struct imp_rect *r = &rule->rect[rule->n];
    if (!take_rect(value, r, err))
        return false;
    if ((rule->columns && r->x + r->width > rule->columns) ||
        (rule->rows && r->y + r->height > rule->rows))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%.40s' reaches beyond the columns and rows of the "
                        "rule",
                        value);
    rule->n++;
    return true;
}

static bool take_rects(struct rule *rule, const char *value,
                       struct imp_err *err)
{
    if (strcmp(value, "none") == 0)
        return true;
    if (!imp_list_each(value, add_rect, rule, err))
        return false;
    return rule->n > 0 || imp_fail(err, IMP_ERR_CONFIG,
                                   "want rectangles, or 'none' if such "
                                   "pictures are known to be clean");
}

// --- Rules ---

static bool unknown_key(const char *name, struct imp_err *err)
{
    struct imp_suggest s = {.word = name};
    for (size_t i = 0; i < KEYS; i++)
        imp_suggest_try(&s, keys[i]);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "no key '%.40s': want manufacturer, model, modality, "
                    "sop-class, rows, columns or rectangles%s%s",
                    name, s.best ? "; did you mean " : "",
                    s.best ? s.best : "");
}

static bool check_keys(GKeyFile *file, const char *group, struct imp_err *err)
{
    bool ok = true;
    char **names = g_key_file_get_keys(file, group, NULL, NULL);
    for (char **name = names; ok && name && *name; name++) {
        size_t i = 0;
        while (i < KEYS && strcmp(keys[i], *name) != 0)
            i++;
        ok = i < KEYS || unknown_key(*name, err);
    }
    g_strfreev(names);
    return ok;
}

// The value without spaces around it; NULL if there is no such key.
static char *value_of(GKeyFile *file, const char *group, const char *key)
{
    char *value = g_key_file_get_value(file, group, key, NULL);
    return value ? g_strstrip(value) : NULL;
}

static bool take_texts(struct rule *rule, GKeyFile *file, const char *group,
                       struct imp_err *err)
{
    bool any = false;
    for (int t = 0; t < TEXTS; t++) {
        rule->text[t] = value_of(file, group, texts[t]);
        if (rule->text[t] && !*rule->text[t])
            return imp_fail(err, IMP_ERR_CONFIG, "%s: it is empty", texts[t]);
        any |= rule->text[t] != NULL;
    }
    return any || imp_fail(err, IMP_ERR_CONFIG,
                           "want at least one of manufacturer, model, "
                           "modality and sop-class: a size alone is no sign "
                           "of what made a picture");
}

static bool take_number_key(GKeyFile *file, const char *group, const char *key,
                            uint32_t *out, struct imp_err *err)
{
    char *value = value_of(file, group, key);
    bool ok = !value || take_side(value, out, err) || imp_wrap(err, "%s", key);
    g_free(value);
    return ok;
}

static bool take_rects_key(struct rule *rule, GKeyFile *file, const char *group,
                           struct imp_err *err)
{
    char *value = value_of(file, group, "rectangles");
    bool ok = take_rects(rule, value ? value : "", err) ||
              imp_wrap(err, "rectangles");
    g_free(value);
    return ok;
}

static bool take_rule(struct rule *rule, GKeyFile *file, const char *group,
                      struct imp_err *err)
{
    return check_keys(file, group, err) && take_texts(rule, file, group, err) &&
           take_number_key(file, group, "rows", &rule->rows, err) &&
           take_number_key(file, group, "columns", &rule->columns, err) &&
           take_rects_key(rule, file, group, err);
}

static bool take_rules(struct imp_redact_rules *rules, GKeyFile *file,
                       struct imp_err *err)
{
    gsize n = 0;
    bool ok = true;
    char **groups = g_key_file_get_groups(file, &n);
    rules->rule = g_new0(struct rule, n + 1);
    for (gsize i = 0; ok && i < n; i++) {
        rules->n = i + 1;
        ok = take_rule(&rules->rule[i], file, groups[i], err) ||
             imp_wrap(err, "[%.40s]", groups[i]);
    }
    g_strfreev(groups);
    return ok && (n > 0 || imp_fail(err, IMP_ERR_CONFIG, "it has no rules"));
}

// --- The file ---

// GLib joins groups of one name and lets the last of two keys win: neither is
// what was meant.
static bool check_lines(const char *text, struct imp_err *err)
{
    bool ok = true;
    GHashTable *groups = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    char **lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; ok && lines[i]; i++) {
        char *line = g_strstrip(lines[i]), *equals = strchr(line, '=');
        bool fresh = true;
        if (line[0] == '[') {
            g_hash_table_remove_all(names);
            fresh = g_hash_table_add(groups, line);
        } else if (line[0] != '#' && equals) {
            *equals = '\0';
            fresh = g_hash_table_add(names, g_strchomp(line));
        }
        if (!fresh)
            ok = imp_fail(err, IMP_ERR_CONFIG, "line %zu: %.60s is there twice",
                          i + 1, line);
    }
    g_hash_table_destroy(groups);
    g_hash_table_destroy(names);
    g_strfreev(lines);
    return ok;
}

struct imp_redact_rules *imp_redact_rules_parse(const char *text,
                                                struct imp_err *err)
{
    GError *error = NULL;
    GKeyFile *file = g_key_file_new();
    struct imp_redact_rules *rules = g_new0(struct imp_redact_rules, 1);
    bool ok = g_key_file_load_from_data(file, text, strlen(text),
                                        G_KEY_FILE_NONE, &error);
    if (!ok)
        imp_fail(err, IMP_ERR_CONFIG, "%.120s", error->message);
    ok = ok && check_lines(text, err) && take_rules(rules, file, err);
    rules->text = g_strdup(text);
    g_clear_error(&error);
    g_key_file_free(file);
    if (ok)
        return rules;
    imp_redact_rules_free(rules);
    return NULL;
}

static bool read_text(const char *path, char *text, struct imp_err *err)
{
    size_t n = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return imp_fail(err, IMP_ERR_CONFIG, "%s", strerror(errno));
    while (n < MAX_FILE && got != 0) {
        got = read(fd, text + n, MAX_FILE - n);
        if (got < 0 && errno != EINTR)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    int code = errno;
    close(fd);
    if (got < 0)
        return imp_fail(err, IMP_ERR_CONFIG, "%s", strerror(code));
    if (n == MAX_FILE)
        return imp_fail(err, IMP_ERR_CONFIG, "want less than 1 MiB of rules");
    if (memchr(text, 0, n))
        return imp_fail(err, IMP_ERR_CONFIG, "no text: it has a NUL byte");
    text[n] = '\0';
    return true;
}

struct imp_redact_rules *imp_redact_rules_read(const char *path,
                                               struct imp_err *err)
{
    struct imp_redact_rules *rules = NULL;
    char *text = malloc(MAX_FILE + 1);
    if (!text)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for rules");
    else if (read_text(path, text, err))
        rules = imp_redact_rules_parse(text, err);
    free(text);
    if (!rules)
        imp_wrap(err, "rules %s", path);
    return rules;
}

// --- Looking ---

static bool matches(const struct rule *rule, const struct imp_redact_object *o)
{
    const char *const has[TEXTS] = {o->manufacturer, o->model, o->modality,
                                    o->sop_class};
    for (int t = 0; t < TEXTS; t++)
        if (rule->text[t] &&
            (!has[t] ||
             fnmatch(rule->text[t], has[t], FNM_CASEFOLD | FNM_NOESCAPE) != 0))
            return false;
    return (!rule->rows || rule->rows == o->rows) &&
           (!rule->columns || rule->columns == o->columns);
}

bool imp_redact_rules_find(const struct imp_redact_rules *rules,
                           const struct imp_redact_object *object, bool *found,
                           struct imp_rect rect[IMP_REDACT_RECTS], size_t *n,
                           struct imp_err *err)
{
    *found = false;
    *n = 0;
    for (size_t i = 0; i < rules->n; i++) {
        const struct rule *rule = &rules->rule[i];
        if (!matches(rule, object))
            continue;
        *found = true;
        if (rule->n > IMP_REDACT_RECTS - *n)
            return imp_fail(err, IMP_ERR_LIMIT,
                            "redaction: rules with more than %d rectangles "
                            "match",
                            IMP_REDACT_RECTS);
        if (rule->n > 0)
            memcpy(rect + *n, rule->rect, rule->n * sizeof *rect);
        *n += rule->n;
    }
    return true;
}
