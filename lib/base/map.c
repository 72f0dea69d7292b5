#include "base/map.h"

#include "base/file.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Of a piece that is not copied; or what makes this many of them at most, as
// the kernel allows a process 65,530 mappings (vm.max_map_count).
#define SHARED_LEAST ((size_t)64 * 1024)
#define SHARED_MOST 8192

// Up to here what is copied stays in memory.
#define IN_MEMORY ((size_t)8 << 20)

struct imp_map_extent {
    const uint8_t *p;
    size_t n;
    int fd;
    uint64_t at;
};

// --- Pages that cannot be had ---
//
// The kernel tells of them by SIGBUS, at the instruction that reads, so here,
// and only here, a signal handler does work: there is no other place. It can be
// given nothing, so what it needs is in two thread-local variables: the open
// maps of the thread that reads, which is the one that gets the signal. It
// calls mmap alone (libwayland-server does so for clients that cut their
// buffers short), and the reader goes on, over zeros, to where the faults are
// counted.

static _Thread_local struct imp_map *open_maps;
static _Thread_local volatile sig_atomic_t faults;

// The map for notes is all threads', so it is no thread's variable; its sizes
// are written before `notes` is. NULL: there is none.
static _Atomic(uint8_t *) notes;
static size_t notes_n, notes_page;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction before; // whoever handled SIGBUS; written once

// Not ours: have it handled as if we were not here.
static void pass_on(int sig, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(sig, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(sig);
    } else {
        signal(sig, SIG_DFL);
        raise(sig); // delivered when this handler returns
    }
}

// A page that only forgets, in place of one for notes that cannot be had.
static bool replace_notes(const uint8_t *at)
{
    uint8_t *area = atomic_load(&notes);
    if (!area || at < area || at >= area + notes_n)
        return false;
    uint8_t *page = area + (size_t)(at - area) / notes_page * notes_page;
    return mmap(page, notes_page, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    const uint8_t *at = info->si_addr;
    if (replace_notes(at))
        return;
    for (struct imp_map *m = open_maps; m; m = m->next) {
        if (at < m->area || at >= m->area + m->area_n)
            continue;
        if (mmap(m->area, m->area_n, PROT_READ,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                 0) == MAP_FAILED)
            break;
        faults++;
        return;
    }
    pass_on(sig, info, context);
}

static void handle_sigbus(void)
{
    struct sigaction ours = {.sa_sigaction = on_sigbus,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGBUS, &ours, &before) != 0)
        imp_bug("sigaction");
}

unsigned imp_map_faults(void)
{
    return (unsigned)faults;
}

// --- Open and close ---

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static bool map_area(struct imp_map *m, int fd, uint64_t n, struct imp_err *err)
{
    size_t page = page_size();
    pthread_once(&once, handle_sigbus);
    if (n == 0 || n > SIZE_MAX / 2)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "cannot map %ju bytes",
                        (uintmax_t)n);
    size_t size = ((size_t)n + page - 1) / page * page;
    // Shared: there is no page that is only ours, so giving one back loses
    // nothing.
    void *area = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (area == MAP_FAILED) {
        imp_fail_errno(err, "map it");
        if (err && err->code == IMP_ERR_IO)
            err->code = IMP_ERR_UNSUPPORTED;
        return false;
    }
    madvise(area, size, MADV_SEQUENTIAL);
    *m = (struct imp_map){.area = area, .area_n = size, .next = open_maps};
    open_maps = m;
    return true;
}

static bool add_extent(struct imp_map *m, const uint8_t *p, size_t n, int fd,
                       uint64_t at, struct imp_err *err)
{
    if (m->n_extents == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 1;
        void *grown = realloc(m->extent, cap * sizeof *m->extent);
        if (!grown)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for a map");
        m->extent = grown;
        m->cap = cap;
    }
    m->extent[m->n_extents++] = (struct imp_map_extent){p, n, fd, at};
    return true;
}

