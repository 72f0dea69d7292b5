// Where in a data set something is.
#include "dicom/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 150 }; // of a path in a message, which holds twice as much

static size_t add_tag(char *out, size_t n, uint32_t tag)
{
    return n + (size_t)snprintf(out + n, IMP_DCM_PATH_MAX - n,
                                "%s" IMP_DCM_TAG_FMT, n ? "." : "",
                                IMP_DCM_TAG_ARGS(tag));
}

static size_t add_index(char *out, size_t n, const struct imp_dcm_frame *of)
{
    return n +
           (size_t)snprintf(out + n, IMP_DCM_PATH_MAX - n, "[%u]", of->n - 1);
}

void imp_dcm_path(const struct imp_dcm_reader *r, char out[IMP_DCM_PATH_MAX])
{
    size_t n = 0;
    out[0] = 0;
    // The data set and then, in turn: a sequence or pixel data, an item of it.
    for (unsigned i = 1; i <= r->top; i++)
        n = i % 2 ? add_tag(out, n, r->frame[i].tag)
                  : add_index(out, n, &r->frame[i - 1]);
    if (r->in_fragment)
        n = add_index(out, n, &r->frame[r->top]);
    if (r->tag)
        add_tag(out, n, r->tag);
}

// Leave out the middle of what is too long for a message.
static void shorten(char *path)
{
    size_t n = strlen(path);
    if (n <= LONGEST)
        return;
    char *tail = strchr(path + n - LONGEST * 2 / 3, '.');
    path[LONGEST / 3] = 0;
    char *head = strrchr(path, '.');
    if (!tail || !head)
        return;
    memmove(head, "...", 3);
    memmove(head + 3, tail + 1, strlen(tail));
}

bool imp_dcm_fail(const struct imp_dcm_reader *r, enum imp_code code,
                  uint64_t at, struct imp_err *err, const char *fmt, ...)
{
    char path[IMP_DCM_PATH_MAX];
    char what[sizeof err->msg];
    va_list args;
    if (!err)
        return false;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    imp_dcm_path(r, path);
    shorten(path);
    return imp_fail_at(err, code, at, "%s%sat %ju: %s", path, *path ? " " : "",
                       (uintmax_t)at, what);
}
