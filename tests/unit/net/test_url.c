#include "net/url.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void expect_encoded(const char *text, size_t n, const char *more,
                           const char *want)
{
    struct imp_buf out = {0};
    struct imp_span span = {(const uint8_t *)text, n};
    cr_assert(imp_url_encode(span, more, &out, NULL));
    cr_expect(out.n == strlen(want) &&
                  (out.n == 0 || memcmp(out.p, want, out.n) == 0),
              "want %s, have %.*s", want, (int)out.n, (const char *)out.p);
    imp_buf_clear(&out);
}

Test(url, all_but_the_unreserved_is_encoded)
{
    expect_encoded("", 0, "", "");
    expect_encoded("AZaz09-._~", 10, "", "AZaz09-._~");
    expect_encoded("a/b?c#d", 7, "", "a%2Fb%3Fc%23d");
    expect_encoded("a/b c", 5, "/", "a/b%20c");
    expect_encoded("100%+&=@:{}", 11, "", "100%25%2B%26%3D%40%3A%7B%7D");
    expect_encoded("\xC3\xA9\x7F\x01\xFF", 5, "", "%C3%A9%7F%01%FF");
    expect_encoded("a\0b", 3, "/", "a%00b");
}

Test(url, every_byte_is_itself_or_its_code)
{
    for (unsigned c = 0; c < 256; c++) {
        char text = (char)c, want[4];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                     c == '_' || c == '~';
        if (plain)
            snprintf(want, sizeof want, "%c", (int)c);
        else
            snprintf(want, sizeof want, "%%%02X", c);
        expect_encoded(&text, 1, "", want);
    }
}

Test(url, host_and_path_are_found)
{
    static const struct {
        const char *text;
        bool secure, local;
        const char *path;
    } good[] = {
        {"https://a.example/x?y=z", true, false, "/x?y=z"},
        {"http://a.example", false, false, ""},
        {"http://a.example:80?q", false, false, "?q"},
        {"https://a.example:65535/", true, false, "/"},
        {"http://localhost/", false, true, "/"},
        {"http://LocalHost:8080/", false, true, "/"},
        {"http://127.0.0.1/", false, true, "/"},
        {"http://127.255.3.4:1/", false, true, "/"},
        {"http://[::1]:8080/", false, true, "/"},
        {"http://[0:0:0:0:0:0:0:1]/", false, true, "/"},
        {"http://128.0.0.1/", false, false, "/"},
        {"http://127.1/", false, false, "/"},
        {"http://127.0.0.1.example/", false, false, "/"},
        {"http://localhost.example/", false, false, "/"},
        {"http://localhost./", false, false, "/"},
        {"http://alocalhost/", false, false, "/"},
        {"http://a_b/", false, false, "/"},
        {"http://[::2]/", false, false, "/"},
        {"http://[::ffff:127.0.0.1]/", false, false, "/"},
        {"http://a/%c3%A9-._~!$&'()*+,;=:@/??", false, false,
         "/%c3%A9-._~!$&'()*+,;=:@/??"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct imp_url url;
        struct imp_err err = {0};
        cr_expect(imp_url_check(good[i].text, &url, &err), "%s: %s",
                  good[i].text, err.msg);
        cr_expect_eq(url.secure, good[i].secure, "%s", good[i].text);
        cr_expect_eq(url.local, good[i].local, "%s", good[i].text);
        cr_expect_str_eq(good[i].text + url.path, good[i].path);
    }
}

Test(url, what_is_none_is_refused)
{
    static const char *const bad[] = {
        "",
        "http:",
        "http:/a/",
        "http://",
        "http:///x",
        "HTTP://a/",
        "ftp://a/",
        "//a/",
        "http://a b/",
        "http://a:/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:99999999999/",
        "http://a:80x/",
        "http://a:-1/",
        "http://u@a/",
        "http://u:p@a/",
        "http://127.0.0.1@a/",
        "http://127.0.0.1:80@a/",
        "http://localhost\\@a/",
        "http://localhost#@a/",
        "http://localhost?@a/#",
        "http://a#",
        "http://a/#x",
        "http://[::1/",
        "http://[::1]a/",
        "http://[]/",
        "http://[fe80::1%25eth0]/",
        "http://::1/",
        "http://a*b/",
        "http://\xC3\xA9/",
        "http://a%2e/",
        "http://a/ ",
        "http://a/\n",
        "http://a/\x7F",
        "http://a/\xC3\xA9",
        "http://a/{}",
        "http://a/<",
        "http://a/\"",
        "http://a/\\",
        "http://a/%",
        "http://a/%4",
        "http://a/%4g",
        "http://a/|^`",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_url url;
        struct imp_err err = {0};
        cr_expect_not(imp_url_check(bad[i], &url, &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", bad[i]);
    }
    char longest[300] = "http://";
    struct imp_url url;
    memset(longest + 7, 'a', 254);
    cr_expect_not(imp_url_check(longest, &url, NULL));
    longest[7 + 253] = '\0';
    cr_expect(imp_url_check(longest, &url, NULL));
}

Test(url, a_password_is_in_no_message)
{
    struct imp_url url;
    struct imp_err err = {0};
    cr_expect_not(imp_url_check("http://who:hush@a/", &url, &err));
    cr_expect_null(strstr(err.msg, "hush"));
    cr_expect_null(strstr(err.msg, "who"));
    cr_expect(strstr(err.msg, "token"));
}
