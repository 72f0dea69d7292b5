/* subject_args.h - the options that say whose an image is, whom to ask about
 * it, and what it is called. */
#ifndef IMP_CLI_SUBJECT_ARGS_H
#define IMP_CLI_SUBJECT_ARGS_H

#include "cli.h"

#include "pipeline/whose.h"

#include <stdbool.h>
#include <stddef.h>

struct cli_subject_args {
    /* NULL: not given; of g_malloc. */
    char *from, *subjects, *subjects_token, *study, *study_token, *key_file,
        *prefix, *name;
    bool or_digest;
    int64_t timeout_ms;
    unsigned jobs;
};

void cli_subject_args_init(struct cli_subject_args *a);
void cli_subject_args_clear(struct cli_subject_args *a);

/* Fill in `whose`, which borrows from here, and check the templates `name` and
 * `mark` (NULL: none) as far as fields are known now. False with a message on
 * standard error. */
bool cli_subject_args_complete(const struct cli_subject_args *a,
                               const char *mark,
                               struct imp_whose_config *whose);

bool cli_set_subject_from(void *self, const char *value, struct imp_err *err);
bool cli_set_no_subject(void *self, const char *value, struct imp_err *err);
bool cli_set_subjects(void *self, const char *value, struct imp_err *err);
bool cli_set_subjects_token(void *self, const char *value, struct imp_err *err);
bool cli_set_study(void *self, const char *value, struct imp_err *err);
bool cli_set_study_token(void *self, const char *value, struct imp_err *err);
bool cli_set_lookup_timeout(void *self, const char *value, struct imp_err *err);
bool cli_set_lookup_jobs(void *self, const char *value, struct imp_err *err);
bool cli_set_key_file(void *self, const char *value, struct imp_err *err);
bool cli_set_code_prefix(void *self, const char *value, struct imp_err *err);
bool cli_set_name(void *self, const char *value, struct imp_err *err);

/* Rows of an option table that fills in a `type`, whose `member` is a struct
 * cli_subject_args. */
#define CLI_SUBJECT_OPTIONS(type, member)                                      \
    {"subject-from",                                                           \
     0,                                                                        \
     "RULE",                                                                   \
     "Whose an image is: name:REGEX, dir[:LEVEL], exif:TAG, "                  \
     "dicom:PatientID, or list (second column of the list)",                   \
     cli_set_subject_from,                                                     \
     offsetof(type, member)},                                                  \
        {"no-subject",                                                         \
         0,                                                                    \
         "WHAT",                                                               \
         "Of images that do not tell: fail (default), or digest to go on "     \
         "without",                                                            \
         cli_set_no_subject,                                                   \
         offsetof(type, member)},                                              \
        {"subjects",                                                           \
         0,                                                                    \
         "SOURCE",                                                             \
         "Ask for the subject's code: csv:FILE, sqlite:FILE?table=T, "         \
         "https://HOST/{key}",                                                 \
         cli_set_subjects,                                                     \
         offsetof(type, member)},                                              \
        {"subjects-token-file",                                                \
         0,                                                                    \
         "FILE",                                                               \
         "Bearer token for --subjects, of mode 0600",                          \
         cli_set_subjects_token,                                               \
         offsetof(type, member)},                                              \
        {"study",                                                              \
         0,                                                                    \
         "SOURCE",                                                             \
         "Ask, at the same time, for protocol, sponsor, retention",            \
         cli_set_study,                                                        \
         offsetof(type, member)},                                              \
        {"study-token-file",                                                   \
         0,                                                                    \
         "FILE",                                                               \
         "Bearer token for --study, of mode 0600",                             \
         cli_set_study_token,                                                  \
         offsetof(type, member)},                                              \
        {"lookup-timeout",                                                     \
         0,                                                                    \
         "TIME",                                                               \
         "An image whose look-ups take longer has failed (default: 800ms)",    \
         cli_set_lookup_timeout,                                               \
         offsetof(type, member)},                                              \
        {"lookup-jobs",                                                        \
         0,                                                                    \
         "N",                                                                  \
         "Questions under way at once (default: two for each worker)",         \
         cli_set_lookup_jobs,                                                  \
         offsetof(type, member)},                                              \
        {"key-file",                                                           \
         0,                                                                    \
         "FILE",                                                               \
         "Make codes, date shifts and UIDs with this key: see imgpipe keygen", \
         cli_set_key_file,                                                     \
         offsetof(type, member)},                                              \
        {"code-prefix",                                                        \
         0,                                                                    \
         "TEXT",                                                               \
         "What codes that are made begin with (default: nothing)",             \
         cli_set_code_prefix,                                                  \
         offsetof(type, member)},                                              \
    {                                                                          \
        "name", 0, "TEMPLATE",                                                 \
            "Names in the archive, such as "                                   \
            "{subject}/{protocol}-{digest:8}.{ext}",                           \
            cli_set_name, offsetof(type, member)                               \
    }

#endif
