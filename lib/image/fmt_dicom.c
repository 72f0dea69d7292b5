// DICOM objects: PS3.10 files. The data set is cut element by element, as the
// editor says; what is before it is written anew.
#include "dicom/image.h"
#include "dicom/reader.h"
#include "image/dicom_cuts.h"
#include "image/dicom_edit.h"
#include "image/dicom_frames.h"
#include "image/dicom_inflate.h"
#include "image/dicom_meta.h"
#include "image/format.h"

#include <string.h>

#define EXPLICIT_LITTLE "1.2.840.10008.1.2.1"
#define META_CLASS 0x00020002

static bool sniff(struct imp_span in)
{
    return imp_dcm_sniff(in);
}

// The class decides whether identity is looked for in its pixels: whom a reader
// believes must not matter. Instances differ in many an object that was copied.
static bool check_class(struct imp_span in, const struct imp_dcm_event *e,
                        const char *sop_class, struct imp_err *err)
{
    size_t n = strlen(sop_class);
    struct imp_span uid = imp_dcm_value_of(in, e);
    while (uid.n && (uid.p[uid.n - 1] == 0 || uid.p[uid.n - 1] == ' '))
        uid.n--;
    return uid.n == 0 || (uid.n == n && memcmp(uid.p, sop_class, n) == 0) ||
           imp_fail_at(err, IMP_ERR_DAMAGED, e->at,
                       "(0002,0002) has another SOP class than (0008,0016)");
}

// Preamble and meta group, part by part, so that it can be told what went.
static bool drop_head(struct imp_span in, const struct imp_dcm_file *file,
                      const struct imp_dicom_plan *plan, struct imp_cutlist *cl,
                      struct imp_err *err)
{
    static const struct imp_dcm_encoding how = {true, false};
    struct imp_dcm_reader reader;
    struct imp_dcm_event e = {0};
    imp_cut_drop(cl, 0, file->meta_at, IMP_PART_UNKNOWN, "preamble");
    if (!file->meta)
        return true;
    imp_dcm_reader_start(&reader, in, file->meta_at, file->data_at, how);
    do {
        if (!imp_dcm_next(&reader, &e, err) ||
            (e.tag == META_CLASS && !check_class(in, &e, plan->sop_class, err)))
            return false;
        imp_cut_drop(cl, e.at, e.header + e.value, IMP_PART_STRUCTURE,
                     imp_dicom_tag_name(cl, e.tag));
    } while (e.kind != IMP_DCM_END);
    return true;
}

static bool insert_head(const struct imp_dicom_plan *plan, const char *syntax,
                        struct imp_cutlist *cl, struct imp_err *err)
{
    const struct imp_dicom_meta meta = {plan->sop_class, plan->sop_instance,
                                        syntax};
    struct imp_buf head = {0};
    bool ok = imp_dicom_meta_put(&head, &meta, err);
    if (ok)
        imp_cut_insert(cl, head.p, head.n, IMP_PART_STRUCTURE, "meta group");
    imp_buf_clear(&head);
    return ok;
}

// IMP_ERR_LIMIT, as of every picture, before anybody decodes it.
static bool take_size(const struct imp_dcm_image *image,
                      struct imp_job_image *img, struct imp_err *err)
{
    uint64_t pixels = (uint64_t)image->rows * image->columns;
    img->width = image->columns;
    img->height = image->rows;
    return pixels <= img->limits.max_pixels ||
           imp_fail(err, IMP_ERR_LIMIT, "%u x %u pixels, want at most %ju",
                    image->columns, image->rows,
                    (uintmax_t)img->limits.max_pixels);
}

// The elements of `data` from `at` on, into `cl` (started).
static bool cut_data(struct imp_span data, uint64_t at,
                     const struct imp_dcm_syntax *syntax,
                     struct imp_job_image *img,
                     const struct imp_dicom_plan *plan, struct imp_cutlist *cl,
                     struct imp_err *err)
{
    struct imp_dcm_image image;
    struct imp_dicom_frames frames;
    struct imp_dicom_decider decider = plan->decider;
    if (!imp_dcm_image_read(data, at, syntax, &image, err) ||
        !take_size(&image, img, err))
        return false;
    imp_dicom_frames_start(&frames, &image, img->check);
    decider.frames = &frames;
    bool ok =
        imp_dicom_cut_elements(data, at, data.n, syntax->encoding, &decider,
                               plan->additions, plan->n_additions, cl, err);
    imp_dicom_frames_end(&frames);
    return ok;
}

static bool cut_plain(struct imp_span in, const struct imp_dcm_file *file,
                      struct imp_job_image *img, struct imp_cutlist *cl,
                      struct imp_err *err)
{
    struct imp_dicom_plan plan;
    return img->dicom->plan(img->dicom, in, file->data_at, file->syntax, &plan,
                            err) &&
           drop_head(in, file, &plan, cl, err) &&
           insert_head(&plan, file->syntax->uid, cl, err) &&
           cut_data(in, file->data_at, file->syntax, img, &plan, cl, err);
}

// The elements as they are when inflated; into `out`.
static bool cut_inflated(struct imp_span data, struct imp_job_image *img,
                         struct imp_dicom_plan *plan, struct imp_buf *out,
                         struct imp_err *err)
{
    const struct imp_dcm_syntax *syntax =
        imp_dcm_syntax_plain((struct imp_dcm_encoding){true, false});
    struct imp_cutlist inner = {0};
    imp_cutlist_start(&inner, data.n);
    bool ok = img->dicom->plan(img->dicom, data, 0, syntax, plan, err) &&
              cut_data(data, 0, syntax, img, plan, &inner, err) &&
              imp_cutlist_finish(&inner, err) &&
              imp_cutlist_apply(&inner, data, out, err);
    imp_cutlist_clear(&inner);
    return ok;
}

// PS3.5 A.5. What leaves is not deflated again: another zlib would make other
// bytes of the same object.
static bool cut_deflated(struct imp_span in, const struct imp_dcm_file *file,
                         struct imp_job_image *img, struct imp_cutlist *cl,
                         struct imp_err *err)
{
    struct imp_dicom_plan plan;
    struct imp_buf data = {0}, out = {0};
    uint64_t end;
    bool ok = imp_dicom_inflate(in, file->data_at, img->limits.max_bytes, &data,
                                &end, err) &&
              cut_inflated(imp_buf_span(&data), img, &plan, &out, err) &&
              drop_head(in, file, &plan, cl, err) &&
              insert_head(&plan, EXPLICIT_LITTLE, cl, err);
    if (ok) {
        imp_cut_drop(cl, file->data_at, end - file->data_at, IMP_PART_STRUCTURE,
                     "deflated data set");
        imp_cut_insert(cl, out.p, out.n, IMP_PART_STRUCTURE, "data set");
        imp_cut_drop(cl, end, in.n - end, IMP_PART_TRAILER, "trailer");
    }
    imp_buf_clear(&out);
    imp_buf_clear(&data);
    return ok;
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct imp_dcm_file file;
    if (!img->dicom)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "nobody decides about its elements");
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    return (file.syntax->deflated ? cut_deflated : cut_plain)(in, &file, img,
                                                              cl, err);
}

const struct imp_format imp_format_dicom = {
    .name = "dicom",
    .ext = "dcm",
    .skips_coded = true,
    .sniff = sniff,
    .cut = cut,
};
