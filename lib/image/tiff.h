/* tiff.h - what the files of the TIFF handler share: one file being laid out
 * anew, its directories, its pages, and what becomes of their tags.
 *
 * Section numbers are those of TIFF Revision 6.0; "libtiff" means that the rule
 * is not in the standard, but what readers do. One file, one thread. */
#ifndef IMP_IMAGE_TIFF_H
#define IMP_IMAGE_TIFF_H

#include "image/cutlist.h"
#include "image/format.h"
#include "image/jpeg_tables.h"
#include "image/part.h"
#include "image/regions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Section 2, and 13 from Technical Note 1, and 16 to 18 from BigTIFF. */
enum imp_tiff_type {
    IMP_TIFF_BYTE = 1,
    IMP_TIFF_ASCII = 2,
    IMP_TIFF_SHORT = 3,
    IMP_TIFF_LONG = 4,
    IMP_TIFF_RATIONAL = 5,
    IMP_TIFF_UNDEFINED = 7,
    IMP_TIFF_IFD = 13,
    IMP_TIFF_LONG8 = 16,
    IMP_TIFF_IFD8 = 18,
};

enum imp_tiff_tag {
    IMP_TIFF_SUBFILE_TYPE = 254,
    IMP_TIFF_WIDTH = 256,
    IMP_TIFF_LENGTH = 257,
    IMP_TIFF_BITS_PER_SAMPLE = 258,
    IMP_TIFF_COMPRESSION = 259,
    IMP_TIFF_PHOTOMETRIC = 262,
    IMP_TIFF_FILL_ORDER = 266,
    IMP_TIFF_DESCRIPTION = 270,
    IMP_TIFF_MAKE = 271,
    IMP_TIFF_STRIP_OFFSETS = 273,
    IMP_TIFF_ORIENTATION = 274,
    IMP_TIFF_SAMPLES_PER_PIXEL = 277,
    IMP_TIFF_ROWS_PER_STRIP = 278,
    IMP_TIFF_STRIP_BYTES = 279,
    IMP_TIFF_X_RESOLUTION = 282,
    IMP_TIFF_Y_RESOLUTION = 283,
    IMP_TIFF_PLANAR = 284,
    IMP_TIFF_T4_OPTIONS = 292,
    IMP_TIFF_T6_OPTIONS = 293,
    IMP_TIFF_RESOLUTION_UNIT = 296,
    IMP_TIFF_PAGE_NUMBER = 297,
    IMP_TIFF_TRANSFER_FUNCTION = 301,
    IMP_TIFF_SOFTWARE = 305,
    IMP_TIFF_PREDICTOR = 317,
    IMP_TIFF_WHITE_POINT = 318,
    IMP_TIFF_CHROMATICITIES = 319,
    IMP_TIFF_COLOR_MAP = 320,
    IMP_TIFF_TILE_WIDTH = 322,
    IMP_TIFF_TILE_LENGTH = 323,
    IMP_TIFF_TILE_OFFSETS = 324,
    IMP_TIFF_TILE_BYTES = 325,
    IMP_TIFF_SUB_IFDS = 330,
    IMP_TIFF_INK_SET = 332,
    IMP_TIFF_EXTRA_SAMPLES = 338,
    IMP_TIFF_SAMPLE_FORMAT = 339,
    IMP_TIFF_JPEG_TABLES = 347,
    IMP_TIFF_JPEG_OFFSET = 513,
    IMP_TIFF_JPEG_BYTES = 514,
    IMP_TIFF_YCBCR_COEFFICIENTS = 529,
    IMP_TIFF_YCBCR_SUBSAMPLING = 530,
    IMP_TIFF_YCBCR_POSITIONING = 531,
    IMP_TIFF_REFERENCE_BLACK_WHITE = 532,
    IMP_TIFF_XMP = 700,
    IMP_TIFF_IMAGE_DEPTH = 32997,
    IMP_TIFF_TILE_DEPTH = 32998,
    IMP_TIFF_IPTC = 33723,
    IMP_TIFF_EXIF_IFD = 34665,
    IMP_TIFF_ICC = 34675,
    IMP_TIFF_GPS_IFD = 34853,
    IMP_TIFF_INTEROP_IFD = 40965,
};

