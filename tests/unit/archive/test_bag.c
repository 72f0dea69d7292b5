#include "base/file.h"
#include "sync/context.h"

#include "bagged.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>

TestSuite(bag, .init = set_up, .fini = tear_down, .timeout = 30);

struct object {
    const char *name, *bytes;
};

// As a ledger would tell them: ordered by name, ended by a NULL.
static bool tell(void *self, imp_object_fn fn, void *fn_self,
                 struct imp_err *err)
{
    for (const struct object *o = self; o->name; o++) {
        const struct imp_object object = object_of(o->name, o->bytes);
        if (!fn(fn_self, &object, err))
            return false;
    }
    return true;
}

static void finish(struct imp_target *t, struct object *objects, bool changed)
{
    struct imp_err err = {0};
    const struct imp_objects all = {.self = objects, .each = tell};
    cr_assert(t->ops->finish(t, &all, changed, &err), "%s", err.msg);
}

// --- Opening ---

Test(bag, opening_makes_a_bag_and_leaves_no_staging_behind)
{
    bag = text("%s/deep/er/bag", dir);
    struct imp_target *t = open_bag();
    cr_expect(t->empty);
    imp_target_free(t);
    cr_expect_str_eq(file_text(text("%s/bagit.txt", bag)),
                     "BagIt-Version: 1.0\n"
                     "Tag-File-Character-Encoding: UTF-8\n");
    cr_expect_eq(entries(text("%s/data", bag)), 0);
    cr_expect_eq(entries(bag), 2, "bagit.txt and data");
}

Test(bag, what_an_interrupted_run_left_staged_is_swept)
{
    mkdir(bag, 0755);
    mkdir(text("%s/.imgpipe-staging", bag), 0755);
    put_file(text("%s/.imgpipe-staging/0", bag), "torn");
    struct imp_target *t = open_bag();
    cr_expect_eq(entries(text("%s/.imgpipe-staging", bag)), 0);
    stage(t, "x");
    cr_expect_eq(entries(text("%s/.imgpipe-staging", bag)), 1);
    imp_target_free(t);
}

