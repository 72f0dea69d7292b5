/* elements.h - what was heard of the elements of a DICOM object, in bounded
 * memory: what becomes of many of one path but for the numbers of their items
 * in the same way is told once. One thread. */
#ifndef IMP_PIPELINE_ELEMENTS_H
#define IMP_PIPELINE_ELEMENTS_H

#include "deid/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMP_ELEMENTS_TOLD = 4096 }; /* of an object; more are counted only */

/* See struct imp_deid_element. */
struct imp_inspected_element {
    const char *path; /* "(5200,9230)[*].(0020,9111)": of items that differ */
    const char *keyword, *vr, *fate, *action, *option, *why;
    const char *value; /* identifying; NULL if they differ */
    uint64_t count;    /* of elements that are told by it */
};

struct imp_elements; /* opaque */

struct imp_elements *imp_elements_new(struct imp_err *err);
void imp_elements_free(struct imp_elements *l); /* NULL is fine */

/* Forget the last object. */
void imp_elements_start(struct imp_elements *l);

/* Copy what was heard. False without memory. */
bool imp_elements_add(struct imp_elements *l,
                      const struct imp_deid_element *element);

/* In the order of the first of each; until the next call. `*left`: how many
 * elements there were besides. */
const struct imp_inspected_element *
imp_elements_told(const struct imp_elements *l, size_t *n, uint64_t *left);

#endif
