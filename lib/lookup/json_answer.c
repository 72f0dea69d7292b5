#include "lookup/json_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 24 // bytes of 64 bits in decimal, with the NUL

// A NUL byte is let through so that we can tell which member has it.
#define FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

static struct imp_span span_of(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

// jansson's own message quotes what it found.
static bool broken(const json_error_t *why, struct imp_err *err)
{
    static const struct {
        enum json_error_code code;
        const char *meaning;
    } known[] = {
        {json_error_stack_overflow, "it is nested too deeply"},
        {json_error_invalid_utf8, "it is not UTF-8"},
        {json_error_premature_end_of_input, "it ends too early"},
        {json_error_end_of_input_expected, "something is behind its end"},
        {json_error_null_byte_in_key, "a member's name has a NUL"},
        {json_error_duplicate_key, "a member is there twice"},
        {json_error_numeric_overflow, "a number is too large"},
    };
    const char *meaning = "it is no JSON object";
    enum json_error_code code = json_error_code(why);
    // Where it runs out of memory it does not always say so.
    if (code == json_error_out_of_memory || code == json_error_unknown)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for an answer");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            meaning = known[i].meaning;
    return imp_fail(err, IMP_ERR_CONFIG, "the answer, at byte %d: %s",
                    why->position, meaning);
}

// Of text that is UTF-8: C0, DEL, and C1, which is C2 80 to C2 9F.
static bool has_control(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] == 0x7F ||
            (s[i] == 0xC2 && i + 1 < n && s[i + 1] < 0xA0))
            return true;
    return false;
}

static bool check_name(const char *name, struct imp_err *err)
{
    size_t n = strlen(name);
    if (n == 0)
        return imp_fail(err, IMP_ERR_CONFIG, "its name is empty");
    if (n > IMP_JSON_NAME_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "its name has %zu bytes, want %d at most", n,
                        IMP_JSON_NAME_MAX);
    if (has_control(name, n))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "its name has a control character");
    return true;
}

static bool check_value(struct imp_span value, struct imp_err *err)
{
    if (value.n > IMP_JSON_VALUE_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "its value has %zu bytes, want %d at most", value.n,
                        IMP_JSON_VALUE_MAX);
    if (has_control((const char *)value.p, value.n))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "its value has a control character");
    return true;
}

static bool is_taken(const json_t *json)
{
    return json_is_string(json) || json_is_integer(json) ||
           json_is_boolean(json);
}

// What is taken as text, in `number` if it is none already.
static struct imp_span text_of(const json_t *json, char number[NUMBER_MAX])
{
    if (json_is_string(json))
        return (struct imp_span){(const uint8_t *)json_string_value(json),
                                 json_string_length(json)};
    if (json_is_boolean(json))
        return span_of(json_is_true(json) ? "true" : "false");
    snprintf(number, NUMBER_MAX, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json));
    return span_of(number);
}

static struct imp_answer *take(json_t *object, struct imp_err *err)
{
    struct imp_said said[IMP_JSON_MEMBERS_MAX];
    char numbers[IMP_JSON_MEMBERS_MAX][NUMBER_MAX];
    size_t n = 0, number = 0;
    const char *name;
    json_t *json;
    json_object_foreach(object, name, json)
    {
        number++;
        if (!is_taken(json))
            continue;
        if (n == IMP_JSON_MEMBERS_MAX) {
            imp_fail(err, IMP_ERR_CONFIG,
                     "the answer has more than %d members that are a string, "
                     "an integer or a boolean",
                     IMP_JSON_MEMBERS_MAX);
            return NULL;
        }
        struct imp_span value = text_of(json, numbers[n]);
        // Its name may be a subject's: some servers tell the key there.
        if (!check_name(name, err) || !check_value(value, err)) {
            imp_wrap(err, "the answer's member %zu", number);
            return NULL;
        }
        said[n++] = (struct imp_said){span_of(name), value};
    }
    return imp_answer_new(said, n, err);
}

void imp_json_answer_init(void)
{
    json_object_seed(0); // 0: one drawn by the kernel
}

struct imp_answer *imp_answer_from_json(struct imp_span json,
                                        struct imp_err *err)
{
    json_error_t why = {0};
    struct imp_answer *answer = NULL;
    json_t *root = json_loadb((const char *)json.p, json.n, FLAGS, &why);
    if (!root)
        broken(&why, err);
    else if (!json_is_object(root))
        imp_fail(err, IMP_ERR_CONFIG, "the answer is no JSON object");
    else
        answer = take(root, err);
    json_decref(root);
    return answer;
}
