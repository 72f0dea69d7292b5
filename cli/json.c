#include "json.h"

#include "base/json.h"

void cli_put_json_string(FILE *to, const char *text)
{
    char piece[IMP_JSON_PIECE];
    fputc('"', to);
    for (size_t n; (n = imp_json_next(&text, piece)) > 0;)
        fwrite(piece, 1, n, to);
    fputc('"', to);
}

void cli_put_json_member(FILE *to, const char *name, const char *value)
{
    fprintf(to, ", \"%s\": ", name);
    if (value)
        cli_put_json_string(to, value);
    else
        fputs("null", to);
}
