#include "mark/stencil.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 16 // cameras of a site, upright and turned

struct entry {
    struct imp_stencil stencil; // first: it is what callers hold
    struct imp_stencil_key key; // its text is ours
    size_t bytes;
    unsigned taken;
    uint64_t used; // when last, by the cache's clock
    bool cached;
    struct entry *next; // of those that are to be freed
};

struct imp_stencils {
    size_t max_bytes; // fixed at birth
    pthread_mutex_t lock;
    struct entry *entry[KEPT]; // guarded by lock, as all below
    size_t bytes;              // of all of them
    uint64_t clock;
};

struct imp_stencils *imp_stencils_new(size_t max_bytes, struct imp_err *err)
{
    struct imp_stencils *s = calloc(1, sizeof *s);
    if (s && pthread_mutex_init(&s->lock, NULL) == 0) {
        s->max_bytes = max_bytes;
        return s;
    }
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

static size_t pixels_of(const struct imp_mask *mask)
{
    return (size_t)mask->width * mask->height;
}

// What a stencil takes in memory; all of it is there, so that it adds up.
static size_t bytes_of(const struct imp_stencil *stencil)
{
    const struct imp_ink *ink = &stencil->ink;
    return pixels_of(&ink->text) * (ink->rgb ? 4 : 1) +
           pixels_of(&ink->outline) + stencil->n * sizeof *stencil->spot;
}

static struct entry *find_locked(struct imp_stencils *s,
                                 const struct imp_stencil_key *key)
{
    for (size_t i = 0; i < KEPT; i++)
        if (s->entry[i] && same_key(&s->entry[i]->key, key))
            return s->entry[i];
    return NULL;
}

static struct entry *take_kept(struct imp_stencils *s,
                               const struct imp_stencil_key *key)
{
    pthread_mutex_lock(&s->lock);
    struct entry *found = find_locked(s, key);
    if (found) {
        found->taken++;
        found->used = ++s->clock;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

// Would it go in if all that nobody holds went?
static bool has_room_locked(const struct imp_stencils *s, size_t bytes)
{
    size_t held = 0, held_bytes = 0;
    for (size_t i = 0; i < KEPT; i++) {
        if (!s->entry[i] || !s->entry[i]->taken)
            continue;
        held++;
        held_bytes += s->entry[i]->bytes;
    }
    return held < KEPT && bytes <= s->max_bytes - held_bytes;
}

// The one that nobody holds and that was used longest ago; `empty` is a free
// place. NULL for what there is not.
static struct entry **find_oldest_locked(struct imp_stencils *s,
                                         struct entry ***empty)
{
    struct entry **oldest = NULL;
    *empty = NULL;
    for (struct entry **e = s->entry; e < s->entry + KEPT; e++) {
        if (!*e)
            *empty = e;
        else if (!(*e)->taken && (!oldest || (*e)->used < (*oldest)->used))
            oldest = e;
    }
    return oldest;
}

// A free place for so many bytes, or NULL, nothing having gone. What had to go
// for it is put into `gone`.
static struct entry **make_room_locked(struct imp_stencils *s, size_t bytes,
                                       struct entry **gone)
{
    struct entry **empty, **oldest;
    if (!has_room_locked(s, bytes))
        return NULL;
    while ((oldest = find_oldest_locked(s, &empty)) &&
           (!empty || bytes > s->max_bytes - s->bytes)) {
        s->bytes -= (*oldest)->bytes;
        (*oldest)->next = *gone;
        *gone = *oldest;
        *oldest = NULL;
    }
    return empty;
}

// Keep `e` for others, unless another thread has made the same meanwhile, or
// there is no room.
static void keep(struct imp_stencils *s, struct entry *e)
{
    struct entry *gone = NULL, **place = NULL;
    pthread_mutex_lock(&s->lock);
    if (!find_locked(s, &e->key))
        place = make_room_locked(s, e->bytes, &gone);
    if (place) {
        *place = e;
        s->bytes += e->bytes;
        e->cached = true;
        e->used = ++s->clock;
    }
    pthread_mutex_unlock(&s->lock);
    while (gone) {
        struct entry *next = gone->next;
        free_entry(gone);
        gone = next;
    }
}

const struct imp_stencil *imp_stencils_take(struct imp_stencils *s,
                                            const struct imp_stencil_key *key,
                                            imp_stencil_make *make, void *self,
                                            struct imp_err *err)
{
    struct entry *e = take_kept(s, key);
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
    e->bytes = bytes_of(&e->stencil);
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
