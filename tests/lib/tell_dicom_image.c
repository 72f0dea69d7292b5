/* tell_dicom_image.c - what lib/dicom/image.h says of files, for a judge.
 *
 *     tell_dicom_image FILE...
 *
 * A line per file, between tabs: its name; rows, columns, samples, bits
 * allocated, stored, high, frames, signed, planar; bytes of native pixel data,
 * or nothing; fragments, or nothing; bytes that all frames need; first fragment
 * of each frame, parted by commas, or what is wrong with them. Or, behind the
 * name, "error", code and message. Deflated data sets are left out.
 */
#include "telling.h"

#include <inttypes.h>

static void tell_frames(struct imp_span in, const struct imp_dcm_image *image)
{
    struct imp_err err = {0};
    struct imp_dcm_fragment *f = calloc(image->fragments + 1u, sizeof *f);
    uint32_t *first = calloc(image->frames + 1u, sizeof *first);
    if (!f || !first)
        abort();
    if (imp_dcm_fragments(in, image, f, &err) &&
        imp_dcm_frames(in, image, f, first, &err))
        for (uint32_t i = 0; i <= image->frames; i++)
            printf("%s%" PRIu32, i ? "," : "", first[i]);
    else
        printf("%s", err.msg);
    free(first);
    free(f);
}

static void tell(char *path, struct imp_span in)
{
    struct imp_dcm_file file;
    struct imp_dcm_image i;
    struct imp_err err = {0};
    printf("%s\t", path);
    if (!imp_dcm_file_read(in, &file, &err) ||
        !imp_dcm_image_read(in, file.data_at, file.syntax, &i, &err)) {
        tell_err(&err);
        return;
    }
    printf("%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32
           "\t%" PRIu32 "\t%" PRIu32 "\t%d\t%d\t",
           i.rows, i.columns, i.samples, i.allocated, i.stored, i.high,
           i.frames, i.is_signed, i.planar);
    if (i.pixels && !i.encapsulated)
        printf("%" PRIu64, i.value);
    printf("\t");
    if (i.encapsulated)
        printf("%" PRIu32, i.fragments);
    printf("\t%" PRIu64 "\t", i.all_size);
    if (i.encapsulated)
        tell_frames(in, &i);
    printf("\n");
}

int main(int argc, char **argv)
{
    (void)argc;
    tell_each(argv + 1, tell);
    return 0;
}
