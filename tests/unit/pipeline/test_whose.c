#include "deid/secret.h"
#include "ledger/ledger.h"
#include "pipeline/whose.h"
#include "source/source.h"
#include "sync/context.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>

extern const struct imp_format imp_format_png;

static char *dir, *key_file;
static struct imp_policy *policies[4]; // which must outlive their users
static size_t n_policies;

static void set_up(void)
{
    struct imp_err err = {0};
    dir = tempdir_make();
    key_file = text("%s/trial.key", dir);
    cr_assert(imp_secret_make(key_file, &err), "%s", err.msg);
}

static void tear_down(void)
{
    while (n_policies > 0)
        imp_policy_free(policies[--n_policies]);
    tempdir_remove(dir);
}

TestSuite(whose, .init = set_up, .fini = tear_down);

static struct imp_whose *whose_of(const struct imp_whose_config *config,
                                  const char *policy)
{
    struct imp_err err = {0};
    struct imp_policy *p = imp_policy_load(policy, &err);
    struct imp_whose *w = imp_whose_new(config, 1, p, &err);
    cr_assert(w, "%s", err.msg);
    policies[n_policies++] = p;
    return w;
}

static void expect_refused(const struct imp_whose_config *config,
                           const char *why)
{
    struct imp_err err = {0};
    cr_expect_not(imp_whose_check(config, &err), "want: %s", why);
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, why), "%s", err.msg);
}

// Whose the file of that path is.
static bool find_in(const struct imp_whose *w, const char *path,
                    const struct imp_format *fmt, struct imp_span image,
                    struct imp_known_subject *out)
{
    static const struct imp_stamp stamp;
    struct imp_err err = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_job *job = imp_job_new(path, strlen(path), 3, &stamp);
    struct imp_ledger *ledger =
        imp_ledger_open(text("%s/state", dir), NULL, &err);
    cr_assert(ledger && job, "%s", err.msg);
    static const struct imp_limits limits = {1 << 20, 1 << 20};
    bool ok =
        imp_whose_find(w, job, fmt, image, &limits, ledger, ctx, out, &err);
    imp_ledger_free(ledger);
    imp_job_free(job);
    imp_ctx_free(ctx);
    return ok;
}

static bool find(const struct imp_whose *w, const char *path,
                 struct imp_known_subject *out)
{
    return find_in(w, path, &imp_format_png, (struct imp_span){0}, out);
}

static struct imp_span described(const struct imp_whose *w)
{
    static struct imp_buf text;
    struct imp_err err = {0};
    text.n = 0;
    cr_assert(imp_whose_describe(w, &text, &err), "%s", err.msg);
    return imp_buf_span(&text);
}

// --- A key without subjects ---

Test(whose, a_key_needs_no_subjects)
{
    struct imp_err err = {0};
    const struct imp_whose_config keyed = {.key_file = key_file};
    cr_expect(imp_whose_check(&keyed, &err), "%s", err.msg);
    // What only subjects have still does.
    struct imp_whose_config c = keyed;
    c.or_digest = true;
    expect_refused(&c, "want --subject-from");
    c = keyed;
    c.prefix = "T7-";
    expect_refused(&c, "want --subject-from");
    c = keyed;
    c.subjects.spec = "csv:subjects.csv";
    expect_refused(&c, "want --subject-from");
    c = keyed;
    c.study.spec = "csv:study.csv";
    expect_refused(&c, "want --subject-from");
}

Test(whose, an_image_without_a_subject_has_the_secret_all_the_same)
{
    struct imp_whose *none =
        whose_of(&(struct imp_whose_config){.key_file = key_file}, "strict");
    struct imp_whose *some = whose_of(
        &(struct imp_whose_config){
            .from = "name:_(\\d+)", .key_file = key_file, .or_digest = true},
        "strict");
    struct imp_known_subject s = {0};
    cr_assert(find(none, "/up/a_1001.jpg", &s));
    cr_expect(s.deid.secret);
    cr_expect_null(s.deid.key);
    cr_expect_null(s.deid.code);
    cr_assert(find(some, "/up/a.jpg", &s));
    cr_expect(s.deid.secret);
    cr_expect_null(s.deid.code);
    imp_known_subject_clear(&s);
    cr_expect_null(s.deid.secret);
    imp_whose_free(none);
    imp_whose_free(some);
}

Test(whose, an_image_with_a_subject_has_its_key_its_code_and_the_secret)
{
    struct imp_whose *w = whose_of(
        &(struct imp_whose_config){
            .from = "name:_(\\d+)", .key_file = key_file, .prefix = "T7-"},
        "research");
    struct imp_known_subject s = {0};
    cr_assert(find(w, "/up/a_1001.jpg", &s));
    cr_expect_str_eq(s.deid.key, "1001");
    cr_expect_str_eq(s.deid.code, s.code);
    cr_expect_eq(strncmp(s.deid.code, "T7-", 3), 0);
    cr_expect(s.deid.secret);
    cr_expect(s.deid.has_shift);
    // The next one is not taken for the last.
    cr_expect_not(find(w, "/up/a.jpg", &s));
    cr_expect_null(s.deid.code);
    cr_expect_null(s.deid.secret);
    imp_known_subject_clear(&s);
    imp_whose_free(w);
}

