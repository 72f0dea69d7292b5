#include "net/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 253 // RFC 1035 2.3.4, as text

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define HEX DIGITS "ABCDEFabcdef"
#define UNRESERVED LETTERS DIGITS "-._~"

bool imp_url_encode(struct imp_span text, const char *more, struct imp_buf *out,
                    struct imp_err *err)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool plain = c && (strchr(UNRESERVED, c) || strchr(more, c));
        char code[3] = {'%', digits[c >> 4], digits[c & 15]};
        if (!imp_buf_add(out, plain ? (const char *)&text.p[i] : code,
                         plain ? 1 : 3, err))
            return false;
    }
    return true;
}

// --- What a URL may be ---

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcasecmp(host, "localhost") == 0;
}

// The host, and how many bytes of `text` it takes; 0 if there is none.
static size_t read_host(const char *text, char host[HOST_MAX + 1])
{
    bool in_brackets = *text == '[';
    const char *start = text + in_brackets;
    size_t n = strspn(start, in_brackets ? HEX ":." : LETTERS DIGITS "-._");
    if (n == 0 || n > HOST_MAX || (in_brackets && start[n] != ']'))
        return 0;
    memcpy(host, start, n);
    host[n] = '\0';
    return in_brackets ? n + 2 : n;
}

// ":PORT", of 1 to 65535, or nothing: how many bytes. -1 if it is neither.
static int read_port(const char *text)
{
    unsigned port = 0;
    if (*text != ':')
        return 0;
    size_t n = strspn(text + 1, DIGITS);
    for (size_t i = 0; i < n && i < 6; i++)
        port = port * 10 + (unsigned)(text[1 + i] - '0');
    return n > 0 && n < 6 && port > 0 && port <= 65535 ? (int)n + 1 : -1;
}

// RFC 3986 3.3 and 3.4.
static bool check_rest(const char *text, struct imp_err *err)
{
    static const char allowed[] = UNRESERVED "!$&'()*+,;=:@/?";
    for (; *text; text++) {
        if (*text == '#')
            return imp_fail(err, IMP_ERR_CONFIG,
                            "URL: a fragment (#) is never sent; a '#' in the "
                            "path or query is written %%23");
        if (*text == '%' && strspn(text + 1, HEX) < 2)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "URL: want two hexadecimal digits behind a '%%'");
        if (*text != '%' && !strchr(allowed, *text))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "URL: a character that must be written %%XX");
    }
    return true;
}

bool imp_url_check(const char *text, struct imp_url *url, struct imp_err *err)
{
    char host[HOST_MAX + 1];
    *url = (struct imp_url){.secure = strncmp(text, "https://", 8) == 0};
    if (!url->secure && strncmp(text, "http://", 7) != 0)
        return imp_fail(err, IMP_ERR_CONFIG, "URL: want http:// or https://");
    size_t at = url->secure ? 8 : 7;
    if (memchr(text + at, '@', strcspn(text + at, "/?#")))
        return imp_fail(
            err, IMP_ERR_CONFIG,
            "URL: want no user or password in it: a token belongs in a "
            "file of its own");
    size_t n = read_host(text + at, host);
    int port = n > 0 ? read_port(text + at + n) : -1;
    if (port < 0 || !strchr("/?", text[at + n + (size_t)port]))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "URL: want HOST or HOST:PORT behind the //");
    url->path = at + n + (size_t)port;
    url->local = is_loopback(host);
    return check_rest(text + url->path, err);
}
