#include "dicom/write.h"

#include <string.h>

void imp_dcm_put_number(uint8_t *p, unsigned n, bool big, uint32_t v)
{
    for (unsigned i = 0; i < n; i++)
        p[big ? n - 1 - i : i] = (uint8_t)(v >> 8 * i);
}

static bool put_number(struct imp_buf *out, bool big, unsigned n, uint32_t v,
                       struct imp_err *err)
{
    uint8_t bytes[4];
    imp_dcm_put_number(bytes, n, big, v);
    return imp_buf_add(out, bytes, n, err);
}

static bool put_tag(struct imp_buf *out, bool big, uint32_t tag,
                    struct imp_err *err)
{
    return put_number(out, big, 2, imp_dcm_group(tag), err) &&
           put_number(out, big, 2, imp_dcm_element(tag), err);
}

// 7.1.2: two letters, then 16 bits of length, or two reserved bytes and 32.
static bool put_vr(struct imp_buf *out, bool big, enum imp_dcm_vr vr,
                   struct imp_err *err)
{
    const struct imp_dcm_vr_info *info = imp_dcm_vr_info(vr);
    return imp_buf_add(out, info->name, 2, err) &&
           (!info->long_length || put_number(out, big, 2, 0, err));
}

bool imp_dcm_put(struct imp_buf *out, struct imp_dcm_encoding encoding,
                 uint32_t tag, enum imp_dcm_vr vr, struct imp_span value,
                 struct imp_err *err)
{
    const struct imp_dcm_vr_info *info = imp_dcm_vr_info(vr);
    bool is_short = encoding.explicit_vr && !info->long_length;
    size_t padding = value.n % 2;
    // The greatest length of 16 bits is odd, as is that of 32, which has
    // another meaning: what is padded fits if it does without.
    if (value.n >= (is_short ? 0xFFFF : IMP_DCM_UNDEFINED))
        return imp_fail(err, IMP_ERR_LIMIT,
                        IMP_DCM_TAG_FMT ": a value of %zu bytes does not fit",
                        IMP_DCM_TAG_ARGS(tag), value.n);
    return put_tag(out, encoding.big, tag, err) &&
           (!encoding.explicit_vr || put_vr(out, encoding.big, vr, err)) &&
           put_number(out, encoding.big, is_short ? 2 : 4,
                      (uint32_t)(value.n + padding), err) &&
           imp_buf_add(out, value.p, value.n, err) &&
           imp_buf_add(out, &info->pad, padding, err);
}

bool imp_dcm_put_text(struct imp_buf *out, struct imp_dcm_encoding encoding,
                      uint32_t tag, enum imp_dcm_vr vr, const char *text,
                      struct imp_err *err)
{
    const struct imp_span value = {(const uint8_t *)text, strlen(text)};
    return imp_dcm_put(out, encoding, tag, vr, value, err);
}

bool imp_dcm_put_item(struct imp_buf *out, struct imp_dcm_encoding encoding,
                      struct imp_span elements, struct imp_err *err)
{
    if (elements.n >= IMP_DCM_UNDEFINED)
        return imp_fail(err, IMP_ERR_LIMIT, "an item of %zu bytes does not fit",
                        elements.n);
    return put_tag(out, encoding.big, IMP_DCM_ITEM, err) &&
           put_number(out, encoding.big, 4, (uint32_t)elements.n, err) &&
           imp_buf_add(out, elements.p, elements.n, err);
}
