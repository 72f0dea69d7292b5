/* gz_member.h - gzip members (RFC 1952) that say how long they are.
 *
 * A gzip file is a series of members (2.2). Each of ours begins with
 *
 *   offset
 *    0  1f 8b 08    magic, deflate
 *    3  04          FLG: FEXTRA
 *    4  00 00 00 00 MTIME: none
 *    8  00 ff       XFL: none, OS: unknown
 *   10  15 00       XLEN: 21
 *   12  49 6d       SI1 SI2: "Im", a subfield (2.3.1.1)
 *   14  11 00       LEN: 17
 *   16  kind        one byte, enum imp_gz_kind
 *   17  length      eight bytes, little endian: of this member, trailer and all
 *   25  tail        eight bytes: in the END member, where the tail begins in
 *                   the file; else 0
 *   33  a stored block (RFC 1951 3.2.4), not the last, with the head: the tar
 *       header that tells whose data follows
 *
 * and goes on with the data, deflated or in stored blocks of 65535 bytes (the
 * last: what is left, perhaps nothing), CRC-32 and length (2.3.1). So a reader
 * gets from member to member, and knows the name in each, without inflating;
 * and in a stored one it finds each byte.
 *
 * Thread-safe: no shared state; a writer or reader belongs to one thread. */
#ifndef IMP_ARCHIVE_GZ_MEMBER_H
#define IMP_ARCHIVE_GZ_MEMBER_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum imp_gz_kind {
    IMP_GZ_START = 's',  /* the first member of the file */
    IMP_GZ_OBJECT = 'o', /* an image */
    IMP_GZ_TAG = 't',    /* a tag file, in the tail */
    IMP_GZ_END = 'e',    /* the last member */
};

#define IMP_GZ_HEADER 33
#define IMP_GZ_BLOCK 5 /* of a stored block, before its bytes */
#define IMP_GZ_BLOCK_MOST 65535
#define IMP_GZ_TRAILER 8
#define IMP_GZ_MAGIC_BYTES 16 /* the same in each member, from its start */

struct imp_gz_header {
    enum imp_gz_kind kind;
    uint64_t length; /* of the whole member; more than _HEADER + _TRAILER */
    uint64_t tail;
};

void imp_gz_put_header(uint8_t out[IMP_GZ_HEADER],
                       const struct imp_gz_header *h);

/* False if this is no header of ours. */
bool imp_gz_parse_header(const uint8_t in[IMP_GZ_HEADER],
                         struct imp_gz_header *h);

/* The first _MAGIC_BYTES, to search for. */
extern const uint8_t imp_gz_magic[IMP_GZ_MAGIC_BYTES];

/* Where, from the member's start, byte `at` of the data of a stored member is
 * whose head has `head` bytes; up to the end of its block, `*run` bytes. */
uint64_t imp_gz_stored_at(size_t head, uint64_t at, size_t *run);

/* Does deflating gain something on these bytes? A pure function of them, by a
 * sample. */
bool imp_gz_shrinks(const struct iovec *pieces, size_t n);

/* --- making one --- */

/* Where a member goes: bytes at an offset from its start; the header and the
 * head come last, at 0. */
struct imp_gz_put {
    void *self;
    bool (*at)(void *self, uint64_t at, const void *bytes, size_t n,
               struct imp_err *err);
};

struct imp_gz_writer; /* opaque */

/* Start a member whose head will have `head` bytes, at most _BLOCK_MOST. NULL
 * without memory. */
struct imp_gz_writer *imp_gz_writer_new(const struct imp_gz_put *put,
                                        size_t head, bool deflate,
                                        struct imp_err *err);
void imp_gz_writer_free(struct imp_gz_writer *w);

/* Add data. */
bool imp_gz_add(struct imp_gz_writer *w, const void *bytes, size_t n,
                struct imp_err *err);

/* End it: write what is left, then the header, with `h->length` filled in, and
 * the head. Only _free may follow. */
bool imp_gz_end(struct imp_gz_writer *w, const void *head,
                struct imp_gz_header *h, struct imp_err *err);

/* --- reading one --- */

struct imp_gz_reader; /* opaque; for one member after the other */

/* `fd` is borrowed and its own offset left alone. NULL without memory. */
struct imp_gz_reader *imp_gz_reader_new(int fd, struct imp_err *err);
void imp_gz_reader_free(struct imp_gz_reader *r);

/* Begin the member at `place`, which must end at `end` or before it:
 * IMP_ERR_DAMAGED if there is none. */
bool imp_gz_start(struct imp_gz_reader *r, uint64_t place, uint64_t end,
                  struct imp_gz_header *h, struct imp_err *err);

/* Is there, at `place`, the beginning of a member that goes on undamaged until
 * `end`, where it is cut off? */
bool imp_gz_is_cut_off(struct imp_gz_reader *r, uint64_t place, uint64_t end,
                       bool *cut, struct imp_err *err);

/* Read `n` bytes of head and data, or fewer only at the end of the member:
 * `*got`. If fewer, its CRC-32 and lengths have been checked, and not before;
 * IMP_ERR_DAMAGED if they are wrong. */
bool imp_gz_read(struct imp_gz_reader *r, void *bytes, size_t n, size_t *got,
                 struct imp_err *err);

#endif
