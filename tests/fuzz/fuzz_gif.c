// Any bytes as a GIF: what properties.h says, whatever the editor answers, and
// with the word planted.
#include "properties.h"

extern const struct imp_format imp_format_gif;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_format(&imp_format_gif, data, size);
    return 0;
}
