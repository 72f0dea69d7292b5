#include "lookup/kept.h"

#include <glib.h>
#include <pthread.h>
#include <stdlib.h>

// One answer; `link` is its place in the order of use.
struct entry {
    GBytes *key;
    struct imp_answer *answer; // NULL: no one knew the key,
    int64_t until_ms;          // and this is believed for so long
    GList link;
};

struct imp_kept {
    pthread_mutex_t mu;
    GHashTable *by_key; // guarded by mu, and so is:
    GQueue used;        // the one used last is the head
    size_t most;
};

static void entry_free(void *self)
{
    struct entry *e = self;
    g_bytes_unref(e->key);
    imp_answer_unref(e->answer);
    free(e);
}

struct imp_kept *imp_kept_new(size_t most, struct imp_err *err)
{
    struct imp_kept *kept = calloc(1, sizeof *kept);
    if (!kept) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for answers");
        return NULL;
    }
    pthread_mutex_init(&kept->mu, NULL);
    kept->by_key =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, NULL, entry_free);
    g_queue_init(&kept->used);
    kept->most = most;
    return kept;
}

void imp_kept_free(struct imp_kept *kept)
{
    if (!kept)
        return;
    g_hash_table_destroy(kept->by_key);
    pthread_mutex_destroy(&kept->mu);
    free(kept);
}

static struct entry *find_locked(struct imp_kept *kept, struct imp_span key)
{
    GBytes *wanted = g_bytes_new_static(key.p, key.n);
    struct entry *e = g_hash_table_lookup(kept->by_key, wanted);
    g_bytes_unref(wanted);
    return e;
}

static void drop_locked(struct imp_kept *kept, struct entry *e)
{
    g_queue_unlink(&kept->used, &e->link);
    g_hash_table_remove(kept->by_key, e->key);
}

bool imp_kept_get(struct imp_kept *kept, struct imp_span key, int64_t now_ms,
                  struct imp_answer **answer)
{
    *answer = NULL;
    pthread_mutex_lock(&kept->mu);
    struct entry *e = find_locked(kept, key);
    if (e && !e->answer && now_ms >= e->until_ms) {
        drop_locked(kept, e);
        e = NULL;
    }
    if (e) {
        g_queue_unlink(&kept->used, &e->link);
        g_queue_push_head_link(&kept->used, &e->link);
        *answer = e->answer ? imp_answer_ref(e->answer) : NULL;
    }
    pthread_mutex_unlock(&kept->mu);
    return e;
}

void imp_kept_put(struct imp_kept *kept, struct imp_span key, int64_t now_ms,
                  struct imp_answer *answer)
{
    struct entry *e = calloc(1, sizeof *e);
    if (!e)
        return;
    e->key = g_bytes_new(key.p, key.n);
    e->answer = answer ? imp_answer_ref(answer) : NULL;
    e->until_ms = now_ms + IMP_KEPT_UNKNOWN_MS;
    e->link.data = e;
    pthread_mutex_lock(&kept->mu);
    struct entry *old = find_locked(kept, key);
    if (old)
        drop_locked(kept, old);
    else if (g_queue_get_length(&kept->used) >= kept->most)
        drop_locked(kept, g_queue_peek_tail(&kept->used));
    g_queue_push_head_link(&kept->used, &e->link);
    g_hash_table_insert(kept->by_key, e->key, e);
    pthread_mutex_unlock(&kept->mu);
}
