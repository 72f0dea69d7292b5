#!/usr/bin/env python3
"""proxy.py STATE ENDPOINT [FAULT...]: stand before a store and be unreliable.

Listens on a free port of loopback: STATE/port has it once it does. Every
request is a line in STATE/log: its fault (or "pass"), method and path.

Faults, by the share of requests that get them, drawn from a fixed seed:
  500=0.2  503=0.2  429=0.1   answered so, and not passed on
  cut=0.1    the connection is closed; the store never hears of it
  drop=0.1   the store acts, its answer is dropped
  flip=0.1   a bit of the body is flipped on its way to the store
  slow=0.5   the answer takes half a second longer
And, of all requests whose method and path match a regular expression:
  hold=REGEX   nothing is passed on or answered, ever
  all500=REGEX each is answered so
  all403=REGEX each is answered so, as to who is not permitted to ask
  rate=N       bodies are read at N bytes a second
  port=N       where it listens, instead of a free port
  tls=FILE     it speaks TLS, with the certificate and key in FILE
"""
import http.client
import http.server
import os
import random
import re
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse

SHARES = ("500", "503", "429", "cut", "drop", "flip", "slow")


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    lock = threading.Lock()
    rng = random.Random(20260101)
    shares, rules = {}, {}
    endpoint = log = None

    def log_message(self, *args):
        pass

    def draw(self):
        for rule in ("hold", "all500", "all403"):
            if rule in self.rules and re.search(
                self.rules[rule], f"{self.command} {self.path}"
            ):
                return rule.removeprefix("all")
        with self.lock:
            drawn = self.rng.random()
        for name, share in self.shares.items():
            if drawn < share:
                return name
            drawn -= share
        return "pass"

    def read_body(self):
        left = int(self.headers.get("Content-Length", 0))
        rate = float(self.rules.get("rate", 0))
        body = bytearray()
        while left > 0:
            piece = self.rfile.read(min(left, 16384))
            if not piece:
                raise ConnectionError
            body += piece
            left -= len(piece)
            if rate:
                time.sleep(len(piece) / rate)
        return body

    def pass_on(self, body):
        upstream = http.client.HTTPConnection(
            self.endpoint.hostname, self.endpoint.port, timeout=60
        )
        upstream.putrequest(
            self.command, self.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in self.headers.items():
            if name.lower() != "connection":
                upstream.putheader(name, value)
        upstream.endheaders(bytes(body) if body else None)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        return answer, data

    def answer(self, status, headers, data):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date"):
                self.send_header(name, value)
        length = dict((n.lower(), v) for n, v in headers).get("content-length")
        head = self.command == "HEAD"
        if status != 204:
            self.send_header("Content-Length", length if head and length else str(len(data)))
        self.end_headers()
        if not head:
            self.wfile.write(data)

    def cut(self):
        self.close_connection = True

    def handle_request(self):
        fault = self.draw()
        with self.lock:
            self.log.write(f"{fault} {self.command} {self.path}\n")
            self.log.flush()
        try:
            if fault == "hold":
                threading.Event().wait()
            body = self.read_body()
            if fault in ("500", "503", "429"):
                self.answer(int(fault), [], b"<Error><Code>SlowDown</Code></Error>")
                return
            if fault == "403":
                self.answer(403, [], b"<Error><Code>AccessDenied</Code></Error>")
                return
            if fault == "cut":
                self.cut()
                return
            if fault == "flip" and body:
                body[len(body) // 2] ^= 1
            answer, data = self.pass_on(body)
            if fault == "slow":
                time.sleep(0.5)
            if fault == "drop":
                self.cut()
                return
            self.answer(answer.status, answer.getheaders(), data)
        except (OSError, http.client.HTTPException):
            self.cut()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    state = sys.argv[1]
    Proxy.endpoint = urllib.parse.urlsplit(sys.argv[2])
    for fault in sys.argv[3:]:
        name, value = fault.split("=", 1)
        if name in SHARES:
            Proxy.shares[name] = float(value)
        else:
            Proxy.rules[name] = value
    os.makedirs(state, exist_ok=True)
    Proxy.log = open(os.path.join(state, "log"), "w")
    server = Server(("127.0.0.1", int(Proxy.rules.get("port", 0))), Proxy)
    if "tls" in Proxy.rules:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Proxy.rules["tls"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(os.path.join(state, "port.new"), "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(os.path.join(state, "port.new"), os.path.join(state, "port"))
    server.serve_forever()


main()
