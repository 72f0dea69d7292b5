#include "deid/policy.h"

#include <criterion/criterion.h>
#include <string.h>

// An EXIF block of an orientation, as imgpipe writes it.
static const uint8_t clean[26] = {'M', 'M',  0,    42, 0, 0, 0, 8, 0,
                                  1,   0x01, 0x12, 0,  3, 0, 0, 0, 1,
                                  0,   6,    0,    0,  0, 0, 0, 0};

struct desk {
    struct imp_policy *policy;
    struct imp_deid *deid;
};

static struct desk desk_new(void)
{
    struct imp_err err = {0};
    struct desk d = {.policy = imp_policy_load("strict", &err)};
    cr_assert(d.policy, "%s", err.msg);
    d.deid = imp_deid_new(d.policy, &err);
    cr_assert(d.deid, "%s", err.msg);
    imp_deid_start(d.deid, NULL);
    return d;
}

static void desk_free(struct desk *d)
{
    imp_deid_free(d->deid);
    imp_policy_free(d->policy);
}

static struct imp_verdict ask(struct desk *d, enum imp_part_kind kind,
                              const void *p, size_t n)
{
    struct imp_part part = {
        .kind = kind, .name = "test part", .length = n, .payload = {p, n}};
    struct imp_editor *editor = imp_deid_editor(d->deid);
    struct imp_verdict verdict = {.fate = IMP_FATE_KEEP};
    struct imp_err err = {0};
    cr_assert(editor->decide(editor, &part, &verdict, &err), "%s", err.msg);
    return verdict;
}

Test(policy, a_clean_exif_block_is_kept)
{
    struct desk d = desk_new();
    struct imp_verdict v = ask(&d, IMP_PART_EXIF, clean, sizeof clean);
    cr_expect_eq(v.fate, IMP_FATE_KEEP);
    desk_free(&d);
}

Test(policy, an_exif_block_with_more_in_it_is_replaced)
{
    struct desk d = desk_new();
    uint8_t dirty[sizeof clean + 8];
    memcpy(dirty, clean, sizeof clean);
    memcpy(dirty + sizeof clean, "Jane Doe", 8);
    struct imp_verdict v = ask(&d, IMP_PART_EXIF, dirty, sizeof dirty);
    cr_assert_eq(v.fate, IMP_FATE_REPLACE);
    cr_assert_eq(v.bytes.n, sizeof clean);
    cr_expect_arr_eq(v.bytes.p, clean, sizeof clean);
    desk_free(&d);
}

Test(policy, an_exif_block_or_profile_of_which_nothing_is_left_is_dropped)
{
    struct desk d = desk_new();
    cr_expect_eq(ask(&d, IMP_PART_EXIF, "Jane Doe", 8).fate, IMP_FATE_DROP);
    cr_expect_eq(ask(&d, IMP_PART_ICC, "Jane Doe", 8).fate, IMP_FATE_DROP);
    cr_expect_eq(ask(&d, IMP_PART_EXIF, NULL, 0).fate, IMP_FATE_DROP);
    cr_expect_eq(ask(&d, IMP_PART_ICC, NULL, 0).fate, IMP_FATE_DROP);
    desk_free(&d);
}

Test(policy, whatever_is_neither_exif_nor_profile_is_dropped)
{
    struct desk d = desk_new();
    // Beyond the last kind, too: what a later handler may come to offer.
    for (int kind = IMP_PART_XMP; kind <= IMP_PART_UNKNOWN + 3; kind++) {
        struct imp_verdict v =
            ask(&d, (enum imp_part_kind)kind, clean, sizeof clean);
        cr_expect_eq(v.fate, IMP_FATE_DROP, "kind %d", kind);
    }
    desk_free(&d);
}

Test(policy, the_picture_itself_is_not_its_to_decide)
{
    struct desk d = desk_new();
    struct imp_editor *editor = imp_deid_editor(d.deid);
    static const enum imp_part_kind kinds[] = {IMP_PART_STRUCTURE,
                                               IMP_PART_CODED};
    for (int i = 0; i < 2; i++) {
        struct imp_part part = {.kind = kinds[i], .name = "SOF0"};
        struct imp_verdict v = {.fate = IMP_FATE_KEEP};
        struct imp_err err = {0};
        cr_expect_not(editor->decide(editor, &part, &v, &err));
        cr_expect_eq(err.code, IMP_ERR_INVARIANT);
        cr_expect_eq(v.fate, IMP_FATE_DROP);
    }
    desk_free(&d);
}

Test(policy, one_editor_serves_image_after_image)
{
    struct desk d = desk_new();
    for (int i = 0; i < 3; i++) {
        imp_deid_start(d.deid, NULL);
        cr_expect_eq(ask(&d, IMP_PART_EXIF, clean, sizeof clean).fate,
                     IMP_FATE_KEEP);
        cr_expect_eq(ask(&d, IMP_PART_EXIF, "", 0).fate, IMP_FATE_DROP);
    }
    desk_free(&d);
}

Test(policy, the_digest_is_the_same_each_time_and_not_empty)
{
    struct desk a = desk_new(), b = desk_new();
    struct imp_digest one = imp_policy_digest(a.policy);
    struct imp_digest two = imp_policy_digest(b.policy);
    struct imp_digest none = {0};
    cr_expect_eq(memcmp(&one, &two, sizeof one), 0);
    cr_expect_neq(memcmp(&one, &none, sizeof one), 0);
    desk_free(&a);
    desk_free(&b);
}

Test(policy, an_image_that_is_no_dicom_object_has_no_uids)
{
    struct desk d = desk_new();
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        cr_expect_null(imp_deid_uid(d.deid, (enum imp_deid_uid)i));
    desk_free(&d);
}

Test(policy, freeing_nothing_does_nothing)
{
    imp_policy_free(NULL);
    imp_deid_free(NULL);
}
