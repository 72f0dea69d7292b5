#include "mark/dicom.h"

#include "dicom/file.h"
#include "dicom/reader.h"
#include "mark/dicom_internal.h"
#include "mark/mark_internal.h"

#include <string.h>

// --- What the ways to draw use ---

bool imp_dicom_is_kept(const struct imp_cutlist *cuts, uint64_t at, uint64_t n)
{
    size_t from = 0, to = cuts->n; // the cuts behind `at` begin at `to`
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (cuts->cut[middle].offset <= at)
            from = middle + 1;
        else
            to = middle;
    }
    while (to > 0 && cuts->cut[to - 1].kind == IMP_CUT_INSERT)
        to--;
    if (to == 0 || cuts->cut[to - 1].kind != IMP_CUT_KEEP)
        return false;
    uint64_t into = at - cuts->cut[to - 1].offset;
    return into <= cuts->cut[to - 1].length &&
           n <= cuts->cut[to - 1].length - into;
}

static struct imp_span *place_of(struct imp_dicom_elements *e, uint32_t tag)
{
    switch (tag) {
    case 0x00280120:
        return &e->padding;
    case 0x00281050:
        return &e->center;
    case 0x00281051:
        return &e->width;
    case 0x00281052:
        return &e->intercept;
    case 0x00281053:
        return &e->slope;
    case 0x00281101:
    case 0x00281102:
    case 0x00281103:
        return &e->palette[tag - 0x00281101];
    case 0x00281201:
    case 0x00281202:
    case 0x00281203:
        return &e->entries[tag - 0x00281201];
    case 0x00283000:
        return &e->modality;
    case 0x7FE00001:
        return &e->offsets;
    case 0x7FE00002:
        return &e->lengths;
    default:
        return NULL;
    }
}

bool imp_dicom_mark_find(const struct imp_dicom_job *job,
                         struct imp_dicom_elements *out)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    *out = (struct imp_dicom_elements){0};
    imp_dcm_reader_start(&r, job->in, job->data_at, job->in.n,
                         job->image.syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, job->err))
            return false;
        bool begins =
            e.kind == IMP_DCM_ELEMENT || e.kind == IMP_DCM_SEQUENCE_BEGIN;
        struct imp_span *to =
            begins && e.depth == 0 ? place_of(out, e.tag) : NULL;
        if (to == &out->modality)
            *to = (struct imp_span){job->in.p + e.at, e.header};
        else if (to && e.kind == IMP_DCM_ELEMENT && e.written != IMP_DCM_UN)
            *to =
                (struct imp_span){job->in.p + e.at + e.header, (size_t)e.value};
    } while (e.kind != IMP_DCM_END && e.kind != IMP_DCM_PIXELS_BEGIN);
    return true;
}

// --- One object ---

static bool unsupported(const struct imp_dicom_job *job, const char *what)
{
    return imp_fail(job->err, IMP_ERR_UNSUPPORTED, "DICOM %s cannot be marked",
                    what);
}

static bool look(struct imp_dicom_job *job)
{
    struct imp_dcm_file file;
    const struct imp_dcm_image *image = &job->image;
    if (!imp_dcm_file_read(job->in, &file, job->err))
        return false;
    if (file.syntax->deflated)
        return unsupported(job, "of a deflated data set");
    job->data_at = file.data_at;
    if (!imp_dcm_image_read(job->in, file.data_at, file.syntax, &job->image,
                            job->err))
        return false;
    if (!image->pixels || image->rows == 0 || image->columns == 0)
        return unsupported(job, "without a picture");
    if (!imp_dicom_is_kept(job->cuts, image->pixels_at, 4))
        return unsupported(job, "whose pixel data goes");
    return true;
}

static bool draw(struct imp_dicom_job *job, enum imp_dicom_mark how)
{
    const struct imp_dcm_syntax *syntax = job->image.syntax;
    switch (syntax->codec) {
    case IMP_DCM_MPEG: // viewers of video draw no overlays
    case IMP_DCM_SMPTE:
    case IMP_DCM_REFERENCED:
    case IMP_DCM_NOT_DICOM:
        return unsupported(job, "of video, or without its pixels,");
    default:
        break;
    }
    if (how == IMP_DICOM_OVERLAY)
        return imp_dicom_overlay(job);
    if (!job->image.encapsulated)
        return imp_dicom_native(job);
    if (syntax->codec == IMP_DCM_JPEG_BASELINE ||
        syntax->codec == IMP_DCM_JPEG_EXTENDED)
        return imp_dicom_jpeg(job);
    return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                    "the pixels of %s cannot be marked", syntax->name);
}

// Redaction may have been there before.
static bool put_in(struct imp_dicom_job *job, struct imp_cutlist *out)
{
    imp_dicom_patches_end(job->out);
    if (imp_cutlist_patch(out, job->cuts, job->out->patch, job->out->n, "mark",
                          job->err))
        return true;
    if (job->err->code == IMP_ERR_INVARIANT)
        unsupported(job, "whose pixels have changed under the mark");
    return false;
}

// Where the overlay begins in the output: with the first bytes put in.
static uint64_t place_in(const struct imp_cutlist *out)
{
    uint64_t at = 0;
    for (size_t i = 0; i < out->n; i++) {
        const struct imp_cut *c = &out->cut[i];
        if (c->kind == IMP_CUT_INSERT && strcmp(c->what, "mark") == 0)
            break;
        at += c->kind == IMP_CUT_DROP ? 0 : c->length;
    }
    return at;
}

bool imp_marker_dicom(struct imp_marker *m, struct imp_pen *pen,
                      struct imp_span in, const struct imp_cutlist *cuts,
                      const struct imp_mark_input *input,
                      struct imp_cutlist *out, struct imp_dicom_marked *marked,
                      struct imp_err *err)
{
    struct imp_dicom_job job = {.out = &pen->dicom,
                                .splicer = &pen->splicer,
                                .in = in,
                                .cuts = cuts,
                                .err = err};
    struct imp_matched matched = {0};
    const struct imp_stencil *stencil = NULL;
    imp_dicom_patches_start(job.out);
    bool ok = look(&job);
    const struct imp_look picture = {.width = job.image.columns,
                                     .height = job.image.rows,
                                     .pages = 1,
                                     .orientation = 1};
    if (ok && imp_marker_text(m, &input->values, &pen->text, err) &&
        imp_marker_check_size(m, &picture, err))
        stencil = imp_marker_stencil(m, &pen->text, &picture, err);
    ok = stencil && imp_marker_match(m, input->profile, stencil, &matched, err);
    if (ok) {
        job.drawing =
            (struct imp_drawing){matched.where, matched.paint, m->pixels};
        ok = draw(&job, m->spec.dicom) && put_in(&job, out);
    }
    imp_marker_unmatch(&matched);
    if (ok)
        *marked = (struct imp_dicom_marked){
            .report = {stencil->area, job.route},
            .at = job.overlay ? place_in(out) : 0,
            .length = job.overlay,
        };
    if (stencil)
        imp_stencils_put(m->stencils, stencil);
    return ok || imp_wrap(err, "mark");
}
