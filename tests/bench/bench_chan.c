/* bench_chan.c - what a channel costs.
 *
 *     bench_chan [IMAGE_MS]
 *
 * Threads pass pointers through one channel, as fast as they can, for each of
 * several capacities and numbers of threads; rates are medians of RUNS. The
 * last line compares the two hops of a job, through jobs and results, with the
 * time for one image; it takes the slowest of these rates at capacity 5. With
 * capacity 1 a thread must be switched for each item, and that is a measure of
 * the kernel. */
#include "sync/chan.h"
#include "sync/context.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_PAIRS = 4, RUNS = 5 };

static const double run_seconds = 0.3;
static const double limit_percent = 0.1;

struct bench {
    struct imp_ctx *ctx;
    struct imp_chan *ch;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *run_sender(void *arg)
{
    struct bench *b = arg;
    while (imp_chan_send(b->ctx, (struct imp_chan_tx){b->ch}, b))
        ;
    return NULL;
}

struct receiver {
    struct bench *bench;
    uint64_t items;
};

static void *run_receiver(void *arg)
{
    struct receiver *r = arg;
    void *item;
    while (imp_chan_recv(r->bench->ctx, (struct imp_chan_rx){r->bench->ch},
                         &item) == IMP_RECV_ITEM)
        r->items++;
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    if (pthread_create(thread, NULL, run, arg) != 0) {
        perror("bench_chan: pthread_create");
        exit(1);
    }
}

// Items per second through a channel of `cap` with `pairs` senders and as many
// receivers.
static double measure(size_t cap, int pairs)
{
    struct bench b = {imp_ctx_new(NULL), imp_chan_new(cap)};
    pthread_t sender[MAX_PAIRS], receiver[MAX_PAIRS];
    struct receiver count[MAX_PAIRS];
    uint64_t items = 0;
    double began = now();
    for (int i = 0; i < pairs; i++) {
        count[i] = (struct receiver){&b, 0};
        start(&receiver[i], run_receiver, &count[i]);
        start(&sender[i], run_sender, &b);
    }
    imp_ctx_wait(b.ctx, (int64_t)(run_seconds * 1000));
    imp_ctx_cancel(b.ctx, IMP_CAUSE_CANCEL);
    for (int i = 0; i < pairs; i++) {
        pthread_join(sender[i], NULL);
        pthread_join(receiver[i], NULL);
        items += count[i].items;
    }
    double took = now() - began;
    imp_chan_free(b.ch, NULL);
    imp_ctx_free(b.ctx);
    return (double)items / took;
}

static int by_rate(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// One run alone says how the kernel happened to place the threads.
static double measure_median(size_t cap, int pairs)
{
    double rate[RUNS];
    for (int i = 0; i < RUNS; i++)
        rate[i] = measure(cap, pairs);
    qsort(rate, RUNS, sizeof *rate, by_rate);
    return rate[RUNS / 2];
}

// One thread that sends and receives in turn: no one ever waits.
static double measure_alone(void)
{
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_chan *ch = imp_chan_new(1);
    uint64_t items = 0;
    double began = now();
    while (now() - began < run_seconds)
        for (int i = 0; i < 1000; i++, items++) {
            void *item;
            imp_chan_send(ctx, (struct imp_chan_tx){ch}, ctx);
            imp_chan_recv(ctx, (struct imp_chan_rx){ch}, &item);
        }
    double took = now() - began;
    imp_chan_free(ch, NULL);
    imp_ctx_free(ctx);
    return (double)items / took;
}

static void print_rate(const char *what, double rate)
{
    printf("%-24s %12.0f items/s %8.3f us each\n", what, rate, 1e6 / rate);
}

int main(int argc, char **argv)
{
    static const size_t caps[] = {1, 5, 1024};
    double image_ms = argc > 1 ? atof(argv[1]) : 10;
    double slowest = 1e12; // at capacity 5
    if (image_ms <= 0) {
        fputs("bench_chan: IMAGE_MS: want a number above 0\n", stderr);
        return 2;
    }

    print_rate("uncontended send+recv", measure_alone());
    for (int i = 0; i < 3; i++)
        for (int pairs = 1; pairs <= MAX_PAIRS; pairs *= 2) {
            char what[40];
            double rate = measure_median(caps[i], pairs);
            snprintf(what, sizeof what, "capacity %zu, %dx%d", caps[i], pairs,
                     pairs);
            print_rate(what, rate);
            if (caps[i] == 5 && rate < slowest)
                slowest = rate;
        }

    double hops_us = 2e6 / slowest;
    double percent = hops_us / (image_ms * 1000) * 100;
    printf("two hops at capacity 5, slowest: %.2f us, %.4f %% of an image of "
           "%g ms (limit %g %%)\n",
           hops_us, percent, image_ms, limit_percent);
    return percent < limit_percent ? 0 : 1;
}
