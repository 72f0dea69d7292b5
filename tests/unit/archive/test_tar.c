// What a run does to an archive in one file. GNU tar, gzip, Python's tarfile
// and tests/bagit-validate.py are the judges in tests/e2e/tar.sh.
#include "tar_case.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

TestSuite(tar, .init = set_up, .fini = tear_down, .timeout = 120);

// --- Whole or torn ---

Test(tar, a_file_cut_off_anywhere_becomes_that_of_an_undisturbed_run)
{
    enum { IMAGES = 3 };
    struct imp_buf want[IMAGES + 1];
    uint64_t end[IMAGES + 1] = {0}; // of the first n images
    struct imp_object last[IMAGES + 1] = {0};
    char name[IMAGES + 1][IMP_NAME_MAX];
    for (int i = 0; i <= IMAGES; i++)
        want[i] = archive_of(i);
    for (size_t i = 0; i < known.n; i++) {
        size_t n = IMAGES - i;
        last[n] = known.object[i];
        last[n].name = memcpy(name[n], known.name[i], IMP_NAME_MAX);
        end[n] = end_of(&last[n]);
    }
    for (int recorded = 0; recorded <= IMAGES; recorded += 2)
        for (size_t n = 0; n < want[IMAGES].n; n++) {
            struct imp_err err = {0};
            size_t whole = 0;
            while (whole < IMAGES && end[whole + 1] <= n)
                whole++;
            put_bytes(path, (struct imp_span){want[IMAGES].p, n});
            struct imp_target *t = open_it();
            bool resumed =
                t->ops->resume(t, recorded ? &last[recorded] : NULL, &err);
            if (n < end[recorded]) {
                cr_expect_not(resumed);
                cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
                imp_target_free(t);
                continue;
            }
            cr_assert(resumed, "%zu: %s", n, err.msg);
            cr_expect(t->interrupted || n == 0, "%zu", n);
            cr_expect_eq(t->empty, whole == 0, "%zu", n);
            take_up(t);
            cr_expect_eq(known.n, whole, "cut at %zu: %zu images, want %zu", n,
                         known.n, whole);
            finish(t, false);
            imp_target_free(t);
            cr_assert(holds(path, imp_buf_span(&want[whole])), "cut at %zu", n);
        }
    for (int i = 0; i <= IMAGES; i++)
        imp_buf_clear(&want[i]);
}

// Of a file that was never synced a power cut may leave the size alone.
Test(tar, zeros_where_its_start_would_be_are_no_other_program_s_file)
{
    struct imp_buf want = archive_of(0), start = {0};
    cr_assert(imp_tar_start(&start, NULL));
    for (size_t n = 0; n < start.n; n++) {
        uint8_t *bytes = calloc(1, start.n + 1);
        memcpy(bytes, start.p, n);
        put_bytes(path, (struct imp_span){bytes, start.n});
        struct imp_target *t = open_it();
        cr_assert(t->ops->resume(t, NULL, NULL));
        finish(t, false);
        imp_target_free(t);
        cr_assert(holds(path, imp_buf_span(&want)), "%zu", n);

        if (memcmp(bytes, start.p, start.n) != 0) { // else it is whole
            struct imp_err err = {0};
            put_bytes(path, (struct imp_span){bytes, start.n + 1});
            cr_expect_null(open_at(text("tar.gz:%s", path), NULL, &err));
            cr_expect_eq(err.code, IMP_ERR_CONFIG, "%zu: %s", n, err.msg);
        }
        free(bytes);
    }
    imp_buf_clear(&start);
    imp_buf_clear(&want);
}

static void expect_left_alone(const struct imp_object *last, const char *words)
{
    struct imp_buf before = bytes_of(path);
    struct imp_err err = {0};
    struct imp_target *t = open_it();
    cr_expect_not(t->ops->resume(t, last, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, words), "%s", err.msg);
    imp_target_free(t);
    cr_expect(holds(path, imp_buf_span(&before)));
    imp_buf_clear(&before);
}

Test(tar, an_archive_that_is_shorter_than_the_ledger_says_is_left_alone)
{
    struct imp_buf whole = archive_of(2);
    const struct imp_object behind = {
        .name = "x", .place = whole.n, .stored = 1};
    const struct imp_object too_long = {
        .name = "x", .place = 100, .stored = UINT64_MAX};
    expect_left_alone(&behind, "shorter than the ledger says");
    expect_left_alone(&too_long, "shorter than the ledger says");
    imp_buf_clear(&whole);
}

