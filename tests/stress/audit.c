// Senders, flushers and the audit log's own thread, which gives the log a new
// file every few lines: audit [LINES]. Each line that a flush was waited for
// must be in the log by then, and all lines in the order of their numbers. A
// second log breaks half way: every flush after that must say so. For
// ThreadSanitizer and DRD.
#include "expect.h"

#include "ledger/audit.h"
#include "sync/counter.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SENDERS 4
#define FLUSHERS 2
#define ROTATE_AT 4000
#define TIME 1764072000

struct log {
    struct imp_audit *audit;
    uint64_t lines;  // to be sent in all
    uint64_t bad;    // the line that cannot be written; 0: none
    uint64_t *sent;  // plain on purpose: taken and sent under `order`
    uint64_t number; // the last; guarded by `order`
    pthread_mutex_t order;
    struct imp_counter done;                // senders that are through
    struct imp_counter behind;              // flushes that promised too much
    struct imp_counter flushed, broken;     // flushes that ended well, or not
    struct imp_counter well_after_breaking; // and never again after that
};

// A number and its line go under one lock, as imp_audit_send asks for.
static bool send_next(struct log *log)
{
    pthread_mutex_lock(&log->order);
    bool any = log->number < log->lines;
    if (any) {
        uint64_t seq = ++log->number;
        struct imp_audit_entry e = {
            .seq = seq, .at = TIME, .op = "image", .removed = "a\nb\nc"};
        if (seq == log->bad)
            e.at = INT64_MAX; // no time that a line could have
        log->sent[seq]++;
        imp_audit_send(log->audit, &e);
    }
    pthread_mutex_unlock(&log->order);
    return any;
}

static uint64_t sent_so_far(struct log *log)
{
    pthread_mutex_lock(&log->order);
    uint64_t number = log->number;
    pthread_mutex_unlock(&log->order);
    return number;
}

static bool flush_once(struct log *log)
{
    struct imp_err err = {0};
    uint64_t sent = sent_so_far(log);
    bool ok = imp_audit_flush(log->audit, &err);
    struct imp_audit_mark last = imp_audit_last(log->audit);
    imp_counter_add(ok ? &log->flushed : &log->broken, 1);
    if (ok && last.seq < sent)
        imp_counter_add(&log->behind, 1);
    return ok;
}

static void *send_all(void *arg)
{
    struct log *log = arg;
    for (uint64_t n = 1; send_next(log); n++)
        if (n % 16 == 0)
            flush_once(log);
    imp_counter_add(&log->done, 1);
    return NULL;
}

static void *flush_all(void *arg)
{
    struct log *log = arg;
    bool well = true;
    while (imp_counter_get(&log->done) < SENDERS) {
        bool ok = flush_once(log);
        if (ok && !well)
            imp_counter_add(&log->well_after_breaking, 1);
        well = ok;
    }
    return NULL;
}

static void run_threads(struct log *log)
{
    pthread_t thread[SENDERS + FLUSHERS];
    flush_once(log);
    for (int i = 0; i < SENDERS + FLUSHERS; i++)
        pthread_create(&thread[i], NULL, i < SENDERS ? send_all : flush_all,
                       log);
    for (int i = 0; i < SENDERS + FLUSHERS; i++)
        pthread_join(thread[i], NULL);
    flush_once(log);
}

static bool print_finding(void *self, const struct imp_audit_finding *f,
                          struct imp_err *err)
{
    (void)self;
    (void)err;
    printf("%s:%" PRIu64 ": %s: %s\n", f->file, f->line,
           imp_audit_fault_name(f->fault), f->text);
    return true;
}

static void judge(struct log *log, int dir, bool closed_well)
{
    struct imp_err err = {0};
    struct imp_audit_summary sum;
    uint64_t last = log->bad ? log->bad - 1 : log->lines;
    uint64_t not_once = 0;
    for (uint64_t seq = 1; seq <= log->lines; seq++)
        not_once += log->sent[seq] != 1;
    expect(not_once == 0, "each number is given once");
    expect(imp_audit_verify(dir, NULL, print_finding, NULL, NULL, &sum, &err),
           err.msg);
    expect(sum.findings == 0, "the log is whole");
    expect(sum.lines == sum.last.seq, "no line is missing");
    expect(log->bad ? sum.lines <= last : sum.lines == last,
           "all lines are there, or those before the bad one");
    expect(imp_counter_get(&log->behind) == 0,
           "what was waited for is in the log");
    expect(closed_well == !log->bad, "closing tells whether it broke");
    expect(imp_counter_get(&log->flushed) > 0, "flushes ended");
    expect((imp_counter_get(&log->broken) > 0) == (log->bad > 0),
           "flushes fail when it broke, and not before");
    expect(imp_counter_get(&log->well_after_breaking) == 0,
           "it is broken for good");
    printf("%" PRIu64 " lines in %" PRIu64 " files, %" PRIu64
           " flushes, %" PRIu64 " in vain\n",
           sum.lines, sum.files, imp_counter_get(&log->flushed),
           imp_counter_get(&log->broken));
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void try_log(uint64_t lines, uint64_t bad)
{
    char path[] = "/tmp/imgpipe-stress-XXXXXX";
    struct imp_err err = {0};
    struct log log = {.lines = lines,
                      .bad = bad,
                      .sent = calloc(lines + 1, sizeof *log.sent),
                      .order = PTHREAD_MUTEX_INITIALIZER};
    int dir =
        log.sent && mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY) : -1;
    if (dir >= 0)
        log.audit = imp_audit_open(dir, ROTATE_AT, &err);
    expect(log.audit, "it can be opened");
    if (log.audit) {
        run_threads(&log);
        judge(&log, dir, imp_audit_close(log.audit, NULL));
    }
    if (dir >= 0)
        close(dir);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    pthread_mutex_destroy(&log.order);
    free(log.sent);
}

int main(int argc, char **argv)
{
    uint64_t lines = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000;
    try_log(lines, 0);
    try_log(lines, lines / 2 + 1);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
