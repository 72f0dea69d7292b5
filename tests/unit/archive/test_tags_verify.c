#include "archive/tags.h"

#include "../../lib/tempdir.h"
#include "shipped.h"

#include <criterion/criterion.h>

static char *dir, *bag;
static const struct imp_payload payload = {.bytes = 8, .files = 2};

static bool each(void *self, imp_object_fn fn, void *fn_self,
                 struct imp_err *err)
{
    (void)self;
    const struct imp_object a = object_of("ab/x", "one"),
                            b = object_of("ab/y", "three");
    return fn(fn_self, &a, err) && fn(fn_self, &b, err);
}

static const struct imp_digest policies[] = {{{0xaa}}, {{0xbb}}};

static bool each_policy(void *self, imp_policy_fn fn, void *fn_self,
                        struct imp_err *err)
{
    (void)self;
    return fn(fn_self, &policies[0], err) && fn(fn_self, &policies[1], err);
}

static void set_up(void)
{
    struct imp_err err = {0};
    const struct imp_objects objects = {.each = each,
                                        .each_policy = each_policy,
                                        .terms = {"0123456789abcdef", "1-365"}};
    dir = tempdir_make();
    bag = text("%s/bag", dir);
    struct imp_target *t = open_at(bag, NULL, &err);
    cr_assert(t, "%s", err.msg);
    publish(t, "one", "ab/x");
    publish(t, "three", "ab/y");
    cr_assert(t->ops->finish(t, &objects, true, &err), "%s", err.msg);
    imp_target_free(t);
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(tags_verify, .init = set_up, .fini = tear_down, .timeout = 60);

static struct imp_target *look(void)
{
    struct imp_err err = {0};
    const struct imp_archive_at at = {.spec = bag};
    struct imp_target *t = imp_target_open(&at, IMP_TARGET_READ, NULL, &err);
    cr_assert(t, "%s", err.msg);
    return t;
}

static bool note(void *self, const char *name, const char *what,
                 struct imp_err *err)
{
    (void)err;
    strcat(strcat(strcat(strcat(self, name), " "), what), "\n");
    return true;
}

// What is wrong with the tag files, a line each.
static const char *faults(const struct imp_payload *of)
{
    static char list[4000];
    struct imp_err err = {0};
    struct imp_target *t = look();
    list[0] = '\0';
    cr_assert(imp_tags_verify(t, of, note, list, &err), "%s", err.msg);
    imp_target_free(t);
    return list;
}

Test(tags_verify, tag_files_as_they_were_written_have_no_fault)
{
    cr_expect_str_eq(faults(&payload), "");
}

Test(tags_verify, every_flipped_bit_is_told)
{
    static const char *const names[] = {IMP_TAG_DECLARATION, IMP_TAG_INFO,
                                        IMP_TAG_TAGMANIFEST, IMP_TAG_MANIFEST};
    struct imp_err err = {0};
    for (size_t i = 0; i < 4; i++) {
        char *path = text("%s/%s", bag, names[i]);
        char *kept = file_text(path);
        size_t n = strlen(kept);
        struct imp_target *t = look();
        for (size_t bit = 0; bit < 8 * n; bit++) {
            char list[4000] = "";
            FILE *f = fopen(path, "r+");
            fseek(f, (long)(bit / 8), SEEK_SET);
            fputc(kept[bit / 8] ^ 1 << bit % 8, f);
            fclose(f);
            cr_assert(imp_tags_verify(t, &payload, note, list, &err), "%s",
                      err.msg);
            cr_expect(list[0], "bit %zu of %s", bit, names[i]);
            f = fopen(path, "r+");
            fseek(f, (long)(bit / 8), SEEK_SET);
            fputc(kept[bit / 8], f);
            fclose(f);
        }
        imp_target_free(t);
    }
    cr_expect_str_eq(faults(&payload), "");
}

Test(tags_verify, a_missing_file_is_told_by_its_name)
{
    remove(text("%s/" IMP_TAG_INFO, bag));
    cr_expect_str_eq(faults(&payload), IMP_TAG_INFO " is missing\n");
    remove(text("%s/" IMP_TAG_TAGMANIFEST, bag));
    cr_expect_str_eq(faults(&payload), IMP_TAG_TAGMANIFEST
                     " is missing\n" IMP_TAG_INFO " is missing\n");
}

Test(tags_verify, the_payload_that_bag_info_tells_of_is_compared_if_it_is_known)
{
    const struct imp_payload other = {.bytes = 8, .files = 3};
    cr_expect_str_eq(faults(&other),
                     IMP_TAG_INFO " Payload-Oxum does not say what the payload "
                                  "has: 8.3\n");
    cr_expect_str_eq(faults(NULL), "");
}

static bool note_policy(void *self, const struct imp_digest *policy,
                        struct imp_err *err)
{
    char hex[IMP_SHA256_HEX];
    (void)err;
    imp_digest_hex(policy, hex);
    hex[4] = '\0';
    strcat(self, hex);
    return true;
}

Test(tags_verify, the_policies_that_bag_info_names_are_told)
{
    struct imp_err err = {0};
    char list[100] = "";
    struct imp_target *t = look();
    cr_assert(imp_tags_each_policy(t, note_policy, list, &err), "%s", err.msg);
    cr_expect_str_eq(list, "aa00bb00");
    remove(text("%s/" IMP_TAG_INFO, bag));
    list[0] = '\0';
    cr_assert(imp_tags_each_policy(t, note_policy, list, &err), "%s", err.msg);
    cr_expect_str_eq(list, "");
    imp_target_free(t);
}

Test(tags_verify, the_terms_that_bag_info_names_are_told)
{
    struct imp_terms terms;
    struct imp_target *t = look();
    cr_expect(imp_tags_terms(t, &terms, NULL));
    cr_expect_str_eq(terms.key, "0123456789abcdef");
    cr_expect_str_eq(terms.shift, "1-365");
    remove(text("%s/" IMP_TAG_INFO, bag));
    cr_expect(imp_tags_terms(t, &terms, NULL));
    cr_expect_str_eq(terms.key, "");
    imp_target_free(t);
}

Test(tags_verify, terms_are_read_as_rfc_8493_has_it_or_refused)
{
    static const struct {
        const char *info, *key; // NULL: refused
    } row[] = {
        {"imgpipe-KEY-id: 0123456789abcdef", "0123456789abcdef"},
        {"X: y\r\nImgpipe-Key-Id: \t 0123456789abcdef \r\nY: z\n",
         "0123456789abcdef"},
        {"Imgpipe-Key-Id:\n", NULL},
        {"Imgpipe-Key-Id: 0123456789abcdef0\n", NULL},
        {"Imgpipe-Key-Id: 0123 4567\n", NULL},
        {"Imgpipe-Key-Id: xyz\n", NULL},
        {"Imgpipe-Shift-Days: 1 365\n", NULL},
        {"Imgpipe-Key-Ids: xyz\n", ""},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct imp_err err = {0};
        struct imp_terms terms;
        put_file(text("%s/" IMP_TAG_INFO, bag), row[i].info);
        struct imp_target *t = look();
        bool ok = imp_tags_terms(t, &terms, &err);
        imp_target_free(t);
        cr_expect_eq(ok, row[i].key != NULL, "%zu", i);
        if (ok)
            cr_expect_str_eq(terms.key, row[i].key, "%zu", i);
        else
            cr_expect_eq(err.code, IMP_ERR_CONFIG, "%zu", i);
    }
}

// --- The archive as it is read ---

static bool note_length(void *self, const struct imp_object *object,
                        struct imp_err *err)
{
    char *list = self;
    (void)err;
    sprintf(list + strlen(list), "%s:%d ", object->name, (int)object->length);
    return true;
}

Test(tags_verify, who_only_reads_is_told_of_missing_objects_too)
{
    struct imp_err err = {0};
    char list[100] = "";
    remove(text("%s/data/ab/x", bag));
    struct imp_target *t = look();
    cr_expect(t->ops->each(t, note_length, list, &err), "%s", err.msg);
    cr_expect_str_eq(list, "ab/x:0 ab/y:5 ");
    cr_expect_not(t->interrupted);
    imp_target_free(t);
    mkdir(text("%s/.imgpipe-staging", bag), 0755);
    t = look();
    cr_expect(t->interrupted);
    imp_target_free(t);
}

Test(tags_verify, of_a_tag_file_the_start_is_told_and_the_digest_of_all)
{
    struct imp_err err = {0};
    struct imp_buf out = {0};
    struct imp_digest digest, want;
    bool present;
    struct imp_target *t = look();
    char *all = file_text(text("%s/" IMP_TAG_INFO, bag));
    cr_assert(imp_sha256_of(all, strlen(all), &want, &err));
    cr_assert(t->ops->tag(t, IMP_TAG_INFO, 5, &out, &digest, &present, &err));
    cr_expect(present);
    cr_expect_eq(out.n, 5);
    cr_expect_eq(memcmp(out.p, all, 5), 0);
    cr_expect_eq(memcmp(&digest, &want, sizeof want), 0);
    cr_assert(t->ops->tag(t, "none", 5, &out, &digest, &present, &err));
    cr_expect_not(present);
    imp_buf_clear(&out);
    imp_target_free(t);
}
