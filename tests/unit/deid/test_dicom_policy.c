#include "deid/policy_internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct imp_policy *policy(const char *text)
{
    struct imp_err err = {0};
    struct imp_policy *p = imp_policy_from_text(text, &err);
    cr_assert(p, "%s: %s", text, err.msg);
    return p;
}

static void expect_refused(const char *text, const char *why)
{
    struct imp_err err = {0};
    struct imp_policy *p = imp_policy_from_text(text, &err);
    cr_expect_null(p, "taken: %s", text);
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", text);
    cr_expect_str_eq(err.msg, why);
    imp_policy_free(p);
}

// The options that are on, as a number with a bit for each.
static unsigned options(const char *text)
{
    unsigned on = 0;
    struct imp_policy *p = policy(text);
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++)
        on |= (unsigned)p->dicom.options.on[i] << i;
    imp_policy_free(p);
    return on;
}

static void expect_digest(const char *text, const char *want)
{
    char hex[IMP_SHA256_HEX];
    struct imp_policy *p = policy(text);
    struct imp_digest digest = imp_policy_digest(p);
    imp_digest_hex(&digest, hex);
    cr_expect_str_eq(hex, want, "%s", text);
    imp_policy_free(p);
}

static bool same_digest(const char *a, const char *b)
{
    struct imp_policy *x = policy(a), *y = policy(b);
    struct imp_digest dx = imp_policy_digest(x), dy = imp_policy_digest(y);
    bool same = imp_digest_same(&dx, &dy);
    imp_policy_free(x);
    imp_policy_free(y);
    return same;
}

#define ON(option) (1u << IMP_DICOM_##option)

// --- Options ---

Test(dicom_policy, each_option_is_known_by_its_name)
{
    char text[100];
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++) {
        snprintf(text, sizeof text, "[dicom]\noptions = %s\n",
                 imp_dicom_option_name((enum imp_dicom_option)i));
        cr_expect_eq(options(text), 1u << i, "%s", text);
    }
    struct imp_policy *p = policy("[dicom]\noptions = clean-pixel-data\n");
    cr_expect(p->dicom.clean_pixels);
    imp_policy_free(p);
}

Test(dicom_policy, a_list_of_options_switches_on_what_it_names_and_no_more)
{
    cr_expect_eq(options("[dicom]\n"), 0);
    cr_expect_eq(options("[dicom]\noptions =\n"), 0);
    cr_expect_eq(
        options("[dicom]\noptions = retain-uids ;clean-graphics;;retain-uids"),
        ON(UIDS) | ON(GRAPHICS));
}

Test(dicom_policy, what_is_no_option_is_refused_with_what_is_near)
{
    expect_refused("[dicom]\noptions = retain-uid\n",
                   "[dicom] options: no option 'retain-uid': want those of "
                   "imgpipe-policy(5), as clean-graphics; did you mean "
                   "retain-uids");
    expect_refused("[dicom]\noptions = clean-graphics,retain-uids\n",
                   "[dicom] options: no option 'clean-graphics,retain-uids': "
                   "want those of imgpipe-policy(5), as clean-graphics");
    expect_refused("[dicom]\noptions = clean-pixels-data\n",
                   "[dicom] options: no option 'clean-pixels-data': want those "
                   "of imgpipe-policy(5), as clean-graphics; did you mean "
                   "clean-pixel-data");
}

Test(dicom_policy, full_and_modified_dates_contradict_each_other)
{
    expect_refused(
        "[dicom]\noptions = retain-modified-dates;retain-full-dates\n",
        "[dicom] options: retain-full-dates and retain-modified-dates: dates "
        "stay or are shifted, want one of the two");
}

// --- Dates ---

Test(dicom_policy, dates_go_as_those_of_pictures_do)
{
    cr_expect_eq(options("[policy]\npreset = strict\n"), 0);
    cr_expect_eq(options("[policy]\npreset = research\n"), ON(MODIFIED_DATES));
    cr_expect_eq(options("[policy]\npreset = research\ndates = remove\n"), 0);
    cr_expect_eq(options("[policy]\npreset = research\ndates = year\n"), 0);
    cr_expect_eq(options("[policy]\ndates = shift\n"), ON(MODIFIED_DATES));
}

Test(dicom_policy, dates_go_as_the_options_say_before_that)
{
    cr_expect_eq(options("[policy]\npreset = research\n"
                         "[dicom]\noptions = retain-full-dates\n"),
                 ON(FULL_DATES));
    cr_expect_eq(options("[policy]\ndates = shift\n"
                         "[dicom]\noptions = retain-full-dates\n"),
                 ON(FULL_DATES));
    cr_expect_eq(options("[policy]\npreset = research\ndates = year\n"
                         "[dicom]\noptions = retain-modified-dates\n"),
                 ON(MODIFIED_DATES));
}

