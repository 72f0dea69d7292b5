/* sync.c - many short rounds of threads that pass items through channels.
 *
 *     stress-sync [ITEMS] [SEED]
 *
 * A round draws its number of channels, their capacities, how many threads send
 * and receive and by which call, and what is cancelled when. Afterwards each
 * item that was offered must be in one place only: received once, handed back
 * to its sender by a cancel, or still queued and so given to `drop`.
 *
 * Items hold plain, unlocked numbers on purpose: if a channel, a waitgroup or a
 * context failed to order two threads, ThreadSanitizer would see it here. */
#include "sync/chan.h"
#include "sync/chan_internal.h"
#include "sync/context.h"
#include "sync/counter.h"
#include "sync/select.h"
#include "sync/waitgroup.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CHANS = 4,
    MAX_THREADS = 5,    // of each kind
    MAX_ITEMS = 8192,   // of each sender
    HANG_SECONDS = 300, // DRD on a busy machine is slow
};

struct item {
    uint32_t sender, number;
    uint32_t received, returned, dropped; // how often
};

enum way { PLAIN, SELECT, POLL, ASLEEP };

struct round;

struct thread {
    struct round *round;
    pthread_t id;
    uint32_t index;
    enum way way;
    uint64_t random;
    int64_t timeout_ms; // -1: none
    uint32_t offered;   // senders: items tried, the last perhaps in vain
    bool out_of_order;  // receivers
};

struct round {
    int chans, senders, receivers, shufflers;
    struct imp_chan *ch[MAX_CHANS];
    atomic_int served_by[MAX_CHANS]; // receivers that still live
    struct imp_ctx *root, *send_ctx, *recv_ctx, *shuffle_ctx;
    struct imp_waitgroup sending, shuffling, receiving;
    struct imp_counter cancels;
    struct thread sender[MAX_THREADS], receiver[MAX_THREADS],
        shuffler[MAX_THREADS], canceller;
    uint32_t items_each;
    struct item (*items)[MAX_ITEMS];
};

struct totals {
    uint64_t items, rounds, cancels, failures;
};

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int draw_to(uint64_t *state, int n)
{
    return (int)(draw(state) % (uint64_t)n);
}

static void cancel(struct round *r, struct imp_ctx *ctx, enum imp_cause cause)
{
    imp_counter_add(&r->cancels, 1);
    imp_ctx_cancel(ctx, cause);
}

// A context of the thread's own, made while others may cancel its parent.
static struct imp_ctx *own_ctx(struct thread *t, struct imp_ctx *parent)
{
    if (t->timeout_ms < 0)
        return imp_ctx_new(parent);
    imp_counter_add(&t->round->cancels, 1);
    return imp_ctx_new_timeout(parent, t->timeout_ms);
}

static int select_by(enum way way, struct imp_ctx *ctx, struct imp_case *cases,
                     int n)
{
    if (way == SELECT)
        return imp_select(ctx, cases, n);
    if (way == ASLEEP)
        return imp_select_asleep(ctx, cases, n);
    int done = imp_select_now(ctx, cases, n);
    return done == IMP_SELECT_NONE ? imp_select(ctx, cases, n) : done;
}

// --- Senders ---

static bool send_item(struct thread *t, struct imp_ctx *ctx, struct item *item)
{
    struct round *r = t->round;
    struct imp_case cases[MAX_CHANS];
    if (t->way == PLAIN) {
        struct imp_chan *ch = r->ch[draw_to(&t->random, r->chans)];
        return imp_chan_send(ctx, (struct imp_chan_tx){ch}, item);
    }
    // The same item in each case: if more than one happened, it would double.
    for (int i = 0; i < r->chans; i++)
        cases[i] = imp_case_send((struct imp_chan_tx){r->ch[i]}, item);
    return select_by(t->way, ctx, cases, r->chans) != IMP_SELECT_CANCELLED;
}

