#include "base/json.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

// May it stand in a string as it is, without a look at what follows?
static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

size_t imp_json_next(const char **text, char piece[IMP_JSON_PIECE])
{
    const char *c = *text;
    size_t n = imp_utf8_length(c);
    if (*c == '\0')
        return 0;
    *text += n ? n : 1;
    if (n == 0) {
        memcpy(piece, "\xEF\xBF\xBD", 4); // U+FFFD
        return 3;
    }
    if (n > 1 || is_plain(*c)) {
        memcpy(piece, c, n);
        piece[n] = '\0';
        return n;
    }
    if (*c == '"' || *c == '\\')
        return (size_t)snprintf(piece, IMP_JSON_PIECE, "\\%c", *c);
    return (size_t)snprintf(piece, IMP_JSON_PIECE, "\\u%04x",
                            (unsigned char)*c);
}

static bool add_all(struct imp_buf *out, const char *text, struct imp_err *err)
{
    char piece[IMP_JSON_PIECE];
    for (;;) {
        size_t plain = 0;
        while (is_plain(text[plain]))
            plain++;
        if (!imp_buf_add(out, text, plain, err))
            return false;
        text += plain;
        size_t n = imp_json_next(&text, piece);
        if (n == 0)
            return true;
        if (!imp_buf_add(out, piece, n, err))
            return false;
    }
}

bool imp_json_add(struct imp_buf *out, const char *text, struct imp_err *err)
{
    size_t start = out->n;
    bool ok = imp_buf_add(out, "\"", 1, err) && add_all(out, text, err) &&
              imp_buf_add(out, "\"", 1, err);
    if (!ok)
        out->n = start;
    return ok;
}