bool imp_map_open(struct imp_map *m, int fd, uint64_t n, struct imp_err *err)
{
    *m = (struct imp_map){0};
    if (!map_area(m, fd, n, err))
        return false;
    m->bytes = (struct imp_span){m->area, (size_t)n};
    if (add_extent(m, m->area, (size_t)n, fd, 0, err))
        return true;
    imp_map_close(m);
    return false;
}

static void forget(const struct imp_map *m)
{
    struct imp_map **at = &open_maps;
    while (*at && *at != m)
        at = &(*at)->next;
    if (!*at)
        imp_bug("a map closed by another thread");
    *at = m->next;
}

void imp_map_close(struct imp_map *m)
{
    if (!m->area)
        return;
    forget(m);
    munmap(m->area, m->area_n);
    free(m->extent);
    *m = (struct imp_map){0};
}

// --- Going over one ---

static const struct imp_map *map_of(const uint8_t *p)
{
    const struct imp_map *m = open_maps;
    while (m && (p < m->area || p >= m->area + m->area_n))
        m = m->next;
    return m;
}

bool imp_map_has(struct imp_span bytes)
{
    const struct imp_map *m = bytes.n ? map_of(bytes.p) : NULL;
    return m && bytes.n <= (size_t)(m->area + m->area_n - bytes.p);
}

// The first extent that ends behind `p`.
static size_t extent_behind(const struct imp_map *m, const uint8_t *p)
{
    size_t from = 0, to = m->n_extents;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (m->extent[mid].p + m->extent[mid].n > p)
            to = mid;
        else
            from = mid + 1;
    }
    return from;
}

struct imp_map_place imp_map_place_of(struct imp_span bytes)
{
    struct imp_map_place none = {.fd = -1, .n = bytes.n};
    const struct imp_map *m = map_of(bytes.p);
    size_t i = m ? extent_behind(m, bytes.p) : 0;
    if (!m || i == m->n_extents)
        return none;
    const struct imp_map_extent *e = &m->extent[i];
    if (e->p > bytes.p) {
        size_t gap = (size_t)(e->p - bytes.p);
        none.n = gap < bytes.n ? gap : bytes.n;
        return none;
    }
    size_t into = (size_t)(bytes.p - e->p), n = e->n - into;
    return (struct imp_map_place){e->fd, e->at + into,
                                  n < bytes.n ? n : bytes.n};
}

// --- Another thread ---

bool imp_map_share(struct imp_map *share, struct imp_span bytes)
{
    if (!imp_map_has(bytes))
        return false;
    *share = *map_of(bytes.p);
    share->extent = NULL;
    share->n_extents = 0;
    return true;
}

void imp_map_take_up(struct imp_map *share)
{
    share->next = open_maps;
    open_maps = share;
}

unsigned imp_map_give_up(struct imp_map *share)
{
    forget(share);
    return (unsigned)faults;
}

void imp_map_add_faults(unsigned n)
{
    faults += (sig_atomic_t)n;
}

// --- Notes ---

uint8_t *imp_map_notes(int fd, size_t n, struct imp_err *err)
{
    pthread_once(&once, handle_sigbus);
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        imp_fail_errno(err, "map it");
        return NULL;
    }
    if (atomic_load(&notes))
        imp_bug("two maps for notes");
    notes_n = n;
    notes_page = page_size();
    atomic_store(&notes, p);
    return p;
}

void imp_map_notes_close(uint8_t *p, size_t n)
{
    atomic_store(&notes, NULL);
    munmap(p, n);
}

// --- Memory ---

void imp_map_give_back(struct imp_span bytes)
{
    if (!imp_map_has(bytes))
        return;
    const struct imp_map *m = map_of(bytes.p);
    size_t page = page_size(), at = (size_t)(bytes.p - m->area);
    size_t from = at / page * page, to = (at + bytes.n) / page * page;
    if (to > from)
        madvise(m->area + from, to - from, MADV_DONTNEED);
}