static void *run_sender(void *arg)
{
    struct thread *t = arg;
    struct round *r = t->round;
    struct imp_ctx *ctx = own_ctx(t, r->send_ctx);
    bool sent = true;
    while (sent && t->offered < r->items_each) {
        struct item *item = &r->items[t->index][t->offered];
        *item = (struct item){.sender = t->index, .number = t->offered++};
        sent = send_item(t, ctx, item);
        if (!sent)
            item->returned++;
    }
    imp_ctx_free(ctx);
    imp_waitgroup_done(&r->sending);
    return NULL;
}

// --- Receivers ---

// What one receiver got from one channel comes in each sender's order, unless
// shufflers are at work.
struct order {
    uint32_t next[MAX_CHANS][MAX_THREADS];
};

static void take(struct thread *t, struct order *order, int from,
                 struct item *item)
{
    uint32_t *next = &order->next[from][item->sender];
    if (item->number < *next && t->round->shufflers == 0)
        t->out_of_order = true;
    *next = item->number + 1;
    item->received++;
}

// Without receivers the senders would wait for ever.
static void retire(struct round *r, int ch)
{
    if (atomic_fetch_sub(&r->served_by[ch], 1) == 1)
        cancel(r, r->send_ctx, IMP_CAUSE_ERROR);
}

static void recv_one_chan(struct thread *t, struct imp_ctx *ctx,
                          struct order *order)
{
    struct round *r = t->round;
    int from = (int)t->index % r->chans;
    enum imp_recv got;
    void *item;
    while ((got = imp_chan_recv(ctx, (struct imp_chan_rx){r->ch[from]},
                                &item)) == IMP_RECV_ITEM)
        take(t, order, from, item);
    if (got == IMP_RECV_CANCELLED)
        retire(r, from);
}

static void recv_all_chans(struct thread *t, struct imp_ctx *ctx,
                           struct order *order)
{
    struct round *r = t->round;
    struct imp_case cases[MAX_CHANS];
    for (int i = 0; i < r->chans; i++)
        cases[i] = imp_case_recv((struct imp_chan_rx){r->ch[i]});
    for (int open = r->chans; open > 0;) {
        int done = select_by(t->way, ctx, cases, r->chans);
        if (done == IMP_SELECT_CANCELLED) {
            for (int i = 0; i < r->chans; i++)
                retire(r, i);
            return;
        }
        if (!cases[done].closed) {
            take(t, order, done, cases[done].item);
        } else {
            cases[done].ch = NULL;
            open--;
        }
    }
}

static void *run_receiver(void *arg)
{
    struct thread *t = arg;
    struct round *r = t->round;
    struct order order = {0};
    struct imp_ctx *ctx = own_ctx(t, r->recv_ctx);
    if (t->way == PLAIN)
        recv_one_chan(t, ctx, &order);
    else
        recv_all_chans(t, ctx, &order);
    imp_ctx_free(ctx);
    imp_waitgroup_done(&r->receiving);
    return NULL;
}

// --- Shufflers: one select that sends and receives ---

// Holds two items at most. A NULL channel takes a case out.
static void *run_shuffler(void *arg)
{
    struct thread *t = arg;
    struct round *r = t->round;
    struct item *held[2];
    int n = 0, done;
    do {
        struct imp_chan *from = r->ch[draw_to(&t->random, r->chans)];
        struct imp_chan *to = r->ch[draw_to(&t->random, r->chans)];
        struct imp_case cases[] = {
            imp_case_recv((struct imp_chan_rx){n < 2 ? from : NULL}),
            imp_case_send((struct imp_chan_tx){n > 0 ? to : NULL},
                          n > 0 ? held[n - 1] : NULL)};
        done = select_by(t->way, r->shuffle_ctx, cases, 2);
        if (done == 0)
            held[n++] = cases[0].item;
        else if (done == 1)
            n--;
    } while (done != IMP_SELECT_CANCELLED);
    while (n > 0)
        held[--n]->returned++;
    imp_waitgroup_done(&r->shuffling);
    return NULL;
}

// --- A round ---

