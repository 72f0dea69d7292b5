/* tell_dicom_mark.c - DICOM objects with a mark and nothing else changed but
 * what is hidden in their pixel data, for a judge.
 *
 *     tell_dicom_mark overlay|pixels DIR FILE...
 *
 * A line per file, between tabs: its name, and the route, the area (x, y, width
 * and height) and how imp_compare counts ("unit", units, changed, outside); or
 * "error", code and message. What comes out goes to DIR under the same base
 * name. */
#include "dicom/file.h"
#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"
#include "mark/compare.h"
#include "mark/dicom.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct imp_marker *marker;
static struct imp_pen *pen;

// As the profile has it: overlays go, and icons with their sequence.
static bool drop_overlays(void *self, const struct imp_dcm_reader *reader,
                          const struct imp_dcm_event *event,
                          enum imp_dicom_cut *cut, struct imp_span *value,
                          struct imp_err *err)
{
    (void)self, (void)reader, (void)value, (void)err;
    bool goes = event->tag == 0x00880200 || event->tag >> 24 == 0x60;
    *cut = goes ? IMP_DICOM_CUT_REMOVE : IMP_DICOM_CUT_KEEP;
    return true;
}

static bool cut(struct imp_span in, struct imp_cutlist *cl, struct imp_err *err)
{
    struct imp_dcm_file file;
    struct imp_dcm_image image;
    struct imp_dicom_frames frames;
    struct imp_dicom_decider all = {.decide = drop_overlays, .frames = &frames};
    imp_cutlist_start(cl, in.n);
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    if (file.syntax->deflated)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "deflated");
    if (!imp_dcm_image_read(in, file.data_at, file.syntax, &image, err))
        return false;
    imp_dicom_frames_start(&frames, &image, IMP_CHECK_CODED);
    imp_cut_keep(cl, 0, file.data_at, IMP_PART_STRUCTURE, "meta");
    return imp_dicom_cut_elements(in, file.data_at, in.n, file.syntax->encoding,
                                  &all, NULL, 0, cl, err) &&
           imp_cutlist_finish(cl, err);
}

static void expect(bool ok, const char *path, const char *what)
{
    if (ok)
        return;
    printf("%s\tBROKEN: %s\n", path, what);
    exit(1);
}

static void write_out(const char *dir, char *path, const struct imp_buf *out)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", dir, basename(path));
    FILE *f = fopen(name, "wb");
    expect(f && fwrite(out->p, 1, out->n, f) == out->n && fclose(f) == 0, name,
           "write");
}

static void tell(const char *dir, char *path, struct imp_span in)
{
    static struct imp_cutlist cl, patched;
    static struct imp_buf out;
    static const struct imp_mark_input none;
    struct imp_err err = {0};
    struct imp_dicom_marked made;
    struct imp_difference d = {0};
    if (!cut(in, &cl, &err) ||
        !imp_marker_dicom(marker, pen, in, &cl, &none, &patched, &made, &err)) {
        printf("error\t%s\t%s\n", imp_code_name(err.code), err.msg);
        return;
    }
    const struct imp_area *a = &made.report.area;
    expect(imp_cutlist_apply(&patched, in, &out, &err), path, err.msg);
    expect(imp_compare("dicom", in, imp_buf_span(&out), a, &d, &err), path,
           err.msg);
    write_out(dir, path, &out);
    printf("%s\t%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\t%s %" PRIu64
           " %" PRIu64 " %" PRIu64 "%s\n",
           made.report.route, a->x, a->y, a->width, a->height, d.unit, d.units,
           d.changed, d.outside, d.another ? " another" : "");
}

int main(int argc, char **argv)
{
    static struct imp_buf in;
    struct imp_err err = {0};
    struct imp_mark_spec spec = imp_mark_spec_default();
    if (argc < 3)
        return 2;
    spec.text = "HE";
    spec.scale = 0.1;
    spec.dicom =
        strcmp(argv[1], "pixels") == 0 ? IMP_DICOM_PIXELS : IMP_DICOM_OVERLAY;
    marker = imp_marker_new(&spec, &err);
    pen = imp_pen_new(&err);
    expect(marker && pen, "marker", err.msg);
    for (int i = 3; i < argc; i++) {
        char chunk[1 << 16];
        FILE *f = fopen(argv[i], "rb");
        expect(f, argv[i], "open");
        in.n = 0;
        for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
            expect(imp_buf_add(&in, chunk, n, NULL), argv[i], "memory");
        fclose(f);
        printf("%s\t", argv[i]);
        tell(argv[2], argv[i], imp_buf_span(&in));
    }
    imp_pen_free(pen);
    imp_marker_free(marker);
    return 0;
}
