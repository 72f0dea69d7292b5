/* jpeg_tables.h - which tables of a JPEG file a decoder will ever use.
 *
 * DQT, DHT, DAC and DRI segments may define tables that no scan uses, the same
 * table again and again, or tables behind the last scan: room for any text. So
 * a look ahead over the whole file notes what each scan uses, and only that is
 * kept. */
#ifndef IMP_IMAGE_JPEG_TABLES_H
#define IMP_IMAGE_JPEG_TABLES_H

#include "image/cutlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_JPEG_TABLES 4096 /* definitions in one file that we follow */

struct imp_jpeg_uses {
    uint8_t *used; /* by definition, in the order of the file */
    size_t n;      /* definitions met by the look ahead */
    size_t next;   /* definition that _used_tables asks about next */
};

/* A table specification (ITU-T T.81 B.5), which streams share: TIFF's
 * JPEGTables. */
struct imp_jpeg_spec {
    struct imp_span bytes;         /* SOI to EOI; empty if there is none */
    uint8_t used[IMP_JPEG_TABLES]; /* by definition: a stream uses it */
};

/* Look over `in`, a whole file or a stream behind `spec`, in which what it uses
 * is noted; NULL for a file. Damage is not told here: the look ahead ends at
 * it, and the handler meets it later. Memory lives with `cl`. IMP_ERR_LIMIT if
 * there are more definitions than any encoder writes. */
bool imp_jpeg_look_ahead(struct imp_span in, struct imp_jpeg_spec *spec,
                         struct imp_jpeg_uses *uses, struct imp_cutlist *cl,
                         struct imp_err *err);

/* Is this kind of segment a row of definitions? */
bool imp_jpeg_is_table(uint8_t marker);

/* Go over the definitions of a table segment, in the order of the file: those
 * that are used are copied to `out` (of `body.n` bytes). Returns how much that
 * is; `body.n` if all are used. */
size_t imp_jpeg_used_tables(struct imp_jpeg_uses *uses, uint8_t marker,
                            struct imp_span body, uint8_t *out);

#endif
