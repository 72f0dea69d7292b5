/* file.h - files written whole or not at all, directories made, locks taken.
 *
 * Everything is relative to a directory's descriptor (AT_FDCWD: the working
 * directory). Thread-safe: there is no shared state. Messages name the step,
 * never the path; the caller knows the object and says so with imp_wrap. */
#ifndef IMP_BASE_FILE_H
#define IMP_BASE_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Write all of it, however often the kernel stops short. What was written
 * before a failure stays. */
bool imp_file_write(int fd, const void *bytes, size_t n, struct imp_err *err);

/* The same for several pieces; `pieces` is used up on the way. */
bool imp_file_writev(int fd, struct iovec *pieces, size_t n,
                     struct imp_err *err);

/* Read `n` bytes, or fewer only at the end of the file: `*got`. */
bool imp_file_read(int fd, void *bytes, size_t n, size_t *got,
                   struct imp_err *err);

/* The same two at the offset `at`, without moving the descriptor's own: several
 * threads may read. */
bool imp_file_pread(int fd, void *bytes, size_t n, uint64_t at, size_t *got,
                    struct imp_err *err);
bool imp_file_pwrite(int fd, const void *bytes, size_t n, uint64_t at,
                     struct imp_err *err);

/* fsync: of a file its data, of a directory its names. */
bool imp_file_sync(int fd, struct imp_err *err);

/* Does `path` still mean what `fd` has open? IMP_ERR_IO if it was moved away,
 * replaced or removed: what is written would be found nowhere. */
bool imp_file_is_at(int fd, const char *path, struct imp_err *err);

/* Make all of the file system durable that `fd` is on, also the names of what
 * an interrupted program has made. */
bool imp_file_sync_system(int fd, struct imp_err *err);

/* fsync of the directory that `path` is in: its name is there durably. */
bool imp_file_sync_above(int dirfd, const char *path, struct imp_err *err);

/* rename(2) that never overwrites: -1 with errno EEXIST if `to` is there, or
 * with another. Where no such flag is known (NFS) it takes a hard link and an
 * unlink; a crash between them leaves both names. */
int imp_file_rename_new(int from_dir, const char *from, int to_dir,
                        const char *to);
/* A file without a name, in $TMPDIR or /tmp, to write and read; it is gone when
 * it is closed. -1 with `err`. */
int imp_file_unnamed(struct imp_err *err);

/* Make the directory `path` and what is missing above it, with `mode` as the
 * umask allows (but that its owner may use those above), and make the
 * new names durable. Being there is success. */
bool imp_dir_make(int dirfd, const char *path, mode_t mode,
                  struct imp_err *err);

/* The same for the directories above `path`, without `path` itself. */
bool imp_dir_make_above(int dirfd, const char *path, mode_t mode,
                        struct imp_err *err);

/* Open the directory that `path` is in, into `*out`: the caller closes it. */
bool imp_dir_open_above(int dirfd, const char *path, int *out,
                        struct imp_err *err);

/* Is the open `fd` a regular file of ours that nobody else may touch (no access
 * for group or others)? Otherwise IMP_ERR_CONFIG, with what was found. */
bool imp_file_private(int fd, struct imp_err *err);

/* The same of `name` in `dirfd`, which is not opened: to close a file drops all
 * fcntl locks on it, as SQLite has. A link is no regular file; one that is not
 * there is fine. */
bool imp_file_private_at(int dirfd, const char *name, struct imp_err *err);

/* Open such a file, following no link, and check that it is one. `flags` are
 * open(2)'s; with O_CREAT one that is missing is made, empty, with mode 0600
 * whatever the umask, and its name is durable. -1 with `err`; errno is ENOENT
 * if it is not there. The caller closes it. */
int imp_file_open_private(int dirfd, const char *name, int flags,
                          struct imp_err *err);

/* `path` made absolute and free of links, as far as it exists; what does not
 * exist yet is taken as given, and must not have a "..". Two spellings of one
 * place give one text. The caller frees it. */
char *imp_path_resolve(const char *path, struct imp_err *err);

/* Is `path` the directory `dir`, or something in it? Both resolved. */
bool imp_path_lies_in(const char *path, const char *dir);

/* Lock `fd` against other runs (flock: until it is closed). If another has the
 * lock: IMP_ERR_BUSY if `again` is NULL; else `again` is called between tries,
 * and its false ends them with IMP_ERR_CANCELLED. IMP_ERR_UNSUPPORTED if the
 * file system cannot lock this kind of file. */
bool imp_file_lock(int fd, bool (*again)(void *self), void *self,
                   struct imp_err *err);

/* --- a file that appears whole ---------------------------------------------
 */

struct imp_outfile; /* opaque; one thread */

/* Start a file that _commit will put at `name` in `dirfd`, replacing what is
 * there. Until then it grows at `tmp`, a path relative to `dirfd` on the same
 * file system; what an interrupted writer left at `tmp` is removed. `dirfd` is
 * borrowed. `name` has no slash. NULL with `err`. */
struct imp_outfile *imp_outfile_open(int dirfd, const char *name,
                                     const char *tmp, mode_t mode,
                                     struct imp_err *err);

/* Append, through a buffer. */
bool imp_outfile_add(struct imp_outfile *out, const void *bytes, size_t n,
                     struct imp_err *err);

/* Make the data durable, then the name. Call it once; then only _free. */
bool imp_outfile_commit(struct imp_outfile *out, struct imp_err *err);

/* Removes the temporary unless committed; NULL is fine. */
void imp_outfile_free(struct imp_outfile *out);

#endif
