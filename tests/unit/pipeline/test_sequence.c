// The sequencer between a producer and a recorder that the test plays.
#include "pipeline/internal.h"
#include "sync/select.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 4
#define QUEUE 3
#define WIDTH (4 * (QUEUE + WORKERS))

static const struct imp_run_config config = {.jobs = WORKERS, .queue = QUEUE};
static struct imp_run run;
static pthread_t sequencer;

static void set_up(void)
{
    cr_assert_eq(imp_sequence_width(&config), WIDTH);
    run = (struct imp_run){
        .config = &config,
        .scan = imp_ctx_new(NULL),
        .background = imp_ctx_new(NULL),
        .jobs = imp_chan_new(QUEUE),
        .results = imp_chan_new(QUEUE),
        .window = imp_chan_new(WIDTH),
        .ordered = imp_chan_new(QUEUE),
    };
}

static void tear_down(void)
{
    imp_chan_free(run.ordered, NULL);
    imp_chan_free(run.window, NULL);
    imp_chan_free(run.results, NULL);
    imp_chan_free(run.jobs, NULL);
    imp_ctx_free(run.background);
    imp_ctx_free(run.scan);
}

TestSuite(sequence, .init = set_up, .fini = tear_down, .timeout = 60);

static void *sequence(void *self)
{
    imp_sequence(self);
    return NULL;
}

static void start_sequencer(void)
{
    cr_assert_eq(pthread_create(&sequencer, NULL, sequence, &run), 0);
}

static void end_sequencer(void)
{
    imp_chan_close((struct imp_chan_tx){run.results});
    pthread_join(sequencer, NULL);
}

static struct imp_result *take_number(struct imp_ctx *ctx)
{
    struct imp_result *r = imp_result_new("/x");
    cr_assert(r);
    if (imp_sequence_number(&run, ctx, &r->number))
        return r;
    imp_result_free(r);
    return NULL;
}

// The next result that comes out, whose number it gives.
static bool comes_out(uint64_t *number)
{
    void *item;
    if (imp_chan_recv(run.background, (struct imp_chan_rx){run.ordered},
                      &item) != IMP_RECV_ITEM)
        return false;
    *number = ((struct imp_result *)item)->number;
    imp_result_free(item);
    return true;
}

static void *recorder(void *self)
{
    uint64_t number, *next = self;
    while (comes_out(&number)) {
        cr_expect_eq(number, *next, "%d, want %d", (int)number, (int)*next);
        ++*next;
    }
    return NULL;
}

// --- The window ---

Test(sequence, no_more_numbers_are_given_out_than_the_window_has_places)
{
    struct imp_result *r[WIDTH];
    for (uint64_t i = 0; i < WIDTH; i++) {
        r[i] = take_number(run.scan);
        cr_assert(r[i]);
        cr_expect_eq(r[i]->number, i);
    }
    // The next would wait: nothing but the cancel ends it.
    struct imp_ctx *soon = imp_ctx_new_timeout(NULL, 20);
    cr_expect_null(take_number(soon));
    imp_ctx_free(soon);
    // All came but the first: none of them may go on, and no place is free.
    start_sequencer();
    for (size_t i = WIDTH; i-- > 1;)
        imp_run_send_result(&run, r[i]);
    soon = imp_ctx_new_timeout(NULL, 20);
    cr_expect_null(take_number(soon));
    imp_ctx_free(soon);
    cr_expect_eq(imp_chan_len(run.ordered), 0);
    // It comes, and all follow in order.
    imp_run_send_result(&run, r[0]);
    uint64_t number;
    for (uint64_t i = 0; i < WIDTH; i++) {
        cr_assert(comes_out(&number));
        cr_expect_eq(number, i);
    }
    struct imp_result *next = take_number(run.background);
    cr_expect_eq(next->number, WIDTH);
    imp_run_send_result(&run, next);
    cr_expect(comes_out(&number));
    end_sequencer();
    cr_expect_not(comes_out(&number));
}

