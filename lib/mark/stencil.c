#include "mark/stencil.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 16 // cameras of a site, upright and turned

struct entry {
    struct imp_stencil stencil; // first: it is what callers hold
    struct imp_stencil_key key; // its text is ours
    unsigned taken;
    uint64_t used; // when last, by the cache's clock
    bool cached;
};

struct imp_stencils {
    pthread_mutex_t lock;
    struct entry *entry[KEPT];
    uint64_t clock;
};

struct imp_stencils *imp_stencils_new(struct imp_err *err)
{
    struct imp_stencils *s = calloc(1, sizeof *s);
    if (s && pthread_mutex_init(&s->lock, NULL) == 0)
        return s;
    free(s);
    imp_fail(err, IMP_ERR_MEMORY, "no memory for stencils");
    return NULL;
}

static void free_entry(struct entry *e)
{
    if (!e)
        return;
    imp_ink_clear(&e->stencil.ink);
    free(e->stencil.spot);
    free((char *)(uintptr_t)e->key.text);
    free(e);
}

void imp_stencils_free(struct imp_stencils *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < KEPT; i++)
        free_entry(s->entry[i]);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static bool same_key(const struct imp_stencil_key *a,
                     const struct imp_stencil_key *b)
{
    return a->picture.width == b->picture.width &&
           a->picture.height == b->picture.height &&
           a->orientation == b->orientation && strcmp(a->text, b->text) == 0;
}

static struct entry *find(struct imp_stencils *s,
                          const struct imp_stencil_key *key)
{
    struct entry *found = NULL;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < KEPT && !found; i++)
        if (s->entry[i] && same_key(&s->entry[i]->key, key))
            found = s->entry[i];
    if (found) {
        found->taken++;
        found->used = ++s->clock;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

// Into the place that was used longest ago, of those that nobody holds; nowhere
// if all are held.
static void keep(struct imp_stencils *s, struct entry *e)
{
    struct entry *gone = NULL;
    struct entry **place = NULL;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < KEPT; i++) {
        struct entry *old = s->entry[i];
        if (old && old->taken)
            continue;
        if (!place || !old || (*place && old->used < (*place)->used))
            place = &s->entry[i];
        if (!old)
            break;
    }
    if (place) {
        gone = *place;
        *place = e;
        e->cached = true;
        e->used = ++s->clock;
    }
    pthread_mutex_unlock(&s->lock);
    free_entry(gone);
}

const struct imp_stencil *imp_stencils_take(struct imp_stencils *s,
                                            const struct imp_stencil_key *key,
                                            imp_stencil_make *make, void *self,
                                            struct imp_err *err)
{
    struct entry *e = find(s, key);
    if (e)
        return &e->stencil;
    e = calloc(1, sizeof *e);
    char *text = strdup(key->text);
    if (!e || !text) {
        free(text);
        free(e);
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a stencil");
        return NULL;
    }
    e->key = *key;
    e->key.text = text;
    e->taken = 1;
    if (!make(self, key, &e->stencil, err)) {
        free_entry(e);
        return NULL;
    }
    keep(s, e);
    return &e->stencil;
}

void imp_stencils_put(struct imp_stencils *s, const struct imp_stencil *taken)
{
    struct entry *e = (struct entry *)(uintptr_t)taken;
    pthread_mutex_lock(&s->lock);
    bool last = --e->taken == 0 && !e->cached;
    pthread_mutex_unlock(&s->lock);
    if (last)
        free_entry(e);
}
