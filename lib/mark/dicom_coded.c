#include "mark/dicom_coded.h"

#include "image/format.h"

#include <inttypes.h>

static bool plan(struct imp_dicom_table *t, struct imp_dicom_patches *out,
                 struct imp_span in, uint64_t n, struct imp_err *err)
{
    t->from = out->bytes.n;
    if (t->was.n == 0)
        return true;
    if (t->was.n != n)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "a table of offsets of %zu bytes, want %" PRIu64,
                        t->was.n, n);
    return imp_buf_add(&out->bytes, t->was.p, t->was.n, err) &&
           imp_dicom_patches_add(out, (uint64_t)(t->was.p - in.p), n, t->from,
                                 n, err);
}

bool imp_dicom_tables_plan(struct imp_dicom_tables *t,
                           struct imp_dicom_patches *out, struct imp_span in,
                           uint32_t frames, struct imp_err *err)
{
    return plan(&t->offsets, out, in, UINT64_C(8) * frames, err) &&
           plan(&t->lengths, out, in, UINT64_C(8) * frames, err) &&
           plan(&t->basic, out, in, UINT64_C(4) * frames, err);
}

bool imp_dicom_tables_set(const struct imp_dicom_tables *t,
                          struct imp_dicom_patches *out, uint32_t i,
                          uint64_t at, uint64_t length, struct imp_err *err)
{
    uint8_t *p = out->bytes.p;
    if (t->basic.was.n && at > UINT32_MAX)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "a frame is beyond 4 GiB, where the basic offset table "
                        "does not reach");
    if (t->basic.was.n)
        imp_put_le32(p + t->basic.from + (size_t)i * 4, (uint32_t)at);
    if (t->offsets.was.n)
        imp_put_le64(p + t->offsets.from + (size_t)i * 8, at);
    if (t->lengths.was.n)
        imp_put_le64(p + t->lengths.from + (size_t)i * 8, length);
    return true;
}

bool imp_dicom_jpeg_map(const struct imp_dcm_image *image,
                        struct imp_span frame, struct imp_cutlist *cuts,
                        struct imp_jpeg_map *map, struct imp_err *err)
{
    struct imp_editor none = {imp_drop_it};
    struct imp_job_image img = {
        .editor = &none,
        .limits = {frame.n, (uint64_t)image->rows * image->columns},
        .map = map};
    return imp_format_cut(imp_format_called("jpeg"), frame, &img, cuts, err);
}

bool imp_dicom_jpeg_fits(const struct imp_dcm_image *image,
                         const struct imp_jpeg_map *map, struct imp_err *err)
{
    const struct imp_jpeg *j = map->frame;
    return (j->width == image->columns && j->height == image->rows &&
            j->n_comp == image->samples) ||
           imp_fail(err, IMP_ERR_DAMAGED,
                    "JPEG of %" PRIu32 " x %" PRIu32
                    " pixels of %u samples, the attributes say %" PRIu32
                    " x %" PRIu32 " of %" PRIu32,
                    j->width, j->height, j->n_comp, image->columns, image->rows,
                    image->samples);
}
