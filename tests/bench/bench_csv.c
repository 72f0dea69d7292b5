/* bench_csv.c - what a list of subjects costs.
 *
 *     bench_csv [SUBJECTS]
 *
 * Writes a CSV file of SUBJECTS rows (1,000,000) of four columns, opens it as a
 * source, and asks in random order. A probe finds the row; a find is all that a
 * caller of the source waits for, with an answer made and freed. Time is the
 * CPU's, and wall time beside it. Exits with 1 if loading takes more than 2 s
 * or a probe more than 1 us. */
#include "lookup/csv.h"
#include "lookup/kinds.h"
#include "sync/context.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ASKED = 2000000 };

static const double load_limit_s = 2, probe_limit_ns = 1000;

struct clocks {
    double cpu, wall;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct clocks start(void)
{
    return (struct clocks){seconds(CLOCK_PROCESS_CPUTIME_ID),
                           seconds(CLOCK_MONOTONIC)};
}

static struct clocks since(struct clocks then)
{
    struct clocks now = start();
    return (struct clocks){now.cpu - then.cpu, now.wall - then.wall};
}

static void die(const char *what)
{
    fprintf(stderr, "bench_csv: %s\n", what);
    exit(1);
}

static void must(bool ok, const struct imp_err *err)
{
    if (!ok)
        die(err->msg);
}

// Of the process; 0 where the kernel does not tell.
static double resident_mb(void)
{
    char line[200];
    unsigned long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtoul(line + 6, NULL, 10);
    if (f)
        fclose(f);
    return (double)kb / 1024;
}

static int key_of(char key[32], unsigned i)
{
    return snprintf(key, 32, "PAT-%08u", i * 7);
}

static void write_list(const char *path, unsigned rows)
{
    FILE *f = fopen(path, "w");
    if (!f)
        die("cannot write the list");
    fputs("subject,code,site,arm\r\n", f);
    for (unsigned i = 0; i < rows; i++) {
        char key[32];
        key_of(key, i);
        fprintf(f, "%s,S-%07u,\"Site %u, Ulm\",%c\r\n", key, i, i % 97,
                "AB"[i % 2]);
    }
    if (fclose(f) != 0)
        die("cannot write the list");
}

// The next of a series without a pattern that a cache could follow.
static unsigned next(unsigned *state, unsigned rows)
{
    *state = *state * 1664525u + 1013904223u;
    return (unsigned)((uint64_t)*state * rows >> 32);
}

static struct imp_span span_of(const char *key, int n)
{
    return (struct imp_span){(const uint8_t *)key, (size_t)n};
}

// Nanoseconds for each; what it takes to make the key is not counted.
static struct clocks per_key(unsigned rows, struct clocks all)
{
    char key[32];
    unsigned state = 1, sum = 0;
    struct clocks then = start();
    for (int i = 0; i < ASKED; i++)
        sum += (unsigned)key_of(key, next(&state, rows));
    struct clocks keys = since(then);
    if (sum == 0)
        die("keys are empty");
    return (struct clocks){(all.cpu - keys.cpu) / ASKED * 1e9,
                           (all.wall - keys.wall) / ASKED * 1e9};
}

static struct clocks probe(const struct imp_csv *t, unsigned rows)
{
    char key[32];
    unsigned state = 1;
    struct clocks then = start();
    for (int i = 0; i < ASKED; i++) {
        int n = key_of(key, next(&state, rows));
        if (!imp_csv_find(t, span_of(key, n)))
            die("a subject is missing");
    }
    return per_key(rows, since(then));
}

static struct clocks find(struct imp_lookup *l, unsigned rows)
{
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_err err = {0};
    char key[32];
    unsigned state = 1;
    struct clocks then = start();
    for (int i = 0; i < ASKED; i++) {
        struct imp_answer *answer;
        int n = key_of(key, next(&state, rows));
        must(l->ops->find(l, span_of(key, n), ctx, &answer, &err), &err);
        if (!answer)
            die("a subject is missing");
        imp_answer_unref(answer);
    }
    struct clocks took = per_key(rows, since(then));
    imp_ctx_free(ctx);
    return took;
}

static struct imp_csv *table_of(const char *path)
{
    struct imp_buf text = {0};
    struct imp_err err = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        die("cannot read the list");
    must(imp_buf_reserve(&text, (size_t)st.st_size + 1, &err), &err);
    ssize_t got = read(fd, text.p, (size_t)st.st_size);
    close(fd);
    if (got != st.st_size)
        die("cannot read the list");
    text.n = (size_t)got;
    struct imp_csv *t = imp_csv_new(&text, "subject", NULL, &err);
    must(t, &err);
    return t;
}

int main(int argc, char **argv)
{
    unsigned rows = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
    char path[] = "/tmp/imgpipe-bench-XXXXXX", spec[sizeof path + 4];
    struct imp_err err = {0};
    int fd = mkstemp(path);
    if (fd < 0 || rows == 0 || rows > 10000000)
        die("SUBJECTS: want 1 to 10000000");
    close(fd);
    write_list(path, rows);
    snprintf(spec, sizeof spec, "csv:%s", path);

    double before = resident_mb();
    struct clocks then = start();
    struct imp_lookup *l =
        imp_lookup_csv.open(&(struct imp_lookup_at){.spec = spec}, &err);
    must(l, &err);
    struct clocks load = since(then);
    double memory = resident_mb() - before;
    struct clocks a_find = find(l, rows);
    l->ops->free(l);
    struct imp_csv *t = table_of(path);
    unlink(path);
    struct clocks a_probe = probe(t, rows);
    printf("%zu subjects: loaded in %.2f s of CPU (%.2f s), limit %g s; "
           "%.0f MB resident\n",
           imp_csv_rows(t), load.cpu, load.wall, load_limit_s, memory);
    printf("probe %.0f ns of CPU (%.0f ns), limit %.0f ns; find with answer "
           "%.0f ns (%.0f ns)\n",
           a_probe.cpu, a_probe.wall, probe_limit_ns, a_find.cpu, a_find.wall);
    imp_csv_unref(t);
    return load.cpu > load_limit_s || a_probe.cpu > probe_limit_ns;
}
