// What is in the marker segments of a codestream that a decoder needs (ITU-T
// T.800 A.5 to A.8): each has the length and the values that its meaning
// allows.
#include "image/dicom_j2k.h"

#include <inttypes.h>
#include <string.h>

enum {
    MAX_LEVELS = 32,       // of decomposition, table A.15
    MAX_COMPONENTS = 64,   // that have segments of their own
    MAX_PROGRESSIONS = 32, // in one POC
    HTJ2K_CAPABILITIES = 0x00020000,
};

// Segments that a header has once.
enum { SEEN_COD = 1, SEEN_QCD = 2, SEEN_POC = 4, SEEN_CAP = 8, SEEN_CPF = 16 };

struct body {
    struct imp_dicom_piece *piece;
    struct imp_dicom_j2k *j;
    const uint8_t *p;
    size_t n;
};

static bool bad(const struct body *b, const char *name)
{
    return imp_dicom_bad(b->piece, IMP_ERR_DAMAGED,
                         "JPEG 2000: %s has not its length or values", name);
}

static bool once(const struct body *b, unsigned flag, const char *name)
{
    if (b->j->seen & flag)
        return imp_dicom_bad(b->piece, IMP_ERR_DAMAGED,
                             "JPEG 2000: %s twice in a header", name);
    b->j->seen |= (uint8_t)flag;
    return true;
}

// The component that the segment begins with (A.6.2), which is taken from it;
// each has one such segment in a header.
static bool take_component(struct body *b, uint64_t *met)
{
    size_t n = b->j->components < 257 ? 1 : 2;
    if (b->n < n)
        return false;
    uint32_t i = n == 1 ? b->p[0] : imp_be16(b->p);
    b->p += n;
    b->n -= n;
    if (i >= b->j->components || i >= MAX_COMPONENTS || *met >> i & 1)
        return false;
    *met |= UINT64_C(1) << i;
    return true;
}

// --- Coding style: A.6.1, A.6.2 ---

// Table A.20, and behind it the sizes of precincts, if they have any.
static bool is_style(const struct body *b, const uint8_t *p, size_t n,
                     bool precincts)
{
    bool ht = b->piece->frames->image->syntax->codec == IMP_DCM_HTJ2K;
    if (n < 5 || p[0] > MAX_LEVELS || p[1] > 8 || p[2] > 8 || p[1] + p[2] > 8 ||
        (p[3] > 0x3F && !ht) || p[4] > 1)
        return false;
    if (p[0] > b->j->levels)
        b->j->levels = p[0];
    return n == 5 + (precincts ? p[0] + 1u : 0);
}

static bool check_cod(struct body *b)
{
    const uint8_t *p = b->p;
    b->j->styled = true;
    return once(b, SEEN_COD, "COD") &&
           ((b->n >= 5 && p[0] <= 7 && p[1] <= 4 && imp_be16(p + 2) > 0 &&
             p[4] <= 1 && is_style(b, p + 5, b->n - 5, p[0] & 1)) ||
            bad(b, "COD"));
}

static bool check_coc(struct body *b)
{
    return (take_component(b, &b->j->coc) && b->n > 0 && b->p[0] <= 1 &&
            is_style(b, b->p + 1, b->n - 1, b->p[0])) ||
           bad(b, "COC");
}

static bool check_rgn(struct body *b)
{
    return (take_component(b, &b->j->rgn) && b->n == 2 && b->p[0] == 0) ||
           bad(b, "RGN");
}

// --- Quantisation: A.6.4, A.6.5 ---

// As many steps as there are subbands, of which the tile tells; or one.
static bool is_quantisation(const struct body *b)
{
    size_t left = b->n - (b->n > 0), steps;
    if (b->n == 0 || (b->p[0] & 31) > 2)
        return false;
    switch (b->p[0] & 31) {
    case 0:
        steps = left;
        break;
    case 1:
        return left == 2;
    default:
        steps = left / 2;
        if (left % 2)
            return false;
    }
    if (steps > b->j->steps)
        b->j->steps = (uint32_t)steps;
    return steps > 0;
}

