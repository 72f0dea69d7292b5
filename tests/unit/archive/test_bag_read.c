#include "base/name.h"

#include "../../lib/tempdir.h"
#include "shipped.h"

#include <criterion/criterion.h>
#include <sys/resource.h>

#include <signal.h>

static char *dir, *bag;
static struct imp_target *target;

static void set_up(void)
{
    struct imp_err err = {0};
    dir = tempdir_make();
    bag = text("%s/bag", dir);
    target = open_at(bag, NULL, &err);
    cr_assert(target, "%s", err.msg);
}

static void tear_down(void)
{
    imp_target_free(target);
    tempdir_remove(dir);
}

TestSuite(bag_read, .init = set_up, .fini = tear_down, .timeout = 30);

// --- What it has in data/ ---

struct seen {
    int files, others;
    char names[4000]; // " name" each
};

static bool see(void *self, const struct imp_object *file, bool regular,
                struct imp_err *err)
{
    (void)err;
    struct seen *seen = self;
    size_t at = strlen(seen->names);
    *(regular ? &seen->files : &seen->others) += 1;
    snprintf(seen->names + at, sizeof seen->names - at, " %s", file->name);
    return true;
}

static struct seen walk(void)
{
    struct imp_err err = {0};
    struct seen seen = {0};
    cr_assert(target->ops->walk(target, see, &seen, &err), "%s", err.msg);
    return seen;
}

Test(bag_read, a_walk_tells_every_file_once_and_no_directory)
{
    cr_expect_eq(walk().files, 0);
    cr_assert_eq(system(text("cd '%s/data' && mkdir -p ab/cd ef/empty && "
                             "touch ab/cd/1 ab/cd/2 ab/3 4 ef/.5",
                             bag)),
                 0);
    struct seen seen = walk();
    cr_expect_eq(seen.files, 5, "%s", seen.names);
    cr_expect_eq(seen.others, 0);
    static const char *const want[] = {" ab/cd/1", " ab/cd/2", " ab/3", " 4",
                                       " ef/.5"};
    for (size_t i = 0; i < 5; i++)
        cr_expect(strstr(seen.names, want[i]), "%s", want[i]);
}

Test(bag_read, a_walk_follows_no_link_and_opens_no_pipe)
{
    mkdir(text("%s/out", dir), 0755);
    put_file(text("%s/out/x", dir), "x");
    cr_assert_eq(symlink(text("%s/out", dir), text("%s/data/l", bag)), 0);
    cr_assert_eq(mkfifo(text("%s/data/p", bag), 0600), 0);
    struct seen seen = walk();
    cr_expect_eq(seen.files, 0, "%s", seen.names);
    cr_expect_eq(seen.others, 2);
}

Test(bag_read, a_tree_that_is_too_deep_is_told_where_it_gets_too_long)
{
    char *path = text("%s/data", bag);
    for (int i = 0; i < 200; i++) {
        path = text("%s/d", path);
        cr_assert_eq(mkdir(path, 0755), 0);
    }
    struct seen seen = walk();
    cr_expect_eq(seen.files, 0);
    cr_expect_eq(seen.others, 1);
    cr_expect_lt(strlen(seen.names), IMP_NAME_MAX + 1);
}

static bool refuse(void *self, const struct imp_object *file, bool regular,
                   struct imp_err *err)
{
    (void)file;
    (void)regular;
    ++*(int *)self;
    return imp_fail(err, IMP_ERR_IO, "enough");
}

Test(bag_read, a_walk_ends_when_it_is_told_so)
{
    struct imp_err err = {0};
    int calls = 0;
    cr_assert_eq(
        system(text("cd '%s/data' && mkdir ab && touch ab/1 ab/2 3", bag)), 0);
    cr_expect_not(target->ops->walk(target, refuse, &calls, &err));
    cr_expect_str_eq(err.msg, "enough");
    cr_expect_eq(calls, 1);
}

static bool hash(const char *name, struct imp_digest *digest, uint64_t *length,
                 struct imp_err *err)
{
    const struct imp_object object = {.name = name};
    return target->ops->hash(target, &object, digest, length, err);
}

