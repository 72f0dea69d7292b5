// The examples of "Signature Calculations for the Authorization Header:
// Transferring Payload in a Single Chunk", Amazon S3 API reference
// (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
#include "archive/s3_sign.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// printf '' | sha256sum
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
// printf 'Welcome to Amazon S3.' | sha256sum
#define WELCOME \
    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
#define HOST "examplebucket.s3.amazonaws.com"
#define TIME "20130524T000000Z"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void expect(struct imp_s3_signed *what, const char *names,
                   const char *signature)
{
    struct imp_s3_keys keys = {
        .id = (char *)(uintptr_t) "AKIAIOSFODNN7EXAMPLE",
        .secret =
            (char *)(uintptr_t) "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    };
    struct imp_buf got = {0};
    char want[400];
    what->time = TIME;
    what->region = "us-east-1";
    snprintf(want, sizeof want,
             "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
             "us-east-1/s3/aws4_request,SignedHeaders=%s,Signature=%s",
             names, signature);
    cr_assert(imp_s3_sign(what, &keys, &got, NULL));
    cr_expect_str_eq((char *)got.p, want);
    imp_buf_clear(&got);
}

Test(s3_sign, get_object)
{
    struct imp_s3_pair headers[] = {{"host", HOST},
                                    {"range", "bytes=0-9"},
                                    {"x-amz-content-sha256", EMPTY},
                                    {"x-amz-date", TIME}};
    struct imp_s3_signed what = {.method = "GET",
                                 .path = "/test.txt",
                                 .headers = headers,
                                 .n_headers = COUNT(headers),
                                 .payload = EMPTY};
    expect(&what, "host;range;x-amz-content-sha256;x-amz-date",
           "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

Test(s3_sign, put_object)
{
    struct imp_s3_pair headers[] = {
        {"date", "Fri, 24 May 2013 00:00:00 GMT"},
        {"host", HOST},
        {"x-amz-content-sha256", WELCOME},
        {"x-amz-date", TIME},
        {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    struct imp_buf path = {0};
    cr_assert(imp_s3_encode("/test$file.text", true, &path, NULL));
    cr_assert(imp_buf_add(&path, "", 1, NULL));
    struct imp_s3_signed what = {.method = "PUT",
                                 .path = (char *)path.p,
                                 .headers = headers,
                                 .n_headers = COUNT(headers),
                                 .payload = WELCOME};
    expect(&what,
           "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
           "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    imp_buf_clear(&path);
}

Test(s3_sign, get_bucket_lifecycle)
{
    struct imp_s3_pair query[] = {{"lifecycle", ""}};
    struct imp_s3_pair headers[] = {
        {"host", HOST}, {"x-amz-content-sha256", EMPTY}, {"x-amz-date", TIME}};
    struct imp_s3_signed what = {.method = "GET",
                                 .path = "/",
                                 .query = query,
                                 .n_query = COUNT(query),
                                 .headers = headers,
                                 .n_headers = COUNT(headers),
                                 .payload = EMPTY};
    expect(&what, "host;x-amz-content-sha256;x-amz-date",
           "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

Test(s3_sign, list_objects)
{
    struct imp_s3_pair query[] = {{"max-keys", "2"}, {"prefix", "J"}};
    struct imp_s3_pair headers[] = {
        {"host", HOST}, {"x-amz-content-sha256", EMPTY}, {"x-amz-date", TIME}};
    struct imp_s3_signed what = {.method = "GET",
                                 .path = "/",
                                 .query = query,
                                 .n_query = COUNT(query),
                                 .headers = headers,
                                 .n_headers = COUNT(headers),
                                 .payload = EMPTY};
    expect(&what, "host;x-amz-content-sha256;x-amz-date",
           "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

Test(s3_sign, the_time_is_utc)
{
    char text[IMP_S3_TIME_MAX];
    setenv("TZ", "America/New_York", 1);
    tzset();
    cr_assert(imp_s3_time(1369353600, text)); // date -ud @1369353600
    cr_expect_str_eq(text, TIME);
}

// Python: urllib.parse.quote(s, safe='-._~/'), and without the slash
Test(s3_sign, all_but_the_unreserved_is_encoded)
{
    struct imp_buf out = {0};
    cr_assert(imp_s3_encode("aZ9-._~/ +\xC3\xA9%", true, &out, NULL));
    cr_assert(imp_buf_add(&out, "", 1, NULL));
    cr_expect_str_eq((char *)out.p, "aZ9-._~/%20%2B%C3%A9%25");
    out.n = 0;
    struct imp_s3_pair query[] = {{"a", "x/y&z=1"}, {"uploads", ""}};
    cr_assert(imp_s3_encode_query(query, 2, &out, NULL));
    cr_assert(imp_buf_add(&out, "", 1, NULL));
    cr_expect_str_eq((char *)out.p, "a=x%2Fy%26z%3D1&uploads=");
    imp_buf_clear(&out);
}
