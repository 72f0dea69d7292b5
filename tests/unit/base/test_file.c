#include "base/file.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

static char *dir;

static void set_up(void)
{
    dir = tempdir_make();
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(file, .init = set_up, .fini = tear_down, .timeout = 30);

static int open_dir(void)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(fd, 0);
    return fd;
}

// --- Reading and writing ---

struct slow_reader {
    int fd;
    size_t got;
    unsigned sum;
};

static void *read_slowly(void *arg)
{
    struct slow_reader *r = arg;
    unsigned char bytes[3000];
    for (ssize_t n; (n = read(r->fd, bytes, sizeof bytes)) > 0;) {
        for (ssize_t i = 0; i < n; i++)
            r->sum = r->sum * 31 + bytes[i];
        r->got += (size_t)n;
    }
    return NULL;
}

static void nothing(int signal)
{
    (void)signal;
}

Test(file, a_write_that_signals_cut_short_goes_on_to_its_end)
{
    enum { SIZE = 4 << 20 };
    unsigned char *bytes = malloc(SIZE);
    unsigned sum = 0;
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = (unsigned char)(i * 7 + i / 251);
        sum = sum * 31 + bytes[i];
    }
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    struct slow_reader reader = {.fd = ends[0]};
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, NULL); // the reader is left alone
    pthread_t thread;
    pthread_create(&thread, NULL, read_slowly, &reader);
    struct sigaction act = {.sa_handler = nothing}; // no SA_RESTART
    sigaction(SIGALRM, &act, NULL);
    pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
    struct itimerval often = {{0, 200}, {0, 200}};
    setitimer(ITIMER_REAL, &often, NULL);

    struct iovec pieces[] = {{bytes, 1000},
                             {NULL, 0},
                             {bytes + 1000, SIZE - 1001},
                             {bytes + SIZE - 1, 1}};
    struct imp_err err = {0};
    cr_expect(imp_file_writev(ends[1], pieces, 4, &err), "%s", err.msg);

    struct itimerval never = {0};
    setitimer(ITIMER_REAL, &never, NULL);
    close(ends[1]);
    pthread_join(thread, NULL);
    cr_expect_eq(reader.got, SIZE);
    cr_expect_eq(reader.sum, sum);
    free(bytes);
}

