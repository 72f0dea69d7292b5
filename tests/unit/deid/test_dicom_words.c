// What identifies, looked for in texts that stay.
#include "deid/dicom_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG 0x00100020
#define E_ACUTE "\xc3\xa9"
#define ACUTE "\xcc\x81" // a mark, on what is before it

static struct imp_dicom_words words;
static struct imp_err err;

static void clear(void)
{
    imp_dicom_words_clear(&words);
}

TestSuite(dicom_words, .fini = clear, .timeout = 30);

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

static bool add(const char *text)
{
    return imp_dicom_words_add(&words, TAG, span(text), &err);
}

static bool add_names(const char *text)
{
    return imp_dicom_words_add_names(&words, 0x00100010, span(text), &err);
}

static uint32_t find_span(struct imp_span text, bool prose)
{
    uint32_t tag = 1;
    cr_assert(imp_dicom_words_find(&words, text, prose, &tag, &err), "%s",
              err.msg);
    return tag;
}

static bool in_prose(const char *text)
{
    return find_span(span(text), true) == TAG;
}

static bool in_code(const char *text)
{
    return find_span(span(text), false) == TAG;
}

static bool is_there(const char *folded)
{
    for (size_t i = 0; i < words.n; i++)
        if (words.word[i].length == strlen(folded) &&
            memcmp(words.word[i].text, folded, strlen(folded)) == 0)
            return true;
    return false;
}

// --- Taking note ---