// All at once, not page by page as they are looked at; and write(2) would fill
// the rest of a folio with zeros at each page of its source that is missing. Of
// what cannot be had the reader will know.
static void bring_in(struct imp_span bytes)
{
    if (bytes.n < IMP_MAP_STEP / 2 || !imp_map_has(bytes))
        return;
    size_t into = (size_t)((uintptr_t)bytes.p % page_size());
    madvise((uint8_t *)(uintptr_t)bytes.p - into, bytes.n + into,
            MADV_POPULATE_READ);
}

bool imp_map_step(struct imp_span *left, struct imp_span *step)
{
    imp_map_give_back(*step);
    step->p = left->p;
    step->n = left->n < IMP_MAP_STEP ? left->n : IMP_MAP_STEP;
    if (step->n == 0)
        return false;
    bring_in(*step);
    left->p += step->n;
    left->n -= step->n;
    return true;
}

// --- Several pieces as one ---

struct join {
    const struct iovec *piece;
    size_t n;
    size_t length;           // of all
    size_t least;            // of a piece that is not copied
    size_t page, shift;      // bytes between the area and the first
    int fd;                  // of what is copied
    uint8_t *area;           // NULL: not mapped yet
    uint8_t held[64 * 1024]; // copied, on its way to the file
    size_t n_held;
    uint64_t held_at;
};

// Where in its file a piece is, if it lies in one that is mapped.
static bool source_of(const struct join *j, const struct iovec *piece, int *fd,
                      uint64_t *at)
{
    if (piece->iov_len < j->least)
        return false;
    const struct imp_map_place place =
        imp_map_place_of((struct imp_span){piece->iov_base, piece->iov_len});
    *fd = place.fd;
    *at = place.at;
    return place.fd >= 0 && place.n == piece->iov_len;
}

// The whole pages of a piece that goes to `at` of the area: [*from, *to), if it
// is moved by whole pages.
static bool pages_of(const struct join *j, const struct iovec *piece, size_t at,
                     size_t *from, size_t *to, int *fd, uint64_t *in_file)
{
    uint64_t in = 0;
    if (!source_of(j, piece, fd, &in) || in % j->page != at % j->page)
        return false;
    *from = (at + j->page - 1) / j->page * j->page;
    *to = (at + piece->iov_len) / j->page * j->page;
    *in_file = in + (*from - at);
    return *from < *to;
}

// The longest piece decides how far the first byte is from a page's border.
static bool measure(struct join *j, struct imp_err *err)
{
    size_t longest = 0, at = 0;
    for (size_t i = 0; i < j->n; i++)
        if (__builtin_add_overflow(j->length, j->piece[i].iov_len, &j->length))
            return imp_fail(err, IMP_ERR_LIMIT, "its length overflows");
    j->page = page_size();
    j->least = j->length / SHARED_MOST;
    if (j->least < SHARED_LEAST)
        j->least = SHARED_LEAST;
    for (size_t i = 0; i < j->n; at += j->piece[i++].iov_len) {
        uint64_t in;
        int fd;
        size_t len = j->piece[i].iov_len;
        if (len > longest && source_of(j, &j->piece[i], &fd, &in)) {
            longest = len;
            j->shift = (size_t)(in + j->page - at % j->page) % j->page;
        }
    }
    return j->length < SIZE_MAX / 2 ||
           imp_fail(err, IMP_ERR_LIMIT, "its length overflows");
}

static size_t copied_bytes(const struct join *j)
{
    size_t copied = 0, at = j->shift;
    for (size_t i = 0; i < j->n; at += j->piece[i++].iov_len) {
        size_t from, to;
        uint64_t in;
        int fd;
        bool shared = pages_of(j, &j->piece[i], at, &from, &to, &fd, &in);
        copied += j->piece[i].iov_len - (shared ? to - from : 0);
    }
    return copied;
}

