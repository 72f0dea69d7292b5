/* tell_dicom.c - what the reader of lib/dicom says of files, for a judge.
 *
 *     tell_dicom FILE...
 *
 * A line per file: "file", its name, its syntax and what there is of preamble
 * and meta group; "error" with code and message, or "not DICOM", instead. Then
 * one per event: what, path, VR as written and as meant, offset of the header,
 * its length, the length that it tells, flags. Between tabs. Deflated data sets
 * are not looked into. */
#include "dicom/file.h"
#include "dicom/reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {
    "element", "sequence", "sequence-end", "item",  "item-end",
    "pixels",  "fragment", "pixels-end",   "zeros", "end"};

static void tell(struct imp_span in, uint64_t at, uint64_t end,
                 struct imp_dcm_encoding encoding)
{
    static struct imp_dcm_reader r;
    static char path[IMP_DCM_PATH_MAX];
    struct imp_dcm_event e;
    struct imp_err err = {0};
    imp_dcm_reader_start(&r, in, at, end, encoding);
    do {
        if (!imp_dcm_next(&r, &e, &err)) {
            printf("error\t%s\t%s\n", imp_code_name(err.code), err.msg);
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

static void tell_file(struct imp_span in)
{
    struct imp_dcm_file f;
    struct imp_err err = {0};
    if (!imp_dcm_sniff(in)) {
        printf("not DICOM\n");
        return;
    }
    if (!imp_dcm_file_read(in, &f, &err)) {
        printf("error\t%s\t%s\n", imp_code_name(err.code), err.msg);
        return;
    }
    printf("%s\t%s%s%s%s\n", f.syntax->name, f.preamble ? "preamble " : "",
           f.meta ? "meta " : "", f.length_lies ? "length-lies " : "",
           f.guessed ? "guessed " : "");
    tell(in, f.meta_at, f.data_at, (struct imp_dcm_encoding){true, false});
    if (!f.syntax->deflated)
        tell(in, f.data_at, in.n, f.syntax->encoding);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat st;
        int fd = open(argv[i], O_RDONLY);
        void *p = MAP_FAILED;
        if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
            p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            perror(argv[i]);
            return 1;
        }
        printf("file\t%s\t", argv[i]);
        tell_file((struct imp_span){p, (size_t)st.st_size});
        munmap(p, (size_t)st.st_size);
        close(fd);
    }
    return 0;
}
