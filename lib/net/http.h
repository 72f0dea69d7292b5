/* http.h - one HTTP exchange: the seam between the program and
 * lib/imgpipe/http.so, which has libcurl and its thirty libraries behind it.
 *
 * The shared object exports imp_http_get and nothing else. */
#ifndef IMP_NET_HTTP_H
#define IMP_NET_HTTP_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct imp_ctx;

/* Raised with every change of what is declared here. */
#define IMP_HTTP_VERSION 3

/* What is asked. All borrowed. */
struct imp_http_call {
    const char *method;         /* "HEAD", "GET", "PUT", "POST", "DELETE" */
    const char *url;            /* http or https; encoded */
    const char *const *headers; /* "Name: value", ended by a NULL */
    struct imp_span body;       /* of a PUT or POST */
    bool direct; /* past any proxy that the environment names: for what may not
                    leave this machine */
    void *self;
    /* Each field of the answer's header, in its order: the name in lower case,
     * the value without blanks around it. Fields longer than 1 kB are passed
     * over. */
    void (*on_header)(void *self, const char *name, const char *value);
    /* The answer's body, piece by piece. False, with `err`, ends the exchange.
     */
    bool (*on_body)(void *self, long status, const void *bytes, size_t n,
                    struct imp_err *err);
    /* All of it has come. False, with `err`, ends the connection, too: for an
     * answer that may be that to another question. NULL: any is good. */
    bool (*on_end)(void *self, long status, struct imp_err *err);
};

/* Connections that are open and idle, kept for the next exchange, but for those
 * on which the other side says anything before there is one: an answer too many
 * is never taken for the next one's, unless it comes when that has been sent
 * already. Any thread, several at once. */
struct imp_http;

struct imp_http_ops {
    unsigned version; /* stays first */

    /* `agent` is what we call ourselves: "imgpipe/1". Only if `secure` can
     * https be asked; the certificates are read then, which takes a while. NULL
     * with IMP_ERR_CONFIG or _MEMORY. */
    struct imp_http *(*new)(const char *agent, bool secure,
                            struct imp_err *err);

    /* Ask, and wait for the whole answer, whatever its `*status`. Redirects are
     * not followed; certificates are verified against the system's, of which
     * SSL_CERT_FILE names another file if it is set when `new` is called.
     * IMP_ERR_IO or _TIMEOUT if the connection failed or broke, or was slower
     * than pace.h has it: the server may have acted all the same, and it may be
     * asked again. IMP_ERR_CONFIG if asking again is no use: a certificate that
     * does not verify. IMP_ERR_CANCELLED within 50 ms after `ctx` ends, by
     * cancel or deadline, whatever the line does. (To resolve a name can take
     * longer: a thread goes on with that, and is gone when it is through. While
     * many of them hang, only one call a second tries; the others are an
     * IMP_ERR_TIMEOUT at once.) */
    bool (*call)(struct imp_http *http, const struct imp_http_call *call,
                 struct imp_ctx *ctx, long *status, struct imp_err *err);

    void (*free)(struct imp_http *http); /* NULL is fine */
};

/* Sets libcurl up on the first call; NULL with IMP_ERR_CONFIG if it fails. */
typedef const struct imp_http_ops *imp_http_get_fn(struct imp_err *err);
#define IMP_HTTP_SYMBOL "imp_http_get"

/* Load http.so; it stays loaded. NULL with IMP_ERR_CONFIG. */
const struct imp_http_ops *imp_http_load(struct imp_err *err);

#endif
