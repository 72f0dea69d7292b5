// Tag files read back: are they what the tag manifest says, and does that say
// all?
#include "archive/tags.h"
#include "base/bytes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TAG_MAX ((size_t)1 << 20) // of what is looked into
#define HEX (IMP_SHA256_HEX - 1)

struct verifier {
    struct imp_target *t;
    imp_tag_fault_fn fn;
    void *self;
    struct imp_buf text;
};

IMP_PRINTF(4, 5)
static bool tell(struct verifier *v, const char *name, struct imp_err *err,
                 const char *fmt, ...)
{
    char what[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return v->fn(v->self, name, what, err);
}

// Its start into v->text, NUL-ended. `*have` is false if it could not be read,
// which has been told, or is missing, which is told if `needed`.
static bool read_tag(struct verifier *v, const char *name, bool needed,
                     bool *have, struct imp_digest *digest, struct imp_err *err)
{
    struct imp_err why = {0};
    bool present = false;
    *have =
        v->t->ops->tag(v->t, name, TAG_MAX, &v->text, digest, &present, &why) &&
        imp_buf_add(&v->text, "", 1, &why) && present;
    if (why.code == IMP_ERR_MEMORY || why.code == IMP_ERR_CANCELLED) {
        if (err)
            *err = why;
        return false;
    }
    if (why.code)
        return tell(v, name, err, "cannot be read: %s", why.msg);
    return *have || !needed || tell(v, name, err, "is missing");
}

static const char *text_of(const struct verifier *v)
{
    return (const char *)v->text.p;
}

// --- The tag manifest (RFC 8493 2.2.1) ---

// The index is there only if the archive is one file.
static const char *const listed[] = {IMP_TAG_INFO, IMP_TAG_DECLARATION,
                                     IMP_TAG_MANIFEST, IMP_TAG_INDEX};
#define IS_OPTIONAL(i) ((i) == 3)
#define LISTED (sizeof listed / sizeof *listed)

struct listing {
    struct imp_digest digest[LISTED];
    unsigned times[LISTED];
};

static bool take_line(struct verifier *v, struct listing *l, const char *line,
                      size_t n, struct imp_err *err)
{
    struct imp_digest digest;
    char hex[IMP_SHA256_HEX];
    const char *name = line + HEX + 2;
    bool ok = n > HEX + 2 && imp_digest_parse(line, HEX, &digest) &&
              strncmp(line + HEX, "  ", 2) == 0;
    // In capitals it says the same, but we do not write it so.
    if (ok)
        imp_digest_hex(&digest, hex);
    if (!ok || memcmp(hex, line, HEX) != 0)
        return tell(v, IMP_TAG_TAGMANIFEST, err,
                    "has a line that is no digest and name");
    for (size_t i = 0; i < LISTED; i++)
        if (strlen(listed[i]) == n - HEX - 2 &&
            memcmp(listed[i], name, n - HEX - 2) == 0) {
            l->digest[i] = digest;
            l->times[i]++;
            return true;
        }
    return tell(v, IMP_TAG_TAGMANIFEST, err,
                "lists a file that is no tag file of ours");
}

static bool take_lines(struct verifier *v, struct listing *l,
                       struct imp_err *err)
{
    size_t n;
    for (const char *line = text_of(v); *line; line += n + (line[n] == '\n')) {
        n = strcspn(line, "\n");
        if (!take_line(v, l, line, n, err))
            return false;
    }
    return true;
}

static bool compare(struct verifier *v, const struct listing *l, size_t i,
                    struct imp_err *err)
{
    struct imp_digest found;
    bool have, needed = !IS_OPTIONAL(i) || l->times[i];
    if (!read_tag(v, listed[i], needed, &have, &found, err))
        return false;
    if (have != (l->times[i] == 1) && (have || l->times[i] > 1))
        return tell(v, IMP_TAG_TAGMANIFEST, err, "lists %s %u times", listed[i],
                    l->times[i]);
    if (!have)
        return true;
    return memcmp(&found, &l->digest[i], sizeof found) == 0 ||
           tell(v, listed[i], err,
                "is not what " IMP_TAG_TAGMANIFEST
                " says: its digest is another");
}

static bool verify_digests(struct verifier *v, struct imp_err *err)
{
    struct listing l = {0};
    struct imp_digest ignored;
    bool have, ok;
    if (!read_tag(v, IMP_TAG_TAGMANIFEST, true, &have, &ignored, err))
        return false;
    ok = !have || take_lines(v, &l, err);
    // Without it, only what is missing besides is told.
    for (size_t i = 0; ok && i < LISTED; i++)
        ok = have ? compare(v, &l, i, err)
                  : read_tag(v, listed[i], !IS_OPTIONAL(i), &(bool){false},
                             &ignored, err);
    return ok;
}

// --- What the others say ---

static bool read_if_there(struct verifier *v, const char *name, bool *present,
                          struct imp_err *err)
{
    struct imp_digest digest;
    *present = false;
    return v->t->ops->tag(v->t, name, TAG_MAX, &v->text, &digest, present,
                          err) &&
           imp_buf_add(&v->text, "", 1, err);
}

// What cannot be read has been told of.
static bool read_again(struct verifier *v, const char *name)
{
    bool present;
    return read_if_there(v, name, &present, NULL) && present;
}

static bool verify_declaration(struct verifier *v, struct imp_err *err)
{
    return !read_again(v, IMP_TAG_DECLARATION) ||
           (v->text.n == sizeof IMP_TAG_DECLARED &&
            memcmp(v->text.p, IMP_TAG_DECLARED, v->text.n) == 0) ||
           tell(v, IMP_TAG_DECLARATION, err, "is not of BagIt 1.0 with UTF-8");
}

// What stands behind a label in bag-info.txt, from `*at` on, which moves behind
// it; NULL: no more.
static const char *value_of(const char **at, const char *label, size_t *n)
{
    size_t len = strlen(label);
    while (**at) {
        const char *line = *at;
        size_t all = strcspn(line, "\n");
        *at += all + (line[all] == '\n');
        if (all >= len && strncmp(line, label, len) == 0) {
            *n = all - len;
            return line + len;
        }
    }
    return NULL;
}

static bool verify_info(struct verifier *v, const struct imp_payload *payload,
                        struct imp_err *err)
{
    size_t n = 0;
    char want[48];
    if (!read_again(v, IMP_TAG_INFO))
        return true;
    const char *at = text_of(v), *oxum = value_of(&at, IMP_TAG_OXUM, &n);
    snprintf(want, sizeof want, "%" PRIu64 ".%" PRIu64, payload->bytes,
             payload->files);
    return (oxum && n == strlen(want) && memcmp(oxum, want, n) == 0) ||
           tell(v, IMP_TAG_INFO, err,
                "Payload-Oxum does not say what the payload has: %s", want);
}

bool imp_tags_verify(struct imp_target *t, const struct imp_payload *payload,
                     imp_tag_fault_fn fn, void *self, struct imp_err *err)
{
    struct verifier v = {.t = t, .fn = fn, .self = self};
    bool ok = verify_digests(&v, err) && verify_declaration(&v, err) &&
              (!payload || verify_info(&v, payload, err));
    imp_buf_clear(&v.text);
    return ok;
}

bool imp_tags_each_policy(struct imp_target *t, imp_policy_fn fn, void *self,
                          struct imp_err *err)
{
    struct verifier v = {.t = t};
    bool present, ok = read_if_there(&v, IMP_TAG_INFO, &present, err);
    size_t n;
    if (ok && present) {
        const char *at = text_of(&v), *hex;
        struct imp_digest policy;
        while (ok && (hex = value_of(&at, IMP_TAG_POLICY, &n)))
            ok = n != HEX || !imp_digest_parse(hex, n, &policy) ||
                 fn(self, &policy, err);
    }
    imp_buf_clear(&v.text);
    return ok;
}

// Somebody's editor may have been at it: blanks around a value do not count,
// nor does a label's case (RFC 8493 2.2.2).
static bool take_term(const struct verifier *v, const char *label,
                      const char *of, char *term, size_t cap,
                      struct imp_err *err)
{
    const char *at = text_of(v);
    size_t len = strlen(label) - 1; // without the blank behind the colon
    while (*at && strncasecmp(at, label, len) != 0) {
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    if (!*at)
        return true;
    const char *value = at + len + strspn(at + len, " \t");
    size_t n = strspn(value, of);
    char behind = value[n + strspn(value + n, " \t\r")];
    if (n == 0 || n >= cap || (behind && behind != '\n'))
        return imp_fail(err, IMP_ERR_CONFIG,
                        IMP_TAG_INFO ": %.*s does not say what it should",
                        (int)len - 1, label);
    snprintf(term, cap, "%.*s", (int)n, value);
    return true;
}

bool imp_tags_terms(struct imp_target *t, struct imp_terms *terms,
                    struct imp_err *err)
{
    struct verifier v = {.t = t};
    bool present, ok = read_if_there(&v, IMP_TAG_INFO, &present, err);
    *terms = (struct imp_terms){0};
    ok =
        ok && (!present || (take_term(&v, IMP_TAG_KEY, "0123456789abcdef",
                                      terms->key, sizeof terms->key, err) &&
                            take_term(&v, IMP_TAG_SHIFT, "0123456789-",
                                      terms->shift, sizeof terms->shift, err)));
    imp_buf_clear(&v.text);
    return ok;
}
