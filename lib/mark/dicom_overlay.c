// The mark as an overlay plane: PS3.3 C.9.2, and of several frames C.9.3, as
// objects still have them.
#include "dicom/file.h"
#include "dicom/reader.h"
#include "mark/dicom.h"
#include "mark/dicom_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    FIRST_GROUP = 0x6000, // 16 even ones: PS3.5 7.6
    GROUPS = 16,
    HALF = 128,      // coverage from which on a pixel is text
    WORD = 16,       // bits: OW
    TAG_LENGTH = 4,  // bytes
    HEAD_MOST = 512, // bytes of all elements up to the data
};

// --- Where it goes in ---

struct place {
    uint16_t group;
    uint64_t at; // of the element that comes next, whose tag stays
};

static uint32_t last_tag(uint16_t group)
{
    return (uint32_t)group << 16 | 0xFFFF;
}

// Which of the groups it is of, if it is of an overlay.
static bool is_of_overlay(const struct imp_dcm_event *e, unsigned *i)
{
    *i = (imp_dcm_group(e->tag) - FIRST_GROUP) / 2u;
    return e->depth == 0 && *i < GROUPS && !imp_dcm_is_private(e->tag);
}

// Groups of which something is kept, a bit for each.
static bool find_taken(const struct imp_dicom_job *job, unsigned *taken)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    *taken = 0;
    imp_dcm_reader_start(&r, job->in, job->data_at, job->in.n,
                         job->image.syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, job->err))
            return false;
        unsigned i;
        if (is_of_overlay(&e, &i) && e.header > 0 &&
            imp_dicom_is_kept(job->cuts, e.at, TAG_LENGTH))
            *taken |= 1u << i;
    } while (e.kind != IMP_DCM_END);
    return true;
}

// In front of the first element that is kept and has a higher tag.
static bool find_next(const struct imp_dicom_job *job, struct place *place)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    imp_dcm_reader_start(&r, job->in, job->data_at, job->in.n,
                         job->image.syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, job->err))
            return false;
        bool begins = e.kind == IMP_DCM_ELEMENT ||
                      e.kind == IMP_DCM_SEQUENCE_BEGIN ||
                      e.kind == IMP_DCM_PIXELS_BEGIN;
        if (begins && e.depth == 0 && e.tag > last_tag(place->group) &&
            imp_dicom_is_kept(job->cuts, e.at, TAG_LENGTH)) {
            place->at = e.at;
            return true;
        }
    } while (e.kind != IMP_DCM_END);
    imp_bug("pixel data is kept, and is not");
}

static bool find_place(const struct imp_dicom_job *job, struct place *place)
{
    unsigned taken, i = 0;
    if (!find_taken(job, &taken))
        return false;
    while (i < GROUPS && taken & 1u << i)
        i++;
    place->group = (uint16_t)(FIRST_GROUP + 2 * i);
    if (i == GROUPS)
        return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                        "all %d groups of overlays are taken", GROUPS);
    return find_next(job, place);
}

// --- Bits ---

static unsigned luma(const uint8_t rgb[3])
{
    return (299u * rgb[0] + 587u * rgb[1] + 114u * rgb[2]) / 1000;
}

// The mean of an image where it covers; 0 for a text.
static unsigned level_of(const struct imp_ink *ink)
{
    uint64_t sum = 0, n = 0;
    size_t all = (size_t)ink->text.width * ink->text.height;
    for (size_t i = 0; ink->rgb && i < all; i++)
        if (ink->text.cover[i] >= HALF) {
            sum += luma(ink->rgb + 3 * i);
            n++;
        }
    return n ? (unsigned)(sum / n) : 0;
}

// Set the bits of one plane, whose first is `first` of `out`, which is zeroed.
// How many there are.
static uint64_t draw_plane(const struct imp_dicom_job *job, uint8_t *out,
                           uint64_t first)
{
    const struct imp_inked *where = &job->drawing.where;
    const struct imp_ink *ink = where->ink;
    unsigned level = level_of(ink);
    uint64_t set = 0;
    for (size_t s = 0; s < where->n; s++)
        for (uint32_t y = 0; y < ink->text.height; y++)
            for (uint32_t x = 0; x < ink->text.width; x++) {
                size_t i = (size_t)y * ink->text.width + x;
                if (ink->text.cover[i] < HALF ||
                    (ink->rgb && luma(ink->rgb + 3 * i) < level))
                    continue;
                uint64_t bit =
                    first +
                    (uint64_t)(where->spot[s].y + y) * job->image.columns +
                    where->spot[s].x + x;
                out[bit / 8] |= (uint8_t)(1u << bit % 8);
                set++;
            }
    return set;
}

