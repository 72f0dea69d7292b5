// An object in parts: what takes long goes up in pieces, each of which can be
// sent again by itself.
#include "archive/s3_request.h"
#include "archive/xml.h"
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART ((size_t)IMP_S3_SIMPLE_MAX / 4) // 5 MB at least, all but the last
#define PARTS_MAX 10000 // "Amazon S3 multipart upload limits"
#define ID_MAX 1024

static bool take_id(void *self, const char *parent, const char *name,
                    const char *text, struct imp_err *err)
{
    char *id = self;
    (void)parent;
    if (strcmp(name, "UploadId") != 0)
        return true;
    if (strlen(text) >= ID_MAX)
        return imp_fail(err, IMP_ERR_IO, "the store's upload id is too long");
    strcpy(id, text);
    return true;
}

static bool begin(struct imp_s3 *s3, const char *key,
                  const struct imp_digest *digest, char id[ID_MAX],
                  struct imp_err *err)
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(digest, hex);
    const struct imp_s3_pair query = {"uploads", ""};
    const struct imp_s3_pair header = {"x-amz-meta-sha256", hex};
    const struct imp_s3_request request = {.method = "POST",
                                           .key = key,
                                           .query = &query,
                                           .n_query = 1,
                                           .headers = &header,
                                           .n_headers = 1};
    const struct imp_xml_fn fn = {id, take_id};
    struct imp_s3_answer answer = {0};
    id[0] = '\0';
    bool ok = imp_s3_ask(s3, &request, &answer, err) &&
              (answer.status == 200 || imp_s3_refused(&answer, err)) &&
              imp_xml_read(imp_buf_span(&answer.body), &fn, err);
    if (ok && !id[0])
        ok = imp_fail(err, IMP_ERR_IO, "the store gives no upload id");
    imp_buf_clear(&answer.body);
    return ok;
}

static bool send_part(struct imp_s3 *s3, const char *key, const char *id,
                      unsigned number, struct imp_span part,
                      char etag[IMP_S3_ETAG_MAX], struct imp_err *err)
{
    char text[12];
    snprintf(text, sizeof text, "%u", number);
    const struct imp_s3_pair query[] = {{"partNumber", text}, {"uploadId", id}};
    const struct imp_s3_request request = {.method = "PUT",
                                           .key = key,
                                           .query = query,
                                           .n_query = 2,
                                           .body = part};
    struct imp_s3_answer answer = {0};
    bool ok = imp_s3_ask(s3, &request, &answer, err) &&
              (answer.status == 200 || imp_s3_refused(&answer, err));
    if (ok &&
        (!answer.etag[0] || strcspn(answer.etag, "<>&") != strlen(answer.etag)))
        ok = imp_fail(err, IMP_ERR_IO, "the store's ETag is none");
    memcpy(etag, answer.etag, IMP_S3_ETAG_MAX);
    imp_buf_clear(&answer.body);
    return ok;
}

// Parts until all of `body`, which may lie in a map, is up; the list of them in
// `list`.
static bool send_parts(struct imp_s3 *s3, const char *key, const char *id,
                       struct imp_span body, struct imp_buf *list,
                       struct imp_err *err)
{
    char etag[IMP_S3_ETAG_MAX], line[IMP_S3_ETAG_MAX + 80];
    size_t size = PART;
    unsigned faults = imp_map_faults();
    while (body.n / size >= PARTS_MAX)
        size *= 2;
    if (!imp_buf_add(list, "<CompleteMultipartUpload>", 25, err))
        return false;
    for (unsigned number = 1; body.n > 0; number++) {
        struct imp_span part = {body.p, body.n < size ? body.n : size};
        if (!send_part(s3, key, id, number, part, etag, err))
            return imp_wrap(err, "part %u", number);
        imp_map_give_back(part);
        if (imp_map_faults() != faults)
            return imp_fail(err, IMP_ERR_IO, "what was staged cannot be read");
        int n = snprintf(line, sizeof line,
                         "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag>"
                         "</Part>",
                         number, etag);
        if (!imp_buf_add(list, line, (size_t)n, err))
            return false;
        body.p += part.n;
        body.n -= part.n;
    }
    return imp_buf_add(list, "</CompleteMultipartUpload>", 26, err);
}

#define RESULT "CompleteMultipartUploadResult"

struct completed {
    bool done;
    char *etag; // of IMP_S3_ETAG_MAX
};

static bool take_result(void *self, const char *parent, const char *name,
                        const char *text, struct imp_err *err)
{
    struct completed *c = self;
    (void)err;
    if (!*parent)
        c->done = strcmp(name, RESULT) == 0;
    else if (strcmp(parent, RESULT) == 0 && strcmp(name, "ETag") == 0 &&
             strlen(text) < IMP_S3_ETAG_MAX)
        strcpy(c->etag, text);
    return true;
}

// An error may come with a 200: the store begins its answer before it knows.
static bool complete(struct imp_s3 *s3, const char *key, const char *id,
                     struct imp_span list, char etag[IMP_S3_ETAG_MAX],
                     struct imp_err *err)
{
    const struct imp_s3_pair query = {"uploadId", id};
    const struct imp_s3_pair header = {"if-none-match", "*"};
    const struct imp_s3_request request = {.method = "POST",
                                           .key = key,
                                           .query = &query,
                                           .n_query = 1,
                                           .headers = &header,
                                           .n_headers = 1,
                                           .body = list};
    struct imp_s3_answer answer = {0};
    struct completed c = {.etag = etag};
    const struct imp_xml_fn fn = {&c, take_result};
    bool ok =
        imp_s3_ask(s3, &request, &answer, err) &&
        (answer.status == 200 || imp_s3_refused(&answer, err)) &&
        imp_xml_read(imp_buf_span(&answer.body), &fn, err) &&
        (c.done || imp_fail(err, IMP_ERR_IO,
                            "the store could not put the parts together"));
    if (!ok)
        etag[0] = '\0';
    imp_buf_clear(&answer.body);
    return ok;
}

bool imp_s3_abort_upload(struct imp_s3 *s3, const char *key, const char *id,
                         struct imp_err *err)
{
    const struct imp_s3_pair query = {"uploadId", id};
    const struct imp_s3_request request = {
        .method = "DELETE", .key = key, .query = &query, .n_query = 1};
    struct imp_s3_answer answer = {0};
    bool ok = imp_s3_ask(s3, &request, &answer, err) &&
              (answer.status / 100 == 2 || answer.status == 404 ||
               imp_s3_refused(&answer, err));
    imp_buf_clear(&answer.body);
    return ok;
}

bool imp_s3_put_parts(struct imp_s3 *s3, const char *key, struct imp_span body,
                      const struct imp_digest *digest,
                      char etag[IMP_S3_ETAG_MAX], struct imp_err *err)
{
    char id[ID_MAX];
    struct imp_buf list = {0};
    etag[0] = '\0';
    if (!begin(s3, key, digest, id, err))
        return false;
    bool ok = send_parts(s3, key, id, body, &list, err) &&
              complete(s3, key, id, imp_buf_span(&list), etag, err);
    // What a cancel leaves, the next start takes back by its intent.
    if (!ok)
        imp_s3_abort_upload(s3, key, id, NULL);
    imp_buf_clear(&list);
    return ok;
}
