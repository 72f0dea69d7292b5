#include "image/tiff_fax.h"

#include <stdlib.h>

#define MAX_WIDTH (1u << 20) // four hundred times a fax
#define LOOK 13              // bits of the longest code
#define MAKE_UP 64           // from here on a run goes on with another code
#define EOL_BITS 12          // T.4 4.1.2: eleven zeros and a one

struct code {
    uint16_t bits;
    uint8_t n;
};

// ITU-T T.4 tables 2/T.4 and 3a/T.4: runs of 0 to 63, then of 64, 128, ...
// 1728.
static const struct code white[] = {
    {0x35, 8}, {0x7, 6},  {0x7, 4},  {0x8, 4},  {0xb, 4},  {0xc, 4},
    {0xe, 4},  {0xf, 4},  {0x13, 5}, {0x14, 5}, {0x7, 5},  {0x8, 5},
    {0x8, 6},  {0x3, 6},  {0x34, 6}, {0x35, 6}, {0x2a, 6}, {0x2b, 6},
    {0x27, 7}, {0xc, 7},  {0x8, 7},  {0x17, 7}, {0x3, 7},  {0x4, 7},
    {0x28, 7}, {0x2b, 7}, {0x13, 7}, {0x24, 7}, {0x18, 7}, {0x2, 8},
    {0x3, 8},  {0x1a, 8}, {0x1b, 8}, {0x12, 8}, {0x13, 8}, {0x14, 8},
    {0x15, 8}, {0x16, 8}, {0x17, 8}, {0x28, 8}, {0x29, 8}, {0x2a, 8},
    {0x2b, 8}, {0x2c, 8}, {0x2d, 8}, {0x4, 8},  {0x5, 8},  {0xa, 8},
    {0xb, 8},  {0x52, 8}, {0x53, 8}, {0x54, 8}, {0x55, 8}, {0x24, 8},
    {0x25, 8}, {0x58, 8}, {0x59, 8}, {0x5a, 8}, {0x5b, 8}, {0x4a, 8},
    {0x4b, 8}, {0x32, 8}, {0x33, 8}, {0x34, 8}, {0x1b, 5}, {0x12, 5},
    {0x17, 6}, {0x37, 7}, {0x36, 8}, {0x37, 8}, {0x64, 8}, {0x65, 8},
    {0x68, 8}, {0x67, 8}, {0xcc, 9}, {0xcd, 9}, {0xd2, 9}, {0xd3, 9},
    {0xd4, 9}, {0xd5, 9}, {0xd6, 9}, {0xd7, 9}, {0xd8, 9}, {0xd9, 9},
    {0xda, 9}, {0xdb, 9}, {0x98, 9}, {0x99, 9}, {0x9a, 9}, {0x18, 6},
    {0x9b, 9}};
// The same for black.
static const struct code black[] = {
    {0x37, 10}, {0x2, 3},   {0x3, 2},   {0x2, 2},   {0x3, 3},   {0x3, 4},
    {0x2, 4},   {0x3, 5},   {0x5, 6},   {0x4, 6},   {0x4, 7},   {0x5, 7},
    {0x7, 7},   {0x4, 8},   {0x7, 8},   {0x18, 9},  {0x17, 10}, {0x18, 10},
    {0x8, 10},  {0x67, 11}, {0x68, 11}, {0x6c, 11}, {0x37, 11}, {0x28, 11},
    {0x17, 11}, {0x18, 11}, {0xca, 12}, {0xcb, 12}, {0xcc, 12}, {0xcd, 12},
    {0x68, 12}, {0x69, 12}, {0x6a, 12}, {0x6b, 12}, {0xd2, 12}, {0xd3, 12},
    {0xd4, 12}, {0xd5, 12}, {0xd6, 12}, {0xd7, 12}, {0x6c, 12}, {0x6d, 12},
    {0xda, 12}, {0xdb, 12}, {0x54, 12}, {0x55, 12}, {0x56, 12}, {0x57, 12},
    {0x64, 12}, {0x65, 12}, {0x52, 12}, {0x53, 12}, {0x24, 12}, {0x37, 12},
    {0x38, 12}, {0x27, 12}, {0x28, 12}, {0x58, 12}, {0x59, 12}, {0x2b, 12},
    {0x2c, 12}, {0x5a, 12}, {0x66, 12}, {0x67, 12}, {0xf, 10},  {0xc8, 12},
    {0xc9, 12}, {0x5b, 12}, {0x33, 12}, {0x34, 12}, {0x35, 12}, {0x6c, 13},
    {0x6d, 13}, {0x4a, 13}, {0x4b, 13}, {0x4c, 13}, {0x4d, 13}, {0x72, 13},
    {0x73, 13}, {0x74, 13}, {0x75, 13}, {0x76, 13}, {0x77, 13}, {0x52, 13},
    {0x53, 13}, {0x54, 13}, {0x55, 13}, {0x5a, 13}, {0x5b, 13}, {0x64, 13},
    {0x65, 13}};
