/* tar.h - shared by to_tar.c (the target), tar_stage.c (members made),
 * tar_names.c (members appended and cut), tar_read.c (what an archive holds),
 * tar_tail.c (the tail found), tar_list.c (what it lists) and tar_finish.c (the
 * tail written).
 *
 * The file is a bag (RFC 8493 4) in a tar archive in gzip members (see
 * gz_member.h):
 *
 *   START    imgpipe/data/ and imgpipe/bagit.txt, always the same bytes
 *   OBJECT   imgpipe/data/NAME, one member for each image, in order of the
 *            inputs
 *   TAG      the tail, on a clean end: imgpipe/manifest-sha256.txt,
 *            imgpipe/bag-info.txt, imgpipe/imgpipe-index.txt,
 *            imgpipe/tagmanifest-sha256.txt
 *   END      the two blocks of zeros that end a tar archive; the header says
 *            where the tail begins
 *
 * The index has a line "PLACE STORED LENGTH NAME" for each object, ordered by
 * name, and is stored, not deflated, so that it can be searched in place.
 *
 * The top directory's name is fixed: the archive's bytes are a function of what
 * is in it, not of what the file is called. */
#ifndef IMP_ARCHIVE_TAR_H
#define IMP_ARCHIVE_TAR_H

#include "archive/gz_member.h"
#include "archive/tags.h"
#include "archive/tar_entry.h"
#include "archive/target.h"

#define IMP_TAR_TOP "imgpipe/"
#define IMP_TAR_DATA IMP_TAR_TOP "data/"

struct imp_tar {
    struct imp_target target; /* first: a target is cast to its archive */
    int fd;
    int dir;     /* that the file is in; -1 if only read */
    char *where; /* its path */
    bool reading;
    /* The rest is the recorder thread's, and not of use when reading. */
    bool ready;            /* what follows is known */
    uint64_t first;        /* where the first object is, or would be */
    uint64_t end;          /* where the next will be */
    bool listed;           /* at `end` there is a whole tail */
    bool more;             /* the file may have bytes behind `end` */
    bool unsynced;         /* something may have no durable place yet */
    bool sound;            /* what is in `recent` was found to be whole */
    struct imp_buf recent; /* uint64_t: the places of the members that the
                              ledger may not know, in order, up to `end`; what
                              is damaged, too */
    struct imp_sha256 *hasher;
};

extern const struct imp_target_ops imp_target_tar;

/* Hand `why` on to a caller who may not want to know. Returns false. */
static inline bool imp_tar_pass(struct imp_err *err, const struct imp_err *why)
{
    if (err)
        *err = *why;
    return false;
}

/* The START member, the same for all archives; `out` is emptied first. */
bool imp_tar_start(struct imp_buf *out, struct imp_err *err);

/* --- tar_stage.c --- */

/* What is staged: a whole member, in a file without a name if it is large. */
struct imp_tar_held {
    int fd; /* -1: in memory */
    uint64_t length;
    struct imp_buf bytes; /* in memory */
};

/* For imp_gz_put, `self` is a struct imp_buf. */
bool imp_tar_put_in_buf(void *self, uint64_t at, const void *bytes, size_t n,
                        struct imp_err *err);

/* A member of the `size` bytes of `head`, the pieces and their padding. */
bool imp_tar_make_member(const struct imp_gz_put *to, const uint8_t *head,
                         size_t size, const struct iovec *pieces, size_t n,
                         bool deflate, enum imp_gz_kind kind,
                         struct imp_err *err);

/* Write all of it to `fd` at `at`. */
bool imp_tar_copy_held(const struct imp_tar_held *held, int fd, uint64_t at,
                       struct imp_err *err);

bool imp_tar_size(const struct imp_tar *tar, uint64_t *size,
                  struct imp_err *err);

/* --- tar_read.c: one member, from any thread --- */

/* A member with its tar entry, as its start tells, before its CRC is known. */
struct imp_tar_member {
    uint64_t place;
    struct imp_gz_header gz;
    struct imp_tar_entry entry;
};

/* Look at the member at `place`, which must end at `end` or before.
 * IMP_ERR_DAMAGED if there is none. An END member has no entry. */
bool imp_tar_look(const struct imp_tar *tar, uint64_t place, uint64_t end,
                  struct imp_tar_member *out, struct imp_err *err);

/* The name of an object's member; IMP_ERR_DAMAGED if it is none. */
bool imp_tar_name(const struct imp_tar_member *m, const char **name,
                  struct imp_err *err);

/* Where, behind `at`, where no whole member begins, a member of an object may
 * begin, by its first bytes and length: `end` if nowhere. In one that was cut
 * off none begins, whatever its image's bytes are: whoever uploads chooses
 * them. */
