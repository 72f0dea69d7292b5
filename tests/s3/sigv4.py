"""Signature Version 4, for who asks a store and who is one; no code of imgpipe.

docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""
import hashlib
import hmac
import urllib.parse


def quote(text, safe="-._~"):
    return urllib.parse.quote(text, safe=safe)


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def authorization(keys, region, method, path, query, headers):
    """The header's value. `path` and `query` are encoded, the query sorted;
    `headers` are the signed ones, x-amz-date and x-amz-content-sha256 among
    them."""
    key_id, secret = keys
    now = headers["x-amz-date"]
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [method, path, query]
        + [f"{name}:{headers[name]}" for name in sorted(headers)]
        + ["", names, headers["x-amz-content-sha256"]]
    )
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    text = "\n".join(
        ["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = ("AWS4" + secret).encode()
    for part in (now[:8], region, "s3", "aws4_request"):
        key = sign(key, part)
    return (
        f"AWS4-HMAC-SHA256 Credential={key_id}/{scope},"
        f"SignedHeaders={names},Signature={sign(key, text).hex()}"
    )
