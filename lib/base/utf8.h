/* utf8.h - text that came from elsewhere, a character at a time. */
#ifndef IMP_BASE_UTF8_H
#define IMP_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the character at `text` (RFC 3629 4); 0 if there is none: a stray or
 * cut byte, an overlong form, a surrogate, or beyond U+10FFFF. The final NUL
 * counts as a character of one byte, and nothing behind it is read. */
size_t imp_utf8_length(const char *text);

#endif
