#include "archive/manifest.h"

#include <string.h>

#define PAYLOAD "data/"
#define HEX_LEN (IMP_SHA256_HEX - 1)

size_t imp_manifest_line(char line[IMP_MANIFEST_LINE_MAX], const char *name,
                         const struct imp_digest *digest)
{
    static const char digits[] = "0123456789ABCDEF";
    imp_digest_hex(digest, line);
    char *p = line + HEX_LEN;
    p = stpcpy(p, "  " PAYLOAD);
    // RFC 8493 2.1.3: CR, LF and the percent sign itself are percent-encoded.
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (c == '\r' || c == '\n' || c == '%') {
            *p++ = '%';
            *p++ = digits[c >> 4];
            *p++ = digits[c & 15];
        } else {
            *p++ = (char)c;
        }
    }
    *p++ = '\n';
    *p = '\0';
    return (size_t)(p - line);
}

// Undo the percent-encoding of the three bytes that have one.
static char decode(const char **at)
{
    static const struct {
        char text[4];
        char c;
    } encoded[] = {{"%0D", '\r'}, {"%0A", '\n'}, {"%25", '%'}};
    for (size_t i = 0; i < sizeof encoded / sizeof *encoded; i++)
        if (strncasecmp(*at, encoded[i].text, 3) == 0) {
            *at += 3;
            return encoded[i].c;
        }
    return *(*at)++;
}

bool imp_manifest_parse(const char *line, char name[IMP_NAME_MAX],
                        struct imp_digest *digest, struct imp_err *err)
{
    size_t len = strcspn(line, "\r\n");
    const char *p = line + HEX_LEN, *end = line + len;
    if (len <= HEX_LEN || !imp_digest_parse(line, HEX_LEN, digest))
        return imp_fail(err, IMP_ERR_IO,
                        "manifest line does not begin with a SHA-256");
    size_t blank = strspn(p, " \t");
    p += blank;
    if (blank == 0 || strncmp(p, PAYLOAD, strlen(PAYLOAD)) != 0)
        return imp_fail(err, IMP_ERR_IO, "manifest line has no " PAYLOAD);
    p += strlen(PAYLOAD);

    size_t n = 0;
    while (p < end && n < IMP_NAME_MAX - 1)
        name[n++] = decode(&p);
    name[n] = '\0';
    if (p < end)
        return imp_fail(err, IMP_ERR_IO, "manifest line: name too long");
    if (imp_name_check(name, NULL))
        return true;
    return imp_fail(err, IMP_ERR_IO, "manifest line: not a name of ours");
}