// Who asks for them has days of a subject, or no run.
Test(dicom_policy, modified_dates_want_days_of_a_subject_as_shifted_ones_do)
{
    struct imp_policy *p = policy("[dicom]\noptions = retain-modified-dates\n");
    cr_expect(imp_policy_settings(p)->shifts_dates);
    cr_expect(imp_policy_settings(p)->asked_for_shifting);
    cr_expect_eq(p->exif.dates, IMP_DATES_REMOVE);
    imp_policy_free(p);
    p = policy("[policy]\npreset = research\n");
    cr_expect(imp_policy_settings(p)->shifts_dates);
    cr_expect_not(imp_policy_settings(p)->asked_for_shifting);
    imp_policy_free(p);
    p = policy("[dicom]\noptions = retain-full-dates\n");
    cr_expect_not(imp_policy_settings(p)->shifts_dates);
    imp_policy_free(p);
}

// --- Private elements ---

#define SAFE "[dicom]\noptions = retain-safe-private\nkeep-private = "

static bool is_safe(const struct imp_policy *p, const char *creator, size_t n,
                    uint32_t tag)
{
    return imp_dicom_is_safe(
        &p->dicom, (struct imp_span){(const uint8_t *)creator, n}, tag);
}
#define IS_SAFE(p, creator, tag) is_safe(p, creator, sizeof creator - 1, tag)

Test(dicom_policy, a_private_element_is_safe_by_creator_group_and_element)
{
    struct imp_policy *p = policy(SAFE "(0019,xx0C) SIEMENS MR HEADER; "
                                       "(0019,XX0d)  SIEMENS MR HEADER;"
                                       "(0043,xx39) GEMS_PARM_01;\n");
    // In whatever block the creator has reserved.
    cr_expect(IS_SAFE(p, "SIEMENS MR HEADER", 0x0019100C));
    cr_expect(IS_SAFE(p, "SIEMENS MR HEADER", 0x0019FF0C));
    cr_expect(IS_SAFE(p, "SIEMENS MR HEADER", 0x0019100D));
    cr_expect(IS_SAFE(p, "GEMS_PARM_01", 0x00431039));
    cr_expect_not(IS_SAFE(p, "SIEMENS MR HEADER", 0x0019100E));
    cr_expect_not(IS_SAFE(p, "SIEMENS MR HEADER", 0x0021100C));
    cr_expect_not(IS_SAFE(p, "SIEMENS MR HEADER", 0x00431039));
    cr_expect_not(IS_SAFE(p, "GEMS_PARM_01", 0x0019100C));
    imp_policy_free(p);
}

Test(dicom_policy, a_creator_is_compared_without_its_padding_and_as_it_is)
{
    struct imp_policy *p = policy(SAFE "(0019,xx0C) SIEMENS MR HEADER");
    cr_expect(IS_SAFE(p, "SIEMENS MR HEADER ", 0x0019100C));
    cr_expect(IS_SAFE(p, "SIEMENS MR HEADER\0", 0x0019100C));
    cr_expect(IS_SAFE(p, "SIEMENS MR HEADER \0 ", 0x0019100C));
    cr_expect_not(IS_SAFE(p, "siemens mr header", 0x0019100C));
    cr_expect_not(IS_SAFE(p, "SIEMENS MR HEADE", 0x0019100C));
    cr_expect_not(IS_SAFE(p, "SIEMENS MR HEADER\0JANE", 0x0019100C));
    cr_expect_not(IS_SAFE(p, "SIEMENS MR HEADER 2", 0x0019100C));
    cr_expect_not(IS_SAFE(p, "", 0x0019100C));
    cr_expect_not(IS_SAFE(p, " ", 0x0019100C));
    imp_policy_free(p);
}

Test(dicom_policy, what_is_in_no_block_is_never_safe)
{
    struct imp_policy *p = policy(SAFE "(0019,xx10) A;(0019,xx0C) A");
    cr_expect_not(IS_SAFE(p, "A", 0x00190010));
    cr_expect_not(IS_SAFE(p, "A", 0x0019000C));
    cr_expect_not(IS_SAFE(p, "A", 0x00190F0C));
    cr_expect(IS_SAFE(p, "A", 0x00191010));
    imp_policy_free(p);
}

