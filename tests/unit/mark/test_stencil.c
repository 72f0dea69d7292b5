#include "mark/stencil.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static int made;

static bool make(void *self, const struct imp_stencil_key *key,
                 struct imp_stencil *out, struct imp_err *err)
{
    (void)self;
    made++;
    out->spot = calloc(1, sizeof *out->spot);
    out->n = 1;
    out->area.x = key->picture.width;
    return imp_mask_init(&out->ink.text, 1, 1, err);
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

Test(stencil, is_made_once_for_each_text_size_and_orientation)
{
    struct imp_stencils *s = imp_stencils_new(NULL);
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
    struct imp_stencils *s = imp_stencils_new(NULL);
    const struct imp_stencil *held[MANY];
    for (uint32_t i = 0; i < MANY; i++)
        held[i] = take(s, "a", i, 1);
    for (uint32_t i = 0; i < MANY; i++)
        imp_stencils_put(s, take(s, "b", i, 1));
    for (uint32_t i = 0; i < MANY; i++) {
        cr_expect_eq(held[i]->area.x, i);
        imp_stencils_put(s, held[i]);
    }
    imp_stencils_free(s);
}

Test(stencil, that_cannot_be_made_is_not_kept)
{
    struct imp_err err = {0};
    struct imp_stencils *s = imp_stencils_new(NULL);
    const struct imp_stencil_key key = {"a", {1, 10}, 1};
    cr_expect_null(imp_stencils_take(s, &key, fail, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    made = 0;
    imp_stencils_put(s, take(s, "a", 1, 1));
    cr_expect_eq(made, 1);
    imp_stencils_free(s);
}
