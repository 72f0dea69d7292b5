// Any bytes into the JPEG handler. Beyond not crashing: the cuts tile the input
// (checked by the list itself), the output is a JPEG that comes out of the
// handler as all kept, and no segment that may hold text is in it.
#include "image/format.h"

#include <stdlib.h>
#include <string.h>

extern const struct imp_format imp_format_jpeg;

static bool drop_all(struct imp_editor *self, const struct imp_part *part,
                     struct imp_verdict *out, struct imp_err *err)
{
    (void)self, (void)part, (void)err;
    *out = (struct imp_verdict){.fate = IMP_FATE_DROP};
    return true;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

// An independent, plain look at the output's segments up to the first scan:
// only those that describe the picture may be there.
static void require_only_picture(struct imp_span out)
{
    size_t at = 2;
    while (out.p[at + 1] != 0xDA) {
        uint8_t m = out.p[at + 1];
        size_t n = imp_be16(out.p + at + 2);
        require(out.p[at] == 0xFF && n >= 2);
        if (m == 0xE0)
            require(n == 16 && memcmp(out.p + at + 4, "JFIF", 5) == 0);
        else if (m == 0xEE)
            require(n == 14 && memcmp(out.p + at + 4, "Adobe", 5) == 0);
        else
            require((m >= 0xC0 && m <= 0xCF && m != 0xC8) || m == 0xDB ||
                    m == 0xDC || m == 0xDD);
        at += 2 + n;
        require(at + 4 <= out.n);
    }
    require(out.p[out.n - 2] == 0xFF && out.p[out.n - 1] == 0xD9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct imp_cutlist cl = {0};
    struct imp_buf out = {0};
    struct imp_err err = {0};
    struct imp_editor editor = {drop_all};
    struct imp_job_image img = {.editor = &editor,
                                .limits = {1u << 20, 1u << 22}};
    struct imp_span in = {data, n};
    if (!imp_format_jpeg.sniff(in))
        return 0;
    if (imp_format_cut(&imp_format_jpeg, in, &img, &cl, &err)) {
        require(imp_cutlist_apply(&cl, in, &out, &err));
        require(out.n == cl.output_len && out.n <= n + 64);
        require_only_picture(imp_buf_span(&out));
        require(imp_format_cut(&imp_format_jpeg, imp_buf_span(&out), &img, &cl,
                               &err));
        require(imp_cutlist_all_kept(&cl));
    } else {
        require(err.code != IMP_ERR_INVARIANT && err.code != IMP_OK);
    }
    imp_buf_clear(&out);
    imp_cutlist_clear(&cl);
    return 0;
}
