/* Any bytes as an EXIF block, under what the presets and files may allow: what
 * comes out is small, is rebuilt to itself, and holds no planted word. */
#include "canary.h"
#include "deid/exif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    uint64_t allow;
    enum imp_dates dates;
    bool has_shift;
    int32_t shift_days;
    size_t most; // bytes: of the entries and their values
} ways[] = {
    {0, IMP_DATES_REMOVE, false, 0, 108},
    {UINT64_MAX, IMP_DATES_YEAR, false, 0, 1200},
    {UINT64_MAX, IMP_DATES_SHIFT, true, -300, 1200},
};

static void check(struct imp_span tiff, size_t way)
{
    struct imp_buf once = {0}, twice = {0};
    struct imp_err err = {0};
    struct imp_exif_options o = {
        .allow = ways[way].allow ? ways[way].allow : imp_exif_allow(false),
        .dates = ways[way].dates,
        .has_shift = ways[way].has_shift,
        .shift_days = ways[way].shift_days};
    promise(imp_exif_rebuild(tiff, &o, &once, &err), "rebuild succeeds");
    promise(once.n <= ways[way].most, "no more than the entries allowed");
    promise(once.n == 0 || memcmp(once.p, "MM\0*\0\0\0\10", 8) == 0, "TIFF");
    // A make or a model may be any plain word; under strict there is none.
    promise(way > 0 || !canary_found(imp_buf_span(&once)), "no planted word");
    o.shift_days = 0;
    promise(imp_exif_rebuild(imp_buf_span(&once), &o, &twice, &err), "again");
    promise(once.n == twice.n &&
                (once.n == 0 || memcmp(once.p, twice.p, once.n) == 0),
            "the result is rebuilt to itself");
    imp_buf_clear(&once);
    imp_buf_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++)
        check((struct imp_span){data, size}, way);
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    canary_plant(copy, size);
    check((struct imp_span){copy, size}, 0);
    free(copy);
    return 0;
}
