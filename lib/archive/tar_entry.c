#include "archive/tar_entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// POSIX.1-2017, pax, table "ustar Header Block". All text; the numbers in
// octal digits, ended by a NUL.
struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8];
    char typeflag, linkname[100], magic[6], version[2];
    char uname[32], gname[32], devmajor[8], devminor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == IMP_TAR_BLOCK, "one block");

#define FILE_TYPE '0'
#define DIRECTORY '5'
#define EXTENDED 'x'
#define EXTENDED_NAME "PaxHeader"
#define RECORD " path="

// --- Writing ---

static bool is_ascii(const char *s)
{
    while (*s && (unsigned char)*s < 0x80)
        s++;
    return !*s;
}

// Where `path` can be split into prefix and name, at a slash that neither
// keeps: 0 if the name has room for all of it, SIZE_MAX if it does not fit.
static size_t split(const char *path)
{
    const struct ustar *u;
    size_t n = strlen(path);
    if (n <= sizeof u->name)
        return 0;
    for (size_t at = n - sizeof u->name - 1; at <= sizeof u->prefix; at++)
        if (at > 0 && at < n - 1 && path[at] == '/')
            return at;
    return SIZE_MAX;
}

static bool needs_extended(const char *path)
{
    return !is_ascii(path) || split(path) == SIZE_MAX;
}

size_t imp_tar_head_size(const char *path)
{
    return needs_extended(path) ? 3 * IMP_TAR_BLOCK : IMP_TAR_BLOCK;
}

// The sum of all bytes, those of chksum itself counted as blanks.
static unsigned sum_of(const struct ustar *u)
{
    const uint8_t *p = (const uint8_t *)u;
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof *u; i++)
        sum += p[i];
    for (size_t i = 0; i < sizeof u->chksum; i++)
        sum += ' ' - (unsigned)(uint8_t)u->chksum[i];
    return sum;
}

static void put_block(uint8_t out[IMP_TAR_BLOCK], const char *path, char type,
                      uint64_t length)
{
    struct ustar u = {.typeflag = type,
                      .magic = "ustar",
                      .version = {'0', '0'},
                      .uid = "0000000",
                      .gid = "0000000",
                      .mtime = "00000000000",
                      .devmajor = "0000000",
                      .devminor = "0000000"};
    size_t at = split(path), n = strlen(path);
    if (at == SIZE_MAX) { // the extended header has all of it
        memcpy(u.name, path, sizeof u.name);
    } else if (at == 0) {
        memcpy(u.name, path, n);
    } else {
        memcpy(u.prefix, path, at);
        memcpy(u.name, path + at + 1, n - at - 1);
    }
    snprintf(u.mode, sizeof u.mode, "%07o", type == DIRECTORY ? 0755U : 0644U);
    snprintf(u.size, sizeof u.size, "%011" PRIo64, length);
    snprintf(u.chksum, sizeof u.chksum, "%06o", sum_of(&u));
    u.chksum[7] = ' ';
    memcpy(out, &u, sizeof u);
}

// "LENGTH path=VALUE\n", where LENGTH counts itself.
static size_t put_record(char out[IMP_TAR_BLOCK], const char *path)
{
    size_t rest = strlen(RECORD) + strlen(path) + 1, n = rest + 1;
    while ((size_t)snprintf(NULL, 0, "%zu", n) + rest != n)
        n++;
    snprintf(out, IMP_TAR_BLOCK, "%zu" RECORD "%s\n", n, path);
    return n;
}

