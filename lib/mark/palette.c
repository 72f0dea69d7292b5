#include "mark/palette.h"

#include <stdlib.h>
#include <string.h>

// Ink is two colours, and soft edges between them: so many steps are worth a
// longer table, which all codes of the picture pay for.
#define WORTH_GROWING 14

// Two steps of each sample: less than what 1 % of opacity makes of black and
// white. A colour so near saves a table.
#define CLOSE2 (3 * 2 * 2)

struct wanted {
    uint32_t colour;
    uint32_t times;
    bool placed; // has an entry of its own
    uint8_t index;
};

static bool is_opaque(const struct imp_palette *p, unsigned i)
{
    return p->transparent != (int)i;
}

static bool is_spare(const struct imp_palette *p, unsigned i)
{
    return is_opaque(p, i) && !p->used[i];
}

static int by_colour(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    return (x->colour > y->colour) - (x->colour < y->colour);
}

static int by_times(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    if (x->times != y->times)
        return x->times < y->times ? 1 : -1;
    return by_colour(a, b);
}

// Each colour once, in order; returns how many.
static size_t gather(const uint32_t *colour, size_t n, struct wanted *wanted)
{
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        wanted[i] = (struct wanted){.colour = colour[i], .times = 1};
    qsort(wanted, n, sizeof *wanted, by_colour);
    for (size_t i = 0; i < n; i++)
        if (distinct && wanted[distinct - 1].colour == wanted[i].colour)
            wanted[distinct - 1].times++;
        else
            wanted[distinct++] = wanted[i];
    return distinct;
}

static uint8_t nearest(const struct imp_palette *p, uint32_t colour,
                       int *distance2)
{
    uint8_t best = 0;
    *distance2 = INT32_MAX;
    for (unsigned i = 0; i < p->n; i++) {
        int r = p->rgb[i][0] - (int)(colour >> 16);
        int g = p->rgb[i][1] - (int)(colour >> 8 & 255);
        int b = p->rgb[i][2] - (int)(colour & 255);
        int d2 = r * r + g * g + b * b;
        if (is_opaque(p, i) && d2 < *distance2) {
            *distance2 = d2;
            best = (uint8_t)i;
        }
    }
    return best;
}

// Colours that the table has already; returns how many are left.
static size_t place_present(struct imp_palette *p, struct wanted *wanted,
                            size_t n)
{
    size_t left = n;
    for (size_t i = 0; i < n; i++) {
        int distance2;
        wanted[i].index = nearest(p, wanted[i].colour, &distance2);
        wanted[i].placed = distance2 <= CLOSE2;
        if (wanted[i].placed) {
            p->used[wanted[i].index] = true;
            left--;
        }
    }
    return left;
}

// An index that lies beyond the table stays beyond it.
static bool may_grow(const struct imp_palette *p)
{
    for (unsigned i = p->n; i < 2 * p->n && i < IMP_PALETTE_MAX; i++)
        if (p->used[i])
            return false;
    return p->n < IMP_PALETTE_MAX;
}

static void grow(struct imp_palette *p, size_t left)
{
    size_t spare = 0;
    for (unsigned i = 0; i < p->n; i++)
        spare += is_spare(p, i);
    while (spare < left && spare < WORTH_GROWING && may_grow(p)) {
        memset(p->rgb[p->n], 0, p->n * sizeof *p->rgb);
        spare += p->n; // but for a transparent one, which is no matter
        p->n *= 2;
    }
}

// Spare entries for the colours that have none, the most wanted first.
static void place_new(struct imp_palette *p, struct wanted *wanted, size_t n)
{
    unsigned entry = 0;
    for (size_t i = 0; i < n; i++) {
        if (wanted[i].placed)
            continue;
        while (entry < p->n && !is_spare(p, entry))
            entry++;
        if (entry == p->n)
            return;
        for (unsigned k = 0; k < 3; k++)
            p->rgb[entry][k] = (uint8_t)(wanted[i].colour >> (16 - 8 * k));
        p->used[entry] = true;
        wanted[i].placed = true;
        wanted[i].index = (uint8_t)entry;
    }
}

bool imp_palette_fit(struct imp_palette *p, const uint32_t *colour, size_t n,
                     uint8_t *index, struct imp_err *err)
{
    if (n == 0)
        return true;
    struct wanted *wanted = calloc(n, sizeof *wanted);
    if (!wanted)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu colours", n);
    int distance2;
    size_t distinct = gather(colour, n, wanted);
    grow(p, place_present(p, wanted, distinct));
    qsort(wanted, distinct, sizeof *wanted, by_times);
    place_new(p, wanted, distinct);
    for (size_t i = 0; i < distinct; i++)
        if (!wanted[i].placed)
            wanted[i].index = nearest(p, wanted[i].colour, &distance2);
    qsort(wanted, distinct, sizeof *wanted, by_colour);
    for (size_t i = 0; i < n; i++) {
        const struct wanted key = {.colour = colour[i]};
        const struct wanted *w =
            bsearch(&key, wanted, distinct, sizeof key, by_colour);
        index[i] = w->index;
    }
    free(wanted);
    return true;
}
