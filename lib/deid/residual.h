/* residual.h - identifiers that were met in an image, searched for in what
 * leaves. Private to deid/. */
#ifndef IMP_DEID_RESIDUAL_H
#define IMP_DEID_RESIDUAL_H

#include "image/cutlist.h"

#include <stdbool.h>
#include <stddef.h>

#define IMP_IDENTIFIERS 128 /* more are not kept */
#define IMP_IDENTIFIER_BYTES                                               \
    64                       /* longer ones are cut off: a start is enough \
                              */
#define IMP_IDENTIFIER_MIN 4 /* shorter ones are met by chance */

/* `{0}` is empty; _forget wipes. One thread. */
struct imp_identifiers {
    struct imp_identifier {
        char tag[48]; /* where it was met: "IFD0 Artist" */
        char text[IMP_IDENTIFIER_BYTES];
        size_t n;
    } id[IMP_IDENTIFIERS];
    size_t n;
};

/* Take note of an identifier; words that the formats themselves use, short
 * ones and ones that are there already are passed over. */
void imp_identifiers_add(struct imp_identifiers *ids, const char *tag,
                         const char *text);
void imp_identifiers_forget(struct imp_identifiers *ids);

/* Search what `cuts` (finished) make of `in`, but for coded image data, for
 * each identifier, as ASCII or UTF-8 and as UTF-16 of both byte orders, without
 * regard to ASCII case. IMP_ERR_RESIDUAL names the part and the tag. */
bool imp_identifiers_search(const struct imp_identifiers *ids,
                            const struct imp_cutlist *cuts, struct imp_span in,
                            struct imp_err *err);

#endif
