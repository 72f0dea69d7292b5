// An archive in one file with any damage: what is read of an image is what was
// archived, or nothing; and a run makes a whole archive of what is left, or
// refuses it.
#include "archive/target.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define IMAGES 4
#define MOST 100000

static void require(bool holds)
{
    if (!holds)
        abort();
}

// Longer than the hundred bytes that the old header of tar has room for.
#define LONG                                                     \
    "a name that is longer, a name that is longer, a name that " \
    "is longer, a name that is longer, a name that is longer/x"

static const char *const names[IMAGES] = {"12/34/1234.jpg", "56/78/5678.png",
                                          LONG, "\xc3\xa9/\xc3\xa8.tif"};

static struct imp_buf image[IMAGES], whole; // made once
static int file;

static struct imp_target *open_it(enum imp_target_mode mode)
{
    char spec[60];
    snprintf(spec, sizeof spec, "tar.gz:/proc/self/fd/%d", file);
    const struct imp_archive_at at = {.spec = spec};
    return imp_target_open(&at, mode, NULL, NULL);
}

static void set_content(struct imp_span bytes)
{
    require(ftruncate(file, 0) == 0 &&
            imp_file_pwrite(file, bytes.p, bytes.n, 0, NULL));
}

static void get_content(struct imp_buf *out)
{
    size_t got = 0;
    require(imp_buf_reserve(out, MOST, NULL) &&
            imp_file_pread(file, out->p, MOST, 0, &got, NULL));
    out->n = got;
}

// --- What is in it ---

struct listed {
    size_t n;
    struct imp_object object[2 * IMAGES];
};

static bool each_listed(void *self, imp_object_fn fn, void *fn_self,
                        struct imp_err *err)
{
    const struct listed *l = self;
    for (size_t i = 0; i < l->n; i++)
        if (!fn(fn_self, &l->object[i], err))
            return false;
    return true;
}