enum imp_tiff_compression {
    IMP_TIFF_NONE = 1,
    IMP_TIFF_CCITT_RLE = 2,
    IMP_TIFF_CCITT_T4 = 3,
    IMP_TIFF_CCITT_T6 = 4,
    IMP_TIFF_LZW = 5,
    IMP_TIFF_OLD_JPEG = 6,
    IMP_TIFF_JPEG = 7,
    IMP_TIFF_DEFLATE = 8,
    IMP_TIFF_CCITT_RLEW = 32771,
    IMP_TIFF_PACKBITS = 32773,
    IMP_TIFF_DEFLATE_OLD = 32946,
    IMP_TIFF_LZMA = 34925,
    IMP_TIFF_ZSTD = 50000,
};

/* Section 8, PhotometricInterpretation. */
enum imp_tiff_photometric {
    IMP_TIFF_RGB = 2,
    IMP_TIFF_PALETTE = 3,
    IMP_TIFF_SEPARATED = 5,
    IMP_TIFF_YCBCR = 6,
    IMP_TIFF_CFA = 32803,
    IMP_TIFF_LINEAR_RAW = 34892,
    IMP_TIFF_NO_PHOTOMETRIC = -1, /* the tag is missing */
};

/* A field of a directory, as the input has it. */
struct imp_tiff_entry {
    uint16_t tag, type;
    uint64_t count;
    uint64_t at;    /* of the entry in the input */
    uint64_t value; /* of its value in the input */
    /* The value; empty if it is not all there or its type is not known. */
    struct imp_span bytes;
    bool out_of_line; /* the value lies outside of the entry */
};

struct imp_tiff_ifd {
    const char *name; /* "IFD 0", "IFD 0, SubIFD 1" */
    uint64_t at, size;
    struct imp_tiff_entry *entry; /* as in the input, but the first of a tag
                                     only; lives with the cut list */
    size_t n;
    uint64_t next;            /* offset of the next in the chain, 0 if none */
    struct imp_tiff_ifd *sub; /* Technical Note 1; lives with the cut list */
    size_t n_subs;
};

/* How the picture of a directory is stored: sections 3 to 6 and 15. */
struct imp_tiff_shape {
    uint32_t width, height;
    uint32_t samples, bits; /* per pixel; per sample */
    uint32_t compression;
    int32_t photometric;
    bool planes_apart;  /* PlanarConfiguration 2 */
    bool bits_reversed; /* FillOrder 2 */
    bool tiled;
    uint32_t piece_width, piece_height; /* of a tile; of a strip but the last */
    uint32_t sub_h, sub_v; /* YCbCr subsampling of what is not JPEG, else 1 */
    uint32_t t4_options;
    uint64_t across, down; /* pieces in a plane */
    uint64_t n_pieces;
    const struct imp_tiff_entry *offsets, *counts; /* counts may be NULL */
};

/* A strip or tile. */
struct imp_tiff_piece {
    const char *what; /* "strip", "tile" */
    uint64_t index;
    uint64_t at;
    struct imp_span coded;           /* as long as the file says */
    uint32_t width, rows, most_rows; /* the last strip may hold more rows than
                                        the picture has */
    uint64_t least, most; /* bytes of pixels in `rows`, `most_rows` */
};

/* A field of the output. */
struct imp_tiff_field {
    uint16_t tag, type;
    uint64_t count;
    struct imp_span bytes; /* in the file's byte order, living with the cut
                              list; empty for places: they are not known yet */
    enum imp_part_kind part;
    const char *what;
};

/* A directory of the output. */
struct imp_tiff_page {
    const char *name;
    bool is_sub;   /* belongs to the last page before it that is not one */
    size_t n_subs; /* how many follow that belong to it */
    uint64_t n_pieces;
    uint64_t *offset, *length; /* of the pieces in the input */
    struct imp_tiff_field *field;
    size_t n, cap;
    uint64_t at, values; /* in the output, of it and of what follows its
                            entries: told by imp_tiff_write */
};

