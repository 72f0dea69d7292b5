/* policy.h - what may stay. Everything else goes; there is no deny-list.
 *
 * A policy is read-only once made: any thread may use it. An editor made from
 * it serves one image at a time and belongs to one thread. */
#ifndef IMP_DEID_POLICY_H
#define IMP_DEID_POLICY_H

#include "base/sha256.h"
#include "image/format.h"
#include "image/part.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_dicom_editor;
struct imp_policy; /* opaque */
struct imp_secret;

/* A preset ("strict", "research") or, if `spec` has a slash or ends in ".conf",
 * a policy file (imgpipe-policy(5)). IMP_ERR_CONFIG with file, group and key,
 * and a suggestion, if it says what is not known, or what may never be. */
struct imp_policy *imp_policy_load(const char *spec, struct imp_err *err);
void imp_policy_free(struct imp_policy *p);

/* The text of a policy file that says the same, borrowed from `p`; and the
 * policy that such a text says, for whoever kept it. */
const char *imp_policy_text(const struct imp_policy *p);
struct imp_policy *imp_policy_from_text(const char *text, struct imp_err *err);

/* The names of the presets; ends with NULL. */
extern const char *const imp_policy_presets[];

/* SHA-256 of all that decides about an output: the preset and what the file
 * adds, the allow-lists and the version of what is done with them. A file that
 * only says a preset's defaults has that preset's digest; check level and
 * limits decide whether there is an output, never its bytes, and do not count.
 * Goes into ledger and manifest. */
struct imp_digest imp_policy_digest(const struct imp_policy *p);

/* What a policy file may say besides; 0 or false where it is silent. */
struct imp_policy_settings {
    const char *preset; /* the preset that it is or builds on */
    bool has_check;
    enum imp_check check;
    uint64_t max_bytes, max_pixels;
    bool shifts_dates; /* by a subject's offset, where there is one: */
    int32_t shift_least, shift_most; /* back by so many days; never 0 */
    bool asked_for_shifting; /* in so many words, not just by its preset */
};
const struct imp_policy_settings *
imp_policy_settings(const struct imp_policy *p);

struct imp_deid; /* opaque: an editor with its memory */

/* An editor for the policy, to be reused image after image. The policy must
 * outlive it. */
struct imp_deid *imp_deid_new(const struct imp_policy *p, struct imp_err *err);
void imp_deid_free(struct imp_deid *d);

/* Whose image it is; NULL or `{0}`: not known. */
struct imp_deid_subject {
    const char *code;   /* the trial's name for the subject; NULL: none */
    const char *key;    /* the site's own name for the subject: an identifier
                           that must not be found in the output */
    bool has_shift;     /* else dates that would be shifted are removed */
    int32_t shift_days; /* added to dates */
    const struct imp_secret *secret; /* which UIDs are made with, also without
                                        a subject: one for all subjects of an
                                        editor; NULL: none */
    bool archived; /* the image is one of an archive, made by the policy: what
                      stands for something else is there already */
};

/* Make ready for the next image; `s` is borrowed until the one after. The
 * identifiers of the last one are wiped; of its UIDs some are kept until the
 * end, as those of a series come again. */
void imp_deid_start(struct imp_deid *d, const struct imp_deid_subject *s);

/* What a format handler asks. Borrowed from `d`. EXIF and ICC are rebuilt and
 * replaced, or kept if that changes nothing, or dropped if nothing is left;
 * every other kind is dropped. Asked about structure or coded data, it refuses
 * with IMP_ERR_INVARIANT. Takes note of every identifier that it meets. */
struct imp_editor *imp_deid_editor(struct imp_deid *d);

/* The first colour profile since _start that stays, as it will be in the
 * output, until the next _start; empty: there is none. */
struct imp_span imp_deid_profile(const struct imp_deid *d);

/* The UIDs that a DICOM object has now, which references to it have as well. */
enum imp_deid_uid {
    IMP_DEID_STUDY = 0,
    IMP_DEID_SERIES,
    IMP_DEID_INSTANCE,
    IMP_DEID_UIDS,
};

