/* Any bytes as the JSON of an answer: what is taken has clean values only, of
 * the lengths that are allowed, and each member of the text counts once. */
#include "base/utf8.h"
#include "canary.h"
#include "lookup/json_answer.h"

#include <jansson.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t most)
{
    promise(strlen(text) <= most, "the length has a limit");
    while (*text) {
        size_t n = imp_utf8_length(text);
        unsigned char a = (unsigned char)text[0], b = (unsigned char)text[1];
        promise(n > 0, "it is UTF-8");
        promise(n > 1 || (a >= 0x20 && a != 0x7F), "no control character");
        promise(n != 2 || a != 0xC2 || b >= 0xA0, "nor one of the C1 set");
        text += n;
    }
}

static void check_member(const char *name, const json_t *value,
                         const struct imp_answer *answer)
{
    const char *said = imp_answer_get(answer, name);
    bool taken = json_is_string(value) || json_is_integer(value) ||
                 json_is_boolean(value);
    promise(taken == (said != NULL), "scalars are said, and nothing else");
    if (!said)
        return;
    promise(*name, "a name is not empty");
    check_text(name, IMP_JSON_NAME_MAX);
    check_text(said, IMP_JSON_VALUE_MAX);
    if (json_is_string(value))
        promise(strcmp(said, json_string_value(value)) == 0, "as it stands");
    if (json_is_integer(value))
        promise(strtoll(said, NULL, 10) == json_integer_value(value), "number");
}

static void check_answer(struct imp_span in, const struct imp_answer *answer)
{
    size_t said = 0;
    const char *name;
    json_t *value,
        *root = json_loadb((const char *)in.p, in.n,
                           JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    promise(json_is_object(root), "it is an object");
    json_object_foreach(root, name, value)
    {
        check_member(name, value, answer);
        said += imp_answer_get(answer, name) != NULL;
    }
    promise(said <= IMP_JSON_MEMBERS_MAX, "the members have a limit");
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_span in = {data, size};
    struct imp_err err = {0};
    struct imp_answer *answer = imp_answer_from_json(in, &err);
    if (answer) {
        check_answer(in, answer);
    } else {
        promise(err.code == IMP_ERR_CONFIG, "an error is the answer's");
        promise(err.msg[0], "an error says what it is");
        check_text(err.msg, sizeof err.msg);
    }
    imp_answer_unref(answer);
    return 0;
}
