/* tell_values.c - what lib/deid puts in the place of values, for a judge.
 *
 *     tell_values KEY <LINES
 *
 * Lines, between tabs, and values in hexadecimal: "dummy", a tag, a VR;
 * "shift", a VR, days, a value; "reuid", a value. For each one the new value is
 * written, in hexadecimal too. KEY is a file as imgpipe keygen makes it. */
#include "deid/dicom_values.h"

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

static bool make(const struct imp_secret *secret, char *const f[4],
                 struct imp_buf *out, struct imp_err *err)
{
    if (strcmp(f[0], "dummy") == 0) {
        struct imp_span dummy = imp_dicom_dummy(
            (uint32_t)strtoul(f[1], NULL, 16), imp_dcm_vr_of((uint8_t *)f[2]));
        return imp_buf_add(out, dummy.p, dummy.n, err);
    }
    if (strcmp(f[0], "shift") == 0)
        return imp_dicom_shift(imp_dcm_vr_of((uint8_t *)f[1]), bytes_of(f[3]),
                               atoi(f[2]), out, err);
    struct imp_dicom_uids uids = {.secret = secret};
    return imp_dicom_reuid(&uids, bytes_of(f[1]), out, err);
}

static void tell(const struct imp_secret *secret, char *line)
{
    static char none[] = "";
    char *f[4] = {none, none, none, none};
    struct imp_buf out = {0};
    struct imp_err err = {0};
    for (int i = 0; i < 4 && line; i++)
        f[i] = strsep(&line, "\t");
    if (!make(secret, f, &out, &err))
        printf("error\t%s", imp_code_name(err.code));
    for (size_t i = 0; i < out.n; i++)
        printf("%02x", out.p[i]);
    printf("\n");
    imp_buf_clear(&out);
}

int main(int argc, char **argv)
{
    struct imp_err err = {0};
    struct imp_secret *secret =
        argc == 2 ? imp_secret_load(argv[1], &err) : NULL;
    if (!secret) {
        fprintf(stderr, "tell_values: %s\n", err.msg);
        return 2;
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        tell(secret, line);
    }
    free(line);
    imp_secret_free(secret);
    return 0;
}
