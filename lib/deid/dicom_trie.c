#include "deid/dicom_trie.h"

#include <stdlib.h>
#include <string.h>

// --- What there is ---

// 0: none, as the first node is nobody's child.
static uint32_t child_of(const struct imp_dicom_trie *t, uint32_t at,
                         uint8_t byte)
{
    if (at == 0)
        return t->start[byte];
    const struct imp_dicom_trie_node *of = &t->node[at];
    uint32_t low = of->child, end = of->child + of->children, high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->node[middle].byte < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && t->node[low].byte == byte ? low : 0;
}

// What a text has come to that was at `at`, and goes on with `byte`.
static uint32_t step(const struct imp_dicom_trie *t, uint32_t at, uint8_t byte)
{
    uint32_t next;
    while (!(next = child_of(t, at, byte)) && at)
        at = t->node[at].fail;
    return next;
}

// --- Making it ---

static bool reserve(struct imp_dicom_trie *t, size_t n, struct imp_err *err)
{
    if (n <= t->cap)
        return true;
    // Nothing is worth keeping, so that nothing is copied and left behind.
    imp_dicom_trie_clear(t);
    t->node = malloc(n * sizeof *t->node);
    if (!t->node)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu nodes", n);
    t->cap = n;
    return true;
}

// A child of `parent`, whose last one it is: the words [first, end) begin so.
// All that is shorter is there, and what it ends with is.
static void add_child(struct imp_dicom_trie *t, uint32_t parent,
                      const struct imp_span *word, size_t first, size_t end)
{
    struct imp_dicom_trie_node *of = &t->node[parent], *made = &t->node[t->n];
    *made = (struct imp_dicom_trie_node){
        .first = (uint16_t)first,
        .end = (uint16_t)end,
        .byte = word[first].p[of->length],
        .length = (uint8_t)(of->length + 1),
    };
    // In order, a word comes before those that go on behind it.
    if (word[first].n == made->length)
        made->word = (uint16_t)(first + 1);
    if (parent) {
        made->fail = step(t, of->fail, made->byte);
        made->shorter =
            t->node[made->fail].word ? made->fail : t->node[made->fail].shorter;
    } else {
        t->start[made->byte] = (uint32_t)t->n;
    }
    if (!of->children++)
        of->child = (uint32_t)t->n;
    t->n++;
}

static void add_children(struct imp_dicom_trie *t, uint32_t parent,
                         const struct imp_span *word)
{
    const struct imp_dicom_trie_node of = t->node[parent];
    size_t first = of.word ? of.first + 1u : of.first;
    while (first < of.end) {
        size_t end = first + 1;
        while (end < of.end &&
               word[end].p[of.length] == word[first].p[of.length])
            end++;
        add_child(t, parent, word, first, end);
        first = end;
    }
}

bool imp_dicom_trie_build(struct imp_dicom_trie *t, const struct imp_span *word,
                          size_t n, struct imp_err *err)
{
    size_t most = 1;
    for (size_t i = 0; i < n; i++)
        most += word[i].n;
    imp_dicom_trie_forget(t);
    if (!reserve(t, most, err))
        return false;
    t->node[t->n++] = (struct imp_dicom_trie_node){.end = (uint16_t)n};
    for (size_t i = 0; i < t->n; i++)
        add_children(t, (uint32_t)i, word);
    return true;
}

// --- Looking ---

bool imp_dicom_trie_find(const struct imp_dicom_trie *t, struct imp_span text,
                         bool (*met)(void *self, size_t word, size_t end),
                         void *self)
{
    uint32_t at = 0;
    for (size_t i = 0; t->n && i < text.n; i++) {
        at = step(t, at, text.p[i]);
        uint32_t k = t->node[at].word ? at : t->node[at].shorter;
        for (; k; k = t->node[k].shorter)
            if (met(self, t->node[k].word - 1u, i + 1))
                return true;
    }
    return false;
}

void imp_dicom_trie_forget(struct imp_dicom_trie *t)
{
    if (t->n)
        explicit_bzero(t->node, t->n * sizeof *t->node);
    explicit_bzero(t->start, sizeof t->start);
    t->n = 0;
}

void imp_dicom_trie_clear(struct imp_dicom_trie *t)
{
    imp_dicom_trie_forget(t);
    free(t->node);
    *t = (struct imp_dicom_trie){0};
}