Test(bag_read, an_object_is_hashed_as_it_is_now)
{
    struct imp_err err = {0};
    struct imp_digest digest;
    uint64_t length;
    char hex[IMP_SHA256_HEX];
    mkdir(text("%s/data/ab", bag), 0755);
    put_file(text("%s/data/ab/x", bag), "abc");
    cr_assert(hash("ab/x", &digest, &length, &err), "%s", err.msg);
    imp_digest_hex(&digest, hex);
    cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223"
                          "b00361a396177a9cb410ff61f20015ad");
    cr_expect_eq(length, 3);
    cr_expect(target->ops->settle_names(target, &err), "%s", err.msg);
}

Test(bag_read, what_is_no_file_of_the_payload_is_not_hashed)
{
    struct imp_digest digest;
    uint64_t length;
    put_file(text("%s/x", dir), "abc");
    cr_assert_eq(symlink(text("%s/x", dir), text("%s/data/l", bag)), 0);
    cr_assert_eq(symlink(dir, text("%s/data/d", bag)), 0);
    cr_assert_eq(mkfifo(text("%s/data/p", bag), 0600), 0);
    static const char *const bad[] = {"l", "d/x", "p", "missing", "no/x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        cr_expect_not(hash(bad[i], &digest, &length, &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_IO, "%s", bad[i]);
        cr_expect(strstr(err.msg, bad[i]), "%s", err.msg);
    }
    struct imp_err err = {0};
    cr_expect_not(hash("../bagit.txt", &digest, &length, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

// --- What it lists ---

Test(bag_read, the_listing_is_known_by_the_manifests_digest)
{
    struct imp_err err = {0};
    struct imp_digest digest;
    bool present = true;
    char hex[IMP_SHA256_HEX];
    cr_assert(target->ops->listing(target, &digest, &present, &err));
    cr_expect_not(present, "a new bag has none");
    put_file(text("%s/manifest-sha256.txt", bag), "abc");
    cr_assert(target->ops->listing(target, &digest, &present, &err));
    cr_expect(present);
    imp_digest_hex(&digest, hex);
    cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223"
                          "b00361a396177a9cb410ff61f20015ad");
    unlink(text("%s/manifest-sha256.txt", bag));
    mkdir(text("%s/manifest-sha256.txt", bag), 0755);
    cr_expect_not(target->ops->listing(target, &digest, &present, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
}

static bool tell_none(void *self, imp_object_fn fn, void *fn_self,
                      struct imp_err *err)
{
    (void)self, (void)fn, (void)fn_self, (void)err;
    return true;
}

Test(bag_read, a_killed_run_is_noticed_until_what_is_there_is_listed)
{
    cr_expect_not(target->interrupted);
    imp_target_free(target);
    mkdir(text("%s/.imgpipe-staging", bag), 0755);
    target = open_at(bag, NULL, NULL);
    cr_assert(target);
    cr_expect(target->interrupted);
    imp_target_free(target);
    // Until one has listed what is there.
    target = open_at(bag, NULL, NULL);
    cr_assert(target);
    cr_expect(target->interrupted);
    const struct imp_objects none = {.each = tell_none};
    cr_assert(target->ops->finish(target, &none, true, NULL));
    imp_target_free(target);
    target = open_at(bag, NULL, NULL);
    cr_assert(target);
    cr_expect_not(target->interrupted);
}

// --- Errors ---

static bool tell_many(void *self, imp_object_fn fn, void *fn_self,
                      struct imp_err *err)
{
    (void)self;
    const struct imp_object object = {.name = "ab/cd/some-name-of-an-object"};
    for (int i = 0; i < 10000; i++)
        if (!fn(fn_self, &object, err))
            return false;
    return true;
}

Test(bag_read, a_tag_file_that_cannot_be_written_is_named)
{
    struct imp_err err = {0};
    const struct imp_objects many = {.each = tell_many};
    struct rlimit old, small;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){300000, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    cr_expect_not(target->ops->finish(target, &many, true, &err));
    setrlimit(RLIMIT_FSIZE, &old);
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_eq(strncmp(err.msg, "manifest-sha256.txt: write: ", 28), 0, "%s",
                 err.msg);
}
