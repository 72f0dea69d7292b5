// The codecs, and which of them a picture belongs to.
#include "mark/vips/picture.h"

#include <string.h>

static const struct {
    const char *format;
    const struct imp_codec *codec;
} codecs[] = {
    {"png", &imp_codec_vips},
    {"tiff", &imp_codec_vips},
    {"webp", &imp_codec_webp},
};

struct imp_picture *imp_vips_decode(const char *format, struct imp_span file,
                                    struct imp_raster *raster,
                                    struct imp_err *err)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (strcmp(codecs[i].format, format) == 0)
            return codecs[i].codec->decode(format, file, raster, err);
    imp_fail(err, IMP_ERR_UNSUPPORTED, "no decoder for %s", format);
    return NULL;
}

bool imp_vips_encode(struct imp_picture *picture,
                     const struct imp_coding *coding, struct imp_buf *out,
                     struct imp_err *err)
{
    return picture->codec->encode(picture, coding, out, err);
}

void imp_vips_free(struct imp_picture *picture)
{
    if (picture)
        picture->codec->free(picture);
}
