/* clean.h - one image from its bytes to clean bytes: find the format, cut,
 * black out what rules say, and believe nothing: what comes out is parsed
 * again, must come out as all kept, and must not hold an identifier that was
 * met on the way.
 *
 * What `run` and `inspect` share. A cleaner belongs to one thread and keeps
 * its memory from image to image. */
#ifndef IMP_PIPELINE_CLEAN_H
#define IMP_PIPELINE_CLEAN_H

#include "deid/policy.h"
#include "image/format.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_redact_rules;

/* Of what is read into memory. */
#define IMP_DEFAULT_MAX_BYTES (UINT64_C(256) << 20)
#define IMP_DEFAULT_MAX_PIXELS UINT64_C(500000000)

/* What the caller asks for; what is 0 or false, the policy decides, and where
 * that is silent, the defaults. */
struct imp_clean_rules {
    struct imp_limits limits;
    bool has_check;
    enum imp_check check;
    const struct imp_redact_rules *redact; /* borrowed; NULL: none */
};

/* With the policy and the defaults filled in. */
struct imp_clean_rules imp_clean_rules_of(const struct imp_policy *policy,
                                          const struct imp_clean_rules *asked);

struct imp_cleaner; /* opaque */

/* `policy` must outlive it; `rules` are those of imp_clean_rules_of. */
struct imp_cleaner *imp_cleaner_new(const struct imp_policy *policy,
                                    const struct imp_clean_rules *rules,
                                    struct imp_err *err);
void imp_cleaner_free(struct imp_cleaner *c);

/* Begin with the next image: identifiers of the last one are forgotten. Whose
 * it is (NULL: not known) is borrowed until the next call. */
void imp_cleaner_start(struct imp_cleaner *c,
                       const struct imp_deid_subject *subject);

/* What may have been mapped for the last image is given back, as at _start. On
 * the same thread, before _free. */
void imp_cleaner_end(struct imp_cleaner *c);

/* The format of `in`; NULL with IMP_ERR_UNSUPPORTED, which names what it seems
 * to be. */
const struct imp_format *imp_cleaner_format(struct imp_span in,
                                            struct imp_err *err);

/* Clean `in`, the whole of an image of format `fmt`; or, without _start, a
 * later form of the same image. `*out` is `in` if nothing had to go, else the
 * cleaner's, until the next call. It lies in a map (see base/map.h) if `in`
 * does.
 */
bool imp_cleaner_clean(struct imp_cleaner *c, const struct imp_format *fmt,
                       struct imp_span in, enum imp_check check,
                       struct imp_span *out, struct imp_err *err);

/* The same in two steps, for a JPEG that is to be marked on the way: cut `in`
 * and fill in `map` (of which `{0}` is given), then let whoever draws make
 * `marked` of the cuts; which is believed no more than any other output. */
bool imp_cleaner_cut(struct imp_cleaner *c, const struct imp_format *fmt,
                     struct imp_span in, enum imp_check check,
                     struct imp_jpeg_map *map, struct imp_err *err);
bool imp_cleaner_check(struct imp_cleaner *c, const struct imp_format *fmt,
                       struct imp_span marked, struct imp_err *err);

/* What is left to do after imp_cleaner_cut if nothing is drawn: `*out` as for
 * _clean. */
bool imp_cleaner_finish(struct imp_cleaner *c, const struct imp_format *fmt,
                        struct imp_span in, struct imp_span *out,
                        struct imp_err *err);

/* The same with `marked`, which whoever draws has made of imp_cleaner_cuts,
 * in their place. What lies in [at, at + length) of the output, an overlay that
 * is the mark, is no part to remove, whatever the policy says. */
bool imp_cleaner_finish_marked(struct imp_cleaner *c,
                               const struct imp_format *fmt, struct imp_span in,
                               struct imp_cutlist *marked, uint64_t at,
                               uint64_t length, struct imp_span *out,
                               struct imp_err *err);

/* If pixels were redacted by imp_cleaner_cut, finish that now, as what is drawn
 * goes onto what it leaves: `*in` becomes the finished image, which is what is
 * cut from here on, and all of it is kept. Else nothing happens. */
bool imp_cleaner_finish_redacted(struct imp_cleaner *c,
                                 const struct imp_format *fmt,
                                 struct imp_span *in, struct imp_err *err);

/* Has imp_cleaner_cut found nothing in `in` that goes, but for what lies in
 * [at, at + length), as above, and has it nothing of what identifies? `*what`
 * names a part that goes, if that is the reason; it lives as long as the cuts.
 * IMP_ERR_RESIDUAL. */
bool imp_cleaner_is_clean(struct imp_cleaner *c, struct imp_span in,
                          uint64_t at, uint64_t length, const char **what,
                          struct imp_err *err);

/* The clean image as pieces, for writev(2) or a digest, once `in` is cut. */
bool imp_cleaner_pieces(struct imp_cleaner *c, struct imp_span in,
                        const struct iovec **pieces, size_t *n,
                        struct imp_err *err);

/* Of the last call, if it got so far: the cuts that it made of `in`, and what
 * the handler told. */
const struct imp_cutlist *imp_cleaner_cuts(const struct imp_cleaner *c);
const struct imp_job_image *imp_cleaner_image(const struct imp_cleaner *c);

/* The names of the parts that the last call's cuts take away, each once, as a
 * text with a newline between two; what only describes the picture and was laid
 * out anew is none. Behind the first 64 it says "...". `*out` is the caller's
 * to free; NULL if there are none. False without memory. */
bool imp_cleaner_removed(const struct imp_cleaner *c, char **out,
                         struct imp_err *err);

/* See imp_deid_profile and imp_deid_uid. */
struct imp_span imp_cleaner_profile(const struct imp_cleaner *c);
const char *imp_cleaner_uid(const struct imp_cleaner *c,
                            enum imp_deid_uid which);

/* Told of each part and item that the policy decides about in the input, not
 * in the output when it is parsed again. NULL: nobody. Borrowed. */
void imp_cleaner_observe(struct imp_cleaner *c,
                         const struct imp_deid_observer *o);

#endif
