/* whose.h - whose an image is, and what the trial calls them: the subject's
 * key, its code, how far its dates go back, and what look-ups tell of it. */
#ifndef IMP_PIPELINE_WHOSE_H
#define IMP_PIPELINE_WHOSE_H

#include "base/bytes.h"
#include "base/template.h"
#include "deid/policy.h"
#include "ledger/subjects.h"
#include "lookup/ask.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_ctx;
struct imp_format;
struct imp_job;

/* As the user has it; all borrowed. */
struct imp_whose_config {
    const char *from; /* how an input tells its subject: see subject.h; NULL:
                         there are none */
    bool or_digest;   /* an input that does not tell goes on without one, and
                         its digest stands for the code */
    struct imp_lookup_at subjects, study; /* whom to ask; no spec: nobody */
    int64_t lookup_timeout_ms;
    unsigned lookup_jobs; /* 0: two for each worker */
    const char *key_file; /* NULL: no code and no UID is made, no date
                             shifted */
    const char *prefix;   /* of codes that are made */
};

/* Do the options go together, as far as that can be told from them alone?
 * IMP_ERR_CONFIG if not. */
bool imp_whose_check(const struct imp_whose_config *config,
                     struct imp_err *err);

/* Is `spec` a rule (see subject.h), and the tag in it one that there is?
 * IMP_ERR_CONFIG if not. */
bool imp_whose_check_rule(const char *spec, struct imp_err *err);

struct imp_whose; /* opaque; read-only: any thread */

/* Open what is to be asked and load the key; see imp_secret_load. NULL with
 * IMP_ERR_CONFIG if the options do not go together, or cannot be had. */
struct imp_whose *imp_whose_new(const struct imp_whose_config *config,
                                unsigned workers,
                                const struct imp_policy *policy,
                                struct imp_err *err);
void imp_whose_free(struct imp_whose *w); /* NULL is fine */

/* The fields that templates may have. Borrowed from `w`. */
const struct imp_more_fields *imp_whose_fields(const struct imp_whose *w);

/* What the ledger is to be held to. Borrowed. */
const struct imp_terms *imp_whose_terms(const struct imp_whose *w);

/* A part of what decides about an output: goes into the recipe. */
bool imp_whose_describe(const struct imp_whose *w, struct imp_buf *out,
                        struct imp_err *err);

/* What is known of one image. `{0}` is empty: it has no subject. Stays where it
 * is while it is used. One thread. */
struct imp_known_subject {
    struct imp_buf key; /* with a NUL behind that does not count; empty: none */
    char code[IMP_CODE_ROOM];
    bool made_code;
    struct imp_deid_subject deid; /* borrows key, code and secret */
    struct imp_answer *answer[IMP_QUESTIONS];
};
void imp_known_subject_clear(struct imp_known_subject *s);

/* Find out whose `image` (the whole of a file of format `fmt`, as it came) is,
 * into `out`, emptied first; of one without a subject that has the secret all
 * the same. `ledger` is the calling thread's view of it. False with `err`, and
 * `out` empty: IMP_ERR_CONFIG if the input does not tell, or an answer or code
 * is not what it should be; as imp_ask. */
bool imp_whose_find(const struct imp_whose *w, const struct imp_job *job,
                    const struct imp_format *fmt, struct imp_span image,
                    const struct imp_limits *limits, struct imp_ledger *ledger,
                    struct imp_ctx *ctx, struct imp_known_subject *out,
                    struct imp_err *err);

/* Is `job`, which is archived as `subject`'s, still so by what it tells without
 * its bytes? A list or a directory may have been put right since.
 * IMP_ERR_CONFIG if it tells another one, or none and may not. */
bool imp_whose_check_subject(const struct imp_whose *w,
                             const struct imp_job *job, const char *subject,
                             struct imp_err *err);

/* The value of a template's field; NULL: it has none, or one that has the
 * subject's key in it, as an answer that repeats the question. */
const char *imp_known_subject_field(const struct imp_known_subject *s,
                                    const char *name);

#endif
