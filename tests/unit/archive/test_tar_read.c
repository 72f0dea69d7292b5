// What an archive in one file tells: its list, and its images.
#include "tar_case.h"

#include <fcntl.h>
#include <pthread.h>

TestSuite(tar_read, .init = set_up, .fini = tear_down, .timeout = 120);

// --- The list ---

Test(tar_read, each_object_of_the_list_is_told_with_its_place)
{
    struct imp_buf bytes = archive_of(4);
    struct known listed = {0};
    struct imp_err err = {0};
    struct imp_target *t = resumed(NULL);
    cr_assert(t->ops->each(t, know_object, &listed, &err), "%s", err.msg);
    cr_assert_eq(listed.n, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct imp_object *a = &listed.object[i], *b = &known.object[i];
        cr_expect_str_eq(listed.name[i], known.name[i]);
        cr_expect(a->place == b->place && a->stored == b->stored &&
                  a->length == b->length &&
                  memcmp(&a->digest, &b->digest, sizeof a->digest) == 0);
    }
    imp_target_free(t);
    imp_buf_clear(&bytes);
}

Test(tar_read, the_listing_changes_with_the_list_and_goes_with_it)
{
    struct imp_err err = {0};
    struct imp_digest d[3];
    bool present;
    for (int i = 0; i < 3; i++) {
        struct imp_buf bytes = archive_of(i);
        struct imp_target *t = open_it();
        cr_assert(t->ops->listing(t, &d[i], &present, &err), "%s", err.msg);
        cr_expect(present);
        imp_target_free(t);
        imp_buf_clear(&bytes);
    }
    cr_expect_neq(memcmp(&d[0], &d[1], sizeof d[0]), 0);
    cr_expect_neq(memcmp(&d[1], &d[2], sizeof d[0]), 0);
    struct imp_target *t = resumed(NULL);
    put_image(t, 7);
    cr_assert(t->ops->listing(t, &d[0], &present, &err), "%s", err.msg);
    cr_expect_not(present);
    imp_target_free(t);
}

Test(tar_read, an_image_that_the_ledger_does_not_list_is_an_error_at_the_end)
{
    struct imp_err err = {0};
    struct imp_target *t = resumed(NULL);
    struct imp_object o = put_image(t, 0);
    put_image(t, 1);
    know(&known, &o);
    cr_expect_not(finish_with(t, &known, true, &err));
    cr_expect_eq(err.code, IMP_ERR_IO, "%s", err.msg);
    imp_target_free(t);
}

Test(tar_read, a_search_finds_each_of_many_names_and_no_other)
{
    struct imp_err err = {0};
    struct imp_buf got = {0};
    for (int many = 0; many <= 60; many += 15) {
        struct imp_buf bytes = archive_of(many);
        const struct imp_archive_at at = {.spec = spec};
        struct imp_target *t =
            imp_target_open(&at, IMP_TARGET_READ, NULL, &err);
        cr_assert(t, "%s", err.msg);
        for (size_t i = 0; i < known.n; i++) {
            const struct imp_object by_name = {.name = known.name[i]};
            cr_assert(t->ops->read(t, &by_name, 100, &got, &err), "%s",
                      err.msg);
            cr_expect_eq(got.n, known.object[i].length);
        }
        static const char *const none[] = {"!", "55", "zz", "75/image-15 "};
        for (size_t i = 0; i < 4; i++) {
            const struct imp_object o = {.name = none[i]};
            cr_expect_not(t->ops->read(t, &o, 100, &got, &err));
            cr_expect_eq(err.code, IMP_ERR_IO, "%s", err.msg);
        }
        imp_target_free(t);
        imp_buf_clear(&bytes);
    }
    imp_buf_clear(&got);
}

// --- Reading ---

Test(tar_read,
     each_flipped_bit_of_an_image_is_noticed_by_read_or_changes_nothing)
{
    struct imp_buf got = {0}, bytes = archive_of(1);
    struct imp_object o = known.object[0];
    struct imp_target *t = resumed(NULL);
    int unnoticed = 0;
    for (size_t at = o.place; at < end_of(&o); at++) {
        struct imp_err err = {0};
        int fd = open(path, O_WRONLY);
        uint8_t bad = bytes.p[at] ^ (uint8_t)(1 << at % 8);
        cr_assert_eq(pwrite(fd, &bad, 1, (off_t)at), 1);
        if (t->ops->read(t, &o, 1000, &got, &err)) {
            cr_expect(got.n == o.length &&
                      memcmp(got.p, "bytes of image 0", got.n) == 0);
            unnoticed++;
        } else {
            cr_expect(err.code == IMP_ERR_DAMAGED, "%zu: %s", at, err.msg);
            cr_expect_eq(got.n, 0);
        }
        cr_assert_eq(pwrite(fd, bytes.p + at, 1, (off_t)at), 1);
        close(fd);
    }
    // The tail's offset, and unused bits.
    cr_expect(unnoticed <= 12, "%d", unnoticed);
    imp_target_free(t);
    imp_buf_clear(&got), imp_buf_clear(&bytes);
}

