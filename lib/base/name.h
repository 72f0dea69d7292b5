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

/* What a name says of the bytes that have this digest. Any thread. */
enum imp_name_says {
    IMP_NAME_SILENT, /* nothing */
    IMP_NAME_TELLS,  /* that they are its: it has the digest's first eight
                        digits, or more, in it */
    IMP_NAME_DENIES, /* that they are not: it ends as a name of
                        imp_name_of_digest does, and that one is another */
};
enum imp_name_says imp_name_says(const char *name,
                                 const struct imp_digest *digest,
                                 const char *ext);

/* May this value of a field be part of a name? IMP_ERR_CONFIG if it has a
 * slash or what Windows does not allow in a name, is "..", empty, longer than
 * IMP_NAME_VALUE_MAX bytes, or no printable UTF-8. Any thread. */
#define IMP_NAME_VALUE_MAX 200
bool imp_name_check_value(const char *value, struct imp_err *err);

/* imp_name_check, and it is a name on every system: no part of it ends in a dot
 * or a blank, has one of <>:"\|?* in it, or is called as a device of Windows is
 * ("CON", "nul.jpg"). For names that we make. Any thread. */
bool imp_name_check_portable(const char *name, struct imp_err *err);

#endif
