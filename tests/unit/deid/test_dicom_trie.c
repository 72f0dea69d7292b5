// Many words looked for at once, against looking for each one everywhere.
#include "deid/dicom_trie.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4000 };

static struct imp_dicom_trie trie;

static struct told {
    size_t n, stop_at;
    struct {
        size_t word, end;
    } hit[MOST];
} told;

static void clear(void)
{
    imp_dicom_trie_clear(&trie);
}

TestSuite(dicom_trie, .fini = clear, .timeout = 20);

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

static bool met(void *self, size_t word, size_t end)
{
    struct told *t = self;
    cr_assert_lt(t->n, MOST);
    t->hit[t->n].word = word;
    t->hit[t->n++].end = end;
    return t->n == t->stop_at;
}

static void build(const struct imp_span *word, size_t n)
{
    struct imp_err err = {0};
    cr_assert(imp_dicom_trie_build(&trie, word, n, &err), "%s", err.msg);
}

static bool look(struct imp_span text, size_t stop_at)
{
    told = (struct told){.stop_at = stop_at};
    return imp_dicom_trie_find(&trie, text, met, &told);
}

static void expect_hit(size_t i, size_t word, size_t end)
{
    cr_assert_lt(i, told.n);
    cr_expect_eq(told.hit[i].word, word, "hit %zu: word %zu", i,
                 told.hit[i].word);
    cr_expect_eq(told.hit[i].end, end, "hit %zu: end %zu", i, told.hit[i].end);
}

static const char *const ushers[] = {"he", "hers", "his", "she"};

static void build_ushers(void)
{
    struct imp_span word[4];
    for (size_t i = 0; i < 4; i++)
        word[i] = span(ushers[i]);
    build(word, 4);
}

Test(dicom_trie, each_word_is_told_by_its_end_and_the_longest_first)
{
    build_ushers();
    cr_expect(!look(span("ushers"), 0));
    cr_expect_eq(told.n, 3);
    expect_hit(0, 3, 4); // she
    expect_hit(1, 0, 4); // he
    expect_hit(2, 1, 6); // hers
}

Test(dicom_trie, a_word_is_told_again_wherever_it_is)
{
    build_ushers();
    cr_expect(!look(span("hehis"), 0));
    cr_expect_eq(told.n, 2);
    cr_expect(!look(span("hehehe"), 0));
    cr_expect_eq(told.n, 3);
    cr_expect(!look(span("h"), 0));
    cr_expect_eq(told.n, 0);
}

Test(dicom_trie, whoever_is_told_may_end_it)
{
    build_ushers();
    cr_expect(look(span("ushers"), 2));
    cr_expect_eq(told.n, 2);
    cr_expect(look(span("ushers"), 3));
}

Test(dicom_trie, without_words_or_text_there_is_nothing_to_tell)
{
    cr_expect(!look(span("text"), 0), "{0} is empty");
    build(NULL, 0);
    cr_expect(!look(span("text"), 0));
    build_ushers();
    cr_expect(!look((struct imp_span){0}, 0));
    cr_expect_eq(told.n, 0);
}

Test(dicom_trie, other_words_replace_those_before)
{
    const struct imp_span word = span("sh");
    build_ushers();
    build(&word, 1);
    look(span("ushers"), 0);
    cr_expect_eq(told.n, 1);
    expect_hit(0, 0, 3);
}

Test(dicom_trie, any_byte_may_be_part_of_a_word)
{
    const uint8_t text[] = {9, 0, 255, 128, 0, 255};
    const struct imp_span word[] = {{text + 1, 2}, {text + 2, 2}};
    build(word, 2);
    look((struct imp_span){text, sizeof text}, 0);
    cr_expect_eq(told.n, 3);
    expect_hit(0, 0, 3);
    expect_hit(1, 1, 4);
    expect_hit(2, 0, 6);
}

Test(dicom_trie, forgotten_words_leave_no_trace)
{
    build_ushers();
    struct imp_dicom_trie_node *node = trie.node;
    size_t n = trie.n;
    imp_dicom_trie_forget(&trie);
    cr_expect(!look(span("ushers"), 0));
    cr_expect_eq(told.n, 0);
    cr_expect_eq(trie.node, node, "the memory is kept");
    cr_expect(imp_span_is_zero(
        (struct imp_span){(const uint8_t *)node, n * sizeof *node}));
    cr_expect(imp_span_is_zero(
        (struct imp_span){(const uint8_t *)trie.start, sizeof trie.start}));
}

Test(dicom_trie, as_many_words_and_as_long_as_it_says)
{
    static uint8_t bytes[300][IMP_DICOM_TRIE_BYTES];
    static struct imp_span word[300];
    for (size_t i = 0; i < 300; i++) {
        memset(bytes[i], 'a', sizeof bytes[i]);
        bytes[i][sizeof bytes[i] - 2] = (uint8_t)(i / 256);
        bytes[i][sizeof bytes[i] - 1] = (uint8_t)i;
        word[i] = (struct imp_span){bytes[i], sizeof bytes[i]};
    }
    build(word, 300);
    look(word[299], 0);
    cr_expect_eq(told.n, 1);
    expect_hit(0, 299, IMP_DICOM_TRIE_BYTES);
}

// --- Against the obvious ---

static int by_bytes(const void *a, const void *b)
{
    const struct imp_span *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

// Of few letters, so that they begin, end and contain each other.
static size_t make_words(uint8_t bytes[40][8], struct imp_span word[40])
{
    size_t n = 1 + (size_t)rand() % 40, kept = 0;
    for (size_t i = 0; i < n; i++) {
        word[i] = (struct imp_span){bytes[i], 1 + (size_t)rand() % 8};
        for (size_t k = 0; k < word[i].n; k++)
            bytes[i][k] = (uint8_t)('a' + rand() % 3);
    }
    qsort(word, n, sizeof *word, by_bytes);
    for (size_t i = 0; i < n; i++)
        if (!kept || by_bytes(&word[kept - 1], &word[i]) != 0)
            word[kept++] = word[i];
    return kept;
}

static void expect_as_one_by_one(const struct imp_span *word, size_t n,
                                 struct imp_span text)
{
    size_t met_before = 0;
    look(text, 0);
    for (size_t end = 1; end <= text.n; end++)
        for (size_t length = 8; length > 0; length--)
            for (size_t i = 0; i < n; i++) {
                if (word[i].n != length || length > end ||
                    memcmp(text.p + end - length, word[i].p, length) != 0)
                    continue;
                expect_hit(met_before++, i, end);
            }
    cr_expect_eq(met_before, told.n);
}

Test(dicom_trie, it_tells_what_a_search_word_by_word_finds)
{
    uint8_t bytes[40][8], text[150];
    struct imp_span word[40];
    srand(7);
    for (int round = 0; round < 500; round++) {
        size_t n = make_words(bytes, word);
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (uint8_t)('a' + rand() % 3);
        build(word, n);
        expect_as_one_by_one(word, n, (struct imp_span){text, sizeof text});
    }
}