Test(tar_read, a_place_where_another_object_is_gives_no_bytes)
{
    struct imp_buf got = {0}, bytes = archive_of(2);
    struct imp_target *t = resumed(NULL);
    struct imp_object wrong[] = {known.object[0], known.object[0],
                                 known.object[0], known.object[0]};
    wrong[0].place = known.object[1].place;
    wrong[1].stored--;
    wrong[2].place = UINT64_MAX - 5;
    wrong[3].place = 0;
    for (size_t i = 0; i < 4; i++) {
        struct imp_err err = {0};
        cr_expect_not(t->ops->read(t, &wrong[i], 1000, &got, &err));
        cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%zu: %s", i, err.msg);
    }
    imp_target_free(t);
    imp_buf_clear(&got), imp_buf_clear(&bytes);
}

Test(tar_read, a_reader_sees_what_is_whole_of_a_killed_run_and_writes_nothing)
{
    struct imp_buf got = {0}, bytes = archive_of(3);
    struct imp_err err = {0};
    struct imp_object last = known.object[0], first = known.object[2];
    first.name = text("%s", first.name), last.name = text("%s", last.name);
    put_bytes(path, (struct imp_span){bytes.p, end_of(&last) - 1});
    struct imp_buf torn = bytes_of(path);
    const struct imp_archive_at at = {.spec = spec};
    struct imp_target *t = imp_target_open(&at, IMP_TARGET_READ, NULL, &err);
    cr_assert(t, "%s", err.msg);
    walk(t, &known);
    cr_expect_eq(known.n, 2);
    first.place = first.stored = 0;
    cr_expect(t->ops->read(t, &first, 1000, &got, &err), "%s", err.msg);
    cr_expect_not(t->ops->read(t, &last, 1000, &got, &err));
    imp_target_free(t);
    cr_expect(holds(path, imp_buf_span(&torn)));
    imp_buf_clear(&got), imp_buf_clear(&bytes), imp_buf_clear(&torn);
}

struct reader {
    pthread_t thread;
    struct imp_target *t;
    struct known *known;
    size_t wrong;
};

static void *read_all(void *self)
{
    struct reader *r = self;
    struct imp_buf got = {0};
    for (size_t i = 0; i < 40 * r->known->n; i++) {
        struct imp_object o = r->known->object[i % r->known->n];
        if (i % 3 == 0)
            o.place = o.stored = 0;
        r->wrong +=
            !r->t->ops->read(r->t, &o, 1000, &got, NULL) || got.n != o.length;
    }
    imp_buf_clear(&got);
    return NULL;
}

Test(tar_read, several_threads_read_at_once)
{
    struct imp_buf bytes = archive_of(20);
    struct imp_target *t = resumed(NULL);
    struct reader r[4];
    for (size_t i = 0; i < 4; i++) {
        r[i] = (struct reader){.t = t, .known = &known};
        cr_assert_eq(pthread_create(&r[i].thread, NULL, read_all, &r[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(r[i].thread, NULL);
        cr_expect_eq(r[i].wrong, 0);
    }
    imp_target_free(t);
    imp_buf_clear(&bytes);
}

Test(tar_read, any_name_that_an_object_may_have_can_be_archived)
{
    struct imp_err err = {0};
    struct imp_buf got = {0};
    struct imp_target *t = resumed(NULL);
    const char *const names[] = {text("%0255d", 1), text("%0100d/%0154d", 1, 2),
                                 "Zo\xc3\xab/x", "with a blank", "%25"};
    for (size_t i = 0; i < 5; i++) {
        struct shipped s = stage_as(t, names[i], names[i]);
        cr_assert(publish_as(t, &s, names[i], &err), "%s", err.msg);
        s.object.name = names[i];
        know(&known, &s.object);
    }
    finish(t, true);
    struct known listed = {0};
    cr_assert(t->ops->each(t, know_object, &listed, &err), "%s", err.msg);
    cr_expect_eq(listed.n, 5);
    for (size_t i = 0; i < listed.n; i++) {
        cr_expect(t->ops->read(t, &listed.object[i], 1000, &got, &err), "%s",
                  err.msg);
        cr_expect(got.n == strlen(listed.name[i]) &&
                  memcmp(got.p, listed.name[i], got.n) == 0);
    }
    imp_target_free(t);
    imp_buf_clear(&got);
}
