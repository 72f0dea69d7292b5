// Any bytes as a TIFF: what properties.h says, whatever the editor answers, and
// with the word planted. What is no TIFF is made one: a header that points
// behind the first bytes, which a strip can then be, so that mutations reach
// beyond the header.
#include "properties.h"

extern const struct imp_format imp_format_tiff;

#define HEADER 8
#define STRIP 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t head[HEADER] = {'I', 'I', 42, 0, HEADER + STRIP};
    if (imp_format_tiff.sniff((struct imp_span){data, size}) || size < STRIP) {
        check_format(&imp_format_tiff, data, size);
        return 0;
    }
    uint8_t *made = malloc(HEADER + size);
    if (!made)
        return 0;
    memcpy(made, head, HEADER);
    memcpy(made + HEADER, data, size);
    check_format(&imp_format_tiff, made, HEADER + size);
    free(made);
    return 0;
}
