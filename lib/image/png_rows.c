#include "image/png_rows.h"

#include <stdlib.h>
#include <zlib.h>

#define SCRATCH ((size_t)64 * 1024)
#define FILTERS 5 /* PNG 3rd ed. 9.2: None, Sub, Up, Average, Paeth */
#define PASSES 7

// PNG 3rd ed. 8.1: where the passes of Adam7 begin and how far they step.
static const struct pass {
    uint8_t x0, y0, dx, dy;
} adam7[PASSES] = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
    {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
};
static const struct pass whole = {0, 0, 1, 1};

struct imp_png_rows {
    z_stream z;
    struct imp_png_shape shape;
    int passes_left;    // passes not yet begun
    uint64_t row_bytes; // of a row of this pass, filter byte included
    uint64_t rows_left; // rows of this pass not yet begun
    uint64_t left;      // bytes of this row still to come
    bool ended;
    uint8_t scratch[SCRATCH];
};

struct imp_png_rows *imp_png_rows_new(struct imp_err *err)
{
    struct imp_png_rows *r = malloc(sizeof *r);
    if (!r) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate with");
        return NULL;
    }
    r->z = (z_stream){0};
    // The largest window, whatever the stream's header asks for: some writers
    // ask for too little, and which distances a smaller one reaches depends on
    // how much zlib is given at a time.
    if (inflateInit2(&r->z, MAX_WBITS) != Z_OK) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate with");
        free(r);
        return NULL;
    }
    return r;
}

void imp_png_rows_free(struct imp_png_rows *r)
{
    if (!r)
        return;
    inflateEnd(&r->z);
    free(r);
}

void imp_png_rows_start(struct imp_png_rows *r, struct imp_png_shape shape)
{
    inflateReset(&r->z);
    r->shape = shape;
    r->passes_left = shape.interlaced ? PASSES : 1;
    r->rows_left = 0;
    r->left = 0;
    r->ended = false;
}

bool imp_png_rows_ended(const struct imp_png_rows *r)
{
    return r->ended;
}

static uint64_t steps(uint32_t size, unsigned start, unsigned step)
{
    return size <= start ? 0 : ((uint64_t)size - start + step - 1) / step;
}

// Go to the next pass that has pixels; false if there is none.
static bool next_pass(struct imp_png_rows *r)
{
    while (r->passes_left) {
        const struct pass *pass =
            r->shape.interlaced ? &adam7[PASSES - r->passes_left] : &whole;
        r->passes_left--;
        uint64_t columns = steps(r->shape.width, pass->x0, pass->dx);
        if (columns == 0)
            continue;
        r->rows_left = steps(r->shape.height, pass->y0, pass->dy);
        r->row_bytes = 1 + (columns * r->shape.bits + 7) / 8;
        if (r->rows_left)
            return true;
    }
    return false;
}

static bool begin_row(struct imp_png_rows *r, uint8_t filter, uint64_t at,
                      struct imp_err *err)
{
    if (r->rows_left == 0 && !next_pass(r))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "image data goes on after the last row");
    if (filter >= FILTERS)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "row filter: want 0 to %d, have %u", FILTERS - 1,
                           filter);
    r->rows_left--;
    r->left = r->row_bytes;
    return true;
}

// Pass over the `n` bytes in the scratch buffer, row by row.
static bool check_rows(struct imp_png_rows *r, size_t n, uint64_t at,
                       struct imp_err *err)
{
    size_t i = 0;
    while (i < n) {
        if (r->left == 0 && !begin_row(r, r->scratch[i], at, err))
            return false;
        size_t step = n - i < r->left ? n - i : (size_t)r->left;
        i += step;
        r->left -= step;
    }
    return true;
}

static bool end_stream(struct imp_png_rows *r, uint64_t at, struct imp_err *err)
{
    if (r->left || r->rows_left || next_pass(r))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "image data ends before the last row");
    r->ended = true;
    return true;
}

// What inflate answers to less input than it wants: not an error.
static bool is_hungry(const z_stream *z, int ret)
{
    return ret == Z_BUF_ERROR ||
           (ret == Z_OK && z->avail_in == 0 && z->avail_out > 0);
}

bool imp_png_rows_feed(struct imp_png_rows *r, struct imp_span coded,
                       uint64_t at, size_t *used, struct imp_err *err)
{
    z_stream *z = &r->z;
    z->next_in = (z_const Bytef *)coded.p;
    z->avail_in = (uInt)coded.n; // a chunk holds less than 2^31: 5.3
    int ret = Z_OK;
    while (!r->ended && !is_hungry(z, ret)) {
        z->next_out = r->scratch;
        z->avail_out = SCRATCH;
        ret = inflate(z, Z_NO_FLUSH);
        uint64_t here = at + coded.n - z->avail_in;
        if (ret == Z_MEM_ERROR)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate with");
        if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
            return imp_fail_at(err, IMP_ERR_DAMAGED, here, "image data: %s",
                               z->msg ? z->msg : "wants a dictionary");
        if (!check_rows(r, SCRATCH - z->avail_out, here, err))
            return false;
        if (ret == Z_STREAM_END && !end_stream(r, here, err))
            return false;
    }
    *used = coded.n - z->avail_in;
    return true;
}
