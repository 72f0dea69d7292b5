/* source.h - where inputs come from: directories, files, and lists.
 *
 * A source walks what it was given and hands each candidate to `found`, in no
 * particular order, with memory and open files that do not grow with their
 * number. It opens nothing but directories.
 *
 * A file has one path, however it was named: the real path of the trusted part
 * (the upload directory; for a single file or a list entry the directory that
 * holds it), then what is below, where no symbolic link is followed.
 *
 * A source and a job belong to one thread at a time. */
#ifndef IMP_SOURCE_SOURCE_H
#define IMP_SOURCE_SOURCE_H

#include "base/bytes.h"
#include "base/map.h"
#include "base/stamp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_ctx;

/* One input, not yet opened. */
struct imp_job {
    char *path;      /* absolute; the ledger's key */
    size_t root_len; /* path[0..root_len) is the trusted part, resolved, and
                        path[root_len] is a '/'; 0 stands for the root of the
                        file system */
    struct imp_stamp stamp; /* when it was found */
    uint64_t number;        /* whoever passes the job on may number it */
    char *listed; /* the path as a list has it; NULL: it was in none */
    char
        *subject; /* whose it is, by the list's second column; NULL: not told */
};

/* A job for path[0..len); copies it. NULL without memory. */
struct imp_job *imp_job_new(const char *path, size_t len, size_t root_len,
                            const struct imp_stamp *stamp);

/* NULL is fine. */
void imp_job_free(struct imp_job *job);

/* The path that patterns and rules see: as the list has it, or what lies below
 * the root. Borrowed. */
const char *imp_job_shown(const struct imp_job *job);

/* Open the job's file for reading: component by component below the root with
 * O_NOFOLLOW, never waiting for a FIFO's writer. IMP_ERR_UNSETTLED if it is not
 * the file that was found (gone, replaced by anything else, written to); the
 * caller closes the descriptor. -1 on failure. */
int imp_job_open(const struct imp_job *job, struct imp_err *err);

/* Open, as O_PATH, the directory that holds the job's file, in the same way;
 * `*base` is the file's name there, within job->path. The caller closes it. -1
 * on failure. */
int imp_job_open_parent(const struct imp_job *job, const char **base,
                        struct imp_err *err);

/* Read the whole of it into `buf` (emptied first), `max` bytes at most
 * (IMP_ERR_LIMIT, before memory is taken), then look at the file again:
 * IMP_ERR_UNSETTLED if it changed under the reader. On success the job's stamp
 * has the change time that belongs to these bytes. On failure the contents of
 * `buf` are of no use, but it is still the caller's to reuse and clear. */
bool imp_job_read(struct imp_job *job, uint64_t max, struct imp_buf *buf,
                  struct imp_err *err);

/* A job's file that is looked at where it lies. `{0}` is closed; one thread. */
struct imp_job_map {
    struct imp_map map; /* its bytes */
    int fd;
    struct imp_stamp stamp;
    unsigned faults; /* of the thread, when it was opened */
};

/* Open and map it, instead of reading it; IMP_ERR_UNSUPPORTED if this file
 * system cannot. It may change under the reader: what was seen counts only if
 * _check says so afterwards. The job's stamp becomes as by imp_job_read. */
bool imp_job_map(struct imp_job *job, struct imp_job_map *out,
                 struct imp_err *err);

/* The same of a file that is open, which is taken: closed at the end, and on
 * failure. */
bool imp_job_map_file(int fd, struct imp_job_map *out, struct imp_err *err);

/* Was all that was seen until now the file as it was when it was opened, and
 * still is? IMP_ERR_UNSETTLED if it changed; IMP_ERR_IO if it has not, and a
 * page could not be read. */
bool imp_job_map_check(const struct imp_job_map *m, struct imp_err *err);

/* What is closed already stays so. */
void imp_job_map_close(struct imp_job_map *m);

