// Coded data of one image: NAL units of HEVC (ITU-T H.265 7.4.2, with the
// lengths of 14496-15 in front) or OBUs of AV1 (AV1 specification 5.3). What is
// neither picture nor parameter goes: SEI, metadata, padding.
#include "image/heif.h"

#include <string.h>

static const char unit[] = "coded image", extra[] = "units beside the image";

static void cut_unit(struct imp_cutlist *cl, size_t at, size_t n, bool keep)
{
    if (keep)
        imp_cut_keep(cl, at, n, IMP_PART_CODED, unit);
    else
        imp_cut_drop(cl, at, n, IMP_PART_VENDOR, extra);
}

static bool cut_hevc(struct imp_heif *h, const struct imp_heif_prop *config,
                     uint32_t id, struct imp_span data, struct imp_err *err)
{
    if (!config || config->box.body.n < 23)
        return imp_fail(err, IMP_ERR_DAMAGED, "image %u has no hvcC", id);
    unsigned width = (config->box.body.p[21] & 3) + 1u;
    struct imp_heif_reader r = {.in = data, .ok = true};
    bool coded = false;
    while (r.at < data.n) {
        size_t at = r.at;
        uint64_t n = imp_heif_get(&r, width);
        if (!r.ok || n < 2 || n > data.n - r.at)
            return imp_fail(err, IMP_ERR_DAMAGED,
                            "image %u: unit of %ju bytes at %zu of %zu", id,
                            (uintmax_t)n, at, data.n);
        unsigned type = data.p[r.at] >> 1 & 63;
        r.at += (size_t)n;
        coded |= type < 32;
        cut_unit(&h->part, at, r.at - at, type < 35);
    }
    return coded ||
           imp_fail(err, IMP_ERR_DAMAGED, "image %u has no picture", id);
}

// AV1 specification 4.10.5.
static bool read_leb128(struct imp_heif_reader *r, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t byte = imp_heif_get(r, 1);
        *value |= (byte & 0x7f) << (7 * i);
        if (!r->ok || !(byte & 0x80))
            return r->ok;
    }
    return false;
}

bool imp_heif_next_obu(struct imp_heif_reader *r, unsigned *type)
{
    unsigned head = (unsigned)imp_heif_get(r, 1);
    if (head & 4)
        imp_heif_get(r, 1);
    uint64_t n = r->in.n - r->at;
    r->ok = r->ok && !(head & 0x80) && (!(head & 2) || read_leb128(r, &n)) &&
            n <= r->in.n - r->at;
    r->at += r->ok ? (size_t)n : 0;
    *type = head >> 3 & 15;
    return r->ok;
}

static bool is_av1_picture(unsigned type)
{
    // Sequence header, temporal delimiter, frame header, tile group, frame,
    // redundant frame header.
    return type == 1 || type == 2 || type == 3 || type == 4 || type == 6 ||
           type == 7;
}

static bool cut_av1(struct imp_heif *h, uint32_t id, struct imp_span data,
                    struct imp_err *err)
{
    struct imp_heif_reader r = {.in = data, .ok = true};
    while (r.at < data.n) {
        size_t at = r.at;
        unsigned type;
        if (!imp_heif_next_obu(&r, &type))
            return imp_fail(err, IMP_ERR_DAMAGED,
                            "image %u: OBU at %zu of %zu bytes is not all "
                            "there",
                            id, at, data.n);
        cut_unit(&h->part, at, r.at - at, is_av1_picture(type));
    }
    return true;
}

bool imp_heif_cut_coded(struct imp_heif *h, const char *type,
                        const struct imp_heif_prop *config, uint32_t id,
                        struct imp_span data, struct imp_err *err)
{
    imp_cutlist_start(&h->part, data.n);
    bool hevc = memcmp(type, "hvc1", 4) == 0;
    return (hevc ? cut_hevc(h, config, id, data, err)
                 : cut_av1(h, id, data, err)) &&
           imp_cutlist_finish(&h->part, err);
}
