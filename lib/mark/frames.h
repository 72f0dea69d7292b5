/* frames.h - how many pictures a file holds, by its own structure: what
 * decoders stop short of is then noticed. */
#ifndef IMP_MARK_FRAMES_H
#define IMP_MARK_FRAMES_H

#include "base/bytes.h"

#include <stdint.h>

/* Pages and frames of a file of the format called `format` ("png", "gif",
 * "webp", "tiff", "heif", "avif"), TIFF's SubIFDs included, HEIF and AVIF at
 * least; 0 if it is damaged, or a sequence of which that is not told. */
uint64_t imp_frames_of(const char *format, struct imp_span file);

#endif
