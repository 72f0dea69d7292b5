#include "archive/s3_place.h"
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (64 * 1024)

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void imp_s3_keys_clear(struct imp_s3_keys *keys)
{
    wipe(keys->id);
    wipe(keys->secret);
    wipe(keys->token);
    *keys = (struct imp_s3_keys){0};
}

// The id and the token become header fields: no blank, nothing unprintable.
static bool is_key(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isgraph((unsigned char)*p))
            return false;
    return *text;
}

static bool check(const struct imp_s3_keys *keys, const char *source,
                  struct imp_err *err)
{
    if (!keys->id || !keys->secret)
        return imp_fail(err, IMP_ERR_CONFIG, "%s has no %s", source,
                        keys->id ? "secret access key" : "access key id");
    if (!is_key(keys->id) || !is_key(keys->secret) ||
        (keys->token && !is_key(keys->token)))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "%s: a key is empty, or has a blank or a character "
                        "that is not ASCII",
                        source);
    return true;
}

// --- The environment ---

static bool from_environment(struct imp_s3_keys *out, struct imp_err *err)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
    char **const to[] = {&out->id, &out->secret, &out->token};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value && !(*to[i] = strdup(value)))
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for the keys");
    }
    if (!out->id && !out->secret)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "no keys: set AWS_ACCESS_KEY_ID and "
                        "AWS_SECRET_ACCESS_KEY, or give --s3-key-file");
    return check(out, "the environment", err);
}

// --- The file ---

static bool check_file(int fd, struct imp_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return imp_fail_errno(err, "key file");
    if (!S_ISREG(st.st_mode))
        return imp_fail(err, IMP_ERR_CONFIG, "key file: no regular file");
    if (st.st_uid != geteuid())
        return imp_fail(err, IMP_ERR_CONFIG,
                        "key file: belongs to user %u, want user %u",
                        (unsigned)st.st_uid, (unsigned)geteuid());
    if ((st.st_mode & 07777 & ~0600U) != 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "key file: mode %04o, want 0600 (chmod 600)",
                        (unsigned)st.st_mode & 07777);
    if (st.st_size > FILE_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "key file: %jd bytes, want %d at most",
                        (intmax_t)st.st_size, FILE_MAX);
    return true;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    for (size_t n = strlen(text); n > 0 && isspace((unsigned char)text[n - 1]);)
        text[--n] = '\0';
    return text;
}

// "name = value" of [default]. Settings that are no keys are let pass.
static bool take_setting(struct imp_s3_keys *out, char *line, unsigned number,
                         struct imp_err *err)
{
    char *equals = strchr(line, '='), **to = NULL;
    if (!equals)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "key file, line %u: want NAME = VALUE", number);
    *equals = '\0';
    const char *name = trim(line), *value = trim(equals + 1);
    if (strcmp(name, "aws_access_key_id") == 0)
        to = &out->id;
    else if (strcmp(name, "aws_secret_access_key") == 0)
        to = &out->secret;
    else if (strcmp(name, "aws_session_token") == 0)
        to = &out->token;
    if (to && *to)
        return imp_fail(err, IMP_ERR_CONFIG, "key file, line %u: given twice",
                        number);
    if (to && !(*to = strdup(value)))
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for the keys");
    return true;
}

static bool parse(struct imp_s3_keys *out, char *text, struct imp_err *err)
{
    bool ours = false;
    unsigned number = 1;
    for (char *line = text, *next; line; line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line = trim(line);
        if (!*line || *line == '#' || *line == ';')
            continue;
        if (*line == '[')
            ours = strcmp(line, "[default]") == 0;
        else if (ours && !take_setting(out, line, number, err))
            return false;
    }
    return check(out, "the key file's [default]", err);
}

static bool from_file(struct imp_s3_keys *out, const char *path,
                      struct imp_err *err)
{
    char text[FILE_MAX + 1];
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return imp_fail(err, IMP_ERR_CONFIG, "key file: no regular file");
    if (fd < 0) {
        imp_fail_errno(err, "key file");
        if (err)
            err->code = IMP_ERR_CONFIG;
        return false;
    }
    bool ok = check_file(fd, err) && imp_file_read(fd, text, FILE_MAX, &n, err);
    close(fd);
    text[n] = '\0';
    if (ok && memchr(text, '\0', n))
        ok = imp_fail(err, IMP_ERR_CONFIG, "key file: no text");
    ok = ok && parse(out, text, err);
    explicit_bzero(text, sizeof text);
    return ok;
}

bool imp_s3_keys_init(struct imp_s3_keys *out, const char *key_file,
                      struct imp_err *err)
{
    *out = (struct imp_s3_keys){0};
    if (key_file ? from_file(out, key_file, err) : from_environment(out, err))
        return true;
    imp_s3_keys_clear(out);
    return false;
}
