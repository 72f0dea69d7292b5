// Spellings of one text.
#include "deid/dicom_spelling.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_buf out;
static struct imp_err err;

static void clear(void)
{
    imp_buf_clear(&out);
}

TestSuite(dicom_spelling, .fini = clear, .timeout = 10);

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

static void expect_out(const char *want)
{
    cr_expect_eq(out.n, strlen(want));
    cr_expect_eq(memcmp(out.p, want, strlen(want)), 0, "%.*s, want %s",
                 (int)out.n, out.p, want);
}

static void expect_folded(const char *text, const char *want)
{
    cr_assert(imp_dicom_fold(span(text), &out, &err), "%s", err.msg);
    expect_out(want);
}

static void expect_spelled(const char *text, const char *want, bool umlauts)
{
    bool any = !umlauts;
    cr_assert(imp_dicom_spell(span(text), &out, &any, &err), "%s", err.msg);
    expect_out(want);
    cr_expect_eq(any, umlauts, "%s", text);
}

Test(dicom_spelling, case_accents_and_their_coding_do_not_matter)
{
    expect_folded("O'Brien-SMITH 7", "o'brien-smith 7");
    expect_folded("M\xc3\x9cLLER", "muller");
    expect_folded("Mu\xcc\x88ller", "muller"); // U+0308 behind the u
    expect_folded("Stra\xc3\x9f"
                  "e",
                  "strasse");
    expect_folded("", "");
}

Test(dicom_spelling, nul_is_a_blank)
{
    static const char text[] = "A\0B\0\xc3\x89";
    const struct imp_span in = {(const uint8_t *)text, sizeof text - 1};
    cr_assert(imp_dicom_fold(in, &out, &err), "%s", err.msg);
    expect_out("a b e");
}

Test(dicom_spelling, what_is_no_utf_8_stays_and_does_not_end_it)
{
    expect_folded("\xff\xfe B\xc3\x89", "\xff\xfe be");
}

Test(dicom_spelling, umlauts_are_written_with_an_e)
{
    expect_spelled("M\xc3\xbcller", "Mueller", true);
    expect_spelled("\xc3\x84\xc3\x96\xc3\x9c\xc3\xa4\xc3\xb6\xc3\xbc",
                   "aeoeueaeoeue", true);
}

Test(dicom_spelling, what_has_no_umlaut_is_told_as_it_is)
{
    expect_spelled("Ren\xc3\xa9 Stra\xc3\x9f"
                   "e",
                   "Ren\xc3\xa9 Stra\xc3\x9f"
                   "e",
                   false);
    expect_spelled("cut off \xc3", "cut off \xc3", false);
}