Test(dicom_policy, a_creator_has_up_to_64_characters)
{
    char text[200], creator[66];
    memset(creator, 'C', sizeof creator);
    snprintf(text, sizeof text, SAFE "(0019,xx0C) %.64s", creator);
    struct imp_policy *p = policy(text);
    cr_expect(is_safe(p, creator, 64, 0x0019100C));
    cr_expect_not(is_safe(p, creator, 65, 0x0019100C));
    imp_policy_free(p);
    snprintf(text, sizeof text, SAFE "(0019,xx0C) %.65s", creator);
    expect_refused(text, "[dicom] keep-private: '(0019,xx0C) "
                         "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC': a "
                         "creator of 65 bytes: want 1 to 64 of ASCII, without "
                         "a backslash");
}

Test(dicom_policy, no_private_element_is_safe_by_default)
{
    struct imp_policy *p =
        policy("[dicom]\noptions = retain-safe-private\nkeep-private =\n");
    cr_expect_not(IS_SAFE(p, "SIEMENS MR HEADER", 0x0019100C));
    imp_policy_free(p);
}

Test(dicom_policy, private_elements_want_their_option)
{
    expect_refused("[dicom]\nkeep-private = (0019,xx0C) A\n",
                   "[dicom] keep-private: '(0019,xx0C) A': want option "
                   "retain-safe-private, too");
    imp_policy_free(policy("[dicom]\nkeep-private = ;\n"));
}

Test(dicom_policy, what_is_no_private_element_is_refused)
{
    static const char *const forms[] = {"0019,xx0C A",
                                        "(0019,100C) A",
                                        "(0019,xx0C)",
                                        "(0019,xx0C)A",
                                        "(0019xx0C) A",
                                        "(001,xx0C) A",
                                        "(0019,xxC) A",
                                        "(001G,xx0C) A",
                                        "(0019,xx0G) A",
                                        "(0019,yy0C) A",
                                        "A",
                                        "(",
                                        "(0019,xx0C),A",
                                        "(-019,xx0C) A",
                                        "( 019,xx0C) A"};
    char text[200], why[200];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(text, sizeof text, SAFE "%s\n", forms[i]);
        snprintf(why, sizeof why,
                 "[dicom] keep-private: '%s': want (GROUP,xxELEMENT) CREATOR, "
                 "as in (0019,xx0C) SIEMENS MR HEADER",
                 forms[i]);
        expect_refused(text, why);
    }
    static const unsigned groups[] = {0x0018, 0x0001, 0x0007, 0xFFFF, 0};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        snprintf(text, sizeof text, SAFE "(%04X,xx0C) A", groups[i]);
        snprintf(why, sizeof why,
                 "[dicom] keep-private: '(%04X,xx0C) A': group %04X is not "
                 "private: want an odd one, 0009 to FFFD",
                 groups[i], groups[i]);
        expect_refused(text, why);
    }
    // "\\" is how a key file has one backslash.
    expect_refused(SAFE "(0019,xx0C) A\\\\B",
                   "[dicom] keep-private: '(0019,xx0C) A\\B': a creator of 3 "
                   "bytes: want 1 to 64 of ASCII, without a backslash");
    expect_refused(SAFE "(0019,xx0C) M\xC3\xBCller",
                   "[dicom] keep-private: '(0019,xx0C) M\xC3\xBCller': a "
                   "creator of 7 bytes: want 1 to 64 of ASCII, without a "
                   "backslash");
}

// --- Burned-in identity ---

Test(dicom_policy, burned_in_identity_may_pass_only_if_that_is_said)
{
    struct imp_policy *p = policy("[policy]\npreset = research\n");
    cr_expect_not(p->dicom.burned_in_allowed);
    imp_policy_free(p);
    p = policy("[dicom]\nburned-in = quarantine\n");
    cr_expect_not(p->dicom.burned_in_allowed);
    imp_policy_free(p);
    p = policy("[dicom]\nburned-in = allow\n");
    cr_expect(p->dicom.burned_in_allowed);
    imp_policy_free(p);
    expect_refused("[dicom]\nburned-in = alow\n",
                   "[dicom] burned-in: 'alow': want one of quarantine, allow; "
                   "did you mean allow");
}

// --- The digest ---

// As imgpipe worked them out when it knew nothing of DICOM: archives have them.
Test(dicom_policy, a_policy_that_says_nothing_of_dicom_has_its_old_digest)
{
    expect_digest("[policy]\npreset = strict\n",
                  "928e617827e2e73b1c7d320260a9424e"
                  "9855a3ada137869998434491c988b384");
    expect_digest("[policy]\npreset = research\n",
                  "e6f2471797bae9e4a21ec1b0d1de7535"
                  "d3be1ac7cb66fa2b834336c2c683cfd1");
    expect_digest("[policy]\ndates = shift\nshift-days = 30-400\n"
                  "[dicom]\noptions =\nburned-in = quarantine\n",
                  "8b0ebc50a37a978e25b45f53f073e1a7"
                  "675a5668db25442f1edfc80be17cdc14");
}

