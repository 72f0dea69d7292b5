#include "lookup/json_answer.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct read {
    struct imp_answer *answer;
    struct imp_err err;
};

static struct read read_n(const char *json, size_t n)
{
    struct read r = {0};
    struct imp_span span = {(const uint8_t *)json, n};
    r.answer = imp_answer_from_json(span, &r.err);
    return r;
}

static struct read read_json(const char *json)
{
    return read_n(json, strlen(json));
}

static void expect_said(const char *json, const char *name, const char *value)
{
    struct read r = read_json(json);
    cr_assert(r.answer, "%s: %s", json, r.err.msg);
    const char *said = imp_answer_get(r.answer, name);
    if (value)
        cr_expect(said && strcmp(said, value) == 0, "%s", json);
    else
        cr_expect_null(said, "%s", json);
    imp_answer_unref(r.answer);
}

// `tells`: a part of the message. Nothing that holds "hush" may be in it.
static void expect_refused(const char *json, const char *tells)
{
    struct read r = read_json(json);
    cr_expect_null(r.answer, "%s", json);
    cr_expect_eq(r.err.code, IMP_ERR_CONFIG, "%s: %s", json, r.err.msg);
    cr_expect(strstr(r.err.msg, tells), "%s: %s", json, r.err.msg);
    cr_expect_null(strstr(r.err.msg, "hush"), "%s", r.err.msg);
    imp_answer_unref(r.answer);
}

Test(json_answer, scalars_become_text)
{
    expect_said("{\"code\":\"S-1\"}", "code", "S-1");
    expect_said("{\"code\":\"\"}", "code", "");
    expect_said(" {\"a\" : 42 } \n", "a", "42");
    expect_said("{\"a\":-9223372036854775808}", "a", "-9223372036854775808");
    expect_said("{\"a\":-0}", "a", "0");
    expect_said("{\"a\":true,\"b\":false}", "a", "true");
    expect_said("{\"a\":true,\"b\":false}", "b", "false");
    expect_said("{\"\\u00e9\":\"\\u00e9\\ud83d\\ude00\"}", "\xC3\xA9",
                "\xC3\xA9\xF0\x9F\x98\x80");
    expect_said("{\"a\":\"\xC3\xA9 \\/ \\\"\"}", "a", "\xC3\xA9 / \"");
    expect_said("{}", "code", NULL);
}

Test(json_answer, what_is_no_scalar_is_passed_over)
{
    expect_said("{\"a\":null,\"code\":\"1\"}", "a", NULL);
    expect_said("{\"a\":1.5,\"code\":\"1\"}", "a", NULL);
    expect_said("{\"a\":1e2,\"code\":\"1\"}", "a", NULL);
    expect_said("{\"a\":[\"x\\u0000\"],\"code\":\"1\"}", "code", "1");
    expect_said("{\"a\":{\"code\":\"2\"},\"code\":\"1\"}", "code", "1");
    expect_said("{\"\":[],\"\\n\":null,\"code\":\"1\"}", "code", "1");
}

