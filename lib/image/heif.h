/* heif.h - a HEIF file as its handler knows it: boxes (ISO/IEC 14496-12 4.2),
 * items and their properties (ISO/IEC 23008-12). Private to the handler; one
 * file, one thread. Arrays lie in the cut list's memory. */
#ifndef IMP_IMAGE_HEIF_H
#define IMP_IMAGE_HEIF_H

#include "image/cutlist.h"
#include "image/format.h"
#include "image/regions.h"

#include <stdbool.h>
#include <stdint.h>

#define IMP_HEIF_ITEMS 4096
#define IMP_HEIF_PROPS 2048
#define IMP_HEIF_LINKS 32768 /* references and associations, each */

struct imp_heif_box {
    char type[5];
    uint64_t at; /* of its header, in the file */
    uint64_t size;
    struct imp_span body; /* behind the header */
};

/* The box at `at` of `in`, whose first byte is `base` in the file. A size of 0
 * means to the end of `in`. IMP_ERR_DAMAGED if it is not all there. */
bool imp_heif_box_at(struct imp_span in, uint64_t base, size_t at,
                     struct imp_heif_box *box, struct imp_err *err);
bool imp_heif_is(const struct imp_heif_box *box, const char *type);

/* A full box's version and flags (4.2.2), and what follows them. */
bool imp_heif_full(const struct imp_heif_box *box, uint8_t *version,
                   uint32_t *flags, struct imp_span *rest, struct imp_err *err);

/* Numbers read one behind the other; `ok` turns false at the end. */
struct imp_heif_reader {
    struct imp_span in;
    size_t at;
    bool ok;
};
uint64_t imp_heif_get(struct imp_heif_reader *r, unsigned bytes);

/* Boxes written one inside the other; the size is set at the end. */
size_t imp_heif_begin(struct imp_buf *out, const char *type,
                      struct imp_err *err);
size_t imp_heif_begin_full(struct imp_buf *out, const char *type,
                           uint8_t version, uint32_t flags,
                           struct imp_err *err);
void imp_heif_end(struct imp_buf *out, size_t begun);
bool imp_heif_put(struct imp_buf *out, unsigned bytes, uint64_t value,
                  struct imp_err *err);

struct imp_heif_item {
    uint32_t id;
    char type[5];
    bool hidden;
    struct imp_span mime;      /* content type, without its NUL */
    unsigned method;           /* of construction: 0 file, 1 idat */
    bool has_place, elsewhere; /* in another file */
    unsigned extents;
    uint64_t offset, length; /* of its bytes; extents that touch are one */
    /* Decided: */
    bool keep;
    bool fresh;           /* its bytes are `data`, put into idat */
    struct imp_span data; /* of an item in idat: what stays */
    uint64_t new_offset, new_length;
};

struct imp_heif_ref {
    char type[5];
    uint32_t from, to;
};

struct imp_heif_prop {
    struct imp_heif_box box;
    bool used;             /* by an item that stays */
    uint16_t index;        /* in the new list, from 1 */
    struct imp_span bytes; /* new body; NULL: the property goes */
};

struct imp_heif_link { /* an item's property */
    uint32_t item;
    uint16_t prop; /* from 1; 0: none */
    bool essential;
};

/* Coded images that take the place of those in the file: of the same size and
 * kind, all with the same parameters of the coder. Borrowed. */
struct imp_heif_swaps {
    struct imp_span config; /* body of an hvcC or av1C box */
    size_t n;
    struct imp_heif_swap {
        uint32_t item;
        struct imp_span data;
    } * swap;
};

/* Where, in a box made anew, coded bytes begin and end, in turn. */
struct imp_heif_marks {
    size_t *at;
    size_t n;
};

struct imp_heif {
    struct imp_span in;
    struct imp_job_image *img;
    struct imp_cutlist *cl;
    const struct imp_heif_swaps *swaps; /* NULL: none */
    struct imp_regions regions;
    struct imp_cutlist part; /* of one coded item */
    struct imp_heif_box ftyp, meta;
    bool has_meta;
    struct imp_heif_box moov;
    bool has_moov;                /* an image sequence */
    struct imp_heif_track *track; /* see heif_track.h */
    size_t n_tracks;
    uint64_t samples_left; /* bytes of samples that may still be followed */
    uint32_t timescale;    /* of the sequence */
    uint64_t duration;
    uint32_t primary;
    struct imp_span idat;
    struct imp_heif_item *item;
    struct imp_heif_ref *ref;
    struct imp_heif_prop *prop;
    struct imp_heif_link *link;
    size_t n_items, n_refs, n_props, n_links;
    /* Of the new boxes: parameter sets of coders and how images are derived.
     * They belong to the coded picture. */
    struct imp_heif_marks meta_coded, moov_coded;
    size_t parts; /* shown to the editor */
};

struct imp_heif_item *imp_heif_item(struct imp_heif *h, uint32_t id);

/* --- fmt_heif.c --- */
/* Read the file and decide what stays, into `h`, in which nothing is set but
 * `in`, `img`, `cl` and `swaps`; to be closed in any case. */
bool imp_heif_open(struct imp_heif *h, struct imp_err *err);
/* Emit the cuts for all of it. */
bool imp_heif_lay(struct imp_heif *h, struct imp_err *err);
void imp_heif_close(struct imp_heif *h);

/* --- heif_read.c --- */
bool imp_heif_read_meta(struct imp_heif *h, struct imp_err *err);
/* Give items the bytes and parameters of h->swaps. */
bool imp_heif_take_swaps(struct imp_heif *h, struct imp_err *err);
/* The bytes of an item; false if they are not all in the file. */
bool imp_heif_item_bytes(const struct imp_heif *h,
                         const struct imp_heif_item *item,
                         struct imp_span *out);

/* --- heif_select.c: which items stay, and their bytes --- */
bool imp_heif_select(struct imp_heif *h, struct imp_err *err);

/* --- heif_props.c: what properties say, checked --- */
/* Is it a coder's parameters? */
bool imp_heif_is_config(const struct imp_heif_box *box);
bool imp_heif_check_props(struct imp_heif *h, struct imp_err *err);
/* Make the new body of one, `p->bytes`; left NULL, the property goes. False
 * only if the image cannot go on. */
bool imp_heif_take_prop(struct imp_heif *h, struct imp_heif_prop *p,
                        struct imp_err *err);
/* The property of that type that an item has; NULL if none. */
struct imp_heif_prop *imp_heif_prop_of(const struct imp_heif *h,
                                       const struct imp_heif_item *item,
                                       const char *type);

/* --- heif_coded.c: what in coded data is no picture --- */
/* Emit into h->part the cuts of `data`, the coded data of an image of that type
 * ("hvc1", for which `config` is its hvcC, or "av01"); `id` is for errors. */
bool imp_heif_cut_coded(struct imp_heif *h, const char *type,
                        const struct imp_heif_prop *config, uint32_t id,
                        struct imp_span data, struct imp_err *err);

/* The OBU at `r->at`, which is less than `r->in.n`, and go behind it; false if
 * it is not all there. */
bool imp_heif_next_obu(struct imp_heif_reader *r, unsigned *type);

/* --- heif_write.c --- */
/* The new meta box, for claims that begin `after` bytes behind its own end. */
bool imp_heif_write_meta(struct imp_heif *h, uint64_t ftyp_length,
                         uint64_t after, struct imp_buf *out,
                         struct imp_err *err);

#endif
