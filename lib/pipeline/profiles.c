#include "pipeline/profiles.h"

#include "deid/icc.h"
#include "dicom/file.h"
#include "dicom/reader.h"
#include "image/format.h"
#include "mark/compare.h"

#include <string.h>

#define ICC_PROFILE 0x00282000

// The profiles of a file as its handler shows them, one behind the other, each
// after its length.
struct listener {
    struct imp_editor editor; // first: it is what the handler hands back
    struct imp_buf all, one;
};

static bool hear(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *v, struct imp_err *err)
{
    struct listener *l = (struct listener *)self;
    if (part->kind != IMP_PART_ICC || !part->payload.n)
        return imp_drop_it(self, part, v, err);
    *v = (struct imp_verdict){.fate = IMP_FATE_KEEP}; // HEIF may not do without
    return imp_icc_rebuild(part->payload, IMP_ICC_NEUTRAL, &l->one, err) &&
           imp_buf_add(&l->all, &l->one.n, sizeof l->one.n, err) &&
           imp_buf_add(&l->all, l->one.p, l->one.n, err);
}

// Of DICOM, wherever they lie: PS3.3 C.11.15.
static bool listen_to_object(struct listener *l, struct imp_span in,
                             struct imp_err *err)
{
    struct imp_dcm_file file;
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    struct imp_verdict v;
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    if (file.syntax->deflated)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "a deflated data set");
    imp_dcm_reader_start(&r, in, file.data_at, in.n, file.syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, err))
            return false;
        const struct imp_part part = {
            .kind = IMP_PART_ICC,
            .payload = {in.p + e.at + e.header, (size_t)e.value}};
        if (e.kind == IMP_DCM_ELEMENT && e.tag == ICC_PROFILE &&
            !hear(&l->editor, &part, &v, err))
            return false;
    } while (e.kind != IMP_DCM_END);
    return true;
}

static bool listen(struct listener *l, const char *format, struct imp_span in,
                   struct imp_err *err)
{
    struct imp_cutlist cuts = {0};
    struct imp_job_image image = {.editor = &l->editor,
                                  .limits = {UINT64_MAX, IMP_COMPARE_PIXELS},
                                  .check = IMP_CHECK_STRUCTURE};
    if (strcmp(format, "dicom") == 0)
        return listen_to_object(l, in, err);
    const struct imp_format *fmt = imp_format_called(format);
    bool ok = fmt ? imp_format_cut(fmt, in, &image, &cuts, err)
                  : imp_fail(err, IMP_ERR_UNSUPPORTED, "no format is called %s",
                             format);
    imp_cutlist_clear(&cuts);
    return ok;
}

// The next of them, and `*rest` behind it.
static struct imp_span next(struct imp_span *rest)
{
    size_t n;
    memcpy(&n, rest->p, sizeof n);
    struct imp_span one = {rest->p + sizeof n, n};
    *rest = (struct imp_span){one.p + n, rest->n - sizeof n - n};
    return one;
}

static bool all_among(struct imp_span made, struct imp_span source)
{
    while (made.n) {
        struct imp_span want = next(&made), have = {0};
        bool found = want.n == 0; // no profile for an image: it counts as none
        while (!found && source.n) {
            have = next(&source);
            found = have.n == want.n && memcmp(have.p, want.p, want.n) == 0;
        }
        if (!found)
            return false;
    }
    return true;
}

bool imp_profiles_same(const char *format, struct imp_span source,
                       struct imp_span made, bool *same, struct imp_err *err)
{
    struct listener was = {.editor = {hear}}, is = {.editor = {hear}};
    bool ok =
        listen(&was, format, source, err) && listen(&is, format, made, err);
    *same = ok && all_among(imp_buf_span(&is.all), imp_buf_span(&was.all));
    imp_buf_clear(&was.all);
    imp_buf_clear(&was.one);
    imp_buf_clear(&is.all);
    imp_buf_clear(&is.one);
    return ok;
}
