#include "net/http.h"

#include "base/plugin.h"

#include <string.h>

const struct imp_http_ops *imp_http_load(struct imp_err *err)
{
    void *symbol = imp_plugin_load("http.so", IMP_HTTP_SYMBOL, err);
    if (!symbol) {
        imp_wrap(err, "HTTP library");
        return NULL;
    }
    // POSIX promises that this works, ISO C does not know of it.
    imp_http_get_fn *get;
    memcpy(&get, &symbol, sizeof get);
    const struct imp_http_ops *http = get(err);
    if (http && http->version != IMP_HTTP_VERSION) {
        imp_fail(err, IMP_ERR_CONFIG,
                 "HTTP library: version %u, want %u: installed in parts?",
                 http->version, IMP_HTTP_VERSION);
        return NULL;
    }
    return http;
}
