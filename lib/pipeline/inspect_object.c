// What kind of DICOM object a file is.
#include "dicom/file.h"
#include "dicom/image.h"
#include "dicom/reader.h"
#include "pipeline/inspect.h"

#include <string.h>

#define SOP_CLASS 0x00080016
#define STANDARD "1.2.840.10008."

// A UID of the standard says nothing of anybody; another may say anything.
static void take_class(struct imp_span v, struct imp_inspected_object *out)
{
    while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == 0))
        v.n--;
    if (v.n >= sizeof out->sop_class)
        return;
    memcpy(out->sop_class, v.p, v.n);
    bool standard = strncmp(out->sop_class, STANDARD, strlen(STANDARD)) == 0 &&
                    strspn(out->sop_class, "0123456789.") == v.n;
    memset(out->sop_class + (standard ? v.n : 0), 0,
           sizeof out->sop_class - (standard ? v.n : 0));
}

static void find_class(struct imp_span in, const struct imp_dcm_file *file,
                       struct imp_inspected_object *out)
{
    struct imp_err no = {0};
    struct imp_dcm_reader reader;
    struct imp_dcm_event e = {0};
    imp_dcm_reader_start(&reader, in, file->data_at, in.n,
                         file->syntax->encoding);
    while (imp_dcm_next(&reader, &e, &no) && e.kind != IMP_DCM_END &&
           e.tag <= SOP_CLASS)
        if (e.kind == IMP_DCM_ELEMENT && e.depth == 0 && e.tag == SOP_CLASS)
            take_class(imp_dcm_value_of(in, &e), out);
}

void imp_inspect_object(struct imp_span in, struct imp_inspected_object *out)
{
    struct imp_err no = {0};
    struct imp_dcm_file file;
    struct imp_dcm_image image;
    *out = (struct imp_inspected_object){0};
    if (!imp_dcm_file_read(in, &file, &no))
        return;
    out->syntax = file.syntax->name;
    if (file.syntax->deflated)
        return;
    find_class(in, &file, out);
    if (imp_dcm_image_read(in, file.data_at, file.syntax, &image, &no) &&
        image.pixels)
        out->frames = image.frames;
}
