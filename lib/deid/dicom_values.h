/* dicom_values.h - values that stand for others: dummies that fit a VR, dates
 * put back, UIDs made anew; and whether they are any. Private to deid/. Any
 * thread may call. */
#ifndef IMP_DEID_DICOM_VALUES_H
#define IMP_DEID_DICOM_VALUES_H

#include "base/bytes.h"
#include "deid/pseudonym.h"
#include "dicom/header.h"

#include <stdbool.h>

#define IMP_DICOM_UID_MAX 64 /* PS3.5 9.1 */

/* The dummy of an element (PS3.15 E.1: "a non-zero length value that is
 * consistent with the VR"), of even length, in ASCII, the same in both byte
 * orders; constant. It fits the VR, and for what PS3.6 has as more than one
 * value as many as it wants at least. Text is "REMOVED" or, where that is no
 * value (dates, numbers, ages, code strings that PS3.3 enumerates), what is.
 * Never of length 0, but for sequences, which have none. */
struct imp_span imp_dicom_dummy(uint32_t tag, enum imp_dcm_vr vr);

/* Is each value of `value` empty or one number, as a DS or IS has them? With a
 * comma for the point, with tabs or NULs around it, and of any length, as they
 * are met; but neither a date nor a UID, which have more points. */
bool imp_dicom_is_decimal(struct imp_span value);

/* Is each value of `value` empty or what a DA, DT, TM or AS, `vr`, may be
 * (PS3.5 6.2)? With the retired forms and ranges that _shift knows; a DT may be
 * a year or a month, too, and the number of an AS have less than three digits.
 */
bool imp_dicom_is_date(enum imp_dcm_vr vr, struct imp_span value);

/* Append to `out` the values of a DA or DT element, `value`, each put forward
 * by `days` (mostly negative), padded to even length. Times of day, fractions
 * and time zones stay; those of a TM, and ages of an AS, as they are. Ranges
 * stay ranges; the retired yyyy.mm.dd becomes yyyymmdd, the retired hh:mm:ss
 * stays. Whatever else there is, which may be anything, becomes the dummy: a DT
 * of less than a day's precision, a day that there is not, a year that would
 * not be of 1 to 9999, another form than PS3.5 6.2 has, another VR than these.
 * Empty values stay empty. What is appended may be longer than `value`, and
 * than an explicit VR's 16 bits can tell. On failure `out` is as before. */
bool imp_dicom_shift(enum imp_dcm_vr vr, struct imp_span value, int32_t days,
                     struct imp_buf *out, struct imp_err *err);

/* UIDs that were made last: those of a series are wanted for each of its
 * objects. Begins as zeros with its secret, which is always the same. */
struct imp_dicom_uids {
    const struct imp_secret *secret;
    struct {
        char old[IMP_DICOM_UID_MAX + 1], made[IMP_PSEUDONYM_UID_ROOM];
    } last[16];
};

/* Append to `out` the UIDs of `value`, in its order, each that no standard has
 * assigned being the pseudonym of itself; empty values stay empty; padded with
 * a NUL to even length. A standard's are those below 1.2.840.10008, where all
 * of PS3.6 are, and no longer than they are: 9 parts of 4 digits. Spaces and
 * NULs around a UID do not count. Length and failure as of _shift. */
bool imp_dicom_reuid(struct imp_dicom_uids *uids, struct imp_span value,
                     struct imp_buf *out, struct imp_err *err);

/* Is it a standard's own, as above? */
bool imp_dicom_is_standard_uid(struct imp_span uid);

/* Has every UID of `value` the form of one that _reuid gives: empty, a
 * standard's, or "2.25." and up to 37 digits? */
bool imp_dicom_is_reuid(struct imp_span value);

#endif
