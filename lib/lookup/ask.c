#include "lookup/ask.h"

#include "base/clock.h"
#include "lookup/kept.h"
#include "sync/chan.h"
#include "sync/context.h"
#include "sync/select.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 50000 // answers of each source

static const char *const NAME[IMP_QUESTIONS] = {
    [IMP_ASK_SUBJECT] = "subject",
    [IMP_ASK_STUDY] = "study",
};

struct imp_asker {
    struct imp_asker_config config;
    struct imp_kept *kept[IMP_QUESTIONS]; // NULL: asked each time
    struct imp_ctx *life;                 // ends with the asker
    struct imp_chan *questions;
    pthread_t *thread;
    unsigned started;
};

struct inquiry;

struct question {
    struct inquiry *of;
    enum imp_question which;
    atomic_bool begun;      // a thread asks it
    struct imp_chan *reply; // for one: this question, answered
    struct imp_answer
        *answer; // before the reply the thread's, then the asker's
    struct imp_err err;
};

// Lives until the asker has left and no thread has a question of it.
struct inquiry {
    pthread_mutex_t mu;
    unsigned refs; // guarded by mu
    struct imp_ctx *ctx;
    struct imp_span key;
    struct question question[IMP_QUESTIONS];
    uint8_t bytes[]; // of the key
};

// --- An inquiry ---

static struct inquiry *inquiry_new(struct imp_span key, struct imp_ctx *ctx,
                                   int64_t timeout_ms)
{
    struct inquiry *inq = calloc(1, sizeof *inq + key.n);
    if (!inq)
        return NULL;
    pthread_mutex_init(&inq->mu, NULL);
    inq->refs = 1;
    inq->ctx = imp_ctx_new_timeout(ctx, timeout_ms);
    memcpy(inq->bytes, key.p, key.n);
    inq->key = (struct imp_span){inq->bytes, key.n};
    for (int i = 0; i < IMP_QUESTIONS; i++)
        inq->question[i] = (struct question){
            .of = inq, .which = (enum imp_question)i, .reply = imp_chan_new(1)};
    return inq;
}

static void inquiry_ref(struct inquiry *inq)
{
    pthread_mutex_lock(&inq->mu);
    inq->refs++;
    pthread_mutex_unlock(&inq->mu);
}

static void inquiry_unref(struct inquiry *inq)
{
    pthread_mutex_lock(&inq->mu);
    bool last = --inq->refs == 0;
    pthread_mutex_unlock(&inq->mu);
    if (!last)
        return;
    for (int i = 0; i < IMP_QUESTIONS; i++) {
        imp_chan_free(inq->question[i].reply, NULL);
        imp_answer_unref(inq->question[i].answer);
    }
    imp_ctx_free(inq->ctx);
    pthread_mutex_destroy(&inq->mu);
    free(inq);
}

// A question that no thread will take.
static void drop_question(void *item)
{
    struct question *q = item;
    inquiry_unref(q->of);
}

// --- The threads ---

static void answer(struct imp_asker *asker, struct question *q)
{
    struct inquiry *inq = q->of;
    if (imp_lookup_find(asker->config.lookup[q->which], inq->key, inq->ctx,
                        &q->answer, &q->err)) {
        if (asker->kept[q->which])
            imp_kept_put(asker->kept[q->which], inq->key, imp_now_ms(),
                         q->answer);
        if (!q->answer)
            imp_fail(&q->err, IMP_ERR_UNKNOWN_SUBJECT, "unknown subject");
    }
    // There is room: it is the one reply. Once the inquiry has ended nobody
    // waits for it.
    imp_chan_send(inq->ctx, (struct imp_chan_tx){q->reply}, q);
}

static void *work(void *self)
{
    struct imp_asker *asker = self;
    void *item;
    while (imp_chan_recv(asker->life, (struct imp_chan_rx){asker->questions},
                         &item) == IMP_RECV_ITEM) {
        struct question *q = item;
        // Nobody waits for it if it has been in the queue for too long.
        if (!imp_ctx_cancelled(q->of->ctx)) {
            atomic_store(&q->begun, true);
            answer(asker, q);
        }
        inquiry_unref(q->of);
    }
    return NULL;
}

// --- Asking ---

static bool recall(struct imp_asker *asker, struct question *q)
{
    struct imp_kept *kept = asker->kept[q->which];
    if (!kept || !imp_kept_get(kept, q->of->key, imp_now_ms(), &q->answer))
        return false;
    if (!q->answer)
        imp_fail(&q->err, IMP_ERR_UNKNOWN_SUBJECT, "unknown subject");
    return true;
}

static bool put(struct imp_asker *asker, struct question *q)
{
    inquiry_ref(q->of);
    if (imp_chan_send(q->of->ctx, (struct imp_chan_tx){asker->questions}, q))
        return true;
    inquiry_unref(q->of);
    return false;
}

// "subject, study", each with a note if it was not even asked.
#define MISSING_MAX 100
static void list_missing(struct inquiry *inq, const struct imp_case *waiting,
                         char out[MISSING_MAX])
{
    char *to = out;
    for (int i = 0; i < IMP_QUESTIONS; i++)
        if (waiting[i].ch)
            to = stpcpy(stpcpy(stpcpy(to, to > out ? ", " : ""), NAME[i]),
                        atomic_load(&inq->question[i].begun)
                            ? ""
                            : " (waiting for --lookup-jobs)");
}