// Waits on a context, not on the clock alone, so that this wait is tested too.
static void *run_canceller(void *arg)
{
    struct thread *t = arg;
    struct round *r = t->round;
    struct imp_ctx *victim[] = {r->send_ctx, r->recv_ctx, r->root};
    for (int i = 1 + draw_to(&t->random, 2); i > 0; i--) {
        imp_ctx_wait(r->root, draw_to(&t->random, 4));
        cancel(r, victim[draw_to(&t->random, 3)], IMP_CAUSE_CANCEL);
    }
    return NULL;
}

static void start(struct thread *t, void *(*run)(void *))
{
    if (pthread_create(&t->id, NULL, run, t) != 0) {
        perror("sync: pthread_create");
        exit(1);
    }
}

static void init_thread(struct thread *t, struct round *r, int index,
                        bool may_end, uint64_t *random)
{
    static const enum way ways[] = {PLAIN, PLAIN, PLAIN, SELECT, POLL, ASLEEP};
    *t = (struct thread){
        .round = r,
        .index = (uint32_t)index,
        .way = ways[draw_to(random, 6)],
        .random = draw(random),
        .timeout_ms =
            may_end && draw_to(random, 3) == 0 ? draw_to(random, 4) : -1,
    };
}

// Every channel has a receiver: at least as many as channels, so that the plain
// ones, which serve the channel of their number, cannot leave one out.
static void count_servers(struct round *r)
{
    for (int i = 0; i < r->chans; i++)
        atomic_init(&r->served_by[i], 0);
    for (int i = 0; i < r->receivers; i++)
        for (int k = 0; k < r->chans; k++)
            if (r->receiver[i].way != PLAIN || i % r->chans == k)
                atomic_fetch_add(&r->served_by[k], 1);
}

static void init_round(struct round *r, bool with_cancels, uint64_t *random)
{
    static const size_t caps[] = {1, 2, 5, 32, 256, 1024, 1024, 1024};
    struct item(*items)[MAX_ITEMS] = r->items;
    *r = (struct round){.items = items};
    r->chans = 1 + draw_to(random, MAX_CHANS);
    r->senders = 1 + draw_to(random, MAX_THREADS);
    r->receivers = r->chans + draw_to(random, MAX_THREADS - r->chans + 1);
    r->shufflers = draw_to(random, 8) == 0 ? 1 + draw_to(random, 2) : 0;
    size_t smallest = MAX_ITEMS;
    for (int i = 0; i < r->chans; i++) {
        size_t cap = caps[draw_to(random, 8)];
        r->ch[i] = imp_chan_new(cap);
        smallest = cap < smallest ? cap : smallest;
    }
    // Small channels are slow, so they get short rounds, and more of them.
    size_t most = smallest * 256 < MAX_ITEMS ? smallest * 256 : MAX_ITEMS;
    r->items_each = 1 + (uint32_t)draw_to(random, (int)most);

    r->root = imp_ctx_new(NULL);
    r->send_ctx = imp_ctx_new(r->root);
    r->recv_ctx = imp_ctx_new(r->root);
    r->shuffle_ctx = imp_ctx_new(r->root);
    imp_waitgroup_init(&r->sending);
    imp_waitgroup_init(&r->shuffling);
    imp_waitgroup_init(&r->receiving);

    for (int i = 0; i < r->senders; i++)
        init_thread(&r->sender[i], r, i, with_cancels, random);
    for (int i = 0; i < r->receivers; i++)
        init_thread(&r->receiver[i], r, i, with_cancels, random);
    for (int i = 0; i < r->shufflers; i++)
        init_thread(&r->shuffler[i], r, i, false, random);
    init_thread(&r->canceller, r, 0, false, random);
    count_servers(r);
}

// Stages end in order, as in the pipeline: senders done, channels closed,
// receivers done. `calm` is never cancelled.
static void run_stages(struct round *r, struct imp_ctx *calm, bool with_cancels)
{
    imp_waitgroup_add(&r->sending, r->senders);
    imp_waitgroup_add(&r->shuffling, r->shufflers);
    imp_waitgroup_add(&r->receiving, r->receivers);
    for (int i = 0; i < r->receivers; i++)
        start(&r->receiver[i], run_receiver);
    for (int i = 0; i < r->shufflers; i++)
        start(&r->shuffler[i], run_shuffler);
    for (int i = 0; i < r->senders; i++)
        start(&r->sender[i], run_sender);
    if (with_cancels)
        start(&r->canceller, run_canceller);

    imp_waitgroup_wait(calm, &r->sending);
    imp_ctx_cancel(r->shuffle_ctx, IMP_CAUSE_CANCEL);
    imp_waitgroup_wait(calm, &r->shuffling);
    for (int i = 0; i < r->chans; i++)
        imp_chan_close((struct imp_chan_tx){r->ch[i]});
    imp_waitgroup_wait(calm, &r->receiving);
}

