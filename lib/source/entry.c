#include "source/entry.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <time.h>

// A change time further ahead than this is not a clock that runs fast.
#define MAX_SKEW_MS (INT64_C(60) * 60 * 1000)

const char *imp_skip_name(enum imp_skip skip)
{
    switch (skip) {
    case IMP_SKIP_NONE:
        return "none";
    case IMP_SKIP_UNSETTLED:
        return "unsettled";
    case IMP_SKIP_DOT:
        return "dot file";
    case IMP_SKIP_PARTIAL:
        return "partial upload";
    case IMP_SKIP_EXCLUDED:
        return "excluded";
    case IMP_SKIP_DIRECTORY:
        return "directory";
    }
    return "unknown";
}

// What browsers, SFTP clients, rsync --suffix, download tools and editors put
// behind the name of a file that is not complete.
static const char *const partial[] = {
    ".part",     ".partial", ".filepart", ".crdownload", ".opdownload",
    ".download", ".upload",  ".tmp",      ".swp",        "~",
};

static bool is_partial(const char *base)
{
    size_t len = strlen(base);
    for (size_t i = 0; i < sizeof partial / sizeof *partial; i++) {
        size_t n = strlen(partial[i]);
        if (len >= n && strcasecmp(base + len - n, partial[i]) == 0)
            return true;
    }
    return false;
}

static const char *base_of(const struct imp_entry *entry)
{
    return (const char *)memrchr(entry->path, '/', entry->len) + 1;
}

// 0 or FNM_NOMATCH, or something else if it could not be told.
static int match(const char *glob, const struct imp_entry *entry)
{
    const char *text = strchr(glob, '/') ? entry->shown : base_of(entry);
    return fnmatch(glob, text, 0);
}

static bool is_excluded(const struct imp_entry *entry,
                        const struct imp_source_rules *rules)
{
    // In doubt it is left out.
    for (const char *const *g = rules->exclude; g && *g; g++)
        if (match(*g, entry) != FNM_NOMATCH)
            return true;
    for (const char *const *g = rules->include; g && *g; g++)
        if (match(*g, entry) == 0)
            return false;
    return rules->include && *rules->include;
}

bool imp_entry_kept_out(const struct imp_entry *entry,
                        const struct imp_source_rules *rules)
{
    for (const char *const *g = rules->exclude; g && *g; g++)
        if (strchr(*g, '/') && match(*g, entry) != FNM_NOMATCH)
            return true;
    return false;
}

static enum imp_skip skip_by_name(const struct imp_entry *entry,
                                  const struct imp_source_rules *rules)
{
    const char *base = base_of(entry);
    if (base[0] == '.')
        return IMP_SKIP_DOT;
    if (is_partial(base))
        return IMP_SKIP_PARTIAL;
    if (is_excluded(entry, rules))
        return IMP_SKIP_EXCLUDED;
    return IMP_SKIP_NONE;
}

bool imp_entry_settled(int64_t now_ms, int64_t ctime_ms, int64_t settle_ms)
{
    if (settle_ms <= 0)
        return true;
    int64_t age = now_ms - ctime_ms;
    if (age < 0)
        return -age > (settle_ms > MAX_SKEW_MS ? settle_ms : MAX_SKEW_MS);
    return age >= settle_ms;
}

static int64_t to_ms(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_settled(const struct stat *st, int64_t settle_ms)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return imp_entry_settled(to_ms(now), to_ms(st->st_ctim), settle_ms);
}

static const char *kind_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return "symbolic link";
    case S_IFIFO:
        return "FIFO";
    case S_IFSOCK:
        return "socket";
    case S_IFCHR:
        return "character device";
    case S_IFBLK:
        return "block device";
    case S_IFDIR:
        return "directory";
    }
    return "unknown kind of file";
}

static struct imp_job *job_of(const struct imp_entry *entry,
                              const struct stat *st)
{
    struct imp_stamp stamp = imp_stamp_of(st);
    struct imp_job *job =
        imp_job_new(entry->path, entry->len, entry->root_len, &stamp);
    if (job && entry->listed)
        job->listed = strdup(entry->shown);
    if (job && entry->subject)
        job->subject = strdup(entry->subject);
    if (job && (!entry->listed || job->listed) &&
        (!entry->subject || job->subject))
        return job;
    imp_job_free(job);
    return NULL;
}

bool imp_entry_tell(const struct imp_entry *entry, const struct stat *st,
                    const struct imp_source_rules *rules,
                    const struct imp_source_sink *sink)
{
    struct imp_err err = {0};
    enum imp_skip why = skip_by_name(entry, rules);
    if (why)
        return sink->skipped(sink->self, entry->path, why);
    if (!S_ISREG(st->st_mode)) {
        imp_fail(&err, IMP_ERR_UNSUPPORTED, "%s: want a regular file",
                 kind_name(st->st_mode));
        return sink->failed(sink->self, entry->path, &err);
    }
    if (!is_settled(st, rules->settle_ms))
        return sink->skipped(sink->self, entry->path, IMP_SKIP_UNSETTLED);

    struct imp_job *job = job_of(entry, st);
    if (!job) {
        imp_fail(&err, IMP_ERR_MEMORY, "no memory for a job");
        return sink->failed(sink->self, entry->path, &err);
    }
    return sink->found(sink->self, job);
}
