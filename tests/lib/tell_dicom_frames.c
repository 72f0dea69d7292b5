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
#include "dicom/file.h"
#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"
#include "mark/redact.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    struct imp_dcm_file file;
    struct imp_dcm_image image;
    struct imp_dicom_frames frames;
    struct imp_dicom_decider all = {.decide = keep_all, .frames = &frames};
    imp_cutlist_start(cl, in.n);
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    if (file.syntax->deflated)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "deflated");
    if (!imp_dcm_image_read(in, file.data_at, file.syntax, &image, err))
        return false;
    imp_dicom_frames_start(&frames, &image, check);
    imp_cut_keep(cl, 0, file.data_at, IMP_PART_STRUCTURE, "meta");
    if (!imp_dicom_cut_elements(in, file.data_at, in.n, file.syntax->encoding,
                                &all, NULL, 0, cl, err) ||
        !imp_cutlist_finish(cl, err))
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
    static struct imp_redaction r;
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

static void expect(bool ok, const char *path, const char *what)
{
    if (ok)
        return;
    printf("%s\tBROKEN: %s\n", path, what);
    exit(1);
}

static void clean(const char *dir, char *path, struct imp_span in)
{
    static struct imp_cutlist cl, patched;
    static struct imp_buf out;
    struct imp_err err = {0};
    struct imp_cutlist *made = rect.width ? &patched : &cl;
    if (!cut(in, IMP_CHECK_CODED, &cl, &err) ||
        (rect.width && !redact(in, &cl, &patched, &err))) {
        printf("error\t%s\t%s\n", imp_code_name(err.code), err.msg);
        return;
    }
    if (imp_cutlist_all_kept(made))
        printf("kept\n");
    else
        printf("%" PRIu64 "\n", zeroed(&cl));
    expect(imp_cutlist_apply(made, in, &out, &err), path, "apply");
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", dir, basename(path));
    FILE *f = fopen(name, "wb");
    expect(f && fwrite(out.p, 1, out.n, f) == out.n && fclose(f) == 0, name,
           "write");
    expect(cut(imp_buf_span(&out), IMP_CHECK_STRUCTURE, &cl, &err), path,
           err.msg);
    expect(imp_cutlist_all_kept(&cl), path, "cut again, not all is kept");
    blank(&out, &cl);
    expect(cut(imp_buf_span(&out), IMP_CHECK_AGAIN, &cl, &err), path, err.msg);
    expect(imp_cutlist_all_kept(&cl), path, "without coded data, not all kept");
}

int main(int argc, char **argv)
{
    static struct imp_buf in;
    int i = 1;
    if (argc > 3 && strcmp(argv[1], "-r") == 0) {
        expect(sscanf(argv[2], "%" SCNu32 ",%" SCNu32 ",%" SCNu32 ",%" SCNu32,
                      &rect.x, &rect.y, &rect.width, &rect.height) == 4,
               argv[2], "want four numbers");
        i = 3;
    }
    const char *dir = argv[i];
    while (++i < argc) {
        char chunk[1 << 16];
        FILE *f = fopen(argv[i], "rb");
        expect(f, argv[i], "open");
        in.n = 0;
        for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
            expect(imp_buf_add(&in, chunk, n, NULL), argv[i], "memory");
        fclose(f);
        printf("%s\t", argv[i]);
        clean(dir, argv[i], imp_buf_span(&in));
    }
    return 0;
}
