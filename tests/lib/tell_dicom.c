/* tell_dicom.c - what the reader of lib/dicom says of files, for a judge.
 *
 *     tell_dicom FILE...
 *
 * A line per file: "file", its name, its syntax and what there is of preamble
 * and meta group; "error" with code and message, or "not DICOM", instead. Then
 * one per event: what, path, VR as written and as meant, offset of the header,
 * its length, the length that it tells, flags. Between tabs. Deflated data sets
 * are not looked into. */
#include "telling.h"

#include "dicom/reader.h"

#include <inttypes.h>

static const char *const names[] = {
    "element", "sequence", "sequence-end", "item",  "item-end",
    "pixels",  "fragment", "pixels-end",   "zeros", "end"};

static void tell_events(struct imp_span in, uint64_t at, uint64_t end,
                        struct imp_dcm_encoding encoding)
{
    static struct imp_dcm_reader r;
    static char path[IMP_DCM_PATH_MAX];
    struct imp_dcm_event e;
    struct imp_err err = {0};
    imp_dcm_reader_start(&r, in, at, end, encoding);
    do {
        if (!imp_dcm_next(&r, &e, &err)) {
            tell_err(&err);
            return;
        }
        imp_dcm_path(&r, path);
        printf("%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu32 "\t%" PRIu64
               "\t%s%s%s%s\n",
               names[e.kind], path, imp_dcm_vr_info(e.written)->name,
               imp_dcm_vr_info(e.vr)->name, e.at, e.header,
               e.kind == IMP_DCM_ZEROS ? e.value : e.length,
               e.flags & IMP_DCM_DUPLICATE ? "duplicate " : "",
               e.flags & IMP_DCM_DESCENDING ? "descending " : "",
               e.flags & IMP_DCM_ODD ? "odd " : "",
               e.flags & IMP_DCM_DISGUISED ? "disguised " : "");
    } while (e.kind != IMP_DCM_END);
}

static void tell(char *path, struct imp_span in)
{
    struct imp_dcm_file f;
    struct imp_err err = {0};
    printf("file\t%s\t", path);
    if (!imp_dcm_sniff(in)) {
        printf("not DICOM\n");
        return;
    }
    if (!imp_dcm_file_read(in, &f, &err)) {
        tell_err(&err);
        return;
    }
    printf("%s\t%s%s%s%s\n", f.syntax->name, f.preamble ? "preamble " : "",
           f.meta ? "meta " : "", f.length_lies ? "length-lies " : "",
           f.guessed ? "guessed " : "");
    tell_events(in, f.meta_at, f.data_at,
                (struct imp_dcm_encoding){true, false});
    if (!f.syntax->deflated)
        tell_events(in, f.data_at, in.n, f.syntax->encoding);
}

int main(int argc, char **argv)
{
    (void)argc;
    tell_each(argv + 1, tell);
    return 0;
}
