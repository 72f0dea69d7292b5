/* jpeg.h - what the JPEG handler and the walks share: tables and frame of one
 * image, as ITU-T T.81 names them. One image, one thread. */
#ifndef IMP_IMAGE_JPEG_H
#define IMP_IMAGE_JPEG_H

#include "base/bytes.h"
#include "image/cutlist.h"

#include <stdbool.h>
#include <stdint.h>

/* Marker codes, ITU-T T.81 table B.1. */
enum {
    IMP_JPEG_SOF0 = 0xC0, /* baseline */
    IMP_JPEG_SOF1 = 0xC1, /* extended sequential, Huffman */
    IMP_JPEG_SOF2 = 0xC2, /* progressive, Huffman */
    IMP_JPEG_SOF3 = 0xC3, /* lossless, Huffman */
    IMP_JPEG_DHT = 0xC4,
    IMP_JPEG_JPG = 0xC8,
    IMP_JPEG_SOF9 = 0xC9,  /* extended sequential, arithmetic */
    IMP_JPEG_SOF10 = 0xCA, /* progressive, arithmetic */
    IMP_JPEG_DAC = 0xCC,
    IMP_JPEG_SOF15 = 0xCF,
    IMP_JPEG_RST0 = 0xD0,
    IMP_JPEG_RST7 = 0xD7,
    IMP_JPEG_SOI = 0xD8,
    IMP_JPEG_EOI = 0xD9,
    IMP_JPEG_SOS = 0xDA,
    IMP_JPEG_DQT = 0xDB,
    IMP_JPEG_DNL = 0xDC,
    IMP_JPEG_DRI = 0xDD,
    IMP_JPEG_DHP = 0xDE,
    IMP_JPEG_EXP = 0xDF,
    IMP_JPEG_APP0 = 0xE0,
    IMP_JPEG_APP15 = 0xEF,
    IMP_JPEG_COM = 0xFE,
    IMP_JPEG_TEM = 0x01,
};

#define IMP_JPEG_COMPS 4       /* components in a frame that we take */
#define IMP_JPEG_SCANS 100     /* more is an attack: each costs a whole walk */
#define IMP_JPEG_MCU_BLOCKS 10 /* T.81 B.2.3: blocks in an interleaved MCU */
#define IMP_JPEG_EXIF_HEAD                                                 \
    10                   /* of an APP1 segment: marker, length, "Exif" and \
                            two zeros (CIPA DC-008 4.7.2.1) */
#define IMP_HUFF_BITS 11 /* bits resolved in one look-up */

/* What the symbols of a table are. */
enum imp_huff_use {
    IMP_HUFF_AC,       /* runs and categories, T.81 F.1.2.2 */
    IMP_HUFF_DC,       /* categories of differences, F.1.2.1 */
    IMP_HUFF_LOSSLESS, /* the same, and 16 without extra bits, H.1.2.2 */
};

/* A Huffman table (T.81 B.2.4.2), and what the walk derives from it. */
struct imp_huff {
    bool defined, derived;
    enum imp_huff_use use; /* how it was derived */
    uint8_t count[17];     /* codes of each length, 1..16 */
    uint8_t symbol[256];
    /* Derived. A look-up by the next IMP_HUFF_BITS bits resolves one symbol
     * with its extra bits, and a second one if its code lies in them too. */
    struct imp_huff_step {
        uint8_t len1, adv1; /* bits taken; coefficients passed, or a DC
                               symbol. len1 0: the code is longer than the
                               look-up */
        uint8_t len2, adv2; /* the same for both; equal to the first if one */
    } step[1 << IMP_HUFF_BITS];
    int32_t max_code[18]; /* of each length, -1 if none */
    int32_t delta[17];    /* symbol index = code + delta[length] */
};

/* Passed by an end of block: beyond any sum of runs. */
#define IMP_HUFF_EOB 128

struct imp_jpeg_comp {
    uint8_t id, h, v, tq;
    uint32_t blocks_x, blocks_y; /* of a scan that has it alone, A.2.2; in
                                    lossless frames a block is a sample */
    bool coded;                  /* a scan has had it */
    int8_t bits[64]; /* progressive: the last Al of each coefficient, -1 before
                        its first scan */
    uint64_t *nonzero; /* progressive: per block, which of the 64 coefficients
                          are known not to be zero; lives with the cut list */
};

struct imp_jpeg {
    uint8_t sof; /* marker of the frame; 0 before it */
    uint8_t precision;
    uint32_t width, height;
    unsigned n_comp;
    struct imp_jpeg_comp comp[IMP_JPEG_COMPS];
    unsigned h_max, v_max;
    uint32_t mcus_x, mcus_y;
    uint32_t restart_interval; /* MCUs; 0: none */
    unsigned n_scans;
    bool dqt[4];
    uint16_t quant[4][64]; /* in zigzag order */
    struct imp_huff dc[4], ac[4];
};

struct imp_jpeg_scan {
    unsigned n_comp;
    struct {
        struct imp_jpeg_comp *comp;
        uint8_t dc, ac; /* table slots */
    } in[IMP_JPEG_COMPS];
    uint8_t ss, se, ah, al;
    uint64_t n_mcu; /* in the whole scan */
};

/* A place between two bits of a scan: the last `rest` bits of a byte come
 * first, then the byte at `next`. */
struct imp_jpeg_place {
    size_t next;
    uint8_t rest;  /* 0..7 */
    uint8_t ahead; /* these bits, left-aligned; zeros behind them */
};

/* A marker, and what belongs to it (T.81 B.1.1.4). */
struct imp_jpeg_segment {
    size_t at;  /* of the 0xFF before the marker */
    size_t len; /* marker and length field included */
    uint8_t marker;
    struct imp_span body; /* behind the length field */
};

