#include "ledger/key.h"

#include <criterion/criterion.h>
#include <string.h>

static int64_t key_of(struct imp_keys *k, const char *path)
{
    return imp_keys_of(k,
                       (struct imp_span){(const uint8_t *)path, strlen(path)});
}

static uint32_t upper(int64_t key)
{
    return (uint32_t)((uint64_t)key >> 32);
}

Test(key, paths_of_one_directory_are_neighbours_and_all_differ)
{
    struct imp_keys *k = imp_keys_new(NULL);
    int64_t a = key_of(k, "/up/d/a.jpg"), b = key_of(k, "/up/d/b.jpg");
    int64_t c = key_of(k, "/up/e/a.jpg");
    cr_expect_eq(upper(a), upper(b));
    cr_expect_neq(a, b);
    cr_expect_neq(upper(a), upper(c));
    cr_expect_eq((uint32_t)a, (uint32_t)c, "the same name");
    imp_keys_free(k);
}

Test(key, a_key_does_not_depend_on_what_was_asked_before)
{
    static const char *const paths[] = {"/a/b", "/a/c", "/b", "/",     "",
                                        "none", "/a/b", "//", "/a/b/c"};
    struct imp_keys *k = imp_keys_new(NULL);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct imp_keys *fresh = imp_keys_new(NULL);
        cr_expect_eq(key_of(k, paths[i]), key_of(fresh, paths[i]), "%s",
                     paths[i]);
        imp_keys_free(fresh);
    }
    imp_keys_free(k);
}
