/* fuzz_png.c - any bytes as a PNG. What must hold for each input:
 *   - nothing crashes, and an error says that the input is at fault;
 *   - the cuts tile the input (checked by imp_cutlist_finish);
 *   - the output is PNG again and is then all kept;
 *   - the planted word is not in it, but for image data;
 * whether the editor drops or keeps what it is asked about. */
#include "image/format.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

extern const struct imp_format imp_format_png;

#define WORD "CANARY-Jane-Doe-19700101"
#define WORD_BYTES (sizeof WORD - 1)

struct fixed_editor {
    struct imp_editor base;
    enum imp_fate fate;
};

static bool decide(struct imp_editor *self, const struct imp_part *part,
                   struct imp_verdict *out, struct imp_err *err)
{
    (void)part;
    (void)err;
    out->fate = ((struct fixed_editor *)self)->fate;
    return true;
}

static bool cut(struct imp_span in, enum imp_fate fate, struct imp_cutlist *cl)
{
    struct fixed_editor e = {{decide}, fate};
    struct imp_job_image img = {.editor = &e.base,
                                .limits = {1 << 24, 1 << 22}};
    struct imp_err err = {0};
    if (imp_format_cut(&imp_format_png, in, &img, cl, &err))
        return true;
    if (err.code != IMP_ERR_DAMAGED && err.code != IMP_ERR_UNSUPPORTED &&
        err.code != IMP_ERR_LIMIT)
        abort();
    return false;
}

// A palette, its alpha and coded data may hold any bytes.
static bool is_picture(const uint8_t *type)
{
    static const char types[][5] = {"IDAT", "fdAT", "PLTE", "tRNS"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (memcmp(type, types[i], 4) == 0)
            return true;
    return false;
}

static void expect_no_word(struct imp_span png)
{
    for (size_t at = 8; at < png.n;) {
        size_t n = imp_be32(png.p + at);
        if (!is_picture(png.p + at + 4) &&
            memmem(png.p + at, n + 12, WORD, WORD_BYTES))
            abort();
        at += n + 12;
    }
}

static void check(struct imp_span in, enum imp_fate fate)
{
    struct imp_cutlist cl = {0};
    struct imp_buf out = {0};
    if (cut(in, fate, &cl)) {
        if (!imp_cutlist_apply(&cl, in, &out, NULL))
            abort();
        if (fate == IMP_FATE_DROP)
            expect_no_word(imp_buf_span(&out));
        if (!cut(imp_buf_span(&out), fate, &cl) || !imp_cutlist_all_kept(&cl))
            abort();
    }
    imp_buf_clear(&out);
    imp_cutlist_clear(&cl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_span in = {data, size};
    if (!imp_format_png.sniff(in))
        return 0;
    check(in, IMP_FATE_DROP);
    check(in, IMP_FATE_KEEP);
    return 0;
}

// --- Mutation: bytes as ever, then the word somewhere, then CRCs that fit ---

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed);

static size_t plant(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static const char types[][5] = {"tEXt", "prVt", "eXIf", "IDAT",
                                    "fdAT", "gAMA", "cHRM", "iCCP"};
    const size_t whole = WORD_BYTES + 12;
    if (size < 33 || size + whole > max_size)
        return size;
    size_t at = 8;
    for (unsigned skip = seed % 7 + 1; skip > 0; skip--) {
        size_t n = imp_be32(data + at);
        if (size - at < 24 || n > size - at - 24)
            break;
        at += n + 12;
    }
    memmove(data + at + whole, data + at, size - at);
    imp_put_be32(data + at, WORD_BYTES);
    memcpy(data + at + 4, types[seed / 7 % 8], 4);
    memcpy(data + at + 8, WORD, WORD_BYTES);
    return size + whole;
}

static void fit_crcs(uint8_t *data, size_t size)
{
    for (size_t at = 8; at < size && size - at >= 12;) {
        size_t n = imp_be32(data + at);
        if (n > size - at - 12)
            return;
        uLong crc = crc32(0, data + at + 4, (uInt)(n + 4));
        imp_put_be32(data + at + 8 + n, (uint32_t)crc);
        at += n + 12;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 4 == 0)
        size = plant(data, size, max_size, seed / 4);
    if (seed % 8 != 1)
        fit_crcs(data, size);
    return size;
}
