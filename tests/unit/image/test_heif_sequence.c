#include "cutting.h"
#include "image/heif.h"

extern const struct imp_format imp_format_avif;

#define NAME "Jane Doe"

static struct imp_buf in;

static bool cut(struct imp_span bytes)
{
    return cut_as(&imp_format_avif, bytes);
}

static void tear_down(void)
{
    clear_cutting();
    imp_buf_clear(&in);
}

TestSuite(heif_sequence, .fini = tear_down, .timeout = 60);

// --- A sequence being made: AV1 frames that no decoder would take, but whose
// units are in order; sections are those of ISO/IEC 14496-12. ---

#define FRAME "\x32\x05" // a frame OBU of five bytes
static const char frames[2][8] = {FRAME "first", FRAME "secon"};
static const char metadata_obu[] = "\x2a\x08" NAME;

static void add(const void *bytes, size_t n)
{
    cr_assert(imp_buf_add(&in, bytes, n, NULL));
}

static void put(unsigned bytes, uint64_t v)
{
    cr_assert(imp_heif_put(&in, bytes, v, NULL));
}

static void zeros(size_t n)
{
    while (n--)
        put(1, 0);
}

static size_t box(const char *type)
{
    return imp_heif_begin(&in, type, NULL);
}

static size_t full(const char *type, uint32_t flags)
{
    return imp_heif_begin_full(&in, type, 0, flags, NULL);
}

static void end(size_t at)
{
    imp_heif_end(&in, at);
}

static void put_matrix(void)
{
    static const uint32_t upright[9] = {0x10000, 0, 0, 0,         0x10000,
                                        0,       0, 0, 0x40000000};
    for (size_t i = 0; i < 9; i++)
        put(4, upright[i]);
}

static void put_headers(uint32_t id)
{
    size_t at = full("tkhd", 1);
    add(NAME, 8); // when it was made and changed
    put(4, id);
    put(4, 0);
    put(4, 2);
    zeros(16);
    put_matrix();
    put(4, 8 << 16);
    put(4, 8 << 16);
    end(at);
}

static void put_stsd(const char *codec)
{
    size_t stsd = full("stsd", 0), at;
    put(4, 1);
    size_t entry = box(codec);
    zeros(24);
    put(2, 8);
    put(2, 8);
    zeros(14);
    add("\x08" NAME, 9); // the compressor's name
    zeros(23);
    put(4, 0x18ffff);
    at = box("av1C");
    put(4, 0x81000c00);
    end(at);
    end(entry);
    end(stsd);
}

// Two samples of `length` bytes, one behind the other at `place`.
static void put_tables(uint32_t place, uint32_t length)
{
    size_t at = full("stts", 0);
    put(4, 1), put(4, 2), put(4, 1);
    end(at);
    at = full("stsc", 0);
    put(4, 1), put(4, 1), put(4, 2), put(4, 1);
    end(at);
    at = full("stsz", 0);
    put(4, length), put(4, 2);
    end(at);
    at = full("stco", 0);
    put(4, 1), put(4, place);
    end(at);
}

static void put_track(uint32_t id, const char *handler, uint32_t place,
                      uint32_t length)
{
    size_t trak = box("trak"), mdia, minf, stbl, at;
    put_headers(id);
    mdia = box("mdia");
    at = full("mdhd", 0);
    add(NAME, 8);
    put(4, 10);
    put(4, 2);
    add("Ja\0\0", 4); // language
    end(at);
    at = full("hdlr", 0);
    put(4, 0);
    add(handler, 4);
    zeros(12);
    add(NAME, 9);
    end(at);
    minf = box("minf");
    stbl = box("stbl");
    put_stsd("av01");
    put_tables(place, length);
    end(stbl);
    end(minf);
    end(mdia);
    end(trak);
}

// `place`: of the two frames; behind them come two samples of metadata.
static void put_file(uint32_t place, uint32_t length)
{
    in.n = 0;
    size_t at = box("ftyp");
    add("avis\0\0\0\0avismsf1", 16);
    end(at);
    size_t moov = box("moov");
    at = full("mvhd", 0);
    add(NAME, 8);
    put(4, 10);
    put(4, 2);
    zeros(80);
    end(at);
    put_track(1, "pict", place, length);
    put_track(2, "meta", place + 2 * length, 8);
    at = box("udta");
    add(NAME, 8);
    end(at);
    end(moov);
    at = box("mdat");
    for (size_t i = 0; i < 2; i++) {
        add(frames[i], 7);
        if (length > 7)
            add(metadata_obu, 10);
    }
    add(NAME NAME, 16);
    end(at);
}

static void make(uint32_t length)
{
    put_file(0, length); // to learn where the frames lie
    put_file((uint32_t)(in.n - 16 - 2 * length), length);
}

static size_t place_of(const struct imp_buf *buf, const char *word)
{
    const uint8_t *p = memmem(buf->p, buf->n, word, strlen(word));
    return p ? (size_t)(p - buf->p) : 0;
}

Test(heif_sequence, pictures_stay_and_other_tracks_names_and_dates_go)
{
    make(7);
    cr_assert(place_of(&in, NAME));
    cr_assert(cut(imp_buf_span(&in)), "%s", err.msg);
    cr_expect(place_of(&out, "first") && place_of(&out, "secon"));
    cr_expect_eq(place_of(&out, NAME), 0);
    cr_expect_eq(place_of(&out, "meta"), 0);
}

// 8.7.3 and 8.7.5: sizes and places, of each sample alone.
Test(heif_sequence, the_tables_lead_to_the_samples_without_metadata_units)
{
    make(17);
    cr_assert(cut(imp_buf_span(&in)), "%s", err.msg);
    cr_expect_eq(place_of(&out, NAME), 0);
    size_t stco = place_of(&out, "stco"), stsz = place_of(&out, "stsz");
    cr_assert(stco && stsz);
    cr_expect_eq(imp_be32(out.p + stco + 8), 2);
    cr_expect_eq(imp_be32(out.p + stco + 12), place_of(&out, "first") - 2);
    cr_expect_eq(imp_be32(out.p + stco + 16), place_of(&out, "secon") - 2);
    cr_expect_eq(imp_be32(out.p + stsz + 16), 7);
    cr_expect_eq(imp_be32(out.p + stsz + 20), 7);
}

Test(heif_sequence, the_output_is_a_fixed_point)
{
    make(17);
    cr_assert(cut(imp_buf_span(&in)), "%s", err.msg);
    expect_fixed_point(&imp_format_avif);
}

Test(heif_sequence, a_sample_that_is_not_in_the_file_is_damage)
{
    make(7);
    put_file((uint32_t)in.n - 10, 7);
    cr_expect_not(cut(imp_buf_span(&in)));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
}

Test(heif_sequence, a_file_that_is_cut_short_never_leaks_nor_crashes)
{
    make(17);
    for (size_t n = 0; n < in.n; n++)
        if (cut((struct imp_span){in.p, n}))
            cr_expect_eq(place_of(&out, NAME), 0, "%zu", n);
        else
            cr_expect(err.code == IMP_ERR_DAMAGED ||
                          err.code == IMP_ERR_UNSUPPORTED ||
                          err.code == IMP_ERR_LIMIT,
                      "%zu: %s", n, err.msg);
}
