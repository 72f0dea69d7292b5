// The audit log's files: which there are, and where the last one ends.
#include "base/file.h"
#include "ledger/audit_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// --- Which files there are ---

void imp_audit_file_name(uint32_t number, char name[IMP_AUDIT_NAME_MAX])
{
    snprintf(name, IMP_AUDIT_NAME_MAX, IMP_AUDIT_FILE ".%06" PRIu32, number);
}

// Only names that we give: audit.log.1 is somebody's own.
static bool parse_name(const char *name, uint32_t *number)
{
    static const char prefix[] = IMP_AUDIT_FILE ".";
    char again[IMP_AUDIT_NAME_MAX];
    const char *digits = name + sizeof prefix - 1;
    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || strlen(digits) > 9 ||
        digits[strspn(digits, "0123456789")])
        return false;
    *number = (uint32_t)strtoul(digits, NULL, 10);
    imp_audit_file_name(*number, again);
    return *number > 0 && strcmp(name, again) == 0;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool add_number(struct imp_audit_files *files, size_t *cap,
                       uint32_t number, struct imp_err *err)
{
    if (files->n == *cap) {
        size_t many = *cap ? 2 * *cap : 16;
        uint32_t *grown =
            reallocarray(files->number, many, sizeof *files->number);
        if (!grown)
            return imp_fail_errno(err, "list the files of the audit log");
        files->number = grown;
        *cap = many;
    }
    files->number[files->n++] = number;
    return true;
}

static bool list_all(DIR *dir, struct imp_audit_files *out, struct imp_err *err)
{
    size_t cap = 0;
    for (;;) {
        uint32_t number;
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno == 0 ||
                   imp_fail_errno(err, "list the files of the audit log");
        if (parse_name(entry->d_name, &number) &&
            !add_number(out, &cap, number, err))
            return false;
    }
}

bool imp_audit_list(int state_dir, struct imp_audit_files *out,
                    struct imp_err *err)
{
    *out = (struct imp_audit_files){0};
    int fd = openat(state_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        imp_fail_errno(err, "list the files of the audit log");
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = list_all(dir, out, err);
    closedir(dir);
    if (ok && out->n > 1)
        qsort(out->number, out->n, sizeof *out->number, ascending);
    if (!ok)
        imp_audit_files_clear(out);
    return ok;
}

void imp_audit_files_clear(struct imp_audit_files *files)
{
    free(files->number);
    *files = (struct imp_audit_files){0};
}

// --- Where one ends ---

// A torn line, the newline before it, a whole line, and the newline before.
#define WINDOW (2 * IMP_AUDIT_LINE_MAX + 1)

static bool read_end(int fd, uint64_t size, uint8_t *window, size_t n,
                     struct imp_err *err)
{
    size_t got;
    if (lseek(fd, (off_t)(size - n), SEEK_SET) < 0)
        return imp_fail_errno(err, "seek");
    return imp_file_read(fd, window, n, &got, err) &&
           (got == n ||
            imp_fail(err, IMP_ERR_IO,
                     "read: %zu bytes, want %zu: it is shrinking", got, n));
}

#define ASK_VERIFY "; 'imgpipe audit verify' tells more"

static bool too_long(struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_CONFIG,
                    "the last line is longer than %zu bytes" ASK_VERIFY,
                    IMP_AUDIT_LINE_MAX);
}

// The last line, without its newline.
static bool take_last(struct imp_span line, struct imp_audit_mark *last,
                      struct imp_err *err)
{
    struct imp_audit_line read;
    if (!imp_audit_parse(line, &read))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the last line is not one of ours" ASK_VERIFY);
    if (read.crc != read.want)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the last line (%" PRIu64
                        ") was changed: crc %08" PRIx32
                        ", want %08" PRIx32 ASK_VERIFY,
                        read.seq, read.crc, read.want);
    last->seq = read.seq;
    return imp_sha256_of(line.p, line.n, &last->hash, err);
}

// `window` is the end of the file, or all of it.
static bool find_in(struct imp_span window, bool all, struct imp_audit_end *out,
                    struct imp_err *err)
{
    const uint8_t *start = window.p, *end = start + window.n;
    const uint8_t *newline = memrchr(start, '\n', window.n);
    const uint8_t *torn = newline ? newline + 1 : start;
    if ((size_t)(end - torn) >= IMP_AUDIT_LINE_MAX)
        return too_long(err);
    out->end = out->size - (uint64_t)(end - torn);
    if (!newline)
        return true; // the first line of the file is the torn one
    const uint8_t *before = memrchr(start, '\n', (size_t)(newline - start));
    const uint8_t *line = before ? before + 1 : start;
    if ((!before && !all) || (size_t)(torn - line) > IMP_AUDIT_LINE_MAX)
        return too_long(err);
    return take_last((struct imp_span){line, (size_t)(newline - line)},
                     &out->last, err);
}

bool imp_audit_find_end(int fd, struct imp_audit_end *out, struct imp_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return imp_fail_errno(err, "stat");
    out->size = (uint64_t)st.st_size;
    out->end = 0;
    if (out->size == 0)
        return true;
    size_t n = out->size < WINDOW ? (size_t)out->size : WINDOW;
    uint8_t *window = malloc(n);
    if (!window)
        return imp_fail_errno(err, "audit log");
    bool ok = read_end(fd, out->size, window, n, err) &&
              find_in((struct imp_span){window, n}, n == out->size, out, err);
    free(window);
    return ok;
}
