#include "deid/dicom_policy.h"

#include "base/list.h"
#include "base/suggest.h"
#include "dicom/tag.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLEAN_PIXELS "clean-pixel-data"

void imp_dicom_policy_clear(struct imp_dicom_policy *p)
{
    free(p->safe);
    *p = (struct imp_dicom_policy){0};
}

// --- Options ---

static bool unknown_option(const char *name, struct imp_err *err)
{
    struct imp_suggest s = {.word = name};
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++)
        imp_suggest_try(&s, imp_dicom_option_name((enum imp_dicom_option)i));
    imp_suggest_try(&s, CLEAN_PIXELS);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "no option '%.40s': want those of imgpipe-policy(5), as "
                    "clean-graphics%s%s",
                    name, s.best ? "; did you mean " : "",
                    s.best ? s.best : "");
}

static bool take_option(void *self, const char *name, struct imp_err *err)
{
    struct imp_dicom_policy *p = self;
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++)
        if (strcmp(name, imp_dicom_option_name((enum imp_dicom_option)i)) == 0)
            return p->options.on[i] = true;
    if (strcmp(name, CLEAN_PIXELS) == 0)
        return p->clean_pixels = true;
    return unknown_option(name, err);
}

bool imp_dicom_policy_take_options(struct imp_dicom_policy *p, const char *list,
                                   struct imp_err *err)
{
    const bool *on = p->options.on;
    if (!imp_list_each(list, take_option, p, err))
        return false;
    return !(on[IMP_DICOM_FULL_DATES] && on[IMP_DICOM_MODIFIED_DATES]) ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "%s and %s: dates stay or are shifted, want one of the two",
                    imp_dicom_option_name(IMP_DICOM_FULL_DATES),
                    imp_dicom_option_name(IMP_DICOM_MODIFIED_DATES));
}

// --- Private elements ---

static int by_element(const void *a, const void *b)
{
    const struct imp_dicom_private *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->element != y->element)
        return x->element < y->element ? -1 : 1;
    return strcmp(x->creator, y->creator);
}

// PS3.5 7.8: odd, but for those that no private element may be in.
static bool is_private_group(unsigned group)
{
    return group % 2 == 1 && group > 7 && group != 0xFFFF;
}

static bool is_hex(const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!g_ascii_isxdigit(digits[i]))
            return false;
    return true;
}

// "(gggg,xxee) " and more.
static bool has_form(const char *entry)
{
    return strnlen(entry, 13) == 13 && entry[0] == '(' &&
           is_hex(entry + 1, 4) && entry[5] == ',' &&
           g_ascii_strncasecmp(entry + 6, "xx", 2) == 0 &&
           is_hex(entry + 8, 2) && entry[10] == ')' && entry[11] == ' ';
}

// Of the default character repertoire, in which a backslash divides values.
static bool is_creator(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        if (!g_ascii_isprint(name[i]) || name[i] == '\\')
            return false;
    return n > 0 && n <= IMP_DICOM_CREATOR_MAX;
}

static bool read_private(const char *entry, struct imp_dicom_private *out,
                         struct imp_err *err)
{
    if (!has_form(entry))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%.60s': want (GROUP,xxELEMENT) CREATOR, as in "
                        "(0019,xx0C) SIEMENS MR HEADER",
                        entry);
    unsigned group = (unsigned)strtoul(entry + 1, NULL, 16);
    const char *creator = entry + 11 + strspn(entry + 11, " ");
    if (!is_private_group(group))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%.60s': group %04X is not private: want an odd one, "
                        "0009 to FFFD",
                        entry, group);
    if (!is_creator(creator))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%.60s': a creator of %zu bytes: want 1 to %d of "
                        "ASCII, without a backslash",
                        entry, strlen(creator), IMP_DICOM_CREATOR_MAX);
    *out = (struct imp_dicom_private){
        .group = (uint16_t)group,
        .element = (uint8_t)strtoul(entry + 8, NULL, 16)};
    memcpy(out->creator, creator, strlen(creator));
    return true;
}

static bool take_private(void *self, const char *entry, struct imp_err *err)
{
    struct imp_dicom_policy *p = self;
    struct imp_dicom_private safe;
    if (!read_private(entry, &safe, err))
        return false;
    if (!p->options.on[IMP_DICOM_SAFE_PRIVATE])
        return imp_fail(err, IMP_ERR_CONFIG, "'%.60s': want option %s, too",
                        entry, imp_dicom_option_name(IMP_DICOM_SAFE_PRIVATE));
    struct imp_dicom_private *more =
        realloc(p->safe, (p->n_safe + 1) * sizeof *more);
    if (!more)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a private element");
    p->safe = more;
    p->safe[p->n_safe++] = safe;
    return true;
}

bool imp_dicom_policy_take_private(struct imp_dicom_policy *p, const char *list,
                                   struct imp_err *err)
{
    size_t n = 0;
    if (!imp_list_each(list, take_private, p, err))
        return false;
    if (p->n_safe > 0)
        qsort(p->safe, p->n_safe, sizeof *p->safe, by_element);
    for (size_t i = 0; i < p->n_safe; i++)
        if (n == 0 || by_element(&p->safe[n - 1], &p->safe[i]) != 0)
            p->safe[n++] = p->safe[i];
    p->n_safe = n;
    return true;
}

bool imp_dicom_is_safe(const struct imp_dicom_policy *p,
                       struct imp_span creator, uint32_t tag)
{
    struct imp_dicom_private sought = {.group = imp_dcm_group(tag),
                                       .element = (uint8_t)tag};
    while (creator.n > 0 && (creator.p[creator.n - 1] == ' ' ||
                             creator.p[creator.n - 1] == '\0'))
        creator.n--;
    // Elements below 1000 are in no block: they are creators, or illegal.
    if (p->n_safe == 0 || creator.n == 0 || creator.n > IMP_DICOM_CREATOR_MAX ||
        memchr(creator.p, 0, creator.n) || imp_dcm_element(tag) < 0x1000)
        return false;
    memcpy(sought.creator, creator.p, creator.n);
    return bsearch(&sought, p->safe, p->n_safe, sizeof *p->safe, by_element);
}

// --- What it comes to ---

static bool add_line(struct imp_buf *out, const char *line, struct imp_err *err)
{
    return imp_buf_add(out, "dicom ", 6, err) &&
           imp_buf_add(out, line, strlen(line), err) &&
           imp_buf_add(out, "\n", 1, err);
}

static bool describe_options(const struct imp_dicom_policy *p, bool shifts,
                             struct imp_buf *out, struct imp_err *err)
{
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++) {
        bool goes_without = shifts && i == IMP_DICOM_MODIFIED_DATES;
        if (p->options.on[i] && !goes_without &&
            !add_line(out, imp_dicom_option_name((enum imp_dicom_option)i),
                      err))
            return false;
    }
    return true;
}

bool imp_dicom_policy_describe(const struct imp_dicom_policy *p, bool shifts,
                               struct imp_buf *out, struct imp_err *err)
{
    bool ok = describe_options(p, shifts, out, err) &&
              (!p->clean_pixels || add_line(out, CLEAN_PIXELS, err)) &&
              (!p->burned_in_allowed || add_line(out, "burned-in allow", err));
    for (size_t i = 0; ok && i < p->n_safe; i++) {
        char line[IMP_DICOM_CREATOR_MAX + 24];
        snprintf(line, sizeof line, "private %04X %02X %s", p->safe[i].group,
                 p->safe[i].element, p->safe[i].creator);
        ok = add_line(out, line, err);
    }
    return ok;
}