Test(bag, a_directory_with_something_else_in_it_is_refused_and_left_alone)
{
    struct imp_err err = {0};
    mkdir(bag, 0755);
    put_file(text("%s/holiday.jpg", bag), "sun");
    cr_expect_null(open_at(bag, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
    cr_expect_eq(entries(bag), 1);
}

Test(bag, a_bag_that_another_program_keeps_is_refused_and_left_alone)
{
    static const struct object strangers[] = {
        {"manifest-sha512.txt", ""},
        {"tagmanifest-md5.txt", ""},
        {"fetch.txt", "http://example.org/x 1 data/x\n"},
        {"bag-info.txt", "Bag-Software-Agent: bagit.py v1.8.1\n"},
        {"bagit.txt", "BagIt-Version: 0.97\n"
                      "Tag-File-Character-Encoding: UTF-8\n"},
    };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct imp_err err = {0};
        bag = text("%s/bag-%zu", dir, i);
        imp_target_free(open_bag());
        put_file(text("%s/%s", bag, strangers[i].name), strangers[i].bytes);
        int before = entries(bag);
        cr_expect_null(open_at(bag, NULL, &err), "%s", strangers[i].name);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
        cr_expect_eq(entries(bag), before);
    }
}

Test(bag, our_own_finished_bag_opens_again_and_is_not_empty)
{
    struct object objects[] = {{"a", "1"}, {0}};
    struct imp_target *t = open_bag();
    publish(t, "1", "a");
    finish(t, objects, true);
    imp_target_free(t);
    t = open_bag();
    cr_expect_not(t->empty);
    imp_target_free(t);
}

Test(bag, a_second_run_is_told_that_the_bag_is_busy_and_touches_nothing)
{
    struct imp_err err = {0};
    struct imp_target *t = open_bag();
    struct shipped staged = stage(t, "x");
    cr_expect_null(open_at(bag, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_BUSY);
    cr_expect(publish_as(t, &staged, "x", &err), "%s", err.msg);
    imp_target_free(t);
    imp_target_free(open_bag());
}

static void *cancel_soon(void *ctx)
{
    usleep(50000);
    imp_ctx_cancel(ctx, IMP_CAUSE_SIGINT);
    return NULL;
}

static void *free_soon(void *t)
{
    usleep(50000);
    imp_target_free(t);
    return NULL;
}

Test(bag, a_waiting_run_gets_the_bag_when_the_first_lets_go)
{
    struct imp_err err = {0};
    pthread_t thread;
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    pthread_create(&thread, NULL, free_soon, open_bag());
    struct imp_target *t = open_at(bag, ctx, &err);
    cr_expect(t, "%s", err.msg);
    pthread_join(thread, NULL);
    imp_target_free(t);
    imp_ctx_free(ctx);
}

Test(bag, waiting_for_the_bag_ends_with_a_cancel)
{
    struct imp_err err = {0};
    pthread_t thread;
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_target *t = open_bag();
    pthread_create(&thread, NULL, cancel_soon, ctx);
    cr_expect_null(open_at(bag, ctx, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    pthread_join(thread, NULL);
    imp_target_free(t);
    imp_ctx_free(ctx);
}

// --- Names ---

Test(bag, settled_and_published_images_are_there_under_their_names)
{
    struct imp_err err = {0};
    struct shipped shipped[20];
    const struct imp_staged *group[20];
    struct imp_publication published[20];
    struct imp_target *t = open_bag();
    for (size_t n = 1; n <= 20; n += 19) { // a few, and many
        for (size_t i = 0; i < n; i++) {
            shipped[i] = stage(t, text("%zu of %zu", i, n));
            group[i] = &shipped[i].staged;
            published[i] = (struct imp_publication){
                .staged = &shipped[i].staged, .object = shipped[i].object};
            published[i].object.name = text("%zu/%zu/x", n, i);
        }
        cr_expect(t->ops->settle(t, group, n, &err), "%s", err.msg);
        t->ops->publish(t, published, n);
        for (size_t i = 0; i < n; i++)
            cr_expect_eq(published[i].err.code, IMP_OK);
        cr_expect(t->ops->settle_names(t, &err), "%s", err.msg);
    }
    imp_target_free(t);
    cr_expect_str_eq(file_text(text("%s/data/1/0/x", bag)), "0 of 1");
    for (size_t i = 0; i < 20; i++)
        cr_expect_str_eq(file_text(text("%s/data/20/%zu/x", bag, i)),
                         text("%zu of 20", i));
}

Test(bag, settle_fails_if_the_data_cannot_be_made_durable)
{
    struct imp_err err = {0};
    struct imp_target *t = open_bag();
    struct shipped staged = stage(t, "x");
    const struct imp_staged *group[] = {&staged.staged};
    t->ops->discard(t, &staged.staged);
    cr_expect_not(t->ops->settle(t, group, 1, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    imp_target_free(t);
}

Test(bag, publish_never_overwrites_other_bytes)
{
    struct imp_err err = {0};
    struct imp_target *t = open_bag();
    publish(t, "first", "ab/x");
    struct shipped other = stage(t, "other");
    cr_expect_not(publish_as(t, &other, "ab/x", &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_str_eq(file_text(text("%s/data/ab/x", bag)), "first");
    cr_expect(publish_as(t, &other, "ab/y", &err), "still the caller's");
    imp_target_free(t);
}

Test(bag, publish_over_the_same_bytes_succeeds_and_drops_the_temporary)
{
    struct imp_target *t = open_bag();
    publish(t, "same", "x");
    publish(t, "same", "x");
    cr_expect_eq(entries(text("%s/.imgpipe-staging", bag)), 0);
    cr_expect_str_eq(file_text(text("%s/data/x", bag)), "same");
    imp_target_free(t);
}

Test(bag, no_name_leads_out_of_the_payload)
{
    static const char *const bad[] = {"../x", "/tmp/imgpipe-x", "a/../../x",
                                      "",     "a//b",           "a\nb"};
    struct imp_target *t = open_bag();
    struct shipped staged = stage(t, "x");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        cr_expect_not(publish_as(t, &staged, bad[i], &err), "%zu", i);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        staged.object.name = bad[i];
        cr_expect_not(t->ops->retract(t, &staged.object, &err), "%zu", i);
    }
    // nor does a link that someone put there
    mkdir(text("%s/out", dir), 0755);
    cr_assert_eq(symlink(text("%s/out", dir), text("%s/data/ab", bag)), 0);
    cr_expect_not(publish_as(t, &staged, "ab/x", NULL));
    cr_expect_eq(entries(text("%s/out", dir)), 0);
    imp_target_free(t);
}

Test(bag, retract_removes_what_has_the_digest_and_directories_left_empty)
{
    struct imp_err err = {0};
    struct imp_target *t = open_bag();
    struct shipped staged = stage(t, "x");
    cr_assert(publish_as(t, &staged, "ab/cd/x", &err));
    publish(t, "y", "ab/y");
    cr_expect(t->ops->retract(t, &staged.object, &err), "%s", err.msg);
    cr_expect_not(is_there(text("%s/data/ab/cd", bag)));
    cr_expect(is_there(text("%s/data/ab/y", bag)));
    cr_expect(t->ops->retract(t, &staged.object, &err),
              "not there is success: %s", err.msg);
    cr_expect(t->ops->settle_names(t, &err),
              "a directory that is gone needs no fsync: %s", err.msg);
    imp_target_free(t);
}

Test(bag, retract_leaves_other_bytes_alone)
{
    struct imp_err err = {0};
    struct imp_target *t = open_bag();
    struct shipped mine = stage(t, "mine");
    publish(t, "theirs", "x");
    cr_expect(t->ops->retract(t, &mine.object, &err), "%s", err.msg);
    cr_expect_str_eq(file_text(text("%s/data/x", bag)), "theirs");
    imp_target_free(t);
}

// --- The end ---

Test(bag, a_finished_bag_is_listed_as_rfc_8493_and_sha256sum_want_it)
{
    struct object objects[] = {
        {"50%.jpg", "percent"}, {"ab/cd/1.jpg", "one"}, {"ab/x", ""}, {0}};
    struct imp_target *t = open_bag();
    for (struct object *o = objects; o->name; o++)
        publish(t, o->bytes, o->name);
    finish(t, objects, true);
    imp_target_free(t);
    cr_expect_eq(system(text("cd '%s' && sha256sum --quiet -c "
                             "tagmanifest-sha256.txt",
                             bag)),
                 0);
    // printf percent | sha256sum, and so on
    cr_expect_str_eq(
        file_text(text("%s/manifest-sha256.txt", bag)),
        "fd86717aca41c558c78c19ab2b50691179a57ba5200bc7e3317be70efd4043ad"
        "  data/50%25.jpg\n"
        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
        "  data/ab/cd/1.jpg\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        "  data/ab/x\n");
    cr_expect_str_eq(file_text(text("%s/bag-info.txt", bag)),
                     "Bag-Software-Agent: imgpipe " IMP_VERSION "\n"
                     "Payload-Oxum: 10.3\n");
}

Test(bag, an_empty_archive_is_a_bag_too)
{
    struct object none[] = {{0}};
    struct imp_target *t = open_bag();
    finish(t, none, false);
    imp_target_free(t);
    cr_expect_str_eq(file_text(text("%s/manifest-sha256.txt", bag)), "");
    cr_expect_eq(system(text("cd '%s' && sha256sum --quiet -c "
                             "tagmanifest-sha256.txt",
                             bag)),
                 0);
}

Test(bag, finish_writes_nothing_if_nothing_changed)
{
    struct object none[] = {{0}};
    struct stat before, after;
    struct imp_target *t = open_bag();
    finish(t, none, true);
    stat(text("%s/manifest-sha256.txt", bag), &before);
    finish(t, none, false);
    stat(text("%s/manifest-sha256.txt", bag), &after);
    cr_expect_eq(before.st_ino, after.st_ino);
    unlink(text("%s/tagmanifest-sha256.txt", bag));
    finish(t, none, false);
    cr_expect(is_there(text("%s/tagmanifest-sha256.txt", bag)));
    imp_target_free(t);
}

static bool refuse(void *self, imp_object_fn fn, void *fn_self,
                   struct imp_err *err)
{
    (void)self;
    (void)fn;
    (void)fn_self;
    return imp_fail(err, IMP_ERR_IO, "ledger: torn");
}

Test(bag, a_finish_that_fails_keeps_the_old_manifest)
{
    struct imp_err err = {0};
    struct object one[] = {{"a", "1"}, {0}};
    struct imp_target *t = open_bag();
    publish(t, "1", "a");
    finish(t, one, true);
    char *before = file_text(text("%s/manifest-sha256.txt", bag));
    const struct imp_objects broken = {.each = refuse};
    cr_expect_not(t->ops->finish(t, &broken, true, &err));
    cr_expect_str_eq(err.msg, "ledger: torn");
    imp_target_free(t);
    cr_expect_str_eq(file_text(text("%s/manifest-sha256.txt", bag)), before);
    cr_expect_eq(entries(bag), 5, "no temporary");
}

struct told {
    int n;
    char lines[1000];
};

static bool note(void *self, const struct imp_object *o, struct imp_err *err)
{
    (void)err;
    struct told *told = self;
    size_t at = strlen(told->lines);
    told->n++;
    snprintf(told->lines + at, sizeof told->lines - at, "%s %02x %llu\n",
             o->name, o->digest.b[0], (unsigned long long)o->length);
    return true;
}

Test(bag, each_tells_what_the_manifest_lists)
{
    struct imp_err err = {0};
    struct told told = {0};
    struct object objects[] = {{"50%", "x"}, {"ab/one", "one"}, {0}};
    struct imp_target *t = open_bag();
    cr_expect(t->ops->each(t, note, &told, &err), "a new bag lists none");
    cr_expect_eq(told.n, 0);
    publish(t, "x", "50%");
    publish(t, "one", "ab/one");
    finish(t, objects, true);
    cr_expect(t->ops->each(t, note, &told, &err), "%s", err.msg);
    cr_expect_str_eq(told.lines, "50% 2d 1\nab/one 76 3\n");
    imp_target_free(t);
}

Test(bag, each_fails_if_a_listed_object_is_missing)
{
    struct imp_err err = {0};
    struct told told = {0};
    struct object objects[] = {{"a", "1"}, {0}};
    struct imp_target *t = open_bag();
    publish(t, "1", "a");
    finish(t, objects, true);
    unlink(text("%s/data/a", bag));
    cr_expect_not(t->ops->each(t, note, &told, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    put_file(text("%s/manifest-sha256.txt", bag), "no manifest\n");
    cr_expect_not(t->ops->each(t, note, &told, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    imp_target_free(t);
}
