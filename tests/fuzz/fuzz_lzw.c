// Any bytes as indexes: what the LZW writer makes of them is read back as they
// were, to the last of its bytes.
#include "image/lzw.h"
#include "image/lzw_write.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void read_back(struct imp_span coded, unsigned bits, uint8_t *index,
                      size_t n)
{
    enum imp_lzw_state state = IMP_LZW_MORE;
    struct imp_lzw *lzw = imp_lzw_new(NULL);
    size_t at = 1, used;
    require(lzw && coded.n > 1 && coded.p[0] == bits);
    imp_lzw_start(lzw, IMP_LZW_GIF, bits, n);
    imp_lzw_store(lzw, index);
    while (coded.p[at]) {
        require(state == IMP_LZW_MORE);
        state = imp_lzw_feed(lzw, coded.p + at + 1, coded.p[at], &used, NULL);
        require(used == coded.p[at]);
        at += 1u + coded.p[at];
        require(at < coded.n);
    }
    require(at + 1 == coded.n && state == IMP_LZW_DONE);
    require(imp_lzw_have(lzw) == n);
    imp_lzw_free(lzw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_buf coded = {0};
    if (size < 3)
        return 0;
    // A picture has runs: each input is repeated.
    unsigned bits = 2 + data[0] % 7;
    size_t n = (size - 2) * (1u + data[1] % 8);
    uint8_t *index = malloc(n), *back = malloc(n);
    for (size_t i = 0; index && i < n; i++)
        index[i] = data[2 + i % (size - 2)] & (uint8_t)((1u << bits) - 1);
    if (index && back && imp_lzw_write(bits, index, n, &coded, NULL)) {
        read_back(imp_buf_span(&coded), bits, back, n);
        require(memcmp(index, back, n) == 0);
    }
    imp_buf_clear(&coded);
    free(back);
    free(index);
    return 0;
}