static int index_of(const char *name)
{
    for (int i = 0; i < IMAGES; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

// Ordered by name, as names[] are.
static bool list(void *self, const struct imp_object *object,
                 struct imp_err *err)
{
    struct listed *l = self;
    int which = index_of(object->name);
    if (which < 0 || l->n == 2 * IMAGES)
        return imp_fail(err, IMP_ERR_DAMAGED, "a name of nobody's");
    size_t at = l->n++;
    for (; at > 0 && index_of(l->object[at - 1].name) > which; at--)
        l->object[at] = l->object[at - 1];
    l->object[at] = *object;
    l->object[at].name = names[which];
    return true;
}

static bool list_file(void *self, const struct imp_object *file_, bool regular,
                      struct imp_err *err)
{
    return regular && list(self, file_, err);
}

static void read_all(struct imp_target *t, const struct listed *l)
{
    struct imp_buf got = {0};
    for (size_t i = 0; i < l->n; i++)
        for (int by_name = 0; by_name < 2; by_name++) {
            struct imp_object o = l->object[i];
            const struct imp_buf *want = &image[index_of(o.name)];
            if (by_name)
                o.place = o.stored = 0;
            if (t->ops->read(t, &o, MOST, &got, NULL))
                require(got.n == want->n && memcmp(got.p, want->p, got.n) == 0);
        }
    imp_buf_clear(&got);
}

static void read_it(void)
{
    struct imp_digest digest;
    bool present;
    struct listed by_list = {0}, by_walk = {0};
    struct imp_target *t = open_it(IMP_TARGET_READ);
    if (!t)
        return;
    t->ops->listing(t, &digest, &present, NULL);
    t->ops->each(t, list, &by_list, NULL);
    t->ops->walk(t, list_file, &by_walk, NULL);
    read_all(t, &by_list);
    read_all(t, &by_walk);
    imp_target_free(t);
}

// --- A run ---

// A start without a ledger takes up all that is there, or refuses.
static bool take_up(struct imp_target *t, struct listed *l)
{
    if (!t->ops->resume(t, NULL, NULL) || !t->ops->walk(t, list_file, l, NULL))
        return false;
    for (size_t i = 0; i < l->n; i++) {
        struct imp_object *o = &l->object[i];
        if (!t->ops->hash(t, o, &o->digest, &o->length, NULL))
            return false;
        if (i > 0 && strcmp(o->name, l->object[i - 1].name) == 0)
            return false; // a ledger would not have it
    }
    return true;
}

static bool run_over_it(struct listed *l)
{
    const struct imp_objects objects = {.self = l, .each = each_listed};
    struct imp_target *t = open_it(IMP_TARGET_WRITE);
    bool ok = t && take_up(t, l);
    if (ok)
        require(t->ops->finish(t, &objects, true, NULL));
    imp_target_free(t);
    return ok;
}

static void check_whole(const struct listed *want)
{
    struct listed have = {0};
    struct imp_digest digest;
    bool present;
    struct imp_target *t = open_it(IMP_TARGET_READ);
    require(t && !t->interrupted);
    require(t->ops->listing(t, &digest, &present, NULL) && present);
    require(t->ops->each(t, list, &have, NULL));
    require(have.n == want->n);
    for (size_t i = 0; i < have.n; i++) {
        struct imp_buf got = {0};
        require(t->ops->read(t, &have.object[i], MOST, &got, NULL));
        imp_buf_clear(&got);
    }
    imp_target_free(t);
}

// --- Made once ---

static void make_images(void)
{
    uint32_t x = 1;
    for (int i = 0; i < IMAGES; i++)
        for (int n = 0; n < 300 * (i + 1); n++) {
            x = x * 1103515245U + 12345U;
            uint8_t byte = (uint8_t)(i % 2 ? x >> 24 : (uint32_t)n / 50);
            require(imp_buf_add(&image[i], &byte, 1, NULL));
        }
}

static void archive_images(void)
{
    struct listed l = {0};
    const struct imp_objects objects = {.self = &l, .each = each_listed};
    struct imp_target *t;
    char path[] = "/tmp/imgpipe-fuzz-XXXXXX", spec[40];
    close(mkstemp(path)); // a new file's name is made durable: not in /proc
    snprintf(spec, sizeof spec, "tar.gz:%s", path);
    const struct imp_archive_at at = {.spec = spec};
    require((t = imp_target_open(&at, IMP_TARGET_WRITE, NULL, NULL)));
    for (int i = 0; i < IMAGES; i++) {
        struct imp_staged staged;
        struct imp_publication p = {
            .staged = &staged,
            .object = {.name = names[i], .length = image[i].n}};
        const struct iovec piece = {image[i].p, image[i].n};
        require(imp_sha256_of(image[i].p, image[i].n, &p.object.digest, NULL));
        require(t->ops->stage(t, &p.object, &piece, 1, &staged, NULL));
        t->ops->publish(t, &p, 1);
        require(p.err.code == IMP_OK && list(&l, &p.object, NULL));
    }
    require(t->ops->finish(t, &objects, true, NULL));
    imp_target_free(t);
    file = open(path, O_RDWR);
    get_content(&whole);
    close(file);
    unlink(path);
    file = memfd_create("archive", MFD_CLOEXEC);
    require(file >= 0);
}

// Damage after damage: what, where, how long, and bytes.
static void damage(struct imp_buf *bytes, const uint8_t *data, size_t size)
{
    while (size >= 4) {
        size_t at = imp_le16(data + 1) % (bytes->n + 1), n = data[3];
        size_t left = bytes->n - at;
        size_t have = size - 4 < n ? size - 4 : n;
        switch (data[0] % 4) {
        case 0: // cut off
            bytes->n = at;
            break;
        case 1: // overwrite
            memcpy(bytes->p + at, data + 4, have < left ? have : left);
            break;
        case 2: // take out
            n = n < left ? n : left;
            memmove(bytes->p + at, bytes->p + at + n, left - n);
            bytes->n -= n;
            have = 0;
            break;
        case 3: // move a part of it to the end
            n = n * 8 < left ? n * 8 : left;
            if (bytes->n + n <= MOST) {
                memcpy(bytes->p + bytes->n, bytes->p + at, n);
                bytes->n += n;
            }
            have = 0;
            break;
        }
        data += 4 + have;
        size -= 4 + have;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_buf bytes = {0};
    struct listed l = {0};
    if (!whole.n) {
        make_images();
        archive_images();
    }
    require(imp_buf_reserve(&bytes, MOST, NULL));
    require(imp_buf_add(&bytes, whole.p, whole.n, NULL));
    damage(&bytes, data, size);
    set_content(imp_buf_span(&bytes));
    read_it();
    if (run_over_it(&l))
        check_whole(&l);
    imp_buf_clear(&bytes);
    return 0;
}
