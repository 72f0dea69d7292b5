// Many who ask at once, few who answer, and sources that take their time, fail,
// know nothing or do not listen: ask [QUESTIONS]. Whoever asks gets both
// answers about its own key, or one reason. For ThreadSanitizer and DRD.
#include "expect.h"

#include "lookup/ask.h"
#include "lookup/kinds.h"
#include "sync/context.h"
#include "sync/counter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKERS 4
#define JOBS 3
#define KEYS 64

static unsigned next(unsigned *random)
{
    *random = *random * 1103515245U + 12345U;
    return *random >> 16;
}

// --- A source whose answer repeats the key, and whose mood is its number ---

struct moody {
    struct imp_lookup lookup; // first
    int64_t timeout_ms;
    struct imp_counter asked;
};

static bool find(struct imp_lookup *l, struct imp_span key, struct imp_ctx *ctx,
                 struct imp_answer **answer, struct imp_err *err)
{
    struct moody *m = (struct moody *)l;
    imp_counter_add(&m->asked, 1);
    switch (imp_counter_get(&m->asked) % 11) {
    case 0:
        return true; // knows nothing
    case 1:
        return imp_fail(err, IMP_ERR_IO, "no route");
    case 2:
        imp_ctx_wait(ctx, -1);
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    case 3:
        imp_ctx_wait(ctx, m->timeout_ms); // perhaps just in time
        break;
    default:
        break;
    }
    const struct imp_said said = {{(const uint8_t *)"code", 4}, key};
    *answer = imp_answer_new(&said, 1, err);
    return *answer;
}

static const struct imp_lookup_ops ops[IMP_QUESTIONS] = {
    [IMP_ASK_SUBJECT] = {.find = find, .slow = true},
    [IMP_ASK_STUDY] = {.find = find},
};

// --- Those who ask ---

struct asking {
    struct imp_asker *asker;
    struct imp_ctx *ctx;
    pthread_t thread;
    unsigned random;
    long questions;
    struct imp_counter *answered, *reasons, *wrong;
};

static bool is_about(const struct imp_answer *answer, const char *key)
{
    return answer && strcmp(imp_answer_get(answer, "code"), key) == 0;
}

static bool is_a_reason(const struct imp_err *err)
{
    return err->code == IMP_ERR_IO || err->code == IMP_ERR_TIMEOUT ||
           err->code == IMP_ERR_UNKNOWN_SUBJECT ||
           err->code == IMP_ERR_CANCELLED;
}

static void *ask(void *self)
{
    struct asking *a = self;
    for (long i = 0; i < a->questions; i++) {
        char key[20];
        struct imp_err err = {0};
        struct imp_answer *answer[IMP_QUESTIONS];
        int n = snprintf(key, sizeof key, "K-%u", next(&a->random) % KEYS);
        const struct imp_span span = {(const uint8_t *)key, (size_t)n};
        bool ok = imp_ask(a->asker, span, a->ctx, answer, &err);
        bool right = ok ? is_about(answer[IMP_ASK_SUBJECT], key) &&
                              is_about(answer[IMP_ASK_STUDY], key)
                        : !answer[0] && !answer[1] && is_a_reason(&err);
        imp_counter_add(ok ? a->answered : a->reasons, 1);
        imp_counter_add(a->wrong, !right);
        for (int k = 0; k < IMP_QUESTIONS; k++)
            imp_answer_unref(answer[k]);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long questions = argc > 1 ? strtol(argv[1], NULL, 10) : 20000;
    // Under DRD there are few of them, and all takes fifty times as long.
    const int64_t timeout_ms = questions > 1000 ? 4 : 400;
    struct moody moody[IMP_QUESTIONS] = {{{&ops[0]}, timeout_ms, {0}},
                                         {{&ops[1]}, timeout_ms, {0}}};
    const struct imp_asker_config config = {
        .lookup = {&moody[0].lookup, &moody[1].lookup},
        .jobs = JOBS,
        .timeout_ms = timeout_ms};
    struct imp_counter answered = {0}, reasons = {0}, wrong = {0};
    struct imp_err err = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_asker *asker = imp_asker_new(&config, &err);
    struct asking asking[ASKERS];
    if (!asker) {
        printf("FAIL: %s\n", err.msg);
        return 1;
    }
    for (unsigned i = 0; i < ASKERS; i++) {
        asking[i] = (struct asking){asker,
                                    ctx,
                                    .random = i,
                                    .questions = questions / ASKERS,
                                    .answered = &answered,
                                    .reasons = &reasons,
                                    .wrong = &wrong};
        pthread_create(&asking[i].thread, NULL, ask, &asking[i]);
    }
    // The last ones meet a cancel.
    pthread_join(asking[0].thread, NULL);
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    for (unsigned i = 1; i < ASKERS; i++)
        pthread_join(asking[i].thread, NULL);
    imp_asker_free(asker);
    imp_ctx_free(ctx);
    expect(imp_counter_get(&wrong) == 0, "each gets its answers or a reason");
    expect(imp_counter_get(&answered) > 0, "some got answers");
    expect(imp_counter_get(&reasons) > 0, "some got a reason");
    printf("ask: %llu answered, %llu reasons: %d passed, %d failed\n",
           (unsigned long long)imp_counter_get(&answered),
           (unsigned long long)imp_counter_get(&reasons), passed, failed);
    return failed != 0;
}