Test(sequence, an_archive_that_keeps_no_order_has_no_numbers)
{
    imp_chan_free(run.window, NULL);
    run.window = NULL;
    for (int i = 0; i < 3 * WIDTH; i++)
        imp_result_free(take_number(run.scan));
    cr_expect_eq(run.next_number, 0);
}

// --- Whole runs ---

#define HELD 3

static void give_back(struct imp_result *held[HELD])
{
    for (int i = 0; i < HELD; i++)
        if (held[i])
            imp_run_send_result(&run, held[i]);
    memset(held, 0, HELD * sizeof *held);
}

// The next job. Who would have to wait for it holds nothing: the window may be
// waiting for that.
static struct imp_result *next_job(struct imp_result *held[HELD])
{
    struct imp_case now = imp_case_recv((struct imp_chan_rx){run.jobs});
    void *item = NULL;
    if (imp_select_now(run.background, &now, 1) == 0)
        return now.item;
    give_back(held);
    imp_chan_recv(run.background, (struct imp_chan_rx){run.jobs}, &item);
    return item;
}

// A worker that gives on what it was given in an order of its own.
static void *work(void *self)
{
    unsigned random = (unsigned)(uintptr_t)self;
    struct imp_result *held[HELD] = {0}, *r;
    while ((r = next_job(held))) {
        int slot = rand_r(&random) % HELD;
        struct imp_result *out = held[slot];
        held[slot] = r;
        for (int turns = rand_r(&random) % 5; turns > 0; turns--)
            sched_yield();
        if (out)
            imp_run_send_result(&run, out);
    }
    give_back(held);
    return NULL;
}

// As the producer does: what could not be sent as a job is a result.
static uint64_t produce(uint64_t most)
{
    uint64_t sent = 0;
    while (sent < most && !imp_ctx_cancelled(run.scan)) {
        struct imp_result *r = take_number(run.scan);
        if (!r)
            break;
        sent++;
        if (!imp_chan_send(run.scan, (struct imp_chan_tx){run.jobs}, r))
            imp_run_send_result(&run, r);
    }
    imp_chan_close((struct imp_chan_tx){run.jobs});
    return sent;
}

static void *cancel(void *self)
{
    uint64_t *after = self;
    while (imp_chan_len(run.window) < *after)
        sched_yield();
    imp_ctx_cancel(run.scan, IMP_CAUSE_CANCEL);
    return NULL;
}

static uint64_t go(unsigned seed, uint64_t results, bool cancelled)
{
    pthread_t workers[WORKERS], out, canceller;
    uint64_t next = 0, after = seed % (QUEUE + WORKERS);
    start_sequencer();
    cr_assert_eq(pthread_create(&out, NULL, recorder, &next), 0);
    for (uintptr_t i = 0; i < WORKERS; i++)
        cr_assert_eq(pthread_create(&workers[i], NULL, work,
                                    (void *)(i + WORKERS * seed)),
                     0);
    if (cancelled)
        cr_assert_eq(pthread_create(&canceller, NULL, cancel, &after), 0);
    uint64_t sent = produce(results);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    end_sequencer();
    pthread_join(out, NULL);
    if (cancelled)
        pthread_join(canceller, NULL);
    cr_expect_eq(next, sent, "%d came out of %d", (int)next, (int)sent);
    cr_expect_eq(imp_chan_len(run.window), 0);
    return sent;
}

Test(sequence, results_come_out_in_the_order_of_their_numbers)
{
    for (unsigned seed = 0; seed < 20; seed++) {
        cr_expect_eq(go(seed, 2000, false), 2000);
        tear_down();
        set_up();
    }
}

Test(sequence, a_cancel_in_mid_run_loses_nothing)
{
    for (unsigned seed = 0; seed < 50; seed++) {
        go(seed, 1000000, true);
        tear_down();
        set_up();
    }
}
