/* dicom_patches.h - patches of one object, collected while their bytes grow.
 * One thread. */
#ifndef IMP_MARK_DICOM_PATCHES_H
#define IMP_MARK_DICOM_PATCHES_H

#include "base/bytes.h"
#include "image/cutlist.h"

#include <stdbool.h>

/* `{0}` is empty; keeps its memory from object to object. */
struct imp_dicom_patches {
    struct imp_buf bytes; /* of all patches; more may be appended */
    struct imp_patch *patch;
    size_t *from; /* where in `bytes` each begins */
    size_t n, cap;
};

void imp_dicom_patches_start(struct imp_dicom_patches *p);
void imp_dicom_patches_clear(struct imp_dicom_patches *p);

/* Replace `length` bytes of the input at `at` by `n` of `bytes`, from `from`
 * on. IMP_ERR_LIMIT if there are too many, IMP_ERR_MEMORY. */
bool imp_dicom_patches_add(struct imp_dicom_patches *p, uint64_t at,
                           uint64_t length, size_t from, size_t n,
                           struct imp_err *err);

/* Are the bytes that the patches have within what is allowed? IMP_ERR_LIMIT. */
bool imp_dicom_patches_room(const struct imp_dicom_patches *p, uint64_t more,
                            struct imp_err *err);

/* All are there: set `bytes` of each. */
void imp_dicom_patches_end(struct imp_dicom_patches *p);

#endif
