/* fuzz_dicom_read.c - any bytes as a DICOM file, and as a data set in each of
 * three encodings. What must hold for each input:
 *   - nothing crashes, and an error says that the input is at fault;
 *   - events tile the input: no gap, no overlap, no byte over;
 *   - what is begun is closed, in order, where its length says or by a
 *     delimiter, within all that it lies in, and no deeper than the limit;
 *   - a sequence that was told although UN hides it holds no surprise;
 *   - there are no more events than bytes account for. */
#include "dicom/file.h"
#include "dicom/reader.h"

#include <stdlib.h>
#include <string.h>

#define EXPECT(what) \
    do {             \
        if (!(what)) \
            abort(); \
    } while (0)

struct open {
    enum imp_dcm_event_kind kind;
    bool undefined;
    uint64_t end; // of it, or of what it lies in
    bool sure;    // of known length, in which nothing can be wrong any more
};

struct state {
    struct open open[2 * IMP_DCM_MAX_DEPTH + 1];
    unsigned n, sequences;
};

static void expect_code(const struct imp_err *err)
{
    EXPECT(err->code == IMP_ERR_DAMAGED || err->code == IMP_ERR_LIMIT ||
           err->code == IMP_ERR_UNSUPPORTED);
}

static uint64_t limit(const struct state *s)
{
    return s->n ? s->open[s->n - 1].end : UINT64_MAX;
}

static void begin(struct state *s, const struct imp_dcm_event *e)
{
    bool within = s->n && s->open[s->n - 1].sure;
    EXPECT(s->n < sizeof s->open / sizeof *s->open);
    struct open o = {e->kind, e->length == IMP_DCM_UNDEFINED, limit(s), within};
    if (!o.undefined)
        o.end = e->at + e->header + e->length;
    if (e->flags & IMP_DCM_DISGUISED && !o.undefined)
        o.sure = true;
    EXPECT(o.end <= limit(s));
    s->open[s->n++] = o;
    s->sequences += e->kind == IMP_DCM_SEQUENCE_BEGIN;
    EXPECT(s->sequences <= IMP_DCM_MAX_DEPTH);
}

static void expect_within(const struct state *s, enum imp_dcm_event_kind kind)
{
    EXPECT(s->n && s->open[s->n - 1].kind == kind);
}

static void close_it(struct state *s, const struct imp_dcm_event *e,
                     enum imp_dcm_event_kind kind)
{
    expect_within(s, kind);
    if (s->open[s->n - 1].undefined)
        EXPECT(e->header == 8);
    else
        EXPECT(e->header == 0 && e->at == limit(s));
    s->n--;
    s->sequences -= kind == IMP_DCM_SEQUENCE_BEGIN;
}

static void follow(struct state *s, const struct imp_dcm_event *e)
{
    switch (e->kind) {
    case IMP_DCM_ELEMENT:
        EXPECT(e->length == e->value && e->header >= 8);
        EXPECT(!s->n || s->open[s->n - 1].kind == IMP_DCM_ITEM_BEGIN);
        break;
    case IMP_DCM_SEQUENCE_BEGIN:
        EXPECT(e->vr == IMP_DCM_SQ);
        EXPECT(e->depth == s->sequences);
        begin(s, e);
        break;
    case IMP_DCM_PIXELS_BEGIN:
        begin(s, e);
        break;
    case IMP_DCM_ITEM_BEGIN:
        expect_within(s, IMP_DCM_SEQUENCE_BEGIN);
        begin(s, e);
        break;
    case IMP_DCM_FRAGMENT:
        expect_within(s, IMP_DCM_PIXELS_BEGIN);
        break;
    case IMP_DCM_SEQUENCE_CLOSE:
        close_it(s, e, IMP_DCM_SEQUENCE_BEGIN);
        break;
    case IMP_DCM_ITEM_CLOSE:
        close_it(s, e, IMP_DCM_ITEM_BEGIN);
        break;
    case IMP_DCM_PIXELS_CLOSE:
        close_it(s, e, IMP_DCM_PIXELS_BEGIN);
        break;
    case IMP_DCM_ZEROS:
    case IMP_DCM_END:
        EXPECT(s->n == 0);
        break;
    }
}

static void read_all(struct imp_span in, uint64_t from,
                     struct imp_dcm_encoding encoding)
{
    static struct imp_dcm_reader r;
    static char path[IMP_DCM_PATH_MAX];
    struct state s = {0};
    struct imp_dcm_event e;
    struct imp_err err = {0};
    uint64_t at = from, events = 0;
    imp_dcm_reader_start(&r, in, from, in.n, encoding);
    do {
        if (!imp_dcm_next(&r, &e, &err)) {
            expect_code(&err);
            EXPECT(err.has_at && err.at >= from && err.at <= in.n);
            for (unsigned i = 0; i < s.n; i++)
                EXPECT(!s.open[i].sure || err.code == IMP_ERR_LIMIT);
            return;
        }
        imp_dcm_path(&r, path);
        EXPECT(strlen(path) < sizeof path);
        EXPECT(e.at == at && e.header <= 12);
        at += e.header + e.value;
        EXPECT(at <= in.n && at <= limit(&s));
        follow(&s, &e);
        EXPECT(++events <= (in.n - from) / 4 + 2);
    } while (e.kind != IMP_DCM_END);
    EXPECT(at == in.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct imp_dcm_encoding ways[] = {
        {false, false}, {true, false}, {true, true}};
    struct imp_span in = {data, size};
    struct imp_dcm_file f;
    struct imp_err err = {0};
    bool ours = imp_dcm_sniff(in);
    if (imp_dcm_file_read(in, &f, &err)) {
        EXPECT(f.syntax && f.meta_at <= f.data_at && f.data_at <= size);
        read_all(in, f.data_at, f.syntax->encoding);
        read_all((struct imp_span){data, f.data_at}, f.meta_at,
                 (struct imp_dcm_encoding){true, false});
    } else {
        expect_code(&err);
    }
    if (!ours)
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
            read_all(in, 0, ways[i]);
    return 0;
}
