#include "pipeline/naming.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *const imp_uid_fields[] = {[IMP_DEID_STUDY] = "study",
                                      [IMP_DEID_SERIES] = "series",
                                      [IMP_DEID_INSTANCE] = "instance",
                                      [IMP_DEID_UIDS] = NULL};

const char *imp_uid_field(const char *const uid[IMP_DEID_UIDS],
                          const char *name)
{
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        if (strcmp(imp_uid_fields[i], name) == 0)
            return uid[i];
    return NULL;
}

bool imp_name_has_uids(const struct imp_template *t,
                       const struct imp_values *values)
{
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        if (imp_template_uses(t, imp_uid_fields[i]) &&
            !values->other(values->self, imp_uid_fields[i]))
            return false;
    return true;
}

// As the directories of imp_name_of_digest are called.
static bool is_two_digits(const char *code)
{
    return isxdigit((unsigned char)code[0]) &&
           isxdigit((unsigned char)code[1]) && !code[2];
}

static int join(const char *code, const char *const uid[IMP_DEID_UIDS],
                const struct imp_digest *digest, const char *ext,
                char name[IMP_NAME_MAX])
{
    char made[IMP_NAME_MAX];
    const char *slash = code[0] ? "/" : "";
    if (uid[IMP_DEID_STUDY] && uid[IMP_DEID_SERIES] && uid[IMP_DEID_INSTANCE])
        return snprintf(name, IMP_NAME_MAX, "%s%s%s/%s/%s.%s", code, slash,
                        uid[IMP_DEID_STUDY], uid[IMP_DEID_SERIES],
                        uid[IMP_DEID_INSTANCE], ext);
    imp_name_of_digest(digest, ext, made);
    return snprintf(name, IMP_NAME_MAX, "%s%s%s", code, slash, made);
}

bool imp_name_make(const char *code, const char *const uid[IMP_DEID_UIDS],
                   const struct imp_digest *digest, const char *ext,
                   char name[IMP_NAME_MAX], struct imp_err *err)
{
    if (is_two_digits(code))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the code is called as a directory of images without "
                        "a subject: want another, or --name");
    if (code[0] && !imp_name_check_portable(code, err))
        return imp_wrap(err, "name: {subject}");
    // A UID that the policy retains is the object's own, and may be anything.
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        if (uid[i] && !imp_name_check_value(uid[i], err))
            return imp_wrap(err, "name: {%s}", imp_uid_fields[i]);
    int n = join(code, uid, digest, ext, name);
    if (n >= IMP_NAME_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "name of %d bytes: want %d at most", n,
                        IMP_NAME_MAX - 1);
    return imp_name_check_portable(name, err) || imp_wrap(err, "name");
}
