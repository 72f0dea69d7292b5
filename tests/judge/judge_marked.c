/* judge_marked.c - what a mark has changed in JPEG files, by libjpeg's
 * coefficients: shares no code with imgpipe.
 *
 *     judge_marked < LIST
 *
 * Size, sampling, quantisation and colour must be the same, and coefficients
 * where there is no mark.
 *
 * Lines of LIST: SOURCE, MARKED, X, Y, WIDTH, HEIGHT of the upper left mark in
 * stored pixels, how many marks ACROSS and DOWN, STEP_X and STEP_Y from each to
 * the next; between tabs. Prints what is wrong, and a summary. */
#include "../lib/coefficients.h"

#include <errno.h>
#include <stdbool.h>

struct box {
    long left, top, right, bottom; /* pixels; right and bottom are outside */
};

struct grid {
    struct box first;
    long across, down, step_x, step_y;
};

struct sums {
    unsigned judged, unreadable, wrong;
    unsigned long long blocks, changed; /* all of them, and those that differ */
};

static bool read_file(const char *path, struct imp_span *out)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        return false;
    long n = ftell(f);
    rewind(f);
    uint8_t *p = malloc((size_t)n + 1);
    bool ok = p && fread(p, 1, (size_t)n, f) == (size_t)n;
    fclose(f);
    *out = (struct imp_span){p, (size_t)n};
    return ok;
}

static struct box box_of(const struct coefficients *c, int comp, long x, long y)
{
    long h_max = 1, v_max = 1;
    for (int i = 0; i < c->n; i++) {
        h_max = c->comp[i].h > h_max ? c->comp[i].h : h_max;
        v_max = c->comp[i].v > v_max ? c->comp[i].v : v_max;
    }
    long w = 8 * h_max / c->comp[comp].h, h = 8 * v_max / c->comp[comp].v;
    return (struct box){x * w, y * h, x * w + w, y * h + h};
}

static bool meet(struct box a, struct box b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom &&
           b.top < a.bottom;
}

static struct box shifted(const struct grid *g, long i, long k)
{
    long x = i * g->step_x, y = k * g->step_y;
    return (struct box){g->first.left + x, g->first.top + y, g->first.right + x,
                        g->first.bottom + y};
}

static bool meets_any(struct box a, const struct grid *g)
{
    for (long k = 0; k < g->down; k++)
        for (long i = 0; i < g->across; i++)
            if (meet(a, shifted(g, i, k)))
                return true;
    return false;
}

static void join(struct box *all, struct box b)
{
    all->left = b.left < all->left ? b.left : all->left;
    all->top = b.top < all->top ? b.top : all->top;
    all->right = b.right > all->right ? b.right : all->right;
    all->bottom = b.bottom > all->bottom ? b.bottom : all->bottom;
}

static bool same_shape(const struct coefficients *a,
                       const struct coefficients *b)
{
    bool same = a->n == b->n && a->width == b->width && a->height == b->height;
    for (int i = 0; same && i < a->n; i++)
        same = a->comp[i].h == b->comp[i].h && a->comp[i].v == b->comp[i].v &&
               memcmp(a->comp[i].quant, b->comp[i].quant,
                      sizeof a->comp[i].quant) == 0;
    return same;
}

/* What decides how samples become colours. */
static bool same_colour(const struct coefficients *a,
                        const struct coefficients *b)
{
    bool same = a->space == b->space && a->adobe == b->adobe;
    for (int i = 0; same && i < a->n; i++)
        same = a->comp[i].id == b->comp[i].id;
    return same;
}

/* The blocks that differ, joined in `all`; false if one has no part in a mark.
 */
static bool compare(const struct coefficients *a, const struct coefficients *b,
                    const struct grid *marks, struct box *all,
                    struct sums *sums)
{
    bool ok = true;
    for (int i = 0; i < a->n; i++)
        for (uint32_t y = 0; y < a->comp[i].shown_down; y++)
            for (uint32_t x = 0; x < a->comp[i].shown_across; x++) {
                size_t at = ((size_t)y * a->comp[i].across + x) * 64;
                sums->blocks++;
                if (!memcmp(a->comp[i].block + at, b->comp[i].block + at, 128))
                    continue;
                struct box block = box_of(a, i, x, y);
                sums->changed++;
                ok = ok && meets_any(block, marks);
                join(all, block);
            }
    return ok;
}

/* Text is cropped to its ink: what has changed reaches to the rectangle's
 * sides, but for faint ink and the width of a block. */
static bool fills(struct box changed, struct box mark)
{
    const long near = 33;
    return labs(changed.left - mark.left) <= near &&
           labs(changed.top - mark.top) <= near &&
           labs(changed.right - mark.right) <= near &&
           labs(changed.bottom - mark.bottom) <= near;
}

static const char *judge(const struct coefficients *a,
                         const struct coefficients *b, const struct grid *marks,
                         struct sums *sums)
{
    struct box all = {1000000, 1000000, 0, 0}, mark = marks->first;
    join(&mark, shifted(marks, marks->across - 1, marks->down - 1));
    if (!b->n)
        return "is not read";
    if (b->warnings > a->warnings)
        return "has new warnings";
    if (!same_shape(a, b))
        return "has another size, sampling or quantisation";
    if (!same_colour(a, b))
        return "has another colour space, Adobe marker or component ids";
    if (!compare(a, b, marks, &all, sums))
        return "has changed outside of the mark";
    if (all.right == 0)
        return "has not changed at all";
    if (!fills(all, mark))
        return "has changed in a part of the mark alone";
    return NULL;
}

static void judge_line(const char *source, const char *marked,
                       const struct grid *marks, struct sums *sums)
{
    struct imp_span in = {0}, out = {0};
    if (!read_file(source, &in) || !read_file(marked, &out)) {
        printf("%s, %s: %s\n", source, marked, strerror(errno));
        sums->wrong++;
        return;
    }
    struct coefficients a = coefficients_of(in);
    struct coefficients b = coefficients_of(out);
    if (a.n) {
        const char *wrong = judge(&a, &b, marks, sums);
        sums->judged++;
        sums->wrong += wrong != NULL;
        if (wrong)
            printf("%s: %s %s\n", source, marked, wrong);
    } else {
        sums->unreadable++;
    }
    coefficients_clear(&a);
    coefficients_clear(&b);
    free((void *)(uintptr_t)in.p);
    free((void *)(uintptr_t)out.p);
}

int main(void)
{
    char line[9000], source[4096], marked[4096];
    struct sums sums = {0};
    while (fgets(line, sizeof line, stdin)) {
        long x, y, w, h;
        struct grid g;
        if (sscanf(line,
                   "%4095[^\t]\t%4095[^\t]\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld"
                   "\t%ld",
                   source, marked, &x, &y, &w, &h, &g.across, &g.down,
                   &g.step_x, &g.step_y) != 10) {
            printf("not understood: %s", line);
            return 2;
        }
        g.first = (struct box){x, y, x + w, y + h};
        judge_line(source, marked, &g, &sums);
    }
    printf("%u judged, %u not read by libjpeg, %u wrong; %.2f %% of blocks "
           "changed\n",
           sums.judged, sums.unreadable, sums.wrong,
           sums.blocks ? 100.0 * (double)sums.changed / (double)sums.blocks
                       : 0.0);
    return sums.wrong != 0 || sums.judged == 0;
}