static bool check_qcd(struct body *b)
{
    b->j->quantised = true;
    return once(b, SEEN_QCD, "QCD") && (is_quantisation(b) || bad(b, "QCD"));
}

static bool check_qcc(struct body *b)
{
    return (take_component(b, &b->j->qcc) && is_quantisation(b)) ||
           bad(b, "QCC");
}

// --- Progressions: A.6.6 ---

static bool is_progression(const struct body *b, const uint8_t *p, size_t wide)
{
    uint32_t components = b->j->components;
    uint32_t from = wide == 1 ? p[1] : imp_be16(p + 1);
    uint32_t to = wide == 1 ? p[4 + wide] : imp_be16(p + 4 + wide);
    return p[0] < p[3 + wide] && p[3 + wide] <= MAX_LEVELS + 1 &&
           from < components && (to == 0 || (to > from && to <= components)) &&
           imp_be16(p + 1 + wide) > 0 && p[4 + 2 * wide] <= 4;
}

static bool check_poc(struct body *b)
{
    size_t wide = b->j->components < 257 ? 1 : 2, n = 5 + 2 * wide;
    if (!once(b, SEEN_POC, "POC"))
        return false;
    if (b->n % n != 0 || b->n / n > MAX_PROGRESSIONS)
        return bad(b, "POC");
    for (size_t i = 0; i < b->n; i += n)
        if (!is_progression(b, b->p + i, wide))
            return bad(b, "POC");
    return true;
}

// --- Capabilities: A.5.2, T.814 ---

static bool check_cap(struct body *b)
{
    return once(b, SEEN_CAP, "CAP") &&
           ((b->n == 6 && imp_be32(b->p) == HTJ2K_CAPABILITIES) ||
            bad(b, "CAP"));
}

static bool check_cpf(struct body *b)
{
    return once(b, SEEN_CPF, "CPF") && (b->n == 2 || bad(b, "CPF"));
}

// --- Lengths of tile-parts and packets: A.7.1, A.7.3 ---

// They must be those of the tile-parts that follow: see imp_dicom_j2k_tile.
static bool check_tlm(struct body *b)
{
    struct imp_dicom_j2k *j = b->j;
    if (b->n < 2 || b->p[0] != j->n_tlm || b->p[1] & 0x8F)
        return bad(b, "TLM");
    unsigned tile = b->p[1] >> 4 & 3, length = b->p[1] & 0x40 ? 4 : 2;
    if (tile > 2 || (b->n - 2) % (tile + length))
        return bad(b, "TLM");
    struct imp_dicom_tlm *tlm = imp_cutlist_alloc(b->piece->cl, sizeof *tlm);
    if (!tlm)
        return imp_fail(b->piece->err, IMP_ERR_MEMORY, "no memory for TLM");
    *tlm = (struct imp_dicom_tlm){.p = b->p + 2,
                                  .left = (b->n - 2) / (tile + length),
                                  .tile = (uint8_t)tile,
                                  .length = (uint8_t)length};
    *(j->last_tlm ? &j->last_tlm->next : &j->tlm) = tlm;
    j->last_tlm = tlm;
    j->n_tlm++;
    return true;
}

static bool check_plt(struct body *b)
{
    struct imp_dicom_j2k *j = b->j;
    if (b->n < 2 || b->p[0] != (j->n_plt++ & 0xFF))
        return bad(b, "PLT");
    for (size_t i = 1; i < b->n; i++) {
        j->packet = j->packet << 7 | (b->p[i] & 0x7F);
        if (j->packet > UINT32_MAX)
            return bad(b, "PLT");
        j->in_packet = b->p[i] & 0x80;
        if (j->in_packet)
            continue;
        if (j->packet == 0)
            return bad(b, "PLT");
        j->packets += j->packet;
        j->packet = 0;
    }
    return true;
}

