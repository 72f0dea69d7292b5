/* Any bytes as an ICC profile: what comes out is not much larger, has no byte
 * that its directory does not name, is rebuilt to itself, and holds no planted
 * word outside the tables of numbers, which are the colours themselves. */
#include "canary.h"
#include "deid/icc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_table(const uint8_t *tag)
{
    static const char types[][5] = {"curv", "mft1", "mft2", "mAB ", "mBA "};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (memcmp(tag, types[i], 4) == 0)
            return true;
    return false;
}

// Mark the bytes of each tag as named, and blank the numbers of tables.
static void walk(uint8_t *p, size_t n, uint8_t *named)
{
    promise(n >= 132 && imp_be32(p) == n, "size field");
    size_t tags = imp_be32(p + 128);
    promise(tags >= 4 && tags <= 19, "number of tags");
    memset(named, 1, 132 + 12 * tags);
    for (size_t i = 0; i < tags; i++) {
        const uint8_t *entry = p + 132 + 12 * i;
        size_t at = imp_be32(entry + 4), len = imp_be32(entry + 8);
        promise(at <= n && len <= n - at && len >= 8, "tag lies inside");
        promise(at % 4 == 0, "tag is aligned");
        memset(named + at, 1, len);
        if (is_table(p + at))
            memset(p + at + 8, 0xee, len - 8);
    }
    for (size_t i = 0; i < n; i++)
        promise(named[i] || (p[i] == 0 && (i & 3)), "only padding is unnamed");
}

static void check(struct imp_span profile)
{
    struct imp_buf once = {0}, twice = {0};
    struct imp_err err = {0};
    promise(imp_icc_rebuild(profile, IMP_ICC_NEUTRAL, &once, &err),
            "rebuild succeeds");
    promise(once.n <= profile.n + 2048, "not much larger");
    promise(imp_icc_rebuild(imp_buf_span(&once), IMP_ICC_NEUTRAL, &twice, &err),
            "again");
    promise(once.n == twice.n &&
                (once.n == 0 || memcmp(once.p, twice.p, once.n) == 0),
            "the result is rebuilt to itself");
    if (once.n) {
        uint8_t *named = calloc(1, once.n);
        walk(once.p, once.n, named);
        promise(!canary_found(imp_buf_span(&once)), "no planted word");
        free(named);
    }
    imp_buf_clear(&once);
    imp_buf_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((struct imp_span){data, size});
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    canary_plant(copy, size);
    check((struct imp_span){copy, size});
    free(copy);
    return 0;
}
