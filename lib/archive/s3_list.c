// Lists of objects, and of uploads that were not completed, a page at a time.
#include "archive/s3_request.h"
#include "archive/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_MAX 1000 // entries, by the store's own rule
#define EMPTY_MAX 100 // pages without an entry, one after the other
#define NO_LIST "the store's answer is no list: is there an S3 store?"

struct entry {
    const char *key; // below the prefix; in the arena
    uint64_t length;
};

struct imp_s3_cursor {
    struct imp_s3 *s3;
    char *begin; // with the prefix
    bool folders;

    struct imp_arena arena; // of this page
    struct entry entry[PAGE_MAX];
    size_t n, at;
    bool is_list; // the page's root said so
    bool more;
    char *token;         // where the next page begins; of malloc
    unsigned empty;      // pages without an entry since the last that had one
    struct imp_buf last; // the last page's last key, once there was one

    // The entry that is being read.
    const char *key;
    uint64_t length;
};

// --- A page of objects ---

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// encoding-type=url: a key may have what XML cannot.
static const char *decode(struct imp_arena *arena, const char *text)
{
    char *key = imp_arena_alloc(arena, strlen(text) + 1), *to = key;
    for (; key && *text; text++) {
        int high = *text == '%' ? hex(text[1]) : -1;
        int low = high >= 0 ? hex(text[2]) : -1;
        if (low >= 0) {
            int c = high << 4 | low;
            *to++ = (char)(c ? c : 1); // a stranger's key, either way
            text += 2;
        } else {
            *to++ = *text == '+' ? ' ' : *text;
        }
    }
    return key;
}

static bool take_key(struct imp_s3_cursor *c, const char *text,
                     struct imp_err *err)
{
    const char *key = decode(&c->arena, text);
    if (!key)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
    if (strncmp(key, c->begin, strlen(c->begin)) != 0)
        return imp_fail(err, IMP_ERR_IO,
                        "the store lists a key that was not asked for");
    c->key = key + strlen(c->s3->place.prefix);
    return true;
}

// Whoever merges lists counts on their order, and it is why they end.
static bool is_behind_last(const struct imp_s3_cursor *c)
{
    const char *last = c->n > 0        ? c->entry[c->n - 1].key
                       : c->last.n > 0 ? (const char *)c->last.p
                                       : NULL;
    return c->folders || !last || strcmp(c->key, last) > 0;
}

static bool add_entry(struct imp_s3_cursor *c, struct imp_err *err)
{
    if (c->n == PAGE_MAX || !c->key)
        return imp_fail(err, IMP_ERR_IO,
                        "the store's list has too many keys, or no key");
    if (!is_behind_last(c))
        return imp_fail(err, IMP_ERR_IO, "the store's list is not in order");
    c->entry[c->n++] = (struct entry){c->key, c->length};
    c->key = NULL;
    c->length = 0;
    return true;
}

static bool take_token(struct imp_s3_cursor *c, const char *text,
                       struct imp_err *err)
{
    free(c->token);
    c->token = strdup(text);
    return c->token || imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
}

static bool take_element(void *self, const char *parent, const char *name,
                         const char *text, struct imp_err *err)
{
    struct imp_s3_cursor *c = self;
    bool in_object = strcmp(parent, "Contents") == 0;
    if (strcmp(parent, "ListBucketResult") == 0) {
        if (strcmp(name, "IsTruncated") == 0)
            c->more = strcmp(text, "true") == 0;
        else if (strcmp(name, "NextContinuationToken") == 0)
            return take_token(c, text, err);
        else if (strcmp(name, "Contents") == 0 ||
                 strcmp(name, "CommonPrefixes") == 0)
            return add_entry(c, err);
    } else if ((in_object && strcmp(name, "Key") == 0) ||
               (strcmp(parent, "CommonPrefixes") == 0 &&
                strcmp(name, "Prefix") == 0)) {
        return take_key(c, text, err);
    } else if (!*parent) {
        c->is_list = strcmp(name, "ListBucketResult") == 0;
    } else if (in_object && strcmp(name, "Size") == 0) {
        c->length = strtoull(text, NULL, 10);
    }
    return true;
}

// The page's entries are about to be overwritten.
static bool keep_last(struct imp_s3_cursor *c, struct imp_err *err)
{
    if (c->n == 0)
        return true;
    const char *last = c->entry[c->n - 1].key;
    c->last.n = 0;
    return imp_buf_add(&c->last, last, strlen(last) + 1, err);
}

