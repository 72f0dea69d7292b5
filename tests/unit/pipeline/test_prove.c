// An archive against its uploads: a run makes it, then something is wrong.
#include "pipeline/prove.h"

#include "../../lib/tempdir.h"
#include "pipeline/run.h"
#include "sync/context.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <zlib.h>

static char *dir, *path, *archive, *state, *object;
static struct imp_buf file;
static struct imp_prover *prover;
static struct imp_proven proven;
static struct imp_err err;

static void set_up(void)
{
    dir = tempdir_make();
    path = text("%s/in.png", dir);
    archive = text("%s/archive", dir);
    state = text("%s/state", dir);
}

static void tear_down(void)
{
    imp_prover_free(prover);
    imp_buf_clear(&file);
    tempdir_remove(dir);
}

TestSuite(prove, .init = set_up, .fini = tear_down, .timeout = 60);

// --- Pictures ---

static void add_chunk(const char *type, const void *data, size_t n)
{
    uint8_t number[4];
    size_t at = file.n + 4;
    imp_put_be32(number, (uint32_t)n);
    cr_assert(imp_buf_add(&file, number, 4, NULL));
    cr_assert(imp_buf_add(&file, type, 4, NULL));
    cr_assert(n == 0 || imp_buf_add(&file, data, n, NULL));
    imp_put_be32(number, (uint32_t)crc32(0, file.p + at, (uInt)(n + 4)));
    cr_assert(imp_buf_add(&file, number, 4, NULL));
}

static void add_data(const char *type, size_t head, uint8_t height, int at)
{
    uint8_t rows[17 * 255] = {0}, z[600] = {0, 0, 0, 2};
    uLongf n = sizeof z - head;
    if (at >= 0)
        rows[17 * (at / 16) + 1 + at % 16] = 1;
    cr_assert_eq(compress(z + head, &n, rows, 17UL * height), Z_OK);
    add_chunk(type, z, head + n);
}

struct picture {
    uint8_t height;      // 0: 16 pixels, which is its width
    int changed;         // the number of a pixel that is another; -1: none
    uint8_t orientation; // 0: none is stated
    bool animated;       // the changed pixel is in the second frame
    bool text;           // which has to go
    uint8_t red;         // of a colour profile, its primary; 0: there is none
};
// ISO 15076-1 7: a matrix profile of three equal primaries.
static void add_profile(uint8_t red)
{
    static const char *const tags[] = {"wtpt", "rXYZ", "gXYZ", "bXYZ",
                                       "rTRC", "gTRC", "bTRC"};
    uint8_t icc[132 + 7 * 12 + 4 * 20 + 16] = {0}, *entry = icc + 132;
    uint8_t z[400] = {'x'};
    uLongf n = sizeof z - 3;
    uint32_t at = 132 + 7 * 12;
    imp_put_be32(icc, sizeof icc);
    icc[8] = 2;
    memcpy(icc + 12, "mntrRGB XYZ ", 12);
    memcpy(icc + 36, "acsp", 4);
    imp_put_be32(icc + 68, 0xf6d6);
    imp_put_be32(icc + 72, 0x10000);
    imp_put_be32(icc + 76, 0xd32d);
    imp_put_be32(icc + 128, 7);
    for (unsigned i = 0; i < 7; i++, entry += 12) {
        uint32_t length = i < 4 ? 20 : 14;
        memcpy(entry, tags[i], 4);
        imp_put_be32(entry + 4, at);
        imp_put_be32(entry + 8, length);
        memcpy(icc + at, i < 4 ? "XYZ " : "curv", 4);
        if (i < 4)
            for (unsigned k = 0; k < 3; k++)
                imp_put_be32(icc + at + 8 + 4 * k,
                             i == 1 ? 0x5000U + red : 0x5000U);
        else
            memcpy(icc + at + 8, "\0\0\0\1\2\63", 6); // gamma 2.2
        at += i < 4 ? 20 : 0;                         // the curves are one
    }
    cr_assert_eq(compress(z + 3, &n, icc, sizeof icc), Z_OK);
    add_chunk("iCCP", z, 3 + n);
}

