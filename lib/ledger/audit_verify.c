// Verifying the audit log: all its lines in order, a block at a time.
#include "base/file.h"
#include "ledger/audit_internal.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK ((size_t)1 << 20) // holds the longest line many times

struct verifier {
    int dir;
    const struct imp_audit_mark *expect; // NULL: none
    imp_audit_finding_fn fn;
    void *self;
    const struct imp_audit_reader *reader; // NULL: none
    struct imp_ctx *ctx;
    struct imp_audit_summary *sum;

    struct imp_sha256 *hasher;
    uint8_t *block;
    char file[IMP_AUDIT_NAME_MAX];
    uint64_t line;
    uint64_t seq;           // of the line before
    struct imp_digest hash; // of the line before
    uint64_t handed_on;     // the number of the last line that was
    bool looked_up;         // the expected line was met, or told of
};

const char *imp_audit_fault_name(enum imp_audit_fault fault)
{
    static const char *const names[IMP_AUDIT_FAULTS] = {
        [IMP_AUDIT_MISSING] = "missing", [IMP_AUDIT_NO_LINE] = "no line",
        [IMP_AUDIT_CHANGED] = "changed", [IMP_AUDIT_UNCHAINED] = "unchained",
        [IMP_AUDIT_ORDER] = "order",     [IMP_AUDIT_TORN] = "torn",
        [IMP_AUDIT_BEHIND] = "behind",   [IMP_AUDIT_OTHER] = "other",
    };
    return names[fault];
}

IMP_PRINTF(5, 6)
static bool tell(struct verifier *v, enum imp_audit_fault fault, uint64_t seq,
                 struct imp_err *err, const char *fmt, ...)
{
    struct imp_audit_finding finding = {
        .fault = fault, .file = v->file, .line = v->line, .seq = seq};
    va_list args;
    va_start(args, fmt);
    vsnprintf(finding.text, sizeof finding.text, fmt, args);
    va_end(args);
    v->sum->findings++;
    return v->fn(v->self, &finding, err);
}

// Half of it, for a message.
struct short_hex {
    char s[33];
};

static struct short_hex short_hex(const struct imp_digest *d)
{
    char hex[IMP_SHA256_HEX];
    struct short_hex out;
    imp_digest_hex(d, hex);
    snprintf(out.s, sizeof out.s, "%.32s", hex);
    return out;
}

// --- A line ---

static bool check_chain(struct verifier *v, const struct imp_audit_line *l,
                        struct imp_err *err)
{
    if (imp_digest_same(&l->prev, &v->hash))
        return true;
    if (v->sum->lines == 1)
        return tell(v, IMP_AUDIT_UNCHAINED, l->seq, err,
                    "prev is %s...: want zeros in the first line of all: "
                    "what was before it is gone",
                    short_hex(&l->prev).s);
    return tell(v, IMP_AUDIT_UNCHAINED, l->seq, err,
                "prev is %s..., the line before has %s...: it was changed, or "
                "lines were put in or removed here",
                short_hex(&l->prev).s, short_hex(&v->hash).s);
}

// Is it the expected one, or in its place?
static bool check_expected(struct verifier *v, uint64_t seq,
                           const struct imp_digest *hash, struct imp_err *err)
{
    if (v->looked_up || seq != v->expect->seq)
        return true;
    v->looked_up = true;
    return imp_digest_same(hash, &v->expect->hash) ||
           tell(v, IMP_AUDIT_OTHER, seq, err,
                "the line has %s..., the ledger knows it as %s...",
                short_hex(hash).s, short_hex(&v->expect->hash).s);
}

static bool hand_on(struct verifier *v, struct imp_span line,
                    const struct imp_audit_line *l, struct imp_err *err)
{
    if (!v->reader || l->crc != l->want || l->seq <= v->handed_on)
        return true;
    v->handed_on = l->seq;
    return v->reader->line(v->reader->self, line, l, err);
}

