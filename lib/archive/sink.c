#include "archive/sink.h"

static bool start(void *self, struct imp_err *err)
{
    struct imp_intake *m = self;
    (void)err;
    imp_sha256_start(m->hasher);
    m->length = 0;
    if (m->front)
        m->front->n = 0;
    return true;
}

static bool add(void *self, const void *bytes, size_t n, struct imp_err *err)
{
    struct imp_intake *m = self;
    imp_sha256_add(m->hasher, bytes, n);
    m->length += n;
    if (!m->front)
        return true;
    size_t room = m->most - m->front->n;
    return imp_buf_add(m->front, bytes, n < room ? n : room, err);
}

struct imp_sink imp_sink_intake(struct imp_intake *m)
{
    return (struct imp_sink){m, start, add};
}
