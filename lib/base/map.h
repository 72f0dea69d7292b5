/* map.h - a file as bytes in the address space: they come when they are looked
 * at, and go again.
 *
 * For what is too large to be read. A map belongs to the thread that opened it:
 * only that one may
 * close it, and others may look at its bytes by a share alone.
 *
 * A page that cannot be had (the file was cut short since, the disk fails)
 * reads as zeros, as does all of its map from then on, and is counted: see
 * imp_map_faults. Whoever has looked at a map asks for that before believing
 * what it saw. */
#ifndef IMP_BASE_MAP_H
#define IMP_BASE_MAP_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* How much of a map stays in memory behind whoever goes over it. */
#define IMP_MAP_STEP ((size_t)2 << 20)

/* `{0}` is closed. Stays at its address while it is open. */
struct imp_map {
    struct imp_span bytes;
    /* Private to map.c. */
    uint8_t *area; /* whole pages, with `bytes` in them */
    size_t area_n;
    struct imp_map_extent *extent; /* parts that lie in files, in their order */
    size_t n_extents, cap;
    struct imp_map *next;
};

/* Map the first `n` bytes, more than 0, of the regular file `fd`, borrowed
 * while the map is open, and any that is joined of it. IMP_ERR_UNSUPPORTED if
 * this file system cannot: then it is to be read. */
bool imp_map_open(struct imp_map *m, int fd, uint64_t n, struct imp_err *err);

/* Map the pieces, one behind the other. Of long ones that lie in a file that is
 * mapped the pages are shared, if they are moved by as much as the longest one
 * is, but for whole pages; the rest is copied: into memory if it is little,
 * else into a file without a name. */
bool imp_map_join(struct imp_map *m, const struct iovec *pieces, size_t n,
                  struct imp_err *err);

/* What is closed already stays so. */
void imp_map_close(struct imp_map *m);

/* Take the next few bytes (IMP_MAP_STEP at most) of `left` into `step`, for
 * whoever goes over bytes that may lie in a map: what `step` had before is
 * given back. `*step` is empty at first; at the end it is empty again: false.
 */
bool imp_map_step(struct imp_span *left, struct imp_span *step);

/* Do these bytes lie in a map of this thread? */
bool imp_map_has(struct imp_span bytes);

/* Where the first of these bytes, more than 0, lies in a file, from which it
 * can be copied without being looked at; whoever does may move the descriptor's
 * offset. A share knows of none. */
struct imp_map_place {
    int fd;      /* that the map was opened with; -1: in none */
    uint64_t at; /* in it */
    size_t n;    /* so many of the bytes follow there; or lie in none */
};
struct imp_map_place imp_map_place_of(struct imp_span bytes);

/* These bytes will not be looked at for a while. If they lie in a map of this
 * thread they leave memory, and come back when they are. */
void imp_map_give_back(struct imp_span bytes);

/* How many pages of this thread's maps could not be had, ever. */
unsigned imp_map_faults(void);

/* Another thread may look at a map, too, while it is open. Its owner makes a
 * share, which stays at its address; false: these bytes lie in none of its
 * maps. The other thread, which has no maps else, takes it up before it looks,
 * and gives it up behind: how many pages it could not have, which the owner
 * adds to its own. A share is not closed. */
bool imp_map_share(struct imp_map *share, struct imp_span bytes);
void imp_map_take_up(struct imp_map *share);
unsigned imp_map_give_up(struct imp_map *share);
void imp_map_add_faults(unsigned n);

/* Map the first `n` bytes of the regular file `fd`, to be stored into by any
 * thread; one such map at a time. A page that cannot be had, as on a disk that
 * is full, becomes memory of the process: what is stored there is lost. NULL
 * with `err`. */
uint8_t *imp_map_notes(int fd, size_t n, struct imp_err *err);
void imp_map_notes_close(uint8_t *p, size_t n);

#endif
