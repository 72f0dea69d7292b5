/* dicom_words.h - what identifies someone in a DICOM object and goes, searched
 * for in the texts of it that stay. Private to deid/.
 *
 * `{0}` is empty; _forget wipes. One thread. */
#ifndef IMP_DEID_DICOM_WORDS_H
#define IMP_DEID_DICOM_WORDS_H

#include "base/bytes.h"
#include "deid/dicom_trie.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IMP_DICOM_WORDS = 16384,   /* more are IMP_ERR_LIMIT */
    IMP_DICOM_WORD_BYTES = 64, /* of longer ones the start is enough */
};

struct imp_dicom_words {
    size_t n;
    struct imp_dicom_word {
        uint32_t tag; /* where it was met */
        uint8_t length;
        uint8_t kind;
        char text[IMP_DICOM_WORD_BYTES]; /* folded */
    } word[IMP_DICOM_WORDS];
    uint16_t sorted[IMP_DICOM_WORDS]; /* their indexes, by their bytes */
    struct imp_dicom_trie trie;       /* of them all, if it is `ready` */
    bool ready;
    struct imp_buf folded, spelled; /* of the text at hand */
};

/* Take note of `text`, UTF-8, met in the element `tag`, and of parts of six
 * characters and more that have digits in them, with leading zeros and without.
 * Of less than two characters, numbers of less than four digits, and one
 * character over and over are passed over, as is what is there already. */
bool imp_dicom_words_add(struct imp_dicom_words *w, uint32_t tag,
                         struct imp_span text, struct imp_err *err);

/* Each component of each name in `text`, values of PN (PS3.5 6.2.1), each part
 * of four characters and more that blanks, commas, hyphens and apostrophes
 * divide it into, all of it without these, and each of its groups as a whole.
 */
bool imp_dicom_words_add_names(struct imp_dicom_words *w, uint32_t tag,
                               struct imp_span text, struct imp_err *err);

/* A date of birth, yyyymmdd, in the forms that people write; nothing else. */
bool imp_dicom_words_add_date(struct imp_dicom_words *w, uint32_t tag,
                              struct imp_span date, struct imp_err *err);

/* Is one of `values`, which backslashes divide, a number of six digits and more
 * that was noted? So elsewhere numbers do not count: 123456 is in 0.123456. */
bool imp_dicom_words_is_number(const struct imp_dicom_words *w,
                               struct imp_span values);

/* Look for all of them in `text`, UTF-8, without regard to case, accents, and
 * whether an umlaut is written with an e: those of four characters and more
 * (parts of names: of six) anywhere in `prose`, and in code strings as words of
 * their own; shorter ones as words of their own in prose; numbers where no
 * other digit touches them. `*tag` is of one that is in
 * it, else 0. Takes time and memory by the length of the text, whatever it is,
 * and whatever the words. */
bool imp_dicom_words_find(struct imp_dicom_words *w, struct imp_span text,
                          bool prose, uint32_t *tag, struct imp_err *err);

void imp_dicom_words_forget(struct imp_dicom_words *w);
void imp_dicom_words_clear(struct imp_dicom_words *w);

#endif
