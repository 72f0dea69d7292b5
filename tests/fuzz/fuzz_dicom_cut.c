/* fuzz_dicom_cut.c - any bytes as a data set, of which elements are kept, taken
 * away and replaced by what their paths say. What must hold:
 *   - what can be read can be cut, and every byte of it is spoken for;
 *   - the output can be read again, to its end;
 *   - an element that was taken away is not in it;
 *   - to keep all of the output changes nothing. */
#include "dicom/file.h"
#include "image/dicom_cuts.h"

#include <stdlib.h>
#include <string.h>

#define EXPECT(what) \
    do {             \
        if (!(what)) \
            abort(); \
    } while (0)

#define GONE 0x00100010 // always taken away

static uint32_t hash(const char *text, uint32_t seed)
{
    uint32_t h = 2166136261u ^ seed; // FNV-1a
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h ^ h >> 15;
}

static bool by_path(void *self, const struct imp_dcm_reader *reader,
                    const struct imp_dcm_event *e, enum imp_dicom_cut *cut,
                    struct imp_span *value, struct imp_err *err)
{
    static const uint8_t letters[] = "AAAAAAAAAAAAAA";
    char path[IMP_DCM_PATH_MAX];
    (void)err;
    imp_dcm_path(reader, path);
    uint32_t h = hash(path, *(const uint8_t *)self);
    *cut = h & 1        ? IMP_DICOM_CUT_KEEP
           : h >> 1 & 1 ? IMP_DICOM_CUT_REMOVE
                        : IMP_DICOM_CUT_REPLACE;
    if (e->tag == GONE)
        *cut = IMP_DICOM_CUT_REMOVE;
    *value = (struct imp_span){letters, (h >> 2 & 7) * 2};
    return true;
}

static bool all(void *self, const struct imp_dcm_reader *reader,
                const struct imp_dcm_event *e, enum imp_dicom_cut *cut,
                struct imp_span *value, struct imp_err *err)
{
    (void)self, (void)reader, (void)value, (void)err;
    EXPECT(e->tag != GONE);
    *cut = IMP_DICOM_CUT_KEEP;
    return true;
}

static bool cut(struct imp_span in, struct imp_dcm_encoding how,
                const struct imp_dicom_decider *decider, struct imp_buf *out,
                struct imp_err *err)
{
    static struct imp_cutlist list;
    imp_cutlist_start(&list, in.n);
    bool ok =
        imp_dicom_cut_elements(in, 0, in.n, how, decider, NULL, 0, &list, err);
    if (ok) {
        EXPECT(imp_cutlist_finish(&list, err));
        EXPECT(imp_cutlist_apply(&list, in, out, err));
    }
    return ok;
}

// The data set of a file, or the bytes behind the first two as one.
static struct imp_span data_set(struct imp_span in,
                                struct imp_dcm_encoding *how)
{
    static const struct imp_dcm_encoding encodings[] = {
        {true, false}, {false, false}, {true, true}};
    struct imp_dcm_file file;
    if (imp_dcm_file_read(in, &file, NULL) && !file.syntax->deflated) {
        *how = file.syntax->encoding;
        return (struct imp_span){in.p + file.data_at, in.n - file.data_at};
    }
    *how = encodings[in.p[0] % 3];
    return (struct imp_span){in.p + 2, in.n - 2};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct imp_buf once, again;
    struct imp_err err = {0};
    struct imp_dcm_encoding how;
    if (n < 2)
        return 0;
    uint8_t seed = data[1]; // of a preamble, in a file
    const struct imp_dicom_decider some = {.self = &seed, .decide = by_path},
                                   rest = {.decide = all};
    struct imp_span in = data_set((struct imp_span){data, n}, &how);
    if (!cut(in, how, &some, &once, &err)) {
        EXPECT(err.code == IMP_ERR_DAMAGED || err.code == IMP_ERR_LIMIT);
        return 0;
    }
    EXPECT(cut(imp_buf_span(&once), how, &rest, &again, &err));
    EXPECT(once.n == again.n &&
           (once.n == 0 || memcmp(once.p, again.p, once.n) == 0));
    return 0;
}
