#!/usr/bin/env python3
"""liar.py STATE LIE: fake.py, but for one thing that it does as no store should.

  outside    its lists of data/ have a key that is above it
  disorder   its lists are not in order
  circles    its lists never end: page after page of the same keys
  empty      its lists never end: page after page without a key
  uploads    its list of uploads never ends
  portal     it answers everything with 200 and a well-formed page
  error      it answers each list with 200 and an error
  silent     it never answers
  forgets    it takes whatever is put, answers 200, and keeps nothing
  endless-list, -error, -tag, -object
             that answer never ends: a list, each refusal, bagit.txt, images
  loses      it takes each image that is put, and its answer is lost
  loses-plain
             the same, and it works out no checksum
  busy       it answers the first request with 503, and wants to be asked again in
             2 seconds
  busy-ever  it answers all with 503, and wants to be asked again in an aeon
  drips      it answers with a byte a second
  vast       its manifest is to have 6 GB

STATE/asked has a line for each request, its time, where silent and busy answer.
"""
import os
import sys
import threading
import time

import fake

LIE = sys.argv.pop()
PAGE = (b'<?xml version="1.0"?><html><head><title>Welcome</title></head>'
        b"<body>Log in first</body></html>")


class Liar(fake.Handler):
    asked = 0
    noted = 0
    lost = False  # the answer that is under way

    def list(self, query):
        prefix = query.get("prefix", "")
        key = "<Contents><Key>{}</Key><Size>1</Size></Contents>".format
        more = ("<IsTruncated>true</IsTruncated><NextContinuationToken>{}"
                "</NextContinuationToken>").format
        Liar.asked += 1
        if LIE == "error":
            return fake.Handler.xml("Error", "<Code>AccessDenied</Code>")
        if prefix.endswith("data/"):
            if LIE == "outside":
                return self.xml("ListBucketResult", key(prefix[:-5] + "x"))
            if LIE == "disorder":
                return self.xml("ListBucketResult", key(prefix + "b") + key(prefix + "a"))
            if LIE == "circles":
                return self.xml("ListBucketResult", key(prefix + "a") + more(Liar.asked % 2))
            if LIE == "empty":
                return self.xml("ListBucketResult", more(Liar.asked))
        return super().list(query)

    def uploads(self, query):
        if LIE != "uploads":
            return super().uploads(query)
        Liar.asked += 1
        return self.xml("ListMultipartUploadsResult",
                        "<IsTruncated>true</IsTruncated><NextKeyMarker>"
                        f"{Liar.asked % 2}</NextKeyMarker>")

    def answer(self, *args, **fields):
        if self.lost:
            self.close_connection = True
            self.lost = False
        else:
            super().answer(*args, **fields)

    def go_on_for_ever(self, status, start):
        self.send_response(status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(start), start))
        while True:
            self.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while True:
            self.wfile.write(b" ")
            time.sleep(1)

    def get(self, key, query, body):
        if self.command == "HEAD" or key and key not in self.store.objects:
            super().get(key, query, body)
        elif LIE == "endless-list" and not key:
            self.go_on_for_ever(200, b"<ListBucketResult>")
        elif (LIE == "endless-tag" and key.endswith("bagit.txt")
              or LIE == "endless-object" and "/data/" in key):
            self.go_on_for_ever(200, b"BagIt-Version: 1.0\n")
        elif LIE == "vast" and key.endswith("manifest-sha256.txt"):
            self.answer(200, bytes(0x10000), ETag='"vast"', Content_Length=str(6 << 30))
        else:
            super().get(key, query, body)

    def put(self, key, query, body):
        if LIE.startswith("loses") and "/data/" in key:
            self.lost = key not in self.store.objects
            super().put(key, query, body)
            if LIE == "loses-plain":
                self.store.objects[key][2].pop(fake.CHECKSUM)
        elif LIE != "forgets" or "/data/" not in key:
            super().put(key, query, body)
        else:
            self.answer(200, PAGE)

    def handle_request(self):
        if LIE.startswith("busy") and (self.note() == 1 or LIE == "busy-ever"):
            seconds = "2" if LIE == "busy" else str(10 ** 20)
            self.answer(503, b"<Error><Code>SlowDown</Code></Error>", Retry_After=seconds)
            return
        if LIE == "drips":
            self.drip()
        if LIE == "endless-error":
            self.go_on_for_ever(403, b"<Error>")
        if LIE != "portal":
            super().handle_request()
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(200, PAGE)

    @staticmethod
    def note():
        Liar.noted += 1
        with open(os.path.join(sys.argv[1], "asked"), "a") as f:
            f.write(f"{time.monotonic()}\n")
        return Liar.noted

    def keep_silent(self):
        self.note()
        threading.Event().wait()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = (
        keep_silent if LIE == "silent" else handle_request)


fake.Handler = Liar
fake.main()
