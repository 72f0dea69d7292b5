/* tar_entry.h - the headers of a tar archive (POSIX.1-2017, pax: ustar
 * Interchange Format).
 *
 * Nothing in them but name, kind and length: no time, no owner, mode 0644 (a
 * directory: 0755). A path that ustar has no room for, or that is not ASCII, is
 * in an extended header before it (pax, typeflag x). No shared state. */
#ifndef IMP_ARCHIVE_TAR_ENTRY_H
#define IMP_ARCHIVE_TAR_ENTRY_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_TAR_BLOCK 512
#define IMP_TAR_PATH_MAX (IMP_NAME_MAX + 16) /* with the NUL */
#define IMP_TAR_HEAD_MAX (3 * IMP_TAR_BLOCK)
#define IMP_TAR_LENGTH_MAX UINT64_C(077777777777) /* 8 GiB less one byte */

/* How long the head of an entry of this path is. */
size_t imp_tar_head_size(const char *path);

/* Write the head of a regular file, or of a directory, whose path ends with a
 * slash; its size. IMP_ERR_LIMIT if `length` is more than _LENGTH_MAX, or the
 * path has more than _PATH_MAX. */
bool imp_tar_head(uint8_t out[IMP_TAR_HEAD_MAX], const char *path,
                  uint64_t length, struct imp_err *err);

struct imp_tar_entry {
    char path[IMP_TAR_PATH_MAX];
    uint64_t length;
    size_t head; /* bytes of the head */
};

/* Read the head of a regular file that `in` starts with. IMP_ERR_DAMAGED if
 * there is none, as we write it. */
bool imp_tar_parse(struct imp_span in, struct imp_tar_entry *out,
                   struct imp_err *err);

/* How many zero bytes follow `length` bytes of data. */
static inline size_t imp_tar_padding(uint64_t length)
{
    return (size_t)(-length % IMP_TAR_BLOCK);
}

#endif
