#include "base/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// In the build tree as in an installation, it lies beside bin/.
static bool find(const char *file, char path[PATH_MAX], struct imp_err *err)
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n < 0)
        return imp_fail_errno(err, "%s: cannot find the program", file);
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    size_t room = slash ? PATH_MAX - (size_t)(slash - path) : 0;
    if (!slash ||
        (size_t)snprintf(slash, room, "/../lib/imgpipe/%s", file) >= room)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "%s: the program's path is too long", file);
    return true;
}

void *imp_plugin_load(const char *file, const char *symbol, struct imp_err *err)
{
    char path[PATH_MAX];
    if (!find(file, path, err))
        return NULL;
    // Never closed: GLib's types cannot be unloaded.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *address = library ? dlsym(library, symbol) : NULL;
    if (!address)
        imp_fail(err, IMP_ERR_CONFIG, "%s: %s", file, dlerror());
    return address;
}