struct imp_tiff_coder; /* private to tiff_coded.c */

struct imp_tiff {
    struct imp_span in;
    struct imp_job_image *img;
    struct imp_cutlist *cl;
    struct imp_regions regions;
    struct imp_tiff_coder *coder;
    struct imp_cutlist part;          /* of one strip or tile that is JPEG */
    struct imp_jpeg_spec jpeg_tables; /* of the page that is being taken */
    struct imp_jpeg *jpeg;            /* for those; NULL before the first */
    bool big;                         /* BigTIFF */
    bool little;                      /* "II" */
    uint64_t header;                  /* bytes */
    uint64_t first_ifd;               /* offset */
    size_t n_chain;                   /* directories in the main chain */
    size_t n_shown;                   /* of them with a picture */
    size_t asked;                     /* parts shown to the editor */
    bool asked_exif;
    uint64_t tables_left, coded_left, pixels_left; /* see fmt_tiff.c */
    struct imp_tiff_page **page;
    size_t n_pages, pages_cap;
};

/* --- tiff_read.c: header, directories, values --------------------------------
 */

/* Could this be the start of a TIFF file, or of a camera's kind of it? */
bool imp_tiff_sniff(struct imp_span in);

/* Read directories of `file` and nothing else: `t` is set up with its header
 * read, `memory` (empty) is what the entries live in. _end gives both back,
 * after true and false. IMP_ERR_DAMAGED. */
bool imp_tiff_begin(struct imp_tiff *t, struct imp_span file,
                    struct imp_cutlist *memory, struct imp_err *err);
void imp_tiff_end(struct imp_tiff *t);

/* Set up byte order, kind and first directory. */
bool imp_tiff_read_header(struct imp_tiff *t, struct imp_err *err);

uint16_t imp_tiff_u16(const struct imp_tiff *t, const uint8_t *p);
uint32_t imp_tiff_u32(const struct imp_tiff *t, const uint8_t *p);
uint64_t imp_tiff_u64(const struct imp_tiff *t, const uint8_t *p);
void imp_tiff_put16(const struct imp_tiff *t, uint8_t *p, uint16_t v);
void imp_tiff_put32(const struct imp_tiff *t, uint8_t *p, uint32_t v);
void imp_tiff_put64(const struct imp_tiff *t, uint8_t *p, uint64_t v);

/* Bytes of one value of the type; 0 if it is not known. */
size_t imp_tiff_type_size(uint16_t type);

/* Where the directory at `ifd->at` ends, how many entries it has and which is
 * the next: `size`, `n`, `next`. IMP_ERR_DAMAGED if it is not all there. */
bool imp_tiff_measure_ifd(const struct imp_tiff *t, struct imp_tiff_ifd *ifd,
                          struct imp_err *err);

/* Read the entries, too. IMP_ERR_LIMIT if all directories together take more
 * room than the file has. */
bool imp_tiff_read_ifd(struct imp_tiff *t, struct imp_tiff_ifd *ifd,
                       struct imp_err *err);

/* NULL if the directory has no such tag. */
const struct imp_tiff_entry *imp_tiff_find(const struct imp_tiff_ifd *ifd,
                                           uint16_t tag);

/* Is it a page, if it is in the main chain? */
bool imp_tiff_has_picture(const struct imp_tiff_ifd *ifd);

/* Number `i` of an entry of an unsigned integer type; false if it has none. */
bool imp_tiff_number(const struct imp_tiff *t, const struct imp_tiff_entry *e,
                     uint64_t i, uint64_t *out);

/* The first number of a tag, or `otherwise` if there is none. */
uint64_t imp_tiff_number_of(const struct imp_tiff *t,
                            const struct imp_tiff_ifd *ifd, uint16_t tag,
                            uint64_t otherwise);

