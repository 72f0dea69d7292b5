/* part.h - what a format handler meets in a file, and who decides its fate.
 *
 * A format does not know policies. It names each part that might identify
 * someone (`struct imp_part`) and asks the editor what becomes of it. What only
 * describes the picture it keeps by itself; what it does not know it offers as
 * IMP_PART_UNKNOWN, which no editor may keep. */
#ifndef IMP_IMAGE_PART_H
#define IMP_IMAGE_PART_H

#include "base/bytes.h"

enum imp_part_kind {
    IMP_PART_STRUCTURE, /* needed to read the picture; never asked about */
    IMP_PART_CODED,     /* coded image data; never asked about */
    IMP_PART_EXIF,      /* payload: a TIFF block (CIPA DC-008 4.5) */
    IMP_PART_ICC,       /* payload: a whole profile (ISO 15076-1) */
    IMP_PART_XMP,
    IMP_PART_IPTC,
    IMP_PART_COMMENT,
    IMP_PART_TIME,
    IMP_PART_THUMBNAIL,
    IMP_PART_VENDOR,  /* an application's own block */
    IMP_PART_VIDEO,   /* the moving part of a live photo, a track of it */
    IMP_PART_TRAILER, /* bytes outside the image proper */
    IMP_PART_UNKNOWN,
};

/* "structure", "coded", "exif", ...: for reports and `inspect`. */
const char *imp_part_kind_name(enum imp_part_kind kind);

struct imp_part {
    enum imp_part_kind kind;
    const char *name; /* printable, without values: "APP1 Exif", "tEXt" */
    uint64_t offset;  /* where it lies in the input, headers included */
    uint64_t length;
    struct imp_span payload; /* its content, if the handler unpacked it */
    bool container_rules;    /* EXIF only: the format itself tells orientation,
                                density and colour (HEIF); these tags have no
                                say and need not stay */
};

enum imp_fate {
    IMP_FATE_DROP = 0,
    IMP_FATE_KEEP,
    IMP_FATE_REPLACE, /* `bytes` instead of the payload */
};

struct imp_verdict {
    enum imp_fate fate;
    struct imp_span bytes; /* for REPLACE: the editor's, until its next call */
};

/* Implemented by deid/ from a policy; a test needs three lines. One editor
 * serves one image at a time. */
struct imp_editor {
    /* Decide about `part`. False, with `err`, only if the image must not go
     * on: it is then quarantined. */
    bool (*decide)(struct imp_editor *self, const struct imp_part *part,
                   struct imp_verdict *out, struct imp_err *err);
};

/* A `decide` that lets everything go. */
bool imp_drop_it(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *out, struct imp_err *err);

#endif