#define SOURCE                      \
    (struct picture)                \
    {                               \
        .changed = -1, .text = true \
    }

static void make(struct picture p)
{
    uint8_t height = p.height ? p.height : 16;
    const uint8_t header[13] = {0, 0, 0, 16, 0, 0, 0, height, 8};
    const uint8_t tiff[26] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                              1,   18,  0, 3,  0, 0, 0, 1, 0, p.orientation};
    uint8_t control[26] = {0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, height};
    file.n = 0;
    cr_assert(imp_buf_add(&file, "\x89PNG\r\n\x1A\n", 8, NULL));
    add_chunk("IHDR", header, sizeof header);
    if (p.text)
        add_chunk("tEXt", "Author\0Jane", 11);
    if (p.orientation)
        add_chunk("eXIf", tiff, sizeof tiff);
    if (p.red)
        add_profile(p.red);
    if (p.animated) {
        add_chunk("acTL", "\0\0\0\2\0\0\0\0", 8);
        add_chunk("fcTL", control, sizeof control);
    }
    add_data("IDAT", 0, height, p.animated ? -1 : p.changed);
    if (p.animated) {
        control[3] = 1;
        add_chunk("fcTL", control, sizeof control);
        add_data("fdAT", 4, height, p.changed);
    }
    add_chunk("IEND", NULL, 0);
}

static void add_tag(unsigned tag, uint32_t value)
{
    uint8_t entry[12] = {(uint8_t)tag, (uint8_t)(tag >> 8), 4, 0, 1};
    imp_put_le32(entry + 8, value);
    cr_assert(imp_buf_add(&file, entry, sizeof entry, NULL));
}

// A TIFF of one pixel, and a directory that has no picture.
static void make_tiff(void)
{
    static const uint8_t start[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 8, 0},
                         second[] = {110, 0, 0, 0, 1, 0}, end[4] = {0};
    file.n = 0;
    cr_assert(imp_buf_add(&file, start, sizeof start, NULL));
    add_tag(256, 1);
    add_tag(257, 1);
    add_tag(258, 8);
    add_tag(259, 1);
    add_tag(262, 1);
    add_tag(273, 8); // its pixel is any byte
    add_tag(278, 1);
    add_tag(279, 1);
    cr_assert(imp_buf_add(&file, second, sizeof second, NULL));
    add_tag(254, 1);
    cr_assert(imp_buf_add(&file, end, sizeof end, NULL));
}

static void write_file(const char *to)
{
    FILE *f = fopen(to, "wb");
    cr_assert(f && fwrite(file.p, 1, file.n, f) == file.n && fclose(f) == 0);
}

// --- An archive of one, and what may become of it ---

// A prover knows the ledger as it was when the prover was made.
static void sql(const char *statement)
{
    sqlite3 *db;
    char *why = NULL;
    imp_prover_free(prover);
    prover = NULL;
    cr_assert_eq(sqlite3_open(text("%s/ledger.db", state), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, statement, NULL, NULL, &why), SQLITE_OK, "%s",
                 why);
    sqlite3_close(db);
}

static void note_name(void *self, const struct imp_event *event)
{
    (void)self;
    if (event->name)
        object = text("%s/data/%s", archive, event->name);
}

static void archive_it(void)
{
    const char *const paths[] = {path, NULL};
    const struct imp_run_config config = {
        .archive = {.spec = archive},
        .commit = imp_group_limits_default(),
        .state = state,
        .paths = paths,
        .jobs = 1,
        .queue = 1,
        .cleaning.limits = {1 << 20, 1 << 20},
        .on_event = note_name,
    };
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    write_file(path);
    struct imp_run *run = imp_run_new(&config, ctx, &err);
    cr_assert(run && imp_run_go(run, &err), "%s", err.msg);
    imp_run_free(run);
    imp_ctx_free(ctx);
    cr_assert(object, "not archived");
}

