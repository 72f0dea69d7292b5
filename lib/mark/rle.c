#include "mark/rle.h"

#include <string.h>

bool imp_rle_segment(struct imp_span frame, unsigned i, unsigned n,
                     struct imp_span *out, struct imp_err *err)
{
    if (frame.n < IMP_RLE_HEADER || n > IMP_RLE_SEGMENTS ||
        imp_le32(frame.p) != n)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "RLE: the header has not a segment for each byte of a "
                        "sample");
    size_t at = imp_le32(frame.p + 4 + 4 * i);
    size_t end = i + 1 < n ? imp_le32(frame.p + 8 + 4 * i) : frame.n;
    if (at < IMP_RLE_HEADER || end < at || end > frame.n)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "RLE: an offset of the header is not in its place");
    *out = (struct imp_span){frame.p + at, end - at};
    return true;
}

// G.3.2.
size_t imp_rle_decode(struct imp_span coded, uint8_t *plane, size_t size)
{
    size_t at = 0, made = 0;
    while (made < size && at < coded.n) {
        uint8_t n = coded.p[at++];
        size_t run = n < 128 ? n + 1u : 257u - n;
        size_t takes = n < 128 ? run : 1;
        if (n == 128)
            continue;
        if (takes > coded.n - at || run > size - made)
            return 0;
        if (n < 128)
            memcpy(plane + made, coded.p + at, run);
        else
            memset(plane + made, coded.p[at], run);
        at += takes;
        made += run;
    }
    return made == size ? at : 0;
}
