// Any bytes as a WebP: what properties.h says, whatever the editor answers, and
// with the word planted.
#include "properties.h"

extern const struct imp_format imp_format_webp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_format(&imp_format_webp, data, size);
    return 0;
}
