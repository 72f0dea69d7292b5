#include "source/entry.h"

#include "sync/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DEPTH 128

// One open directory; its path is the first `len` bytes of the walk's.
struct level {
    DIR *dir;
    size_t len;
};

struct walk {
    struct imp_ctx *ctx;
    const struct imp_source_rules *rules;
    const struct imp_source_sink *sink;
    struct imp_buf path; // of the entry looked at, with its NUL
    size_t root_len;
    int depth; // levels in use
    struct level level[MAX_DEPTH];
};

static const char *path_of(const struct walk *w)
{
    return (const char *)w->path.p;
}

// The path becomes that of `name` in the innermost directory, with room for a
// slash behind it.
static bool set_path(struct walk *w, const char *name, struct imp_err *err)
{
    w->path.n = w->level[w->depth - 1].len;
    return imp_buf_add(&w->path, "/", 1, err) &&
           imp_buf_add(&w->path, name, strlen(name) + 1, err) &&
           imp_buf_reserve(&w->path, w->path.n + 1, err);
}

static struct imp_entry entry_of(const struct walk *w)
{
    return (struct imp_entry){.path = path_of(w),
                              .len = w->path.n - 1,
                              .root_len = w->root_len,
                              .shown = path_of(w) + w->root_len + 1};
}

// Is all that is in the directory at the path left out by a pattern?
static bool is_kept_out(struct walk *w)
{
    size_t n = w->path.n;
    memcpy(w->path.p + n - 1, "/", 2);
    struct imp_entry entry = entry_of(w);
    bool out = imp_entry_kept_out(&entry, w->rules);
    w->path.p[n - 1] = '\0';
    return out;
}

static bool tell_failed(const struct walk *w, const struct imp_err *err)
{
    return w->sink->failed(w->sink->self, path_of(w), err);
}

static bool tell_errno(const struct walk *w, const char *what)
{
    struct imp_err err = {0};
    if (errno == ENOENT)
        return true; // gone before we looked: not an input
    if (errno == ENOTDIR || errno == ELOOP)
        imp_fail(&err, IMP_ERR_UNSETTLED, "replaced while it was looked at");
    else
        imp_fail_errno(&err, "%s", what);
    return tell_failed(w, &err);
}

// Open the directory at `path`, `len` bytes of the walk's, as the innermost
// level.
static bool push(struct walk *w, int parent, const char *name, int flags,
                 size_t len)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    if (fd < 0)
        return false;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int saved = errno;
        close(fd);
        errno = saved;
        return false;
    }
    w->level[w->depth++] = (struct level){dir, len};
    return true;
}

static void pop(struct walk *w)
{
    struct level *at = &w->level[--w->depth];
    closedir(at->dir);
    // The path is the directory's own again; the NUL takes the slash's place.
    w->path.p[at->len] = '\0';
    w->path.n = at->len + 1;
}

static bool enter(struct walk *w, const char *name)
{
    if (name[0] == '.' || is_kept_out(w))
        return true;
    if (w->depth == MAX_DEPTH) {
        struct imp_err err = {0};
        imp_fail(&err, IMP_ERR_LIMIT, "directory below %d others", MAX_DEPTH);
        return tell_failed(w, &err);
    }
    int parent = dirfd(w->level[w->depth - 1].dir);
    if (!push(w, parent, name, O_NOFOLLOW, w->path.n - 1))
        return tell_errno(w, "open directory");
    return true;
}

// False if the sink wants no more.
static bool one_entry(struct walk *w, const struct dirent *d)
{
    struct imp_err err = {0};
    struct stat st;
    int dir = dirfd(w->level[w->depth - 1].dir);

    if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
        return true;
    if (!set_path(w, d->d_name, &err)) {
        w->path.p[w->level[w->depth - 1].len] = '\0';
        return tell_failed(w, &err);
    }
    if (d->d_type == DT_DIR)
        return enter(w, d->d_name);
    if (fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return tell_errno(w, "look at input");
    if (S_ISDIR(st.st_mode)) // not every file system fills in d_type
        return enter(w, d->d_name);
    struct imp_entry entry = entry_of(w);
    return imp_entry_tell(&entry, &st, w->rules, w->sink);
}

// False at the innermost directory's end, or if it cannot be read on.
static bool next_entry(struct walk *w, const struct dirent **d, bool *more)
{
    errno = 0;
    *d = readdir(w->level[w->depth - 1].dir);
    if (*d)
        return true;
    int saved = errno;
    pop(w);
    errno = saved;
    if (saved)
        *more = tell_errno(w, "read directory");
    return false;
}

static bool walk_tree(struct walk *w, const char *root, struct imp_err *err)
{
    w->root_len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (!imp_buf_reserve(&w->path, PATH_MAX, err) ||
        !imp_buf_add(&w->path, root, w->root_len, err))
        return false;
    if (!push(w, AT_FDCWD, root, 0, w->root_len))
        return imp_fail_errno(err, "open directory");
    bool more = true;
    while (more && w->depth > 0 && !imp_ctx_cancelled(w->ctx)) {
        const struct dirent *d;
        if (next_entry(w, &d, &more))
            more = one_entry(w, d);
    }
    while (w->depth > 0)
        pop(w);
    return true;
}

bool imp_source_path(struct imp_ctx *ctx, const char *path,
                     const struct imp_source_rules *rules,
                     const struct imp_source_sink *sink, struct imp_err *err)
{
    struct stat st;
    struct imp_named file = {0};
    struct walk w = {.ctx = ctx, .rules = rules, .sink = sink};
    bool ok = false;

    char *root = realpath(path, NULL);
    if (!root || stat(root, &st) != 0) {
        imp_fail_errno(err, "look at input");
    } else if (S_ISDIR(st.st_mode)) {
        ok = walk_tree(&w, root, err);
    } else {
        if (!imp_ctx_cancelled(ctx))
            imp_named_tell(&file, path, false, NULL, rules, sink);
        ok = true;
    }
    imp_named_clear(&file);
    imp_buf_clear(&w.path);
    free(root);
    return ok;
}
