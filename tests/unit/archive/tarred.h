/* tarred.h - an archive in one file and a ledger of it, for tests. */
#ifndef IMP_TESTS_TARRED_H
#define IMP_TESTS_TARRED_H

#include "base/name.h"
#include "shipped.h"

#include "../../lib/tempdir.h"

#include <stdlib.h>

/* A file system on which an fsync costs nothing, if there is one. */
static inline char *fast_tempdir(void)
{
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    return tempdir_make();
}

/* What a ledger would hold: ordered by name. */
#define KNOWN_MOST 64
struct known {
    size_t n;
    struct imp_object object[KNOWN_MOST];
    char name[KNOWN_MOST][IMP_NAME_MAX];
};

static inline void know(struct known *k, const struct imp_object *object)
{
    size_t at = k->n++;
    cr_assert(k->n <= KNOWN_MOST);
    for (; at > 0 && strcmp(k->name[at - 1], object->name) > 0; at--) {
        k->object[at] = k->object[at - 1];
        memcpy(k->name[at], k->name[at - 1], IMP_NAME_MAX);
    }
    k->object[at] = *object;
    snprintf(k->name[at], IMP_NAME_MAX, "%s", object->name);
    for (size_t i = 0; i < k->n; i++)
        k->object[i].name = k->name[i];
}

static inline bool each_known(void *self, imp_object_fn fn, void *fn_self,
                              struct imp_err *err)
{
    struct known *k = self;
    for (size_t i = 0; i < k->n; i++)
        if (!fn(fn_self, &k->object[i], err))
            return false;
    return true;
}

static inline bool finish_with(struct imp_target *t, struct known *k,
                               bool changed, struct imp_err *err)
{
    const struct imp_objects objects = {.self = k, .each = each_known};
    return t->ops->finish(t, &objects, changed, err);
}

/* For walk and each. */
static inline bool know_file(void *self, const struct imp_object *file,
                             bool regular, struct imp_err *err)
{
    (void)err;
    cr_expect(regular);
    know(self, file);
    return true;
}

static inline bool know_object(void *self, const struct imp_object *object,
                               struct imp_err *err)
{
    (void)err;
    know(self, object);
    return true;
}

/* The n-th image, whose bytes and name no other has. */
static inline struct imp_object put_image(struct imp_target *t, int n)
{
    struct imp_err err = {0};
    char *name = text("%02d/image-%d", 90 - n, n);
    struct shipped s = stage_as(t, name, text("bytes of image %d", n));
    const struct imp_staged *group[] = {&s.staged};
    cr_assert(t->ops->settle(t, group, 1, &err), "%s", err.msg);
    cr_assert(publish_as(t, &s, name, &err), "%s", err.msg);
    cr_assert(t->ops->settle_names(t, &err), "%s", err.msg);
    s.object.name = name;
    return s.object;
}

static inline struct imp_buf bytes_of(const char *path)
{
    struct imp_buf out = {0};
    FILE *f = fopen(path, "rb");
    char part[4096];
    cr_assert(f, "%s", path);
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        cr_assert(imp_buf_add(&out, part, n, NULL));
    fclose(f);
    return out;
}

static inline void put_bytes(const char *path, struct imp_span bytes)
{
    FILE *f = fopen(path, "wb");
    cr_assert(f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n);
    cr_assert_eq(fclose(f), 0);
}

static inline bool holds(const char *path, struct imp_span want)
{
    struct imp_buf have = bytes_of(path);
    bool same = have.n == want.n && memcmp(have.p, want.p, want.n) == 0;
    imp_buf_clear(&have);
    return same;
}

#endif
