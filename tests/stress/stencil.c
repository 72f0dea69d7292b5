// Threads that take stencils of many sizes from one cache, which keeps few of
// them, and put them back: stencil [TAKES], of all threads together.
//
// Ink holds what its key says, and is read without a lock while it is taken: if
// one were freed or handed out as another's, its bytes or a sanitizer would
// tell. After each round, when nobody holds any, what is still there must lie
// within the bound and what was used last be there; in the end, all that was
// made must be freed, which ThreadSanitizer's allocator tells.
#include "expect.h"

#include "mark/stencil.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 6,
    ROUNDS = 4,
    KEYS = 24,          // more than are kept by number
    HELD = 3,           // by one thread at a time
    BOUND = 100 * 1000, // bytes
};

// Of the sanitizers' runtime; NULL without one.
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
    return __sanitizer_get_current_allocated_bytes
               ? __sanitizer_get_current_allocated_bytes()
               : 0;
}

struct world {
    struct imp_stencils *cache;
    atomic_int makes, wrong;
};

struct taker {
    struct world *world;
    pthread_t id;
    uint64_t random;
    size_t takes;
};

// Numbers below `n`; Knuth's MMIX.
static unsigned draw(uint64_t *random, unsigned n)
{
    *random = *random * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(*random >> 33) % n;
}

// Of a few hundred bytes up to more than the bound.
static struct imp_stencil_key key_of(unsigned i)
{
    static const char *const text[] = {"one", "two"};
    return (struct imp_stencil_key){
        text[i % 2], {100 + i * i * 200, 10}, 1 + i % 8};
}

static uint8_t byte_of(const struct imp_stencil_key *key)
{
    return (uint8_t)(key->picture.width / 100 + key->orientation +
                     (uint8_t)key->text[0]);
}

static bool make(void *self, const struct imp_stencil_key *key,
                 struct imp_stencil *out, struct imp_err *err)
{
    struct world *w = self;
    atomic_fetch_add(&w->makes, 1);
    if (!imp_mask_init(&out->ink.text, key->picture.width, 1, err))
        return false;
    memset(out->ink.text.cover, byte_of(key), key->picture.width);
    return true;
}

static bool refuse(void *self, const struct imp_stencil_key *key,
                   struct imp_stencil *out, struct imp_err *err)
{
    (void)self, (void)key, (void)out;
    return imp_fail(err, IMP_ERR_LIMIT, "not kept");
}

static bool sound(const struct imp_stencil *s,
                  const struct imp_stencil_key *key)
{
    uint32_t n = key->picture.width;
    return s->ink.text.width == n && s->ink.text.cover[0] == byte_of(key) &&
           memcmp(s->ink.text.cover, s->ink.text.cover + 1, n - 1) == 0;
}

struct hand {
    const struct imp_stencil *stencil; // NULL: empty
    struct imp_stencil_key key;
};

static void let_go(struct world *w, struct hand *h)
{
    if (!h->stencil)
        return;
    if (!sound(h->stencil, &h->key))
        atomic_fetch_add(&w->wrong, 1);
    imp_stencils_put(w->cache, h->stencil);
    h->stencil = NULL;
}

static void *take_many(void *arg)
{
    struct taker *t = arg;
    struct world *w = t->world;
    struct hand hand[HELD] = {{0}};
    for (size_t i = 0; i < t->takes; i++) {
        struct hand *h = &hand[draw(&t->random, HELD)];
        let_go(w, h);
        h->key = key_of(draw(&t->random, KEYS));
        h->stencil = imp_stencils_take(
            w->cache, &h->key, draw(&t->random, 50) ? make : refuse, w, NULL);
        if (h->stencil && !sound(h->stencil, &h->key))
            atomic_fetch_add(&w->wrong, 1);
    }
    for (size_t i = 0; i < HELD; i++)
        let_go(w, &hand[i]);
    return NULL;
}

static void run_takers(struct world *w, unsigned round, size_t takes)
{
    struct taker taker[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        taker[i] = (struct taker){.world = w,
                                  .random = round * 100 + i,
                                  .takes = takes / THREADS / ROUNDS + 1};
        if (pthread_create(&taker[i].id, NULL, take_many, &taker[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(taker[i].id, NULL);
}

// What the cache still has, now that nobody holds any.
static void judge(struct world *w)
{
    size_t bytes = 0, n = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        struct imp_stencil_key key = key_of(i);
        struct hand h = {imp_stencils_take(w->cache, &key, refuse, NULL, NULL),
                         key};
        if (!h.stencil)
            continue;
        n++;
        bytes += h.stencil->ink.text.width;
        let_go(w, &h);
    }
    expect(bytes <= BOUND, "what is kept lies within the bound");
    expect(n > 0, "some are kept");
    int before = atomic_load(&w->makes);
    struct imp_stencil_key small = key_of(0);
    for (int i = 0; i < 2; i++)
        imp_stencils_put(w->cache,
                         imp_stencils_take(w->cache, &small, make, w, NULL));
    expect(atomic_load(&w->makes) <= before + 1,
           "what was used last is still there");
}

static void run(size_t takes)
{
    struct world w = {.cache = imp_stencils_new(BOUND, NULL)};
    if (!w.cache)
        abort();
    for (unsigned round = 0; round < ROUNDS; round++) {
        run_takers(&w, round, takes);
        judge(&w);
    }
    expect(atomic_load(&w.wrong) == 0, "ink is what its key says");
    imp_stencils_free(w.cache);
}

int main(int argc, char **argv)
{
    size_t takes = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    printf("%zu takes\n", takes);
    run(0); // what libc keeps for threads and output is no leak
    size_t before = allocated();
    run(takes);
    expect(allocated() == before, "all that was made is freed");
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
