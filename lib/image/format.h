/* format.h - the table of image formats: one file and one row each.
 *
 * The kind of a file is found from its content, never from its name. */
#ifndef IMP_IMAGE_FORMAT_H
#define IMP_IMAGE_FORMAT_H

#include "base/bytes.h"
#include "image/cutlist.h"
#include "image/part.h"

#include <stdbool.h>

/* How far coded data is checked. */
enum imp_check {
    IMP_CHECK_CODED = 0, /* walked to its last block, inflated to its end */
    IMP_CHECK_STRUCTURE, /* containers only; PNG is inflated all the same:
                            nothing else tells where its data ends */
    IMP_CHECK_AGAIN,     /* the output of an earlier cut, whose coded data was
                            followed to its end then: containers alone */
};

struct imp_dicom_editor;
struct imp_jpeg_map;

struct imp_limits {
    uint64_t max_bytes;  /* of an input file */
    uint64_t max_pixels; /* width * height, all frames of one canvas */
    uint64_t max_mapped; /* instead of max_bytes, of a file whose coded data is
                            never looked at; 0: max_bytes, too */
};

/* What a handler is given besides the input, and what it tells. */
struct imp_job_image {
    struct imp_editor *editor;
    struct imp_dicom_editor *dicom; /* DICOM: asked instead of `editor` */
    struct imp_limits limits;
    enum imp_check check;
    struct imp_jpeg_map *map; /* JPEG: filled in, for which coded data without
                                 restart markers is followed at any `check`;
                                 NULL: not wanted */
    /* Told by the handler: */
    uint32_t width, height;
};

struct imp_format {
    const char *name; /* "jpeg": reports, errors */
    const char *ext;  /* "jpg": of output names */

    /* Coded data is looked at piece by piece, if at all: a file of it may be
     * larger than memory, and the output of a cut may be checked without it. */
    bool skips_coded;

    /* Could these bytes, a whole file, be ours? Looks at the first few. */
    bool (*sniff)(struct imp_span in);

    /* Emit the cuts for the whole of `in`, from _start (done by the caller) to
     * the last byte; the caller calls _finish. False with `err` (code, offset,
     * message without values) if the file breaks its format's rules or has a
     * part that cannot be dropped. Keeps no state: any thread may call. */
    bool (*cut)(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err);
};

/* Ends with NULL. */
extern const struct imp_format *const imp_formats[];

/* The format whose sniff answers, or NULL. */
const struct imp_format *imp_format_of(struct imp_span in);

/* The format of that name, or NULL. */
const struct imp_format *imp_format_called(const char *name);

/* For a file that no handler takes: "PDF", "ZIP", "text", ... or "unknown". */
const char *imp_format_guess(struct imp_span in);

/* How long a file of this format may be. */
uint64_t imp_format_max_bytes(const struct imp_format *fmt,
                              const struct imp_limits *limits);

/* Start the list, run the handler, finish the list; errors get the format's
 * name in front. IMP_ERR_LIMIT if `in` exceeds _max_bytes. */
bool imp_format_cut(const struct imp_format *fmt, struct imp_span in,
                    struct imp_job_image *img, struct imp_cutlist *cl,
                    struct imp_err *err);

#endif
