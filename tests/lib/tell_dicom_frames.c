/* tell_dicom_frames.c - files with nothing changed but what is hidden in their
 * pixel data, for a judge.
 *
 *     tell_dicom_frames DIR FILE...
 *     tell_dicom_frames -r X,Y,WIDTH,HEIGHT DIR FILE...
 *
 * -r: and a rectangle of every frame is blacked out.
 *
 * A line per file, between tabs: its name, and "kept" or the bytes that became
 * zeros, or "error", code and message. What comes out goes to DIR under the
 * same base name; it must be as long as what went in, and all kept when it is
 * cut again with zeros in place of coded data. Deflated data sets are left
 * out. */
#include "telling.h"

#include "mark/redact.h"

#include <inttypes.h>
#include <string.h>

static const char *dir;
static struct imp_rect rect; // empty: none

static bool keep_all(void *self, const struct imp_dcm_reader *reader,
                     const struct imp_dcm_event *event, enum imp_dicom_cut *cut,
                     struct imp_span *value, struct imp_err *err)
{
    (void)self, (void)reader, (void)value, (void)err;
    // An icon is taken away with its sequence, as the profile has it.
    *cut = event->tag == 0x00880200 ? IMP_DICOM_CUT_REMOVE : IMP_DICOM_CUT_KEEP;
    return true;
}

static bool cut(struct imp_span in, enum imp_check check,
                struct imp_cutlist *cl, struct imp_err *err)
{
    const struct imp_dicom_decider all = {.decide = keep_all};
    if (!cut_object(in, all, check, cl, err))
        return false;
    imp_cutlist_settle(cl, in); // lengths that are written as they were
    return true;
}

static uint64_t zeroed(const struct imp_cutlist *cl)
{
    uint64_t n = 0;
    for (size_t i = 0; i < cl->n; i++)
        n += cl->cut[i].kind == IMP_CUT_ZERO ? cl->cut[i].length : 0;
    return n;
}

// The list `cl` of `in`, with the rectangle's patches.
static bool redact(struct imp_span in, struct imp_cutlist *cl,
                   struct imp_cutlist *out, struct imp_err *err)
{
    static struct imp_dicom_patches r;
    struct imp_dcm_file file;
    struct imp_dcm_image image;
    return imp_dcm_file_read(in, &file, err) &&
           imp_dcm_image_read(in, file.data_at, file.syntax, &image, err) &&
           imp_redact(&r, in, file.data_at, &image, &rect, 1, err) &&
           imp_cutlist_patch(out, cl, r.patch, r.n, "redacted", err);
}

// What is coded becomes zeros; where the cuts are all keeps, output and input
// have it in the same places.
static void blank(struct imp_buf *out, const struct imp_cutlist *cl)
{
    for (size_t i = 0; i < cl->n; i++)
        if (cl->cut[i].part == IMP_PART_CODED)
            memset(out->p + cl->cut[i].offset, 0, cl->cut[i].length);
}

static void tell(char *path, struct imp_span in)
{
    static struct imp_cutlist cl, patched;
    static struct imp_buf out;
    struct imp_err err = {0};
    struct imp_cutlist *made = rect.width ? &patched : &cl;
    printf("%s\t", path);
    if (!cut(in, IMP_CHECK_CODED, &cl, &err) ||
        (rect.width && !redact(in, &cl, &patched, &err))) {
        tell_err(&err);
        return;
    }
    if (imp_cutlist_all_kept(made))
        printf("kept\n");
    else
        printf("%" PRIu64 "\n", zeroed(&cl));
    expect(imp_cutlist_apply(made, in, &out, &err), path, "apply");
    write_out(dir, path, &out);
    expect(cut(imp_buf_span(&out), IMP_CHECK_STRUCTURE, &cl, &err), path,
           err.msg);
    expect(imp_cutlist_all_kept(&cl), path, "cut again, not all is kept");
    blank(&out, &cl);
    expect(cut(imp_buf_span(&out), IMP_CHECK_AGAIN, &cl, &err), path, err.msg);
    expect(imp_cutlist_all_kept(&cl), path, "without coded data, not all kept");
}

int main(int argc, char **argv)
{
    int i = 1;
    if (argc > 3 && strcmp(argv[1], "-r") == 0) {
        expect(sscanf(argv[2], "%" SCNu32 ",%" SCNu32 ",%" SCNu32 ",%" SCNu32,
                      &rect.x, &rect.y, &rect.width, &rect.height) == 4,
               argv[2], "want four numbers");
        i = 3;
    }
    if (argc <= i)
        return 2;
    dir = argv[i];
    tell_each(argv + i + 1, tell);
    return 0;
}
