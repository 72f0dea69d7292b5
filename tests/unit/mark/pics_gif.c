#include "pics_gif.h"

#include <criterion/criterion.h>
#include <string.h>

static void add(struct imp_buf *out, const void *p, size_t n)
{
    cr_assert(imp_buf_add(out, p, n, NULL));
}

static unsigned bits_of(unsigned colours)
{
    unsigned bits = 1;
    while (1u << bits < colours)
        bits++;
    cr_assert_eq(1u << bits, colours);
    return bits;
}

void gif_greys(unsigned colours, uint8_t table[][3])
{
    for (unsigned i = 0; i < colours; i++)
        memset(table[i], (int)(255 * i / (colours - 1)), 3);
}

void gif_hues(unsigned colours, uint8_t table[][3])
{
    for (unsigned i = 0; i < colours; i++)
        for (unsigned k = 0; k < 3; k++)
            table[i][k] = (uint8_t)(i * (67 + 40 * k) + 31 * k);
}

void gif_begin(uint32_t width, uint32_t height, unsigned colours,
               const uint8_t table[][3], struct imp_buf *out)
{
    uint8_t screen[7] = {(uint8_t)width, (uint8_t)(width >> 8), (uint8_t)height,
                         (uint8_t)(height >> 8)};
    if (colours)
        screen[4] = (uint8_t)(0x80 | (bits_of(colours) - 1));
    add(out, "GIF89a", 6);
    add(out, screen, 7);
    add(out, table, 3 * (size_t)colours);
    add(out, "!\xff\x0bNETSCAPE2.0\3\1\0\0", 19);
}

void gif_end(struct imp_buf *out)
{
    add(out, ";", 1);
}

// Appendix E, pass by pass: which row of the picture is coded at `k`.
static uint32_t row_at(const struct gif_frame *f, uint32_t k)
{
    static const uint32_t first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    if (!f->interlaced)
        return k;
    for (size_t pass = 0; pass < 4; pass++)
        for (uint32_t y = first[pass]; y < f->height; y += step[pass])
            if (k-- == 0)
                return y;
    cr_assert(false, "row %u of %u", k, f->height);
    return 0;
}

// Codes of 9 bits that all stand for one index: the table is cleared before
// they would grow. Sub-blocks of nine bytes hold eight codes.
void gif_add(const struct gif_frame *f, struct imp_buf *out)
{
    const uint8_t head[] = {
        0x21,
        0xF9,
        4,
        (uint8_t)(f->disposal << 2 | (f->transparent >= 0)),
        5,
        0,
        (uint8_t)(f->transparent >= 0 ? f->transparent : 0),
        0,
        0x2C,
        (uint8_t)f->x,
        (uint8_t)(f->x >> 8),
        (uint8_t)f->y,
        (uint8_t)(f->y >> 8),
        (uint8_t)f->width,
        (uint8_t)(f->width >> 8),
        (uint8_t)f->height,
        (uint8_t)(f->height >> 8),
        (uint8_t)((f->interlaced ? 0x40 : 0) |
                  (f->colours ? 0x80 | (bits_of(f->colours) - 1) : 0)),
    };
    add(out, head, sizeof head);
    add(out, f->table, 3 * (size_t)f->colours);
    add(out, "\x08", 1);
    size_t n = (size_t)f->width * f->height, at = 0;
    for (bool ended = false; !ended;) {
        uint8_t block[10] = {0};
        for (unsigned k = 0; k < 8 && !ended; k++) {
            unsigned code = 0x101;
            if (k == 0)
                code = 0x100;
            else if (at < n)
                code = f->index[(size_t)row_at(f, (uint32_t)(at / f->width)) *
                                    f->width +
                                at % f->width];
            at += k > 0 && at < n;
            ended = code == 0x101;
            for (unsigned bit = 0; bit < 9; bit++)
                block[1 + (9 * k + bit) / 8] |=
                    (uint8_t)((code >> bit & 1) << (9 * k + bit) % 8);
            block[0] = (uint8_t)((9 * (k + 1) + 7) / 8);
        }
        add(out, block, 1u + block[0]);
    }
    add(out, "", 1);
}

// --- Reading ---

struct codes {
    const uint8_t *p; // behind the code size
    uint8_t data[1 << 18];
    size_t n, bit; // bytes; bits taken
};

