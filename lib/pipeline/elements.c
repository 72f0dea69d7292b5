#include "pipeline/elements.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4 * IMP_ELEMENTS_TOLD }; // a power of two

struct imp_elements {
    struct imp_arena arena; // of strings
    struct imp_inspected_element element[IMP_ELEMENTS_TOLD];
    uint32_t hash[IMP_ELEMENTS_TOLD];
    uint16_t slot[SLOTS]; // 1 + index of an element; 0: free
    size_t n;
    uint64_t left;
};

struct imp_elements *imp_elements_new(struct imp_err *err)
{
    struct imp_elements *l = calloc(1, sizeof *l);
    if (!l)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for elements");
    return l;
}

void imp_elements_free(struct imp_elements *l)
{
    if (!l)
        return;
    imp_arena_clear(&l->arena);
    free(l);
}

void imp_elements_start(struct imp_elements *l)
{
    if (l->n)
        memset(l->slot, 0, sizeof l->slot);
    imp_arena_reset(&l->arena);
    l->n = 0;
    l->left = 0;
}

// --- Which are the same ---

static const char *behind_number(const char *at)
{
    return *at == '[' ? at + strcspn(at, "]") : at;
}

static bool same_path(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++) {
        a = behind_number(a);
        b = behind_number(b);
    }
    return *a == *b;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct imp_inspected_element *a,
                 const struct imp_deid_element *b)
{
    return same_text(a->fate, b->fate) && same_text(a->vr, b->vr) &&
           same_text(a->action, b->action) && same_text(a->option, b->option) &&
           same_text(a->why, b->why) && same_path(a->path, b->path);
}

// FNV-1a of the path without numbers.
static uint32_t hash_of(const char *path)
{
    uint32_t hash = 2166136261;
    for (; *path; path++) {
        hash = (hash ^ (uint8_t)*path) * 16777619;
        path = behind_number(path);
    }
    return hash;
}

// Where it is, or would be: there are always free ones.
static uint16_t *slot_of(struct imp_elements *l,
                         const struct imp_deid_element *element, uint32_t hash)
{
    uint32_t at = hash % SLOTS;
    for (; l->slot[at]; at = (at + 1) % SLOTS) {
        size_t i = l->slot[at] - 1U;
        if (l->hash[i] == hash && same(&l->element[i], element))
            break;
    }
    return &l->slot[at];
}

// --- Taking ---

static bool copy(struct imp_elements *l, const char *text, const char **out)
{
    char *p = text ? imp_arena_alloc(&l->arena, strlen(text) + 1) : NULL;
    *out = p;
    if (p)
        strcpy(p, text);
    return p || !text;
}

static bool take(struct imp_elements *l, const struct imp_deid_element *from,
                 struct imp_inspected_element *to)
{
    to->count = 1;
    return copy(l, from->path, &to->path) &&
           copy(l, from->keyword, &to->keyword) && copy(l, from->vr, &to->vr) &&
           copy(l, from->fate, &to->fate) &&
           copy(l, from->action, &to->action) &&
           copy(l, from->option, &to->option) && copy(l, from->why, &to->why) &&
           copy(l, from->value, &to->value);
}

static bool is_number(char c)
{
    return c >= '0' && c <= '9';
}

// "[3]" where `other` has another number, and "[*]" where others had, becomes
// "[*]": it gets no longer.
static void widen(char *path, const char *other)
{
    const char *from = path;
    while (*from) {
        bool item = *from == '[';
        *path++ = *from++;
        other++;
        if (!item)
            continue;
        size_t n = strcspn(from, "]"), m = strcspn(other, "]");
        if (n != m || memcmp(from, other, n) != 0 || !is_number(*from)) {
            *path++ = '*';
        } else {
            memmove(path, from, n);
            path += n;
        }
        from += n;
        other += m;
    }
    *path = '\0';
}

bool imp_elements_add(struct imp_elements *l,
                      const struct imp_deid_element *element)
{
    uint32_t hash = hash_of(element->path);
    uint16_t *slot = slot_of(l, element, hash);
    if (*slot) {
        struct imp_inspected_element *e = &l->element[*slot - 1];
        widen((char *)e->path, element->path);
        if (!same_text(e->value, element->value))
            e->value = NULL;
        e->count++;
        return true;
    }
    if (l->n == IMP_ELEMENTS_TOLD) {
        l->left++;
        return true;
    }
    if (!take(l, element, &l->element[l->n]))
        return false;
    l->hash[l->n++] = hash;
    *slot = (uint16_t)l->n;
    return true;
}

const struct imp_inspected_element *
imp_elements_told(const struct imp_elements *l, size_t *n, uint64_t *left)
{
    *n = l->n;
    *left = l->left;
    return l->element;
}
