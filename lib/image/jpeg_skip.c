// Going past scans by their markers alone.
#include "image/jpeg.h"
#include "image/jpeg_map.h"

#include <string.h>

size_t imp_jpeg_next_marker(struct imp_span in, size_t at)
{
    while (at < in.n) {
        const uint8_t *ff = memchr(in.p + at, 0xFF, in.n - at);
        if (!ff)
            break;
        at = (size_t)(ff - in.p);
        if (at + 1 < in.n && in.p[at + 1] != 0 && in.p[at + 1] != 0xFF)
            return at;
        at++;
    }
    return in.n;
}

size_t imp_jpeg_skip_scan(struct imp_span in, size_t at)
{
    for (;;) {
        at = imp_jpeg_next_marker(in, at);
        if (at == in.n || in.p[at + 1] < IMP_JPEG_RST0 ||
            in.p[at + 1] > IMP_JPEG_RST7)
            return at;
        at += 2;
    }
}

// Rows begin where their interval does, and some MCUs later.
static void note_rows(struct imp_jpeg_scan_map *m, uint64_t first, size_t at,
                      uint32_t *next_row)
{
    uint64_t left = m->scan.n_mcu - first;
    uint64_t n = m->restart_interval < left ? m->restart_interval : left;
    for (; *next_row < m->mcus_y; ++*next_row) {
        uint64_t begin = (uint64_t)*next_row * m->mcus_x;
        if (begin >= first + n)
            return;
        m->row[*next_row] =
            (struct imp_jpeg_waypoint){.place = {.next = at},
                                       .before = begin - first,
                                       .in_interval = first + n - begin};
    }
}

bool imp_jpeg_skip_mapped(struct imp_jpeg *j, const struct imp_jpeg_scan *scan,
                          struct imp_span in, size_t at,
                          struct imp_jpeg_map *map, struct imp_cutlist *cl,
                          size_t *end, struct imp_err *err)
{
    if (!imp_jpeg_ready_tables(j, scan, at, err))
        return false;
    struct imp_jpeg_scan_map *m = imp_jpeg_map_scan(map, scan, cl, err);
    if (!m)
        return false;
    size_t start = at;
    uint32_t next_row = 0;
    uint64_t interval = 0, n = m->restart_interval;
    for (;;) {
        note_rows(m, interval * n, at, &next_row);
        at = imp_jpeg_next_marker(in, at);
        if ((interval + 1) * n >= scan->n_mcu)
            break;
        unsigned want = IMP_JPEG_RST0 + (unsigned)(interval % 8);
        if (at == in.n || in.p[at + 1] != want)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "no RST%u at offset %zu, %ju MCUs before the "
                               "end of the scan",
                               want - IMP_JPEG_RST0, at,
                               (uintmax_t)(scan->n_mcu - (interval + 1) * n));
        at += 2;
        interval++;
    }
    imp_cut_keep(cl, start, at - start, IMP_PART_CODED, "scan");
    *end = at;
    return true;
}