// Table 3b/T.4, for both: 1792, 1856, ... 2560.
static const struct code longer[] = {
    {0x8, 11},  {0xc, 11},  {0xd, 11},  {0x12, 12}, {0x13, 12},
    {0x14, 12}, {0x15, 12}, {0x16, 12}, {0x17, 12}, {0x1c, 12},
    {0x1d, 12}, {0x1e, 12}, {0x1f, 12}};

struct run {
    uint16_t length;
    uint8_t n; // bits; 0: no code
};

// A row: the pixels where it changes colour, from white on.
struct row {
    uint32_t *at;
    size_t n;
};

struct imp_fax {
    struct run run[2][1 << LOOK]; // of white and of black
    uint32_t *change[2];          // for two rows of `cap` changes
    size_t cap;
    // The stream at hand.
    const uint8_t *p;
    uint64_t bits, at; // in it; already taken
    uint32_t width;
    struct row row, above;
};

static void enter(struct run *table, const struct code *c, unsigned length)
{
    unsigned first = (unsigned)c->bits << (LOOK - c->n);
    for (unsigned i = 0; i < 1u << (LOOK - c->n); i++)
        table[first + i] = (struct run){(uint16_t)length, c->n};
}

static void enter_all(struct run *table, const struct code *own)
{
    for (unsigned i = 0; i < sizeof white / sizeof *white; i++)
        enter(table, &own[i], i < MAKE_UP ? i : (i - MAKE_UP + 1) * MAKE_UP);
    for (unsigned i = 0; i < sizeof longer / sizeof *longer; i++)
        enter(table, &longer[i], 1792 + i * MAKE_UP);
}

struct imp_fax *imp_fax_new(struct imp_err *err)
{
    struct imp_fax *f = calloc(1, sizeof *f);
    if (!f) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for CCITT codes");
        return NULL;
    }
    enter_all(f->run[0], white);
    enter_all(f->run[1], black);
    return f;
}

void imp_fax_free(struct imp_fax *f)
{
    if (!f)
        return;
    free(f->change[0]);
    free(f->change[1]);
    free(f);
}

// --- Bits ---

static bool damaged(const struct imp_fax *f, const char *what,
                    struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, f->at / 8, "CCITT data: %s", what);
}

// The next `n` bits, 1 to 24; zeros behind the end.
static unsigned peek(const struct imp_fax *f, unsigned n)
{
    uint64_t byte = f->at / 8, have = f->bits / 8;
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++)
        v = v << 8 | (byte + i < have ? f->p[byte + i] : 0u);
    return v << (f->at % 8) >> (32 - n);
}

static bool skip(struct imp_fax *f, unsigned n, struct imp_err *err)
{
    if (n > f->bits - f->at)
        return damaged(f, "ends before the last row", err);
    f->at += n;
    return true;
}

// Zeros up to a boundary of `unit` bits; the stream may end before it.
static bool align(struct imp_fax *f, unsigned unit, struct imp_err *err)
{
    unsigned n = (unsigned)((unit - f->at % unit) % unit);
    if (n > f->bits - f->at)
        n = (unsigned)(f->bits - f->at);
    if (n && peek(f, n) != 0)
        return damaged(f, "bits between rows are not zero", err);
    return skip(f, n, err);
}