Test(whose, without_a_key_there_is_no_secret)
{
    struct imp_whose *w = whose_of(&(struct imp_whose_config){0}, "strict");
    struct imp_known_subject s = {0};
    cr_assert(find(w, "/up/a_1001.jpg", &s));
    cr_expect_null(s.deid.secret);
    imp_known_subject_clear(&s);
    imp_whose_free(w);
}

Test(whose, the_terms_of_a_key_alone_say_nothing_of_days)
{
    struct imp_whose *w =
        whose_of(&(struct imp_whose_config){.key_file = key_file}, "research");
    cr_expect_eq(strlen(imp_whose_terms(w)->key), IMP_KEY_ID_DIGITS);
    cr_expect_str_eq(imp_whose_terms(w)->shift, "");
    imp_whose_free(w);
    w = whose_of(
        &(struct imp_whose_config){.from = "dir", .key_file = key_file},
        "research");
    cr_expect_str_eq(imp_whose_terms(w)->shift, "1-365");
    imp_whose_free(w);
}

Test(whose, shifted_dates_want_subjects_besides_a_key)
{
    struct imp_err err = {0};
    struct imp_policy *p =
        imp_policy_from_text("[policy]\ndates = shift\n", &err);
    const struct imp_whose_config keyed = {.key_file = key_file};
    cr_expect_null(imp_whose_new(&keyed, 1, p, &err));
    cr_expect(strstr(err.msg, "shifted dates need --subject-from"), "%s",
              err.msg);
    imp_policy_free(p);
}

// An archive of pictures keeps its recipe.
Test(whose, what_is_described_has_the_key_and_is_as_it_was)
{
    struct imp_whose *w = whose_of(&(struct imp_whose_config){0}, "strict");
    cr_expect_eq(described(w).n, 0);
    imp_whose_free(w);
    w = whose_of(&(struct imp_whose_config){.key_file = key_file}, "strict");
    char *want = text("%s", imp_whose_terms(w)->key);
    cr_assert_eq(described(w).n, 2 + IMP_KEY_ID_DIGITS + 1);
    cr_expect_eq(memcmp(described(w).p, "\0\0", 2), 0);
    cr_expect_str_eq((const char *)described(w).p + 2, want);
    imp_whose_free(w);
    w = whose_of(&(struct imp_whose_config){.from = "dir",
                                            .key_file = key_file,
                                            .prefix = "T7-"},
                 "strict");
    cr_assert_eq(described(w).n, 8 + IMP_KEY_ID_DIGITS + 1);
    cr_expect_eq(memcmp(described(w).p, "dir\0T7-\0", 8), 0);
    cr_expect_str_eq((const char *)described(w).p + 8, want);
    imp_whose_free(w);
}

// --- What is told inside an image ---

// Elements in implicit little endian: (0008,0060) CT, (0008,0070) Maker1,
// (0010,0020) 1001.
static const uint8_t object[] =
    "\x08\0\x60\0\2\0\0\0CT\x08\0\x70\0\6\0\0\0Maker1"
    "\x10\0\x20\0\4\0\0\x00"
    "1001";

static bool asked_for_exif(struct imp_span in, struct imp_job_image *img,
                           struct imp_cutlist *cl, struct imp_err *err)
{
    (void)in, (void)img, (void)cl;
    return imp_fail(err, IMP_ERR_DAMAGED, "looked into for EXIF");
}

static const struct imp_format dicom = {.name = "dicom", .cut = asked_for_exif};
static const struct imp_format photo = {.name = "photo", .cut = asked_for_exif};

Test(whose, a_dicom_object_tells_by_its_attribute_and_no_other_image)
{
    const struct imp_span in = {object, sizeof object - 1};
    struct imp_whose *w =
        whose_of(&(struct imp_whose_config){.from = "dicom:PatientID",
                                            .key_file = key_file},
                 "strict");
    struct imp_known_subject s = {0};
    cr_assert(find_in(w, "/up/a", &dicom, in, &s));
    cr_expect_str_eq(s.deid.key, "1001");
    cr_expect_not(find_in(w, "/up/a", &photo, in, &s));
    imp_known_subject_clear(&s);
    imp_whose_free(w);
    w = whose_of(&(struct imp_whose_config){.from = "dicom:PatientID",
                                            .key_file = key_file,
                                            .or_digest = true},
                 "strict");
    cr_expect(find_in(w, "/up/a", &photo, in, &s), "it need not tell");
    cr_expect_null(s.deid.key);
    imp_known_subject_clear(&s);
    imp_whose_free(w);
}

Test(whose, a_dicom_object_is_not_looked_into_for_exif)
{
    const struct imp_span in = {object, sizeof object - 1};
    struct imp_whose *w = whose_of(
        &(struct imp_whose_config){
            .from = "exif:Artist", .key_file = key_file, .or_digest = true},
        "strict");
    struct imp_known_subject s = {0};
    cr_expect(find_in(w, "/up/a", &dicom, in, &s), "it does not tell");
    cr_expect_not(find_in(w, "/up/a", &photo, in, &s), "it is damaged");
    imp_known_subject_clear(&s);
    imp_whose_free(w);
}
