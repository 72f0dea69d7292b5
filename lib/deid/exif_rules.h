/* exif_rules.h - which EXIF tags may ever stay, and how they must look.
 *
 * The one table of EXIF tags: presets, policy files and the digest of a policy
 * are made of it. Private to deid/. */
#ifndef IMP_DEID_EXIF_RULES_H
#define IMP_DEID_EXIF_RULES_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* Who keeps a tag. */
enum imp_exif_group {
    IMP_EXIF_SHOWS,    /* needed to show the picture: every preset */
    IMP_EXIF_ACQUIRED, /* how it was taken: `research` */
    IMP_EXIF_MORE,     /* harmless too, but only if a policy file names it */
    IMP_EXIF_DATE,     /* as the policy treats dates */
};

/* A value must lie in one of the ranges; of a RATIONAL that is the quotient. A
 * second range of 0 to 0 is none. Text (ASCII) has no range: see exif.c. */
struct imp_exif_rule {
    const char *name; /* as CIPA DC-008 has it */
    enum imp_exif_group group;
    unsigned ifd, tag, format; /* ExifIfd, ExifTag; ExifFormat as written: as
                                  read, any unsigned integer for SHORT */
    uint32_t count;            /* of text: at most, its NUL included */
    struct {
        int32_t lo, hi;
    } range[2];
};

/* In the order that is written. */
#define IMP_EXIF_RULES 44
extern const struct imp_exif_rule imp_exif_rules[IMP_EXIF_RULES];

/* Why a tag may never stay, whatever a policy says; NULL if the name (that of
 * CIPA DC-008 or of exiftool) is none of those. */
const char *imp_exif_forbidden(const char *name);

/* The i-th name that is forbidden; NULL behind the last. */
const char *imp_exif_forbidden_name(size_t i);

#endif
