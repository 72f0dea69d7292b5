// malloc and its like, as far as imgpipe's own code calls them.
#undef _FORTIFY_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLER __builtin_return_address(0)

// glibc's own, which need no dlsym, for that may allocate.
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

struct range {
    uintptr_t start, end;
};
static struct range program, pixels; // executable segments; 0: not loaded

static void note_text(const struct dl_phdr_info *info, struct range *text)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X)) {
            text->start = info->dlpi_addr + ph->p_vaddr;
            text->end = text->start + ph->p_memsz;
        }
    }
}

static int visit(struct dl_phdr_info *info, size_t size, void *self)
{
    (void)size, (void)self;
    if (!program.end) // the first is the program
        note_text(info, &program);
    else if (strstr(info->dlpi_name, "/pixels.so"))
        note_text(info, &pixels);
    return 0;
}

__attribute__((constructor)) static void find_program(void)
{
    dl_iterate_phdr(visit, NULL);
}

PUBLIC void *dlopen(const char *file, int flags)
{
    void *(*next)(const char *, int) =
        (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    void *library = next(file, flags);
    if (library && !pixels.end)
        dl_iterate_phdr(visit, NULL);
    return library;
}

static bool holds(const struct range *text, uintptr_t at)
{
    return at >= text->start && at < text->end;
}

static bool denied(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    if (!holds(&program, at) && !holds(&pixels, at))
        return false;
    return shim_fails(shim_meet(SHIM_alloc, true));
}

PUBLIC void *malloc(size_t n)
{
    return denied(CALLER) ? NULL : __libc_malloc(n);
}

PUBLIC void *calloc(size_t n, size_t size)
{
    return denied(CALLER) ? NULL : __libc_calloc(n, size);
}

PUBLIC void *realloc(void *p, size_t n)
{
    return denied(CALLER) ? NULL : __libc_realloc(p, n);
}

static char *copy(const char *text, size_t n)
{
    char *out = __libc_malloc(n + 1);
    if (out) {
        memcpy(out, text, n);
        out[n] = '\0';
    }
    return out;
}

PUBLIC char *strdup(const char *text)
{
    return denied(CALLER) ? NULL : copy(text, strlen(text));
}

PUBLIC char *strndup(const char *text, size_t n)
{
    return denied(CALLER) ? NULL : copy(text, strnlen(text, n));
}

// What _FORTIFY_SOURCE makes of asprintf.
PUBLIC int __asprintf_chk(char **out, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
PUBLIC int __asprintf_chk(char **out, int flag, const char *fmt, ...)
{
    (void)flag;
    if (denied(CALLER))
        return -1;
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(out, fmt, args);
    va_end(args);
    return n;
}
