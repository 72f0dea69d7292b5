/* Any bytes as an EXIF block: what comes out is small, is rebuilt to itself,
 * and holds no planted word. */
#include "canary.h"
#include "deid/exif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct imp_span tiff)
{
    struct imp_buf once = {0}, twice = {0};
    struct imp_err err = {0};
    promise(imp_exif_rebuild(tiff, &once, &err), "rebuild succeeds");
    promise(once.n <= 108, "no more than five entries and their values");
    promise(once.n == 0 || memcmp(once.p, "MM\0*\0\0\0\10", 8) == 0, "TIFF");
    promise(!canary_found(imp_buf_span(&once)), "no planted word");
    promise(imp_exif_rebuild(imp_buf_span(&once), &twice, &err), "again");
    promise(once.n == twice.n &&
                (once.n == 0 || memcmp(once.p, twice.p, once.n) == 0),
            "the result is rebuilt to itself");
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
