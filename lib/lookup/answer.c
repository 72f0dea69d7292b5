#include "lookup/answer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// The count has a mutex, not an atomic: that is what DRD can follow, too.
struct imp_answer {
    pthread_mutex_t mu;
    unsigned refs; // guarded by mu
    size_t n;
    char text[]; // n times a name and a value, each ended by a NUL
};

static char *put(char *to, struct imp_span text)
{
    if (text.n)
        memcpy(to, text.p, text.n);
    to[text.n] = '\0';
    return to + text.n + 1;
}

struct imp_answer *imp_answer_new(const struct imp_said *said, size_t n,
                                  struct imp_err *err)
{
    size_t room = sizeof(struct imp_answer);
    for (size_t i = 0; i < n; i++)
        room += said[i].name.n + said[i].value.n + 2;
    struct imp_answer *answer = malloc(room);
    if (!answer) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for an answer of %zu bytes",
                 room);
        return NULL;
    }
    pthread_mutex_init(&answer->mu, NULL);
    answer->refs = 1;
    answer->n = n;
    char *to = answer->text;
    for (size_t i = 0; i < n; i++)
        to = put(put(to, said[i].name), said[i].value);
    return answer;
}

struct imp_answer *imp_answer_ref(struct imp_answer *answer)
{
    pthread_mutex_lock(&answer->mu);
    answer->refs++;
    pthread_mutex_unlock(&answer->mu);
    return answer;
}

void imp_answer_unref(struct imp_answer *answer)
{
    if (!answer)
        return;
    pthread_mutex_lock(&answer->mu);
    bool last = --answer->refs == 0;
    pthread_mutex_unlock(&answer->mu);
    if (!last)
        return;
    pthread_mutex_destroy(&answer->mu);
    free(answer);
}

const char *imp_answer_get(const struct imp_answer *answer, const char *name)
{
    const char *at = answer->text;
    for (size_t i = 0; i < answer->n; i++) {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}
