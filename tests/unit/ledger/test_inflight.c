#include "ledger/inflight.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define SLOT 8192

static char *dir;
static const struct imp_stamp stamp = {.size = 5, .inode = 7, .mtime_ns = -9};

static void set_up(void)
{
    dir = tempdir_make();
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(inflight, .init = set_up, .fini = tear_down, .timeout = 30);

static struct imp_inflight *open_it(void)
{
    struct imp_err err = {0};
    struct imp_inflight *f = imp_inflight_open(dir, &err);
    cr_assert(f, "%s", err.msg);
    return f;
}

static struct imp_inflight *start(int64_t run, unsigned slots)
{
    struct imp_err err = {0};
    struct imp_inflight *f = open_it();
    cr_assert(imp_inflight_start(f, run, slots, &err), "%s", err.msg);
    return f;
}

static bool note(void *self, const char *path, const struct imp_stamp *s,
                 struct imp_err *err)
{
    char **got = self;
    (void)err;
    cr_expect_eq(s->size, stamp.size);
    cr_expect_eq(s->inode, stamp.inode);
    cr_expect_eq(s->mtime_ns, stamp.mtime_ns);
    *got = text("%s[%s]", *got, path);
    return true;
}

// What the next start finds, as "run[path][path]".
static char *found(void)
{
    struct imp_err err = {0};
    struct imp_inflight *f = open_it();
    int64_t run;
    cr_assert(imp_inflight_left_by(f, &run, &err), "%s", err.msg);
    char *got = text("%d", (int)run);
    cr_assert(imp_inflight_each(f, note, &got, &err), "%s", err.msg);
    imp_inflight_free(f);
    return got;
}

// A process that holds `path` in slot 1 of 2, and dies.
static void die_holding(const char *path)
{
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct imp_inflight *f = start(3, 2);
        imp_inflight_hold(f, 1, text("/%04299d1", 0), &stamp);
        imp_inflight_release(f, 1);
        imp_inflight_hold(f, 1, path, &stamp);
        raise(SIGKILL);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFSIGNALED(status));
}

Test(inflight, what_a_killed_process_held_is_found)
{
    die_holding("/up/a.jpg");
    cr_expect_str_eq(found(), "3[/up/a.jpg]");
    cr_expect_str_eq(found(), "3[/up/a.jpg]", "looking changes nothing");
}

Test(inflight, what_was_released_is_not)
{
    struct imp_inflight *f = start(4, 3);
    imp_inflight_hold(f, 0, "/up/a", &stamp);
    imp_inflight_hold(f, 1, "/up/b", &stamp);
    imp_inflight_hold(f, 2, "/up/c", &stamp);
    imp_inflight_release(f, 1);
    imp_inflight_free(f);
    cr_expect_str_eq(found(), "4[/up/a][/up/c]");
}

Test(inflight, a_slot_is_used_again_whatever_was_in_it)
{
    struct imp_inflight *f = start(4, 1);
    imp_inflight_hold(f, 0, "/up/a/long/one.jpg", &stamp);
    imp_inflight_release(f, 0);
    imp_inflight_hold(f, 0, "/b", &stamp);
    imp_inflight_free(f);
    cr_expect_str_eq(found(), "4[/b]");
}

Test(inflight, a_clean_end_leaves_an_empty_file)
{
    struct stat st;
    struct imp_inflight *f = start(4, 3);
    imp_inflight_hold(f, 0, "/up/a", &stamp);
    imp_inflight_release(f, 0);
    imp_inflight_end(f);
    imp_inflight_free(f);
    cr_expect_str_eq(found(), "0");
    cr_assert_eq(stat(text("%s/in-flight", dir), &st), 0);
    cr_expect_eq(st.st_size, 0);
}

Test(inflight, after_the_end_nothing_is_found_whatever_is_held)
{
    struct imp_inflight *f = start(4, 3);
    imp_inflight_end(f);
    imp_inflight_hold(f, 1, "/up/a", &stamp);
    imp_inflight_free(f);
    cr_expect_str_eq(found(), "0");
}

Test(inflight, a_new_run_forgets_the_old_one)
{
    die_holding("/up/a.jpg");
    imp_inflight_free(start(5, 1));
    cr_expect_str_eq(found(), "5");
}

// Slot 1 as it is now.
static void read_slot(uint8_t *b)
{
    int fd = open(text("%s/in-flight", dir), O_RDONLY);
    cr_assert_eq(pread(fd, b, SLOT, 2 * SLOT), SLOT);
    close(fd);
}

