#include "dicom/file.h"

#include "dicom/dict.h"
#include "dicom/header.h"

#include <string.h>

enum { PREAMBLE = 132, ENOUGH = 8 };

static const struct imp_dcm_encoding explicit_little = {true, false};

static bool has_preamble(struct imp_span in)
{
    return in.n >= PREAMBLE && memcmp(in.p + 128, "DICM", 4) == 0;
}

// May an element of that VR by the dictionary be written as `written`?
static bool vr_fits(const struct imp_dcm_attribute *a, enum imp_dcm_vr written)
{
    bool word = written == IMP_DCM_OW || written == IMP_DCM_US;
    if (written == IMP_DCM_NONE || written == IMP_DCM_UN || written == a->vr)
        return true;
    switch (a->vr) {
    case IMP_DCM_OB_OW:
        return written == IMP_DCM_OB || written == IMP_DCM_OW;
    case IMP_DCM_US_SS:
        return written == IMP_DCM_US || written == IMP_DCM_SS;
    case IMP_DCM_US_OW:
        return word;
    case IMP_DCM_US_SS_OW:
        return word || written == IMP_DCM_SS;
    default:
        return false;
    }
}

// Could it be an element of a data set in this encoding?
static bool is_likely(const struct imp_dcm_header *h, uint64_t left)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(h->tag);
    if (imp_dcm_group(h->tag) == 0 || imp_dcm_group(h->tag) == 0xFFFE)
        return false;
    // PS3.6 knows all tags of even groups; a private one may be anything.
    if (a ? !vr_fits(a, h->written) : !imp_dcm_is_private(h->tag))
        return false;
    if (h->length == IMP_DCM_UNDEFINED)
        return h->vr == IMP_DCM_SQ || h->vr == IMP_DCM_UN;
    return h->length <= left;
}

// Can the data at `at` be read so? The first elements tell; `*n` of them fit
// before one that is nested, or up to the end.
static bool reads_as(struct imp_span in, uint64_t at,
                     struct imp_dcm_encoding encoding, unsigned *n)
{
    struct imp_dcm_header h;
    uint32_t last = 0;
    for (*n = 0; *n < ENOUGH && at < in.n; ++*n) {
        if (imp_dcm_header_read(in, at, in.n, encoding, &h) || h.tag <= last ||
            !is_likely(&h, in.n - at - h.size))
            return false;
        last = h.tag;
        if (h.length == IMP_DCM_UNDEFINED)
            return ++*n;
        at += (uint64_t)h.size + h.length;
    }
    return *n > 0;
}

// DCMTK and pydicom take the first two letters that could be a VR, and the byte
// order in which the first group is the lower. Here some elements must fit, and
// in one encoding only.
static const struct imp_dcm_syntax *guess(struct imp_span in, uint64_t at,
                                          unsigned *n)
{
    static const struct imp_dcm_encoding ways[] = {
        {false, false}, {true, false}, {true, true}};
    const struct imp_dcm_syntax *found = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        unsigned fits;
        if (!reads_as(in, at, ways[i], &fits))
            continue;
        if (found)
            return NULL;
        found = imp_dcm_syntax_plain(ways[i]);
        *n = fits;
    }
    return found;
}

static bool is_meta(struct imp_span in, uint64_t at)
{
    struct imp_dcm_header h;
    return !imp_dcm_header_read(in, at, in.n, explicit_little, &h) &&
           imp_dcm_group(h.tag) == 2;
}

// The meta group, from `f->meta_at` on: f->data_at and the rest.
static bool read_meta(struct imp_span in, struct imp_dcm_file *f,
                      struct imp_span *uid, struct imp_err *err)
{
    struct imp_dcm_header h;
    uint64_t at = f->meta_at, promised = 0;
    uint32_t last = 0;
    for (; in.n - at >= 4 && imp_le16(in.p + at) == 2;
         at += (uint64_t)h.size + h.length) {
        const char *why =
            imp_dcm_header_read(in, at, in.n, explicit_little, &h);
        if (!why && h.length == IMP_DCM_UNDEFINED)
            why = "undefined length in the meta group";
        if (!why && h.length > in.n - at - h.size)
            why = "its value leaves the file";
        // The reader lets the caller decide; here a second one could tell
        // another syntax.
        if (!why && f->meta && h.tag <= last)
            why = "the meta group is not in order";
        if (why)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               IMP_DCM_TAG_FMT " at %ju: %s",
                               IMP_DCM_TAG_ARGS(h.tag), (uintmax_t)at, why);
        if (h.tag == IMP_DCM_META_LENGTH && h.length == 4)
            promised = at + h.size + 4 + imp_le32(in.p + at + h.size);
        if (h.tag == IMP_DCM_TRANSFER_SYNTAX)
            *uid = (struct imp_span){in.p + at + h.size, h.length};
        f->meta = true;
        last = h.tag;
    }
    f->length_lies = f->meta && promised != at;
    f->data_at = at;
    return true;
}

bool imp_dcm_sniff(struct imp_span in)
{
    struct imp_dcm_file f = {.preamble = has_preamble(in)};
    struct imp_span uid = {0};
    unsigned n = 0;
    f.meta_at = f.preamble ? PREAMBLE : 0;
    // 128 bytes may be anything, and so may four more.
    if (f.preamble)
        return is_meta(in, PREAMBLE) || guess(in, PREAMBLE, &n);
    if (is_meta(in, 0))
        return read_meta(in, &f, &uid, NULL) && imp_span_starts(uid, "1.", 2);
    // The first group of nearly every data set; photos, documents and texts do
    // not begin so.
    return (imp_span_starts(in, "\x08\0", 2) ||
            imp_span_starts(in, "\0\x08", 2)) &&
           guess(in, 0, &n) && n >= 3;
}

static bool is_for_files(const struct imp_dcm_syntax *s)
{
    return s->codec != IMP_DCM_SMPTE && s->codec != IMP_DCM_NOT_DICOM;
}

bool imp_dcm_file_read(struct imp_span in, struct imp_dcm_file *f,
                       struct imp_err *err)
{
    struct imp_span uid = {0};
    unsigned n;
    *f = (struct imp_dcm_file){.preamble = has_preamble(in)};
    f->meta_at = f->preamble ? PREAMBLE : 0;
    if (!read_meta(in, f, &uid, err))
        return false;
    if (uid.n == 0) {
        f->guessed = true;
        f->syntax = guess(in, f->data_at, &n);
        return f->syntax || imp_fail_at(err, IMP_ERR_DAMAGED, f->data_at,
                                        "no transfer syntax, and not one way "
                                        "to read the data set at %ju",
                                        (uintmax_t)f->data_at);
    }
    f->syntax = imp_dcm_syntax_of(uid);
    if (!f->syntax)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "transfer syntax: private or unknown");
    return is_for_files(f->syntax) ||
           imp_fail(err, IMP_ERR_UNSUPPORTED, "transfer syntax: %s",
                    f->syntax->name);
}
