#include "pipeline/quarantine.h"

#include "base/file.h"
#include "base/json.h"
#include "base/place.h"
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_DIGITS 16

struct imp_quarantine {
    int dir;
};

// KEY and KEY.json.
struct names {
    char copy[KEY_DIGITS + 1];
    char reason[KEY_DIGITS + sizeof ".json"];
};

struct imp_quarantine *imp_quarantine_open(const char *dir, struct imp_err *err)
{
    struct imp_quarantine *q = calloc(1, sizeof *q);
    if (!q) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a quarantine");
        return NULL;
    }
    q->dir =
        imp_dir_make_private(dir, err) ? imp_dir_open_private(dir, err) : -1;
    if (q->dir >= 0 && imp_temp_sweep(q->dir, err))
        return q;
    imp_wrap(err, "quarantine");
    imp_quarantine_free(q);
    return NULL;
}

void imp_quarantine_free(struct imp_quarantine *q)
{
    if (!q)
        return;
    if (q->dir >= 0)
        close(q->dir);
    free(q);
}

static bool names_of(const char *path, const struct imp_stamp *stamp,
                     struct names *out, struct imp_err *err)
{
    struct imp_digest digest;
    char hex[IMP_SHA256_HEX], text[80];
    struct imp_sha256 *sha = imp_sha256_new(err);
    if (!sha)
        return false;
    int n = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %" PRId64,
                     stamp->size, stamp->inode, stamp->mtime_ns);
    imp_sha256_start(sha);
    imp_sha256_add(sha, path, strlen(path) + 1);
    imp_sha256_add(sha, text, (size_t)n);
    digest = imp_sha256_end(sha);
    imp_sha256_free(sha);
    imp_digest_hex(&digest, hex);
    snprintf(out->copy, sizeof out->copy, "%.*s", KEY_DIGITS, hex);
    snprintf(out->reason, sizeof out->reason, "%.*s.json", KEY_DIGITS, hex);
    return true;
}

// --- Two files on their way to their names ---

struct temp {
    int fd; // -1: none
    char name[IMP_TEMP_NAME];
};

static void temp_clear(struct imp_quarantine *q, struct temp *t)
{
    if (t->fd < 0)
        return;
    unlinkat(q->dir, t->name, 0); // if it still has that name
    close(t->fd);
}

static bool copy_all(int from, int to, struct imp_err *err)
{
    struct stat st, now;
    uint64_t copied;
    if (fstat(from, &st) != 0)
        return imp_fail_errno(err, "look at the input");
    if (!imp_file_copy(from, to, (uint64_t)st.st_size, &copied, err))
        return false;
    if (fstat(from, &now) != 0)
        return imp_fail_errno(err, "look at the input");
    struct imp_stamp a = imp_stamp_of(&st), b = imp_stamp_of(&now);
    if (copied != a.size || !imp_stamp_untouched(&a, &b))
        return imp_fail(err, IMP_ERR_UNSETTLED,
                        "the input changed while it was copied");
    return imp_file_sync(to, err);
}

static bool make_copy(struct imp_quarantine *q, const struct imp_job *job,
                      struct temp *t, struct imp_err *err)
{
    int from = imp_job_open(job, err);
    if (from < 0)
        return false;
    t->fd = imp_temp_open(q->dir, t->name, err);
    bool ok = t->fd >= 0 && copy_all(from, t->fd, err);
    close(from);
    return ok;
}

static bool make_reason(struct imp_quarantine *q, struct imp_span text,
                        struct temp *t, struct imp_err *err)
{
    t->fd = imp_temp_open(q->dir, t->name, err);
    return t->fd >= 0 && imp_file_write(t->fd, text.p, text.n, err) &&
           imp_file_sync(t->fd, err);
}

static bool give_name(struct imp_quarantine *q, const struct temp *t,
                      const char *name, struct imp_err *err)
{
    return renameat(q->dir, t->name, q->dir, name) == 0 ||
           imp_fail_errno(err, "name what is quarantined");
}

static bool remove_file(struct imp_quarantine *q, const char *name,
                        struct imp_err *err)
{
    return unlinkat(q->dir, name, 0) == 0 || errno == ENOENT ||
           imp_fail_errno(err, "remove what was quarantined");
}

// --- The reason ---

static bool add_text(struct imp_buf *b, const char *name, const char *value,
                     struct imp_err *err)
{
    return imp_buf_add(b, name, strlen(name), err) &&
           (value ? imp_json_add(b, value, err)
                  : imp_buf_add(b, "null", 4, err));
}

static bool add_number(struct imp_buf *b, const char *name, bool known,
                       uint64_t value, struct imp_err *err)
{
    char text[24] = "null";
    if (known)
        snprintf(text, sizeof text, "%" PRIu64, value);
    return imp_buf_add(b, name, strlen(name), err) &&
           imp_buf_add(b, text, strlen(text), err);
}

static bool reason_of(const struct imp_job *job, const struct imp_err *why,
                      const char *format, struct imp_buf *b,
                      struct imp_err *err)
{
    char when[sizeof "2026-11-25T16:50:38Z"];
    time_t now = time(NULL);
    struct tm tm;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    return add_text(b, "{\"path\":", job->path, err) &&
           add_text(b, ",\"code\":", imp_code_name(why->code), err) &&
           add_text(b, ",\"reason\":", why->msg, err) &&
           add_number(b, ",\"offset\":", why->has_at, why->at, err) &&
           add_text(b, ",\"format\":", format, err) &&
           add_number(b, ",\"size\":", job->stamp.inode != 0, job->stamp.size,
                      err) &&
           add_text(b, ",\"when\":", when, err) &&
           imp_buf_add(b, "}\n", 2, err);
}

// --- The whole ---

// The reason is the first to have its name and the last to lose it: without it
// there is no copy.
bool imp_quarantine_put(struct imp_quarantine *q, const struct imp_job *job,
                        const struct imp_err *why, const char *format,
                        struct imp_err *err)
{
    struct names names;
    struct imp_buf text = {0};
    struct temp reason = {.fd = -1}, copy = {.fd = -1};
    bool has_copy = job->stamp.inode != 0;
    bool ok = names_of(job->path, &job->stamp, &names, err) &&
              reason_of(job, why, format, &text, err) &&
              make_reason(q, imp_buf_span(&text), &reason, err) &&
              (!has_copy || make_copy(q, job, &copy, err)) &&
              give_name(q, &reason, names.reason, err) &&
              (!has_copy || give_name(q, &copy, names.copy, err)) &&
              imp_file_sync(q->dir, err);
    temp_clear(q, &copy);
    temp_clear(q, &reason);
    imp_buf_clear(&text);
    return ok || imp_wrap(err, "quarantine");
}

bool imp_quarantine_drop(struct imp_quarantine *q, const char *path,
                         const struct imp_stamp *stamp, struct imp_err *err)
{
    struct names names;
    if (!names_of(path, stamp, &names, err))
        return imp_wrap(err, "quarantine");
    if (faccessat(q->dir, names.reason, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
        errno == ENOENT)
        return true;
    return (remove_file(q, names.copy, err) &&
            remove_file(q, names.reason, err) && imp_file_sync(q->dir, err)) ||
           imp_wrap(err, "quarantine");
}
