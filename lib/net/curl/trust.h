/* trust.h - the certificates that are trusted, read once.
 *
 * libcurl reads them for each connection anew, unless they come from one file
 * alone, and the system's take 80 ms: longer than a look-up may hold on to its
 * context, and as long as many an upload. Inside of http.so. */
#ifndef IMP_NET_CURL_TRUST_H
#define IMP_NET_CURL_TRUST_H

#include "base/err.h"

struct imp_trust; /* opaque; read-only */

/* Those in `file` and in the directory `dir`, as libcurl's CURLOPT_CAINFO and
 * CURLOPT_CAPATH; either may be NULL. NULL with IMP_ERR_CONFIG or _MEMORY. */
struct imp_trust *imp_trust_new(const char *file, const char *dir,
                                struct imp_err *err);
void imp_trust_free(struct imp_trust *trust); /* NULL is fine */

/* Put them in the place of those of `ssl_ctx`, an SSL_CTX, which keeps them
 * alive. Any thread. */
void imp_trust_give(struct imp_trust *trust, void *ssl_ctx);

#endif
