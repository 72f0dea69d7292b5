/* redact_rules.h - which rectangles of which pictures carry names: a file of
 * rules, by what made a picture.
 *
 *     [ultrasound cart, B mode]
 *     manufacturer = Philips*
 *     model = iU22
 *     modality = US
 *     rows = 600
 *     columns = 800
 *     rectangles = 0,0,800,48; 0,560,200,40
 *
 * A group is a rule; its name is the reader's. Its keys say which pictures it
 * is for: all that are there must match. Text matches without regard to case,
 * in whole, with * and ? as in file names. `rectangles` are x,y,width,height
 * from the upper left corner, as the picture is stored, or "none": such
 * pictures are known to be clean.
 *
 * Constant once read: any thread may look. */
#ifndef IMP_MARK_REDACT_RULES_H
#define IMP_MARK_REDACT_RULES_H

#include "mark/redact.h"

#include <stdbool.h>
#include <stddef.h>

/* What rules ask about: (0008,0070), (0008,1090), (0008,0060), (0008,0016),
 * (0028,0010) and (0028,0011), without padding. NULL: it is missing, which
 * matches nothing, not even "*". */
struct imp_redact_object {
    const char *manufacturer, *model, *modality, *sop_class;
    uint32_t rows, columns;
};

/* NULL with IMP_ERR_CONFIG (the file, and the line, or group and key), or
 * IMP_ERR_MEMORY. */
struct imp_redact_rules *imp_redact_rules_read(const char *path,
                                               struct imp_err *err);

/* The same of text that ends with NUL; no file is named. */
struct imp_redact_rules *imp_redact_rules_parse(const char *text,
                                                struct imp_err *err);

void imp_redact_rules_free(struct imp_redact_rules *rules); /* NULL is fine */

/* The text that was read, for a digest of what was asked for. */
const char *imp_redact_rules_text(const struct imp_redact_rules *rules);

/* Is there a rule for `object`? The rectangles of all that match go to `rect`,
 * and their number to `n`: 0 if it is known to be clean. IMP_ERR_LIMIT, with
 * `found` being true, if there are too many. */
bool imp_redact_rules_find(const struct imp_redact_rules *rules,
                           const struct imp_redact_object *object, bool *found,
                           struct imp_rect rect[IMP_REDACT_RECTS], size_t *n,
                           struct imp_err *err);

#endif
