/* xml.h - the small XML documents that a store answers, element by element. */
#ifndef IMP_ARCHIVE_XML_H
#define IMP_ARCHIVE_XML_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

#define IMP_XML_TEXT_MAX 4096 /* of one element, with the NUL */

/* What is told, in the order of the document. False, with `err`, ends it. */
struct imp_xml_fn {
    void *self;
    /* An element ended. `text` is what stood in it, all of it if it has no
     * child; `parent` is "" for the root. */
    bool (*element)(void *self, const char *parent, const char *name,
                    const char *text, struct imp_err *err);
};

/* Read all of `in`. IMP_ERR_IO if it is not well formed, has a DTD (so there
 * are no entities to be blown up), is nested deeply or has a text too long. Any
 * thread. */
bool imp_xml_read(struct imp_span in, const struct imp_xml_fn *fn,
                  struct imp_err *err);

#endif
