/* err.h - an error is a value: a code, a message, and where in the input.
 *
 * A function that can fail returns bool (or a pointer) and takes the error
 * last. The caller keeps it on its stack, `struct imp_err err = {0}`, so there
 * is nothing to free and each thread has its own. On success it is untouched.
 *
 * Messages name tags, parts and offsets, never the values found there and
 * never an input's path: both can identify a patient. */
#ifndef IMP_BASE_ERR_H
#define IMP_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define IMP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define IMP_NORETURN __attribute__((noreturn))
#else
#define IMP_PRINTF(fmt, args)
#define IMP_NORETURN
#endif

/* What went wrong. The code decides the image's outcome: see outcome.h. */
enum imp_code {
    IMP_OK = 0,
    /* The input's fault. */
    IMP_ERR_DAMAGED,     /* breaks a rule of its own format */
    IMP_ERR_UNSUPPORTED, /* a kind of file that we do not handle */
    IMP_ERR_LIMIT,       /* larger than a limit allows */
    IMP_ERR_INVARIANT,   /* its cut list does not add up */
    IMP_ERR_RESIDUAL,    /* something identifying was left after cleaning */
    IMP_ERR_CRASHED,     /* the program died each time that it worked on it */
    IMP_ERR_UNKNOWN_SUBJECT, /* no look-up knows whose it is */
    /* Ours. */
    IMP_ERR_IO,
    IMP_ERR_MEMORY,
    IMP_ERR_TIMEOUT,
    IMP_ERR_BUSY,   /* another run holds the lock */
    IMP_ERR_CONFIG, /* an option, a policy or the set-up is wrong */
    /* Nobody's. */
    IMP_ERR_UNSETTLED, /* the input is still being written */
    IMP_ERR_CANCELLED,
};

struct imp_err {
    enum imp_code code;
    bool has_at;
    uint64_t at; /* offset in the input; only if has_at */
    char msg[300];
};

/* Store code and message; always returns false, so that the failing line is
 * the returning line. `err` may be NULL. */
bool imp_fail(struct imp_err *err, enum imp_code code, const char *fmt, ...)
    IMP_PRINTF(3, 4);

/* The same for something found at offset `at` of the input. */
bool imp_fail_at(struct imp_err *err, enum imp_code code, uint64_t at,
                 const char *fmt, ...) IMP_PRINTF(4, 5);

/* IMP_ERR_IO, with the text of errno behind the message. ENOMEM becomes
 * IMP_ERR_MEMORY. */
bool imp_fail_errno(struct imp_err *err, const char *fmt, ...) IMP_PRINTF(2, 3);

/* Put "prefix: " before the message; keeps code and offset. Returns false. */
bool imp_wrap(struct imp_err *err, const char *fmt, ...) IMP_PRINTF(2, 3);

/* The code's short name, as the ledger and reports have it: "damaged". */
const char *imp_code_name(enum imp_code code);

/* A programming error: print and abort. Never for bad input. */
IMP_NORETURN void imp_bug(const char *fmt, ...) IMP_PRINTF(1, 2);

/* No memory for "a context" or the like: the few bytes without which nothing
 * could even be reported. Prints that, and ends the program at once with status
 * 1; it is as safe as a crash is, and the next run goes on from there. */
IMP_NORETURN void imp_no_memory(const char *what);

#endif
