/* bench_clean.c - what the steps of cleaning one image cost.
 *
 *     bench_clean FILE...
 *
 * For each step the CPU time of all files, the median of several rounds: the
 * cut with coded data checked, the cut by structure alone, parsing the output
 * again, and searching it for the identifiers that were met. */
#include "base/file.h"
#include "deid/policy.h"
#include "image/format.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 7, STEPS = 4 };

static const char *const step_name[STEPS] = {
    "cut, coded data checked", "cut, structure alone", "output parsed again",
    "residual search"};

struct bench {
    struct imp_deid *deid;
    struct imp_cutlist cuts, again;
    struct imp_buf in, out;
    double seconds[STEPS];
};

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what, const struct imp_err *err)
{
    fprintf(stderr, "bench_clean: %s: %s\n", what, err->msg);
    exit(1);
}

static void read_file(struct bench *b, const char *path)
{
    struct imp_err err = {0};
    char block[1 << 16];
    size_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        imp_fail_errno(&err, "open"), die(path, &err);
    b->in.n = 0;
    do {
        if (!imp_file_read(fd, block, sizeof block, &got, &err) ||
            !imp_buf_add(&b->in, block, got, &err))
            die(path, &err);
    } while (got == sizeof block);
    close(fd);
}

static bool cut(struct bench *b, struct imp_span in, enum imp_check check,
                struct imp_cutlist *cuts, struct imp_err *err)
{
    const struct imp_format *fmt = imp_format_of(in);
    struct imp_job_image image = {.editor = imp_deid_editor(b->deid),
                                  .limits = {UINT64_MAX, UINT64_MAX},
                                  .check = check};
    return fmt ? imp_format_cut(fmt, in, &image, cuts, err)
               : imp_fail(err, IMP_ERR_UNSUPPORTED, "no image");
}

// Each step adds its time to `seconds`.
static void one(struct bench *b, const char *path)
{
    struct imp_err err = {0};
    struct imp_span in = imp_buf_span(&b->in), out;
    double at[STEPS + 1];
    imp_deid_start(b->deid, NULL);
    at[0] = cpu_now();
    bool ok = cut(b, in, IMP_CHECK_CODED, &b->cuts, &err);
    at[1] = cpu_now();
    ok = ok && cut(b, in, IMP_CHECK_STRUCTURE, &b->cuts, &err);
    at[2] = cpu_now();
    if (!ok || !imp_cutlist_apply(&b->cuts, in, &b->out, &err))
        die(path, &err);
    out = imp_buf_span(&b->out);
    double applied = cpu_now();
    ok = cut(b, out, IMP_CHECK_AGAIN, &b->again, &err);
    at[3] = cpu_now() - applied + at[2];
    double parsed = cpu_now();
    ok = ok && imp_deid_check_residual(b->deid, &b->again, out, &err);
    at[4] = cpu_now() - parsed + at[3];
    if (!ok)
        die(path, &err);
    for (int i = 0; i < STEPS; i++)
        b->seconds[i] += at[i + 1] - at[i];
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    struct imp_err err = {0};
    struct bench b = {0};
    static double round[STEPS][ROUNDS];
    struct imp_policy *policy = imp_policy_load("strict", &err);
    b.deid = policy ? imp_deid_new(policy, &err) : NULL;
    if (!b.deid || argc < 2)
        die("nothing to do", &err);
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < STEPS; i++)
            b.seconds[i] = 0;
        for (int f = 1; f < argc; f++) {
            read_file(&b, argv[f]);
            one(&b, argv[f]);
        }
        for (int i = 0; i < STEPS; i++)
            round[i][r] = b.seconds[i];
    }
    printf("cleaning %d files, CPU time, median of %d rounds\n", argc - 1,
           (int)ROUNDS);
    for (int i = 0; i < STEPS; i++) {
        qsort(round[i], ROUNDS, sizeof round[i][0], by_size);
        printf("%-32s %9.3f ms each\n", step_name[i],
               round[i][ROUNDS / 2] * 1000 / (argc - 1));
    }
    imp_buf_clear(&b.in);
    imp_buf_clear(&b.out);
    imp_cutlist_clear(&b.cuts);
    imp_cutlist_clear(&b.again);
    imp_deid_free(b.deid);
    imp_policy_free(policy);
    return 0;
}