bool imp_tar_head(uint8_t out[IMP_TAR_HEAD_MAX], const char *path,
                  uint64_t length, struct imp_err *err)
{
    size_t n = strlen(path);
    if (n == 0 || n >= IMP_TAR_PATH_MAX)
        return imp_fail(err, IMP_ERR_LIMIT, "tar: path of %zu bytes", n);
    if (length > IMP_TAR_LENGTH_MAX)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "tar: file of %" PRIu64 " bytes, limit is %" PRIu64,
                        length, IMP_TAR_LENGTH_MAX);
    if (needs_extended(path)) {
        char record[IMP_TAR_BLOCK] = "";
        size_t size = put_record(record, path);
        put_block(out, EXTENDED_NAME, EXTENDED, size);
        memcpy(out + IMP_TAR_BLOCK, record, sizeof record);
        out += 2 * IMP_TAR_BLOCK;
    }
    put_block(out, path, path[n - 1] == '/' ? DIRECTORY : FILE_TYPE, length);
    return true;
}

// --- Reading ---

static bool parse_octal(const char *p, size_t n, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n - 1; i++) {
        if (p[i] < '0' || p[i] > '7')
            return false;
        *out = *out << 3 | (uint64_t)(p[i] - '0');
    }
    return p[n - 1] == '\0';
}

static bool bad(const char *what, struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_DAMAGED, "tar: %s", what);
}

static bool take_block(struct imp_span in, size_t at, char type,
                       struct ustar *u, uint64_t *length, struct imp_err *err)
{
    struct imp_span block;
    char sum[sizeof u->chksum];
    if (!imp_span_sub(in, at, IMP_TAR_BLOCK, &block))
        return bad("the header is cut off", err);
    memcpy(u, block.p, sizeof *u);
    snprintf(sum, sizeof sum, "%06o", sum_of(u));
    if (memcmp(u->magic, "ustar", sizeof u->magic) != 0 ||
        memcmp(u->version, "00", sizeof u->version) != 0 ||
        memcmp(u->chksum, sum, 7) != 0)
        return bad("no header, or a damaged one", err);
    if (u->typeflag != type)
        return bad("not a regular file", err);
    return parse_octal(u->size, sizeof u->size, length) ||
           bad("the size is no number", err);
}

// The path as put_record wrote it.
static bool take_record(struct imp_span in, uint64_t size,
                        struct imp_tar_entry *out, struct imp_err *err)
{
    struct imp_span text;
    char again[IMP_TAR_BLOCK];
    if (size > IMP_TAR_BLOCK ||
        !imp_span_sub(in, IMP_TAR_BLOCK, (size_t)size, &text))
        return bad("the extended header is cut off", err);
    const uint8_t *value = memchr(text.p, '=', text.n);
    if (!value || text.p + text.n - value > IMP_TAR_PATH_MAX)
        return bad("the extended header has no path, or one too long", err);
    size_t n = (size_t)(text.p + text.n - value) - 1; // with the newline
    if (n < 2)
        return bad("the extended header has no path", err);
    memcpy(out->path, value + 1, n - 1);
    out->path[n - 1] = '\0';
    if (strlen(out->path) != n - 1 || put_record(again, out->path) != text.n ||
        memcmp(again, text.p, text.n) != 0)
        return bad("the extended header has more than a path", err);
    return true;
}

static void join(const struct ustar *u, char path[IMP_TAR_PATH_MAX])
{
    snprintf(path, IMP_TAR_PATH_MAX, "%.*s%s%.*s", (int)sizeof u->prefix,
             u->prefix, u->prefix[0] ? "/" : "", (int)sizeof u->name, u->name);
}

bool imp_tar_parse(struct imp_span in, struct imp_tar_entry *out,
                   struct imp_err *err)
{
    struct ustar u;
    uint64_t size;
    bool extended = in.n >= IMP_TAR_BLOCK &&
                    in.p[offsetof(struct ustar, typeflag)] == EXTENDED;
    out->head = IMP_TAR_BLOCK;
    if (extended) {
        if (!take_block(in, 0, EXTENDED, &u, &size, err) ||
            !take_record(in, size, out, err))
            return false;
        out->head = 3 * IMP_TAR_BLOCK;
    }
    if (!take_block(in, out->head - IMP_TAR_BLOCK, FILE_TYPE, &u, &out->length,
                    err))
        return false;
    if (!extended)
        join(&u, out->path);
    return true;
}
