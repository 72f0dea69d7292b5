/* told.h - a directory of its own for each test, and a sink that writes down
 * what a source tells it. */
#ifndef TESTS_SOURCE_TOLD_H
#define TESTS_SOURCE_TOLD_H

#include "source/source.h"
#include "sync/context.h"

#include <criterion/criterion.h>

struct told {
    char *line[300]; /* "found a/b.jpg", "failed io a" ...; sorted by told_is */
    size_t n;
    struct imp_job *job; /* the last one found */
    struct imp_err err;  /* the last one told */
    size_t stop_after;   /* 0: never */
    void (*on_tell)(struct told *told);
};

/* Make a directory and enter it: its resolved path stays in `here`. */
extern char here[];
void enter_tmp(void);
void leave_tmp(void);

/* The path of `name` in there; the same buffer each time. */
const char *at(const char *name);

/* A file, with the directories above it. */
void put(const char *name, const char *text);

struct imp_source_sink sink_of(struct told *told);

/* Walk with these rules (NULL: take all) under a fresh context. */
void walk(const char *path, const struct imp_source_rules *rules,
          struct told *told);

/* The same for a list. */
bool walk_list(int fd, bool nul_ended, struct told *told, struct imp_err *err);

/* Was exactly this told? Lines end in '\n', sorted; paths are below `here`.
 * Clears `told`. */
void expect_told(struct told *told, const char *want);

/* The job that a walk of `here` makes of `name`. The caller frees it. */
struct imp_job *job_for(const char *name);

#endif
