#include "source/entry.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void imp_named_clear(struct imp_named *named)
{
    if (named->given)
        close(named->dir);
    free(named->given);
    free(named->real);
    *named = (struct imp_named){0};
}

// The directory part of name[0..base): "" is the working directory.
static char *parent_of(const char *name, size_t base)
{
    if (base == 0)
        return strdup(".");
    return strndup(name, base);
}

// Resolve and open the directory `given`; takes it, also on failure.
static bool enter(struct imp_named *named, char *given, struct imp_err *err)
{
    imp_named_clear(named);
    char *real = realpath(given, NULL);
    int dir = real ? open(real, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dir < 0) {
        imp_fail_errno(err, "open the directory that holds it");
        free(real);
        free(given);
        return false;
    }
    *named = (struct imp_named){given, real, dir};
    return true;
}

static bool find_parent(struct imp_named *named, const char *name, size_t base,
                        struct imp_err *err)
{
    char *given = parent_of(name, base);
    if (!given)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a path");
    if (!named->given || strcmp(named->given, given) != 0)
        return enter(named, given, err);
    free(given);
    return true;
}

// Where the base name starts, and where it ends: "dir//" is "dir".
static size_t split(const char *name, size_t *end)
{
    size_t n = strlen(name);
    while (n > 1 && name[n - 1] == '/')
        n--;
    *end = n;
    while (n > 0 && name[n - 1] != '/')
        n--;
    return n;
}

// The entry's absolute path on the heap, or NULL without memory.
static char *join(const char *real, const char *base, size_t base_len,
                  size_t *root_len, size_t *len)
{
    *root_len = strcmp(real, "/") == 0 ? 0 : strlen(real);
    *len = *root_len + 1 + base_len;
    char *path = malloc(*len + 1);
    if (path)
        snprintf(path, *len + 1, "%.*s/%.*s", (int)*root_len, real,
                 (int)base_len, base);
    return path;
}

bool imp_named_tell(struct imp_named *named, const char *name, bool listed,
                    const char *subject, const struct imp_source_rules *rules,
                    const struct imp_source_sink *sink)
{
    struct imp_err err = {0};
    struct stat st;
    size_t end, root_len, len;
    size_t base = split(name, &end);
    if (!find_parent(named, name, base, &err))
        return sink->failed(sink->self, name, &err);
    char *path = join(named->real, name + base, end - base, &root_len, &len);
    if (!path) {
        imp_fail(&err, IMP_ERR_MEMORY, "no memory for a path");
        return sink->failed(sink->self, name, &err);
    }

    bool more;
    // AT_EMPTY_PATH: "/" has no base name.
    if (fstatat(named->dir, path + root_len + 1, &st,
                AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0) {
        imp_fail_errno(&err, "look at input");
        more = sink->failed(sink->self, path, &err);
    } else if (S_ISDIR(st.st_mode)) {
        more = sink->skipped(sink->self, path, IMP_SKIP_DIRECTORY);
    } else {
        struct imp_entry entry = {.path = path,
                                  .len = len,
                                  .root_len = root_len,
                                  .shown = name,
                                  .listed = listed,
                                  .subject = subject};
        more = imp_entry_tell(&entry, &st, rules, sink);
    }
    free(path);
    return more;
}
