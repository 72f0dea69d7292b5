/* heif_writer.h - boxes written one inside the other, in one go: the first
 * error sticks, as with a cut list. For writers of HEIF. */
#ifndef IMP_IMAGE_HEIF_WRITER_H
#define IMP_IMAGE_HEIF_WRITER_H

#include "image/heif.h"

struct imp_heif_writer {
    struct imp_heif *h;
    struct imp_buf *out;
    struct imp_heif_marks *coded;
    uint64_t claims; /* where those begin in the file */
    unsigned id_width, offset_width;
    struct imp_err *err;
    bool ok;
};

static inline void w_put(struct imp_heif_writer *w, unsigned bytes,
                         uint64_t value)
{
    w->ok = w->ok && imp_heif_put(w->out, bytes, value, w->err);
}

static inline void w_add(struct imp_heif_writer *w, const void *bytes, size_t n)
{
    w->ok = w->ok && imp_buf_add(w->out, bytes, n, w->err);
}

/* The same, of bytes that belong to the coded picture. */
static inline void w_add_coded(struct imp_heif_writer *w, struct imp_span bytes)
{
    if (w->ok && bytes.n)
        w->coded->at[w->coded->n++] = w->out->n;
    w_add(w, bytes.p, bytes.n);
    if (w->ok && bytes.n)
        w->coded->at[w->coded->n++] = w->out->n;
}

static inline size_t w_begin(struct imp_heif_writer *w, const char *type)
{
    size_t at = w->ok ? imp_heif_begin(w->out, type, w->err) : SIZE_MAX;
    w->ok = at != SIZE_MAX;
    return at;
}

static inline size_t w_begin_full(struct imp_heif_writer *w, const char *type,
                                  uint8_t version, uint32_t flags)
{
    size_t at = w->ok
                    ? imp_heif_begin_full(w->out, type, version, flags, w->err)
                    : SIZE_MAX;
    w->ok = at != SIZE_MAX;
    return at;
}

static inline void w_end(struct imp_heif_writer *w, size_t at)
{
    if (w->ok)
        imp_heif_end(w->out, at);
}

#endif