static bool check_line(struct verifier *v, struct imp_span line,
                       struct imp_err *err)
{
    struct imp_audit_line l;
    v->line++;
    v->sum->lines++;
    imp_sha256_start(v->hasher);
    imp_sha256_add(v->hasher, line.p, line.n);
    struct imp_digest hash = imp_sha256_end(v->hasher);

    bool ok = true;
    if (!imp_audit_parse(line, &l)) {
        ok =
            tell(v, IMP_AUDIT_NO_LINE, l.seq, err, "not of the form of a line");
    } else {
        if (l.crc != l.want)
            ok = tell(v, IMP_AUDIT_CHANGED, l.seq, err,
                      "crc is %08" PRIx32 ", want %08" PRIx32, l.crc, l.want);
        ok = ok && check_chain(v, &l, err);
        if (ok && l.seq <= v->seq)
            ok = tell(v, IMP_AUDIT_ORDER, l.seq, err,
                      "number %" PRIu64 " behind %" PRIu64
                      ": put in twice, or moved",
                      l.seq, v->seq);
        ok = ok && check_expected(v, l.seq, &hash, err) &&
             hand_on(v, line, &l, err);
        v->seq = l.seq;
        v->sum->last = (struct imp_audit_mark){l.seq, hash};
    }
    v->hash = hash;
    return ok;
}

// What is too long for a line has no hash that a next one could know.
static bool tell_too_long(struct verifier *v, struct imp_err *err)
{
    v->line++;
    v->sum->lines++;
    v->hash = (struct imp_digest){0};
    return tell(v, IMP_AUDIT_NO_LINE, 0, err, "longer than %zu bytes",
                IMP_AUDIT_LINE_MAX);
}

// --- A file ---

// What is complete of a line: all of it, or the rest of one that was too long
// and has been told of.
static bool end_line(struct verifier *v, struct imp_span line, bool *skip,
                     struct imp_err *err)
{
    bool told = *skip;
    *skip = false;
    if (told)
        return true;
    return line.n < IMP_AUDIT_LINE_MAX ? check_line(v, line, err)
                                       : tell_too_long(v, err);
}

// All lines of a block of `*n` bytes; what is left, without a newline, goes to
// its front, `*n` bytes of it. `*skip`: a line was too long, and its rest is to
// come.
static bool check_block(struct verifier *v, size_t *n, bool *skip,
                        struct imp_err *err)
{
    struct imp_span left = {v->block, *n};
    for (const uint8_t *newline;
         (newline = memchr(left.p, '\n', left.n)) != NULL;) {
        struct imp_span line = {left.p, (size_t)(newline - left.p)};
        if (!end_line(v, line, skip, err))
            return false;
        left.p += line.n + 1;
        left.n -= line.n + 1;
    }
    if (!*skip && left.n >= IMP_AUDIT_LINE_MAX) {
        *skip = true;
        if (!tell_too_long(v, err))
            return false;
    }
    *n = *skip ? 0 : left.n;
    memmove(v->block, left.p, *n);
    return true;
}

static bool check_file(struct verifier *v, int fd, struct imp_err *err)
{
    size_t n = 0, got;
    bool skip = false;
    v->line = 0;
    v->sum->files++;
    do {
        if (v->ctx && imp_ctx_cancelled(v->ctx))
            return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
        size_t room = BLOCK - n;
        if (!imp_file_read(fd, v->block + n, room, &got, err))
            return imp_wrap(err, "%s", v->file);
        v->sum->bytes += got;
        n += got;
        if (!check_block(v, &n, &skip, err))
            return false;
    } while (got > 0);
    if (n == 0 && !skip)
        return true;
    v->line += !skip;
    return tell(v, IMP_AUDIT_TORN, 0, err, "no newline at the end");
}

// --- All files ---

static bool tell_missing(struct verifier *v, uint32_t first, uint32_t last,
                         struct imp_err *err)
{
    char to[IMP_AUDIT_NAME_MAX];
    imp_audit_file_name(first, v->file);
    imp_audit_file_name(last, to);
    v->line = 0;
    return first == last
               ? tell(v, IMP_AUDIT_MISSING, 0, err, "the file is not there")
               : tell(v, IMP_AUDIT_MISSING, 0, err,
                      "it and all up to %s are not there", to);
}

