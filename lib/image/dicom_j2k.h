/* dicom_j2k.h - the marker segments of a codestream of JPEG 2000: what
 * dicom_frames_j2k.c, which finds them, asks of dicom_frames_j2k_body.c. */
#ifndef IMP_IMAGE_DICOM_J2K_H
#define IMP_IMAGE_DICOM_J2K_H

#include "image/dicom_piece.h"

/* Marker codes behind 0xFF, ITU-T T.800 table A.2. */
enum {
    IMP_J2K_SOC = 0x4F,
    IMP_J2K_CAP = 0x50,
    IMP_J2K_SIZ = 0x51,
    IMP_J2K_COD = 0x52,
    IMP_J2K_COC = 0x53,
    IMP_J2K_TLM = 0x55,
    IMP_J2K_PLT = 0x58,
    IMP_J2K_CPF = 0x59,
    IMP_J2K_QCD = 0x5C,
    IMP_J2K_QCC = 0x5D,
    IMP_J2K_RGN = 0x5E,
    IMP_J2K_POC = 0x5F,
    IMP_J2K_CRG = 0x63,
    IMP_J2K_COM = 0x64,
    IMP_J2K_SOT = 0x90,
    IMP_J2K_SOD = 0x93,
    IMP_J2K_EOC = 0xD9,
};

/* Is it one that _check is for? */
bool imp_dicom_j2k_knows(uint8_t marker);

/* The segment `coded->marker`, whose `coded->body` is whole: it has the length
 * and values that it may have, and is in a header that may have it.
 * IMP_ERR_DAMAGED; IMP_ERR_MEMORY. */
bool imp_dicom_j2k_check(struct imp_dicom_piece *piece);

/* A tile-part begins, with SOT in `coded->body`; its header has ended, and
 * `coded->tile` bytes of data follow; the frame ends. IMP_ERR_DAMAGED if
 * headers do not fit each other or what they say of lengths. */
bool imp_dicom_j2k_tile(struct imp_dicom_piece *piece);
bool imp_dicom_j2k_data(struct imp_dicom_piece *piece);
bool imp_dicom_j2k_end(struct imp_dicom_piece *piece);

#endif
