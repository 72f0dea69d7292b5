/* reader.h - a data set, read front to back: one call, one event.
 *
 * Nothing is copied and nothing allocated; only headers are looked at, never
 * values, so that a file larger than memory may be mapped (base/map.h; pages
 * that were passed are given back). Each byte belongs to
 * one event, and events follow each other without a gap: [at, at + header +
 * value). What is looked at twice at most: what may be a sequence that UN hides
 * (PS3.5 6.2.2), before it is told as one.
 *
 * What can be read in two ways is IMP_ERR_DAMAGED, with offset and path in the
 * message, "(0008,1115)[0].(0010,0010)"; nothing is guessed or skipped. What is
 * only odd is told by a flag, and the caller decides. One reader, one thread.
 */
#ifndef IMP_DICOM_READER_H
#define IMP_DICOM_READER_H

#include "base/bytes.h"
#include "dicom/header.h"

#include <stdbool.h>

enum {
    IMP_DCM_MAX_DEPTH = 64, /* sequences in sequences; then IMP_ERR_LIMIT */
    IMP_DCM_PATH_MAX = (IMP_DCM_MAX_DEPTH + 1) * 24, /* bytes, with the NUL */
};

enum imp_dcm_event_kind {
    IMP_DCM_ELEMENT,        /* header and value */
    IMP_DCM_SEQUENCE_BEGIN, /* header; items follow, each begun and ended */
    IMP_DCM_SEQUENCE_CLOSE, /* the delimiter, or no bytes */
    IMP_DCM_ITEM_BEGIN,     /* header; elements follow */
    IMP_DCM_ITEM_CLOSE,     /* the delimiter, or no bytes */
    IMP_DCM_PIXELS_BEGIN,   /* header of encapsulated pixel data */
    IMP_DCM_FRAGMENT,       /* header and value; the first one is the basic
                               offset table (PS3.5 A.4) */
    IMP_DCM_PIXELS_CLOSE,   /* the delimiter */
    IMP_DCM_ZEROS,          /* nothing but zeros up to the end of the data */
    IMP_DCM_END,            /* no bytes; again with each later call */
};

enum imp_dcm_flag {
    IMP_DCM_DUPLICATE = 1,  /* its tag is that of the element before it */
    IMP_DCM_DESCENDING = 2, /* its tag is lower (7.1: they ascend): it may be
                               there twice */
    IMP_DCM_ODD = 4,        /* its length is odd (7.1.1: all are even) */
    IMP_DCM_DISGUISED = 8,  /* a sequence that is written as UN, or that has no
                               VR and is not in the dictionary: 6.2.2. All in it
                               is implicit little endian */
};

struct imp_dcm_event {
    enum imp_dcm_event_kind kind;
    unsigned flags; /* enum imp_dcm_flag */
    uint32_t tag;   /* of an element; of the sequence or pixel data for all
                       that belongs to it */
    enum imp_dcm_vr vr, written; /* see header.h; a sequence is SQ, and what the
                                    dictionary has as one, but UN hides and is
                                    not all items, is UN */
    struct imp_dcm_encoding encoding; /* of the header, and of the value but
                                         where UN is written: that is implicit
                                         little endian (6.2.2) */
    unsigned depth;                   /* in how many sequences it lies */
    uint64_t at;                      /* of the header */
    uint32_t header;                  /* bytes of it */
    uint64_t value;  /* bytes behind it that belong to this event */
    uint32_t length; /* as the header has it; IMP_DCM_UNDEFINED */
    uint32_t index;  /* of an item, of a fragment: from 0 */
};

/* Private to reader.c. */
struct imp_dcm_frame {
    uint64_t end;  /* first byte behind it; behind what it lies in if its own
                      length is undefined */
    uint32_t tag;  /* of a sequence */
    uint32_t n;    /* told in it so far: elements, items, fragments */
    uint32_t last; /* tag of the last element */
    uint8_t kind;
    bool undefined;
    struct imp_dcm_encoding encoding;
};

struct imp_dcm_reader {
    struct imp_span in;
    uint64_t at;
    uint64_t given_back; /* of a mapped file: the pages up to there */
    struct imp_dcm_frame frame[1 + 2 * IMP_DCM_MAX_DEPTH];
    unsigned top;     /* index of the innermost frame */
    unsigned depth;   /* sequences among them */
    bool pop;         /* the innermost frame has been closed */
    bool trial;       /* do not look into UN: see reader.c */
    bool in_fragment; /* for the path: the index counts */
    uint32_t tag;     /* for the path: of the element; 0 if none */
};

/* Read the elements in [at, end) of `in`, borrowed until the last event: a data
 * set, or a meta group. A data set that is deflated must be inflated first. */
void imp_dcm_reader_start(struct imp_dcm_reader *r, struct imp_span in,
                          uint64_t at, uint64_t end,
                          struct imp_dcm_encoding encoding);

/* The next event. False with `err` is the end, too: calling again fails again.
 */
bool imp_dcm_next(struct imp_dcm_reader *r, struct imp_dcm_event *event,
                  struct imp_err *err);

/* The value of an element of the input that it was read from. */
static inline struct imp_span imp_dcm_value_of(struct imp_span in,
                                               const struct imp_dcm_event *e)
{
    return (struct imp_span){in.p + e->at + e->header, e->value};
}

/* Where the last event is: "(0008,1115)[0].(0010,0010)"; "(7FE0,0010)[0]" is
 * the offset table; "" for zeros and the end. Always fits and ends with NUL. */
void imp_dcm_path(const struct imp_dcm_reader *r, char out[IMP_DCM_PATH_MAX]);

/* Fail with the path of the last event in front of the message. For callers
 * that find something wrong with what they were told. */
bool imp_dcm_fail(const struct imp_dcm_reader *r, enum imp_code code,
                  uint64_t at, struct imp_err *err, const char *fmt, ...)
    IMP_PRINTF(5, 6);

#endif
