/* inspect.h - what would become of one image under a policy, part by part, and
 * why: for `inspect` and the dry run. Writes nothing. */
#ifndef IMP_PIPELINE_INSPECT_H
#define IMP_PIPELINE_INSPECT_H

#include "base/outcome.h"
#include "pipeline/clean.h"
#include "pipeline/elements.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a part says, one item: an EXIF tag, an XMP property, a text. */
struct imp_inspected_item {
    const char *name;
    const char *value; /* identifying: shown only on request */
    const char *why;   /* NULL: it stays as it is */
};

/* One cut. Neighbours tile the file; what is inserted has offset and length of
 * the place where it goes and of itself. */
struct imp_inspected_part {
    enum imp_cut_kind fate;
    enum imp_part_kind kind;
    const char *name;
    uint64_t offset, length;
    const char *why; /* NULL if it is kept */
    const struct imp_inspected_item *item;
    size_t n_items;
};

/* What a DICOM object is; only of the standard's own words. */
struct imp_inspected_object {
    const char *syntax; /* static: "Explicit VR Little Endian" */
    char sop_class[65]; /* a UID of the standard; empty: private, or unknown */
    uint32_t frames;    /* 0 if not known */
};

struct imp_inspection {
    enum imp_outcome outcome; /* ARCHIVED: it would go out */
    struct imp_err err;       /* the reason, unless ARCHIVED */
    const char *format;       /* NULL if not recognised */
    uint32_t width, height;   /* 0 if not known */
    uint64_t bytes_in, bytes_out;
    bool clean;                            /* nothing in it would be cut */
    const struct imp_inspected_part *part; /* none if it was refused before
                                              its cuts added up */
    size_t n_parts;
    struct imp_inspected_object dicom;           /* syntax NULL: it is none */
    const struct imp_inspected_element *element; /* of a DICOM object */
    size_t n_elements;
    uint64_t elements_left; /* how many there are besides */
};

struct imp_findings; /* opaque: what an observer heard, for one image */

struct imp_findings *imp_findings_new(struct imp_err *err);
void imp_findings_free(struct imp_findings *f);

/* Forget the last image. */
void imp_findings_start(struct imp_findings *f);

/* What writes into `f`; borrowed from it. */
const struct imp_deid_observer *imp_findings_observer(struct imp_findings *f);

/* Fill in what the cleaner's last call found out (parts, size, whether it is
 * clean) and what was heard; the memory is `f`'s, until its next _start. */
bool imp_findings_tell(struct imp_findings *f, const struct imp_cleaner *c,
                       struct imp_inspection *out, struct imp_err *err);

/* Fill in what kind of DICOM object `in` is, as far as it can be read. */
void imp_inspect_object(struct imp_span in, struct imp_inspected_object *out);

struct imp_inspector; /* opaque: a cleaner and findings; one thread */

struct imp_inspector *imp_inspector_new(const struct imp_policy *policy,
                                        const struct imp_clean_rules *rules,
                                        struct imp_err *err);
void imp_inspector_free(struct imp_inspector *i);

/* Look at `in`, the whole of a file. `out` borrows from the inspector until its
 * next call. Of a DICOM object it tells what would be made with some key, and
 * without a subject; one that a run has made, with whatever key, is clean. */
void imp_inspector_look(struct imp_inspector *i, struct imp_span in,
                        struct imp_inspection *out);

#endif
