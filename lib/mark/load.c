#include "base/plugin.h"
#include "mark/pixels.h"

#include <string.h>

const struct imp_pixels *imp_pixels_load(struct imp_err *err)
{
    void *symbol = imp_plugin_load("pixels.so", IMP_PIXELS_SYMBOL, err);
    if (!symbol) {
        imp_wrap(err, "pixel library");
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
