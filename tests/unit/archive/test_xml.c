#include "archive/xml.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char told[500];

static bool note(void *self, const char *parent, const char *name,
                 const char *text, struct imp_err *err)
{
    const char *refused = self;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s>%s=%s;",
             parent, name, text);
    return !refused || strcmp(refused, name) != 0 ||
           imp_fail(err, IMP_ERR_LIMIT, "enough");
}

static bool read_xml(const char *xml, const char *refused, struct imp_err *err)
{
    struct imp_xml_fn fn = {(void *)(uintptr_t)refused, note};
    told[0] = '\0';
    return imp_xml_read((struct imp_span){(const uint8_t *)xml, strlen(xml)},
                        &fn, err);
}

Test(xml, each_element_is_told_with_its_parent_and_text)
{
    cr_assert(read_xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<R xmlns=\"http://x/\"><C>\n <Key>a&amp;b\xC3\xA9</Key>"
                       "<E/></C><T>true</T></R>",
                       NULL, NULL));
    cr_expect_str_eq(told, "C>Key=a&b\xC3\xA9;C>E=;R>C=;R>T=true;>R=;");
}

Test(xml, what_is_not_well_formed_is_refused)
{
    static const char *const bad[] = {
        "",        "<a>",         "<a></b>",          "<a/><b/>",
        "not XML", "<a>\xFF</a>", "<a>&unknown;</a>", "<a>&#1;</a>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        cr_expect_not(read_xml(bad[i], NULL, &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_IO, "%s", bad[i]);
    }
}

Test(xml, entities_depth_and_length_are_limited)
{
    struct imp_err err = {0};
    char deep[200] = "", text[IMP_XML_TEXT_MAX + 20];
    cr_expect_not(
        read_xml("<!DOCTYPE a [<!ENTITY e \"ee\">]><a>&e;</a>", NULL, &err));
    cr_expect_str_eq(err.msg, "the store's XML has a DTD");
    for (int i = 0; i < 9; i++)
        strcat(deep, "<a>");
    for (int i = 0; i < 9; i++)
        strcat(deep, "</a>");
    cr_expect_not(read_xml(deep, NULL, &err));
    cr_expect(read_xml(deep + 3, NULL, &err) == false); // one </a> too many
    deep[strlen(deep) - 4] = '\0';
    cr_expect(read_xml(deep + 3, NULL, &err));
    snprintf(text, sizeof text, "<a>%0*d</a>", IMP_XML_TEXT_MAX, 0);
    cr_expect_not(read_xml(text, NULL, &err));
    snprintf(text, sizeof text, "<a>%0*d</a>", IMP_XML_TEXT_MAX - 1, 0);
    cr_expect(read_xml(text, NULL, &err));
}

Test(xml, whoever_is_told_can_end_it)
{
    struct imp_err err = {0};
    cr_expect_not(read_xml("<R><A/><B/></R>", "A", &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect_str_eq(told, "R>A=;");
}
