/* subject.h - how an input tells whose it is: the rule of --subject-from, and
 * the subject's key, which is the site's own name for the subject and never
 * leaves the site.
 *
 * A rule is read-only: any thread. */
#ifndef IMP_LOOKUP_SUBJECT_H
#define IMP_LOOKUP_SUBJECT_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

#define IMP_SUBJECT_MAX 255 /* bytes of a key */

enum imp_subject_by {
    IMP_SUBJECT_BY_NAME,  /* name:REGEX of the path */
    IMP_SUBJECT_BY_DIR,   /* dir[:LEVEL] of the path */
    IMP_SUBJECT_BY_EXIF,  /* exif:TAG of the image */
    IMP_SUBJECT_BY_DICOM, /* dicom:KEYWORD of the object */
    IMP_SUBJECT_BY_LIST,  /* list: the second column of a list of files */
};

struct imp_subject_rule; /* opaque */

/* `spec` is "name:REGEX", "dir", "dir:LEVEL", "exif:TAG", "dicom:KEYWORD" or
 * "list". REGEX is one of PCRE2 with a group, the first or the one called
 * "subject"; LEVEL is 1 (the default) for the first directory of the path, and
 * so on. NULL with IMP_ERR_CONFIG. Copies. */
struct imp_subject_rule *imp_subject_rule_new(const char *spec,
                                              struct imp_err *err);
void imp_subject_rule_free(struct imp_subject_rule *rule); /* NULL is fine */

enum imp_subject_by imp_subject_rule_by(const struct imp_subject_rule *rule);

/* The rule as it was given. */
const char *imp_subject_rule_spec(const struct imp_subject_rule *rule);

/* TAG of exif:TAG, KEYWORD of dicom:KEYWORD, else NULL. */
const char *imp_subject_rule_tag(const struct imp_subject_rule *rule);

/* The key in `path`, the one below the upload directory or as a list has it,
 * for a rule by name or directory. Appends the key to `key`, as _tidy does. An
 * IMP_ERR_CONFIG that names the rule if it does not match. */
bool imp_subject_of_path(const struct imp_subject_rule *rule, const char *path,
                         struct imp_buf *key, struct imp_err *err);

/* Append `raw`, a key as it was found `by` whatever rule, to `key` in the one
 * form of it, which tidy.h has, with a NUL behind that does not count. On
 * failure (IMP_ERR_CONFIG, naming `by`) `key` is as before: it is no UTF-8, is
 * empty, has control characters, or is longer than IMP_SUBJECT_MAX. */
bool imp_subject_tidy(const char *by, struct imp_span raw, struct imp_buf *key,
                      struct imp_err *err);

#endif
