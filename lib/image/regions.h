/* regions.h - an output laid out anew from ranges of the input, for formats
 * that address by offset (TIFF, HEIF).
 *
 * A handler claims, in any order, what stays, and names, where it can, what
 * goes. Then _lay fixes the layout: the claims in the order of the input, what
 * lies between left out. From then on offsets can be translated, and _emit
 * writes the cuts. What the handler makes anew (an IFD, a meta box) it inserts
 * in front of or behind them. Not thread-safe. */
#ifndef IMP_IMAGE_REGIONS_H
#define IMP_IMAGE_REGIONS_H

#include "image/cutlist.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_region; /* private to regions.c */

/* `{0}` is empty. */
struct imp_regions {
    struct imp_region *claim, *label;
    size_t n_claims, claims_cap, n_labels, labels_cap;
    struct imp_cut *cut; /* of claims made by _claim_cuts */
    size_t n_cuts, cuts_cap;
    uint64_t input_len;
    uint64_t total; /* told by _lay: bytes of all that stays */
    bool laid;
};

void imp_regions_start(struct imp_regions *r, uint64_t input_len);
void imp_regions_clear(struct imp_regions *r);

/* These bytes stay as they are. Claims may overlap, as strips that share their
 * data do; the bytes are written once. `what` must outlive the regions: a
 * literal or imp_cutlist_name. IMP_ERR_DAMAGED if the range is not within the
 * input; a length of 0 is fine and claims nothing. */
bool imp_regions_claim(struct imp_regions *r, uint64_t offset, uint64_t length,
                       enum imp_part_kind part, const char *what,
                       struct imp_err *err);

/* The range that `cuts`, a finished list over input_len bytes that begin at
 * `offset`, speaks for stays in the form that the list gives it: for a stream
 * with a handler of its own inside another format. Inserted bytes stay
 * `cuts`'s: copy them to memory that lives long enough first, or keep `cuts`.
 * Overlap with another claim is allowed only if both are the same range. */
bool imp_regions_claim_cuts(struct imp_regions *r, uint64_t offset,
                            const struct imp_cutlist *cuts,
                            struct imp_err *err);

/* A name for bytes that go: where no claim covers them, the drop is called so.
 * Of labels that overlap, the one that begins first counts, then the
 * shorter. A range beyond the input is cut off at its end. */
bool imp_regions_label(struct imp_regions *r, uint64_t offset, uint64_t length,
                       enum imp_part_kind part, const char *what,
                       struct imp_err *err);

/* All claims are made. IMP_ERR_DAMAGED if they contradict each other. */
bool imp_regions_lay(struct imp_regions *r, struct imp_err *err);

/* Where the claim that covers the input byte `offset` lies in the output,
 * counted from the first claimed byte; and with it `*length` bytes of input,
 * which becomes their number in the output. Inside a claim made with
 * _claim_cuts only its whole range can be asked for. IMP_ERR_INVARIANT if it
 * was not claimed. */
bool imp_regions_translate(const struct imp_regions *r, uint64_t offset,
                           uint64_t *length, uint64_t *out,
                           struct imp_err *err);

/* Emit keeps, inserts and drops for all of the input from `from` (where the
 * list stands) to `to`. Bytes that nobody claimed or named go as `part` and
 * `what`. No claim may reach across `from` or `to`. */
void imp_regions_emit(const struct imp_regions *r, struct imp_cutlist *cl,
                      uint64_t from, uint64_t to, enum imp_part_kind part,
                      const char *what);

#endif
