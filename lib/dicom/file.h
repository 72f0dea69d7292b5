/* file.h - where in a file the parts of a DICOM object are: PS3.10 section 7.
 *
 * Looks at the preamble's end, at the headers of the meta group and, if that
 * names no transfer syntax, at a few of the data set. Any thread may call. */
#ifndef IMP_DICOM_FILE_H
#define IMP_DICOM_FILE_H

#include "base/bytes.h"
#include "dicom/syntax.h"

#include <stdbool.h>

struct imp_dcm_file {
    bool preamble;    /* 128 bytes of anything, and "DICM" */
    bool meta;        /* there is a group 0002 */
    bool length_lies; /* (0002,0000) is not where the group ends, which is where
                         the first other group begins; or it is missing */
    bool guessed;     /* no (0002,0010): the syntax is what can be read */
    uint64_t meta_at; /* [meta_at, data_at): the meta group, always explicit
                         little endian (7.1) */
    uint64_t data_at; /* the data set, up to the end of the file */
    const struct imp_dcm_syntax *syntax;
};

/* Is it DICOM? With "DICM" in its place, what follows must be an element. Else
 * the file must begin with a whole meta group that names a syntax, or with
 * group 0008 and three elements or more, all known, in order and within the
 * file. */
bool imp_dcm_sniff(struct imp_span in);

/* Find the parts. IMP_ERR_DAMAGED if the meta group cannot be read, contradicts
 * itself, or if it names no syntax and not exactly one of implicit little,
 * explicit little and explicit big endian fits. IMP_ERR_UNSUPPORTED if it names
 * a syntax that PS3.6 does not have, or one that is not for files. */
bool imp_dcm_file_read(struct imp_span in, struct imp_dcm_file *file,
                       struct imp_err *err);

#endif
