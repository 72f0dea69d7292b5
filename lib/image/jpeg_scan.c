#include "image/jpeg.h"

bool imp_jpeg_is_progressive(const struct imp_jpeg *j)
{
    return j->sof == IMP_JPEG_SOF2 || j->sof == IMP_JPEG_SOF10;
}

bool imp_jpeg_is_arithmetic(const struct imp_jpeg *j)
{
    return j->sof == IMP_JPEG_SOF9 || j->sof == IMP_JPEG_SOF10;
}

bool imp_jpeg_is_lossless(const struct imp_jpeg *j)
{
    return j->sof == IMP_JPEG_SOF3;
}

static struct imp_jpeg_comp *find_component(struct imp_jpeg *j, uint8_t id)
{
    for (unsigned i = 0; i < j->n_comp; i++)
        if (j->comp[i].id == id)
            return &j->comp[i];
    return NULL;
}

static bool take_component(struct imp_jpeg *j, struct imp_jpeg_scan *scan,
                           unsigned i, const uint8_t *p, uint64_t at,
                           struct imp_err *err)
{
    struct imp_jpeg_comp *c = find_component(j, p[0]);
    if (!c)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOS at offset %ju: component %u is not in the "
                           "frame",
                           (uintmax_t)at, p[0]);
    for (unsigned k = 0; k < i; k++)
        if (scan->in[k].comp == c)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "SOS at offset %ju: component %u twice",
                               (uintmax_t)at, p[0]);
    if (!j->dqt[c->tq] && !imp_jpeg_is_lossless(j))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOS at offset %ju: quantisation table %u is not "
                           "defined",
                           (uintmax_t)at, c->tq);
    scan->in[i].comp = c;
    scan->in[i].dc = p[1] >> 4;
    scan->in[i].ac = p[1] & 15;
    if (scan->in[i].dc > 3 || scan->in[i].ac > 3)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOS at offset %ju: Huffman tables %u and %u, want "
                           "0 to 3",
                           (uintmax_t)at, scan->in[i].dc, scan->in[i].ac);
    return true;
}

// T.81 G.1.1.1.1: a scan of a progressive frame is either for DC or for the AC
// coefficients of one component, first bits or one more.
static bool progression_ok(const struct imp_jpeg_scan *s)
{
    if (s->se > 63 || s->ss > s->se || s->al > 13)
        return false;
    if (s->ss == 0 ? s->se != 0 : s->n_comp != 1)
        return false;
    return s->ah == 0 || s->al + 1 == s->ah;
}

// T.81 G.1.1.1: every coefficient begins once, with Ah 0, DC before AC, and
// each later scan of it adds the next bit. So no scan replaces another.
static bool goes_on(const struct imp_jpeg_scan *s)
{
    for (unsigned i = 0; i < s->n_comp; i++) {
        struct imp_jpeg_comp *c = s->in[i].comp;
        if (s->ss > 0 && c->bits[0] < 0)
            return false;
        for (unsigned k = s->ss; k <= s->se; k++) {
            if (c->bits[k] < 0 ? s->ah != 0 : s->ah == 0 || s->ah != c->bits[k])
                return false;
            c->bits[k] = (int8_t)s->al;
        }
        c->coded = true;
    }
    return true;
}

// T.81 H.1.1 and table B.3: a predictor, a point transform that leaves bits.
static bool prediction_ok(const struct imp_jpeg *j,
                          const struct imp_jpeg_scan *s)
{
    return s->ss >= 1 && s->ss <= 7 && s->se == 0 && s->ah == 0 &&
           s->al < j->precision;
}

// A sequential frame codes each component in one scan (T.81 A.2).
static bool is_first(const struct imp_jpeg_scan *s)
{
    for (unsigned i = 0; i < s->n_comp; i++) {
        if (s->in[i].comp->coded)
            return false;
        s->in[i].comp->coded = true;
    }
    return true;
}

bool imp_jpeg_parse_sos(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_jpeg_scan *scan, struct imp_err *err)
{
    if (!j->sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOS at offset %ju before any SOF", (uintmax_t)at);
    if (++j->n_scans > IMP_JPEG_SCANS)
        return imp_fail_at(err, IMP_ERR_LIMIT, at,
                           "SOS at offset %ju: more than %d scans",
                           (uintmax_t)at, IMP_JPEG_SCANS);
    *scan = (struct imp_jpeg_scan){.n_comp = body.n ? body.p[0] : 0};
    if (scan->n_comp < 1 || scan->n_comp > IMP_JPEG_COMPS ||
        body.n != 4 + 2 * (size_t)scan->n_comp)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOS at offset %ju: %zu bytes for %u components",
                           (uintmax_t)at, body.n, scan->n_comp);
    unsigned blocks = 0;
    for (unsigned i = 0; i < scan->n_comp; i++) {
        if (!take_component(j, scan, i, body.p + 1 + 2 * (size_t)i, at, err))
            return false;
        blocks += (unsigned)scan->in[i].comp->h * scan->in[i].comp->v;
    }
    if (scan->n_comp > 1 && blocks > IMP_JPEG_MCU_BLOCKS)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOS at offset %ju: %u blocks in an MCU, want at "
                           "most %d",
                           (uintmax_t)at, blocks, IMP_JPEG_MCU_BLOCKS);
    const uint8_t *p = body.p + body.n - 3;
    scan->ss = p[0];
    scan->se = p[1];
    scan->ah = p[2] >> 4;
    scan->al = p[2] & 15;
    bool ok = imp_jpeg_is_progressive(j)
                  ? progression_ok(scan) && goes_on(scan)
                  : is_first(scan) &&
                        (!imp_jpeg_is_lossless(j) || prediction_ok(j, scan));
    if (!ok)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "SOS at offset %ju: does not follow from the scans "
                           "before it: Ss %u, Se %u, Ah %u, Al %u",
                           (uintmax_t)at, scan->ss, scan->se, scan->ah,
                           scan->al);
    const struct imp_jpeg_comp *c = scan->in[0].comp;
    scan->n_mcu = scan->n_comp == 1 ? (uint64_t)c->blocks_x * c->blocks_y
                                    : (uint64_t)j->mcus_x * j->mcus_y;
    return true;
}