// Is there a next page behind the one that came after `token`, and will there
// be an end to them?
static bool goes_on(struct imp_s3_cursor *c, const char *token,
                    struct imp_err *err)
{
    c->empty = c->n > 0 ? 0 : c->empty + 1;
    if (!c->more)
        return true;
    bool same = token && c->token && strcmp(token, c->token) == 0;
    return (c->token && !same && c->empty < EMPTY_MAX) ||
           imp_fail(err, IMP_ERR_IO, "the store's list does not go on");
}

static bool next_page(struct imp_s3_cursor *c, struct imp_err *err)
{
    struct imp_s3_pair query[5];
    size_t n = 0;
    char *token = c->token;
    c->token = NULL;
    if (token)
        query[n++] = (struct imp_s3_pair){"continuation-token", token};
    if (c->folders)
        query[n++] = (struct imp_s3_pair){"delimiter", "/"};
    query[n++] = (struct imp_s3_pair){"encoding-type", "url"};
    query[n++] = (struct imp_s3_pair){"list-type", "2"};
    query[n++] = (struct imp_s3_pair){"prefix", c->begin};
    const struct imp_s3_request request = {
        .method = "GET", .query = query, .n_query = n};
    const struct imp_xml_fn fn = {c, take_element};
    struct imp_s3_answer answer = {0};
    bool ok = keep_last(c, err);
    imp_arena_reset(&c->arena);
    c->n = c->at = 0;
    c->is_list = c->more = false;
    ok = ok && imp_s3_ask(c->s3, &request, &answer, err) &&
         (answer.status == 200 || imp_s3_refused(&answer, err)) &&
         imp_xml_read(imp_buf_span(&answer.body), &fn, err) &&
         (c->is_list || imp_fail(err, IMP_ERR_IO, NO_LIST)) &&
         goes_on(c, token, err);
    imp_buf_clear(&answer.body);
    free(token);
    return ok || imp_wrap(err, "list");
}

// --- The cursor ---

static char *with_prefix(const struct imp_s3 *s3, const char *begin,
                         struct imp_err *err)
{
    char *whole;
    if (asprintf(&whole, "%s%s", s3->place.prefix, begin) >= 0)
        return whole;
    imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
    return NULL;
}

struct imp_s3_cursor *imp_s3_cursor_new(struct imp_s3 *s3, const char *begin,
                                        bool folders, struct imp_err *err)
{
    struct imp_s3_cursor *c = calloc(1, sizeof *c);
    if (!c) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
        return NULL;
    }
    c->s3 = s3;
    c->folders = folders;
    c->more = true;
    c->begin = with_prefix(s3, begin, err);
    if (c->begin)
        return c;
    imp_s3_cursor_free(c);
    return NULL;
}

bool imp_s3_cursor_next(struct imp_s3_cursor *c, const char **key,
                        uint64_t *length, struct imp_err *err)
{
    while (c->at == c->n && c->more)
        if (!next_page(c, err))
            return false;
    *key = NULL;
    if (c->at < c->n) {
        *key = c->entry[c->at].key;
        *length = c->entry[c->at++].length;
    }
    return true;
}

void imp_s3_cursor_free(struct imp_s3_cursor *c)
{
    if (!c)
        return;
    imp_arena_clear(&c->arena);
    imp_buf_clear(&c->last);
    free(c->token);
    free(c->begin);
    free(c);
}

// --- Uploads ---

#define UPLOADS_MAX 1000
#define UPLOAD_PAGES_MAX 1000

struct upload {
    char *key, *id; // in the arena
    time_t begun;
};

struct uploads {
    struct imp_s3 *s3;
    char *begin;            // with the prefix
    struct imp_arena arena; // of this page
    struct upload upload[UPLOADS_MAX];
    size_t n;
    struct upload now; // being read
    bool is_list, more;
    char *key_marker, *id_marker; // where the next page begins; of malloc
    unsigned pages;
};

// "2026-11-25T17:03:25.568Z"; the epoch if it is none, which is long ago.
static time_t parse_time(const char *text)
{
    struct tm tm = {0};
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
               &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return timegm(&tm);
}

static bool copy(struct uploads *u, char **to, const char *text,
                 struct imp_err *err)
{
    *to = imp_arena_alloc(&u->arena, strlen(text) + 1);
    return (*to && strcpy(*to, text)) ||
           imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
}

