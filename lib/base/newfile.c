#include "base/newfile.h"

#include "base/file.h"
#include "base/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct imp_newfile {
    int dir, fd; // -1: not open
    char *name;  // in the directory
    char tmp[IMP_TEMP_NAME];
    bool made; // something is at `tmp`
};

struct imp_newfile *imp_newfile_open(const char *path, struct imp_err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct imp_newfile *f = calloc(1, sizeof *f);
    if (!f || !(f->name = strdup(name))) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a file");
        free(f);
        return NULL;
    }
    f->dir = f->fd = -1;
    if (!*name)
        imp_fail(err, IMP_ERR_CONFIG, "want a file, have a directory");
    else if (imp_dir_open_above(AT_FDCWD, path, &f->dir, err))
        f->fd = imp_temp_open(f->dir, f->tmp, err);
    f->made = f->fd >= 0;
    if (f->made)
        return f;
    imp_newfile_free(f);
    return NULL;
}

int imp_newfile_fd(const struct imp_newfile *f)
{
    return f->fd;
}

bool imp_newfile_commit(struct imp_newfile *f, struct imp_err *err)
{
    if (!imp_file_sync(f->fd, err))
        return false;
    if (imp_file_rename_new(f->dir, f->tmp, f->dir, f->name) != 0)
        return errno == EEXIST
                   ? imp_fail(err, IMP_ERR_CONFIG,
                              "something is there already, and nothing is "
                              "overwritten")
                   : imp_fail_errno(err, "rename");
    f->made = false;
    return imp_file_sync(f->dir, err);
}

void imp_newfile_free(struct imp_newfile *f)
{
    if (!f)
        return;
    if (f->made)
        unlinkat(f->dir, f->tmp, 0);
    if (f->fd >= 0)
        close(f->fd);
    if (f->dir >= 0)
        close(f->dir);
    free(f->name);
    free(f);
}
