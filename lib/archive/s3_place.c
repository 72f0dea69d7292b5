#include "archive/s3_place.h"

#include "base/name.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 253 // RFC 1035 2.3.4, as text

// Whatever the locale says.
static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

// Letters, digits and what else is in `more`; never empty.
static bool made_of(const char *s, size_t n, const char *more)
{
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(s[i]) && !strchr(more, s[i]))
            return false;
    return n > 0;
}

// --- Bucket and prefix ---

// "Bucket naming rules", Amazon S3 user guide.
static bool check_bucket(const char *name, size_t n, struct imp_err *err)
{
    bool ok = n >= 3 && n <= 63 && made_of(name, n, "-.") &&
              is_alnum(name[0]) && is_alnum(name[n - 1]);
    for (size_t i = 0; ok && i < n; i++)
        ok = !(name[i] >= 'A' && name[i] <= 'Z') &&
             (name[i] != '.' || name[i + 1] != '.');
    return ok || imp_fail(err, IMP_ERR_CONFIG,
                          "bucket name of %zu bytes: want 3 to 63 lower-case "
                          "letters, digits, hyphens and dots",
                          n);
}

// "a/b" and "a/b/" are one prefix. It becomes a directory of whoever downloads
// it, and is held to what object names are.
static char *prefix_of(const char *text, struct imp_err *err)
{
    size_t n = strlen(text);
    if (n > 0 && text[n - 1] == '/')
        n--;
    char *prefix = malloc(n + 2);
    if (!prefix) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a prefix");
        return NULL;
    }
    memcpy(prefix, text, n);
    prefix[n] = '\0';
    if (n > 0 && !imp_name_check(prefix, err)) {
        imp_wrap(err, "prefix");
        free(prefix);
        return NULL;
    }
    strcpy(prefix + n, n > 0 ? "/" : "");
    return prefix;
}

// --- The endpoint ---

struct endpoint {
    const char *scheme;       // "http" or "https"
    char host[HOST_MAX + 32]; // with the port, if it is none of the scheme's
    bool is_address;
};

static bool bad_endpoint(struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_CONFIG,
                    "endpoint: want https://HOST or https://HOST:PORT, "
                    "without a path, user or query");
}

// A port of decimal digits behind the colon, or none.
static bool parse_port(const char *text, unsigned *port)
{
    size_t n = strlen(text);
    *port = 0;
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)text[i]) || i >= 5)
            return false;
        else
            *port = *port * 10 + (unsigned)(text[i] - '0');
    return n > 0 && *port > 0 && *port <= 65535;
}

static bool parse_endpoint(const char *url, struct endpoint *out,
                           struct imp_err *err)
{
    unsigned port = 0, usual;
    bool secure = strncasecmp(url, "https://", 8) == 0;
    if (!secure && strncasecmp(url, "http://", 7) != 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "endpoint: want https:// (or http://, which hides "
                        "nothing) before the host");
    out->scheme = secure ? "https" : "http";
    usual = secure ? 443 : 80;
    const char *host = url + (secure ? 8 : 7);
    char text[HOST_MAX + 16];
    size_t n = strlen(host);
    n -= n > 0 && host[n - 1] == '/';
    if (n == 0 || n >= sizeof text)
        return bad_endpoint(err);
    for (size_t i = 0; i <= n; i++)
        text[i] = (char)(i < n ? tolower((unsigned char)host[i]) : '\0');

    char *end = text[0] == '[' ? strchr(text, ']') : text;
    char *colon = end ? strchr(end, ':') : NULL;
    if (colon && !parse_port(colon + 1, &port))
        return bad_endpoint(err);
    if (colon)
        *colon = '\0';
    n = strlen(text);
    bool six = text[0] == '[' && n > 2 && text[n - 1] == ']' &&
               made_of(text + 1, n - 2, ":.");
    if (n > HOST_MAX || (!six && !made_of(text, n, "-.")))
        return bad_endpoint(err);
    out->is_address = six || strspn(text, "0123456789.") == n;
    if (port && port != usual)
        snprintf(out->host, sizeof out->host, "%s:%u", text, port);
    else
        snprintf(out->host, sizeof out->host, "%s", text);
    return true;
}

static bool find_endpoint(const struct imp_s3_access *access,
                          const char *region, struct endpoint *out,
                          struct imp_err *err)
{
    char url[200];
    if (access->endpoint)
        return parse_endpoint(access->endpoint, out, err);
    snprintf(url, sizeof url, "https://s3.%s.amazonaws.com", region);
    return parse_endpoint(url, out, err);
}

// --- Both ---

IMP_PRINTF(2, 3)
static bool print(char **out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(out, fmt, args);
    va_end(args);
    if (n < 0)
        *out = NULL;
    return n >= 0;
}

// A bucket in the host's name needs a name to stand before, and a certificate
// that has a wild card for one label only.
static bool check_style(const struct endpoint *at, const char *bucket, size_t n,
                        struct imp_err *err)
{
    if (at->is_address)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the endpoint is an address: want --s3-path-style");
    if (strcmp(at->scheme, "https") == 0 && memchr(bucket, '.', n))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "a bucket name with a dot is in no certificate: want "
                        "--s3-path-style");
    return true;
}

bool imp_s3_place_init(struct imp_s3_place *out, const char *where,
                       const struct imp_s3_access *access, struct imp_err *err)
{
    const char *region = access->region ? access->region : "us-east-1";
    struct endpoint at;
    *out = (struct imp_s3_place){0};
    if (strncmp(where, "//", 2) != 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "want s3://BUCKET or s3://BUCKET/PREFIX");
    const char *bucket = where + 2;
    size_t n = strcspn(bucket, "/");
    if (!check_bucket(bucket, n, err))
        return false;
    if (!made_of(region, strlen(region), "-") || strlen(region) > 63)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "region: want a name such as eu-central-1");
    if (!find_endpoint(access, region, &at, err) ||
        (!access->path_style && !check_style(&at, bucket, n, err)))
        return false;

    out->prefix = prefix_of(bucket + n + (bucket[n] == '/'), err);
    if (!out->prefix)
        return false;
    int len = (int)n;
    bool in_path = access->path_style;
    if (print(&out->bucket, "%.*s", len, bucket) &&
        print(&out->region, "%s", region) &&
        print(&out->store, "%s", at.host) &&
        print(&out->host, "%.*s%s%s", in_path ? 0 : len, bucket,
              in_path ? "" : ".", at.host) &&
        print(&out->path, "%s%.*s", in_path ? "/" : "", in_path ? len : 0,
              bucket) &&
        print(&out->root, "%s://%s", at.scheme, out->host))
        return true;
    imp_s3_place_clear(out);
    return imp_fail(err, IMP_ERR_MEMORY, "no memory for a URL");
}

void imp_s3_place_clear(struct imp_s3_place *place)
{
    free(place->root);
    free(place->host);
    free(place->path);
    free(place->bucket);
    free(place->prefix);
    free(place->region);
    free(place->store);
    *place = (struct imp_s3_place){0};
}