// An older copy was put back, and a run of another state killed over it.
Test(tar, an_archive_that_has_other_objects_than_the_ledger_says_is_left_alone)
{
    static const char words[] = "does not have the ledger's last object";
    struct imp_buf whole = archive_of(3);
    // known is ordered by name: the image that came last is the first.
    struct imp_object third = known.object[0];
    char name[IMP_NAME_MAX];
    snprintf(name, sizeof name, "%s", third.name);
    put_bytes(path, (struct imp_span){whole.p, end_of(&third)}); // no tail
    struct imp_object before = third, shorter = third;
    before.place--; // begins inside of another
    before.stored++;
    expect_left_alone(&before, words);
    shorter.stored--; // ends inside of another
    expect_left_alone(&shorter, words);
    struct imp_object renamed = third;
    name[0]++;
    renamed.name = name;
    expect_left_alone(&renamed, words);
    imp_buf_clear(&whole);
}

Test(tar, a_run_with_nothing_new_leaves_the_file_untouched)
{
    struct imp_buf whole = archive_of(2);
    struct stat before, after;
    cr_assert_eq(stat(path, &before), 0);
    struct imp_target *t = resumed(&known.object[0]);
    cr_expect_not(t->interrupted);
    cr_expect_not(t->empty);
    finish(t, false);
    imp_target_free(t);
    cr_assert_eq(stat(path, &after), 0);
    cr_expect(holds(path, imp_buf_span(&whole)));
    cr_expect_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    cr_expect_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
    imp_buf_clear(&whole);
}

Test(tar, more_images_give_the_bytes_that_one_run_gives)
{
    struct imp_buf want = archive_of(5), two = archive_of(2);
    struct imp_target *t = resumed(&known.object[0]);
    for (int i = 2; i < 5; i++) {
        struct imp_object o = put_image(t, i);
        know(&known, &o);
        cr_expect_eq(size_of(path), (off_t)end_of(&o)); // the tail is gone
    }
    finish(t, true);
    imp_target_free(t);
    cr_expect(holds(path, imp_buf_span(&want)));
    imp_buf_clear(&want), imp_buf_clear(&two);
}

