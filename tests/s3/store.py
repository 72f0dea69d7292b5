#!/usr/bin/env python3
"""store.py COMMAND ARGUMENT...: ask an S3 store, sharing no code with imgpipe.

  make-bucket BUCKET        drop-bucket BUCKET     and all that is in it
  list BUCKET PREFIX        keys and lengths, one a line
  download BUCKET PREFIX DIRECTORY
  put BUCKET KEY FILE [FIELD=VALUE...]
  delete BUCKET KEY
  head BUCKET KEY           the header, one field a line
  begin-upload BUCKET KEY   an upload in parts that nobody completes
  uploads BUCKET            keys of the uploads in parts under way

Where and with which keys: S3_ENDPOINT, S3_REGION, AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY. Path style. SSL_CERT_FILE has whom to trust.
"""
import datetime
import hashlib
import http.client
import os
import sys
import urllib.parse
import xml.etree.ElementTree as ET

from sigv4 import authorization, quote

NS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def ask(method, bucket, key="", query=None, body=b"", want=(200, 204), more=()):
    endpoint = urllib.parse.urlsplit(os.environ["S3_ENDPOINT"])
    path = quote(f"/{bucket}" + (f"/{key}" if key else ""), "/-._~")
    pairs = sorted((query or {}).items())
    encoded = "&".join(f"{quote(k)}={quote(v)}" for k, v in pairs)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": endpoint.netloc,
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-amz-date": now,
        **dict(field.split("=", 1) for field in more),
    }
    keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    region = os.environ.get("S3_REGION", "us-east-1")
    auth = authorization(keys, region, method, path, encoded, headers)
    kind = http.client.HTTPConnection
    if endpoint.scheme == "https":
        kind = http.client.HTTPSConnection
    connection = kind(endpoint.hostname, endpoint.port, timeout=60)
    connection.request(
        method,
        path + ("?" + encoded if encoded else ""),
        body,
        {**headers, "Authorization": auth},
    )
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status not in want:
        sys.exit(f"store.py: {method} {path}: HTTP {answer.status} {data.decode()}")
    return answer, data


def listed(bucket, prefix):
    token = None
    while True:
        query = {"list-type": "2", "prefix": prefix}
        if token:
            query["continuation-token"] = token
        root = ET.fromstring(ask("GET", bucket, query=query)[1])
        for item in root.iter(NS + "Contents"):
            yield item.find(NS + "Key").text, int(item.find(NS + "Size").text)
        token = root.findtext(NS + "NextContinuationToken")
        if root.findtext(NS + "IsTruncated") != "true":
            return


def uploads(bucket):
    root = ET.fromstring(ask("GET", bucket, query={"uploads": ""})[1])
    for item in root.iter(NS + "Upload"):
        yield item.find(NS + "Key").text, item.find(NS + "UploadId").text


def download(bucket, prefix, directory):
    os.makedirs(os.path.join(directory, "data"), exist_ok=True)
    for key, length in listed(bucket, prefix):
        data = ask("GET", bucket, key)[1]
        assert len(data) == length, key
        path = os.path.join(directory, key[len(prefix):])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)


def drop(bucket):
    for key, upload in uploads(bucket):
        ask("DELETE", bucket, key, {"uploadId": upload})
    for key, _ in list(listed(bucket, "")):
        ask("DELETE", bucket, key)
    ask("DELETE", bucket)


def main():
    command, *args = sys.argv[1:] or [""]
    if command == "make-bucket":
        ask("PUT", args[0])
    elif command == "drop-bucket":
        drop(args[0])
    elif command == "list":
        for key, length in listed(*args):
            print(key, length)
    elif command == "download":
        download(*args)
    elif command == "put":
        with open(args[2], "rb") as f:
            ask("PUT", args[0], args[1], body=f.read(), more=args[3:])
    elif command == "delete":
        ask("DELETE", args[0], args[1])
    elif command == "head":
        for name, value in ask("HEAD", args[0], args[1])[0].getheaders():
            print(f"{name.lower()}: {value}")
    elif command == "begin-upload":
        ask("POST", args[0], args[1], {"uploads": ""})
    elif command == "uploads":
        for key, _ in uploads(args[0]):
            print(key)
    else:
        sys.exit(__doc__)


main()