// --- Elements in the encoding of the data set ---

struct head {
    uint8_t p[HEAD_MOST];
    size_t n;
    struct imp_dcm_encoding how;
};

static void put16(struct head *h, uint16_t v)
{
    (h->how.big ? imp_put_be16 : imp_put_le16)(h->p + h->n, v);
    h->n += 2;
}

static void put32(struct head *h, uint32_t v)
{
    (h->how.big ? imp_put_be32 : imp_put_le32)(h->p + h->n, v);
    h->n += 4;
}

static void begin(struct head *h, uint16_t group, uint16_t element,
                  const char *vr, uint32_t length)
{
    put16(h, group);
    put16(h, element);
    if (!h->how.explicit_vr) {
        put32(h, length);
        return;
    }
    memcpy(h->p + h->n, vr, 2);
    h->n += 2;
    if (strcmp(vr, "OW") == 0) {
        put16(h, 0);
        put32(h, length);
    } else {
        put16(h, (uint16_t)length);
    }
}

static void put_number(struct head *h, uint16_t group, uint16_t element,
                       uint16_t v)
{
    begin(h, group, element, "US", 2);
    put16(h, v);
}

// Padded with a space.
static void put_text(struct head *h, uint16_t group, uint16_t element,
                     const char *vr, const char *text)
{
    size_t n = strlen(text), even = n + n % 2;
    begin(h, group, element, vr, (uint32_t)even);
    memset(h->p + h->n, ' ', even);
    memcpy(h->p + h->n, text, n);
    h->n += even;
}

static void put_head(struct head *h, const struct imp_dcm_image *image,
                     uint16_t group, uint32_t length)
{
    char frames[12];
    snprintf(frames, sizeof frames, "%" PRIu32, image->frames);
    put_number(h, group, 0x0010, (uint16_t)image->rows);
    put_number(h, group, 0x0011, (uint16_t)image->columns);
    if (image->frames > 1)
        put_text(h, group, 0x0015, "IS", frames);
    put_text(h, group, 0x0040, "CS", "G");
    begin(h, group, 0x0050, "SS", 4);
    put16(h, 1);
    put16(h, 1);
    if (image->frames > 1)
        put_number(h, group, 0x0051, 1);
    put_number(h, group, 0x0100, 1);
    put_number(h, group, 0x0102, 0);
    begin(h, group, 0x3000, "OW", length);
}

// --- All of it ---

// Planes follow each other bit by bit: so many of them repeat as whole words.
struct planes {
    uint64_t bits; // of one
    uint32_t together, blocks, rest;
    size_t block, tail; // bytes
};

static uint64_t words(uint64_t bits)
{
    return (bits + WORD - 1) / WORD * 2;
}

static bool measure(const struct imp_dicom_job *job, struct planes *p,
                    uint32_t *length)
{
    const struct imp_dcm_image *image = &job->image;
    *p = (struct planes){.bits = (uint64_t)image->rows * image->columns,
                         .together = 1};
    while (p->together < image->frames && p->bits * p->together % WORD != 0)
        p->together *= 2;
    p->blocks = image->frames / p->together;
    p->rest = image->frames % p->together;
    p->block = (size_t)words(p->bits * p->together);
    p->tail = (size_t)words(p->bits * p->rest);
    uint64_t all = words(p->bits * image->frames); // 2 * 16 + 31 bits at most
    *length = (uint32_t)all;
    return all < IMP_DCM_UNDEFINED ||
           imp_fail(job->err, IMP_ERR_LIMIT,
                    "an overlay of %" PRIu64 " bytes, want at most %" PRIu32,
                    all, IMP_DCM_UNDEFINED - 1);
}

