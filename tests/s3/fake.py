#!/usr/bin/env python3
"""fake.py STATE [PAGE] [tls=FILE]: an S3 store in memory, for tests that need none
of Ceph.

Listens on a free port of loopback, which STATE/port has once it does; STATE/log
has the method and path of each request. It has one bucket, "bucket", which is all
it takes; checks signatures (of the keys in the environment), digests and
conditions; lists PAGE entries at a time (1000), so that a few objects make several
pages. With the certificate and key in FILE it speaks TLS. Unlike Ceph it compares
ETags with their quotes, as AWS does, honours conditions for uploads in parts, and
tells the checksum that came with an object and was right.
"""
import hashlib
import http.server
import os
import re
import socketserver
import ssl
import sys
import threading
import urllib.parse
import xml.etree.ElementTree as ET
from base64 import b64encode
from xml.sax.saxutils import escape

from sigv4 import authorization, quote

NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
BUCKET = "bucket"
CHECKSUM = "x-amz-checksum-sha256"


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Store:
    def __init__(self, page):
        self.lock = threading.Lock()
        self.objects = {}  # key: (bytes, etag, metadata); that has the checksum, too
        self.uploads = {}  # id: (key, metadata, {number: bytes})
        self.page = page
        self.next_id = 1

    def page_of(self, names, after):
        """The names behind `after`, and if there are more."""
        names = sorted((n for n in names if n > after), key=lambda n: n.encode())
        return names[:self.page], len(names) > self.page