Test(json_answer, what_is_no_object_is_refused)
{
    static const char *const wrong[] = {
        "",           " ",          "[]",          "[{}]",
        "\"hush\"",   "null",       "7",           "{",
        "{\"a\"",     "{\"a\":}",   "{\"a\":1,}",  "{a:1}",
        "{'a':1}",    "{\"a\":01}", "{\"a\":nul}", "<html>hush</html>",
        "{\"a\":1}}", "{}{}",       "{} hush",     "\xEF\xBB\xBF{}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused(wrong[i], "the answer");
    struct read r = read_n("{}\0", 3);
    cr_expect_null(r.answer);
    r = read_n(NULL, 0);
    cr_expect_null(r.answer);
    cr_expect_eq(r.err.code, IMP_ERR_CONFIG);
}

Test(json_answer, a_name_is_there_once)
{
    expect_refused("{\"code\":\"hush\",\"code\":\"hush\"}", "twice");
    expect_refused("{\"code\":\"hush\",\"c\\u006fde\":\"hush\"}", "twice");
}

Test(json_answer, text_is_utf_8)
{
    expect_refused("{\"a\":\"hush\xFF\"}", "UTF-8");
    expect_refused("{\"a\":\"hush\xC0\x80\"}", "UTF-8");
    expect_refused("{\"a\":\"hush\xED\xA0\x80\"}", "UTF-8");
    expect_refused("{\"a\":\"hush\\ud800\"}", "the answer");
    expect_refused("{\"hush\xFF\":1}", "UTF-8");
}

Test(json_answer, values_have_no_control_characters)
{
    expect_refused("{\"code\":\"hush\\u0000\"}", "value has a control");
    expect_refused("{\"code\":\"\\u0000hush\"}", "value has a control");
    expect_refused("{\"code\":\"hush\\n\"}", "value has a control");
    expect_refused("{\"code\":\"hush\\u001f\"}", "value has a control");
    expect_refused("{\"code\":\"hush\\u007f\"}", "value has a control");
    expect_refused("{\"code\":\"hush\\u0080\"}", "value has a control");
    expect_refused("{\"code\":\"hush\\u009f\"}", "value has a control");
    expect_refused("{\"code\":\"hush\n\"}", "the answer");
    expect_said("{\"a\":\" \\u00a0\xC3\x80\"}", "a", " \xC2\xA0\xC3\x80");
}

Test(json_answer, names_are_clean)
{
    expect_refused("{\"\":\"hush\"}", "empty");
    expect_refused("{\"hush\\n\":1}", "name has a control character");
    expect_refused("{\"hush\\u0000\":1}", "name has a NUL");
}

// --- Limits ---

static char made[1 << 17];
static size_t n_made;

__attribute__((format(printf, 1, 2))) static void make(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    n_made += (size_t)vsnprintf(made + n_made, sizeof made - n_made, fmt, args);
    va_end(args);
}

static const char *with_members(int n)
{
    n_made = 0;
    make("{\"no\":null,\"none\":[]");
    for (int i = 0; i < n; i++)
        make(",\"m%d\":%d", i, i);
    make("}");
    return made;
}

static const char *with_lengths(int name, int value)
{
    n_made = 0;
    make("{\"%0*d\":\"%0*d\"}", name, 1, value, 2);
    return made;
}

Test(json_answer, messages_tell_the_number_of_a_member_and_not_its_name)
{
    expect_refused("{\"a\":[],\"hush\":\"\\u0001\"}", "member 2:");
    expect_refused("{\"hush\":\"\\u0001\"}", "member 1:");
    n_made = 0;
    make("{\"a\":1,\"b\":2,\"hush\":\"%0*d\"}", IMP_JSON_VALUE_MAX + 1, 1);
    expect_refused(made, "member 3:");
    expect_refused("{\"hush\":1,\"hush\":2}", "twice");
}

Test(json_answer, limits_are_kept)
{
    struct read r = read_json(with_members(IMP_JSON_MEMBERS_MAX));
    cr_assert(r.answer, "%s", r.err.msg);
    cr_expect_str_eq(imp_answer_get(r.answer, "m63"), "63");
    imp_answer_unref(r.answer);
    expect_refused(with_members(IMP_JSON_MEMBERS_MAX + 1), "64");

    r = read_json(with_lengths(IMP_JSON_NAME_MAX, IMP_JSON_VALUE_MAX));
    cr_assert(r.answer, "%s", r.err.msg);
    imp_answer_unref(r.answer);
    expect_refused(with_lengths(IMP_JSON_NAME_MAX + 1, 5), "101 bytes");
    expect_refused(with_lengths(5, IMP_JSON_VALUE_MAX + 1), "4097 bytes");
    expect_refused("{\"code\":92233720368547758080}", "too large");
}

Test(json_answer, depth_is_limited)
{
    n_made = 0;
    make("{\"a\":");
    memset(made + n_made, '[', 60000);
    made[n_made + 60000] = '\0';
    expect_refused(made, "nested");
    n_made = 0;
    make("{\"a\":");
    for (int i = 0; i < 10000; i++)
        make("{\"a\":");
    expect_refused(made, "nested");
}
