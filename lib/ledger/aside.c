#include "ledger/aside.h"

#include "base/fold.h"
#include "ledger/entries.h"
#include "ledger/subjects.h"

#include <stdlib.h>
#include <string.h>

struct named {
    struct imp_result *r;
    char *folded; // its name, see fold.h
    size_t order; // in which it came
};

// Names that are one elsewhere lie together, a directory before what it has.
static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->folded, y->folded);
    if (order == 0)
        order = strcmp(x->r->name, y->r->name);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

// --- What becomes of one ---

void imp_fail_name_taken(struct imp_result *r)
{
    bool is_dicom = r->format && strcmp(r->format, "dicom") == 0;
    r->outcome = IMP_FAILED;
    imp_fail(&r->err, IMP_ERR_CONFIG,
             "another object has the name %s: names need more of {digest}%s",
             r->name,
             is_dicom ? ", or two DICOM objects that differ have one UID" : "");
}

// What becomes of an image whose name an object has, or an image before it is
// to have.
static void compare(struct imp_result *r, const struct imp_digest *with)
{
    if (imp_digest_same(with, &r->digest))
        r->outcome = IMP_DUPLICATE;
    else
        imp_fail_name_taken(r);
}

static void fail_not_apart(struct imp_result *r)
{
    r->outcome = IMP_FAILED;
    imp_fail(
        &r->err, IMP_ERR_CONFIG,
        "%s cannot lie beside another object: it is a directory's name, or "
        "lies below that one's, or the two differ only in case or in how "
        "accents are coded",
        r->name);
}

// The worker saw it in the ledger, so it staged nothing.
static void fail_vanished(struct imp_result *r)
{
    r->outcome = IMP_FAILED;
    imp_fail(&r->err, IMP_ERR_IO,
             "the object that this is a duplicate of is not in the ledger any "
             "more");
}

// The ledger's word on one image. `before` is the image that is to have the
// same name, or NULL.
static bool sort_out(struct imp_ledger *l, struct imp_result *r,
                     const struct imp_result *before, struct imp_err *err)
{
    struct imp_object_row known;
    if (before) {
        compare(r, &before->digest);
        return true;
    }
    if (!imp_ledger_find_object(l, r->name, &known, err))
        return false;
    if (known.found)
        compare(r, &known.digest);
    else if (!r->staged)
        fail_vanished(r);
    else if (!imp_name_check(r->name, &r->err))
        r->outcome = IMP_FAILED;
    return true;
}

// Could both be unpacked where imp_fold makes two names one? A directory of
// both must be spelt in one way, and one's name be no directory of the other.
static bool stand_together(const struct named *x, const struct named *y)
{
    const char *a = x->r->name, *b = y->r->name;
    const char *fa = x->folded, *fb = y->folded;
    for (;;) {
        size_t na = strcspn(a, "/"), nb = strcspn(b, "/");
        size_t nfa = strcspn(fa, "/"), nfb = strcspn(fb, "/");
        if (nfa != nfb || memcmp(fa, fb, nfa) != 0)
            return true;
        if (!a[na] || !b[nb] || na != nb || memcmp(a, b, na) != 0)
            return false;
        a += na + 1, b += nb + 1, fa += nfa + 1, fb += nfb + 1;
    }
}

struct directory {
    const char *folded;
    size_t n; // of it
};

static int by_folded(const void *directory, const void *image)
{
    const struct directory *d = directory;
    const char *folded = ((const struct named *)image)->folded;
    int order = strncmp(d->folded, folded, d->n);
    return order || !folded[d->n] ? order : -1;
}

static bool lies_below_any(const struct named *image, const struct named *kept,
                           size_t n)
{
    const char *slash = strchr(image->folded, '/');
    for (; slash; slash = strchr(slash + 1, '/')) {
        struct directory d = {image->folded, (size_t)(slash - image->folded)};
        if (bsearch(&d, kept, n, sizeof *kept, by_folded))
            return true;
    }
    return false;
}

// Does it stand together with each of those kept so far? They come in order,
// where all that begin alike lie together. So a directory that it shares with
// any of them, folded, it shares with the last, which spells it as the others
// do; and if one has its name, folded, the last has. What remains is one whose
// name is a directory that it lies in: others may lie between the two.
static bool stands_with_all(const struct named *image, const struct named *kept,
                            size_t n)
{
    return n == 0 || (stand_together(image, &kept[n - 1]) &&
                      !lies_below_any(image, kept, n));
}

