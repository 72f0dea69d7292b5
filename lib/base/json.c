#include "base/json.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

size_t imp_json_next(const char **text, char piece[IMP_JSON_PIECE])
{
    const char *c = *text;
    size_t n = imp_utf8_length(c);
    if (*c == '\0') {
        piece[0] = '\0';
        return 0;
    }
    *text += n ? n : 1;
    if (n == 0)
        strcpy(piece, "\xEF\xBF\xBD"); // U+FFFD
    else if (*c == '"' || *c == '\\')
        snprintf(piece, IMP_JSON_PIECE, "\\%c", *c);
    else if ((unsigned char)*c < 0x20 || *c == 0x7F)
        snprintf(piece, IMP_JSON_PIECE, "\\u%04x", (unsigned char)*c);
    else
        snprintf(piece, IMP_JSON_PIECE, "%.*s", (int)n, c);
    return strlen(piece);
}

bool imp_json_add(struct imp_buf *out, const char *text, struct imp_err *err)
{
    char piece[IMP_JSON_PIECE];
    size_t start = out->n;
    bool ok = imp_buf_add(out, "\"", 1, err);
    for (size_t n; ok && (n = imp_json_next(&text, piece)) > 0;)
        ok = imp_buf_add(out, piece, n, err);
    ok = ok && imp_buf_add(out, "\"", 1, err);
    if (!ok)
        out->n = start;
    return ok;
}