bool imp_tar_search(const struct imp_tar *tar, uint64_t at, uint64_t end,
                    uint64_t *found, struct imp_err *err);

/* Begin to read the data of `m`: the head is behind. */
bool imp_tar_open_member(struct imp_gz_reader *r, struct imp_tar_member *m,
                         struct imp_err *err);

/* Read the rest of it for its CRC. IMP_ERR_DAMAGED also if it is no padding. */
bool imp_tar_end_member(struct imp_gz_reader *r, const struct imp_tar_member *m,
                        struct imp_err *err);

/* Read and check all data of `m`. Only on true was what `sink` got right. */
bool imp_tar_pour(const struct imp_tar *tar, struct imp_tar_member *m,
                  const struct imp_sink *sink, struct imp_err *err);

/* The same; its digest, with `hasher`. */
bool imp_tar_hash_member(const struct imp_tar *tar, struct imp_tar_member *m,
                         struct imp_sha256 *hasher, struct imp_digest *out,
                         struct imp_err *err);

/* --- tar_tail.c --- */

struct imp_tar_tail {
    uint64_t at; /* where it begins: the end of the objects */
    struct imp_tar_member manifest, index;
};

/* Is there a whole tail at the end of the file? By its headers. */
bool imp_tar_find_tail(const struct imp_tar *tar, struct imp_tar_tail *out,
                       bool *found, struct imp_err *err);

/* The END member of an archive whose tail begins at `tail`; `out` is emptied
 * first. */
bool imp_tar_make_end(struct imp_buf *out, uint64_t tail, struct imp_err *err);

/* --- tar_list.c --- */

/* "PLACE STORED LENGTH NAME\n" with the NUL. */
#define IMP_TAR_INDEX_LINE_MAX (3 * 21 + IMP_NAME_MAX + 1)

/* Find an object's place in the index of `tail`. */
bool imp_tar_find(const struct imp_tar *tar, const struct imp_tar_tail *tail,
                  const char *name, struct imp_object *out, bool *found,
                  struct imp_err *err);

/* --- tar_names.c --- */

/* Find the end of what is whole behind `last`; NULL: behind START. */
bool imp_tar_ready(struct imp_tar *tar, const struct imp_object *last,
                   struct imp_err *err);

/* Cut what is behind `end`, durably. */
bool imp_tar_cut(struct imp_tar *tar, struct imp_err *err);

/* The ops that have a file of their own. */
bool imp_tar_resume(struct imp_target *t, const struct imp_object *last,
                    struct imp_err *err);
bool imp_tar_settle(struct imp_target *t, const struct imp_staged *const *group,
                    size_t n, struct imp_err *err);
void imp_tar_publish(struct imp_target *t, struct imp_publication *group,
                     size_t n);
bool imp_tar_settle_names(struct imp_target *t, struct imp_err *err);
bool imp_tar_stage(struct imp_target *t, const struct imp_object *object,
                   const struct iovec *pieces, size_t n, struct imp_staged *out,
                   struct imp_err *err);
void imp_tar_discard(struct imp_target *t, struct imp_staged *staged);
bool imp_tar_retract(struct imp_target *t, const struct imp_object *object,
                     struct imp_err *err);
bool imp_tar_recover(struct imp_target *t, const struct imp_object *object,
                     struct imp_err *err);
bool imp_tar_listing(struct imp_target *t, struct imp_digest *out,
                     bool *present, struct imp_err *err);
bool imp_tar_each(struct imp_target *t, imp_object_fn fn, void *fn_self,
                  struct imp_err *err);
bool imp_tar_walk(struct imp_target *t, imp_file_fn fn, void *fn_self,
                  struct imp_err *err);
bool imp_tar_hash(struct imp_target *t, const struct imp_object *object,
                  struct imp_digest *digest, uint64_t *length,
                  struct imp_err *err);
bool imp_tar_read(struct imp_target *t, const struct imp_object *object,
                  uint64_t most, struct imp_buf *out, struct imp_err *err);
bool imp_tar_stream(struct imp_target *t, const struct imp_object *object,
                    const struct imp_sink *sink, struct imp_err *err);
bool imp_tar_tag(struct imp_target *t, const char *name, size_t most,
                 struct imp_buf *out, struct imp_digest *digest, bool *present,
                 struct imp_err *err);
bool imp_tar_check_end(struct imp_target *t, char what[IMP_TARGET_END_MAX],
                       struct imp_err *err);
bool imp_tar_finish(struct imp_target *t, const struct imp_objects *objects,
                    bool changed, struct imp_err *err);

#endif
