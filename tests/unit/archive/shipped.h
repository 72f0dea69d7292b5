/* shipped.h - what a worker and the recorder do to a target, for tests. */
#ifndef IMP_TESTS_SHIPPED_H
#define IMP_TESTS_SHIPPED_H

#include "archive/target.h"

#include <criterion/criterion.h>
#include <string.h>

static inline struct imp_target *open_at(const char *spec, struct imp_ctx *wait,
                                         struct imp_err *err)
{
    const struct imp_archive_at at = {.spec = spec};
    return imp_target_open(&at, IMP_TARGET_WRITE, wait, err);
}

/* Bytes on their way into the archive. */
struct shipped {
    struct imp_staged staged;
    struct imp_object object; /* without a name */
};

static inline struct imp_object object_of(const char *name, const char *bytes)
{
    struct imp_object o = {.name = name, .length = strlen(bytes)};
    cr_assert(imp_sha256_of(bytes, strlen(bytes), &o.digest, NULL));
    return o;
}

static inline struct shipped stage_as(struct imp_target *t, const char *name,
                                      const char *bytes)
{
    struct imp_err err = {0};
    struct shipped s = {.object = object_of(name, bytes)};
    struct iovec piece = {(void *)(uintptr_t)bytes, strlen(bytes)};
    cr_assert(t->ops->stage(t, &s.object, &piece, 1, &s.staged, &err), "%s",
              err.msg);
    return s;
}

static inline struct shipped stage(struct imp_target *t, const char *bytes)
{
    return stage_as(t, "x", bytes);
}

static inline bool publish_as(struct imp_target *t, struct shipped *s,
                              const char *name, struct imp_err *err)
{
    struct imp_publication p = {.staged = &s->staged, .object = s->object};
    p.object.name = name;
    t->ops->publish(t, &p, 1);
    if (err)
        *err = p.err;
    s->object = p.object;
    return p.err.code == IMP_OK;
}

static inline void publish(struct imp_target *t, const char *bytes,
                           const char *name)
{
    struct imp_err err = {0};
    struct shipped s = stage_as(t, name, bytes);
    cr_assert(publish_as(t, &s, name, &err), "%s", err.msg);
}

#endif
