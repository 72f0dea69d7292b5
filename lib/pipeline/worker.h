/* worker.h - what the files of the worker share: its state, and the steps that
 * have one of their own. Not for others; one thread. */
#ifndef IMP_PIPELINE_WORKER_H
#define IMP_PIPELINE_WORKER_H

#include "image/jpeg_map.h"
#include "pipeline/input.h"
#include "pipeline/inspect.h"
#include "pipeline/internal.h"
#include "pipeline/whose.h"

struct imp_worker {
    struct imp_run *run;
    unsigned slot; // of the crash guard
    struct imp_cleaner *cleaner;
    struct imp_findings *findings; // NULL if nobody wants to know
    struct imp_inspection inspection;
    struct imp_sha256 *sha;
    struct imp_ledger *known; // this thread's view
    struct imp_pen *pen;      // NULL if nothing is marked
    struct imp_cutlist drawn; // the image's, with a mark in it
    struct imp_jpeg_map map;
    struct imp_known_subject subject; // of the image at hand
    struct imp_input input;
    struct imp_buf marked, name; // kept from image to image
};

/* --- What templates are told: worker_told.c --- */

struct imp_telling {
    struct imp_worker *w;
    const char
        *uid[IMP_DEID_UIDS]; /* of a DICOM object; only names have them */
    char instead[17];        /* of a code, if the image has no subject */
};

/* The fields' values, which borrow from `t`. */
struct imp_values imp_worker_values(struct imp_worker *w, struct imp_telling *t,
                                    const struct imp_format *fmt,
                                    const char *digest);

/* Fields and text together may not make the key, either. Digits of a digest, a
 * date or a UID may: by chance. */
bool imp_worker_tells_no_key(struct imp_worker *w, const struct imp_template *t,
                             struct imp_values values, struct imp_err *err);

/* --- Steps --- */

/* Draw the mark while the image, which is cut, is finished: `*image` becomes
 * what comes out. */
bool imp_worker_mark(struct imp_worker *w, const struct imp_format *fmt,
                     struct imp_span *image, struct imp_result *r,
                     struct imp_err *err);

/* Name it and stage it. */
bool imp_worker_store(struct imp_worker *w, const struct imp_format *fmt,
                      struct imp_span image, struct imp_result *r,
                      struct imp_err *err);

#endif