static void write_slot(const uint8_t *b)
{
    int fd = open(text("%s/in-flight", dir), O_WRONLY);
    cr_assert_eq(pwrite(fd, b, SLOT, 2 * SLOT), SLOT);
    close(fd);
}

Test(inflight, what_is_half_written_is_passed_over)
{
    static uint8_t before[SLOT], after[SLOT], torn[SLOT];
    const size_t at[] = {1, 8, 9, 16, 24, 40, 41, 100, 4096, 4339};
    char *path = text("/%04300d", 1);
    struct imp_inflight *f = start(3, 2);
    imp_inflight_hold(f, 1, text("/%04300d", 2), &stamp);
    imp_inflight_release(f, 1);
    read_slot(before);
    imp_inflight_hold(f, 1, path, &stamp);
    read_slot(after);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        // Whichever half was written first.
        memcpy(torn, after, sizeof torn);
        memcpy(torn + at[i], before + at[i], sizeof torn - at[i]);
        write_slot(torn);
        cr_expect_str_eq(found(), "3", "its first %zu bytes", at[i]);
        memcpy(torn, before, sizeof torn);
        memcpy(torn + at[i], after + at[i], sizeof torn - at[i]);
        write_slot(torn);
        cr_expect_str_eq(found(), "3", "all but %zu bytes", at[i]);
    }
    write_slot(after);
    cr_expect_str_eq(found(), text("3[%s]", path));
    imp_inflight_free(f);
}

// The length is there, of a path as long as the one before.
Test(inflight, a_length_alone_brings_nothing_back)
{
    static uint8_t before[SLOT], after[SLOT];
    struct imp_inflight *f = start(3, 2);
    imp_inflight_hold(f, 1, "/up/a.jpg", &stamp);
    imp_inflight_release(f, 1);
    read_slot(before);
    imp_inflight_hold(f, 1, "/up/b.jpg", &stamp);
    read_slot(after);
    memcpy(before + 8, after + 8, 8);
    write_slot(before);
    cr_expect_str_eq(found(), "3");
    imp_inflight_free(f);
}

// As when a copy-on-write file system is full.
Test(inflight, a_page_that_cannot_be_had_loses_notes_and_kills_nobody)
{
    struct imp_inflight *f = start(3, 2);
    imp_inflight_hold(f, 0, "/up/a.jpg", &stamp);
    cr_assert_eq(truncate(text("%s/in-flight", dir), 0), 0);
    imp_inflight_hold(f, 0, "/up/b.jpg", &stamp);
    imp_inflight_hold(f, 1, "/up/c.jpg", &stamp);
    imp_inflight_release(f, 1);
    imp_inflight_end(f);
    imp_inflight_free(f);
    cr_expect_str_eq(found(), "0");
}

Test(inflight, garbage_is_nothing)
{
    put_file(text("%s/in-flight", dir), "not ours, whatever it is, and long");
    cr_assert_eq(chmod(text("%s/in-flight", dir), 0600), 0);
    cr_expect_str_eq(found(), "0");
}

Test(inflight, it_is_private_whatever_the_umask)
{
    struct stat st;
    umask(0);
    imp_inflight_free(open_it());
    cr_assert_eq(stat(text("%s/in-flight", dir), &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
}

Test(inflight, it_is_no_link)
{
    struct imp_err err = {0};
    cr_assert_eq(symlink("victim", text("%s/in-flight", dir)), 0);
    cr_expect_null(imp_inflight_open(dir, &err));
    cr_expect_not(is_there(text("%s/victim", dir)));
}

// --- Each worker has its own slot ---

struct holder {
    struct imp_inflight *f;
    unsigned slot;
};

static void *hold_many(void *self)
{
    struct holder *h = self;
    for (int i = 0; i < 1000; i++) {
        imp_inflight_hold(h->f, h->slot, "/up/other", &stamp);
        imp_inflight_release(h->f, h->slot);
    }
    imp_inflight_hold(h->f, h->slot, h->slot ? "/up/b" : "/up/a", &stamp);
    return NULL;
}

Test(inflight, workers_do_not_disturb_each_other)
{
    struct imp_inflight *f = start(4, 2);
    struct holder holder[] = {{f, 0}, {f, 1}};
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, hold_many, &holder[i]),
                     0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    imp_inflight_free(f);
    cr_expect_str_eq(found(), "4[/up/a][/up/b]");
}