Test(dicom_policy, all_that_is_said_of_dicom_is_in_the_digest)
{
    static const char *const said[] = {
        "[policy]\npreset = strict\n",
        "[dicom]\noptions = retain-safe-private\n",
        "[dicom]\noptions = retain-uids\n",
        "[dicom]\noptions = retain-device-identity\n",
        "[dicom]\noptions = retain-institution-identity\n",
        "[dicom]\noptions = retain-patient-characteristics\n",
        "[dicom]\noptions = retain-full-dates\n",
        "[dicom]\noptions = retain-modified-dates\n",
        "[policy]\ndates = shift\n",
        "[policy]\ndates = shift\n[dicom]\noptions = retain-full-dates\n",
        "[dicom]\noptions = clean-descriptors\n",
        "[dicom]\noptions = clean-structured-content\n",
        "[dicom]\noptions = clean-graphics\n",
        "[dicom]\noptions = clean-pixel-data\n",
        "[dicom]\nburned-in = allow\n",
        SAFE "(0019,xx0C) A",
        SAFE "(0019,xx0D) A",
        SAFE "(0021,xx0C) A",
        SAFE "(0019,xx0C) B",
        SAFE "(0019,xx0C) B;(0019,xx0C) A",
    };
    enum { N = sizeof said / sizeof *said };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            cr_expect_not(same_digest(said[i], said[j]), "%s and %s", said[i],
                          said[j]);
}

Test(dicom_policy, the_same_in_other_words_has_the_same_digest)
{
    cr_expect(same_digest(
        "[dicom]\noptions = clean-graphics;retain-uids\n",
        "[dicom]\noptions = retain-uids; clean-graphics; retain-uids\n"));
    cr_expect(same_digest(SAFE "(0019,xx0C) A;(0009,xx01) B;(0019,xx0C) A",
                          SAFE "(0009,XX01)  B ; (0019,xx0c) A"));
    cr_expect(same_digest("[policy]\ndates = shift\n",
                          "[policy]\ndates = shift\n"
                          "[dicom]\noptions = retain-modified-dates\n"));
}

Test(dicom_policy, groups_and_keys_are_told_by_name)
{
    expect_refused("[dicmo]\n", "no group [dicmo]: want [policy], [exif], "
                                "[dicom], [check] or [limits]; did you mean "
                                "dicom");
    expect_refused("[policy]\nburned-in = allow\n",
                   "key 'burned-in' belongs in [dicom]");
}

// --- What is written about it ---

Test(dicom_policy, the_manual_has_each_key_of_a_policy_file)
{
    char *man = NULL, heading[40], item[60];
    size_t n = 0, k = 0;
    FILE *f = fopen("man/imgpipe-policy.5", "r");
    cr_assert(f);
    cr_assert_gt(getdelim(&man, &n, '\0', f), 0);
    fclose(f);
    const char *group, *name;
    for (; (name = imp_policy_file_key(k, &group)); k++) {
        snprintf(heading, sizeof heading, "\n.SS [%s]\n", group);
        const char *section = strstr(man, heading);
        cr_assert(section, "no section for [%s]", group);
        size_t at = (size_t)snprintf(item, sizeof item, "\n.TP\n.B ");
        for (; *name; name++)
            at += (size_t)snprintf(item + at, sizeof item - at,
                                   *name == '-' ? "\\-" : "%c", *name);
        snprintf(item + at, sizeof item - at, "\n");
        const char *found = strstr(section, item);
        const char *next = strstr(section + 1, "\n.SS ");
        cr_expect(found && (!next || found < next), "[%s]%s", group, item);
    }
    cr_expect_geq(k, 11);
    free(man);
}

Test(dicom_policy, the_sample_that_spells_out_the_default_is_it)
{
    struct imp_err err = {0};
    struct imp_policy *p =
        imp_policy_load("samples/policies/strict.conf", &err);
    struct imp_policy *strict = imp_policy_load("strict", &err);
    cr_assert(p && strict, "%s", err.msg);
    struct imp_digest a = imp_policy_digest(p), b = imp_policy_digest(strict);
    cr_expect(imp_digest_same(&a, &b));
    imp_policy_free(strict);
    imp_policy_free(p);
    p = imp_policy_load("samples/policies/dicom.conf", &err);
    cr_assert(p, "%s", err.msg);
    cr_expect(IS_SAFE(p, "GEMS_PARM_01", 0x00431039));
    cr_expect(p->dicom.options.on[IMP_DICOM_MODIFIED_DATES]);
    imp_policy_free(p);
}