// Can its name stand beside all others? `n` at `kept` are those of the group so
// far, in order.
static bool keep_apart(struct imp_ledger *l, const struct named *image,
                       const struct named *kept, size_t n, struct imp_err *err)
{
    bool apart = true;
    const char *beside = n ? kept[n - 1].r->name : NULL;
    if (!imp_ledger_name_is_apart(l, image->r->name, beside, &apart, err))
        return false;
    if (!apart || !stands_with_all(image, kept, n))
        fail_not_apart(image->r);
    return true;
}

// --- Whose they are ---

// Is the input archived as another subject's?
static bool is_anothers(struct imp_ledger *l, const struct imp_result *r,
                        bool *is, struct imp_err *err)
{
    char *subject;
    if (!imp_ledger_subject_of(l, r->path, &r->stamp, &subject, err))
        return false;
    *is = subject && strcmp(subject, r->subject) != 0;
    free(subject);
    return true;
}

// Has the group the input as two subjects'? Then a list has it twice, and
// nobody knows which is right.
static bool is_twice(struct imp_result *const *group, size_t n,
                     const struct imp_result *r)
{
    for (size_t i = 0; i < n; i++) {
        const struct imp_result *other = group[i];
        if (other->subject && strcmp(other->path, r->path) == 0 &&
            strcmp(other->subject, r->subject) != 0)
            return true;
    }
    return false;
}

static void fail_subject(struct imp_result *r, const char *why)
{
    r->outcome = IMP_FAILED;
    imp_fail(&r->err, IMP_ERR_CONFIG, "%s", why);
}

static bool check_subjects(struct imp_ledger *l,
                           struct imp_result *const *group, size_t n,
                           struct imp_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct imp_result *r = group[i];
        bool anothers;
        if (r->outcome != IMP_ARCHIVED || !r->subject)
            continue;
        if (!is_anothers(l, r, &anothers, err))
            return false;
        if (anothers)
            fail_subject(r, "it is archived as another subject's, and has its "
                            "code in the archive");
        else if (is_twice(group, n, r))
            fail_subject(r, "it is there twice, as two subjects'");
    }
    return true;
}

// --- All of them ---

static bool collect(struct imp_result *const *group, size_t n,
                    struct named *named, size_t *count, struct imp_err *err)
{
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        if (group[i]->outcome != IMP_ARCHIVED)
            continue;
        char *folded = imp_fold(group[i]->name);
        if (!folded)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for a name");
        named[(*count)++] = (struct named){group[i], folded, i};
    }
    return true;
}

static bool judge(struct imp_ledger *l, struct named *named, size_t n,
                  struct imp_err *err)
{
    size_t kept = 0;
    // Of those with one name the first that is to have it. One that has failed
    // or is a duplicate says nothing of what the name stands for.
    const struct imp_result *first = NULL;
    qsort(named, n, sizeof *named, by_name);
    for (size_t i = 0; i < n; i++) {
        struct imp_result *r = named[i].r;
        if (first && strcmp(first->name, r->name) != 0)
            first = NULL;
        if (!sort_out(l, r, first, err))
            return false;
        if (r->outcome == IMP_ARCHIVED &&
            !keep_apart(l, &named[i], named, kept, err))
            return false;
        if (r->outcome != IMP_ARCHIVED)
            continue;
        first = r;
        struct named keep = named[i];
        named[i] = named[kept];
        named[kept++] = keep;
    }
    return true;
}

bool imp_set_aside(struct imp_ledger *l, struct imp_result *const *group,
                   size_t n, struct imp_err *err)
{
    size_t count = 0;
    struct named *named = calloc(n ? n : 1, sizeof *named);
    if (!named)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a group");
    // One transaction, as each takes and gives back locks.
    bool ok = imp_db_begin_read(&l->db, err) &&
              check_subjects(l, group, n, err) &&
              collect(group, n, named, &count, err) &&
              judge(l, named, count, err) && imp_db_commit(&l->db, err);
    if (!ok)
        imp_db_rollback(&l->db);
    for (size_t i = 0; i < count; i++)
        free(named[i].folded);
    free(named);
    return ok;
}