// An end-of-line with any number of zeros before it (T.4 4.1.3: fill), and with
// the bit behind it that tells how the next row is coded, if `tagged`. If it is
// not there, nothing is taken.
static bool take_eol(struct imp_fax *f, bool tagged, bool *one_dimensional)
{
    uint64_t start = f->at, zeros = 0;
    while (f->at < f->bits && peek(f, 1) == 0) {
        f->at++;
        zeros++;
    }
    *one_dimensional = true;
    if (zeros >= EOL_BITS - 1 && f->bits - f->at >= 1u + tagged) {
        f->at++;
        if (tagged) {
            *one_dimensional = peek(f, 1);
            f->at++;
        }
        return true;
    }
    f->at = start;
    return false;
}

// --- Rows ---

// The row changes colour at `at`. Twice at one place is not at all.
static void change(struct imp_fax *f, uint32_t at)
{
    struct row *r = &f->row;
    if (r->n && r->at[r->n - 1] == at)
        r->n--;
    else if (at < f->width)
        r->at[r->n++] = at;
}

// A run of one colour: make-up codes, then a terminating one (T.4 4.1.1).
static bool take_run(struct imp_fax *f, unsigned colour, uint64_t *at,
                     struct imp_err *err)
{
    struct run run;
    do {
        run = f->run[colour][peek(f, LOOK)];
        if (run.n == 0)
            return damaged(f, "no code of a run", err);
        if (!skip(f, run.n, err))
            return false;
        *at += run.length;
        if (*at > f->width)
            return damaged(f, "a run goes on behind its row", err);
    } while (run.length >= MAKE_UP);
    return true;
}

static bool take_row_1d(struct imp_fax *f, struct imp_err *err)
{
    uint64_t at = 0;
    for (unsigned colour = 0; at < f->width; colour ^= 1) {
        if (!take_run(f, colour, &at, err))
            return false;
        change(f, (uint32_t)at);
    }
    return true;
}

// T.4 4.2.1.3.4, T.6 2.2.4, table 4: the modes of a two-dimensional row.
enum mode { PASS, HORIZONTAL, VERTICAL, EXTENSION, NO_MODE };

static enum mode take_mode(struct imp_fax *f, int *delta)
{
    static const struct {
        uint8_t bits, n;
        enum mode mode;
        int8_t delta;
    } modes[] = {
        {1, 1, VERTICAL, 0},   {3, 3, VERTICAL, 1}, {2, 3, VERTICAL, -1},
        {1, 3, HORIZONTAL, 0}, {1, 4, PASS, 0},     {3, 6, VERTICAL, 2},
        {2, 6, VERTICAL, -2},  {3, 7, VERTICAL, 3}, {2, 7, VERTICAL, -3},
        {1, 7, EXTENSION, 0},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        unsigned n = modes[i].n;
        if (peek(f, n) != modes[i].bits || n > f->bits - f->at)
            continue;
        f->at += n;
        *delta = modes[i].delta;
        return modes[i].mode;
    }
    return NO_MODE;
}

// Where the row above changes to the other colour than `colour`, behind `at`
// (-1: in front of the row): b1. `*i` is where the last search ended.
static size_t find_b1(const struct row *above, int64_t at, unsigned colour,
                      size_t *i)
{
    while (*i > 0 && above->at[*i - 1] > at)
        --*i;
    while (*i < above->n && above->at[*i] <= at)
        ++*i;
    return *i + ((*i & 1) != colour);
}

static uint32_t change_of(const struct imp_fax *f, const struct row *r,
                          size_t i)
{
    return i < r->n ? r->at[i] : f->width;
}

static bool take_two_runs(struct imp_fax *f, unsigned colour, int64_t *at,
                          struct imp_err *err)
{
    uint64_t to = *at < 0 ? 0 : (uint64_t)*at;
    for (unsigned i = 0; i < 2; i++) {
        if (!take_run(f, colour ^ i, &to, err))
            return false;
        change(f, (uint32_t)to);
    }
    *at = (int64_t)to;
    return true;
}

