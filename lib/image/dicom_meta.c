#include "image/dicom_meta.h"

#include "dicom/write.h"

// Who wrote it (PS3.10 7.1): not by version, as the same input and policy give
// the same bytes. The UID is one of PS3.5 B.2, made once from a random UUID.
#define IMPLEMENTATION_UID "2.25.213893406310746529218460837714862503197"
#define IMPLEMENTATION_NAME "IMGPIPE"

static const struct imp_dcm_encoding how = {true, false};

static bool put_elements(struct imp_buf *out, const struct imp_dicom_meta *m,
                         struct imp_err *err)
{
    static const uint8_t version[] = {0, 1};
    return imp_dcm_put(out, how, 0x00020001, IMP_DCM_OB,
                       (struct imp_span){version, sizeof version}, err) &&
           imp_dcm_put_text(out, how, 0x00020002, IMP_DCM_UI, m->sop_class,
                            err) &&
           imp_dcm_put_text(out, how, 0x00020003, IMP_DCM_UI, m->sop_instance,
                            err) &&
           imp_dcm_put_text(out, how, IMP_DCM_TRANSFER_SYNTAX, IMP_DCM_UI,
                            m->syntax, err) &&
           imp_dcm_put_text(out, how, 0x00020012, IMP_DCM_UI,
                            IMPLEMENTATION_UID, err) &&
           imp_dcm_put_text(out, how, 0x00020013, IMP_DCM_SH,
                            IMPLEMENTATION_NAME, err);
}

bool imp_dicom_meta_put(struct imp_buf *out, const struct imp_dicom_meta *meta,
                        struct imp_err *err)
{
    static const uint8_t preamble[128];
    uint8_t length[4];
    struct imp_buf group = {0};
    bool ok = put_elements(&group, meta, err);
    imp_put_le32(length, (uint32_t)group.n);
    ok = ok && imp_buf_add(out, preamble, sizeof preamble, err) &&
         imp_buf_add(out, "DICM", 4, err) &&
         imp_dcm_put(out, how, IMP_DCM_META_LENGTH, IMP_DCM_UL,
                     (struct imp_span){length, sizeof length}, err) &&
         imp_buf_add(out, group.p, group.n, err);
    imp_buf_clear(&group);
    return ok;
}
