#include "mark/stencil.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define ROOMY 1000000 // bytes: no test here that does not want to fills it

static int made;

// Ink of as many pixels as the picture is wide.
static bool make(void *self, const struct imp_stencil_key *key,
                 struct imp_stencil *out, struct imp_err *err)
{
    (void)self;
    made++;
    out->area.x = key->picture.width;
    return imp_mask_init(&out->ink.text, key->picture.width, 1, err);
}

// All that a stencil may hold, 10 pixels of it.
static bool make_full(void *self, const struct imp_stencil_key *key,
                      struct imp_stencil *out, struct imp_err *err)
{
    (void)self, (void)key;
    made++;
    out->spot = calloc(2, sizeof *out->spot);
    out->n = 2;
    out->ink.rgb = calloc(10, 3);
    return imp_mask_init(&out->ink.text, 5, 2, err) &&
           imp_mask_init(&out->ink.outline, 5, 2, err);
}

static bool fail(void *self, const struct imp_stencil_key *key,
                 struct imp_stencil *out, struct imp_err *err)
{
    (void)self, (void)key, (void)out;
    return imp_fail(err, IMP_ERR_LIMIT, "too small");
}

static const struct imp_stencil *take(struct imp_stencils *s, const char *text,
                                      uint32_t width, unsigned orientation)
{
    const struct imp_stencil_key key = {text, {width, 10}, orientation};
    const struct imp_stencil *got =
        imp_stencils_take(s, &key, make, NULL, NULL);
    cr_assert(got);
    cr_expect_eq(got->area.x, width);
    return got;
}

static void use(struct imp_stencils *s, uint32_t width)
{
    imp_stencils_put(s, take(s, "a", width, 1));
}

// Is it there, without being made?
static bool keeps(struct imp_stencils *s, uint32_t width)
{
    const struct imp_stencil_key key = {"a", {width, 10}, 1};
    const struct imp_stencil *got =
        imp_stencils_take(s, &key, fail, NULL, NULL);
    if (got)
        imp_stencils_put(s, got);
    return got;
}

Test(stencil, is_made_once_for_each_text_size_and_orientation)
{
    struct imp_stencils *s = imp_stencils_new(ROOMY, NULL);
    made = 0;
    for (int i = 0; i < 3; i++) {
        imp_stencils_put(s, take(s, "a", 1, 1));
        imp_stencils_put(s, take(s, "a", 2, 1));
        imp_stencils_put(s, take(s, "a", 1, 6));
        imp_stencils_put(s, take(s, "b", 1, 1));
    }
    cr_expect_eq(made, 4);
    imp_stencils_free(s);
}

// Sanitizers see it if one that is held goes, or one that is not stays.
Test(stencil, that_is_held_outlives_any_number_of_others)
{
    enum { MANY = 100 };
    struct imp_stencils *s = imp_stencils_new(ROOMY, NULL);
    const struct imp_stencil *held[MANY];
    for (uint32_t i = 0; i < MANY; i++)
        held[i] = take(s, "a", i + 1, 1);
    for (uint32_t i = 0; i < MANY; i++)
        imp_stencils_put(s, take(s, "b", i + 1, 1));
    for (uint32_t i = 0; i < MANY; i++) {
        cr_expect_eq(held[i]->area.x, i + 1);
        imp_stencils_put(s, held[i]);
    }
    imp_stencils_free(s);
}

