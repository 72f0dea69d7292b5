// Lists of objects, and of uploads that were not completed, a page at a time.
#include "archive/s3_request.h"
#include "archive/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_MAX 1000 // entries, by the store's own rule

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
    bool more;
    char *token; // where the next page begins; of malloc

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
            *to++ = (char)(high << 4 | low);
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
    const char *prefix = c->s3->place.prefix;
    const char *key = decode(&c->arena, text);
    if (!key)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
    if (strncmp(key, prefix, strlen(prefix)) != 0)
        return imp_fail(err, IMP_ERR_IO,
                        "the store lists a key that was not asked for");
    c->key = key + strlen(prefix);
    return true;
}

static bool add_entry(struct imp_s3_cursor *c, struct imp_err *err)
{
    if (c->n == PAGE_MAX || !c->key)
        return imp_fail(err, IMP_ERR_IO,
                        "the store's list has too many keys, or no key");
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
    } else if (in_object && strcmp(name, "Size") == 0) {
        c->length = strtoull(text, NULL, 10);
    }
    return true;
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
    imp_arena_reset(&c->arena);
    c->n = c->at = 0;
    c->more = false;
    bool ok = imp_s3_ask(c->s3, &request, &answer, err) &&
              (answer.status == 200 || imp_s3_refused(&answer, err)) &&
              imp_xml_read(imp_buf_span(&answer.body), &fn, err);
    if (ok && c->more && (!c->token || (token && strcmp(token, c->token) == 0)))
        ok = imp_fail(err, IMP_ERR_IO, "the store's list does not go on");
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
    free(c->token);
    free(c->begin);
    free(c);
}

// --- Uploads ---

#define UPLOADS_MAX 1000

struct upload {
    char *key, *id; // of the arena
    time_t begun;
};

struct uploads {
    struct imp_s3 *s3;
    struct imp_arena arena;
    struct upload upload[UPLOADS_MAX];
    size_t n;
    struct upload now; // being read
    bool more;
    char *key_marker, *id_marker;
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

static char *copy(struct uploads *u, const char *text)
{
    char *to = imp_arena_alloc(&u->arena, strlen(text) + 1);
    return to ? strcpy(to, text) : NULL;
}

static bool take_upload(void *self, const char *parent, const char *name,
                        const char *text, struct imp_err *err)
{
    struct uploads *u = self;
    const char *prefix = u->s3->place.prefix;
    char **to = NULL;
    if (strcmp(parent, "Upload") == 0 && strcmp(name, "Key") == 0)
        to = &u->now.key;
    else if (strcmp(parent, "Upload") == 0 && strcmp(name, "UploadId") == 0)
        to = &u->now.id;
    else if (strcmp(name, "NextKeyMarker") == 0)
        to = &u->key_marker;
    else if (strcmp(name, "NextUploadIdMarker") == 0)
        to = &u->id_marker;
    else if (strcmp(name, "Initiated") == 0)
        u->now.begun = parse_time(text);
    else if (strcmp(name, "IsTruncated") == 0)
        u->more = strcmp(text, "true") == 0;
    else if (strcmp(name, "Upload") == 0) {
        if (u->n < UPLOADS_MAX && u->now.key && u->now.id &&
            strncmp(u->now.key, prefix, strlen(prefix)) == 0)
            u->upload[u->n++] = u->now;
        u->now = (struct upload){0};
    }
    if (to && !(*to = copy(u, text)))
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a list");
    return true;
}

static bool next_uploads(struct uploads *u, const char *begin,
                         struct imp_err *err)
{
    struct imp_s3_pair query[4];
    size_t n = 0;
    if (u->key_marker)
        query[n++] = (struct imp_s3_pair){"key-marker", u->key_marker};
    query[n++] = (struct imp_s3_pair){"prefix", begin};
    if (u->id_marker)
        query[n++] = (struct imp_s3_pair){"upload-id-marker", u->id_marker};
    query[n++] = (struct imp_s3_pair){"uploads", ""};
    const struct imp_s3_request request = {
        .method = "GET", .query = query, .n_query = n};
    const struct imp_xml_fn fn = {u, take_upload};
    struct imp_s3_answer answer = {0};
    u->more = false;
    u->n = 0;
    bool ok = imp_s3_ask(u->s3, &request, &answer, err) &&
              (answer.status == 200 || imp_s3_refused(&answer, err)) &&
              imp_xml_read(imp_buf_span(&answer.body), &fn, err);
    imp_buf_clear(&answer.body);
    return ok || imp_wrap(err, "list the uploads");
}

bool imp_s3_abort_uploads(struct imp_s3 *s3, const char *begin, int64_t age_s,
                          uint64_t *left, struct imp_err *err)
{
    struct uploads *u = calloc(1, sizeof *u);
    char *whole = with_prefix(s3, begin, err);
    bool ok =
        whole && (u || imp_fail(err, IMP_ERR_MEMORY, "no memory for a list"));
    *left = 0;
    if (u)
        u->s3 = s3;
    do {
        ok = ok && next_uploads(u, whole, err);
        for (size_t i = 0; ok && i < u->n; i++) {
            if (time(NULL) - u->upload[i].begun < age_s)
                ++*left;
            else
                ok = imp_s3_abort_upload(
                    s3, u->upload[i].key + strlen(s3->place.prefix),
                    u->upload[i].id, err);
        }
    } while (ok && u->more && u->key_marker);
    if (u)
        imp_arena_clear(&u->arena);
    free(u);
    free(whole);
    return ok;
}
