#include "mark/carrier.h"

#include <stddef.h>
#include <string.h>

#define CARRIERS(ROW) \
    ROW(jpeg)         \
    ROW(png)          \
    ROW(tiff)
#define DECLARE(name) extern const struct imp_carrier imp_carrier_##name;
#define POINT_AT(name) &imp_carrier_##name,

CARRIERS(DECLARE)
static const struct imp_carrier *const carriers[] = {CARRIERS(POINT_AT)};

const struct imp_carrier *imp_carrier_of(const char *format)
{
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
        if (strcmp(carriers[i]->format, format) == 0)
            return carriers[i];
    return NULL;
}
