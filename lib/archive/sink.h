/* sink.h - where the bytes of an object or a tag file go, piece by piece. */
#ifndef IMP_ARCHIVE_SINK_H
#define IMP_ARCHIVE_SINK_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_sink {
    void *self;
    /* Before the first byte, and again if a broken connection means that all
     * comes once more. */
    bool (*start)(void *self, struct imp_err *err);
    bool (*add)(void *self, const void *bytes, size_t n, struct imp_err *err);
};

/* What became of the bytes that a sink of imp_sink_intake was given. */
struct imp_intake {
    struct imp_sha256 *hasher; /* has all of them: end it for their digest */
    uint64_t length;
    struct imp_buf *front; /* NULL, or emptied at the start and given ... */
    size_t most;           /* ... the first so many */
};

/* A sink into `m`, which is borrowed. */
struct imp_sink imp_sink_intake(struct imp_intake *m);

#endif
