#include "mark/orient.h"

#define TAG_ORIENTATION 0x0112
#define ENTRY 12 // bytes of an IFD entry: TIFF 6.0, section 2

// Bytes of an integer of the type, TIFF 6.0 section 2; 0: it is none of these.
static size_t bytes_of(uint32_t type)
{
    static const uint8_t bytes[] = {[1] = 1, [3] = 2, [4] = 4};
    return type < sizeof bytes ? bytes[type] : 0;
}

static uint32_t number(bool big, const uint8_t *p, size_t bytes)
{
    if (bytes == 1)
        return *p;
    if (bytes == 2)
        return big ? imp_be16(p) : imp_le16(p);
    return big ? imp_be32(p) : imp_le32(p);
}

unsigned imp_orientation_read(struct imp_span tiff)
{
    struct imp_span ifd;
    if (tiff.n < 8)
        return 1;
    bool big = tiff.p[0] == 'M';
    if (tiff.p[0] != tiff.p[1] || (!big && tiff.p[0] != 'I') ||
        number(big, tiff.p + 2, 2) != 42)
        return 1;
    size_t at = number(big, tiff.p + 4, 4);
    if (!imp_span_sub(tiff, at, 2, &ifd))
        return 1;
    size_t entries = number(big, ifd.p, 2);
    for (size_t i = 0; i < entries; i++) {
        struct imp_span e;
        if (!imp_span_sub(tiff, at + 2 + i * ENTRY, ENTRY, &e))
            return 1;
        size_t bytes = bytes_of(number(big, e.p + 2, 2));
        if (number(big, e.p, 2) != TAG_ORIENTATION || !bytes ||
            number(big, e.p + 4, 4) != 1)
            continue;
        uint32_t value = number(big, e.p + 8, bytes);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

void imp_orientation_store(unsigned orientation, uint32_t width,
                           uint32_t height, uint32_t *x, uint32_t *y)
{
    // CIPA DC-008 4.6.5: where the stored row 0 and column 0 are seen. Turned
    // pictures swap x and y first; then each may run backwards.
    static const struct {
        bool back_x, back_y;
    } run[9] = {
        [1] = {false, false}, [2] = {true, false},  [3] = {true, true},
        [4] = {false, true},  [5] = {false, false}, [6] = {false, true},
        [7] = {true, true},   [8] = {true, false},
    };
    uint32_t sx = *x, sy = *y;
    if (imp_orientation_turns(orientation)) {
        sx = *y;
        sy = *x;
    }
    *x = run[orientation].back_x ? width - 1 - sx : sx;
    *y = run[orientation].back_y ? height - 1 - sy : sy;
}