/* That of the object since _start, until the next _start, without padding;
 * NULL: the image has none. */
const char *imp_deid_uid(const struct imp_deid *d, enum imp_deid_uid which);

/* What tells pictures apart that have names in the same place. Texts are empty
 * if the object does not say, and as it says it. */
struct imp_deid_picture {
    const char *manufacturer, *model, *modality, *sop_class;
    uint32_t rows, columns;
};

/* Who knows where identity is burned into pictures. */
struct imp_deid_redactor {
    void *self;
    /* `*covered`: the picture is known, and what is burned in, if anything, is
     * blacked out; `*redacts`: there is something. */
    bool (*find)(void *self, const struct imp_deid_picture *picture,
                 bool *covered, bool *redacts, struct imp_err *err);
};

/* From the next object on ask `r`, borrowed; NULL: nobody knows. */
void imp_deid_redact_by(struct imp_deid *d, const struct imp_deid_redactor *r);

/* What the handler of DICOM objects asks. Borrowed from `d`. */
struct imp_dicom_editor *imp_deid_dicom(struct imp_deid *d);

/* What comes now is the output of what came since _start, looked at once more:
 * dates in it are shifted already. */
void imp_deid_look_again(struct imp_deid *d);

/* What a part says, item by item (an EXIF tag, an XMP property, a text): for
 * `inspect`. Strings are borrowed for the call. */
struct imp_deid_item {
    const char *name;  /* "GPS GPSLatitude", "XMP dc:creator", "text" */
    const char *value; /* printable; may identify: shown only on request */
    bool stays;        /* as it is */
    const char *why;   /* why it goes, or what becomes of it: "dates are
                          removed", "may never stay" */
};

/* What becomes of an element of a DICOM object. Strings are borrowed for the
 * call; none but `value` is of the object. */
struct imp_deid_element {
    const char *path;    /* "(0008,1115)[0].(0008,1155)" */
    const char *keyword; /* of PS3.6; "" if it has none */
    const char *vr;      /* "UI" */
    const char *fate;    /* "removed", "emptied", "dummy", "new UID", "shifted",
                            "reduced", "subject's code"; "stays"; "added" */
    const char *action;  /* of PS3.15 Table E.1-1, which decides: "X/Z/D"; NULL:
                            no row of it does */
    const char *option; /* of the policy, whose column of the table it is; NULL:
                           the basic profile's */
    const char *why;    /* what else there is to say; NULL: nothing */
    const char *value;  /* text as UTF-8; may identify; NULL: bytes, or none */
};

struct imp_deid_observer {
    void (*part)(void *self, const struct imp_part *part, enum imp_fate fate,
                 const char *why);
    void (*item)(void *self, const struct imp_part *part,
                 const struct imp_deid_item *item);
    /* Of a DICOM object instead: each element that does not stay as it is, and
     * each that an option lets stay; before them what is added. What is in
     * a sequence that goes as a whole is not told. */
    void (*element)(void *self, const struct imp_deid_element *element);
    void *self;
};

/* From the next part on tell `o` of each part asked about and, behind it, its
 * items. NULL: nobody. Costs time that a run does not spend. */
void imp_deid_observe(struct imp_deid *d, const struct imp_deid_observer *o);

/* Search what is no coded image data of the output, which `cuts` (finished)
 * makes of `in`, for the identifiers that were met since imp_deid_start: names,
 * serial numbers, ids, the subject's key, of four characters or more, in ASCII,
 * UTF-8 and UTF-16 of both byte orders, without regard to ASCII case. A hit is
 * IMP_ERR_RESIDUAL with the part's name and the identifier's tag, never its
 * value. The fixed words of the formats ("JFIF", "Adobe", chunk types, what we
 * insert from fixed text) are no hit. */
bool imp_deid_check_residual(struct imp_deid *d, struct imp_cutlist *cuts,
                             struct imp_span in, struct imp_err *err);

#endif