/* A marker without a length: TEM, RSTn, SOI, EOI. */
bool imp_jpeg_is_standalone(uint8_t marker);

/* SOF0 to SOF15, without the codes in between that are none. */
bool imp_jpeg_is_frame(uint8_t marker);

/* The segment whose marker stands at `at`, of which two bytes are there.
 * IMP_ERR_DAMAGED if it is not all there. */
bool imp_jpeg_read_segment(struct imp_span in, size_t at,
                           struct imp_jpeg_segment *s, struct imp_err *err);

/* The first segment from `at` on: fill bytes may stand before a marker (T.81
 * B.1.1.2), and in uploads other bytes too; decoders pass both.
 * IMP_ERR_DAMAGED if there is no more. */
bool imp_jpeg_next_segment(struct imp_span in, size_t at,
                           struct imp_jpeg_segment *s, struct imp_err *err);

/* Ready for another image: nothing is left of the one before, but that tables
 * which are defined as they were need not be worked out again. Zeros are ready,
 * too. */
void imp_jpeg_start(struct imp_jpeg *j);

/* Parse a segment's payload (behind marker and length); `at` is where the
 * segment begins, for errors. IMP_ERR_DAMAGED, _UNSUPPORTED. */
bool imp_jpeg_parse_sof(struct imp_jpeg *j, uint8_t marker,
                        struct imp_span body, uint64_t at, struct imp_err *err);
bool imp_jpeg_parse_dqt(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_err *err);
bool imp_jpeg_parse_dht(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_err *err);
bool imp_jpeg_parse_dri(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_err *err);
bool imp_jpeg_parse_dac(struct imp_span body, uint64_t at, struct imp_err *err);
bool imp_jpeg_parse_sos(struct imp_jpeg *j, struct imp_span body, uint64_t at,
                        struct imp_jpeg_scan *scan, struct imp_err *err);

/* The number of lines, once a DNL segment has told it (T.81 B.2.5). */
bool imp_jpeg_set_height(struct imp_jpeg *j, uint32_t lines, uint64_t at,
                         struct imp_err *err);

/* The tables of Annex K.3 in the slots that are empty: Motion JPEG frames
 * leave them out and every decoder fills them in. */
void imp_jpeg_default_tables(struct imp_jpeg *j);

/* Take a frame's height from a DNL segment; and from the one that must stand
 * behind the first scan, whose data begins at `data`, of a frame of 0 lines.
 * IMP_ERR_DAMAGED if it is not there or the frame has another height. */
bool imp_jpeg_take_dnl(struct imp_jpeg *j, const struct imp_jpeg_segment *dnl,
                       struct imp_err *err);
bool imp_jpeg_find_height(struct imp_jpeg *j, struct imp_span in, size_t data,
                          struct imp_err *err);

/* For readers that know no DNL: `*out` is `file` with its height in the frame's
 * header. A copy in `copy` if it was not there; else, or if it is not found,
 * `file` itself. False with IMP_ERR_MEMORY. */
bool imp_jpeg_tell_height(struct imp_span file, struct imp_buf *copy,
                          struct imp_span *out, struct imp_err *err);

struct imp_jpeg_map;

/* Walk a scan's entropy-coded segments from `at`: every block is resolved,
 * none is stored. Emits the cuts from `at` to `*end`, which is where the next
 * marker begins: coded bytes are kept, bytes behind the last block of an
 * interval are dropped. What is met goes into `map`, if that is not NULL.
 * IMP_ERR_DAMAGED if data is missing or not valid. */
bool imp_jpeg_walk(struct imp_jpeg *j, const struct imp_jpeg_scan *scan,
                   struct imp_span in, size_t at, struct imp_jpeg_map *map,
                   struct imp_cutlist *cl, size_t *end, struct imp_err *err);

/* The tables that the scan at `at` uses, ready for it; IMP_ERR_DAMAGED if one
 * is missing or not valid. */
bool imp_jpeg_ready_tables(struct imp_jpeg *j, const struct imp_jpeg_scan *scan,
                           size_t at, struct imp_err *err);

bool imp_jpeg_is_progressive(const struct imp_jpeg *j);

/* Is it a frame of samples and predictors (T.81 Annex H), whose data unit is
 * one sample? */
bool imp_jpeg_is_lossless(const struct imp_jpeg *j);

/* Is the frame coded arithmetically? Its scans are then not walked one by one,
 * but all at the end, by _check_arithmetic. */
bool imp_jpeg_is_arithmetic(const struct imp_jpeg *j);

/* Have libjpeg resolve every coefficient of `in`, a file from SOI to EOI. Any
 * warning of it is IMP_ERR_DAMAGED: missing data, bytes left over behind the
 * last block. */
bool imp_jpeg_check_arithmetic(struct imp_span in, struct imp_err *err);

/* The first place from `at` on where a marker stands, or in.n. */
size_t imp_jpeg_next_marker(struct imp_span in, size_t at);

/* The first place from `at` on where a marker other than RSTn stands, or in.n:
 * the end of a scan that is not walked. */
size_t imp_jpeg_skip_scan(struct imp_span in, size_t at);

/* Map a sequential Huffman scan that has restart intervals by their markers,
 * without resolving a code: what is in them is as good or bad as it comes.
 * Keeps all from `at` to `*end`. IMP_ERR_DAMAGED if a marker is missing. */
bool imp_jpeg_skip_mapped(struct imp_jpeg *j, const struct imp_jpeg_scan *scan,
                          struct imp_span in, size_t at,
                          struct imp_jpeg_map *map, struct imp_cutlist *cl,
                          size_t *end, struct imp_err *err);

#endif
