/* fuzz_dicom_redact.c - any bytes as a DICOM object, of whose picture a
 * rectangle is blacked out on the way through the cleaner. What must hold:
 *   - an error says that the input is at fault, and nothing is left to remove;
 *   - native pixels change in the rectangle alone, and the length stays;
 *   - redacted again, it is the same picture. */
#include "canary.h"
#include "deid/policy.h"
#include "deid/secret.h"
#include "dicom/file.h"
#include "dicom/image.h"
#include "mark/redact_rules.h"
#include "pipeline/clean.h"

static const struct imp_policy *policy(void)
{
    static struct imp_policy *made;
    if (!made)
        made = imp_policy_from_text(
            "[policy]\npreset = strict\n[dicom]\nburned-in = allow\n"
            "options = retain-uids;clean-pixel-data\n",
            NULL);
    promise(made, "a policy");
    return made;
}

static bool clean(struct imp_cleaner *c, struct imp_span in,
                  struct imp_span *out)
{
    const struct imp_deid_subject nobody = {.secret = imp_secret_for_looking()};
    struct imp_err err = {0};
    imp_cleaner_start(c, &nobody);
    if (imp_cleaner_clean(c, imp_format_called("dicom"), in, IMP_CHECK_CODED,
                          out, &err))
        return true;
    promise(err.code == IMP_ERR_DAMAGED || err.code == IMP_ERR_UNSUPPORTED ||
                err.code == IMP_ERR_LIMIT || err.code == IMP_ERR_RESIDUAL,
            err.msg);
    promise(!strstr(err.msg, "output"), err.msg);
    return false;
}

static bool picture_of(struct imp_span in, struct imp_dcm_image *image)
{
    struct imp_dcm_file file;
    return imp_dcm_file_read(in, &file, NULL) && !file.syntax->deflated &&
           imp_dcm_image_read(in, file.data_at, file.syntax, image, NULL);
}

// From their header to the end of the file.
static struct imp_span pixels_of(struct imp_span in)
{
    struct imp_dcm_image image;
    if (!picture_of(in, &image) || !image.pixels)
        return (struct imp_span){0};
    return (struct imp_span){in.p + image.pixels_at, in.n - image.pixels_at};
}

static bool is_in(const struct imp_rect *r, uint32_t x, uint32_t y)
{
    return x >= r->x && x - r->x < r->width && y >= r->y &&
           y - r->y < r->height;
}

// Pixels of whole bytes, one behind the other.
static void expect_rest(const uint8_t *was, const uint8_t *is,
                        const struct imp_dcm_image *image,
                        const struct imp_rect rect[2])
{
    const size_t pixel = image->samples * image->allocated / 8;
    for (uint64_t i = 0; i < image->value / pixel; i++) {
        uint32_t x = (uint32_t)(i % image->columns);
        uint32_t y = (uint32_t)(i / image->columns % image->rows);
        promise(is_in(&rect[0], x, y) || is_in(&rect[1], x, y) ||
                    memcmp(was + i * pixel, is + i * pixel, pixel) == 0,
                "a pixel outside the rectangles stays");
    }
}

static void expect_same_picture(struct imp_span a, struct imp_span b,
                                const struct imp_rect rect[2])
{
    struct imp_dcm_image was, is;
    promise(picture_of(a, &was) && picture_of(b, &is), "a picture stays one");
    promise(was.rows == is.rows && was.columns == is.columns &&
                was.frames == is.frames && was.value == is.value,
            "and its size");
    uint64_t pixel = (uint64_t)was.samples * was.allocated;
    if (was.pixels && !was.encapsulated && !was.planar && !was.swapped &&
        pixel && pixel % 8 == 0 &&
        was.all_size ==
            pixel / 8 * was.rows * was.columns * (uint64_t)was.frames &&
        was.value >= was.all_size) {
        was.value = was.all_size;
        expect_rest(a.p + was.value_at, b.p + is.value_at, &was, rect);
    }
}

static void check(struct imp_cleaner *c, struct imp_span in,
                  const struct imp_rect rect[2])
{
    struct imp_buf once = {0};
    struct imp_span out;
    if (!clean(c, in, &out))
        return;
    promise(imp_buf_add(&once, out.p, out.n, NULL), "memory");
    expect_same_picture(in, imp_buf_span(&once), rect);
    promise(clean(c, imp_buf_span(&once), &out), "it can be redacted again");
    struct imp_span was = pixels_of(imp_buf_span(&once)), is = pixels_of(out);
    promise(was.n == is.n && (!was.n || memcmp(was.p, is.p, was.n) == 0),
            "and stays the same picture");
    imp_buf_clear(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char text[200];
    struct imp_err err = {0};
    struct imp_clean_rules asked = {.limits = {1 << 20, 1 << 22, 0}};
    const struct imp_span in = {data, n};
    if (n < 4 || !imp_dcm_sniff(in))
        return 0;
    const struct imp_rect rect[] = {
        {data[0], data[1], data[2] + 1u, data[3] + 1u}, {9, 0, 8, 4}};
    snprintf(text, sizeof text,
             "[any]\nsop-class = *\nrectangles = %u,%u,%u,%u; 9,0,8,4\n",
             rect[0].x, rect[0].y, rect[0].width, rect[0].height);
    struct imp_redact_rules *rules = imp_redact_rules_parse(text, &err);
    promise(rules, err.msg);
    asked.redact = rules;
    asked = imp_clean_rules_of(policy(), &asked);
    struct imp_cleaner *c = imp_cleaner_new(policy(), &asked, &err);
    promise(c, err.msg);
    check(c, in, rect);
    imp_cleaner_free(c);
    imp_redact_rules_free(rules);
    return 0;
}
