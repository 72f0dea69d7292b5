#include "shipped.h"

#include "base/map.h"

#include "../../lib/resident.h"
#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>

static char *dir;

static void set_up(void)
{
    dir = realpath(tempdir_make(), NULL);
    cr_assert_eq(chdir(dir), 0);
}

static void tear_down(void)
{
    tempdir_remove(dir);
    free(dir);
}

TestSuite(target, .init = set_up, .fini = tear_down);

static char *identity(const char *spec, struct imp_err *err)
{
    const struct imp_archive_at at = {.spec = spec};
    return imp_target_identity(&at, err);
}

static void expect_identity(const char *spec, const char *want)
{
    struct imp_err err = {0};
    char *got = identity(spec, &err);
    cr_expect(got, "%s: %s", spec, err.msg);
    if (got)
        cr_expect_str_eq(got, want, "%s: %s, want %s", spec, got, want);
    free(got);
}

Test(target, one_archive_has_one_identity_however_it_is_written)
{
    put_file("file", "");
    mkdir("real", 0755);
    cr_assert_eq(symlink("real", "link"), 0);
    char *real = text("%s/real", dir);
    expect_identity("real", real);
    expect_identity("bag:real", real);
    expect_identity("./real/", real);
    expect_identity("link", real);
    expect_identity(text("bag:%s/link/../real/.", dir), real);
    expect_identity("real/..", dir);
    expect_identity("/", "/");
}

Test(target, an_archive_has_its_identity_before_it_exists)
{
    mkdir("real", 0755);
    cr_assert_eq(symlink("real", "link"), 0);
    expect_identity("new", text("%s/new", dir));
    expect_identity("new/", text("%s/new", dir));
    expect_identity("link//new/./er", text("%s/real/new/er", dir));
    expect_identity("/no-such-root-directory/x", "/no-such-root-directory/x");
    mkdir("new", 0755);
    expect_identity("new", text("%s/new", dir));
}