def etag_of(data):
    return f'"{hashlib.md5(data).hexdigest()}"'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store = None
    log = None  # a file that has each request

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in fields:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def check_signature(self, path, query, body):
        got = self.headers.get("Authorization", "")
        match = re.search(r"Credential=([^/]+)/\d+/([^/]+)/.*SignedHeaders=([^,]+)", got)
        if not match:
            raise Refused(403, "AccessDenied")
        key_id = os.environ["AWS_ACCESS_KEY_ID"]
        if match[1] != key_id:
            raise Refused(403, "InvalidAccessKeyId")
        signed = {name: self.headers[name] for name in match[3].split(";")}
        keys = key_id, os.environ["AWS_SECRET_ACCESS_KEY"]
        want = authorization(keys, match[2], self.command, path, query, signed)
        if got != want:
            raise Refused(403, "SignatureDoesNotMatch")
        if signed["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch")

    def check_condition(self, key):
        there = self.store.objects.get(key)
        if self.headers.get("If-None-Match") == "*" and there:
            raise Refused(412, "PreconditionFailed")
        wanted = self.headers.get("If-Match")
        if wanted and not there:
            raise Refused(404, "NoSuchKey")
        if wanted and there[1] != wanted:
            raise Refused(412, "PreconditionFailed")

    def metadata(self):
        return {n.lower(): v for n, v in self.headers.items()
                if n.lower().startswith("x-amz-meta-")}

    def put(self, key, query, body):
        if "uploadId" in query:
            parts = self.upload(key, query)[2]
            parts[int(query["partNumber"])] = body
            return self.answer(200, ETag=etag_of(body))
        self.check_condition(key)
        checksum = {}
        if CHECKSUM in self.headers:
            checksum[CHECKSUM] = self.headers[CHECKSUM]
            if checksum[CHECKSUM] != b64encode(hashlib.sha256(body).digest()).decode():
                raise Refused(400, "BadDigest")
        self.store.objects[key] = body, etag_of(body), self.metadata() | checksum
        return self.answer(200, ETag=etag_of(body))

    def upload(self, key, query):
        upload = self.store.uploads.get(query["uploadId"])
        if not upload or upload[0] != key:
            raise Refused(404, "NoSuchUpload")
        return upload

    def post(self, key, query, body):
        if "uploads" in query:
            number = f"upload-{self.store.next_id}"
            self.store.next_id += 1
            self.store.uploads[number] = key, self.metadata(), {}
            text = f"<UploadId>{number}</UploadId>"
            return self.answer(200, self.xml("InitiateMultipartUploadResult", text))
        _, metadata, parts = self.upload(key, query)
        listed = [(int(p.findtext("PartNumber")), p.findtext("ETag"))
                  for p in ET.fromstring(body).iter("Part")]
        if [(n, etag_of(parts[n])) for n in sorted(parts)] != listed:
            raise Refused(400, "InvalidPart")
        self.check_condition(key)
        whole = b"".join(parts[n] for n in sorted(parts))
        etag = f'{etag_of(whole)[:-1]}-{len(parts)}"'
        self.store.objects[key] = whole, etag, metadata
        del self.store.uploads[query["uploadId"]]
        text = f"<ETag>{escape(etag)}</ETag>"
        return self.answer(200, self.xml("CompleteMultipartUploadResult", text))

    def get(self, key, query, _):
        if not key:
            self.answer(200, self.uploads(query) if "uploads" in query else self.list(query))
            return
        if key not in self.store.objects:
            raise Refused(404, "NoSuchKey")
        data, etag, metadata = self.store.objects[key]
        enabled = self.headers.get("x-amz-checksum-mode") == "ENABLED"
        fields = {n.replace("-", "_"): v for n, v in metadata.items()
                  if n != CHECKSUM or enabled}
        self.answer(200, data, ETag=etag, Content_Length=str(len(data)), **fields)

    def delete(self, key, query, _):
        if "uploadId" in query:
            self.upload(key, query)
            del self.store.uploads[query["uploadId"]]
        else:
            self.store.objects.pop(key, None)
        self.answer(204)

    @staticmethod
    def xml(root, inner):
        return f'<?xml version="1.0" encoding="UTF-8"?><{root} {NS}>{inner}</{root}>'.encode()

    def list(self, query):
        prefix, mark = query.get("prefix", ""), query.get("delimiter")
        names = set()
        for key in self.store.objects:
            if key.startswith(prefix):
                rest = key[len(prefix):]
                cut = rest.find(mark) if mark else -1
                names.add(key if cut < 0 else key[:len(prefix) + cut + 1])
        page, more = self.store.page_of(names, query.get("continuation-token", ""))
        coded = query.get("encoding-type") == "url"
        inner = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more:
            inner += f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        for name in page:
            text = quote(name) if coded else escape(name)
            if name in self.store.objects:
                size = len(self.store.objects[name][0])
                inner += f"<Contents><Key>{text}</Key><Size>{size}</Size></Contents>"
            else:
                inner += f"<CommonPrefixes><Prefix>{text}</Prefix></CommonPrefixes>"
        return self.xml("ListBucketResult", inner)

    def uploads(self, query):
        names = {f"{key}\0{number}" for number, (key, _, _) in self.store.uploads.items()
                 if key.startswith(query.get("prefix", ""))}
        after = query.get("key-marker", "") + "\0" + query.get("upload-id-marker", "")
        page, more = self.store.page_of(names, after.strip("\0"))
        inner = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more:
            key, number = page[-1].split("\0")
            inner += f"<NextKeyMarker>{escape(key)}</NextKeyMarker>"
            inner += f"<NextUploadIdMarker>{number}</NextUploadIdMarker>"
        for key, number in (name.split("\0") for name in page):
            inner += (f"<Upload><Key>{escape(key)}</Key><UploadId>{number}</UploadId>"
                      "<Initiated>2001-01-01T00:00:00.000Z</Initiated></Upload>")
        return self.xml("ListMultipartUploadsResult", inner)

    def handle_request(self):
        if self.log:
            with open(self.log, "a", encoding="utf-8") as f:
                f.write(f"{self.command} {self.path}\n")
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, bucket, key = (urllib.parse.unquote(path) + "/").split("/", 2)
        pairs = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        try:
            with self.store.lock:
                self.check_signature(path, query, body)
                if bucket != BUCKET:
                    raise Refused(404, "NoSuchBucket")
                {"PUT": self.put, "POST": self.post, "GET": self.get, "HEAD": self.get,
                 "DELETE": self.delete}[self.command](key[:-1], pairs, body)
        except Refused as e:
            self.answer(e.status, self.xml("Error", f"<Code>{e.code}</Code>").replace(
                f" {NS}".encode(), b""))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    state, *more = sys.argv[1:]
    tls = [m.removeprefix("tls=") for m in more if m.startswith("tls=")]
    page = [int(m) for m in more if m.isdigit()]
    Handler.store = Store(page[0] if page else 1000)
    os.makedirs(state, exist_ok=True)
    Handler.log = os.path.join(state, "log")
    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls[0])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(os.path.join(state, "port.new"), "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(os.path.join(state, "port.new"), os.path.join(state, "port"))
    server.serve_forever()


if __name__ == "__main__":
    main()
