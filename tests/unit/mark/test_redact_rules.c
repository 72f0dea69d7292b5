// Files of rules, right and wrong, and what they find.
#include "mark/redact_rules.h"

#include <unistd.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(redact_rules, .timeout = 20);

static struct imp_redact_rules *rules;
static struct imp_rect rect[IMP_REDACT_RECTS];
static size_t n;
static struct imp_err err;

static void parse(const char *text)
{
    rules = imp_redact_rules_parse(text, &err);
    cr_assert(rules, "%s", err.msg);
}

static bool found(struct imp_redact_object object)
{
    bool yes;
    cr_assert(imp_redact_rules_find(rules, &object, &yes, rect, &n, &err), "%s",
              err.msg);
    return yes;
}
#define FOUND(...) found((struct imp_redact_object){__VA_ARGS__})

#define CART                                    \
    "# a cart\n"                                \
    "[cart]\n"                                  \
    "manufacturer = Philips*\n"                 \
    "model = iU22\n"                            \
    "modality = US\n"                           \
    "sop-class = 1.2.840.10008.5.1.4.1.1.6.1\n" \
    "rows = 600\n"                              \
    "columns = 800\n"                           \
    "rectangles = 0,0,800,48; 10 , 560, 200,40;\n"

#define SOP .sop_class = "1.2.840.10008.5.1.4.1.1.6.1"

Test(redact_rules, all_that_a_rule_says_must_match)
{
    parse(CART);
    cr_expect(FOUND("PHILIPS Medical", "iu22", "US", SOP, 600, 800));
    cr_assert_eq(n, 2);
    cr_expect(rect[0].x == 0 && rect[0].y == 0 && rect[0].width == 800 &&
              rect[0].height == 48);
    cr_expect(rect[1].x == 10 && rect[1].y == 560 && rect[1].width == 200 &&
              rect[1].height == 40);
    cr_expect_not(FOUND("GE", "iU22", "US", SOP, 600, 800));
    cr_expect_not(FOUND("Philips", "iU22 G", "US", SOP, 600, 800));
    cr_expect_not(FOUND("Philips", "iU22", "XA", SOP, 600, 800));
    cr_expect_not(FOUND("Philips", "iU22", "US", "1.2.3", 600, 800));
    cr_expect_not(FOUND("Philips", "iU22", "US", SOP, 601, 800));
    cr_expect_not(FOUND("Philips", "iU22", "US", SOP, 600, 801));
    imp_redact_rules_free(rules);
}

Test(redact_rules, what_is_missing_matches_nothing)
{
    parse("[any]\nmanufacturer = *\nrectangles = none\n");
    cr_expect(FOUND(""));
    cr_expect_not(FOUND(NULL));
    imp_redact_rules_free(rules);
}

Test(redact_rules, none_is_known_to_be_clean)
{
    parse("[ct]\nmodality = CT\nrectangles = none\n");
    cr_expect(FOUND(.modality = "CT"));
    cr_expect_eq(n, 0);
    cr_expect_not(FOUND(.modality = "US"));
    imp_redact_rules_free(rules);
}

Test(redact_rules, all_rules_that_match_add_up)
{
    parse("[a]\nmodality = US\nrectangles = 1,2,3,4\n"
          "[b]\nmodality = US\nrectangles = none\n"
          "[c]\nmanufacturer = X\nrectangles = 9,9,9,9\n"
          "[d]\nmodality = U?\nrectangles = 5,6,7,8\n");
    cr_expect(FOUND(.modality = "US"));
    cr_assert_eq(n, 2);
    cr_expect_eq(rect[0].x, 1);
    cr_expect_eq(rect[1].x, 5);
    imp_redact_rules_free(rules);
}

Test(redact_rules, too_many_rectangles_are_found_but_not_handed_out)
{
    static char text[1 << 14];
    for (int i = 0; i < 2; i++) {
        sprintf(text + strlen(text), "[%d]\nmodality = US\nrectangles = ", i);
        for (int k = 0; k < IMP_REDACT_RECTS / 2 + 1; k++)
            strcat(text, "1,1,1,1;");
        strcat(text, "\n");
    }
    parse(text);
    bool yes = false;
    struct imp_redact_object us = {.modality = "US"};
    cr_expect_not(imp_redact_rules_find(rules, &us, &yes, rect, &n, &err));
    cr_expect(yes);
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    imp_redact_rules_free(rules);
}

