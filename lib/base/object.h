/* object.h - an image in the archive, as ledger and archive speak of it. */
#ifndef IMP_BASE_OBJECT_H
#define IMP_BASE_OBJECT_H

#include "base/sha256.h"

#include <stdint.h>

struct imp_object {
    const char *name; /* below the payload, see base/name.h; borrowed */
    struct imp_digest digest;
    uint64_t length; /* in bytes, of the image */
    /* Where it lies in an archive that is one file, and how many bytes it takes
     * there; 0 and 0 in others. */
    uint64_t place, stored;
};

#endif
