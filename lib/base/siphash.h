/* siphash.h - SipHash-2-4 (Aumasson and Bernstein, 2012): the hash of a table
 * whose keys somebody else chooses. Without the secret nobody can make keys
 * that collide, as they can for hashes that are merely seeded. Any thread. */
#ifndef IMP_BASE_SIPHASH_H
#define IMP_BASE_SIPHASH_H

#include "base/bytes.h"

#include <stdint.h>

struct imp_siphash_key {
    uint64_t k0, k1;
};

uint64_t imp_siphash(struct imp_siphash_key key, struct imp_span bytes);

#endif
