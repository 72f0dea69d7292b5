/* telling.h - what the programs share that tell a judge what becomes of files.
 * Where they cannot go on they say so and end. */
#ifndef IMP_TESTS_TELLING_H
#define IMP_TESTS_TELLING_H

#include "dicom/file.h"
#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>

static inline void expect(bool ok, const char *path, const char *what)
{
    if (ok)
        return;
    printf("%s\tBROKEN: %s\n", path, what);
    exit(1);
}

/* Call `tell` with each of the files, whose names end with a NULL. */
static inline void tell_each(char **path,
                             void (*tell)(char *path, struct imp_span in))
{
    static struct imp_buf in;
    for (; *path; path++) {
        char chunk[1 << 16];
        FILE *f = fopen(*path, "rb");
        expect(f, *path, "open");
        in.n = 0;
        for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
            expect(imp_buf_add(&in, chunk, n, NULL), *path, "memory");
        expect(!ferror(f), *path, "read");
        fclose(f);
        tell(*path, imp_buf_span(&in));
    }
}

static inline void tell_err(const struct imp_err *err)
{
    printf("error\t%s\t%s\n", imp_code_name(err->code), err->msg);
}

/* Into `dir`, under the base name of `path`. */
static inline void write_out(const char *dir, char *path,
                             const struct imp_buf *out)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", dir, basename(path));
    FILE *f = fopen(name, "wb");
    expect(f && fwrite(out->p, 1, out->n, f) == out->n && fclose(f) == 0, name,
           "write");
}

/* Make the list that keeps the meta group of the file `in`, does with its
 * elements as `how` decides, and takes out what is hidden in its pixel data,
 * checked as `check` says. IMP_ERR_UNSUPPORTED if it is deflated. */
static inline bool cut_object(struct imp_span in, struct imp_dicom_decider how,
                              enum imp_check check, struct imp_cutlist *cl,
                              struct imp_err *err)
{
    struct imp_dcm_file file;
    struct imp_dcm_image image;
    struct imp_dicom_frames frames;
    how.frames = &frames;
    imp_cutlist_start(cl, in.n);
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    if (file.syntax->deflated)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "deflated");
    if (!imp_dcm_image_read(in, file.data_at, file.syntax, &image, err))
        return false;
    imp_dicom_frames_start(&frames, &image, check);
    imp_cut_keep(cl, 0, file.data_at, IMP_PART_STRUCTURE, "meta");
    bool ok = imp_dicom_cut_elements(
        in, file.data_at, in.n, file.syntax->encoding, &how, NULL, 0, cl, err);
    imp_dicom_frames_end(&frames);
    return ok && imp_cutlist_finish(cl, err);
}

#endif
