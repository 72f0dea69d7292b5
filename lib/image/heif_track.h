/* heif_track.h - the tracks of an image sequence (ISO/IEC 23008-12 7; boxes and
 * their sections: ISO/IEC 14496-12). Private to the HEIF handler.
 *
 * Tracks of pictures stay, and their alpha; all others go with their samples.
 * What stays is written anew, one sample to a chunk. */
#ifndef IMP_IMAGE_HEIF_TRACK_H
#define IMP_IMAGE_HEIF_TRACK_H

#include "image/heif.h"

#define IMP_HEIF_TRACKS 16
#define IMP_HEIF_SAMPLES 65536
#define IMP_HEIF_TRACK_PROPS 16

struct imp_heif_run { /* of samples: stts, ctts */
    uint32_t count;
    int32_t value;
};

struct imp_heif_track {
    struct imp_heif_box box;
    bool keep;
    char handler[5]; /* "pict", "auxv" */
    uint32_t id, flags;
    uint32_t alpha_of;      /* auxv: the track that it belongs to */
    uint32_t width, height; /* shown */
    uint32_t matrix[9];
    uint64_t duration; /* of the movie's time */
    bool has_edit, repeats;
    uint64_t edit_duration;
    uint32_t timescale;
    /* The one sample entry. */
    char codec[5]; /* "hvc1", "av01" */
    uint32_t coded_width, coded_height;
    struct imp_heif_prop prop[IMP_HEIF_TRACK_PROPS];
    size_t n_props;
    /* Samples; these arrays live with the cut list. */
    uint64_t *offset, *length;
    size_t n;
    struct imp_heif_run *time, *shift;
    size_t n_times, n_shifts;
    uint8_t shift_version;
    uint32_t *sync;
    size_t n_sync;
    bool has_sync;
};

/* --- heif_track.c: what the boxes of moov say --- */

/* The tracks of h->moov. Those that go are shown to the editor. */
bool imp_heif_read_tracks(struct imp_heif *h, struct imp_err *err);

/* The first box of that type in `in`, whose first byte is `base` in the file;
 * false, without an error, if there is none. */
bool imp_heif_find(struct imp_span in, uint64_t base, const char *type,
                   struct imp_heif_box *box);

/* The property of that type of a track's sample entry; NULL if none. */
struct imp_heif_prop *imp_heif_track_prop(struct imp_heif_track *t,
                                          const char *type);

/* --- heif_samples.c: where the samples lie --- */

/* From the boxes in `stbl`; and claim them. */
bool imp_heif_take_samples(struct imp_heif *h, struct imp_heif_track *t,
                           const struct imp_heif_box *stbl,
                           struct imp_err *err);

/* --- heif_moov.c --- */

/* The new moov box, whose samples begin `claims` bytes into the file. */
bool imp_heif_write_moov(struct imp_heif *h, uint64_t claims,
                         struct imp_buf *out, struct imp_err *err);

#endif
