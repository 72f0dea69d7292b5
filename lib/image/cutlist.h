/* cutlist.h - an output described as cuts of its input.
 *
 * A handler walks its input once, front to back, and says of every byte what
 * becomes of it. Two invariants hold in every build, or _finish fails with
 * IMP_ERR_INVARIANT:
 *   - keep, drop and zero tile the input: no gap, no overlap, no byte over;
 *   - the output's length is what keep, zero and insert add up to.
 *
 * The first error sticks: later calls do nothing and _finish reports it, so
 * that a handler reads as a plain list of cuts. Not thread-safe. */
#ifndef IMP_IMAGE_CUTLIST_H
#define IMP_IMAGE_CUTLIST_H

#include "base/bytes.h"
#include "image/part.h"

#include <sys/uio.h>

enum imp_cut_kind {
    IMP_CUT_KEEP,   /* these input bytes, unchanged */
    IMP_CUT_DROP,   /* these input bytes are left out */
    IMP_CUT_ZERO,   /* zeros instead, for formats that address by offset */
    IMP_CUT_INSERT, /* new bytes, not from the input */
};

struct imp_cut {
    enum imp_cut_kind kind;
    enum imp_part_kind part;
    const char *what; /* printable name of the part; lives with the list */
    uint64_t offset;  /* in the input; for an insert: where it goes in */
    uint64_t length;
    const uint8_t *bytes; /* an insert's bytes, owned by the list */
};

/* Images of more parts fail with IMP_ERR_LIMIT. A DICOM item takes up to three,
 * as does a place where pixels change, and an element or a fragment two: so for
 * four million of these there is room. All of them take 640 MB. */
#define IMP_CUTS_MAX (1u << 24)

/* `{0}` is empty. One list serves image after image: _start, cuts, _finish;
 * its memory is reused. */
struct imp_cutlist {
    struct imp_cut *cut;
    size_t n, cap;
    struct imp_arena arena;
    struct iovec *iov;
    size_t iov_cap;
    uint64_t next;       /* first input byte not yet spoken for */
    uint64_t input_len;  /* of the image that _start named */
    uint64_t output_len; /* so far */
    bool finished;
    struct imp_err err; /* the first error; code IMP_OK if none */
};

/* Forget the last image; expect cuts that tile `input_len` bytes. */
void imp_cutlist_start(struct imp_cutlist *cl, uint64_t input_len);
void imp_cutlist_clear(struct imp_cutlist *cl);

/* The next cut. `offset` must be where the last one ended. `what` is copied
 * if it is not a literal: see _name. A length of 0 is no cut. Neighbours that
 * are alike in all but extent are merged. */
void imp_cut_keep(struct imp_cutlist *cl, uint64_t offset, uint64_t length,
                  enum imp_part_kind part, const char *what);
void imp_cut_drop(struct imp_cutlist *cl, uint64_t offset, uint64_t length,
                  enum imp_part_kind part, const char *what);
void imp_cut_zero(struct imp_cutlist *cl, uint64_t offset, uint64_t length,
                  enum imp_part_kind part, const char *what);

/* Insert a copy of `n` bytes at the present place. */
void imp_cut_insert(struct imp_cutlist *cl, const void *bytes, size_t n,
                    enum imp_part_kind part, const char *what);

/* The same of bytes of imp_cutlist_alloc, which may change until _finish: a
 * length, say, that is known later. */
void imp_cut_insert_owned(struct imp_cutlist *cl, const uint8_t *bytes,
                          size_t n, enum imp_part_kind part, const char *what);

/* Memory that lives until the next _start; NULL (and the error sticks)
 * without memory. */
void *imp_cutlist_alloc(struct imp_cutlist *cl, size_t n);

/* A name made on the way, "APP7", that lives until the next _start. Never
 * NULL: without memory it is "?" and the error sticks. */
const char *imp_cutlist_name(struct imp_cutlist *cl, const char *fmt, ...)
    IMP_PRINTF(2, 3);

/* Check the invariants. After true the list may be written. */
bool imp_cutlist_finish(struct imp_cutlist *cl, struct imp_err *err);

/* For a finished list: if the output is byte for byte the input, however it
 * was put together, make it all keeps, each part under its own name. Formats
 * that lay out anew (TIFF, HEIF) so leave alone what is clean already. */
void imp_cutlist_settle(struct imp_cutlist *cl, struct imp_span input);

/* Other bytes instead of `length` bytes of the input, from `at` on. */
struct imp_patch {
    uint64_t at, length;
    const uint8_t *bytes;
    size_t n;
};

/* Make `cl` (started and finished here) do what `cuts`, finished, does, but for
 * the patches: in the order of the input. Each begins in a keep of `cuts` and
 * is of its kind of part; it may reach into neighbours that are kept or zeroed,
 * nothing being inserted between. Patches that follow each other without a gap
 * and have the same `bytes` cost memory once. Names are borrowed: `cuts` must
 * outlive `cl`. IMP_ERR_INVARIANT if a patch lies elsewhere. */
bool imp_cutlist_patch(struct imp_cutlist *cl, const struct imp_cutlist *cuts,
                       const struct imp_patch *patch, size_t n,
                       const char *what, struct imp_err *err);

/* Does it leave the input as it is: nothing dropped, zeroed or inserted? */
bool imp_cutlist_all_kept(const struct imp_cutlist *cl);

/* The output as pieces for writev(2); they point into `input` and the list.
 * Valid until either changes. False without memory. */
bool imp_cutlist_pieces(struct imp_cutlist *cl, struct imp_span input,
                        const struct iovec **pieces, size_t *n,
                        struct imp_err *err);

/* The output in one buffer, `out` being emptied first. */
bool imp_cutlist_apply(struct imp_cutlist *cl, struct imp_span input,
                       struct imp_buf *out, struct imp_err *err);

#endif