Test(file, a_full_disk_is_an_io_error_that_says_so)
{
    struct imp_err err = {0};
    int fd = open("/dev/full", O_WRONLY);
    cr_assert_geq(fd, 0);
    cr_expect_not(imp_file_write(fd, "abc", 3, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_str_eq(err.msg, "write: No space left on device");
    close(fd);
}

Test(file, read_stops_short_only_at_the_end)
{
    char bytes[16] = "";
    size_t got = 99;
    put_file(text("%s/f", dir), "hello");
    int fd = open(text("%s/f", dir), O_RDONLY);
    cr_expect(imp_file_read(fd, bytes, 3, &got, NULL));
    cr_expect_eq(got, 3);
    cr_expect(imp_file_read(fd, bytes, sizeof bytes, &got, NULL));
    cr_expect_eq(got, 2);
    cr_expect(imp_file_read(fd, bytes, sizeof bytes, &got, NULL));
    cr_expect_eq(got, 0);
    close(fd);
}

// --- Directories ---

Test(file, dir_make_makes_all_that_is_missing_and_accepts_what_is_there)
{
    struct imp_err err = {0};
    int fd = open_dir();
    cr_expect(imp_dir_make(fd, "a/b//c/", 0700, &err), "%s", err.msg);
    cr_expect(imp_dir_make(fd, "a/b/c", 0700, &err), "%s", err.msg);
    cr_expect(imp_dir_make(AT_FDCWD, text("%s/x/y", dir), 0700, &err));
    cr_expect(imp_dir_make(AT_FDCWD, "/", 0700, &err), "%s", err.msg);
    struct stat st;
    cr_assert_eq(stat(text("%s/a/b/c", dir), &st), 0);
    cr_expect(S_ISDIR(st.st_mode));
    cr_expect_eq(st.st_mode & 0777, 0700);
    cr_expect(is_there(text("%s/x/y", dir)));
    close(fd);
}

Test(file, dir_make_fails_where_a_file_is_in_the_way)
{
    struct imp_err err = {0};
    put_file(text("%s/f", dir), "");
    cr_expect_not(imp_dir_make(AT_FDCWD, text("%s/f", dir), 0700, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_not(imp_dir_make(AT_FDCWD, text("%s/f/g", dir), 0700, &err));
    cr_expect_not(imp_dir_make(AT_FDCWD, "", 0700, &err));
}

// --- Locks ---

struct patience {
    int tries;
    int held; // closed at the third try
};

static bool let_go_at_the_third(void *self)
{
    struct patience *p = self;
    if (++p->tries == 3)
        close(p->held);
    return true;
}

static bool give_up(void *self)
{
    (void)self;
    return false;
}

Test(file, a_lock_is_held_by_one_descriptor_until_it_is_closed)
{
    struct imp_err err = {0};
    int first = open_dir(), second = open_dir();
    cr_expect(imp_file_lock(first, NULL, NULL, &err), "%s", err.msg);
    cr_expect_not(imp_file_lock(second, NULL, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_BUSY);
    close(first);
    cr_expect(imp_file_lock(second, NULL, NULL, &err));
    close(second);
}

Test(file, waiting_for_a_lock_ends_with_the_lock_or_when_told_to)
{
    struct imp_err err = {0};
    struct patience patience = {.held = open_dir()};
    int waiter = open_dir();
    cr_assert(imp_file_lock(patience.held, NULL, NULL, NULL));
    cr_expect_not(imp_file_lock(waiter, give_up, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    cr_expect(imp_file_lock(waiter, let_go_at_the_third, &patience, NULL));
    cr_expect_eq(patience.tries, 3);
    close(waiter);
}

Test(file, what_cannot_be_locked_is_told_apart_from_what_is_locked)
{
    struct imp_err err = {0};
    int fd = open(dir, O_PATH); // as NFS answers for a directory: EBADF
    cr_expect_not(imp_file_lock(fd, NULL, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    close(fd);
}

// --- A file that appears whole ---

Test(file, an_outfile_is_not_seen_before_its_commit)
{
    struct imp_err err = {0};
    int fd = open_dir();
    put_file(text("%s/f", dir), "old");
    struct imp_outfile *out = imp_outfile_open(fd, "f", "tmp", 0600, &err);
    cr_assert(out, "%s", err.msg);
    cr_expect(imp_outfile_add(out, "new", 3, &err));
    cr_expect_str_eq(file_text(text("%s/f", dir)), "old");
    cr_expect(imp_outfile_commit(out, &err), "%s", err.msg);
    imp_outfile_free(out);
    cr_expect_str_eq(file_text(text("%s/f", dir)), "new");
    cr_expect_eq(entries(dir), 1, "no temporary is left");
    close(fd);
}

Test(file, an_outfile_without_commit_leaves_all_as_it_was)
{
    int fd = open_dir();
    put_file(text("%s/f", dir), "old");
    struct imp_outfile *out = imp_outfile_open(fd, "f", "tmp", 0600, NULL);
    cr_assert(out);
    cr_expect(imp_outfile_add(out, "new", 3, NULL));
    imp_outfile_free(out);
    cr_expect_str_eq(file_text(text("%s/f", dir)), "old");
    cr_expect_eq(entries(dir), 1, "no temporary is left");
    close(fd);
}

Test(file, an_outfile_takes_the_place_of_an_interrupted_ones_temporary)
{
    int fd = open_dir();
    put_file(text("%s/tmp", dir), "torn, and longer than what follows");
    struct imp_outfile *out = imp_outfile_open(fd, "f", "tmp", 0600, NULL);
    cr_assert(out);
    cr_expect(imp_outfile_add(out, "x", 1, NULL));
    cr_expect(imp_outfile_commit(out, NULL));
    imp_outfile_free(out);
    cr_expect_str_eq(file_text(text("%s/f", dir)), "x");
    close(fd);
}

Test(file, an_outfile_keeps_the_order_of_small_and_large_pieces)
{
    int fd = open_dir();
    size_t big = 200000;
    char *a = malloc(big);
    memset(a, 'a', big);
    struct imp_outfile *out = imp_outfile_open(fd, "f", "tmp", 0600, NULL);
    cr_assert(out);
    cr_expect(imp_outfile_add(out, "<", 1, NULL));
    cr_expect(imp_outfile_add(out, a, big, NULL));
    for (int i = 0; i < 70000; i++)
        cr_expect(imp_outfile_add(out, "bc", 2, NULL));
    cr_expect(imp_outfile_add(out, ">", 1, NULL));
    cr_expect(imp_outfile_commit(out, NULL));
    imp_outfile_free(out);
    free(a);
    cr_expect_eq(system(text("python3 -c \"import sys; sys.exit("
                             "open('%s/f','rb').read() != "
                             "b'<' + b'a'*200000 + b'bc'*70000 + b'>')\"",
                             dir)),
                 0);
    close(fd);
}

Test(file, a_write_that_fails_shows_at_the_commit_and_the_old_file_stays)
{
    struct imp_err err = {0};
    int fd = open_dir();
    put_file(text("%s/f", dir), "old");
    struct imp_outfile *out = imp_outfile_open(fd, "f", "tmp", 0600, NULL);
    cr_assert(out);
    cr_expect(imp_outfile_add(out, "new", 3, NULL));
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, none = {1, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &old);
    none.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_FSIZE, &none);
    cr_expect_not(imp_outfile_commit(out, &err));
    setrlimit(RLIMIT_FSIZE, &old);
    cr_expect_eq(err.code, IMP_ERR_IO);
    imp_outfile_free(out);
    cr_expect_str_eq(file_text(text("%s/f", dir)), "old");
    cr_expect_eq(entries(dir), 1, "no temporary is left");
    close(fd);
}

// --- Private files ---

static mode_t mode_of(const char *name)
{
    struct stat st;
    cr_assert_eq(lstat(text("%s/%s", dir, name), &st), 0);
    return st.st_mode & 07777;
}

Test(file, a_private_file_is_made_with_mode_0600_whatever_the_umask)
{
    static const mode_t masks[] = {0, 022, 0777};
    int dirfd = open_dir();
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        char *name = text("made-%zu", i);
        umask(masks[i]);
        int fd = imp_file_open_private(dirfd, name, O_RDWR | O_CREAT, NULL);
        cr_assert_geq(fd, 0);
        cr_expect_eq(mode_of(name), 0600);
        close(fd);
        fd = imp_file_open_private(dirfd, name, O_RDWR | O_CREAT, NULL);
        cr_expect_geq(fd, 0, "and again");
        close(fd);
    }
    close(dirfd);
}

Test(file, a_private_file_that_is_not_there_is_only_made_when_asked_for)
{
    struct imp_err err = {0};
    int dirfd = open_dir();
    errno = 0;
    cr_expect_eq(imp_file_open_private(dirfd, "x", O_RDONLY, &err), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_eq(entries(dir), 0);
    close(dirfd);
}

Test(file, a_file_that_others_may_touch_is_not_private)
{
    struct imp_err err = {0};
    int dirfd = open_dir();
    static const mode_t open_modes[] = {0640, 0604, 0610, 0601, 0620, 0602};
    put_file(text("%s/x", dir), "");
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        chmod(text("%s/x", dir), open_modes[i]);
        cr_expect_eq(imp_file_open_private(dirfd, "x", O_RDWR, &err), -1);
        cr_expect_neq(errno, ENOENT);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        char *found = text("%04o", (unsigned)open_modes[i]);
        cr_expect_not(imp_file_private_at(dirfd, "x", NULL));
        cr_expect(strstr(err.msg, found) && strstr(err.msg, "0600"), "%s",
                  err.msg);
        cr_expect_eq(mode_of("x"), open_modes[i], "it is left as it was");
    }
    chmod(text("%s/x", dir), 0400);
    int fd = imp_file_open_private(dirfd, "x", O_RDONLY, &err);
    cr_expect_geq(fd, 0, "less is fine: %s", err.msg);
    close(fd);
    close(dirfd);
}

Test(file, links_fifos_and_directories_are_no_private_files)
{
    struct imp_err err = {0};
    int dirfd = open_dir();
    put_file(text("%s/x", dir), "");
    chmod(text("%s/x", dir), 0600);
    cr_assert_eq(symlink("x", text("%s/link", dir)), 0);
    cr_assert_eq(symlink("nowhere", text("%s/dangling", dir)), 0);
    cr_assert_eq(mkfifo(text("%s/fifo", dir), 0600), 0);
    cr_assert_eq(mkdir(text("%s/dir", dir), 0700), 0);
    static const char *const names[] = {"link", "dangling", "fifo", "dir"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        err.msg[0] = '\0';
        cr_expect_eq(
            imp_file_open_private(dirfd, names[i], O_RDONLY | O_CREAT, &err),
            -1, "%s", names[i]);
        cr_expect(err.msg[0], "%s", names[i]);
        cr_expect_not(imp_file_private_at(dirfd, names[i], &err), "%s",
                      names[i]);
    }
    cr_expect(imp_file_private_at(dirfd, "x", &err), "%s", err.msg);
    cr_expect(imp_file_private_at(dirfd, "not-there", &err), "%s", err.msg);
    cr_expect_not(is_there(text("%s/nowhere", dir)));
    close(dirfd);
}

Test(file, a_file_of_another_user_is_not_private)
{
    struct imp_err err = {0};
    if (geteuid() != 0) {
        fprintf(stderr, "skipped: only root can give a file away\n");
        return;
    }
    int dirfd = open_dir();
    put_file(text("%s/x", dir), "");
    chmod(text("%s/x", dir), 0600);
    cr_assert_eq(chown(text("%s/x", dir), 12345, 0), 0);
    cr_expect_eq(imp_file_open_private(dirfd, "x", O_RDONLY, &err), -1);
    cr_expect(strstr(err.msg, "12345"), "%s", err.msg);
    close(dirfd);
}

Test(file, directories_on_the_way_can_be_used_whatever_the_umask)
{
    struct imp_err err = {0};
    int dirfd = open_dir();
    umask(0777);
    cr_expect(imp_dir_make(dirfd, "a/b/c", 0700, &err), "%s", err.msg);
    umask(022);
    cr_expect_eq(mode_of("a"), 0700);
    cr_expect_eq(mode_of("a/b"), 0700);
    cr_expect_eq(mode_of("a/b/c"), 0);
    cr_expect(imp_dir_make(dirfd, "d/e", 0750, &err), "%s", err.msg);
    cr_expect_eq(mode_of("d"), 0750);
    close(dirfd);
}