Test(dicom_words, what_says_nothing_is_passed_over)
{
    static const char *const nothing[] = {"",
                                          " ",
                                          "X",
                                          E_ACUTE,
                                          "\n\t ",
                                          "12",
                                          "123",
                                          " 123 ",
                                          "xxx",
                                          "XXX",
                                          "--",
                                          "0000",
                                          "000000000000000000000000000"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        cr_expect(add(nothing[i]) && words.n == 0, "'%s'", nothing[i]);
    cr_expect(imp_dicom_words_add(&words, TAG, (struct imp_span){0}, &err));
    cr_expect_eq(words.n, 0);
}

Test(dicom_words, two_characters_or_four_digits_are_enough)
{
    cr_expect(add("Li") && words.n == 1);
    cr_expect(add("1234") && words.n == 2);
    cr_expect(add(E_ACUTE "t") && words.n == 3);
    cr_expect(add("12a") && words.n == 4, "no number");
    cr_expect_eq(words.word[0].tag, TAG);
}

Test(dicom_words, what_is_there_already_is_passed_over_however_it_is_spelt)
{
    cr_expect(add("Ren" E_ACUTE));
    cr_expect(add("REN\xc3\x89") && add(" ren" E_ACUTE " "));
    cr_expect(add("Rene" ACUTE) && add("RENE" ACUTE));
    cr_expect(add("Rene"));
    cr_expect_eq(words.n, 1);
    cr_expect(add("Renate") && words.n == 2, "another name");
}

Test(dicom_words, blanks_around_do_not_count_and_nul_is_a_blank)
{
    cr_expect(imp_dicom_words_add(
        &words, TAG, (struct imp_span){(const uint8_t *)"\0 Meier\0", 8},
        &err));
    cr_expect(is_there("meier"));
    cr_expect(imp_dicom_words_add(
        &words, TAG, (struct imp_span){(const uint8_t *)"Otto\0Karl", 9},
        &err));
    cr_expect(in_prose("otto karl"));
    cr_expect_eq(find_span((struct imp_span){(const uint8_t *)"Otto\0" E_ACUTE
                                                              "x Otto Karl",
                                             18},
                           true),
                 TAG, "nothing ends a text early");
}

static bool add_number(unsigned i)
{
    char text[16];
    snprintf(text, sizeof text, "id-%05u", i);
    return add(text);
}

Test(dicom_words, more_than_can_be_searched_for_are_too_many)
{
    for (unsigned i = 0; i < IMP_DICOM_WORDS; i++)
        cr_assert(add_number(i));
    cr_expect(add_number(7), "it is there already");
    cr_expect(add("x"), "it says nothing");
    cr_expect(!add_number(IMP_DICOM_WORDS));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect(!strstr(err.msg, "id-"), "a value is told: %s", err.msg);
    char last[24], next[24];
    snprintf(last, sizeof last, "is it id-%05d?", IMP_DICOM_WORDS - 1);
    snprintf(next, sizeof next, "is it id-%05d?", IMP_DICOM_WORDS);
    cr_expect(in_prose(last));
    cr_expect(!in_prose(next));
}

Test(dicom_words, each_component_of_each_name_and_each_group_as_a_whole)
{
    cr_expect(add_names("Yamada^Tarou==Sato^Ken^^Dr\\Li^Bo"));
    static const char *const want[] = {
        "yamada",       "tarou", "yamada^tarou", "sato", "ken",
        "sato^ken^^dr", "dr",    "li",           "bo",   "li^bo"};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        cr_expect(is_there(want[i]), "%s", want[i]);
    cr_expect_eq(words.n, sizeof want / sizeof *want);
    // A code string with two short components in it is a name all the same.
    cr_expect_eq(find_span(span("LI^BO"), false), 0x00100010);
}

Test(dicom_words, components_that_a_name_lacks_are_not_part_of_it)
{
    cr_expect(add_names("^Meier^Anna^^ "));
    cr_expect(is_there("meier^anna"));
    cr_expect_eq(words.n, 3);
    cr_expect(add_names("") && add_names("^^^") && add_names("=\\=^"));
    cr_expect(
        imp_dicom_words_add_names(&words, TAG, (struct imp_span){0}, &err));
    cr_expect_eq(words.n, 3);
}

// --- Looking ---

Test(dicom_words, four_characters_are_found_anywhere)
{
    cr_expect(add("Otto"));
    cr_expect(in_prose("otto") && in_prose("xOTTOx"));
    cr_expect(!in_prose("ott") && !in_prose("tto") && !in_prose(""));
    cr_expect(!in_prose("ot-to"));
}

Test(dicom_words, in_code_strings_they_are_words_of_their_own)
{
    cr_expect(add("Mary"));
    cr_expect(in_code("MARY") && in_code("DR_MARY 2"));
    cr_expect(!in_code("ORIGINAL\\PRIMARY\\AXIAL"));
}

static bool has_name(const char *text)
{
    return find_span(span(text), true) == 0x00100010;
}

Test(dicom_words, parts_of_names_are_found)
{
    cr_expect(add_names("van der Berg^Joerg Anders"));
    cr_expect(has_name("for Anders") && has_name("xandersx"));
    cr_expect(has_name("Berg, 61") && !has_name("Bergen"), "a short one");
    cr_expect(!has_name("an der Hand"), "no name, but words");
    cr_expect(add_names("O'Brien^Anna-Maria"));
    cr_expect(has_name("xVANDERBERG") && has_name("OBRIEN") &&
              has_name("Anna Maria"));
    cr_expect(add_names("Doe, Johnathan"));
    cr_expect(has_name("Johnathan's knee"));
}

Test(dicom_words, parts_with_digits_are_found)
{
    cr_expect(add("ACC 00998877/KX-12345"));
    cr_expect(in_prose("no. 998877") && in_prose("00998877"));
    cr_expect(!in_prose("12345"), "too short");
}

Test(dicom_words, a_date_is_found_in_the_forms_that_people_write)
{
    static const char *const forms[] = {"b19600312.", "1960-03-12 x",
                                        "born 12.03.1960", "12/03/1960",
                                        "03/12/1960"};
    cr_expect(imp_dicom_words_add_date(&words, TAG, span("19600312"), &err));
    cr_expect(imp_dicom_words_add_date(&words, TAG, span("1960.3.1"), &err));
    cr_expect_eq(words.n, 5);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        cr_expect(in_prose(forms[i]), "%s", forms[i]);
    cr_expect(!in_prose("119600312"));
}

Test(dicom_words, a_number_is_one_of_values_as_a_whole)
{
    cr_expect(add("0123456") && add("12345"));
    cr_expect(imp_dicom_words_is_number(&words, span("7\\ 123456 ")));
    cr_expect(imp_dicom_words_is_number(&words, span("000123456")));
    cr_expect(!imp_dicom_words_is_number(&words, span("0.123456")));
    cr_expect(!imp_dicom_words_is_number(&words, span("1234567")));
    cr_expect(!imp_dicom_words_is_number(&words, span("12345")), "too short");
}

Test(dicom_words, short_ones_are_found_as_words_of_their_own_and_in_prose)
{
    cr_expect(add("Li"));
    cr_expect(in_prose("LI") && in_prose("Mr. Li, aged 7") &&
              in_prose("scan_li-2"));
    cr_expect(!in_code("LI") && !in_code("A LI"));
    cr_expect(!in_prose("Lilly") && !in_prose("ali") && !in_prose("li2"));
    cr_expect(!in_prose("li" E_ACUTE) && !in_prose(E_ACUTE "li"),
              "a letter is a letter");
    cr_expect(in_prose("lili li"), "a later one is found");
}

Test(dicom_words, a_length_is_of_characters_not_of_bytes)
{
    cr_expect(add("\xe7\x8e\x8b\xe5\xb0\x8f"));    // two
    cr_expect(!in_prose("\xe7\x8e\x8b\xe5\xb0\x8f" // three
                        "\xe6\x9d\xb1"));
    cr_expect(in_prose("(\xe7\x8e\x8b\xe5\xb0\x8f)"));
}

Test(dicom_words, numbers_are_found_where_no_digit_touches_them)
{
    cr_expect(add("1234"));
    cr_expect(in_prose("1234") && in_prose("no1234x") && in_code("A1234"));
    cr_expect(!in_prose("12345") && !in_prose("01234") &&
              !in_code("1 01234 12340"));
    cr_expect(in_prose("12340 01234 1234"), "the last one stands alone");
}

Test(dicom_words, case_and_the_coding_of_accents_do_not_matter)
{
    cr_expect(add("Ren" E_ACUTE " M\xc3\xbcller"));
    cr_expect(in_prose("REN\xc3\x89 M\xc3\x9cLLER"));
    cr_expect(in_prose("rene" ACUTE " mu\xcc\x88ller"));
    cr_expect(in_prose("rene muller") && in_prose("Rene Mueller"));
    cr_expect(!in_prose("rene moller"));
}

Test(dicom_words, the_tag_is_of_one_that_is_in_it)
{
    cr_expect(imp_dicom_words_add(&words, 1, span("Meier"), &err));
    cr_expect(imp_dicom_words_add(&words, 2, span("Schulze"), &err));
    cr_expect_eq(find_span(span("see meier"), true), 1);
    cr_expect_eq(find_span(span("see schulze"), true), 2);
    cr_expect_eq(find_span(span("see nobody"), true), 0);
}

Test(dicom_words, without_words_nothing_is_found)
{
    cr_expect_eq(find_span(span("text"), true), 0);
}

Test(dicom_words, words_that_come_after_a_search_are_found_by_the_next)
{
    cr_expect(add("Meier"));
    cr_expect(!in_prose("schulze"));
    cr_expect(add("Schulze"));
    cr_expect(in_prose("schulze"));
}

Test(dicom_words, of_long_ones_the_start_is_enough)
{
    char text[200];
    memset(text, 0, sizeof text);
    for (size_t i = 0; i < 100; i++)
        text[i] = (char)('a' + i % 26);
    cr_expect(add(text));
    cr_expect_eq(words.word[0].length, IMP_DICOM_WORD_BYTES);
    cr_expect(in_prose(text));
    text[IMP_DICOM_WORD_BYTES] = 0;
    cr_expect(in_prose(text));
    text[IMP_DICOM_WORD_BYTES - 1] = 0;
    cr_expect(!in_prose(text));
}

Test(dicom_words, a_long_number_is_found)
{
    char text[100] = "", longer[120];
    for (size_t i = 0; i < 70; i++)
        text[i] = (char)('1' + i % 9);
    cr_expect(add(text));
    cr_expect(in_prose(text), "its own digits touch its start");
    snprintf(longer, sizeof longer, "no %s", text);
    cr_expect(in_prose(longer));
    // Of exactly the length there is room for, it is whole.
    imp_dicom_words_forget(&words);
    text[IMP_DICOM_WORD_BYTES] = 0;
    cr_expect(add(text) && in_prose(text));
    snprintf(longer, sizeof longer, "%s0", text);
    cr_expect(!in_prose(longer));
}

Test(dicom_words, a_start_does_not_end_in_the_middle_of_a_character)
{
    for (size_t before = 60; before <= 64; before++) {
        char text[200];
        memset(text, 0, sizeof text);
        for (size_t i = 0; i < before; i++)
            text[i] = (char)('a' + i % 7);
        strcat(text, "\xe7\x8e\x8b\xe5\xb0\x8f"); // of three bytes each
        imp_dicom_words_forget(&words);
        cr_expect(add(text));
        size_t whole = before + (64 - before) / 3 * 3;
        cr_expect_eq(words.word[0].length, whole, "%zu before", before);
        cr_expect(in_prose(text));
    }
    // What fits as it is loses nothing.
    imp_dicom_words_forget(&words);
    char text[80] = "";
    for (size_t i = 0; i < 61; i++)
        text[i] = (char)('a' + i % 7);
    strcat(text, "\xe7\x8e\x8b");
    cr_expect(add(text) && words.word[0].length == 64);
}

// As of a UID, which nobody decodes.
Test(dicom_words, of_what_is_no_text_the_start_is_not_empty)
{
    char text[80];
    memset(text, '\x80', sizeof text);
    memcpy(text + 70, "1.2.3", sizeof "1.2.3");
    cr_expect(add(text));
    cr_expect_eq(words.word[0].length, IMP_DICOM_WORD_BYTES);
    cr_expect(in_prose(text));
    cr_expect(!in_prose("something else"));
}

// --- Texts in pieces ---

// A name must be found wherever in a text it lies.
static void expect_found_behind(const char *filling, size_t times,
                                const char *name)
{
    size_t unit = strlen(filling), n = strlen(name);
    uint8_t *text = malloc(unit * (times + 2) + n);
    cr_assert(text);
    for (size_t k = 0; k < times + 2; k++)
        memcpy(text + k * unit, filling, unit);
    memcpy(text + unit * times, name, n);
    memcpy(text + unit * times + n, filling, unit);
    cr_expect_eq(
        find_span((struct imp_span){text, unit * times + n + unit}, true), TAG,
        "behind %zu times '%s'", times, filling);
    free(text);
}

Test(dicom_words, a_name_is_found_wherever_it_lies_in_a_long_text)
{
    static const char name[] = "Z\xc3\x9cRCHER\xc3\x89";
    static const char hangul[] = "\xea\xb9\x80\xec\x98\x81\xec\x88\x98\xeb\xaf"
                                 "\xbc"; // four syllables
    static const char *const filling[] = {
        "f\xc3\xbcr ",      "\xc3\xbc", "\xe7\x8e\x8b",
        "\xf0\x9f\x98\x80", "a",        ("a" ACUTE)};
    cr_expect(add("z\xc3\xbcrcher" E_ACUTE) && add(hangul));
    for (size_t f = 0; f < sizeof filling / sizeof *filling; f++)
        for (size_t times = 0; times < 300; times++) {
            expect_found_behind(filling[f], times, name);
            expect_found_behind(filling[f], times, hangul);
        }
}

Test(dicom_words, a_syllable_in_letters_of_its_own_is_not_parted)
{
    cr_expect(add("\xea\xb0\x81\xea\xb0\x81\xea\xb0\x82\xea\xb0\x81"));
    static const char apart[] = // the same, in three letters each
        "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8\xe1\x84\x80\xe1\x85\xa1\xe1\x86"
        "\xa8\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa9\xe1\x84\x80\xe1\x85\xa1\xe1"
        "\x86\xa8";
    for (size_t times = 0; times < 100; times++)
        expect_found_behind("\xe7\x8e\x8b", times, apart);
}

Test(dicom_words, a_letter_and_its_marks_are_not_parted)
{
    // Each is e with a circumflex and a dot below.
    cr_expect(add("\xe1\xbb\x87n\xe1\xbb\x87n"));
    for (size_t times = 0; times < 300; times++)
        expect_found_behind("\xc3\xbc", times,
                            "\xc3\xaa\xcc\xa3n\xc3\xaa\xcc\xa3n");
}

Test(dicom_words, what_is_no_utf_8_hides_nothing)
{
    cr_expect(add("Ren" E_ACUTE));
    cr_expect(in_prose("\xff\xfe ren" E_ACUTE));
    cr_expect(in_prose("\x80\x80\x80 REN\xc3\x89 \xc3"));
    char broken[600];
    memset(broken, '\x80', sizeof broken);
    memcpy(broken + 580, " ren" E_ACUTE, 7);
    cr_expect_eq(find_span((struct imp_span){(uint8_t *)broken, 600}, true),
                 TAG);
}

// --- Hostile words and texts ---

static void fill(uint8_t *text, size_t n, const char *unit)
{
    size_t u = strlen(unit);
    for (size_t i = 0; i < n; i++)
        text[i] = (uint8_t)unit[i % u];
}

// Each of these took minutes when each word was tried at each place, or when
// GLib was given the whole text.
Test(dicom_words, words_and_texts_made_to_be_slow_are_not, .timeout = 30)
{
    enum { SIZE = 4 << 20 };
    static const char *const unit[] = {"a", "\xc3\xbc", ACUTE "\xcc\xa3",
                                       "\x80", "12"};
    uint8_t *text = malloc(SIZE);
    char word[IMP_DICOM_WORD_BYTES + 1];
    cr_assert(text);
    memset(word, 'a', sizeof word);
    for (int i = 0; i < IMP_DICOM_WORDS - 30; i++) {
        char number[12];
        snprintf(number, sizeof number, "%05d", i);
        memcpy(word + IMP_DICOM_WORD_BYTES - 5, number, 6);
        cr_assert(add(word));
    }
    for (size_t i = 0; i < 30; i++) {
        fill((uint8_t *)word, 2 * i + 4, "12");
        word[2 * i + 4] = 0;
        cr_assert(add(word));
    }
    for (size_t u = 0; u < sizeof unit / sizeof *unit; u++) {
        fill(text, SIZE, unit[u]);
        cr_expect_eq(find_span((struct imp_span){text, SIZE}, true), 0);
    }
    free(text);
}

// --- Forgetting ---

Test(dicom_words, forgotten_words_are_wiped_and_not_found)
{
    cr_expect(add("Meier") && in_prose("meier"));
    imp_dicom_words_forget(&words);
    cr_expect_eq(words.n, 0);
    cr_expect(!in_prose("meier"));
    cr_expect(imp_span_is_zero(
        (struct imp_span){(const uint8_t *)words.word, sizeof words.word}));
    cr_expect(
        imp_span_is_zero((struct imp_span){words.folded.p, words.folded.cap}));
    cr_expect(add("Meier") && words.n == 1 && in_prose("meier"));
}

Test(dicom_words, what_was_passed_over_is_wiped_too)
{
    cr_expect(add("123"));
    imp_dicom_words_forget(&words);
    cr_expect(
        imp_span_is_zero((struct imp_span){words.folded.p, words.folded.cap}));
}
