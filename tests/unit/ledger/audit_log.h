/* audit_log.h - an audit log in a directory of its own, for tests; and what a
 * judge that shares no code with it says of it. */
#ifndef IMP_TESTS_AUDIT_LOG_H
#define IMP_TESTS_AUDIT_LOG_H

#include "base/outcome.h"
#include "ledger/audit.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>

static char *dir;
static int dirfd_;

static inline void set_up(void)
{
    dir = tempdir_make();
    dirfd_ = open(dir, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(dirfd_, 0);
}

static inline void tear_down(void)
{
    close(dirfd_);
    tempdir_remove(dir);
}

static inline char *in_dir(const char *name)
{
    return text("%s/%s", dir, name);
}

static inline struct imp_audit *open_log(uint64_t rotate_at)
{
    struct imp_err err = {0};
    struct imp_audit *a = imp_audit_open(dirfd_, rotate_at, &err);
    cr_assert(a, "%s", err.msg);
    cr_expect_eq(err.code, IMP_OK);
    return a;
}

#define NOON 1764072027 /* 2025-11-25T12:00:27Z */

static inline void send_line(struct imp_audit *a, uint64_t seq)
{
    struct imp_digest object, policy;
    imp_sha256_of(&seq, sizeof seq, &object, NULL);
    imp_sha256_of("policy", 6, &policy, NULL);
    const struct imp_audit_entry e = {
        .seq = seq,
        .at = NOON + (int64_t)seq,
        .run = 2,
        .op = "image",
        .input = (int64_t)(100 + seq),
        .outcome = imp_outcome_name(IMP_ARCHIVED),
        .object = &object,
        .format = "jpeg",
        .route = "splice",
        .removed = "EXIF GPS IFD\nJPEG comment",
        .policy = &policy,
    };
    imp_audit_send(a, &e);
}

static inline void flush_log(struct imp_audit *a)
{
    struct imp_err err = {0};
    cr_assert(imp_audit_flush(a, &err), "%s", err.msg);
}

static inline struct imp_audit_mark close_log(struct imp_audit *a)
{
    struct imp_err err = {0};
    flush_log(a);
    struct imp_audit_mark last = imp_audit_last(a);
    cr_assert(imp_audit_close(a, &err), "%s", err.msg);
    return last;
}

/* Lines `from` to `to`, each flushed; a new file at `rotate_at` bytes. */
static inline struct imp_audit_mark write_log(uint64_t from, uint64_t to,
                                              uint64_t rotate_at)
{
    struct imp_audit *a = open_log(rotate_at);
    for (uint64_t seq = from; seq <= to; seq++) {
        send_line(a, seq);
        flush_log(a);
    }
    return close_log(a);
}

/* --- whole files --- */

struct content {
    char *p;
    size_t n;
};

static inline struct content read_file(const char *name)
{
    struct content c = {0};
    FILE *f = fopen(in_dir(name), "rb");
    if (!f)
        return c;
    c.p = calloc(1, 1 << 20);
    cr_assert(c.p);
    c.n = fread(c.p, 1, 1 << 20, f);
    fclose(f);
    return c;
}

static inline void write_file(const char *name, const char *p, size_t n)
{
    int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, p, n), (ssize_t)n);
    close(fd);
}

static inline long size_of(const char *name)
{
    struct stat st;
    return stat(in_dir(name), &st) == 0 ? (long)st.st_size : -1;
}

/* --- judging --- */

struct found {
    struct imp_audit_summary sum;
    size_t n;
    struct {
        enum imp_audit_fault fault;
        char file[32];
        uint64_t line, seq;
        char text[200];
    } of[32]; /* the first ones */
};

static inline bool note_finding(void *self,
                                const struct imp_audit_finding *finding,
                                struct imp_err *err)
{
    (void)err;
    struct found *f = self;
    if (f->n < 32) {
        f->of[f->n].fault = finding->fault;
        snprintf(f->of[f->n].file, sizeof f->of->file, "%s", finding->file);
        f->of[f->n].line = finding->line;
        f->of[f->n].seq = finding->seq;
        memcpy(f->of[f->n].text, finding->text, sizeof finding->text);
    }
    f->n++;
    return true;
}

static inline struct found verify(const struct imp_audit_mark *expect)
{
    struct found f = {0};
    struct imp_err err = {0};
    cr_assert(
        imp_audit_verify(dirfd_, expect, note_finding, &f, NULL, &f.sum, &err),
        "%s", err.msg);
    cr_expect_eq(err.code, IMP_OK);
    cr_expect_eq(f.n, f.sum.findings);
    return f;
}

static inline bool has(const struct found *f, enum imp_audit_fault fault,
                       const char *file, uint64_t line, uint64_t seq)
{
    for (size_t i = 0; i < f->n && i < 32; i++)
        if (f->of[i].fault == fault && strcmp(f->of[i].file, file) == 0 &&
            f->of[i].line == line && f->of[i].seq == seq)
            return true;
    for (size_t i = 0; i < f->n && i < 32; i++)
        fprintf(stderr, "found: %s %s:%" PRIu64 " seq %" PRIu64 ": %s\n",
                imp_audit_fault_name(f->of[i].fault), f->of[i].file,
                f->of[i].line, f->of[i].seq, f->of[i].text);
    return false;
}

/* "LINES SEQ SHA256\n" of the last line, by the judge; "" if it objects. */
static inline char *judged(void)
{
    char *out = text("%s.judged", dir);
    int rc = system(text("tests/lib/audit-judge.py '%s' > '%s'", dir, out));
    char *said = file_text(out);
    unlink(out);
    return rc == 0 ? said : text("%s", "");
}

static inline char *mark_text(uint64_t lines, const struct imp_audit_mark *m)
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(&m->hash, hex);
    return text("%" PRIu64 " %" PRIu64 " %s\n", lines, m->seq, hex);
}

#endif