static bool fail_ended(struct inquiry *inq, const struct imp_case *waiting,
                       const struct imp_asker *asker, struct imp_ctx *ctx,
                       struct imp_err *err)
{
    char missing[MISSING_MAX] = "";
    if (imp_ctx_cancelled(ctx) || imp_ctx_cause(inq->ctx) != IMP_CAUSE_DEADLINE)
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    list_missing(inq, waiting, missing);
    return imp_fail(err, IMP_ERR_TIMEOUT, "lookup timed out after %lld ms: %s",
                    (long long)asker->config.timeout_ms, missing);
}

// Of those that are answered, one whose answer is a failure.
static const struct question *failed(const struct inquiry *inq,
                                     const struct imp_case *waiting)
{
    for (int i = 0; i < IMP_QUESTIONS; i++)
        if (!waiting[i].ch && inq->question[i].err.code != IMP_OK)
            return &inq->question[i];
    return NULL;
}

static bool any(const struct imp_case *waiting)
{
    return waiting[IMP_ASK_SUBJECT].ch || waiting[IMP_ASK_STUDY].ch;
}

// Put what is not known yet to the threads, and take the answers as they come,
// until the first that is a failure.
static bool converse(struct imp_asker *asker, struct inquiry *inq,
                     struct imp_ctx *ctx, struct imp_err *err)
{
    struct imp_case waiting[IMP_QUESTIONS] = {{0}};
    const struct question *bad;
    int came = 0;
    for (int i = 0; i < IMP_QUESTIONS; i++)
        if (asker->config.lookup[i] && !recall(asker, &inq->question[i]))
            waiting[i] =
                imp_case_recv((struct imp_chan_rx){inq->question[i].reply});
    if (!failed(inq, waiting))
        for (int i = 0; i < IMP_QUESTIONS; i++)
            if (waiting[i].ch && !put(asker, &inq->question[i]))
                return fail_ended(inq, waiting, asker, ctx, err);
    while (!(bad = failed(inq, waiting)) && any(waiting)) {
        came = imp_select(inq->ctx, waiting, IMP_QUESTIONS);
        if (came == IMP_SELECT_CANCELLED)
            return fail_ended(inq, waiting, asker, ctx, err);
        waiting[came].ch = NULL; // answered: never ready again
    }
    if (!bad)
        return true;
    *err = bad->err;
    return imp_wrap(err, "%s", NAME[bad->which]);
}

bool imp_ask(struct imp_asker *asker, struct imp_span key, struct imp_ctx *ctx,
             struct imp_answer *answer[IMP_QUESTIONS], struct imp_err *err)
{
    struct inquiry *inq = inquiry_new(key, ctx, asker->config.timeout_ms);
    for (int i = 0; i < IMP_QUESTIONS; i++)
        answer[i] = NULL;
    if (!inq)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a look-up");
    bool ok = converse(asker, inq, ctx, err);
    for (int i = 0; ok && i < IMP_QUESTIONS; i++) {
        answer[i] = inq->question[i].answer;
        inq->question[i].answer = NULL;
    }
    // The other question, if it is still under way, ends with it.
    if (!ok)
        imp_ctx_cancel(inq->ctx, IMP_CAUSE_ERROR);
    inquiry_unref(inq);
    return ok;
}

// --- Birth and death ---

static bool set_up(struct imp_asker *asker, struct imp_err *err)
{
    const struct imp_asker_config *config = &asker->config;
    for (int i = 0; i < IMP_QUESTIONS; i++)
        if (config->lookup[i] && imp_lookup_is_slow(config->lookup[i]) &&
            !(asker->kept[i] = imp_kept_new(KEPT_MAX, err)))
            return false;
    asker->thread = calloc(config->jobs, sizeof *asker->thread);
    if (!asker->thread)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %u threads",
                        config->jobs);
    for (; asker->started < config->jobs; asker->started++) {
        int rc =
            pthread_create(&asker->thread[asker->started], NULL, work, asker);
        if (rc != 0)
            return imp_fail(err, IMP_ERR_MEMORY, "cannot start a thread: %s",
                            strerror(rc));
    }
    return true;
}

struct imp_asker *imp_asker_new(const struct imp_asker_config *config,
                                struct imp_err *err)
{
    struct imp_asker *asker = calloc(1, sizeof *asker);
    if (!asker) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for look-ups");
        return NULL;
    }
    asker->config = *config;
    asker->life = imp_ctx_new(NULL);
    asker->questions = imp_chan_new(config->jobs);
    if (set_up(asker, err))
        return asker;
    imp_asker_free(asker);
    return NULL;
}

void imp_asker_free(struct imp_asker *asker)
{
    if (!asker)
        return;
    // Inquiries are cancelled by those who left them; nobody else is there.
    imp_ctx_cancel(asker->life, IMP_CAUSE_CANCEL);
    for (unsigned i = 0; i < asker->started; i++)
        pthread_join(asker->thread[i], NULL);
    imp_chan_free(asker->questions, drop_question);
    for (int i = 0; i < IMP_QUESTIONS; i++)
        imp_kept_free(asker->kept[i]);
    imp_ctx_free(asker->life);
    free(asker->thread);
    free(asker);
}