// So many planes, which are `size` bytes.
static bool draw_planes(struct imp_dicom_job *job, const struct planes *p,
                        uint32_t n, size_t size)
{
    struct imp_buf *b = &job->out->bytes;
    uint64_t set = 0;
    if (n == 0)
        return true;
    if (!imp_dicom_patches_room(job->out, size, job->err) ||
        !imp_buf_reserve(b, b->n + size, job->err))
        return false;
    uint8_t *block = b->p + b->n;
    memset(block, 0, size);
    for (uint32_t i = 0; i < n; i++)
        set = draw_plane(job, block, i * p->bits);
    if (set == 0)
        return imp_fail(job->err, IMP_ERR_LIMIT,
                        "the mark leaves no trace in an overlay: no pixel is "
                        "half covered");
    for (size_t i = 0; job->image.syntax->encoding.big && i < size; i += 2) {
        uint8_t low = block[i];
        block[i] = block[i + 1];
        block[i + 1] = low;
    }
    b->n += size;
    return true;
}

static bool add(struct imp_dicom_job *job, uint64_t at, uint64_t length,
                size_t from, size_t n)
{
    return imp_dicom_patches_add(job->out, at, length, from, n, job->err);
}

// The tag of the element that comes next is written anew behind it: between
// that element and the one before there may be an addition.
static bool add_all(struct imp_dicom_job *job, uint64_t at,
                    const struct planes *p, const struct head *h)
{
    struct imp_buf *b = &job->out->bytes;
    size_t head = b->n;
    if (!imp_buf_add(b, h->p, h->n, job->err))
        return false;
    size_t block = b->n;
    if (!draw_planes(job, p, p->blocks ? p->together : 0, p->block))
        return false;
    size_t tail = b->n;
    if (!draw_planes(job, p, p->rest, p->tail) ||
        !imp_buf_add(b, job->in.p + at, TAG_LENGTH, job->err) ||
        !add(job, at, TAG_LENGTH, head, h->n))
        return false;
    at += TAG_LENGTH;
    for (uint32_t i = 0; i < p->blocks; i++)
        if (!add(job, at, 0, block, p->block))
            return false;
    return add(job, at, 0, tail, b->n - tail);
}

bool imp_dicom_overlay(struct imp_dicom_job *job)
{
    struct place place = {0};
    struct planes p;
    struct head h = {.how = job->image.syntax->encoding};
    uint32_t length;
    job->route = IMP_MARK_OVERLAY;
    if (!find_place(job, &place) || !measure(job, &p, &length))
        return false;
    put_head(&h, &job->image, place.group, length);
    job->overlay = h.n + (uint64_t)length;
    return add_all(job, place.at, &p, &h);
}

// --- Found again ---

// The first element that there is of any overlay.
static bool find_first(const struct imp_dicom_job *job, struct place *place,
                       bool *found)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    *found = false;
    imp_dcm_reader_start(&r, job->in, job->data_at, job->in.n,
                         job->image.syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, job->err))
            return false;
        unsigned i;
        *found = e.kind == IMP_DCM_ELEMENT && is_of_overlay(&e, &i);
        if (*found)
            *place = (struct place){imp_dcm_group(e.tag), e.at};
    } while (!*found && e.kind != IMP_DCM_END);
    return true;
}

bool imp_dicom_find_mark(struct imp_span in, uint64_t *at, uint64_t *length,
                         struct imp_err *err)
{
    struct imp_dicom_job job = {.in = in, .err = err};
    struct imp_dcm_file file;
    struct place place;
    struct planes p;
    uint32_t bits;
    bool found;
    *at = *length = 0;
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    job.data_at = file.data_at;
    if (file.syntax->deflated)
        return true;
    if (!imp_dcm_image_read(in, file.data_at, file.syntax, &job.image, err) ||
        !find_first(&job, &place, &found))
        return false;
    job.err = NULL; // what cannot be a mark is no error
    if (!found || !measure(&job, &p, &bits))
        return true;
    struct head h = {.how = file.syntax->encoding};
    struct imp_span there;
    put_head(&h, &job.image, place.group, bits);
    if (!imp_span_sub(in, place.at, h.n + (uint64_t)bits, &there) ||
        memcmp(there.p, h.p, h.n) != 0)
        return true;
    *at = place.at;
    *length = there.n;
    return true;
}