static bool take_row_2d(struct imp_fax *f, struct imp_err *err)
{
    int64_t at = -1;
    unsigned colour = 0;
    size_t search = 0;
    while (at < (int64_t)f->width) {
        size_t b1 = find_b1(&f->above, at, colour, &search);
        int delta = 0;
        switch (take_mode(f, &delta)) {
        case PASS:
            at = change_of(f, &f->above, b1 + 1);
            break;
        case HORIZONTAL:
            if (!take_two_runs(f, colour, &at, err))
                return false;
            break;
        case VERTICAL:
            delta += (int)change_of(f, &f->above, b1);
            if (delta < 0 || delta < at || delta > (int64_t)f->width)
                return damaged(f, "a change outside of its row", err);
            at = delta;
            change(f, (uint32_t)at);
            colour ^= 1;
            break;
        case EXTENSION:
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, f->at / 8,
                               "CCITT data: uncompressed mode");
        case NO_MODE:
            return damaged(f, "no code of a row", err);
        }
    }
    return true;
}

// --- Streams ---

static bool take_row(struct imp_fax *f, enum imp_fax_kind kind,
                     struct imp_err *err)
{
    bool one_dimensional;
    switch (kind) {
    case IMP_FAX_RLE:
        return take_row_1d(f, err) && align(f, 8, err);
    case IMP_FAX_RLEW:
        return take_row_1d(f, err) && align(f, 16, err);
    case IMP_FAX_T4:
    case IMP_FAX_T4_2D:
        if (!take_eol(f, kind == IMP_FAX_T4_2D, &one_dimensional))
            return damaged(f, "no end-of-line code before a row", err);
        return one_dimensional ? take_row_1d(f, err) : take_row_2d(f, err);
    case IMP_FAX_T6:
        break;
    }
    return take_row_2d(f, err);
}

// T.4 4.1.4: six end-of-lines; T.6 2.4.1.1: two.
static void take_end(struct imp_fax *f, enum imp_fax_kind kind)
{
    bool ignored;
    if (kind == IMP_FAX_T6 && f->bits - f->at >= 2 * EOL_BITS &&
        peek(f, 2 * EOL_BITS) == 0x001001)
        f->at += 2 * EOL_BITS;
    if (kind == IMP_FAX_T4 || kind == IMP_FAX_T4_2D)
        for (int i = 0; i < 6 && take_eol(f, kind == IMP_FAX_T4_2D, &ignored);)
            i++;
}

static bool reserve(struct imp_fax *f, uint32_t width, struct imp_err *err)
{
    if (width > MAX_WIDTH)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "CCITT data: rows of %u pixels, want at most %u", width,
                        MAX_WIDTH);
    if (width <= f->cap)
        return true;
    f->cap = 0;
    for (int i = 0; i < 2; i++) {
        free(f->change[i]);
        f->change[i] = malloc(width * sizeof *f->change[i]);
    }
    if (!f->change[0] || !f->change[1])
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a row of %u pixels",
                        width);
    f->cap = width;
    return true;
}

bool imp_fax_follow(struct imp_fax *f, enum imp_fax_kind kind, uint32_t width,
                    uint32_t rows, struct imp_span coded, uint64_t *used,
                    struct imp_err *err)
{
    if (!reserve(f, width, err))
        return false;
    f->p = coded.p;
    f->bits = (uint64_t)coded.n * 8;
    f->at = 0;
    f->width = width;
    f->row = (struct row){f->change[0], 0};
    f->above = (struct row){f->change[1], 0}; // T.6 2.2.1: white
    for (uint32_t i = 0; i < rows; i++) {
        if (!take_row(f, kind, err))
            return false;
        struct row done = f->row;
        f->row = (struct row){f->above.at, 0};
        f->above = done;
    }
    take_end(f, kind);
    *used = (f->at + 7) / 8;
    return true;
}
