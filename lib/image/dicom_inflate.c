#include "image/dicom_inflate.h"

#include <zlib.h>

#define STEP ((size_t)256 * 1024)

// One call of inflate: up to STEP bytes more. `*ended` if that was all.
static bool inflate_some(z_stream *z, uint64_t max, struct imp_buf *out,
                         bool *ended, struct imp_err *err)
{
    size_t room = max - out->n < STEP ? (size_t)(max - out->n) : STEP;
    uint8_t one_more = 0;
    if (!imp_buf_reserve(out, out->n + room, err))
        return false;
    z->next_out = room ? out->p + out->n : &one_more;
    z->avail_out = room ? (uInt)room : 1;
    int code = inflate(z, Z_NO_FLUSH);
    size_t got = (room ? room : 1) - z->avail_out;
    if (!room && got)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "deflated data set: want at most %ju bytes",
                        (uintmax_t)max);
    out->n += got;
    *ended = code == Z_STREAM_END;
    if (code == Z_MEM_ERROR)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate");
    // Z_OK is some progress: Z_BUF_ERROR if there is none, for want of input.
    return *ended || code == Z_OK ||
           imp_fail(err, IMP_ERR_DAMAGED, "deflated data set: %s",
                    code == Z_BUF_ERROR ? "it does not end in the file"
                                        : "the stream is damaged");
}

bool imp_dicom_inflate(struct imp_span in, uint64_t at, uint64_t max,
                       struct imp_buf *out, uint64_t *end, struct imp_err *err)
{
    z_stream z = {0};
    bool ended = false, ok = true;
    out->n = 0;
    if (in.n - at > UINT32_MAX)
        return imp_fail(err, IMP_ERR_LIMIT, "deflated data set: %ju bytes",
                        (uintmax_t)(in.n - at));
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate");
    z.next_in = (Bytef *)(uintptr_t)(in.p + at);
    z.avail_in = (uInt)(in.n - at);
    while (ok && !ended)
        ok = inflate_some(&z, max, out, &ended, err);
    *end = in.n - z.avail_in;
    inflateEnd(&z);
    return ok;
}
