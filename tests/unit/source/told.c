#include "told.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char here[PATH_MAX];

void enter_tmp(void)
{
    char dir[] = "/tmp/imgpipe-source-XXXXXX";
    cr_assert(mkdtemp(dir));
    cr_assert(realpath(dir, here));
    cr_assert_eq(chdir(here), 0);
}

void leave_tmp(void)
{
    char command[PATH_MAX + 20];
    snprintf(command, sizeof command, "rm -rf '%s'", here);
    cr_assert_eq(system(command), 0);
}

const char *at(const char *name)
{
    static char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", here, name);
    return path;
}

void put(const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", name);
    for (char *p = path; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        mkdir(path, 0700);
    }
    FILE *f = fopen(name, "w");
    cr_assert(f, "%s", name);
    cr_assert_geq(fputs(text, f), 0);
    cr_assert_eq(fclose(f), 0);
}

static bool add(struct told *told, const char *what, const char *why,
                const char *path)
{
    size_t n = strlen(here);
    if (strncmp(path, here, n) == 0 && path[n] == '/')
        path += n + 1;
    cr_assert_lt(told->n, sizeof told->line / sizeof *told->line);
    cr_assert_geq(asprintf(&told->line[told->n++], "%s%s%s %s", what,
                           *why ? " " : "", why, path),
                  0);
    if (told->on_tell)
        told->on_tell(told);
    return told->n != told->stop_after;
}

static bool on_found(void *self, struct imp_job *job)
{
    struct told *told = self;
    imp_job_free(told->job);
    told->job = job;
    cr_expect_eq(job->path[job->root_len], '/');
    return add(told, "found", "", job->path);
}

static bool on_skipped(void *self, const char *path, enum imp_skip why)
{
    return add(self, "skipped", imp_skip_name(why), path);
}

static bool on_failed(void *self, const char *path, const struct imp_err *err)
{
    struct told *told = self;
    told->err = *err;
    cr_expect_not(strstr(err->msg, path), "an error named a path: %s",
                  err->msg);
    return add(told, "failed", imp_code_name(err->code), path);
}

struct imp_source_sink sink_of(struct told *told)
{
    return (struct imp_source_sink){told, on_found, on_skipped, on_failed};
}

void walk(const char *path, const struct imp_source_rules *rules,
          struct told *told)
{
    const struct imp_source_rules all = {0};
    struct imp_err err = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_source_sink sink = sink_of(told);
    cr_expect(imp_source_path(ctx, path, rules ? rules : &all, &sink, &err),
              "%s", err.msg);
    imp_ctx_free(ctx);
}

bool walk_list(int fd, bool nul_ended, struct told *told, struct imp_err *err)
{
    const struct imp_source_rules all = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_source_sink sink = sink_of(told);
    bool ok = imp_source_list(ctx, fd, nul_ended, &all, &sink, err);
    imp_ctx_free(ctx);
    return ok;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void expect_told(struct told *told, const char *want)
{
    char *got = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);
    cr_assert(f);
    qsort(told->line, told->n, sizeof *told->line, by_text);
    for (size_t i = 0; i < told->n; i++) {
        fprintf(f, "%s\n", told->line[i]);
        free(told->line[i]);
    }
    fclose(f);
    cr_expect_str_eq(got, want);
    free(got);
    imp_job_free(told->job);
    *told = (struct told){0};
}

struct imp_job *job_for(const char *name)
{
    struct stat st;
    cr_assert_eq(lstat(name, &st), 0);
    struct imp_stamp stamp = imp_stamp_of(&st);
    const char *path = at(name);
    struct imp_job *job = imp_job_new(path, strlen(path), strlen(here), &stamp);
    cr_assert(job);
    return job;
}