static void drop(void *item)
{
    ((struct item *)item)->dropped++;
}

// The waitgroups have ordered all that the threads wrote before what we read:
// so count first, and join only then.
static void count_items(struct round *r, struct totals *sum)
{
    for (int i = 0; i < r->senders; i++)
        for (uint32_t k = 0; k < r->sender[i].offered; k++) {
            const struct item *item = &r->items[i][k];
            uint32_t places = item->received + item->returned + item->dropped;
            if (places != 1) {
                fprintf(stderr,
                        "sync: round %llu: item %u of %d is in %u "
                        "places\n",
                        (unsigned long long)sum->rounds, k, i, places);
                sum->failures++;
            }
            sum->items += item->received + item->dropped;
        }
    for (int i = 0; i < r->receivers; i++)
        if (r->receiver[i].out_of_order) {
            fprintf(stderr, "sync: round %llu: out of order\n",
                    (unsigned long long)sum->rounds);
            sum->failures++;
        }
}

static void clear_round(struct round *r, bool with_cancels)
{
    for (int i = 0; i < r->senders; i++)
        pthread_join(r->sender[i].id, NULL);
    for (int i = 0; i < r->shufflers; i++)
        pthread_join(r->shuffler[i].id, NULL);
    for (int i = 0; i < r->receivers; i++)
        pthread_join(r->receiver[i].id, NULL);
    if (with_cancels)
        pthread_join(r->canceller.id, NULL);
    imp_waitgroup_clear(&r->sending);
    imp_waitgroup_clear(&r->shuffling);
    imp_waitgroup_clear(&r->receiving);
    imp_ctx_free(r->shuffle_ctx);
    imp_ctx_free(r->recv_ctx);
    imp_ctx_free(r->send_ctx);
    imp_ctx_free(r->root);
}

static void run_round(struct round *r, uint64_t *random, struct totals *sum)
{
    bool with_cancels = draw_to(random, 2) == 0;
    struct imp_ctx *calm = imp_ctx_new(NULL);
    init_round(r, with_cancels, random);
    run_stages(r, calm, with_cancels);
    for (int i = 0; i < r->chans; i++)
        imp_chan_free(r->ch[i], drop);
    count_items(r, sum);
    clear_round(r, with_cancels);
    imp_ctx_free(calm);
    sum->cancels += imp_counter_get(&r->cancels);
    sum->rounds++;
}

// A lost wake-up shows as a hang.
static void on_hang(int signal)
{
    static const char text[] = "sync: a round hangs: 0 passed, 1 failed\n"
                               "0 passed, 1 failed\n";
    (void)signal;
    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(1);
}

int main(int argc, char **argv)
{
    uint64_t want = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    uint64_t seed =
        argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    uint64_t random = seed;
    struct totals sum = {0};
    static struct round round;
    round.items = calloc(MAX_THREADS, sizeof *round.items);
    if (!round.items)
        return 1;

    signal(SIGALRM, on_hang);
    fprintf(stderr, "sync: seed %llu\n", (unsigned long long)seed);
    while (sum.items < want && sum.failures == 0) {
        alarm(HANG_SECONDS);
        run_round(&round, &random, &sum);
    }
    free(round.items);

    int failed = sum.failures > 0;
    printf("sync: %llu items, %llu rounds, %llu cancels: %d passed, %d "
           "failed\n%d passed, %d failed\n",
           (unsigned long long)sum.items, (unsigned long long)sum.rounds,
           (unsigned long long)sum.cancels, !failed, failed, !failed, failed);
    return failed;
}
