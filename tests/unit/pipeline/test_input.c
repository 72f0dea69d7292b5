#include "base/map.h"
#include "pipeline/input.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>

static struct imp_err err;
static char *dir;

static void set_up(void)
{
    dir = realpath(tempdir_make(), NULL);
}

static void tear_down(void)
{
    tempdir_remove(dir);
    free(dir);
}

TestSuite(input, .init = set_up, .fini = tear_down, .timeout = 60);

#define LARGE ((size_t)IMP_INPUT_MAPPED + 1000)

// An object of pixels and nothing else: preamble, meta group, (7FE0,0010).
static const uint8_t dicom[] = {
    'D',  'I',  'C',  'M', 2,   0,   0x10, 0,   'U', 'I', 20,  0, // (0002,0010)
    '1',  '.',  '2',  '.', '8', '4', '0',  '.', '1', '0', '0', '0',
    '8',  '.',  '1',  '.', '2', '.', '1',  0, // explicit little endian
    0xE0, 0x7F, 0x10, 0,   'O', 'W', 0,    0};

static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                              0,    0,   0,   13,  'I',  'H',  'D',  'R'};

static struct imp_job *a_file(const char *name, bool is_dicom, size_t n)
{
    struct stat st;
    char *path = text("%s/%s", dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(ftruncate(fd, (off_t)n), 0);
    if (!is_dicom)
        cr_assert_eq(pwrite(fd, png, sizeof png, 0), sizeof png);
    if (is_dicom) {
        size_t head = 128 + sizeof dicom + 4;
        uint32_t length = (uint32_t)(n - head);
        cr_assert_eq(pwrite(fd, dicom, sizeof dicom, 128), sizeof dicom);
        cr_assert_eq(pwrite(fd, &length, 4, (off_t)head - 4), 4);
    }
    cr_assert_eq(pwrite(fd, "end", 3, (off_t)n - 3), 3);
    cr_assert_eq(fstat(fd, &st), 0);
    close(fd);
    struct imp_stamp stamp = imp_stamp_of(&st);
    return imp_job_new(path, strlen(path), strlen(dir), &stamp);
}

static void expect_end(struct imp_span bytes, size_t n)
{
    cr_assert_eq(bytes.n, n);
    cr_expect_eq(memcmp(bytes.p + n - 3, "end", 3), 0);
}

static void expect_read(struct imp_job *job, size_t n)
{
    struct imp_input in = {0};
    const struct imp_limits limits = {.max_bytes = n, .max_mapped = UINT64_MAX};
    const struct imp_limits less = {.max_bytes = n - 1,
                                    .max_mapped = UINT64_MAX};
    cr_assert(imp_input_open(&in, job, &limits, &err), "%s", err.msg);
    expect_end(in.bytes, n);
    cr_expect_not(imp_map_has(in.bytes));
    cr_expect(imp_input_check(&in, &err));
    imp_input_close(&in);
    cr_expect_not(imp_input_open(&in, job, &less, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    imp_input_close(&in);
    imp_input_clear(&in);
    imp_job_free(job);
}

Test(input, what_is_no_such_format_is_read_whatever_its_length)
{
    expect_read(a_file("small", false, 1000), 1000);
    expect_read(a_file("large", false, LARGE), LARGE);
}

Test(input, small_objects_are_read)
{
    expect_read(a_file("small", true, 1000), 1000);
}

Test(input, a_large_object_is_mapped_and_has_another_limit)
{
    struct imp_input in = {0};
    const struct imp_limits limits = {.max_bytes = 10, .max_mapped = LARGE};
    const struct imp_limits less = {.max_bytes = UINT64_MAX,
                                    .max_mapped = LARGE - 1};
    const struct imp_limits one = {.max_bytes = LARGE - 1};
    struct imp_job *job = a_file("large", true, LARGE);
    cr_assert(imp_input_open(&in, job, &limits, &err), "%s", err.msg);
    expect_end(in.bytes, LARGE);
    cr_expect(imp_map_has(in.bytes));
    cr_expect(imp_input_check(&in, &err));
    cr_expect_not(imp_input_open(&in, job, &less, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect_not(imp_input_open(&in, job, &one, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    imp_input_close(&in);
    imp_input_clear(&in);
    imp_job_free(job);
}

Test(input, a_mapped_object_that_is_cut_short_is_unsettled)
{
    struct imp_input in = {0};
    const struct imp_limits limits = {.max_mapped = LARGE};
    struct imp_job *job = a_file("large", true, LARGE);
    cr_assert(imp_input_open(&in, job, &limits, &err), "%s", err.msg);
    cr_assert_eq(truncate(job->path, 100), 0);
    cr_expect_eq(in.bytes.p[LARGE - 3], 0);
    cr_expect_not(imp_input_check(&in, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED);
    imp_input_close(&in);
    cr_expect(imp_input_check(&in, &err));
    imp_input_clear(&in);
    imp_job_free(job);
}

// --- What an archive has ---

static struct imp_target *open_with(const char *scheme, struct imp_object *o,
                                    bool is_dicom, size_t n)
{
    struct imp_input in = {0};
    struct imp_staged staged;
    const struct imp_archive_at at = {
        .spec = text("%s:%s/%s-%d-%zu", scheme, dir, scheme, is_dicom, n)};
    const struct imp_limits any = {.max_bytes = UINT64_MAX};
    struct imp_job *job = a_file("object", is_dicom, n);
    struct imp_target *t = imp_target_open(&at, IMP_TARGET_WRITE, NULL, &err);
    cr_assert(t, "%s", err.msg);
    cr_assert(!t->ops->resume || t->ops->resume(t, NULL, &err), "%s", err.msg);
    cr_assert(imp_input_open(&in, job, &any, &err), "%s", err.msg);
    *o = (struct imp_object){.name = "x", .length = n};
    const struct iovec piece = {(void *)(uintptr_t)in.bytes.p, n};
    cr_assert(t->ops->stage(t, o, &piece, 1, &staged, &err), "%s", err.msg);
    struct imp_publication p = {.staged = &staged, .object = *o};
    t->ops->publish(t, &p, 1);
    cr_assert_eq(p.err.code, IMP_OK, "%s", p.err.msg);
    *o = p.object;
    imp_input_close(&in);
    imp_input_clear(&in);
    imp_job_free(job);
    return t;
}

Test(input, an_object_of_an_archive_is_read_or_mapped_in_the_same_way)
{
    static const char *const schemes[] = {"bag", "tar.gz"};
    static const size_t sizes[] = {1000, LARGE, IMP_INPUT_COPIED + 1000};
    for (int i = 0; i < 12; i++) {
        struct imp_input in = {0};
        struct imp_object o;
        bool is_dicom = i % 2, bag = i / 2 % 2 == 0;
        size_t n = sizes[i / 4];
        struct imp_target *t = open_with(schemes[!bag], &o, is_dicom, n);
        bool mapped = is_dicom && n >= (bag ? LARGE : IMP_INPUT_COPIED);
        const struct imp_limits limits = {.max_bytes = mapped ? 1 : n,
                                          .max_mapped = is_dicom ? n : 0};
        const struct imp_limits less = {.max_bytes = n - 1};
        cr_assert(imp_input_open_object(&in, t, &o, &limits, &err), "%d: %s", i,
                  err.msg);
        expect_end(in.bytes, n);
        cr_expect_eq(imp_map_has(in.bytes), mapped, "%d", i);
        cr_expect(imp_input_check(&in, &err));
        cr_expect_not(imp_input_open_object(&in, t, &o, &less, &err), "%d", i);
        cr_expect_eq(err.code, IMP_ERR_LIMIT, "%d: %s", i, err.msg);
        if (bag) { // of one that no list has the length is not known
            o.length = 0;
            cr_assert(imp_input_open_object(&in, t, &o, &limits, &err));
            expect_end(in.bytes, n);
        }
        imp_input_close(&in);
        imp_input_clear(&in);
        imp_target_free(t);
    }
}
