// Any bytes as HEIF or AVIF: what properties.h says, whatever the editor
// answers, and with the word planted.
#include "properties.h"

extern const struct imp_format imp_format_heif, imp_format_avif;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_format(&imp_format_heif, data, size);
    check_format(&imp_format_avif, data, size);
    return 0;
}
