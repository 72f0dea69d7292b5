/* name.h - what an object in the archive may be called.
 *
 * Names are built from templates and digests, but they become paths, manifest
 * lines and keys, so each is checked before it is used. */
#ifndef IMP_BASE_NAME_H
#define IMP_BASE_NAME_H

#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>

#define IMP_NAME_MAX 256 /* of an object's name, with the NUL */

/* A name is relative, stays below its directory (no empty, "." or ".."
 * component) and is printable UTF-8, shorter than IMP_NAME_MAX. Otherwise
 * IMP_ERR_CONFIG: the template is wrong. Any thread. */
bool imp_name_check(const char *name, struct imp_err *err);

/* The name of the object with this digest: directories and name from the digest
 * alone, no part of an input's name. `ext` without the dot, a few characters.
 * Any thread. */
void imp_name_of_digest(const struct imp_digest *digest, const char *ext,
                        char name[IMP_NAME_MAX]);

#endif