/* --- tiff_kind.c: what is TIFF by its bytes alone ----------------------------
 *
 * IMP_ERR_UNSUPPORTED, with its name, if the file is a camera's raw file or a
 * container that pictures cannot be taken out of one by one. */

/* By its first bytes. */
bool imp_tiff_check_header(struct imp_span in, struct imp_err *err);

/* By the tags of one directory. */
bool imp_tiff_check_kind(const struct imp_tiff *t,
                         const struct imp_tiff_ifd *ifd, struct imp_err *err);

/* By what stands between the header and the first of all directories, which
 * are those of the chain, `ifd`, and their SubIFDs. */
bool imp_tiff_check_front(const struct imp_tiff *t,
                          const struct imp_tiff_ifd *ifd, struct imp_err *err);

/* --- tiff_shape.c ----------------------------------------------------------
 */

/* From the tags of `ifd`. IMP_ERR_DAMAGED, _UNSUPPORTED, _LIMIT. */
bool imp_tiff_read_shape(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                         struct imp_tiff_shape *s, struct imp_err *err);

/* Strip or tile `i`. */
bool imp_tiff_piece_at(const struct imp_tiff *t, const struct imp_tiff_shape *s,
                       uint64_t i, struct imp_tiff_piece *piece,
                       struct imp_err *err);

/* --- tiff_coded.c: strips and tiles ------------------------------------------
 */

/* Follow the coded data of all pieces to their true ends and claim them: fills
 * in the page's `offset` and `length`. */
bool imp_tiff_take_pieces(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                          const struct imp_tiff_shape *s,
                          struct imp_tiff_page *page, struct imp_err *err);

void imp_tiff_coder_free(struct imp_tiff_coder *c);

/* --- tiff_jpeg.c: strips and tiles that are JPEG
 * ------------------------------
 */

/* Before the pieces of `ifd`: its JPEGTables, or none. */
void imp_tiff_start_jpeg(struct imp_tiff *t, const struct imp_tiff_ifd *ifd);

/* Cut the stream of one piece and claim it in that form. */
bool imp_tiff_take_jpeg(struct imp_tiff *t, const struct imp_tiff_shape *s,
                        const struct imp_tiff_piece *piece,
                        struct imp_err *err);

/* Once all pieces are taken: `out` is what stays of JPEGTables, entry `e`;
 * `*any` is false if no piece uses any of it. */
bool imp_tiff_clean_jpeg_tables(struct imp_tiff *t,
                                const struct imp_tiff_entry *e,
                                struct imp_buf *out, bool *any,
                                struct imp_err *err);

/* --- tiff_tags.c: the allow-list ---------------------------------------------
 */

/* Sort the tags of `ifd` into fields of `page`, and the rest, which is shown to
 * the editor and named for the drops. */
bool imp_tiff_take_tags(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                        const struct imp_tiff_shape *s,
                        struct imp_tiff_page *page, struct imp_err *err);

/* Add a field to `page`, in which there is room for those of `ifd` and five
 * more; its bytes are borrowed. */
void imp_tiff_add_field(struct imp_tiff_page *page,
                        struct imp_tiff_field field);

/* --- tiff_drop.c: what goes --------------------------------------------------
 */

/* Show the tag to the editor and name its value's place. `why` goes behind its
 * name, or is NULL. */
bool imp_tiff_drop_tag(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       const struct imp_tiff_entry *e, const char *why,
                       struct imp_err *err);

/* Show all of a directory that goes as a whole, under one name. */
bool imp_tiff_drop_ifd(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       enum imp_part_kind kind, const char *why,
                       struct imp_err *err);

/* Ask the editor. IMP_ERR_LIMIT if there is too much to ask about. */
bool imp_tiff_ask(struct imp_tiff *t, struct imp_part part,
                  struct imp_verdict *verdict, struct imp_err *err);

/* --- tiff_write.c ------------------------------------------------------------
 */

/* All pages are known: lay the regions and emit every cut. */
bool imp_tiff_write(struct imp_tiff *t, struct imp_err *err);

#endif
