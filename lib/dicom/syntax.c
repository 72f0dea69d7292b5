#include "dicom/syntax.h"

#include <string.h>

#define ROOT "1.2.840.10008.1.2"

#define PLAIN(uid, name, is_explicit, is_big, old)                           \
    {                                                                        \
        ROOT uid, name, {is_explicit, is_big}, false, false, IMP_DCM_NATIVE, \
            old                                                              \
    }
// All others are explicit little endian: A.4, A.5.
#define CODED(uid, name, codec, old)                                     \
    {                                                                    \
        ROOT uid, name, {true, false}, false, true, IMP_DCM_##codec, old \
    }
#define OTHER(uid, name, deflated, codec, old)                               \
    {                                                                        \
        ROOT uid, name, {true, false}, deflated, false, IMP_DCM_##codec, old \
    }
#define RETIRED true
#define NOW false

static const struct imp_dcm_syntax table[] = {
    PLAIN("", "Implicit VR Little Endian", false, false, NOW),
    PLAIN(".1", "Explicit VR Little Endian", true, false, NOW),
    PLAIN(".2", "Explicit VR Big Endian", true, true, RETIRED),
    CODED(".1.98", "Encapsulated Uncompressed", NATIVE, NOW),
    OTHER(".1.99", "Deflated Explicit VR Little Endian", true, NATIVE, NOW),
    CODED(".4.50", "JPEG Baseline (1)", JPEG_BASELINE, NOW),
    CODED(".4.51", "JPEG Extended (2, 4)", JPEG_EXTENDED, NOW),
    CODED(".4.52", "JPEG Extended (3, 5)", JPEG_EXTENDED, RETIRED),
    CODED(".4.53", "JPEG Spectral Selection (6, 8)", JPEG_EXTENDED, RETIRED),
    CODED(".4.54", "JPEG Spectral Selection (7, 9)", JPEG_EXTENDED, RETIRED),
    CODED(".4.55", "JPEG Full Progression (10, 12)", JPEG_EXTENDED, RETIRED),
    CODED(".4.56", "JPEG Full Progression (11, 13)", JPEG_EXTENDED, RETIRED),
    CODED(".4.57", "JPEG Lossless (14)", JPEG_LOSSLESS, NOW),
    CODED(".4.58", "JPEG Lossless (15)", JPEG_LOSSLESS, RETIRED),
    CODED(".4.59", "JPEG Extended Hierarchical (16, 18)", JPEG_EXTENDED,
          RETIRED),
    CODED(".4.60", "JPEG Extended Hierarchical (17, 19)", JPEG_EXTENDED,
          RETIRED),
    CODED(".4.61", "JPEG Spectral Selection Hierarchical (20, 22)",
          JPEG_EXTENDED, RETIRED),
    CODED(".4.62", "JPEG Spectral Selection Hierarchical (21, 23)",
          JPEG_EXTENDED, RETIRED),
    CODED(".4.63", "JPEG Full Progression Hierarchical (24, 26)", JPEG_EXTENDED,
          RETIRED),
    CODED(".4.64", "JPEG Full Progression Hierarchical (25, 27)", JPEG_EXTENDED,
          RETIRED),
    CODED(".4.65", "JPEG Lossless Hierarchical (28)", JPEG_LOSSLESS, RETIRED),
    CODED(".4.66", "JPEG Lossless Hierarchical (29)", JPEG_LOSSLESS, RETIRED),
    CODED(".4.70", "JPEG Lossless, First-Order (14, selection 1)",
          JPEG_LOSSLESS, NOW),
    CODED(".4.80", "JPEG-LS Lossless", JPEG_LS, NOW),
    CODED(".4.81", "JPEG-LS Near-Lossless", JPEG_LS, NOW),
    CODED(".4.90", "JPEG 2000 (Lossless Only)", JPEG_2000, NOW),
    CODED(".4.91", "JPEG 2000", JPEG_2000, NOW),
    CODED(".4.92", "JPEG 2000 Part 2 (Lossless Only)", JPEG_2000, NOW),
    CODED(".4.93", "JPEG 2000 Part 2", JPEG_2000, NOW),
    OTHER(".4.94", "JPIP Referenced", false, REFERENCED, NOW),
    OTHER(".4.95", "JPIP Referenced Deflate", true, REFERENCED, NOW),
    CODED(".4.100", "MPEG2 Main Profile / Main Level", MPEG, NOW),
    CODED(".4.100.1", "Fragmentable MPEG2 Main / Main", MPEG, NOW),
    CODED(".4.101", "MPEG2 Main Profile / High Level", MPEG, NOW),
    CODED(".4.101.1", "Fragmentable MPEG2 Main / High", MPEG, NOW),
    CODED(".4.102", "H.264 High Profile / 4.1", MPEG, NOW),
    CODED(".4.102.1", "Fragmentable H.264 High / 4.1", MPEG, NOW),
    CODED(".4.103", "H.264 BD-compatible High / 4.1", MPEG, NOW),
    CODED(".4.103.1", "Fragmentable H.264 BD-compatible High / 4.1", MPEG, NOW),
    CODED(".4.104", "H.264 High / 4.2, 2D", MPEG, NOW),
    CODED(".4.104.1", "Fragmentable H.264 High / 4.2, 2D", MPEG, NOW),
    CODED(".4.105", "H.264 High / 4.2, 3D", MPEG, NOW),
    CODED(".4.105.1", "Fragmentable H.264 High / 4.2, 3D", MPEG, NOW),
    CODED(".4.106", "H.264 Stereo High / 4.2", MPEG, NOW),
    CODED(".4.106.1", "Fragmentable H.264 Stereo High / 4.2", MPEG, NOW),
    CODED(".4.107", "HEVC Main / 5.1", MPEG, NOW),
    CODED(".4.108", "HEVC Main 10 / 5.1", MPEG, NOW),
    CODED(".4.110", "JPEG XL Lossless", JPEG_XL, NOW),
    CODED(".4.111", "JPEG XL JPEG Recompression", JPEG_XL, NOW),
    CODED(".4.112", "JPEG XL", JPEG_XL, NOW),
    CODED(".4.201", "HTJ2K (Lossless Only)", HTJ2K, NOW),
    CODED(".4.202", "HTJ2K with RPCL (Lossless Only)", HTJ2K, NOW),
    CODED(".4.203", "HTJ2K", HTJ2K, NOW),
    OTHER(".4.204", "JPIP HTJ2K Referenced", false, REFERENCED, NOW),
    OTHER(".4.205", "JPIP HTJ2K Referenced Deflate", true, REFERENCED, NOW),
    CODED(".5", "RLE Lossless", RLE, NOW),
    OTHER(".6.1", "RFC 2557 MIME encapsulation", false, NOT_DICOM, RETIRED),
    OTHER(".6.2", "XML Encoding", false, NOT_DICOM, RETIRED),
    OTHER(".7.1", "SMPTE ST 2110-20, Progressive", false, SMPTE, NOW),
    OTHER(".7.2", "SMPTE ST 2110-20, Interlaced", false, SMPTE, NOW),
    OTHER(".7.3", "SMPTE ST 2110-30, Audio", false, SMPTE, NOW),
    CODED(".8.1", "Deflated Image Frame", DEFLATED_FRAME, NOW),
    // Not under the same root, and never a standard: what Papyrus 3 wrote.
    {"1.2.840.10008.1.20",
     "Papyrus 3 Implicit VR Little Endian",
     {false, false},
     false,
     false,
     IMP_DCM_NATIVE,
     RETIRED},
};

#define N (sizeof table / sizeof *table)

const struct imp_dcm_syntax *imp_dcm_syntax_of(struct imp_span uid)
{
    // Padded with a NUL (PS3.5 9.1), and by some writers with a space.
    while (uid.n > 0 && (uid.p[uid.n - 1] == 0 || uid.p[uid.n - 1] == ' '))
        uid.n--;
    for (size_t i = 0; i < N; i++)
        if (strlen(table[i].uid) == uid.n &&
            memcmp(table[i].uid, uid.p, uid.n) == 0)
            return &table[i];
    return NULL;
}

const struct imp_dcm_syntax *imp_dcm_syntax_plain(struct imp_dcm_encoding how)
{
    for (size_t i = 0; i < 3; i++)
        if (table[i].encoding.explicit_vr == how.explicit_vr &&
            table[i].encoding.big == how.big)
            return &table[i];
    return NULL;
}

const struct imp_dcm_syntax *imp_dcm_syntax_row(size_t i)
{
    return i < N ? &table[i] : NULL;
}
