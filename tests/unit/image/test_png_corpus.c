#include "png_maker.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *corpus(void)
{
    const char *dir = getenv("IMP_CORPUS");
    if (!dir)
        dir = "../shared/corpus";
    DIR *d = opendir(dir);
    if (!d)
        return NULL;
    closedir(d);
    return dir;
}

static bool read_file(const char *path, struct imp_buf *out)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    uint8_t some[65536];
    size_t n;
    out->n = 0;
    while ((n = fread(some, 1, sizeof some, f)) > 0)
        png_add(out, some, n);
    fclose(f);
    return true;
}

// Call `each` with every file of the folder that is PNG; the number of them.
static size_t walk(const char *folder,
                   void (*each)(const char *name, struct imp_span in))
{
    char path[1024];
    size_t count = 0;
    struct imp_buf in = {0};
    snprintf(path, sizeof path, "%s/%s", corpus(), folder);
    DIR *d = opendir(path);
    if (!d)
        return 0;
    for (struct dirent *entry; (entry = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s/%s", corpus(), folder,
                 entry->d_name);
        if (entry->d_type == DT_DIR || !read_file(path, &in) ||
            !imp_format_png.sniff(imp_buf_span(&in)))
            continue;
        each(entry->d_name, imp_buf_span(&in));
        count++;
    }
    closedir(d);
    imp_buf_clear(&in);
    return count;
}

static const char *const text_types[] = {"tEXt", "zTXt", "iTXt", "tIME",
                                         "eXIf", "iCCP", "sPLT", "hIST"};

static void expect_clean(const char *name, struct imp_span in)
{
    // An fdAT chunk has the number of the fcTL before it: Pillow's example of a
    // sequence error.
    static const char broken[] = "pillow__sequence_fdat_fctl.png";
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct png_result r = png_cut(in, &e);
    if (strcmp(name, broken) == 0) {
        cr_expect_eq(r.err.code, IMP_ERR_DAMAGED);
        png_result_clear(&r);
        return;
    }
    cr_expect(r.ok, "%s: %s", name, r.err.msg);
    if (!r.ok)
        return;
    struct imp_span data;
    for (size_t i = 0; i < sizeof text_types / sizeof *text_types; i++)
        cr_expect_not(png_find(imp_buf_span(&r.out), text_types[i], 0, &data),
                      "%s: %s", name, text_types[i]);
    struct png_result again = png_cut(imp_buf_span(&r.out), &e);
    cr_expect(again.ok && again.all_kept, "%s", name);
    png_result_clear(&again);
    png_result_clear(&r);
    png_editor_clear(&e);
}

static void expect_stable(const char *name, struct imp_span in)
{
    struct png_editor e = png_editor_of(IMP_FATE_KEEP);
    struct png_result r = png_cut(in, &e);
    if (r.ok) {
        struct png_result again = png_cut(imp_buf_span(&r.out), &e);
        cr_expect(again.ok && again.all_kept, "%s", name);
        png_result_clear(&again);
    } else {
        cr_expect(r.err.code == IMP_ERR_DAMAGED || r.err.code == IMP_ERR_LIMIT,
                  "%s: %s", name, r.err.msg);
    }
    png_result_clear(&r);
    png_editor_clear(&e);
}

Test(png_corpus, every_sound_file_is_cleaned_and_a_second_pass_keeps_all)
{
    if (!corpus()) {
        puts("skipped: no corpus");
        return;
    }
    size_t n = walk("png", expect_clean) + walk("png/suite", expect_clean) +
               walk("medical", expect_clean);
    cr_expect_gt(n, 50);
}

Test(png_corpus, a_hostile_file_is_refused_or_its_output_is_stable)
{
    if (!corpus()) {
        puts("skipped: no corpus");
        return;
    }
    size_t n = walk("hostile/png", expect_stable) +
               walk("hostile/polyglot-inputs", expect_stable) +
               walk("png", expect_stable);
    cr_expect_gt(n, 50);
}
