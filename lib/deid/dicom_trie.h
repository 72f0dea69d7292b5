/* dicom_trie.h - many words looked for at once, in one pass over a text:
 * A. V. Aho and M. J. Corasick, "Efficient string matching" (1975). Private to
 * deid/.
 *
 * However many words there are, and however alike, a byte of text costs a few
 * steps; but that of each word in the text is told, and words may end alike. */
#ifndef IMP_DEID_DICOM_TRIE_H
#define IMP_DEID_DICOM_TRIE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IMP_DICOM_TRIE_WORDS = 65535,
    IMP_DICOM_TRIE_BYTES = 255, /* of a word */
};

/* A beginning of words. Private to dicom_trie.c. */
struct imp_dicom_trie_node {
    uint32_t child;      /* the first one; the others follow, in order */
    uint32_t fail;       /* the longest beginning of a word that it ends with */
    uint32_t shorter;    /* the longest word that it ends with; 0: none */
    uint16_t word;       /* that it is, from 1; 0: none */
    uint16_t first, end; /* the words that begin so */
    uint16_t children;
    uint8_t byte; /* its last one */
    uint8_t length;
};

/* `{0}` is empty, and finds nothing; _forget wipes, and keeps the memory. One
 * thread. */
struct imp_dicom_trie {
    struct imp_dicom_trie_node *node; /* by length; the first one is empty */
    size_t n, cap;
    uint32_t start[256]; /* the children of the first */
};

/* Look for these `n` words from now on: in the order of their bytes, each once,
 * none empty, as many and as long as above at most. They are not needed any
 * more. On failure it is empty. */
bool imp_dicom_trie_build(struct imp_dicom_trie *t, const struct imp_span *word,
                          size_t n, struct imp_err *err);

/* Call `met` for each word in `text`, with its index and the offset behind it,
 * until it returns true: so does this. By that offset, the longest first. */
bool imp_dicom_trie_find(const struct imp_dicom_trie *t, struct imp_span text,
                         bool (*met)(void *self, size_t word, size_t end),
                         void *self);

void imp_dicom_trie_forget(struct imp_dicom_trie *t);
void imp_dicom_trie_clear(struct imp_dicom_trie *t);

#endif