// Another object in its place, of which the ledger says that it is the one.
static void replace_by(struct picture made)
{
    struct imp_digest digest;
    char hex[2 * sizeof digest.b + 1];
    make(made);
    cr_assert_eq(chmod(object, 0600), 0);
    write_file(object);
    cr_assert(imp_sha256_of(file.p, file.n, &digest, &err));
    for (size_t i = 0; i < sizeof digest.b; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest.b[i]);
    sql(text("UPDATE objects SET digest = x'%s'", hex));
}

static void say_marked_at(unsigned x, unsigned y, unsigned width,
                          unsigned height)
{
    sql(text("UPDATE inputs SET mark_x = %u, mark_y = %u, mark_width = %u, "
             "mark_height = %u, mark_across = 1, mark_down = 1, "
             "mark_step_x = 0, mark_step_y = 0",
             x, y, width, height));
}

static enum imp_proof look_at(const char *at)
{
    struct stat st = {0};
    struct imp_stamp stamp;
    stat(at, &st);
    stamp = imp_stamp_of(&st);
    struct imp_job *job = imp_job_new(at, strlen(at), strlen(dir), &stamp);
    if (!prover)
        prover = imp_prover_new(&(struct imp_archive_at){.spec = archive},
                                state, NULL, &err);
    cr_assert(job && prover, "%s", err.msg);
    imp_prover_look(prover, job, &proven);
    imp_job_free(job);
    return proven.proof;
}

static void expect_wrong(enum imp_proof proof, enum imp_code code,
                         const char *why)
{
    cr_expect_eq(look_at(path), proof, "%s: %s", why, proven.err.msg);
    cr_expect_eq(proven.err.code, code, "%s", proven.err.msg);
    cr_expect(strstr(proven.err.msg, why), "%s", proven.err.msg);
}

Test(prove, an_output_is_proven_with_and_without_a_mark)
{
    struct picture made = {.changed = 5 + 7 * 16};
    make(SOURCE);
    archive_it();
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    cr_expect_eq(proven.err.code, IMP_OK);
    cr_expect(proven.compared);
    cr_expect_str_eq(proven.difference.unit, "pixels");
    cr_expect_eq(proven.difference.units, 256);
    cr_expect_eq(proven.difference.changed, 0);
    cr_expect_str_eq(proven.archived.format, "png");
    cr_expect(strstr(object, proven.archived.name));

    replace_by(made);
    say_marked_at(5, 7, 1, 1);
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    cr_expect_eq(proven.difference.changed, 1);
    cr_expect_eq(proven.archived.mark.x, 5);
}

Test(prove, what_the_ledger_does_not_know_is_not_archived)
{
    const char *other = text("%s/other.png", dir);
    make(SOURCE);
    archive_it();
    write_file(other);
    cr_expect_eq(look_at(other), IMP_NOT_ARCHIVED);
    cr_expect_eq(proven.err.code, IMP_OK);
    cr_expect_not(proven.compared);
}

Test(prove, a_source_that_is_not_what_it_was_proves_nothing)
{
    make(SOURCE);
    archive_it();
    cr_assert_eq(
        utimensat(AT_FDCWD, path, (struct timespec[]){{1, 0}, {1, 0}}, 0), 0);
    expect_wrong(IMP_NOT_PROVEN, IMP_ERR_UNSETTLED, "has changed since");
    cr_expect_not(proven.compared);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(look_at(path), IMP_NOT_PROVEN);
}

Test(prove, an_object_that_is_gone_or_another_disproves)
{
    make(SOURCE);
    archive_it();
    make((struct picture){.changed = 3});
    cr_assert_eq(chmod(object, 0600), 0);
    write_file(object);
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED, "its digest is another");
    cr_assert_eq(unlink(object), 0);
    cr_expect_eq(look_at(path), IMP_DISPROVEN);
    cr_expect_neq(proven.err.code, IMP_OK);
    cr_expect_not(proven.compared);
}

