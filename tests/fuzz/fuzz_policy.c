/* Any bytes as a policy file: what is taken gives the same policy again, and
 * never lets through what may never stay. */
#include "canary.h"
#include "deid/exif_rules.h"
#include "deid/policy_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_policy once = {0}, twice = {0};
    struct imp_err err = {0};
    const char *text = (const char *)data;
    bool taken = imp_policy_parse(&once, text, size, &err);
    promise(taken || err.code == IMP_ERR_CONFIG, "an error is the file's");
    promise(taken || err.msg[0], "an error says what it is");
    promise(imp_policy_parse(&twice, text, size, &err) == taken, "again");
    if (!taken)
        return 0;
    promise(once.exif.allow == twice.exif.allow &&
                once.exif.dates == twice.exif.dates && once.icc == twice.icc,
            "the same text is the same policy");
    promise(once.exif.allow >> IMP_EXIF_RULES == 0,
            "no rule that is not there");
    promise((once.exif.allow & imp_exif_allow(false)) == imp_exif_allow(false),
            "what shows the picture stays");
    return 0;
}
