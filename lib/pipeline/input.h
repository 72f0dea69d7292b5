/* input.h - the bytes of an input, or of an object that an archive has: read,
 * or, of a large file whose coded data nobody looks at, mapped, so that it may
 * be larger than memory.
 *
 * One thread; keeps its memory from input to input. */
#ifndef IMP_PIPELINE_INPUT_H
#define IMP_PIPELINE_INPUT_H

#include "archive/target.h"
#include "image/format.h"
#include "source/source.h"

#include <stdbool.h>

/* What is shorter is always read. */
#define IMP_INPUT_MAPPED ((uint64_t)4 << 20)

/* Where no object is a file: it would have to be copied into one. */
#define IMP_INPUT_COPIED ((uint64_t)32 << 20)

/* `{0}` is empty. */
struct imp_input {
    struct imp_span bytes; /* borrowed until _close, or the next _open */
    /* Private to input.c. */
    struct imp_buf buf;
    struct imp_job_map map;
};

/* Have the bytes of `job`, whose stamp then is theirs. IMP_ERR_LIMIT by its
 * format; the other errors are those of imp_job_read. Closes what was open. */
bool imp_input_open(struct imp_input *in, struct imp_job *job,
                    const struct imp_limits *limits, struct imp_err *err);

/* The same of what the archive has, by name and place; its errors are those of
 * the target's read. */
bool imp_input_open_object(struct imp_input *in, struct imp_target *target,
                           const struct imp_object *object,
                           const struct imp_limits *limits,
                           struct imp_err *err);

/* Has it been one and the same file until now? To be asked at the end, whatever
 * was found before: if it is false, that was about other bytes, and `err` says
 * what is so instead (IMP_ERR_UNSETTLED, IMP_ERR_IO). */
bool imp_input_check(const struct imp_input *in, struct imp_err *err);

/* On the thread that opened it. */
void imp_input_close(struct imp_input *in);

/* It is closed already. */
void imp_input_clear(struct imp_input *in);

#endif