static bool set_marker(char **to, const char *text, struct imp_err *err)
{
    free(*to);
    *to = strdup(text);
    return *to || imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
}

static bool take_upload(void *self, const char *parent, const char *name,
                        const char *text, struct imp_err *err)
{
    struct uploads *u = self;
    if (strcmp(parent, "Upload") == 0 && strcmp(name, "Key") == 0)
        return copy(u, &u->now.key, text, err);
    if (strcmp(parent, "Upload") == 0 && strcmp(name, "UploadId") == 0)
        return copy(u, &u->now.id, text, err);
    if (strcmp(name, "NextKeyMarker") == 0)
        return set_marker(&u->key_marker, text, err);
    if (strcmp(name, "NextUploadIdMarker") == 0)
        return set_marker(&u->id_marker, text, err);
    if (strcmp(name, "Initiated") == 0)
        u->now.begun = parse_time(text);
    else if (strcmp(name, "IsTruncated") == 0)
        u->more = strcmp(text, "true") == 0;
    else if (!*parent)
        u->is_list = strcmp(name, "ListMultipartUploadsResult") == 0;
    else if (strcmp(name, "Upload") == 0) {
        if (u->n < UPLOADS_MAX && u->now.key && u->now.id &&
            strncmp(u->now.key, u->begin, strlen(u->begin)) == 0)
            u->upload[u->n++] = u->now;
        u->now = (struct upload){0};
    }
    return true;
}

// Does the page that came after these markers lead to one behind them?
static bool leads_on(struct uploads *u, const char *key, const char *id,
                     struct imp_err *err)
{
    if (!u->more)
        return true;
    int behind = u->key_marker ? strcmp(u->key_marker, key ? key : "") : -1;
    bool ok = behind > 0 || (behind == 0 && u->id_marker &&
                             strcmp(u->id_marker, id ? id : ""));
    return (ok && ++u->pages < UPLOAD_PAGES_MAX) ||
           imp_fail(err, IMP_ERR_IO, "the store's list does not go on");
}

static bool next_uploads(struct uploads *u, struct imp_err *err)
{
    struct imp_s3_pair query[4];
    size_t n = 0;
    char *key = u->key_marker, *id = u->id_marker;
    if (key)
        query[n++] = (struct imp_s3_pair){"key-marker", key};
    query[n++] = (struct imp_s3_pair){"prefix", u->begin};
    if (id)
        query[n++] = (struct imp_s3_pair){"upload-id-marker", id};
    query[n++] = (struct imp_s3_pair){"uploads", ""};
    const struct imp_s3_request request = {
        .method = "GET", .query = query, .n_query = n};
    const struct imp_xml_fn fn = {u, take_upload};
    struct imp_s3_answer answer = {0};
    imp_arena_reset(&u->arena);
    u->key_marker = u->id_marker = NULL;
    u->now = (struct upload){0};
    u->is_list = u->more = false;
    u->n = 0;
    bool ok = imp_s3_ask(u->s3, &request, &answer, err) &&
              (answer.status == 200 || imp_s3_refused(&answer, err)) &&
              imp_xml_read(imp_buf_span(&answer.body), &fn, err) &&
              (u->is_list || imp_fail(err, IMP_ERR_IO, NO_LIST)) &&
              leads_on(u, key, id, err);
    imp_buf_clear(&answer.body);
    free(key);
    free(id);
    return ok || imp_wrap(err, "list the uploads");
}

static bool abort_page(struct uploads *u, int64_t age_s, uint64_t *left,
                       struct imp_err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < u->n; i++) {
        const struct upload *up = &u->upload[i];
        if (time(NULL) - up->begun < age_s)
            ++*left;
        else
            ok = imp_s3_abort_upload(
                u->s3, up->key + strlen(u->s3->place.prefix), up->id, err);
    }
    return ok;
}

bool imp_s3_abort_uploads(struct imp_s3 *s3, const char *begin, int64_t age_s,
                          uint64_t *left, struct imp_err *err)
{
    struct uploads *u = calloc(1, sizeof *u);
    *left = 0;
    if (!u)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
    u->s3 = s3;
    u->begin = with_prefix(s3, begin, err);
    bool ok = u->begin;
    do
        ok = ok && next_uploads(u, err) && abort_page(u, age_s, left, err);
    while (ok && u->more);
    imp_arena_clear(&u->arena);
    free(u->key_marker);
    free(u->id_marker);
    free(u->begin);
    free(u);
    return ok;
}
