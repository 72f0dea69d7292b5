/* subjects.h - whom the codes in the archive stand for: the crosswalk, which
 * never leaves the state directory but by `imgpipe crosswalk export`. */
#ifndef IMP_LEDGER_SUBJECTS_H
#define IMP_LEDGER_SUBJECTS_H

#include "base/terms.h"
#include "ledger/ledger.h"

#define IMP_CODE_ROOM 201 /* a code has 200 bytes at most */

struct imp_coded {
    const char *subject, *code;
    bool made; /* by the key; else somebody has said so */
};

/* What the ledger says of a subject and its code. */
enum imp_coding {
    IMP_CODE_FITS,   /* it has it, or took it */
    IMP_CODE_OTHER,  /* the subject has another code */
    IMP_CODE_OTHERS, /* another subject has the code, and one of the two was
                        made: made codes are of one subject each; or the codes
                        are not quite the same: see fold.h; or the code is the
                        key of a subject, or the key a code */
};

/* Note the code of a subject, if that fits; on the ledger's own thread, between
 * its begin and commit. */
bool imp_ledger_put_subject(struct imp_ledger *l, const struct imp_coded *coded,
                            enum imp_coding *says, struct imp_err *err);

/* The code that is noted for a subject. A reader may be asked, too. */
bool imp_ledger_subject(struct imp_ledger *l, const char *subject, bool *found,
                        char code[IMP_CODE_ROOM], bool *made,
                        struct imp_err *err);

/* Whose the input at `path`, in this form, was when it was archived, into
 * `*subject`, which the caller frees; NULL: it is not, or nobody's. A reader
 * may be asked, too. */
bool imp_ledger_subject_of(struct imp_ledger *l, const char *path,
                           const struct imp_stamp *stamp, char **subject,
                           struct imp_err *err);

/* Walk the subjects, ordered by their keys as bytes. */
typedef bool (*imp_coded_fn)(void *self, const struct imp_coded *coded,
                             struct imp_err *err);
bool imp_ledger_each_subject(struct imp_ledger *l, imp_coded_fn fn, void *self,
                             struct imp_err *err);

/* Note all that `each` tells, in one transaction, or none: IMP_ERR_CONFIG if
 * one does not fit. */
bool imp_ledger_import_subjects(struct imp_ledger *l,
                                bool (*each)(void *self, imp_coded_fn fn,
                                             void *fn_self,
                                             struct imp_err *err),
                                void *self, struct imp_err *err);

/* Is this ledger held to none but these terms? What `terms` leaves open fits.
 * IMP_ERR_CONFIG if not: a subject would get a second code, or its dates a
 * second distance. */
bool imp_ledger_check_terms(struct imp_ledger *l, const struct imp_terms *terms,
                            struct imp_err *err);

/* The same, and hold it to these terms from now on: each of them durably, one
 * after the other, outside of a transaction. */
bool imp_ledger_bind_terms(struct imp_ledger *l, const struct imp_terms *terms,
                           struct imp_err *err);

/* What it is held to. */
bool imp_ledger_terms(struct imp_ledger *l, struct imp_terms *terms,
                      struct imp_err *err);

#endif