static bool open_file(struct join *j, struct imp_err *err)
{
    if (copied_bytes(j) <= IN_MEMORY)
        j->fd = memfd_create("imgpipe", MFD_CLOEXEC);
    if (j->fd < 0)
        j->fd = imp_file_unnamed(err);
    return j->fd >= 0 &&
           (ftruncate(j->fd, (off_t)(j->shift + j->length)) == 0 ||
            imp_fail_errno(err, "make a temporary file"));
}

static bool flush(struct join *j, struct imp_err *err)
{
    if (!imp_file_pwrite(j->fd, j->held, j->n_held, j->held_at, err))
        return false;
    j->held_at += j->n_held;
    j->n_held = 0;
    return true;
}

static bool copy(struct join *j, struct imp_span left, size_t at,
                 struct imp_err *err)
{
    struct imp_span step = {0};
    if (j->held_at + j->n_held != at) {
        if (!flush(j, err))
            return false;
        j->held_at = at;
    }
    while (imp_map_step(&left, &step))
        for (size_t done = 0; done < step.n;) {
            size_t room = sizeof j->held - j->n_held, n = step.n - done;
            if (n > room)
                n = room;
            memcpy(j->held + j->n_held, step.p + done, n);
            j->n_held += n;
            done += n;
            if (j->n_held == sizeof j->held && !flush(j, err))
                return false;
        }
    return true;
}

// What must be copied, but not the pages that are shared.
static bool copy_piece(struct join *j, const struct iovec *piece, size_t at,
                       struct imp_err *err)
{
    struct imp_span all = {piece->iov_base, piece->iov_len};
    size_t from, to;
    uint64_t in;
    int fd;
    if (!pages_of(j, piece, at, &from, &to, &fd, &in))
        return copy(j, all, at, err);
    struct imp_span head = {all.p, from - at};
    struct imp_span tail = {all.p + (to - at), at + all.n - to};
    return copy(j, head, at, err) && copy(j, tail, to, err);
}

static bool share_piece(const struct join *j, struct imp_map *m,
                        const struct iovec *piece, size_t at,
                        struct imp_err *err)
{
    uint8_t *area = m->area;
    size_t from, to;
    uint64_t in;
    int fd;
    if (!pages_of(j, piece, at, &from, &to, &fd, &in))
        return true;
    if (mmap(area + from, to - from, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
             (off_t)in) == MAP_FAILED)
        return imp_fail_errno(err, "map a part of it");
    madvise(area + from, to - from, MADV_SEQUENTIAL);
    return add_extent(m, area + from, to - from, fd, in, err);
}

static bool put_together(struct join *j, struct imp_map *m, struct imp_err *err)
{
    if (!measure(j, err) || !open_file(j, err))
        return false;
    size_t at = j->shift;
    for (size_t i = 0; i < j->n; at += j->piece[i++].iov_len)
        if (!copy_piece(j, &j->piece[i], at, err))
            return false;
    if (!flush(j, err) || !map_area(m, j->fd, j->shift + j->length, err))
        return false;
    m->bytes = (struct imp_span){m->area + j->shift, j->length};
    at = j->shift;
    for (size_t i = 0; i < j->n; at += j->piece[i++].iov_len)
        if (!share_piece(j, m, &j->piece[i], at, err))
            return false;
    return true;
}

bool imp_map_join(struct imp_map *m, const struct iovec *pieces, size_t n,
                  struct imp_err *err)
{
    struct join *j = calloc(1, sizeof *j);
    *m = (struct imp_map){0};
    if (!j)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a map");
    j->piece = pieces;
    j->n = n;
    j->fd = -1;
    bool ok = put_together(j, m, err);
    if (!ok)
        imp_map_close(m);
    if (j->fd >= 0)
        close(j->fd);
    free(j);
    return ok;
}