Test(redact_rules, a_rule_has_as_many_rectangles_as_a_picture_may)
{
    static char text[1 << 13] = "[a]\nmodality = US\nrectangles = ";
    for (int k = 0; k < IMP_REDACT_RECTS; k++)
        strcat(text, "1,1,1,1;");
    parse(text);
    cr_expect(FOUND(.modality = "US"));
    cr_expect_eq(n, IMP_REDACT_RECTS);
    imp_redact_rules_free(rules);
    strcat(text, "1,1,1,1");
    cr_expect_null(imp_redact_rules_parse(text, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, "more than 256 rectangles"), "%s", err.msg);
}

Test(redact_rules, a_mistake_is_told_with_its_place)
{
#define US "[a]\nmodality = US\n"
    static const struct {
        const char *text, *want;
    } bad[] = {
        {"", "it has no rules"},
        {"modality = US\n", "Key file does not start with a group"},
        {"[a]\nmodalty = US\nrectangles = none\n",
         "[a]: no key 'modalty': want manufacturer, model, modality, "
         "sop-class, rows, columns or rectangles; did you mean modality"},
        {"[a]\nrows = 1\nrectangles = none\n", "[a]: want at least one of"},
        {"[a]\nmodality =\nrectangles = none\n", "[a]: modality: it is empty"},
        {US, "[a]: rectangles: want rectangles, or 'none'"},
        {US "rectangles = ;\n", "[a]: rectangles: want rectangles, or 'none'"},
        {US "rectangles = 1,2,3\n", "'1,2,3': want x,y,width,height"},
        {US "rectangles = 1,2,3,4,5\n", "want x,y,width,height"},
        {US "rectangles = 1,2,0,4\n", "want x,y,width,height"},
        {US "rectangles = 1,2,3,0\n", "want x,y,width,height"},
        {US "rectangles = -1,2,3,4\n", "want x,y,width,height"},
        {US "rectangles = 1,2,3,65536\n", "want x,y,width,height"},
        {US "rows = 0\nrectangles = none\n", "rows: '0': want a number from 1"},
        {US "rows = 5x\nrectangles = none\n", "rows: '5x': want a number"},
        {US "rows = 4294967301\nrectangles = none\n", "want a number"},
        {US "columns = 65536\nrectangles = none\n",
         "columns: '65536': want a number from 1 to 65535"},
        {US "columns = 5\nrectangles = 3,0,3,1\n", "'3,0,3,1' reaches beyond"},
        {US "rows = 5\nrectangles = 0,5,1,1\n", "'0,5,1,1' reaches beyond"},
        {US "rectangles = none\n[a]\n", "line 4: [a] is there twice"},
        {US "modality = CT\n", "line 3: modality is there twice"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct imp_err){0};
        cr_expect_null(imp_redact_rules_parse(bad[i].text, &err), "%zu", i);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        cr_expect(strstr(err.msg, bad[i].want), "%zu: %s", i, err.msg);
    }
}

Test(redact_rules, a_file_is_named_with_its_mistake)
{
    char path[] = "/tmp/imgpipe-rules-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, CART, sizeof CART - 1), (ssize_t)sizeof CART - 1);
    rules = imp_redact_rules_read(path, &err);
    cr_assert(rules, "%s", err.msg);
    cr_expect_str_eq(imp_redact_rules_text(rules), CART);
    imp_redact_rules_free(rules);
    cr_assert_eq(write(fd, "\0", 1), 1);
    cr_expect_null(imp_redact_rules_read(path, &err));
    cr_expect(strstr(err.msg, path) && strstr(err.msg, "NUL"), "%s", err.msg);
    close(fd);
    unlink(path);
    err = (struct imp_err){0};
    cr_expect_null(imp_redact_rules_read(path, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, "No such file"), "%s", err.msg);
}

Test(redact_rules, the_sample_is_understood)
{
    rules = imp_redact_rules_read("samples/ultrasound.rules", &err);
    cr_assert(rules, "%s", err.msg);
    cr_expect(FOUND("EXAMPLE MEDICAL, INC.", "Cart 5", "US", SOP, 600, 800));
    cr_expect_eq(n, 2);
    cr_expect(FOUND("Example Medical", "Lab Scanner", "US", SOP, 1, 1));
    cr_expect_eq(n, 0);
    cr_expect_not(FOUND("Example Medical", "Cart 6", "US", SOP, 600, 800));
    imp_redact_rules_free(rules);
}
