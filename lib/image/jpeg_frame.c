#include "image/jpeg.h"

#include <stddef.h>
#include <string.h>

void imp_jpeg_start(struct imp_jpeg *j)
{
    memset(j, 0, offsetof(struct imp_jpeg, dc));
    for (int i = 0; i < 4; i++)
        j->dc[i].defined = j->ac[i].defined = false;
}

static uint32_t ceil_div(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

// Blocks of a component alone: only those with samples in them (T.81 A.2.2);
// interleaved scans pad to whole MCUs (A.2.4).
static void lay_out(struct imp_jpeg *j)
{
    uint32_t side = imp_jpeg_is_lossless(j) ? 1 : 8;
    j->mcus_x = ceil_div(j->width, side * j->h_max);
    j->mcus_y = ceil_div(j->height, side * j->v_max);
    for (unsigned i = 0; i < j->n_comp; i++) {
        struct imp_jpeg_comp *c = &j->comp[i];
        c->blocks_x = ceil_div(ceil_div(j->width * c->h, j->h_max), side);
        c->blocks_y = ceil_div(ceil_div(j->height * c->v, j->v_max), side);
    }
}

static bool parse_component(struct imp_jpeg *j, unsigned i, const uint8_t *p,
                            uint64_t at, struct imp_err *err)
{
    struct imp_jpeg_comp *c = &j->comp[i];
    *c = (struct imp_jpeg_comp){
        .id = p[0], .h = p[1] >> 4, .v = p[1] & 15, .tq = p[2]};
    memset(c->bits, -1, sizeof c->bits);
    if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOF at offset %ju: sampling factors %u x %u, want "
                           "1 to 4",
                           (uintmax_t)at, c->h, c->v);
    if (c->tq > 3)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOF at offset %ju: quantisation table %u, want 0 "
                           "to 3",
                           (uintmax_t)at, c->tq);
    for (unsigned k = 0; k < i; k++)
        if (j->comp[k].id == c->id)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "SOF at offset %ju: component %u twice",
                               (uintmax_t)at, c->id);
    if (c->h > j->h_max)
        j->h_max = c->h;
    if (c->v > j->v_max)
        j->v_max = c->v;
    return true;
}

static bool known_process(uint8_t marker, unsigned precision)
{
    switch (marker) {
    case IMP_JPEG_SOF0:
        return precision == 8;
    case IMP_JPEG_SOF1:
    case IMP_JPEG_SOF2:
        return precision == 8 || precision == 12;
    case IMP_JPEG_SOF3:
        return precision >= 2 && precision <= 16;
    case IMP_JPEG_SOF9:
    case IMP_JPEG_SOF10:
        return precision == 8; // as far as libjpeg goes
    default:
        return false;
    }
}

bool imp_jpeg_parse_sof(struct imp_jpeg *j, uint8_t marker,
                        struct imp_span body, uint64_t at, struct imp_err *err)
{
    if (j->sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at, "second SOF at offset %ju",
                           (uintmax_t)at);
    if (body.n < 6 || body.n != 6 + 3 * (size_t)body.p[5])
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOF at offset %ju: %zu bytes do not fit its "
                           "components",
                           (uintmax_t)at, body.n);
    j->precision = body.p[0];
    j->height = imp_be16(body.p + 1);
    j->width = imp_be16(body.p + 3);
    j->n_comp = body.p[5];
    if (!known_process(marker, j->precision))
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, at,
                           "SOF%u with %u bits: want baseline, extended or "
                           "progressive, 8 or (Huffman) 12 bits, or lossless, "
                           "2 to 16",
                           marker - IMP_JPEG_SOF0, j->precision);
    if (j->width == 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOF at offset %ju: width 0", (uintmax_t)at);
    if (j->n_comp < 1 || j->n_comp > IMP_JPEG_COMPS)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, at,
                           "SOF at offset %ju: %u components, want 1 to %d",
                           (uintmax_t)at, j->n_comp, IMP_JPEG_COMPS);
    j->h_max = j->v_max = 1;
    for (unsigned i = 0; i < j->n_comp; i++)
        if (!parse_component(j, i, body.p + 6 + 3 * (size_t)i, at, err))
            return false;
    j->sof = marker;
    lay_out(j);
    return true;
}

bool imp_jpeg_set_height(struct imp_jpeg *j, uint32_t lines, uint64_t at,
                         struct imp_err *err)
{
    if (lines == 0 || (j->height && j->height != lines))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "DNL at offset %ju: %u lines, the frame has %u",
                           (uintmax_t)at, lines, j->height);
    j->height = lines;
    lay_out(j);
    return true;
}

