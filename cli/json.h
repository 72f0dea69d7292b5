/* json.h - JSON as it is printed. */
#ifndef IMP_CLI_JSON_H
#define IMP_CLI_JSON_H

#include <stdio.h>

/* A string as RFC 8259 7 has it; bytes that are no UTF-8 become U+FFFD. */
void cli_put_json_string(FILE *to, const char *text);

/* A member behind others; NULL becomes null. */
void cli_put_json_member(FILE *to, const char *name, const char *value);

#endif
