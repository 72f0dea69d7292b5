#include "base/suggest.h"

#include <ctype.h>
#include <string.h>

#define MAX_WORD 63

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

// How many letters to insert, remove or change (Levenshtein's distance).
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(b), row[MAX_WORD + 1];
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t above = row[j + 1];
            size_t same =
                tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
            row[j + 1] = least(above + 1, row[j] + 1, corner + !same);
            corner = above;
        }
    }
    return row[n];
}

void imp_suggest_try(struct imp_suggest *s, const char *candidate)
{
    size_t n = strlen(s->word);
    if (n > MAX_WORD || strlen(candidate) > MAX_WORD)
        return;
    // A third of the letters may be wrong, and two of a short word.
    size_t near = n / 3 > 2 ? n / 3 : 2;
    size_t d = distance(s->word, candidate);
    if (d > near || d >= n || (s->best && d >= s->distance))
        return;
    s->best = candidate;
    s->distance = d;
}
