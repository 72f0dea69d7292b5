/* tell_text.c - what lib/dicom makes of text, for a judge.
 *
 *     tell_text <LINES
 *
 * A line has a VR, the value of (0008,0005), and that of an element, both in
 * hexadecimal; between tabs. For each one is written: UTF-8 in hexadecimal, or
 * "error" and the code's name. */
#include "dicom/charset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// In place. The judge writes an even number of digits.
static struct imp_span bytes_of(char *hex)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        hex[i] = (char)strtoul(digits, NULL, 16);
    }
    return (struct imp_span){(const uint8_t *)hex, n};
}

static void tell(char *line)
{
    char *charset = strchr(line, '\t');
    char *value = charset ? strchr(charset + 1, '\t') : NULL;
    if (!value) {
        printf("error\tline\n");
        return;
    }
    *charset++ = *value++ = '\0';
    struct imp_err err = {0};
    struct imp_buf out = {0};
    enum imp_dcm_vr vr = imp_dcm_vr_of((const uint8_t *)line);
    struct imp_dcm_charset *cs = imp_dcm_charset_new(bytes_of(charset), &err);
    if (!cs || !imp_dcm_charset_utf8(cs, vr, bytes_of(value), &out, &err))
        printf("error\t%s", imp_code_name(err.code));
    for (size_t i = 0; i < out.n; i++)
        printf("%02x", out.p[i]);
    printf("\n");
    imp_buf_clear(&out);
    imp_dcm_charset_free(cs);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        tell(line);
    }
    free(line);
    return 0;
}
