/* Any bytes as a policy file: what is taken gives the same policy again, and
 * never lets through what may never stay. */
#include "canary.h"
#include "deid/exif_rules.h"
#include "deid/policy_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_taken(const struct imp_policy *once,
                        const struct imp_policy *twice)
{
    promise(once->exif.allow == twice->exif.allow &&
                once->exif.dates == twice->exif.dates &&
                once->icc == twice->icc &&
                memcmp(&once->dicom.options, &twice->dicom.options,
                       sizeof once->dicom.options) == 0 &&
                once->dicom.n_safe == twice->dicom.n_safe,
            "the same text is the same policy");
    promise(once->exif.allow >> IMP_EXIF_RULES == 0,
            "no rule that is not there");
    promise((once->exif.allow & imp_exif_allow(false)) == imp_exif_allow(false),
            "what shows the picture stays");
    promise(once->dicom.n_safe == 0 ||
                once->dicom.options.on[IMP_DICOM_SAFE_PRIVATE],
            "no private element that nobody asked for");
}

// What is kept of a policy says the same when it is read again.
static void check_text(const char *text)
{
    struct imp_err err = {0};
    struct imp_policy *read = imp_policy_from_text(text, &err);
    promise(read, "a policy's text is a policy");
    struct imp_policy *again =
        imp_policy_from_text(imp_policy_text(read), &err);
    struct imp_digest a = imp_policy_digest(read), b;
    promise(again, "and so is the text of that");
    b = imp_policy_digest(again);
    promise(imp_digest_same(&a, &b), "the same one");
    imp_policy_free(read);
    imp_policy_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_policy once = {0}, twice = {0};
    struct imp_err err = {0};
    const char *text = (const char *)data;
    bool taken = imp_policy_parse(&once, text, size, &err);
    promise(taken || err.code == IMP_ERR_CONFIG, "an error is the file's");
    promise(taken || err.msg[0], "an error says what it is");
    promise(imp_policy_parse(&twice, text, size, &err) == taken, "again");
    if (taken) {
        check_taken(&once, &twice);
        check_text(once.text);
    }
    imp_dicom_policy_clear(&once.dicom);
    imp_dicom_policy_clear(&twice.dicom);
    free(once.text);
    free(twice.text);
    return 0;
}
