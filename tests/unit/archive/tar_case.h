/* tar_case.h - a test's archive in one file, and what its ledger would know. */
#ifndef IMP_TESTS_TAR_CASE_H
#define IMP_TESTS_TAR_CASE_H

#include "archive/tar.h"
#include "tarred.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

static char *dir, *path, *spec;
static struct known known;

static inline void set_up(void)
{
    dir = fast_tempdir();
    path = text("%s/above/a.tar.gz", dir);
    spec = text("tar.gz:%s", path);
}

static inline void tear_down(void)
{
    tempdir_remove(dir);
}

static inline struct imp_target *open_it(void)
{
    struct imp_err err = {0};
    struct imp_target *t = open_at(spec, NULL, &err);
    cr_assert(t, "%s", err.msg);
    return t;
}

static inline struct imp_target *resumed(const struct imp_object *last)
{
    struct imp_err err = {0};
    struct imp_target *t = open_it();
    cr_assert(t->ops->resume(t, last, &err), "%s", err.msg);
    return t;
}

static inline void finish(struct imp_target *t, bool changed)
{
    struct imp_err err = {0};
    cr_assert(finish_with(t, &known, changed, &err), "%s", err.msg);
}

/* An archive of the first `n` images, finished. */
static inline struct imp_buf archive_of(int n)
{
    unlink(path);
    struct imp_target *t = resumed(NULL);
    known.n = 0;
    for (int i = 0; i < n; i++) {
        struct imp_object o = put_image(t, i);
        know(&known, &o);
    }
    finish(t, true);
    imp_target_free(t);
    return bytes_of(path);
}

static inline uint64_t end_of(const struct imp_object *o)
{
    return o->place + o->stored;
}

static inline void walk(struct imp_target *t, struct known *out)
{
    struct imp_err err = {0};
    out->n = 0;
    cr_assert(t->ops->walk(t, know_file, out, &err), "%s", err.msg);
}

/* As a start without a ledger takes up what it finds. */
static inline void take_up(struct imp_target *t)
{
    struct imp_err err = {0};
    walk(t, &known);
    for (size_t i = 0; i < known.n; i++) {
        struct imp_object *o = &known.object[i];
        cr_assert(t->ops->hash(t, o, &o->digest, &o->length, &err), "%s",
                  err.msg);
    }
}

static inline off_t size_of(const char *file)
{
    struct stat st;
    cr_assert_eq(stat(file, &st), 0);
    return st.st_size;
}

#endif
