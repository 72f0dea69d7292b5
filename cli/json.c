#include "json.h"

#include <glib.h>

void cli_put_json_string(FILE *to, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    fputc('"', to);
    for (const char *p = valid; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(to, "\\%c", *p);
        else if ((unsigned char)*p < 0x20 || *p == 0x7f)
            fprintf(to, "\\u%04x", (unsigned char)*p);
        else
            fputc(*p, to);
    }
    fputc('"', to);
    g_free(valid);
}

void cli_put_json_member(FILE *to, const char *name, const char *value)
{
    fprintf(to, ", \"%s\": ", name);
    if (value)
        cli_put_json_string(to, value);
    else
        fputs("null", to);
}