static void join_blocks(struct codes *c)
{
    for (c->n = 0; *c->p; c->p += 1 + *c->p) {
        cr_assert_leq(c->n + *c->p, sizeof c->data);
        memcpy(c->data + c->n, c->p + 1, *c->p);
        c->n += *c->p;
    }
    c->p++;
}

static unsigned take(struct codes *c, unsigned bits)
{
    unsigned code = 0;
    for (unsigned i = 0; i < bits; i++, c->bit++) {
        cr_assert_lt(c->bit / 8, c->n, "the codes end early");
        code |= (unsigned)(c->data[c->bit / 8] >> c->bit % 8 & 1) << i;
    }
    return code;
}

// As appendix F has it, strings as chains from their last index to the first.
static size_t decode(struct codes *c, unsigned size, uint8_t *out, size_t room)
{
    static unsigned prefix[4096], last[4096];
    static uint8_t string[4097];
    unsigned clear = 1u << size, bits = size + 1, next = clear + 2;
    int old = -1;
    size_t n = 0;
    for (;;) {
        unsigned code = take(c, bits);
        if (code == clear) {
            bits = size + 1;
            next = clear + 2;
            old = -1;
            continue;
        }
        if (code == clear + 1)
            return n;
        cr_assert(code < next || (old >= 0 && code == next), "code %u", code);
        size_t length = 0;
        bool is_new = old >= 0 && code == next;
        unsigned k = is_new ? (unsigned)old : code;
        for (; k >= clear; k = prefix[k])
            string[length++] = (uint8_t)last[k];
        string[length++] = (uint8_t)k;
        if (old >= 0 && next < 4096) {
            prefix[next] = (unsigned)old;
            last[next++] = k;
            if (next == 1u << bits && bits < 12)
                bits++;
        }
        cr_assert_leq(n + length + is_new, room, "too many indexes");
        for (size_t i = length; i-- > 0;)
            out[n++] = string[i];
        if (is_new)
            out[n++] = (uint8_t)k;
        old = (int)code;
    }
}

static void read_pixels(struct gif_frame *f, const uint8_t **at)
{
    static struct codes c;
    static uint8_t coded[GIF_SIDE * GIF_SIDE];
    unsigned size = *(*at)++;
    c.p = *at;
    c.bit = 0;
    join_blocks(&c);
    *at = c.p;
    cr_assert_leq(f->width * f->height, sizeof coded);
    cr_assert_eq(decode(&c, size, coded, f->width * f->height),
                 f->width * f->height);
    for (uint32_t k = 0; k < f->height; k++)
        memcpy(f->index + (size_t)row_at(f, k) * f->width,
               coded + (size_t)k * f->width, f->width);
}

static const uint8_t *read_table(const uint8_t *p, uint8_t packed,
                                 struct gif_frame *f)
{
    f->colours = packed & 0x80 ? 2u << (packed & 7) : 0;
    memcpy(f->table, p, 3 * (size_t)f->colours);
    return p + 3 * (size_t)f->colours;
}

void gif_read(struct imp_span file, unsigned n, struct gif_frame *f)
{
    const uint8_t *p = file.p + 13;
    *f = (struct gif_frame){.transparent = -1};
    p = read_table(p, file.p[10], f);
    for (;;) {
        cr_assert(p < file.p + file.n && *p != 0x3B, "no frame %u", n);
        if (*p == 0x21 && p[1] == 0xF9) {
            f->disposal = p[3] >> 2 & 7;
            f->transparent = p[3] & 1 ? p[6] : -1;
        }
        if (*p == 0x21) {
            for (p += 2; *p; p += 1 + *p) {
            }
            p++;
            continue;
        }
        cr_assert_eq(*p, 0x2C);
        f->bytes.p = p;
        f->x = imp_le16(p + 1);
        f->y = imp_le16(p + 3);
        f->width = imp_le16(p + 5);
        f->height = imp_le16(p + 7);
        f->interlaced = p[9] & 0x40;
        struct gif_frame global = *f;
        p = read_table(p + 10, p[9], f);
        read_pixels(f, &p);
        f->bytes.n = (size_t)(p - f->bytes.p);
        if (n-- == 0)
            return;
        *f = global;
        f->disposal = 0;
        f->transparent = -1;
    }
}
