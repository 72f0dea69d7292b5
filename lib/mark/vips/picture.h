/* picture.h - what the files of the pixel library share. Types of libvips stay
 * inside this folder. */
#ifndef IMP_MARK_VIPS_PICTURE_H
#define IMP_MARK_VIPS_PICTURE_H

#include "mark/pixels.h"

/* Implementations of struct imp_pixels: see there. */
bool imp_vips_draw_text(const char *text, uint32_t line, const char *font,
                        double angle, struct imp_mask *mask,
                        struct imp_err *err);
struct imp_logo *imp_vips_load_logo(struct imp_span png, struct imp_err *err);
void imp_vips_free_logo(struct imp_logo *logo);
bool imp_vips_draw_logo(const struct imp_logo *logo, uint32_t height,
                        double angle, struct imp_ink *ink, struct imp_err *err);
bool imp_vips_to_profile(struct imp_span profile, uint8_t *rgb, size_t n,
                         struct imp_err *err);
struct imp_picture *imp_vips_decode(const char *format, struct imp_span file,
                                    struct imp_raster *raster,
                                    struct imp_err *err);
bool imp_vips_encode(struct imp_picture *picture,
                     const struct imp_coding *coding, struct imp_buf *out,
                     struct imp_err *err);
bool imp_vips_compare(const char *format, struct imp_span source,
                      struct imp_span made, uint64_t frames,
                      const struct imp_area *area, struct imp_difference *out,
                      struct imp_err *err);
bool imp_vips_decode_planes(const struct imp_coded *coded,
                            struct imp_planes *out, struct imp_err *err);
bool imp_vips_encode_planes(const struct imp_planes *p, const char *type,
                            struct imp_buf *out, struct imp_err *err);
void imp_vips_free(struct imp_picture *picture);

/* How formats are decoded and coded again: see struct imp_pixels. The formats
 * are rows in picture.c. */
struct imp_codec {
    struct imp_picture *(*decode)(const char *format, struct imp_span file,
                                  struct imp_raster *raster,
                                  struct imp_err *err);
    bool (*encode)(const struct imp_picture *picture,
                   const struct imp_coding *coding, struct imp_buf *out,
                   struct imp_err *err);
    void (*free)(struct imp_picture *picture);
};
extern const struct imp_codec imp_codec_vips, imp_codec_webp;

/* A codec's own kind of picture starts with this. */
struct imp_picture {
    const struct imp_codec *codec;
};

/* For imp_vips_encode_planes. */
bool imp_vips_encode_av1(const struct imp_planes *p, struct imp_buf *out,
                         struct imp_err *err);

/* For imp_vips_decode_planes: into empty planes. */
bool imp_vips_decode_hevc(const struct imp_coded *coded, struct imp_planes *out,
                          struct imp_err *err);
bool imp_vips_decode_av1(const struct imp_coded *coded, struct imp_planes *out,
                         struct imp_err *err);

/* A decoder's plane into ours; more than 8 bits are uint16_t in both. False,
 * IMP_ERR_DAMAGED, if it is of another size. */
bool imp_vips_take_plane(struct imp_plane *to, const uint8_t *from, int stride,
                         int width, int height, unsigned depth,
                         struct imp_err *err);

#endif