Test(stencil, that_cannot_be_made_is_not_kept)
{
    struct imp_err err = {0};
    struct imp_stencils *s = imp_stencils_new(ROOMY, NULL);
    const struct imp_stencil_key key = {"a", {1, 10}, 1};
    cr_expect_null(imp_stencils_take(s, &key, fail, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    made = 0;
    imp_stencils_put(s, take(s, "a", 1, 1));
    cr_expect_eq(made, 1);
    imp_stencils_free(s);
}

Test(stencil, that_was_used_longest_ago_goes_for_bytes)
{
    struct imp_stencils *s = imp_stencils_new(100, NULL);
    use(s, 20);
    use(s, 30);
    use(s, 50); // full to the byte
    cr_expect(keeps(s, 30) && keeps(s, 50) && keeps(s, 20));
    use(s, 31); // 30 was used before 50 and 20: alone it is too little
    cr_expect(!keeps(s, 30) && !keeps(s, 50));
    cr_expect(keeps(s, 20) && keeps(s, 31));
    imp_stencils_free(s);
}

Test(stencil, that_is_larger_than_the_bound_pushes_nothing_out)
{
    struct imp_stencils *s = imp_stencils_new(100, NULL);
    use(s, 60);
    use(s, 40);
    use(s, 101);
    cr_expect(!keeps(s, 101));
    cr_expect(keeps(s, 60) && keeps(s, 40));
    use(s, 100);
    cr_expect(keeps(s, 100) && !keeps(s, 60) && !keeps(s, 40));
    imp_stencils_free(s);
}

Test(stencil, that_is_held_keeps_its_bytes)
{
    struct imp_stencils *s = imp_stencils_new(100, NULL);
    const struct imp_stencil *held = take(s, "a", 60, 1);
    use(s, 40);
    use(s, 41); // no room beside what is held, whatever else goes
    cr_expect(keeps(s, 40) && keeps(s, 60) && !keeps(s, 41));
    imp_stencils_put(s, held);
    use(s, 41); // now both may go, and must
    cr_expect(keeps(s, 41) && !keeps(s, 60) && !keeps(s, 40));
    imp_stencils_free(s);
}

Test(stencil, that_is_held_stays_though_others_were_used_since)
{
    struct imp_stencils *s = imp_stencils_new(100, NULL);
    const struct imp_stencil *held = take(s, "a", 50, 1);
    use(s, 40);
    use(s, 45);
    cr_expect(keeps(s, 50) && keeps(s, 45) && !keeps(s, 40));
    imp_stencils_put(s, held);
    imp_stencils_free(s);
}

Test(stencil, that_is_small_goes_for_the_number_of_them)
{
    struct imp_stencils *s = imp_stencils_new(ROOMY, NULL);
    for (uint32_t i = 1; i <= 17; i++)
        use(s, i);
    cr_expect(!keeps(s, 1));
    for (uint32_t i = 2; i <= 17; i++)
        cr_expect(keeps(s, i), "%u", i);
    imp_stencils_free(s);
}

// A mask and its outline of 10 bytes each, 30 of colours, 16 of spots.
Test(stencil, counts_masks_colours_and_spots)
{
    const struct imp_stencil_key key = {"full", {1, 1}, 1};
    for (size_t bytes = 64; bytes <= 66; bytes++) {
        struct imp_stencils *s = imp_stencils_new(bytes, NULL);
        made = 0;
        for (int i = 0; i < 2; i++)
            imp_stencils_put(s,
                             imp_stencils_take(s, &key, make_full, NULL, NULL));
        cr_expect_eq(made, bytes >= 66 ? 1 : 2, "%zu bytes", bytes);
        imp_stencils_free(s);
    }
}

// As by two threads that miss it at the same time.
static bool make_twice(void *self, const struct imp_stencil_key *key,
                       struct imp_stencil *out, struct imp_err *err)
{
    imp_stencils_put(self, imp_stencils_take(self, key, make, NULL, NULL));
    return make(NULL, key, out, err);
}

Test(stencil, that_two_have_made_is_kept_once)
{
    struct imp_stencils *s = imp_stencils_new(100, NULL);
    const struct imp_stencil_key key = {"a", {40, 10}, 1};
    use(s, 60);
    imp_stencils_put(s, imp_stencils_take(s, &key, make_twice, s, NULL));
    cr_expect(keeps(s, 40) && keeps(s, 60));
    imp_stencils_free(s);
}
