/* place.h - bytes from file to file, directories that are private, and
 * temporaries that no crash leaves behind for ever.
 *
 * Thread-safe: there is no shared state. Messages name the step, never the
 * path. */
#ifndef IMP_BASE_PLACE_H
#define IMP_BASE_PLACE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Copy `n` bytes from the one descriptor's offset to the other's, or fewer only
 * at the end of `from`: `*copied`. Inside of the kernel where it can, which may
 * share the blocks (copy_file_range(2)). What was written before a failure
 * stays. */
bool imp_file_copy(int from, int to, uint64_t n, uint64_t *copied,
                   struct imp_err *err);

/* Have both, open for reading, the same bytes from beginning to end? Moves
 * their offsets. */
bool imp_file_same(int a, int b, bool *same, struct imp_err *err);

/* Make the directory `path`, with mode 0700 whatever the umask, and what is
 * missing above it. One that is there stays as it is. */
bool imp_dir_make_private(const char *path, struct imp_err *err);

/* Open it for reading. IMP_ERR_CONFIG if its group or others may do anything in
 * it. The caller closes it; -1 with `err` and errno. */
int imp_dir_open_private(const char *path, struct imp_err *err);

/* --- temporaries ---
 *
 * Made in a directory, written, and then renamed to their final name, or
 * unlinked. While one is open it is locked (flock), so that a sweep by another
 * process passes over it; one that a crash left is not. Where files cannot be
 * locked, none is swept. */

#define IMP_TEMP_NAME 32

/* A new, empty one of mode 0600 in `dirfd`, open for reading and writing; what
 * it is called goes into `name`. The caller closes it. -1 on failure. */
int imp_temp_open(int dirfd, char name[IMP_TEMP_NAME], struct imp_err *err);

/* Remove those in `dirfd` that no process has open. */
bool imp_temp_sweep(int dirfd, struct imp_err *err);

#endif