Test(prove, a_change_outside_of_the_mark_disproves)
{
    make(SOURCE);
    archive_it();
    replace_by((struct picture){.changed = 5 + 7 * 16});
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED, "1 pixels differ outside");
    cr_expect(proven.compared);
    say_marked_at(6, 7, 10, 9);
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED, "1 pixels differ outside");
}

Test(prove, a_mark_that_has_changed_nothing_disproves)
{
    make(SOURCE);
    archive_it();
    say_marked_at(5, 7, 1, 1);
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED,
                 "the mark has changed nothing");
}

Test(prove, a_mark_beside_the_picture_proves_nothing)
{
    make(SOURCE);
    archive_it();
    replace_by((struct picture){.changed = 5});
    say_marked_at(5, 0, 12, 1);
    expect_wrong(IMP_NOT_PROVEN, IMP_ERR_DAMAGED, "outside of the picture");
}

Test(prove, a_picture_of_another_size_disproves)
{
    make(SOURCE);
    archive_it();
    replace_by((struct picture){.height = 17, .changed = -1});
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED, "it is another picture");
    say_marked_at(0, 0, 16, 16);
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED, "it is another picture");
}

Test(prove, a_picture_that_is_turned_disproves)
{
    struct picture source = SOURCE;
    source.orientation = 6;
    make(source);
    archive_it();
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    replace_by((struct picture){.changed = -1, .orientation = 8});
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED,
                 "page 0 has orientation 8, want 6");
    replace_by((struct picture){.changed = 0});
    say_marked_at(0, 0, 16, 16);
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED,
                 "page 0 has orientation 1, want 6");
}

Test(prove, a_colour_profile_of_its_own_disproves)
{
    struct picture source = SOURCE;
    source.red = 5;
    make(source);
    archive_it();
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    replace_by((struct picture){.changed = -1, .red = 5});
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    replace_by((struct picture){.changed = -1}); // a policy may drop it
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    replace_by((struct picture){.changed = -1, .red = 6});
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED, "colour profile");
}

// No decoder shows the second frame of a PNG.
Test(prove, what_no_decoder_shows_is_proven_by_its_bytes_unless_it_is_marked)
{
    struct picture source = SOURCE, made = {.changed = 3, .animated = true};
    source.animated = true;
    make(source);
    archive_it();
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    cr_expect_str_eq(proven.difference.unit, "bytes");
    cr_expect_eq(proven.difference.changed, 0);
    say_marked_at(0, 0, 16, 16);
    expect_wrong(IMP_NOT_PROVEN, IMP_ERR_UNSUPPORTED, "of 2 pictures");
    say_marked_at(0, 0, 0, 0);
    replace_by(made);
    expect_wrong(IMP_NOT_PROVEN, IMP_ERR_UNSUPPORTED, "of 2 pictures");
}

// It has no picture: readers pass over it.
Test(prove, a_directory_that_went_is_no_other_picture)
{
    make_tiff();
    archive_it();
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    cr_expect_str_eq(proven.archived.format, "tiff");
}

Test(prove, what_no_decoder_shows_is_turned_all_the_same)
{
    struct picture source = SOURCE;
    source.animated = true;
    source.orientation = 3;
    make(source);
    archive_it();
    cr_expect_eq(look_at(path), IMP_PROVEN, "%s", proven.err.msg);
    source.orientation = 4;
    source.text = false;
    replace_by(source);
    expect_wrong(IMP_DISPROVEN, IMP_ERR_DAMAGED,
                 "page 0 has orientation 4, want 3");
}

Test(prove, one_image_leaves_nothing_to_the_next)
{
    make(SOURCE);
    archive_it();
    say_marked_at(5, 7, 1, 1);
    cr_expect_eq(look_at(path), IMP_DISPROVEN);
    cr_expect_eq(look_at(dir), IMP_NOT_ARCHIVED);
    cr_expect_eq(proven.err.code, IMP_OK);
    cr_expect_not(proven.compared);
    cr_expect_eq(proven.archived.mark.width, 0);
}
