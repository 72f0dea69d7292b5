#include "base/map.h"
#include "deid/items.h"
#include "deid/residual.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_identifiers ids;
static struct imp_cutlist cl;
static struct imp_err err;

static void start(const char *identifier)
{
    ids = (struct imp_identifiers){0};
    err = (struct imp_err){0};
    imp_identifiers_add(&ids, "IFD0 Artist", identifier);
}

static void tear_down(void)
{
    imp_cutlist_clear(&cl);
}

TestSuite(residual, .fini = tear_down, .timeout = 10);

static bool is_clean(struct imp_span in, enum imp_part_kind part)
{
    imp_cutlist_start(&cl, in.n);
    imp_cut_keep(&cl, 0, in.n, part, "the part");
    cr_assert(imp_cutlist_finish(&cl, &err));
    return imp_identifiers_search(&ids, &cl, in, &err);
}

static struct imp_span bytes(const char *text, size_t n)
{
    return (struct imp_span){(const uint8_t *)text, n};
}
#define BYTES(text) bytes(text, sizeof(text) - 1)

static void expect_hit(struct imp_span in)
{
    cr_expect_not(is_clean(in, IMP_PART_STRUCTURE));
    cr_expect_eq(err.code, IMP_ERR_RESIDUAL);
    cr_expect(strstr(err.msg, "the part") && strstr(err.msg, "IFD0 Artist"),
              "%s", err.msg);
    cr_expect_not(strcasestr(err.msg, "jane"), "the value is told");
}

Test(residual, a_name_is_found_in_any_spelling_and_named_by_its_tag_alone)
{
    start("J\xC3\xA4ne");
    expect_hit(BYTES("..J\xC3\xA4ne.."));
    expect_hit(BYTES("..j\xC3\xA4NE"));
    expect_hit(BYTES("J\0\xE4\0n\0e\0"));
    expect_hit(BYTES(".\0J\0\xE4\0n\0e"));
}

Test(residual, coded_image_data_is_not_searched)
{
    start("Jane");
    cr_expect(is_clean(BYTES("..Jane.."), IMP_PART_CODED));
}

Test(residual, what_is_dropped_or_half_there_is_no_hit)
{
    start("Jane");
    cr_expect(is_clean(BYTES("Jan"), IMP_PART_STRUCTURE));
    struct imp_span in = BYTES("..Jane");
    imp_cutlist_start(&cl, in.n);
    imp_cut_keep(&cl, 0, 2, IMP_PART_STRUCTURE, "kept");
    imp_cut_drop(&cl, 2, 4, IMP_PART_COMMENT, "dropped");
    cr_assert(imp_cutlist_finish(&cl, &err));
    cr_expect(imp_identifiers_search(&ids, &cl, in, &err));
}

Test(residual, a_name_across_two_parts_is_found)
{
    start("Jane");
    struct imp_span in = BYTES("..Jane");
    imp_cutlist_start(&cl, in.n);
    imp_cut_keep(&cl, 0, 4, IMP_PART_STRUCTURE, "one");
    imp_cut_keep(&cl, 4, 2, IMP_PART_EXIF, "other");
    cr_assert(imp_cutlist_finish(&cl, &err));
    cr_expect_not(imp_identifiers_search(&ids, &cl, in, &err));
}

Test(residual, short_words_and_those_of_formats_are_passed_over)
{
    static const char *const words[] = {
        "Jan",       "Adobe", "sRGB", "xxxxxxxx", "", "Adobe RGB (1998)",
        "Display P3"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        start(words[i]);
        cr_expect_eq(ids.n, 0, "%s", words[i]);
    }
}

static bool met_profile, met_creator;

static void note(void *self, const struct imp_item *item)
{
    (void)self;
    met_profile |= strstr(item->name, "ICCProfile") != NULL ||
                   strstr(item->value, "Adobe RGB") != NULL;
    met_creator |= item->identifies && strcmp(item->value, "Jane Doe") == 0;
}

// A profile that stays bears the same name: that is no leak.
Test(residual, a_creator_in_xmp_identifies_and_the_name_of_a_profile_does_not)
{
    static const char xmp[] =
        "<rdf:Description photoshop:ICCProfile=\"Adobe RGB (1998)\">"
        "<dc:creator><rdf:li>Jane Doe</rdf:li></dc:creator>";
    struct imp_part part = {.kind = IMP_PART_XMP,
                            .name = "XMP",
                            .payload = bytes(xmp, sizeof xmp - 1)};
    imp_items_of(&part, note, NULL);
    cr_expect(met_creator);
    cr_expect_not(met_profile);
}

// As an element behind a list it is no item of that list.
Test(residual, an_element_of_xmp_behind_a_list_has_its_own_name)
{
    static const char xmp[] =
        "<photoshop:DocumentAncestors><rdf:Bag><rdf:li>Jane Doe</rdf:li>"
        "</rdf:Bag></photoshop:DocumentAncestors>"
        "<photoshop:ICCProfile>Adobe RGB (1998)</photoshop:ICCProfile>";
    struct imp_part part = {.kind = IMP_PART_XMP,
                            .name = "XMP",
                            .payload = bytes(xmp, sizeof xmp - 1)};
    met_profile = met_creator = false;
    imp_items_of(&part, note, NULL);
    cr_expect(met_creator);
    cr_expect_not(met_profile);
}

// Searched step by step, and yet no border hides anything.
Test(residual, a_long_name_is_found_across_every_border_of_a_long_part)
{
    char name[IMP_IDENTIFIER_BYTES];
    struct imp_span in = {calloc(1, 3 * IMP_MAP_STEP), 3 * IMP_MAP_STEP};
    uint8_t *p = (uint8_t *)(uintptr_t)in.p;
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = (char)('a' + i % 23);
    name[sizeof name - 1] = '\0';
    start(name);
    const size_t n = 2 * (sizeof name - 1);
    cr_expect(is_clean(in, IMP_PART_STRUCTURE));
    for (size_t border = IMP_MAP_STEP; border < in.n; border += IMP_MAP_STEP)
        for (size_t before = 0; before <= n; before += n / 6) {
            for (size_t i = 0; i < n; i += 2)
                p[border - before + i] = (uint8_t)name[i / 2];
            expect_hit(in);
            memset(p + border - before, 0, n);
            err = (struct imp_err){0};
        }
    free(p);
}
