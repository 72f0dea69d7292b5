/* fold.h - text as those compare it who call two spellings one: Windows and
 * macOS their files' names, people their codes. */
#ifndef IMP_BASE_FOLD_H
#define IMP_BASE_FOLD_H

/* `text` (UTF-8) without regard to case and to how accents are coded: two texts
 * that are canonical caseless matches (The Unicode Standard 3.13, D145) give
 * one. A copy of what is no UTF-8. The caller frees it; NULL without memory,
 * but of what is not ASCII GLib makes some of its own, and aborts without. Any
 * thread. */
char *imp_fold(const char *text);

/* `text` with its accents as parts of their letters, or as characters of their
 * own (normalization forms C and D). NULL if it is no UTF-8. To be freed with
 * g_free; the same of memory and threads. */
char *imp_compose(const char *text);
char *imp_decompose(const char *text);

#endif