// --- All of them ---

enum { MAIN = 1, TILE = 2 };

static const struct {
    uint8_t marker, where;
    const char *name;
    bool (*check)(struct body *b);
} segments[] = {
    {IMP_J2K_CAP, MAIN, "CAP", check_cap},
    {IMP_J2K_COD, MAIN | TILE, "COD", check_cod},
    {IMP_J2K_COC, MAIN | TILE, "COC", check_coc},
    {IMP_J2K_TLM, MAIN, "TLM", check_tlm},
    {IMP_J2K_PLT, TILE, "PLT", check_plt},
    {IMP_J2K_CPF, MAIN, "CPF", check_cpf},
    {IMP_J2K_QCD, MAIN | TILE, "QCD", check_qcd},
    {IMP_J2K_QCC, MAIN | TILE, "QCC", check_qcc},
    {IMP_J2K_RGN, MAIN | TILE, "RGN", check_rgn},
    {IMP_J2K_POC, MAIN | TILE, "POC", check_poc},
};

bool imp_dicom_j2k_knows(uint8_t marker)
{
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++)
        if (segments[i].marker == marker)
            return true;
    return false;
}

bool imp_dicom_j2k_check(struct imp_dicom_piece *piece)
{
    struct imp_dicom_coded *c = piece->coded;
    struct body b = {piece, &c->j2k, c->body.p, c->body.n};
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        if (segments[i].marker != c->marker)
            continue;
        if (!c->framed || !(segments[i].where & (c->j2k.in_tile ? TILE : MAIN)))
            return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                                 "JPEG 2000: %s that is not in its place",
                                 segments[i].name);
        return segments[i].check(&b);
    }
    return true;
}

// --- Tile-parts ---

static bool matches(struct imp_dicom_tlm *t, const uint8_t *sot)
{
    const uint8_t *p = t->p;
    uint32_t tile = t->tile == 0   ? imp_be16(sot)
                    : t->tile == 1 ? p[0]
                                   : imp_be16(p);
    p += t->tile;
    uint32_t length = t->length == 2 ? imp_be16(p) : imp_be32(p);
    t->p = p + t->length;
    t->left--;
    return tile == imp_be16(sot) && length == imp_be32(sot + 2);
}

bool imp_dicom_j2k_tile(struct imp_dicom_piece *piece)
{
    struct imp_dicom_j2k *j = &piece->coded->j2k;
    while (j->tlm && j->tlm->left == 0)
        j->tlm = j->tlm->next;
    if (j->n_tlm && (!j->tlm || !matches(j->tlm, piece->coded->body.p)))
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "JPEG 2000: a tile-part is not what TLM says");
    j->in_tile = true;
    j->seen = 0;
    j->coc = j->qcc = j->rgn = 0;
    j->packets = j->packet = 0;
    j->in_packet = false;
    j->n_plt = 0;
    return true;
}

bool imp_dicom_j2k_data(struct imp_dicom_piece *piece)
{
    const struct imp_dicom_coded *c = piece->coded;
    const struct imp_dicom_j2k *j = &c->j2k;
    if (!j->styled || !j->quantised)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "JPEG 2000: a tile-part without COD and QCD");
    if (j->steps > 3u * j->levels + 1)
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "JPEG 2000: more steps of quantisation than "
                             "subbands");
    if (j->n_plt && (j->in_packet || !c->tile_known || j->packets != c->tile))
        return imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                             "JPEG 2000: packets are not what PLT says");
    return true;
}

bool imp_dicom_j2k_end(struct imp_dicom_piece *piece)
{
    struct imp_dicom_j2k *j = &piece->coded->j2k;
    while (j->tlm && j->tlm->left == 0)
        j->tlm = j->tlm->next;
    return !j->tlm || imp_dicom_bad(piece, IMP_ERR_DAMAGED,
                                    "JPEG 2000: fewer tile-parts than TLM "
                                    "says");
}