/* Why a candidate is passed over: for the report, not an error. */
enum imp_skip {
    IMP_SKIP_NONE = 0,
    IMP_SKIP_UNSETTLED, /* younger than `settle_ms` */
    IMP_SKIP_DOT,       /* its name starts with a dot */
    IMP_SKIP_PARTIAL,   /* still being uploaded: its name ends, in whatever
                           case, in .part .partial .filepart .crdownload
                           .opdownload .download .upload .tmp .swp or ~ */
    IMP_SKIP_EXCLUDED,  /* by pattern */
    IMP_SKIP_DIRECTORY, /* named in a list: its files are to be listed */
};

/* "unsettled", "dot file", ...: as reports have it. */
const char *imp_skip_name(enum imp_skip skip);

/* What is taken. `{0}` takes everything at once, but for dot files and partial
 * uploads.
 *
 * Patterns are fnmatch(3) globs, compared in the file's own case. One without a
 * '/' must match the base name; one with a '/' the path below the upload
 * directory (for a list entry: the path as the list has it), and there '*'
 * matches '/' too. An exclude pattern that matches a directory's path with a
 * '/' behind it ("rejected/", or that with a '*') keeps the walk out of it.
 *
 * Settling goes by the inode's change time, which a sender cannot set. One in
 * the future counts as recent, as if the file server's clock ran ahead of
 * ours; but not one over an hour ahead, which no waiting would cure soon. */
struct imp_source_rules {
    int64_t settle_ms;          /* 0: no wait */
    const char *const *include; /* NULL-ended globs, or NULL: everything */
    const char *const *exclude; /* wins over include; NULL: nothing */
    bool columns; /* a list has a name, a tab, and whose the file is */
};

/* What a source tells. All are called on the thread that walks. Each false
 * stops the walk, which then returns true: stopping is no error. */
struct imp_source_sink {
    void *self;
    /* A candidate; the sink owns `job`. */
    bool (*found)(void *self, struct imp_job *job);
    /* Passed over. `path` is borrowed. */
    bool (*skipped)(void *self, const char *path, enum imp_skip why);
    /* Could not be looked at (IMP_ERR_IO, _MEMORY, _UNSETTLED if it changed
     * meanwhile), is no regular file (a link, a FIFO, a device:
     * IMP_ERR_UNSUPPORTED), lies too deep or is a line too long
     * (IMP_ERR_LIMIT). Counts as one input, even if it is a directory with
     * many. `path` is borrowed; absolute if it could be resolved, else as it
     * was given. */
    bool (*failed)(void *self, const char *path, const struct imp_err *err);
};

/* Walk `path`, a directory (recursive, to 128 levels) or a single file. `path`
 * may be a symbolic link to a directory. Directories whose name starts with a
 * dot are not entered, nor are excluded ones, and nothing in them is counted;
 * nor is a file that vanishes before it was looked at. False with `err` only if
 * `path` itself cannot be looked at. Ends early if `ctx` is cancelled, and
 * returns true. */
bool imp_source_path(struct imp_ctx *ctx, const char *path,
                     const struct imp_source_rules *rules,
                     const struct imp_source_sink *sink, struct imp_err *err);

/* Walk a list of files read from `fd` (left open), one per line, or ended by
 * NUL bytes; the end of the last may be missing. A name is relative to the
 * working directory, or absolute; empty ones are passed over. Lines may end in
 * CR LF; a name that ends in a CR, or holds a newline, needs `nul_ended`. With
 * `rules->columns` a name ends at the first tab, and what is behind it goes
 * into the job's `subject`. The directory part is trusted: links in it are
 * followed, and a dot in it does not count. A listed file that is not there is
 * `failed`.
 *
 * A read waits for input and for `ctx` at once; a cancel ends the walk, which
 * returns true. False with `err` if `fd` cannot be read, or (IMP_ERR_CONFIG) a
 * list of lines holds a NUL byte: what came before it was told already. */
bool imp_source_list(struct imp_ctx *ctx, int fd, bool nul_ended,
                     const struct imp_source_rules *rules,
                     const struct imp_source_sink *sink, struct imp_err *err);

#endif
