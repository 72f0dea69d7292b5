/* tempdir.h - a directory for one test, and looks at what is in it. */
#ifndef IMP_TEST_TEMPDIR_H
#define IMP_TEST_TEMPDIR_H

#include <dirent.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Text made by printf; lives until the process ends. */
__attribute__((format(printf, 1, 2))) static inline char *text(const char *fmt,
                                                               ...)
{
    static struct kept {
        struct kept *next;
        char s[4400];
    } * all;
    struct kept *one = malloc(sizeof *one);
    if (!one)
        abort();
    one->next = all; // reachable: no leak
    all = one;
    va_list args;
    va_start(args, fmt);
    vsnprintf(one->s, sizeof one->s, fmt, args);
    va_end(args);
    return one->s;
}

/* A new, empty directory of mode 0700. */
static inline char *tempdir_make(void)
{
    const char *base = getenv("TMPDIR");
    char *dir = text("%s/imgpipe-test-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(dir))
        abort();
    return dir;
}

static inline int tempdir_unlink(const char *path, const struct stat *st,
                                 int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void tempdir_remove(const char *dir)
{
    nftw(dir, tempdir_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void put_file(const char *path, const char *content)
{
    FILE *f = fopen(path, "w");
    if (!f || fputs(content, f) < 0 || fclose(f) != 0)
        abort();
}

/* The first 4 kB of a file as a string; NULL if it is not there. */
static inline char *file_text(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    char *s = text("%s", "");
    s[fread(s, 1, 4096, f)] = '\0';
    fclose(f);
    return s;
}

static inline bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* How many entries a directory has; -1 if it is not there. */
static inline int entries(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    int n = -2; // "." and ".."
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Do two trees hold the same names and bytes? diff is the judge. */
static inline bool same_tree(const char *a, const char *b)
{
    return system(text("diff -r '%s' '%s'", a, b)) == 0;
}

#endif
