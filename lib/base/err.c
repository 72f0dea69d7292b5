#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void store(struct imp_err *err, enum imp_code code, const char *fmt,
                  va_list args)
{
    if (!err)
        return;
    *err = (struct imp_err){.code = code};
    vsnprintf(err->msg, sizeof err->msg, fmt, args);
}

bool imp_fail(struct imp_err *err, enum imp_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    store(err, code, fmt, args);
    va_end(args);
    return false;
}

bool imp_fail_at(struct imp_err *err, enum imp_code code, uint64_t at,
                 const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    store(err, code, fmt, args);
    va_end(args);
    if (err) {
        err->has_at = true;
        err->at = at;
    }
    return false;
}

bool imp_fail_errno(struct imp_err *err, const char *fmt, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, fmt);
    store(err, saved == ENOMEM ? IMP_ERR_MEMORY : IMP_ERR_IO, fmt, args);
    va_end(args);
    if (err) {
        char text[100];
        const char *why = strerror_r(saved, text, sizeof text);
        size_t len = strlen(err->msg);
        snprintf(err->msg + len, sizeof err->msg - len, ": %s", why);
    }
    errno = saved;
    return false;
}

bool imp_wrap(struct imp_err *err, const char *fmt, ...)
{
    if (!err)
        return false;
    char old[sizeof err->msg];
    memcpy(old, err->msg, sizeof old);

    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n + 3 > sizeof err->msg)
        return false; // no room but for the prefix
    size_t left = sizeof err->msg - (size_t)n - 2;
    size_t keep = strnlen(old, left - 1);
    memcpy(err->msg + n, ": ", 2);
    memcpy(err->msg + n + 2, old, keep);
    err->msg[(size_t)n + 2 + keep] = '\0';
    return false;
}

const char *imp_code_name(enum imp_code code)
{
    switch (code) {
    case IMP_OK:
        return "ok";
    case IMP_ERR_DAMAGED:
        return "damaged";
    case IMP_ERR_UNSUPPORTED:
        return "unsupported";
    case IMP_ERR_LIMIT:
        return "limit";
    case IMP_ERR_INVARIANT:
        return "invariant";
    case IMP_ERR_RESIDUAL:
        return "residual";
    case IMP_ERR_CRASHED:
        return "crashed";
    case IMP_ERR_UNKNOWN_SUBJECT:
        return "unknown subject";
    case IMP_ERR_IO:
        return "io";
    case IMP_ERR_MEMORY:
        return "memory";
    case IMP_ERR_TIMEOUT:
        return "timeout";
    case IMP_ERR_BUSY:
        return "busy";
    case IMP_ERR_CONFIG:
        return "config";
    case IMP_ERR_UNSETTLED:
        return "unsettled";
    case IMP_ERR_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

void imp_bug(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("imgpipe: bug: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void imp_no_memory(const char *what)
{
    fprintf(stderr, "imgpipe: no memory for %s\n", what);
    _exit(1);
}