static bool same_file(int a, int b)
{
    struct stat x, y;
    return a >= 0 && b >= 0 && fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

// The full files, up to the one that is `current`: a run may have filled it
// just now.
static bool check_full_files(struct verifier *v,
                             const struct imp_audit_files *files, int current,
                             struct imp_err *err)
{
    bool ok = true, all = false;
    uint32_t next = 1;
    for (size_t i = 0; ok && !all && i < files->n; i++) {
        if (files->number[i] != next)
            ok = tell_missing(v, next, files->number[i] - 1, err);
        next = files->number[i] + 1;
        imp_audit_file_name(files->number[i], v->file);
        int fd =
            ok ? imp_file_open_private(v->dir, v->file, O_RDONLY, err) : -1;
        if (ok && fd < 0)
            ok = imp_wrap(err, "%s", v->file);
        all = same_file(fd, current);
        ok = ok && (all || check_file(v, fd, err));
        if (fd >= 0)
            close(fd);
    }
    return ok;
}

static bool check_end(struct verifier *v, struct imp_err *err)
{
    if (v->looked_up)
        return true;
    snprintf(v->file, sizeof v->file, "%s", IMP_AUDIT_FILE);
    v->line = 0;
    if (v->seq < v->expect->seq)
        return tell(v, IMP_AUDIT_BEHIND, v->seq, err,
                    "the log ends with line %" PRIu64
                    ", the ledger knows of %" PRIu64,
                    v->seq, v->expect->seq);
    return tell(v, IMP_AUDIT_OTHER, v->expect->seq, err,
                "line %" PRIu64 ", which the ledger knows, is not there",
                v->expect->seq);
}

// `current` is -1 if a crash left none, or if somebody removed it.
static bool check_all(struct verifier *v, int current, struct imp_err *err)
{
    struct imp_audit_files files;
    if (!imp_audit_list(v->dir, &files, err))
        return false;
    bool ok =
        files.n > 0 || current >= 0 || !v->looked_up ||
        imp_fail(err, IMP_ERR_CONFIG, "there is none in the state directory");
    ok = ok && check_full_files(v, &files, current, err);
    imp_audit_files_clear(&files);
    if (ok && current >= 0) {
        snprintf(v->file, sizeof v->file, "%s", IMP_AUDIT_FILE);
        ok = check_file(v, current, err);
    }
    return ok && check_end(v, err);
}

bool imp_audit_verify_to(const struct imp_audit_reader *reader, int state_dir,
                         const struct imp_audit_mark *expect,
                         imp_audit_finding_fn fn, void *self,
                         struct imp_ctx *ctx, struct imp_audit_summary *out,
                         struct imp_err *err)
{
    struct verifier v = {
        .reader = reader,
        .dir = state_dir,
        .expect = expect,
        .fn = fn,
        .self = self,
        .ctx = ctx,
        .sum = out,
        .hasher = imp_sha256_new(err),
        .block = malloc(BLOCK),
        .looked_up = !expect || expect->seq == 0,
    };
    bool ok = false;
    *out = (struct imp_audit_summary){0};
    struct imp_err why = {0};
    int fd = imp_file_open_private(state_dir, IMP_AUDIT_FILE, O_RDONLY, &why);
    if (fd < 0 && errno != ENOENT)
        imp_fail(err, why.code, IMP_AUDIT_FILE ": %s", why.msg);
    else if (!v.block)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu bytes", BLOCK);
    else
        ok = v.hasher && check_all(&v, fd, err);
    if (fd >= 0)
        close(fd);
    free(v.block);
    imp_sha256_free(v.hasher);
    return ok || imp_wrap(err, "audit log");
}

bool imp_audit_verify(int state_dir, const struct imp_audit_mark *expect,
                      imp_audit_finding_fn fn, void *self, struct imp_ctx *ctx,
                      struct imp_audit_summary *out, struct imp_err *err)
{
    return imp_audit_verify_to(NULL, state_dir, expect, fn, self, ctx, out,
                               err);
}
