/* tell_dicom_mark.c - DICOM objects with a mark and nothing else changed but
 * what is hidden in their pixel data, for a judge.
 *
 *     tell_dicom_mark overlay|pixels DIR FILE...
 *
 * A line per file, between tabs: its name, and the route, the area (x, y, width
 * and height) and how imp_compare counts ("unit", units, changed, outside); or
 * "error", code and message. What comes out goes to DIR under the same base
 * name. */
#include "telling.h"

#include "mark/compare.h"
#include "mark/dicom.h"

#include <inttypes.h>
#include <string.h>

static const char *dir;
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

static void tell(char *path, struct imp_span in)
{
    static struct imp_cutlist cl, patched;
    static struct imp_buf out;
    static const struct imp_mark_input none;
    struct imp_err err = {0};
    struct imp_dicom_marked made;
    struct imp_difference d = {0};
    const struct imp_dicom_decider how = {.decide = drop_overlays};
    printf("%s\t", path);
    if (!cut_object(in, how, IMP_CHECK_CODED, &cl, &err) ||
        !imp_marker_dicom(marker, pen, in, &cl, &none, &patched, &made, &err)) {
        tell_err(&err);
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
    dir = argv[2];
    tell_each(argv + 3, tell);
    imp_pen_free(pen);
    imp_marker_free(marker);
    return 0;
}
