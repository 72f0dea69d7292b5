/* url.h - what a URL is made of. Any thread. */
#ifndef IMP_NET_URL_H
#define IMP_NET_URL_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

/* Append `text` with all but RFC 3986's unreserved characters and those in
 * `more` percent-encoded. No NUL. */
bool imp_url_encode(struct imp_span text, const char *more, struct imp_buf *out,
                    struct imp_err *err);

/* A URL that has been checked. Offsets into its text. */
struct imp_url {
    bool secure; /* https, not http */
    bool local;  /* its host is this machine itself: localhost, 127.0.0.0/8 or
                    [::1] */
    size_t path; /* behind host and port: '/', '?' or the end */
};

/* "http://HOST", ":PORT" or not, then nothing, or a path or query of the
 * characters that RFC 3986 has there. No user info, no fragment. The host is a
 * name or an address of ASCII; what another reader might take for another host
 * is refused. IMP_ERR_CONFIG, with nothing of the URL in the message. */
bool imp_url_check(const char *text, struct imp_url *url, struct imp_err *err);

#endif
