#include "image/jpeg.h"

bool imp_jpeg_is_standalone(uint8_t marker)
{
    return marker == IMP_JPEG_TEM ||
           (marker >= IMP_JPEG_RST0 && marker <= IMP_JPEG_EOI);
}

static bool may_be_skipped(uint8_t marker)
{
    return marker == IMP_JPEG_COM ||
           (marker >= IMP_JPEG_APP0 && marker <= IMP_JPEG_APP15);
}

bool imp_jpeg_read_segment(struct imp_span in, size_t at,
                           struct imp_jpeg_segment *s, struct imp_err *err)
{
    *s = (struct imp_jpeg_segment){.at = at, .len = 2, .marker = in.p[at + 1]};
    if (imp_jpeg_is_standalone(s->marker))
        return true;
    struct imp_span head;
    if (!imp_span_sub(in, at, 4, &head))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "segment 0x%02X at offset %zu: the file ends in it",
                           s->marker, at);
    size_t length = imp_be16(head.p + 2);
    if (length < 2 && !may_be_skipped(s->marker))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "segment 0x%02X at offset %zu: length %zu, want at "
                           "least 2",
                           s->marker, at, length);
    if (length < 2) // decoders take the two bytes of the length and go on
        length = 2;
    if (!imp_span_sub(in, at + 4, length - 2, &s->body))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "segment 0x%02X at offset %zu runs past the end of "
                           "the file (want %zu bytes, have %zu)",
                           s->marker, at, length, in.n - at - 2);
    s->len = 2 + length;
    return true;
}

bool imp_jpeg_is_frame(uint8_t marker)
{
    return marker >= IMP_JPEG_SOF0 && marker <= IMP_JPEG_SOF15 &&
           marker != IMP_JPEG_DHT && marker != IMP_JPEG_JPG &&
           marker != IMP_JPEG_DAC;
}

bool imp_jpeg_next_segment(struct imp_span in, size_t at,
                           struct imp_jpeg_segment *s, struct imp_err *err)
{
    while (at + 1 < in.n &&
           (in.p[at] != 0xFF || in.p[at + 1] == 0 || in.p[at + 1] == 0xFF))
        at++;
    if (at + 1 >= in.n)
        return imp_fail_at(err, IMP_ERR_DAMAGED, in.n,
                           "the file ends at offset %zu without EOI", in.n);
    return imp_jpeg_read_segment(in, at, s, err);
}
