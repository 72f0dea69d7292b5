#include "archive/tags.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

// A sink that notes what it is told, and fails on request.
struct notes {
    char log[600];
    char text[600]; // of the file under way
    const char *fail_at;
    const char *now;
    int after_failure; // calls that came after one that failed
    bool failed;
};

static bool told(struct notes *n, const char *what, struct imp_err *err)
{
    n->after_failure += n->failed;
    if (n->fail_at && strcmp(n->fail_at, what) == 0 &&
        strcmp(n->now, IMP_TAG_INFO) == 0) {
        n->failed = true;
        return imp_fail(err, IMP_ERR_IO, "no");
    }
    return true;
}

static bool start(void *self, const char *name, struct imp_err *err)
{
    struct notes *n = self;
    n->now = name;
    n->text[0] = '\0';
    strcat(strcat(n->log, name), " ");
    return told(n, "start", err);
}

static bool add(void *self, const void *bytes, size_t len, struct imp_err *err)
{
    struct notes *n = self;
    strncat(n->text, bytes, len);
    return told(n, "add", err);
}

static bool end(void *self, const struct imp_digest *digest,
                struct imp_err *err)
{
    struct notes *n = self;
    struct imp_digest want;
    cr_assert(imp_sha256_of(n->text, strlen(n->text), &want, NULL));
    cr_expect_arr_eq(want.b, digest->b, sizeof want.b, "digest of %s", n->now);
    return told(n, "end", err);
}

static bool no_objects(void *self, imp_object_fn fn, void *fn_self,
                       struct imp_err *err)
{
    (void)self, (void)fn, (void)fn_self, (void)err;
    return true;
}

static const struct imp_objects nothing = {.each = no_objects};

static bool write_all(struct notes *n, struct imp_err *err)
{
    struct imp_tag_sink sink = {n, start, add, end};
    struct imp_sha256 *hasher = imp_sha256_new(NULL);
    bool ok = imp_tags_declare(&sink, hasher, err) &&
              imp_tags_write(&sink, hasher, &nothing, err);
    imp_sha256_free(hasher);
    return ok;
}

Test(tags, the_tag_manifest_comes_last_and_each_file_with_its_digest)
{
    struct notes n = {0};
    cr_assert(write_all(&n, NULL));
    cr_expect_str_eq(n.log, "bagit.txt manifest-sha256.txt bag-info.txt "
                            "tagmanifest-sha256.txt ");
}

static bool tell_index(void *self, imp_tag_text_fn text, void *text_self,
                       struct imp_err *err)
{
    (void)self;
    return text(text_self, "a line\n", 7, err);
}

Test(tags, the_tag_manifest_lists_the_index_of_a_sink_that_has_one)
{
    struct notes n = {0};
    struct imp_digest want;
    char hex[IMP_SHA256_HEX];
    struct imp_tag_sink sink = {&n, start, add, end, tell_index};
    struct imp_sha256 *hasher = imp_sha256_new(NULL);
    cr_assert(imp_tags_write(&sink, hasher, &nothing, NULL));
    imp_sha256_free(hasher);
    cr_expect_str_eq(n.log, "manifest-sha256.txt bag-info.txt "
                            "imgpipe-index.txt tagmanifest-sha256.txt ");
    cr_assert(imp_sha256_of("a line\n", 7, &want, NULL));
    imp_digest_hex(&want, hex);
    cr_expect(strstr(n.text, "  imgpipe-index.txt\n"), "%s", n.text);
    cr_expect(strstr(n.text, hex), "%s", n.text);
}

Test(tags, a_sink_that_fails_is_called_no_more_and_its_file_is_named)
{
    static const char *const steps[] = {"start", "add", "end"};
    for (size_t i = 0; i < 3; i++) {
        struct notes n = {.fail_at = steps[i]};
        struct imp_err err = {0};
        cr_expect_not(write_all(&n, &err), "%s", steps[i]);
        cr_expect_eq(n.after_failure, 0, "%s", steps[i]);
        cr_expect_str_eq(err.msg, "bag-info.txt: no");
    }
}

Test(tags, what_another_program_keeps_is_not_ours)
{
    static const char ours[] =
        "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
    static const char info[] = "Bag-Software-Agent: imgpipe 0.1.0\n";
    cr_expect(imp_tags_check("", "", false, NULL));
    cr_expect(imp_tags_check(ours, "", false, NULL));
    cr_expect(imp_tags_check(ours, info, false, NULL));
    cr_expect_not(imp_tags_check(ours, info, true, NULL));
    cr_expect_not(imp_tags_check("BagIt-Version: 0.97\n", info, false, NULL));
    cr_expect_not(imp_tags_check(ours, "Source: elsewhere\n", false, NULL));
    cr_expect(imp_tag_is_foreign("fetch.txt"));
    cr_expect(imp_tag_is_foreign("manifest-md5.txt"));
    cr_expect(imp_tag_is_foreign("tagmanifest-sha512.txt"));
    cr_expect_not(imp_tag_is_foreign("manifest-sha256.txt"));
    cr_expect_not(imp_tag_is_foreign("tagmanifest-sha256.txt"));
    cr_expect_not(imp_tag_is_foreign("notes.txt"));
}
