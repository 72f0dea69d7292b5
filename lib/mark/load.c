#include "mark/pixels.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BESIDE "/../lib/imgpipe/pixels.so"

// In the build tree as in an installation, it lies beside bin/. No search path
// and no environment variable has a say in what is loaded.
static bool find_library(char path[PATH_MAX], struct imp_err *err)
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n < 0)
        return imp_fail_errno(err, "pixel library: cannot find the program");
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) + sizeof BESIDE > PATH_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "pixel library: the program's path is too long");
    memcpy(slash, BESIDE, sizeof BESIDE);
    return true;
}

const struct imp_pixels *imp_pixels_load(struct imp_err *err)
{
    char path[PATH_MAX];
    if (!find_library(path, err))
        return NULL;
    // Never closed: GLib's types cannot be unloaded.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, IMP_PIXELS_SYMBOL) : NULL;
    if (!symbol) {
        imp_fail(err, IMP_ERR_CONFIG, "pixel library: %s", dlerror());
        return NULL;
    }
    // POSIX promises that this works, ISO C does not know of it.
    imp_pixels_get_fn *get;
    memcpy(&get, &symbol, sizeof get);
    const struct imp_pixels *pixels = get(err);
    if (pixels && pixels->version != IMP_PIXELS_VERSION) {
        imp_fail(err, IMP_ERR_CONFIG,
                 "pixel library: version %u, want %u: installed in parts?",
                 pixels->version, IMP_PIXELS_VERSION);
        return NULL;
    }
    return pixels;
}
