#include "deid/secret.h"

#include "base/file.h"
#include "base/hmac.h"
#include "base/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEY_BYTES 32
#define KEY_HEX (2 * KEY_BYTES)
#define FILE_MAX 4096 // of a key file, with its remarks

static const char remark[] =
    "# A key of imgpipe: codes and date shifts are made with it. Keep it "
    "secret,"
    "\n# and keep a copy: without it the same codes cannot be made again.\n";

// On pages of its own, so that all of it can be kept out of dumps and swap.
struct imp_secret {
    struct imp_digest key; // as long as one
    char file[FILE_MAX + 1];
    size_t n; // bytes of the file
    int dumpable;
    struct rlimit core;
};

// --- Making ---

static bool draw(uint8_t key[KEY_BYTES], struct imp_err *err)
{
    for (size_t n = 0; n < KEY_BYTES;) {
        ssize_t now = getrandom(key + n, KEY_BYTES - n, 0);
        if (now < 0 && errno != EINTR)
            return imp_fail_errno(err, "getrandom");
        n += now > 0 ? (size_t)now : 0;
    }
    return true;
}

static bool write_key(int fd, struct imp_err *err)
{
    struct imp_digest key = {{0}};
    char line[IMP_SHA256_HEX + 1];
    _Static_assert(sizeof key.b == KEY_BYTES, "a key is as long as a digest");
    bool ok = draw(key.b, err);
    imp_digest_hex(&key, line);
    line[KEY_HEX] = '\n';
    ok = ok && imp_file_write(fd, remark, sizeof remark - 1, err) &&
         imp_file_write(fd, line, KEY_HEX + 1, err);
    explicit_bzero(&key, sizeof key);
    explicit_bzero(line, sizeof line);
    return ok;
}

bool imp_secret_make(const char *path, struct imp_err *err)
{
    struct imp_newfile *file = imp_newfile_open(path, err);
    bool ok = file && write_key(imp_newfile_fd(file), err) &&
              imp_newfile_commit(file, err);
    imp_newfile_free(file);
    return ok;
}

const struct imp_secret *imp_secret_for_looking(void)
{
    static const struct imp_secret zeros;
    return &zeros;
}

// --- Reading ---

// One line is the key; others are empty, or remarks.
static bool parse(struct imp_secret *s, struct imp_err *err)
{
    unsigned keys = 0, line = 0;
    for (const char *at = s->file; *at;) {
        size_t n = strcspn(at, "\n"), text = n;
        line++;
        if (text && at[text - 1] == '\r')
            text--;
        if (text && *at != '#' &&
            (!imp_digest_parse(at, text, &s->key) || ++keys > 1))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "line %u: want one key of %d hexadecimal digits, "
                            "and remarks that begin with a '#'",
                            line, KEY_HEX);
        at += n + (at[n] == '\n');
    }
    return (keys == 1 && strlen(s->file) == s->n) ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "want a line of %d hexadecimal digits, as 'imgpipe "
                    "keygen' makes it",
                    KEY_HEX);
}

static bool read_file(struct imp_secret *s, const char *path,
                      struct imp_err *err)
{
    int fd = imp_file_open_private(AT_FDCWD, path, O_RDONLY, err);
    if (fd < 0)
        return false;
    bool ok = imp_file_read(fd, s->file, sizeof s->file, &s->n, err);
    close(fd);
    if (ok && s->n > FILE_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "larger than %d bytes: it is no key", FILE_MAX);
    s->file[ok ? s->n : 0] = '\0';
    return ok;
}

static struct imp_secret *pages(struct imp_err *err)
{
    void *p = mmap(NULL, sizeof(struct imp_secret), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        imp_fail_errno(err, "no memory for a key");
        return NULL;
    }
    madvise(p, sizeof(struct imp_secret), MADV_DONTDUMP);
    mlock(p, sizeof(struct imp_secret)); // as far as RLIMIT_MEMLOCK allows
    return p;
}

static bool stop_dumps(struct imp_secret *s, struct imp_err *err)
{
    struct rlimit none;
    if (getrlimit(RLIMIT_CORE, &s->core) != 0 ||
        (s->dumpable = prctl(PR_GET_DUMPABLE)) < 0)
        return imp_fail_errno(err, "core dumps");
    none = (struct rlimit){0, s->core.rlim_max};
    return (setrlimit(RLIMIT_CORE, &none) == 0 &&
            prctl(PR_SET_DUMPABLE, 0) == 0) ||
           imp_fail_errno(err, "cannot turn core dumps off");
}

struct imp_secret *imp_secret_load(const char *path, struct imp_err *err)
{
    struct imp_secret *s = pages(err);
    if (!s)
        return NULL;
    bool ok = stop_dumps(s, err) && read_file(s, path, err) && parse(s, err);
    explicit_bzero(s->file, sizeof s->file);
    if (ok)
        return s;
    imp_secret_free(s);
    return NULL;
}

void imp_secret_free(struct imp_secret *s)
{
    if (!s)
        return;
    explicit_bzero(&s->key, sizeof s->key);
    if (s->dumpable == 1) { // 2 is not for a program to set
        setrlimit(RLIMIT_CORE, &s->core);
        prctl(PR_SET_DUMPABLE, 1);
    }
    munmap(s, sizeof *s);
}

// --- Using ---

static const char *const DOMAIN[] = {
    [IMP_DOMAIN_CODE] = "imgpipe 1 code",
    [IMP_DOMAIN_DATES] = "imgpipe 1 dates",
    [IMP_DOMAIN_UID] = "imgpipe 1 uid",
    [IMP_DOMAIN_KEY] = "imgpipe 1 key",
};

bool imp_secret_mac(const struct imp_secret *s, enum imp_domain domain,
                    struct imp_span text, struct imp_digest *out,
                    struct imp_err *err)
{
    struct imp_buf said = {0};
    const char *name = DOMAIN[domain];
    bool ok =
        imp_buf_add(&said, name, strlen(name) + 1, err) &&
        imp_buf_add(&said, text.p, text.n, err) &&
        imp_hmac_sha256(s->key.b, sizeof s->key.b, said.p, said.n, out, err);
    imp_buf_clear(&said);
    return ok;
}
