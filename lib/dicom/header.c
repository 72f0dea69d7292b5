#include "dicom/header.h"

#include "dicom/dict.h"

static uint16_t u16(struct imp_dcm_encoding e, const uint8_t *p)
{
    return e.big ? imp_be16(p) : imp_le16(p);
}

static uint32_t u32(struct imp_dcm_encoding e, const uint8_t *p)
{
    return e.big ? imp_be32(p) : imp_le32(p);
}

static enum imp_dcm_vr known(uint32_t tag)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(tag);
    return a && a->vr != IMP_DCM_NONE ? (enum imp_dcm_vr)a->vr : IMP_DCM_UN;
}

const char *imp_dcm_header_read(struct imp_span in, uint64_t at, uint64_t end,
                                struct imp_dcm_encoding encoding,
                                struct imp_dcm_header *h)
{
    const uint8_t *p = in.p + at;
    *h = (struct imp_dcm_header){.size = 8};
    if (end - at >= 4)
        h->tag = (uint32_t)u16(encoding, p) << 16 | u16(encoding, p + 2);
    if (end - at < 8)
        return "the data ends within its header";
    // 7.5: items and delimiters have no VR in any encoding.
    if (imp_dcm_group(h->tag) == 0xFFFE) {
        h->length = u32(encoding, p + 4);
        return NULL;
    }
    if (!encoding.explicit_vr) {
        h->vr = known(h->tag);
        h->length = u32(encoding, p + 4);
        return NULL;
    }
    // What is not in Table 6.2-1 is read in four ways: with 16 bits of length
    // (GDCM), with 32 if it is two capitals and with 16 if not (DCMTK), with 16
    // if it is two capitals and as implicit VR if not (pydicom). Where readers
    // disagree on where a value starts, no one can say what an object holds.
    h->written = imp_dcm_vr_of(p + 4);
    if (h->written == IMP_DCM_NONE)
        return "its VR is none of PS3.5";
    h->vr = h->written == IMP_DCM_UN ? known(h->tag) : h->written;
    if (!imp_dcm_vr_info(h->written)->long_length) {
        h->length = u16(encoding, p + 6);
        return NULL;
    }
    h->size = 12;
    if (end - at < 12)
        return "the data ends within its header";
    // 7.1.2: reserved, "shall be set to 0000H". Readers ignore them, so that
    // they would carry anything; or it is a length of 16 bits.
    if (p[6] || p[7])
        return "the bytes behind its VR are not 0";
    h->length = u32(encoding, p + 8);
    return NULL;
}