bool imp_jpeg_parse_dqt(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_err *err)
{
    size_t i = 0;
    while (i < body.n) {
        unsigned precision = body.p[i] >> 4, slot = body.p[i] & 15;
        size_t size = 1 + 64 * (precision + (size_t)1);
        if (precision > 1 || slot > 3 || size > body.n - i)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at + 4 + i,
                               "DQT at offset %ju: table %u of precision %u, "
                               "%zu bytes left",
                               (uintmax_t)at, slot, precision, body.n - i);
        j->dqt[slot] = true;
        const uint8_t *step = body.p + i + 1;
        for (size_t k = 0; k < 64; k++)
            j->quant[slot][k] = precision ? imp_be16(step + 2 * k) : step[k];
        i += size;
    }
    return true;
}

// `count`: 16, then the symbols, as in a DHT segment.
static void define(struct imp_huff *t, const uint8_t *count, size_t symbols)
{
    const uint8_t *symbol = count + 16;
    t->defined = true;
    if (memcmp(t->count + 1, count, 16) == 0 &&
        memcmp(t->symbol, symbol, symbols) == 0)
        return;
    t->derived = false;
    memcpy(t->count + 1, count, 16);
    memset(t->symbol, 0, sizeof t->symbol);
    memcpy(t->symbol, symbol, symbols);
}

bool imp_jpeg_parse_dht(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_err *err)
{
    size_t i = 0;
    while (i < body.n) {
        struct imp_span head, symbols;
        size_t n = 0;
        bool fits = imp_span_sub(body, i, 17, &head);
        for (size_t len = 1; fits && len <= 16; len++)
            n += head.p[len];
        if (!fits || n > 256 || head.p[0] >> 4 > 1 || (head.p[0] & 15) > 3 ||
            !imp_span_sub(body, i + 17, n, &symbols))
            return imp_fail_at(err, IMP_ERR_DAMAGED, at + 4 + i,
                               "DHT at offset %ju: table of %zu codes does "
                               "not fit %zu bytes",
                               (uintmax_t)at, n, body.n - i);
        define((head.p[0] >> 4 ? j->ac : j->dc) + (head.p[0] & 15), head.p + 1,
               n);
        i += 17 + n;
    }
    return true;
}

bool imp_jpeg_parse_dri(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_err *err)
{
    if (body.n != 2)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "DRI at offset %ju: %zu bytes, want 2",
                           (uintmax_t)at, body.n);
    j->restart_interval = imp_be16(body.p);
    return true;
}

// Conditioning values, T.81 B.2.4.3: pairs, and nothing that could hold text.
bool imp_jpeg_parse_dac(struct imp_span body, uint64_t at, struct imp_err *err)
{
    for (size_t i = 0; i + 1 < body.n; i += 2) {
        unsigned class = body.p[i] >> 4, slot = body.p[i] & 15;
        unsigned low = body.p[i + 1] & 15, high = body.p[i + 1] >> 4;
        bool valid = class == 0 ? low <= high
                                : body.p[i + 1] >= 1 && body.p[i + 1] <= 63;
        if (class > 1 || slot > 3 || !valid)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at + 4 + i,
                               "DAC at offset %ju: entry %zu is not valid",
                               (uintmax_t)at, i / 2);
    }
    if (body.n % 2 || body.n > 16)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "DAC at offset %ju: %zu bytes, want up to 8 pairs",
                           (uintmax_t)at, body.n);
    return true;
}

// T.81 K.3.3: the typical tables.
static const uint8_t k3_dc_luma[] = {0, 1, 5, 1, 1, 1, 1,  1, 1, 0,
                                     0, 0, 0, 0, 0, 0, 0,  1, 2, 3,
                                     4, 5, 6, 7, 8, 9, 10, 11};
static const uint8_t k3_dc_chroma[] = {0, 3, 1, 1, 1, 1, 1,  1, 1, 1,
                                       1, 0, 0, 0, 0, 0, 0,  1, 2, 3,
                                       4, 5, 6, 7, 8, 9, 10, 11};
static const uint8_t k3_ac_luma[] = {
    0,    2,    1,    3,    3,    2,    4,    3,    5,    5,    4,    4,
    0,    0,    1,    0x7d, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12,
    0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32,
    0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0,
    0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a,
    0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39,
    0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55,
    0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
    0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85,
    0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
    0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2,
    0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5,
    0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
    0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea,
    0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa};
static const uint8_t k3_ac_chroma[] = {
    0,    2,    1,    2,    4,    4,    3,    4,    7,    5,    4,    4,
    0,    1,    2,    0x77, 0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21,
    0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81,
    0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0,
    0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17,
    0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38,
    0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54,
    0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
    0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9,
    0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6,
    0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9,
    0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa};

static void set_default(struct imp_huff *t, const uint8_t *k3, size_t n)
{
    if (!t->defined)
        define(t, k3, n - 16);
}

void imp_jpeg_default_tables(struct imp_jpeg *j)
{
    set_default(&j->dc[0], k3_dc_luma, sizeof k3_dc_luma);
    set_default(&j->dc[1], k3_dc_chroma, sizeof k3_dc_chroma);
    set_default(&j->ac[0], k3_ac_luma, sizeof k3_ac_luma);
    set_default(&j->ac[1], k3_ac_chroma, sizeof k3_ac_chroma);
}
