#include "image/dicom_ahead.h"

#include "base/map.h"
#include "image/jpeg.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// How far ahead: few, so that memory does not fill with what nobody needs yet,
// but two of them, however large.
enum { WINDOW = 32 };
#define WINDOW_BYTES (UINT64_C(4) << 20)

enum { ITEM = 8 }; // bytes before a fragment, PS3.5 A.4

struct slot {
    uint64_t at, n; // the frame's only fragment
    bool done;
    struct imp_dicom_followed found;
    struct imp_cutlist mem; // of that
};

struct imp_dicom_ahead {
    struct imp_dicom_follower how, helper; // of the owner, of the thread
    struct imp_map share; // what the thread sees of the owner's map
    bool shared;
    unsigned faults; // of the thread
    pthread_t thread;

    pthread_mutex_t mu; // of the rest, but for slots that somebody works on
    pthread_cond_t changed;
    struct imp_dicom_effort *sum;
    struct slot slot[WINDOW];
    uint64_t taken, claimed; // frames
    uint64_t next;           // header of the next one's fragment; 0: no more
    bool stop;
};

static struct slot *slot_of(struct imp_dicom_ahead *a, uint64_t frame)
{
    return &a->slot[frame % WINDOW];
}

// --- Whose turn it is ---

// The frame that begins with the item at `next`, if it has no other.
static bool find_next(const struct imp_dicom_ahead *a, uint64_t *at,
                      uint64_t *n)
{
    struct imp_span in = a->how.in, head, body;
    if (!imp_span_sub(in, a->next, ITEM, &head) ||
        !imp_span_starts(head, "\xFE\xFF\x00\xE0", 4) ||
        !imp_span_sub(in, a->next + ITEM, imp_le32(head.p + 4), &body) ||
        !imp_span_starts(body, "\xFF\xD8", 2))
        return false;
    *at = a->next + ITEM;
    *n = body.n;
    uint64_t behind = *at + *n, more;
    return !imp_dicom_next_fragment(in, &behind, &more);
}

static bool has_room(struct imp_dicom_ahead *a)
{
    return a->claimed - a->taken < 2 ||
           (a->claimed - a->taken < WINDOW &&
            a->next - slot_of(a, a->taken)->at < WINDOW_BYTES);
}

// The next frame, to be followed by whoever asks; NULL: there is none now. In
// their order, so that the same one goes beyond reason as would with one
// thread.
static struct slot *claim_locked(struct imp_dicom_ahead *a)
{
    uint64_t at, n;
    if (!a->next || !has_room(a))
        return NULL;
    if (!find_next(a, &at, &n)) {
        a->next = 0;
        return NULL;
    }
    struct slot *s = slot_of(a, a->claimed++);
    imp_cutlist_start(&s->mem, 0);
    s->at = at;
    s->n = n;
    s->found = (struct imp_dicom_followed){0};
    s->done = !imp_dicom_effort_add(
        a->sum, a->how.image, (struct imp_span){a->how.in.p + at, (size_t)n},
        &s->found.err);
    a->next = s->done ? 0 : at + n;
    return s;
}

// Claim a frame and follow it; false: there is none now.
static bool work_locked(struct imp_dicom_ahead *a,
                        const struct imp_dicom_follower *how)
{
    struct slot *s = claim_locked(a);
    if (!s)
        return false;
    if (!s->done) {
        pthread_mutex_unlock(&a->mu);
        imp_dicom_follow(how, s->at, s->n, NULL, &s->mem, &s->found);
        pthread_mutex_lock(&a->mu);
    }
    s->done = true;
    pthread_cond_broadcast(&a->changed);
    return true;
}

// --- The helper ---

static void *help(void *self)
{
    struct imp_dicom_ahead *a = self;
    if (a->shared)
        imp_map_take_up(&a->share);
    pthread_mutex_lock(&a->mu);
    while (!a->stop)
        if (!work_locked(a, &a->helper))
            pthread_cond_wait(&a->changed, &a->mu);
    pthread_mutex_unlock(&a->mu);
    if (a->shared)
        a->faults = imp_map_give_up(&a->share);
    return NULL;
}

static void ahead_free(struct imp_dicom_ahead *a)
{
    for (size_t i = 0; i < WINDOW; i++)
        imp_cutlist_clear(&a->slot[i].mem);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->mu);
    free(a->helper.jpeg);
    free(a);
}

struct imp_dicom_ahead *
imp_dicom_ahead_start(const struct imp_dicom_follower *how,
                      struct imp_dicom_effort *sum, uint64_t at)
{
    struct imp_dicom_ahead *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->how = a->helper = *how;
    a->helper.jpeg = calloc(1, sizeof *a->helper.jpeg);
    a->shared = imp_map_share(&a->share, how->in);
    a->sum = sum;
    a->next = at - ITEM;
    pthread_mutex_init(&a->mu, NULL);
    pthread_cond_init(&a->changed, NULL);
    if (a->helper.jpeg && pthread_create(&a->thread, NULL, help, a) == 0)
        return a;
    ahead_free(a);
    return NULL;
}

void imp_dicom_ahead_end(struct imp_dicom_ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->mu);
    a->stop = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->mu);
    pthread_join(a->thread, NULL);
    imp_map_add_faults(a->faults);
    ahead_free(a);
}

// --- Taking ---

static struct imp_patch *copy_patches(const struct imp_patch *from, size_t n,
                                      struct imp_cutlist *mem)
{
    struct imp_patch *made = imp_cutlist_alloc(mem, n * sizeof *made);
    for (size_t i = 0; made && i < n; i++) {
        made[i] = from[i];
        if (!from[i].bytes)
            continue;
        uint8_t *bytes = imp_cutlist_alloc(mem, from[i].length);
        if (!bytes)
            return NULL;
        memcpy(bytes, from[i].bytes, from[i].length);
        made[i].bytes = bytes;
    }
    return made;
}

// The slot's memory is used again.
static void copy_found(const struct imp_dicom_followed *from,
                       struct imp_cutlist *mem, struct imp_dicom_followed *out)
{
    *out = *from;
    if (from->n_patch == 0)
        return;
    out->patch = copy_patches(from->patch, from->n_patch, mem);
    if (out->patch)
        return;
    out->n_patch = 0;
    imp_fail(&out->err, IMP_ERR_MEMORY, "no memory for patches");
}

bool imp_dicom_ahead_take(struct imp_dicom_ahead *a, uint64_t at,
                          struct imp_cutlist *mem,
                          struct imp_dicom_followed *out)
{
    pthread_mutex_lock(&a->mu);
    if (a->taken == a->claimed)
        work_locked(a, &a->how);
    struct slot *s = slot_of(a, a->taken);
    bool ours = a->taken < a->claimed && s->at == at;
    while (ours && !s->done)
        if (!work_locked(a, &a->how))
            pthread_cond_wait(&a->changed, &a->mu);
    if (ours) {
        copy_found(&s->found, mem, out);
        a->taken++;
        pthread_cond_broadcast(&a->changed);
    } else {
        a->next = 0;
    }
    pthread_mutex_unlock(&a->mu);
    return ours;
}
