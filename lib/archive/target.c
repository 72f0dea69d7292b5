#include "archive/target.h"

#include "base/file.h"

#include <string.h>
#include <unistd.h>

#define TARGETS(ROW) \
    ROW(bag)         \
    ROW(tar)         \
    ROW(s3)
#define DECLARE(name) extern const struct imp_target_ops imp_target_##name;
#define POINT_AT(name) &imp_target_##name,

TARGETS(DECLARE)
const struct imp_target_ops *const imp_targets[] = {TARGETS(POINT_AT) NULL};

static const struct imp_target_ops *by_scheme(const char *scheme, size_t n)
{
    for (size_t i = 0; imp_targets[i]; i++) {
        const char *known = imp_targets[i]->scheme;
        if (strlen(known) == n && memcmp(known, scheme, n) == 0)
            return imp_targets[i];
    }
    return NULL;
}

static bool unknown_scheme(const char *scheme, size_t n, struct imp_err *err)
{
    char known[100] = "";
    for (size_t i = 0; imp_targets[i]; i++) {
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, imp_targets[i]->scheme,
                sizeof known - strlen(known) - 1);
    }
    return imp_fail(err, IMP_ERR_CONFIG,
                    "archive scheme \"%.*s\" is not known: want %s (a path "
                    "with a colon is written ./PATH)",
                    n < 20 ? (int)n : 20, scheme, known);
}

// Split "SCHEME:WHERE"; a plain path means the first row.
static bool parse(const struct imp_archive_at *at,
                  const struct imp_target_ops **ops, const char **where,
                  struct imp_err *err)
{
    const char *spec = at->spec;
    size_t n = strcspn(spec, ":/");
    *ops = imp_targets[0];
    *where = spec;
    if (spec[n] == ':') {
        *ops = by_scheme(spec, n);
        *where = spec + n + 1;
    }
    if (!*ops)
        return unknown_scheme(spec, n, err);
    if (!**where)
        return imp_fail(err, IMP_ERR_CONFIG, "archive: no place given");
    return true;
}

struct imp_target *imp_target_open(const struct imp_archive_at *at,
                                   enum imp_target_mode mode,
                                   struct imp_ctx *wait, struct imp_err *err)
{
    const struct imp_target_ops *ops;
    const char *where;
    if (!parse(at, &ops, &where, err))
        return NULL;
    struct imp_target *t = ops->open(where, at, mode, wait, err);
    if (!t)
        imp_wrap(err, "archive (%s)", ops->scheme);
    return t;
}

// --- A copy of an object ---

struct copy {
    int fd;
    uint64_t n, most;
};

static bool start_copy(void *self, struct imp_err *err)
{
    struct copy *c = self;
    c->n = 0;
    return (ftruncate(c->fd, 0) == 0 && lseek(c->fd, 0, SEEK_SET) == 0) ||
           imp_fail_errno(err, "begin a temporary file");
}

static bool add_copy(void *self, const void *bytes, size_t n,
                     struct imp_err *err)
{
    struct copy *c = self;
    if (n > c->most - c->n)
        return imp_fail(err, IMP_ERR_LIMIT, "it has more than %ju bytes",
                        (uintmax_t)c->most);
    c->n += n;
    return imp_file_write(c->fd, bytes, n, err);
}

int imp_target_fetch(struct imp_target *t, const struct imp_object *object,
                     uint64_t most, struct imp_err *err)
{
    if (t->ops->file)
        return t->ops->file(t, object, err);
    struct copy c = {.fd = imp_file_unnamed(err), .most = most};
    const struct imp_sink sink = {&c, start_copy, add_copy};
    if (c.fd < 0 || t->ops->stream(t, object, &sink, err))
        return c.fd;
    close(c.fd);
    return -1;
}

void imp_target_free(struct imp_target *t)
{
    if (t)
        t->ops->free(t);
}

char *imp_target_identity(const struct imp_archive_at *at, struct imp_err *err)
{
    const struct imp_target_ops *ops;
    const char *where;
    if (!parse(at, &ops, &where, err))
        return NULL;
    return ops->identity(where, at, err);
}

char *imp_target_path(const char *where, const struct imp_archive_at *at,
                      struct imp_err *err)
{
    (void)at;
    char *path = imp_path_resolve(where, err);
    if (!path)
        imp_wrap(err, "archive");
    return path;
}