// As after a power cut, when later blocks came to the disk and earlier did not.
Test(tar, what_is_damaged_before_whole_images_is_not_cut)
{
    struct imp_buf whole = archive_of(3);
    struct known k;
    memcpy(&k, &known, sizeof k);
    for (size_t i = 0; i < k.n; i++)
        k.object[i].name = k.name[i];
    // known is ordered by name: the image that came last is the first.
    const struct imp_object *third = &k.object[0], *second = &k.object[1];
    size_t objects = end_of(third);
    memset(whole.p + second->place, 0, 40);
    put_bytes(path, (struct imp_span){whole.p, objects + 500}); // no tail
    struct imp_target *t = resumed(&k.object[2]);
    struct imp_err err = {0};
    cr_expect_not(t->ops->walk(t, know_file, &known, &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    cr_expect_eq(size_of(path), (off_t)objects);
    const struct imp_archive_at at = {.spec = spec};
    struct imp_target *reader =
        imp_target_open(&at, IMP_TARGET_READ, NULL, &err);
    cr_assert(reader, "%s", err.msg);
    cr_expect_not(reader->ops->walk(reader, know_file, &known, &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    imp_target_free(reader);
    // But when the ledger takes back what is behind it, it goes as well.
    cr_assert(t->ops->retract(t, third, &err), "%s", err.msg);
    cr_expect_eq(size_of(path), (off_t)second->place);
    walk(t, &known);
    cr_expect_eq(known.n, 1);
    imp_target_free(t);
    imp_buf_clear(&whole);
}

// Whoever uploads an image chooses its bytes: a whole member may be in them.
Test(tar, what_looks_like_an_image_inside_of_a_torn_one_is_none)
{
    static uint8_t noise[10000]; // so that nothing is deflated
    struct imp_err err = {0};
    struct known seen;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * i * 40503U >> 7);
    struct imp_buf two = archive_of(2), one = archive_of(1);
    const size_t first = (size_t)end_of(&known.object[0]);
    const uint8_t *member = two.p + first;
    const size_t length = (size_t)imp_le64(member + 17);
    const struct iovec pieces[] = {{noise, sizeof noise},
                                   {(void *)(uintptr_t)member, length},
                                   {noise, sizeof noise}};
    struct imp_target *t = resumed(&known.object[0]);
    struct shipped s = {.object = object_of("00/hostile", "what it is")};
    s.object.name = "00/hostile";
    s.object.length = 2 * sizeof noise + length;
    cr_assert(t->ops->stage(t, &s.object, pieces, 3, &s.staged, &err), "%s",
              err.msg);
    cr_assert(publish_as(t, &s, "00/hostile", &err), "%s", err.msg);
    imp_target_free(t);

    struct imp_buf whole = bytes_of(path);
    const uint8_t *inside =
        memmem(whole.p + first + 1, whole.n - first - 1, member, length);
    cr_assert(inside, "it was deflated");
    size_t end = (size_t)(inside - whole.p) + length;
    for (size_t n = end; n < end + 40; n++) {
        const struct imp_archive_at at = {.spec = spec};
        put_bytes(path, (struct imp_span){whole.p, n});
        t = imp_target_open(&at, IMP_TARGET_READ, NULL, &err);
        cr_assert(t, "%s", err.msg);
        walk(t, &seen);
        cr_expect_eq(seen.n, 1);
        imp_target_free(t);
        t = resumed(n % 2 ? &known.object[0] : NULL);
        cr_expect_eq(size_of(path), (off_t)first);
        finish(t, true);
        imp_target_free(t);
        cr_expect(holds(path, imp_buf_span(&one)));
    }
    imp_buf_clear(&whole), imp_buf_clear(&two), imp_buf_clear(&one);
}

// But a member that only says that it is longer than the file was not torn.
Test(tar, a_damaged_length_does_not_hide_the_images_behind_it)
{
    struct imp_buf whole = archive_of(3);
    size_t second = (size_t)known.object[1].place;
    size_t objects = (size_t)end_of(&known.object[0]);
    whole.p[second + 17 + 5] ^= 1; // of the header's length
    put_bytes(path, (struct imp_span){whole.p, objects + 500}); // no tail
    struct imp_target *t = resumed(NULL);
    struct imp_err err = {0};
    cr_expect_eq(size_of(path), (off_t)objects);
    cr_expect_not(t->ops->walk(t, know_file, &known, &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    imp_target_free(t);
    imp_buf_clear(&whole);
}

// Another ledger may have recorded it, whose run was killed before it listed
// it.
Test(tar, a_last_image_that_was_changed_is_not_cut_off)
{
    struct imp_buf whole = archive_of(2);
    struct imp_object last = known.object[0];
    whole.p[last.place + last.stored - 20] ^= 1;
    put_bytes(path, imp_buf_span(&whole));
    struct imp_target *t = resumed(&known.object[1]);
    cr_expect_eq(size_of(path), (off_t)whole.n, "a tail lists it");
    imp_target_free(t);
    put_bytes(path, (struct imp_span){whole.p, end_of(&last)});
    struct imp_err err = {0};
    t = open_it();
    cr_expect_not(t->ops->resume(t, &known.object[1], &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    cr_expect_eq(size_of(path), (off_t)end_of(&last));
    imp_target_free(t);
    imp_buf_clear(&whole);
}

// As a power cut leaves it, when its length came to the disk and it did not.
Test(tar, a_last_image_of_which_a_sector_is_missing_is_cut_off)
{
    struct imp_buf whole = archive_of(2);
    struct imp_object last = known.object[0];
    for (size_t at = last.place; at < end_of(&last);
         at = (at / 512 + 1) * 512) {
        struct imp_buf torn = {0};
        cr_assert(imp_buf_add(&torn, whole.p, end_of(&last), NULL));
        for (size_t i = at; i < torn.n && (i == at || i % 512); i++)
            torn.p[i] = 0;
        put_bytes(path, imp_buf_span(&torn));
        struct imp_target *t = resumed(&known.object[1]);
        cr_expect_eq(size_of(path), (off_t)last.place, "%zu", at);
        imp_target_free(t);
        imp_buf_clear(&torn);
    }
    imp_buf_clear(&whole);
}

Test(tar, what_was_appended_by_others_is_not_cut_off)
{
    struct imp_buf other = archive_of(1), whole = archive_of(2);
    const struct imp_object last = known.object[0];
    const size_t tail = (size_t)end_of(&last);
    const struct imp_span behind[] = {
        imp_buf_span(&other),                    // a whole archive
        {whole.p + last.place, last.stored},     // an image
        {whole.p, (size_t)known.object[1].place} // START
    };
    for (size_t i = 0; i < 3; i++) {
        struct imp_buf longer = {0};
        cr_assert(imp_buf_add(&longer, whole.p, whole.n, NULL) &&
                  imp_buf_add(&longer, behind[i].p, behind[i].n, NULL));
        put_bytes(path, imp_buf_span(&longer));
        expect_left_alone(&last, "something was appended");
        imp_buf_clear(&longer);
    }
    // But a tail that is not whole is.
    for (size_t n = tail; n < whole.n; n++) {
        put_bytes(path, (struct imp_span){whole.p, n});
        struct imp_target *t = resumed(&last);
        cr_expect_eq(size_of(path), (off_t)tail, "%zu", n);
        imp_target_free(t);
    }
    imp_buf_clear(&other), imp_buf_clear(&whole);
}

// An archive of the same images in another order, which has the same manifest.
Test(tar, the_listing_is_another_if_the_images_lie_elsewhere)
{
    struct imp_digest one, two;
    struct imp_err err = {0};
    bool present;
    for (int turn = 0; turn < 2; turn++) {
        unlink(path);
        struct imp_target *t = resumed(NULL);
        known.n = 0;
        for (int i = 0; i < 2; i++) {
            struct imp_object o = put_image(t, turn ? 1 - i : i);
            know(&known, &o);
        }
        finish(t, true);
        cr_assert(t->ops->listing(t, turn ? &two : &one, &present, &err), "%s",
                  err.msg);
        imp_target_free(t);
    }
    cr_expect_not(imp_digest_same(&one, &two));
}

// --- Whose file ---

Test(tar, a_file_that_is_not_ours_is_refused_and_left_alone)
{
    struct imp_buf ours = archive_of(1);
    static const char other[] = "some text that is longer than a header";
    put_file(text("%s/text", dir), other);
    cr_assert_eq(system(text("echo x >%s/x; tar -C %s -czf %s/other.tgz x; "
                             "mkfifo %s/pipe; mkdir %s/dir",
                             dir, dir, dir, dir, dir)),
                 0);
    ours.p[100] ^= 1;
    put_bytes(text("%s/nearly", dir), imp_buf_span(&ours));
    static const char *const names[] = {"text", "other.tgz", "pipe", "nearly"};
    for (size_t i = 0; i < 4; i++)
        for (int mode = 0; mode < 2; mode++) {
            struct imp_err err = {0};
            char *sum = text("cd %s; ls -l --full-time %s; [ -p %s ] || cat %s",
                             dir, names[i], names[i], names[i]);
            cr_assert_eq(system(text("(%s) >%s/before", sum, dir)), 0);
            const struct imp_archive_at at = {
                .spec = text("tar.gz:%s/%s", dir, names[i])};
            cr_expect_null(imp_target_open(
                &at, mode ? IMP_TARGET_READ : IMP_TARGET_WRITE, NULL, &err));
            cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s: %s", names[i], err.msg);
            cr_assert_eq(system(text("(%s) | cmp - %s/before", sum, dir)), 0);
        }
    struct imp_err err = {0};
    cr_expect_null(open_at(text("tar.gz:%s/dir", dir), NULL, &err));
    cr_expect_neq(err.code, IMP_OK);
    imp_buf_clear(&ours);
}

Test(tar, the_file_is_made_with_its_directories_as_the_umask_allows)
{
    umask(027);
    imp_target_free(open_it());
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0640);
}

// --- Publish ---

Test(tar, one_append_that_fails_leaves_no_byte_and_the_others_come_through)
{
    struct imp_err err = {0};
    struct imp_buf large = {0};
    unsigned x = 1;
    cr_assert(imp_buf_reserve(&large, 100001, NULL));
    for (; large.n < 100000; large.n++)
        large.p[large.n] = (uint8_t)(1 + (x = x * 1103515245U + 12345U) % 255);
    large.p[large.n] = '\0';
    struct imp_target *t = resumed(NULL);
    struct imp_object first = put_image(t, 0);
    off_t before = size_of(path);
    // A disk that fills up in mid-append.
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {(rlim_t)before + 20000, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct shipped a = stage_as(t, "a", (char *)large.p);
    struct shipped b = stage_as(t, "b", "small");
    struct imp_publication both[] = {{&a.staged, a.object, {0}},
                                     {&b.staged, b.object, {0}}};
    both[0].object.name = "a";
    both[1].object.name = "b";
    t->ops->publish(t, both, 2);
    cr_expect_eq(both[0].err.code, IMP_ERR_IO, "%s", both[0].err.msg);
    cr_expect_eq(both[1].err.code, IMP_OK, "%s", both[1].err.msg);
    cr_expect_eq(both[1].object.place, (uint64_t)before);
    cr_expect_eq(end_of(&both[1].object), (uint64_t)size_of(path));
    cr_expect(t->ops->retract(t, &both[0].object, &err)); // as the recorder
    t->ops->discard(t, &a.staged);
    walk(t, &known);
    cr_expect_eq(known.n, 2);
    cr_expect_str_eq(known.name[0], first.name);
    imp_target_free(t);
    imp_buf_clear(&large);
}

Test(tar, large_images_wait_in_files_without_a_name)
{
    enum { LARGE = 5000000 };
    struct imp_err err = {0};
    struct imp_buf got = {0};
    char *bytes[2] = {calloc(1, LARGE + 1), calloc(1, LARGE + 1)};
    struct shipped s[2];
    unsigned x = 1;
    cr_assert(bytes[0] && bytes[1]);
    for (size_t i = 0; i < LARGE; i++) {
        x = x * 1103515245U + 12345U;
        bytes[0][i] = (char)(1 + (x >> 16) % 255); // stored
        bytes[1][i] = (char)(1 + i / 50 % 99);     // deflated
    }
    struct imp_target *t = resumed(NULL);
    int open_files = entries("/proc/self/fd");
    for (int i = 0; i < 2; i++)
        s[i] = stage_as(t, text("%d", i), bytes[i]);
    cr_expect_eq(entries("/proc/self/fd"), open_files + 2);
    cr_expect_eq(entries(text("%s/above", dir)), 1);
    cr_expect(size_of(path) < LARGE);
    for (int i = 0; i < 2; i++) {
        char *name = text("%d", i);
        cr_assert(publish_as(t, &s[i], name, &err), "%s", err.msg);
        s[i].object.name = name;
        cr_assert(t->ops->read(t, &s[i].object, LARGE, &got, &err), "%s",
                  err.msg);
        cr_expect(got.n == LARGE && memcmp(got.p, bytes[i], LARGE) == 0);
        free(bytes[i]);
    }
    cr_expect_eq(entries("/proc/self/fd"), open_files);
    cr_expect(s[0].object.stored > LARGE && s[1].object.stored < LARGE / 10);
    cr_expect_eq(system(text("gzip -dc '%s' >/dev/null", path)), 0);
    imp_target_free(t);
    imp_buf_clear(&got);
}

Test(tar, only_the_last_with_that_digest_is_taken_back)
{
    struct imp_err err = {0};
    struct imp_buf two = archive_of(2);
    struct imp_object second = known.object[0], first = known.object[1];
    second.name = text("%s", second.name), first.name = text("%s", first.name);
    struct imp_object other = second;
    other.digest.b[0] ^= 1;
    struct imp_target *t = resumed(NULL);
    cr_expect(t->ops->retract(t, &first, &err)); // something is behind it
    cr_expect(t->ops->retract(t, &other, &err)); // other bytes have the name
    other.name = "no/such/name";
    cr_expect(t->ops->retract(t, &other, &err));
    cr_expect(holds(path, imp_buf_span(&two)));
    cr_expect(t->ops->retract(t, &second, &err), "%s", err.msg);
    cr_expect_eq(size_of(path), (off_t)end_of(&first)); // the tail, too
    cr_expect(t->ops->retract(t, &second, &err));
    cr_expect(t->ops->retract(t, &first, &err));
    cr_expect_eq(size_of(path), (off_t)first.place);
    cr_expect(t->ops->retract(t, &first, &err));
    imp_target_free(t);
    imp_buf_clear(&two);
}

Test(tar, what_a_group_before_has_recorded_is_never_taken_back)
{
    struct imp_err err = {0};
    struct imp_target *t = resumed(NULL);
    struct imp_object first = put_image(t, 0);
    struct imp_staged none = {0};
    const struct imp_staged *group[] = {&none};
    cr_assert(t->ops->settle(t, group, 0, &err));
    cr_expect(t->ops->retract(t, &first, &err));
    cr_expect_eq(size_of(path), (off_t)end_of(&first));
    imp_target_free(t);
}
