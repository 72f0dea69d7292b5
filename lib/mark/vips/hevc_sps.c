// What HEVC's sequence parameters say of the picture (ITU-T H.265 7.3.2.2):
// read to where they say it, no further.
#include "mark/vips/hevc_sps.h"

#define MOST 4096 // bytes: all lists of all scalings fit

struct bits {
    struct imp_span in;
    size_t at; // bits
    bool ok;
};

static uint32_t get(struct bits *b, unsigned n)
{
    uint32_t v = 0;
    for (; n > 0 && b->ok; n--, b->at++) {
        b->ok = b->at / 8 < b->in.n;
        if (b->ok)
            v = v << 1 | (b->in.p[b->at / 8] >> (7 - b->at % 8) & 1);
    }
    return v;
}

static void skip(struct bits *b, unsigned n)
{
    for (; n > 0; n--)
        get(b, 1);
}

static uint32_t get_ue(struct bits *b) // 9.2
{
    unsigned zeros = 0;
    while (b->ok && get(b, 1) == 0)
        b->ok = b->ok && ++zeros < 32;
    return b->ok ? (1u << zeros) - 1 + get(b, zeros) : 0;
}

static void skip_ue(struct bits *b, unsigned n) // se(v) is as long
{
    for (; n > 0; n--)
        get_ue(b);
}

// A number that is a count: no more than `most`.
static unsigned get_count(struct bits *b, unsigned most)
{
    uint32_t n = get_ue(b);
    b->ok = b->ok && n <= most;
    return b->ok ? n : 0;
}

static void skip_levels(struct bits *b, unsigned sub_layers) // 7.3.3
{
    uint32_t profile[8] = {0}, level[8] = {0};
    skip(b, 88 + 8);
    for (unsigned i = 0; i < sub_layers; i++) {
        profile[i] = get(b, 1);
        level[i] = get(b, 1);
    }
    if (sub_layers)
        skip(b, 2 * (8 - sub_layers));
    for (unsigned i = 0; i < sub_layers; i++)
        skip(b, profile[i] * 88 + level[i] * 8);
}

static void skip_scaling(struct bits *b) // 7.3.4
{
    for (unsigned size = 0; size < 4; size++)
        for (unsigned matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
            if (!get(b, 1))
                skip_ue(b, 1);
            else
                skip_ue(b, size > 1 ? 65 : size ? 64 : 16);
        }
}

// 7.3.7; sets predicted from each other, which a still has no use for, are not
// followed.
static void skip_references(struct bits *b)
{
    unsigned sets = get_count(b, 64);
    for (unsigned i = 0; i < sets && b->ok; i++) {
        if (i && get(b, 1))
            b->ok = false;
        unsigned n = get_count(b, 16);
        n += get_count(b, 16);
        for (; n > 0; n--) {
            skip_ue(b, 1);
            skip(b, 1);
        }
    }
}

static void skip_tools(struct bits *b, unsigned sub_layers)
{
    if (get(b, 1)) // conformance window
        skip_ue(b, 4);
    skip_ue(b, 2);
    unsigned order_bits = get_count(b, 12) + 4;
    skip_ue(b, 3 * (get(b, 1) ? sub_layers + 1 : 1));
    skip_ue(b, 6);
    if (get(b, 1) && get(b, 1))
        skip_scaling(b);
    skip(b, 2);
    if (get(b, 1)) { // PCM
        skip(b, 8);
        skip_ue(b, 2);
        skip(b, 1);
    }
    skip_references(b);
    if (get(b, 1))
        skip(b, get_count(b, 32) * (order_bits + 1));
    skip(b, 2);
}

static bool get_square(struct bits *b) // table E.1
{
    uint32_t aspect = get(b, 8), width = aspect, height = 1;
    if (aspect == 255) {
        width = get(b, 16);
        height = get(b, 16);
    }
    return aspect == 0 || width == height;
}

static void get_vui(struct bits *b, struct imp_hevc_sps *out) // E.2.1
{
    if (get(b, 1))
        out->square = get_square(b);
    if (get(b, 1))
        skip(b, 1);
    if (get(b, 1)) {
        skip(b, 3);
        out->cicp.full = get(b, 1);
        if (get(b, 1)) {
            out->cicp.primaries = (uint16_t)get(b, 8);
            out->cicp.transfer = (uint16_t)get(b, 8);
            out->cicp.matrix = (uint16_t)get(b, 8);
        }
    }
    if (get(b, 1))
        out->chroma_loc = (int)get_count(b, 5);
}

// 7.4.2: a 3 behind two zeros is no data.
static struct imp_span unescape(struct imp_span nal, uint8_t out[MOST])
{
    size_t n = 0;
    unsigned zeros = 0;
    for (size_t i = 0; i < nal.n && n < MOST; i++) {
        bool escape = zeros >= 2 && nal.p[i] == 3;
        zeros = nal.p[i] == 0 ? zeros + 1 : 0;
        if (!escape)
            out[n++] = nal.p[i];
    }
    return (struct imp_span){out, n};
}

bool imp_hevc_read_sps(struct imp_span nal, struct imp_hevc_sps *out)
{
    uint8_t rbsp[MOST];
    struct bits b = {.in = unescape(nal, rbsp), .at = 16 + 4, .ok = true};
    unsigned sub_layers = get(&b, 3);
    skip(&b, 1);
    skip_levels(&b, sub_layers);
    skip_ue(&b, 1);
    if (get_ue(&b) == 3)
        skip(&b, 1);
    out->width = get_ue(&b);
    out->height = get_ue(&b);
    skip_tools(&b, sub_layers);
    // What is not said is unspecified, of limited range.
    out->cicp = (struct imp_cicp){2, 2, 2, false};
    out->square = true;
    out->chroma_loc = -1;
    if (get(&b, 1))
        get_vui(&b, out);
    return b.ok;
}
