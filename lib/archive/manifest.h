/* manifest.h - one line of manifest-sha256.txt (RFC 8493 2.1.3). */
#ifndef IMP_ARCHIVE_MANIFEST_H
#define IMP_ARCHIVE_MANIFEST_H

#include "base/name.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>

/* The longest line: digest, two spaces, "data/", each byte of the name
 * percent-encoded, newline, NUL. */
#define IMP_MANIFEST_LINE_MAX \
    (IMP_SHA256_HEX - 1 + 2 + 5 + 3 * (IMP_NAME_MAX - 1) + 2)

/* Write the line for data/`name`, with newline and NUL; its length. */
size_t imp_manifest_line(char line[IMP_MANIFEST_LINE_MAX], const char *name,
                         const struct imp_digest *digest);

/* Read a line (NUL-ended, its newline optional). IMP_ERR_IO if it is none, or
 * names something outside data/. */
bool imp_manifest_parse(const char *line, char name[IMP_NAME_MAX],
                        struct imp_digest *digest, struct imp_err *err);

#endif
