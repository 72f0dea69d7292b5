// JPEG frames of an object that two threads follow, as one would: frames
// [OBJECTS], of some hundred frames each, of many kinds, one of them damaged in
// every third object. What is found must be the same, whichever thread was
// faster.
#include "expect.h"

#include "../lib/cut_frames.h"
#include "../lib/same_cuts.h"

#include <stdlib.h>

// By the Huffman tables of T.81 K.3: see tests/unit/image/framing.h.
#define ONES8 "\1\1\1\1\1\1\1\1"
#define DQT "\xFF\xDB\0\x43\0" ONES8 ONES8 ONES8 ONES8 ONES8 ONES8 ONES8 ONES8
#define BEGIN                                               \
    "\xFF\xD8" DQT "\xFF\xC0\0\x0B\x08\0\x08\0\x08\1\1\x11" \
    "\0\xFF\xDA\0\x08\1\1\0\0\x3F\0"
#define SCAN "\xFF\0\x7F\xF3\x5F"
#define EOI "\xFF\xD9"

#define FRAME(text)            \
    {                          \
        text, sizeof(text) - 1 \
    }
static const struct frame {
    const char *p;
    size_t n;
} kinds[] = {
    FRAME(BEGIN SCAN EOI),
    FRAME(BEGIN SCAN EOI),
    FRAME(BEGIN SCAN "Doe\0" EOI),
    FRAME("\xFF\xD8\xFF\xCC\0\4\0\x10" DQT // a table that nothing uses
          "\xFF\xC0\0\x0B\x08\0\x08\0\x08\1\1\x11\0"
          "\xFF\xDA\0\x08\1\1\0\0\x3F\0" SCAN EOI "\0"),
    FRAME("\xFF\xD8\xFF\xFE\0\6Jane" DQT
          "\xFF\xC0\0\x0B\x08\0\x08\0\x08\1\1\x11\0"
          "\xFF\xDA\0\x08\1\1\0\0\x3F\0" SCAN EOI "\0"),
    FRAME(BEGIN "\xFF\0\x7F" EOI "\0"), // ends too early
};
enum { SOUND = 5, FRAMES = 400 };

static uint64_t random_state = 1;

// Numbers below `n`; Knuth's MMIX.
static unsigned draw(unsigned n)
{
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(random_state >> 33) % n;
}

static struct imp_buf object;

static void add(const void *p, size_t n)
{
    if (!imp_buf_add(&object, p, n, NULL))
        abort();
}

static void add_us(uint16_t element, uint16_t v)
{
    uint8_t us[10] = {0x28, 0, 0, 0, 'U', 'S', 2, 0};
    imp_put_le16(us + 2, element);
    imp_put_le16(us + 8, v);
    add(us, sizeof us);
}

static void add_item(uint16_t element, size_t n)
{
    uint8_t item[8] = {0xFE, 0xFF};
    imp_put_le16(item + 2, element);
    imp_put_le32(item + 4, (uint32_t)n);
    add(item, sizeof item);
}

static void make_object(bool damaged)
{
    unsigned bad = damaged ? draw(FRAMES) : FRAMES;
    object.n = 0;
    add_us(0x02, 1);
    add("\x28\0\x08\0IS\4\0"
        "400 ",
        12);
    add_us(0x10, 8);
    add_us(0x11, 8);
    add_us(0x100, 8);
    add("\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF", 12);
    add_item(0xE000, 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        const struct frame *f = &kinds[i == bad ? SOUND : draw(SOUND)];
        add_item(0xE000, f->n);
        add(f->p, f->n);
    }
    add_item(0xE0DD, 0);
}

int main(int argc, char **argv)
{
    static const char uid[] = "1.2.840.10008.1.2.4.50";
    static struct imp_cutlist one, two;
    struct imp_err of_one, of_two;
    const struct imp_dcm_syntax *syntax = imp_dcm_syntax_of(
        (struct imp_span){(const uint8_t *)uid, sizeof uid - 1});
    int objects = argc > 1 ? atoi(argv[1]) : 300;
    for (int i = 0; i < objects; i++) {
        bool damaged = i % 3 == 2;
        make_object(damaged);
        struct imp_span in = imp_buf_span(&object);
        bool ok = cut_frames(1, in, syntax, IMP_CHECK_CODED, &one, &of_one);
        expect(ok != damaged, "the damaged ones are refused");
        expect(cut_frames(2, in, syntax, IMP_CHECK_CODED, &two, &of_two) == ok,
               "two threads agree with one");
        expect(strcmp(of_one.msg, of_two.msg) == 0, "and say why");
        expect(!ok || same_cuts(&one, &two), "and find the same");
    }
    imp_cutlist_clear(&one);
    imp_cutlist_clear(&two);
    imp_buf_clear(&object);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
