/* ask.h - two questions about one image, asked at the same time: whose is it,
 * and what is the study.
 *
 * Threads of the asker's own do the asking, so that whoever asks can leave at
 * the deadline, whatever a source does meanwhile: a question that nobody waits
 * for any more is ended by its context. Answers are kept, within bounds. */
#ifndef IMP_LOOKUP_ASK_H
#define IMP_LOOKUP_ASK_H

#include "lookup/lookup.h"

#include <stdint.h>

enum imp_question {
    IMP_ASK_SUBJECT,
    IMP_ASK_STUDY,
    IMP_QUESTIONS,
};

struct imp_asker_config {
    struct imp_lookup *lookup[IMP_QUESTIONS]; /* NULL: is not asked */
    unsigned jobs;      /* questions under way at once, 1 or more */
    int64_t timeout_ms; /* for both answers of an image together */
};

struct imp_asker; /* opaque */

/* Starts the threads. Borrows the sources. NULL with IMP_ERR_MEMORY. */
struct imp_asker *imp_asker_new(const struct imp_asker_config *config,
                                struct imp_err *err);

/* Ends what is still under way and joins the threads. Nobody may be asking.
 * NULL is fine. */
void imp_asker_free(struct imp_asker *asker);

/* Ask both questions about `key` (1 byte or more, no NUL) and wait for both
 * answers: references of the caller's, NULL for what is not asked. The first
 * failure ends the other question. On false there is no answer, and `err` says
 * which question it was:
 * IMP_ERR_TIMEOUT after `timeout_ms`, with whatever has no answer yet, or was
 * not even asked, for it waited for one of `jobs`;
 * IMP_ERR_UNKNOWN_SUBJECT if a source knows no such key;
 * IMP_ERR_CANCELLED if `ctx` ended; or what the source said. Any thread. `ctx`
 * must outlive the asker. */
bool imp_ask(struct imp_asker *asker, struct imp_span key, struct imp_ctx *ctx,
             struct imp_answer *answer[IMP_QUESTIONS], struct imp_err *err);

#endif