Test(target, dot_dot_below_what_does_not_exist_has_no_identity)
{
    struct imp_err err = {0};
    cr_expect_null(identity("new/../x", &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

Test(target, an_unknown_scheme_is_refused_and_the_known_are_named)
{
    struct imp_err err = {0};
    cr_expect_null(open_at("ftp://host/x", NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, "\"ftp\""), "%s", err.msg);
    cr_expect(strstr(err.msg, "bag"), "%s", err.msg);
    cr_expect_null(identity("a:b", &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_eq(entries(dir), 0);
}

Test(target, a_path_with_a_colon_can_be_given)
{
    expect_identity("./a:b", text("%s/a:b", dir));
    expect_identity("bag:a:b", text("%s/a:b", dir));
    expect_identity(text("%s/a:b", dir), text("%s/a:b", dir));
    struct imp_target *t = open_at("./a:b", NULL, NULL);
    cr_expect(t);
    imp_target_free(t);
    cr_expect(is_there("a:b/bagit.txt"));
}

Test(target, no_place_is_an_error)
{
    struct imp_err err = {0};
    cr_expect_null(open_at("", NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_null(open_at("bag:", NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

// Each row that is a place on this machine keeps the promises of the table.
Test(target, every_target_opens_locks_and_frees_without_a_trace_of_staging)
{
    for (size_t i = 0; imp_targets[i]; i++) {
        struct imp_err err = {0};
        char *spec = text("%s:%s/target-%zu", imp_targets[i]->scheme, dir, i);
        char *where = strchr(spec, ':') + 1;
        if (strcmp(imp_targets[i]->scheme, "s3") == 0)
            continue;
        struct imp_target *t = open_at(spec, NULL, &err);
        cr_assert(t, "%s", err.msg);
        cr_expect(t->empty);
        cr_expect_null(open_at(spec, NULL, &err));
        cr_expect_eq(err.code, IMP_ERR_BUSY);
        struct shipped s = stage(t, "not an image");
        cr_expect_neq(system(text("grep -rqs 'not an image' '%s/data'", where)),
                      0);
        t->ops->discard(t, &s.staged);
        imp_target_free(t);
        cr_expect_neq(system(text("grep -rqs 'not an image' '%s'", where)), 0);
    }
}

Test(target, nothing_is_made_by_reading_what_is_not_there)
{
    for (size_t i = 0; imp_targets[i]; i++) {
        struct imp_err err = {0};
        char *spec = text("%s:%s/target-%zu", imp_targets[i]->scheme, dir, i);
        const struct imp_archive_at at = {.spec = spec};
        if (strcmp(imp_targets[i]->scheme, "s3") == 0)
            continue;
        cr_expect_null(imp_target_open(&at, IMP_TARGET_READ, NULL, &err));
        cr_expect_neq(err.code, IMP_OK);
        cr_expect_eq(entries(dir), 0);
    }
}

// Takes `left` pieces, and says no to the next.
struct taking {
    struct imp_buf bytes;
    int left;
    size_t largest;
};

static bool start_taking(void *self, struct imp_err *err)
{
    (void)err;
    ((struct taking *)self)->bytes.n = 0;
    return true;
}

static bool take(void *self, const void *bytes, size_t n, struct imp_err *err)
{
    struct taking *t = self;
    t->largest = n > t->largest ? n : t->largest;
    return t->left-- > 0 ? imp_buf_add(&t->bytes, bytes, n, err)
                         : imp_fail(err, IMP_ERR_TIMEOUT, "enough");
}

static void expect_streamed(struct imp_target *t, struct imp_object *object,
                            const char *bytes)
{
    struct imp_err err = {0};
    struct taking all = {.left = 1000}, some = {.left = 2};
    struct imp_sink sink = {&all, start_taking, take};
    cr_expect(t->ops->stream(t, object, &sink, &err), "%s", err.msg);
    cr_expect_eq(all.bytes.n, strlen(bytes));
    cr_expect_eq(memcmp(all.bytes.p, bytes, strlen(bytes)), 0);
    cr_expect_leq(all.largest, 64 * 1024);
    sink.self = &some;
    cr_expect_not(t->ops->stream(t, object, &sink, &err));
    cr_expect_eq(err.code, IMP_ERR_TIMEOUT, "%s", err.msg);
    object->name = "ab/y";
    cr_expect_not(t->ops->stream(t, object, &sink, &err), "it is not there");
    cr_expect_neq(err.code, IMP_ERR_TIMEOUT, "%s", err.msg);
    imp_buf_clear(&all.bytes);
    imp_buf_clear(&some.bytes);
}

Test(target, an_object_is_streamed_in_pieces_until_the_sink_says_no)
{
    static char bytes[300 * 1024];
    memset(bytes, 'x', sizeof bytes - 1);
    for (size_t i = 0; imp_targets[i]; i++) {
        struct imp_err err = {0};
        char *spec = text("%s:%s/target-%zu", imp_targets[i]->scheme, dir, i);
        if (strcmp(imp_targets[i]->scheme, "s3") == 0)
            continue; // tests/e2e/extract-odd.sh
        struct imp_target *t = open_at(spec, NULL, &err);
        cr_assert(t, "%s", err.msg);
        struct shipped s = stage_as(t, "ab/x", bytes);
        cr_assert(publish_as(t, &s, "ab/x", &err), "%s", err.msg);
        cr_assert(t->ops->settle_names(t, &err), "%s", err.msg);
        expect_streamed(t, &s.object, bytes);
        imp_target_free(t);
    }
}

Test(target, an_archive_is_read_while_a_run_has_it)
{
    for (size_t i = 0; imp_targets[i]; i++) {
        struct imp_err err = {0};
        struct imp_buf got = {0};
        char *spec = text("%s:%s/target-%zu", imp_targets[i]->scheme, dir, i);
        const struct imp_archive_at at = {.spec = spec};
        if (strcmp(imp_targets[i]->scheme, "s3") == 0)
            continue;
        struct imp_target *run = open_at(spec, NULL, &err);
        cr_assert(run, "%s", err.msg);
        struct shipped s = stage_as(run, "ab/x", "bytes");
        cr_assert(publish_as(run, &s, "ab/x", &err), "%s", err.msg);
        cr_assert(run->ops->settle_names(run, &err), "%s", err.msg);
        struct imp_target *t =
            imp_target_open(&at, IMP_TARGET_READ, NULL, &err);
        cr_assert(t, "%s", err.msg);
        cr_expect(t->ops->read(t, &s.object, 5, &got, &err), "%s", err.msg);
        cr_expect_eq(got.n, 5);
        cr_expect_eq(memcmp(got.p, "bytes", 5), 0);
        cr_expect_not(t->ops->read(t, &s.object, 4, &got, &err));
        cr_expect_eq(err.code, IMP_ERR_LIMIT);
        imp_buf_clear(&got);
        imp_target_free(t);
        imp_target_free(run);
    }
}

// Of a map, as of an image that is larger than memory.
Test(target, a_long_piece_of_a_map_is_staged_whole_and_fetched_as_a_file)
{
    const size_t n = ((size_t)40 << 20) + 7;
    struct imp_err err = {0};
    struct imp_map m, fetched;
    int fd = open("large", O_RDWR | O_CREAT, 0600);
    for (uint32_t i = 0; i < 4000; i++) // nothing shrinks, and it is not alike
        cr_assert_eq(pwrite(fd, &i, 4, (off_t)(i * 10007)), 4);
    cr_assert_eq(ftruncate(fd, (off_t)n), 0);
    cr_assert(imp_map_open(&m, fd, n, &err), "%s", err.msg);
    for (size_t i = 0; imp_targets[i]; i++) {
        char *spec = text("%s:%s/target-%zu", imp_targets[i]->scheme, dir, i);
        if (strcmp(imp_targets[i]->scheme, "s3") == 0)
            continue;
        struct imp_target *t = open_at(spec, NULL, &err);
        cr_assert(t, "%s", err.msg);
        uint8_t *p = (uint8_t *)(uintptr_t)m.bytes.p;
        const struct iovec piece[] = {
            {p, 10}, {p + 10, n - 30}, {p + n - 20, 0}, {p + n - 20, 20}};
        struct imp_staged staged;
        struct imp_object o = {.name = "ab/x", .length = n};
        long before = resident_kb();
        cr_assert(t->ops->stage(t, &o, piece, 4, &staged, &err), "%s", err.msg);
        cr_expect_leq(resident_kb() - before, 12 * 1024, "%s", spec);
        struct imp_publication pub = {.staged = &staged, .object = o};
        t->ops->publish(t, &pub, 1);
        cr_assert_eq(pub.err.code, IMP_OK, "%s", pub.err.msg);
        int file = imp_target_fetch(t, &pub.object, n, &err);
        cr_assert_geq(file, 0, "%s", err.msg);
        cr_assert(imp_map_open(&fetched, file, n, &err), "%s", err.msg);
        cr_expect_eq(memcmp(fetched.bytes.p, p, n), 0, "%s", spec);
        imp_map_close(&fetched);
        imp_map_give_back(m.bytes);
        close(file);
        if (!t->ops->file) {
            cr_expect_lt(imp_target_fetch(t, &pub.object, n - 1, &err), 0);
            cr_expect_eq(err.code, IMP_ERR_LIMIT);
        }
        imp_target_free(t);
    }
    imp_map_close(&m);
    close(fd);
}
