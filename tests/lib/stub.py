#!/usr/bin/env python3
"""stub.py STATE [OPTION...] [RULE...]: a server of look-ups, as good or as bad as
it is told to be.

Listens on a free port of loopback. Once it does, STATE/port has the port, which
is printed, too. It speaks HTTP/1.1 and keeps connections; each GET is a question
for a key: the value of the last parameter, or the last part of a path without
any. Other programs that need a server that goes wrong may use it, too.

STATE/log has a line for each request: the time that it came (CLOCK_MONOTONIC, in
seconds), the number of its connection, its key (encoded), the rule ("-": none).
STATE/ends has a line for each that is over: the time, the time that it came, its
key, and "answered", or "left" if whoever asked closed the connection first.
STATE/most has the largest number of requests under way at one time. They count
until they are answered whole or their connection is closed. STATE/tokens has a
line for each bearer token that was sent. STATE/lag has the longest time, in
seconds, that the server was late itself: its times are no truer than that.

Options:
  port=N      listen there
  tls=FILE    speak TLS, with the certificate and key in FILE
  token=T     who does not send "Authorization: Bearer T" gets 401
  rules=FILE  rules, one a line behind the others; read again when FILE changes,
              so replace it (mv)

A rule is [SHARE:]WORD[+WORD...]. Rules are dealt out by key: hash(KEY), a number
in [0, 1), is the first 8 hex digits of the SHA-256 of KEY by 16**8. The first
rule has the keys from 0 to its SHARE, the next those from there, and so on; a
rule without SHARE has all that are left. Keys that no rule has get a plain
answer. `stub.py of KEY RULE...` prints the rule of KEY. Words:

  delay=MS       wait before answering
  status=N       answer so
  retry-after=S  with that field
  type=TYPE      with that Content-Type (application/json)
  body=TEXT      with that body, in which {key} and {digest} stand for the key
                 and 8 hex digits of its SHA-256. To the end of the rule.
  times=N        only the first N requests for a key; then the answer is plain
  hang           take the request and never answer
  cut            half an answer, then close
  stall          half an answer, and no more of it
  drip           an answer, one byte every 100 ms
  twice          an answer, and in one piece with it the same once more
  surplus=MS     an answer, and so much later the same once more
  close          close without an answer
  garbage        no HTTP
  redirect       302 to another path of this server
  huge           100 MB of JSON
  invalid        no JSON

A plain answer is {"code":"C-{digest}","site":"S-1"}.
"""
import asyncio
import hashlib
import os
import ssl
import sys
import time
import urllib.parse

PLAIN = '{"code":"C-{digest}","site":"S-1"}'
FLAGS = {"hang", "cut", "stall", "drip", "twice", "close", "garbage", "redirect",
         "huge", "invalid"}
VALUES = {"delay", "status", "retry-after", "type", "body", "times", "surplus"}
HUGE = 100_000_000
LOOK = 0.005  # seconds between two looks at its own lag


def digest(key):
    return hashlib.sha256(key).hexdigest()[:8]


# --- Rules ---

class Rule:
    def __init__(self, text):
        self.text, self.words = text, {}
        share, colon, rest = text.partition(":")
        try:
            self.share = float(share) if colon else 1.0
        except ValueError:  # the colon is a word's
            self.share, rest = 1.0, text
        else:
            rest = rest if colon else text
        rest, _, body = rest.partition("body=")
        for word in filter(None, rest.split("+")):
            name, equals, value = word.partition("=")
            if name not in (VALUES if equals else FLAGS):
                sys.exit(f"stub.py: no rule: {text}")
            self.words[name] = value
        if body:
            self.words["body"] = body
        self.seen = {}  # requests by key

    def holds(self, key):
        if "times" not in self.words:
            return True
        self.seen[key] = self.seen.get(key, 0) + 1
        return self.seen[key] <= int(self.words["times"])


class Rules:
    def __init__(self, texts, path=None):
        self.given = [Rule(text) for text in texts]
        self.read, self.path, self.stamp = [], path, None

    def refresh(self):
        if not self.path:
            return
        try:
            st = os.stat(self.path)
        except FileNotFoundError:
            return
        stamp = st.st_ino, st.st_mtime_ns
        if stamp != self.stamp:
            self.stamp = stamp
            with open(self.path, encoding="utf-8") as f:
                self.read = [Rule(line) for line in f.read().splitlines() if line]

    def of(self, key):
        self.refresh()
        drawn = int(digest(key), 16) / 16 ** 8
        for rule in self.given + self.read:
            if drawn < rule.share:
                return rule
            drawn -= rule.share
        return None


# --- Serving ---

class Server:
    def __init__(self, state, rules, token):
        self.rules, self.token = rules, token
        self.log = open(os.path.join(state, "log"), "wb", buffering=0)
        self.most = open(os.path.join(state, "most"), "wb", buffering=0)
        self.most.write(b"0\n")
        self.ends = open(os.path.join(state, "ends"), "wb", buffering=0)
        self.tokens = open(os.path.join(state, "tokens"), "wb", buffering=0)
        self.lag = open(os.path.join(state, "lag"), "wb", buffering=0)
        self.now, self.highest, self.connections = 0, 0, 0

    def begin(self, number, key, rule):
        name = urllib.parse.quote(key, safe="")
        came = time.monotonic()
        line = f"{came:.4f} {number} {name} {rule.text if rule else '-'}\n"
        self.log.write(line.encode())
        self.now += 1
        if self.now > self.highest:
            self.highest = self.now
            os.pwrite(self.most.fileno(), b"%d\n" % self.highest, 0)
        return came, name

    def end(self, request, how):
        self.now -= 1
        came, name = request
        self.ends.write(f"{time.monotonic():.4f} {came:.4f} {name} {how}\n".encode())

    async def watch_itself(self):
        worst = 0.0
        while True:
            before = time.monotonic()
            await asyncio.sleep(LOOK)
            late = time.monotonic() - before - LOOK
            if late > worst:
                worst = late
                os.pwrite(self.lag.fileno(), b"%.6f\n" % worst, 0)


def head(status, fields, length):
    lines = [f"HTTP/1.1 {status} Stub", *fields, f"Content-Length: {length}", "", ""]
    return "\r\n".join(lines).encode()


def key_of(target):
    path, _, query = target.partition("?")
    last = query.rpartition("&")[2].partition("=")[2] if query else path.rpartition("/")[2]
    return urllib.parse.unquote_to_bytes(last)


def token_of(fields):
    for field in fields:
        name, _, value = field.partition(":")
        if name.lower() == "authorization":
            return value.strip().removeprefix("Bearer ")
    return None


class Connection(asyncio.Protocol):
    def __init__(self, server):
        self.server, self.unread, self.request = server, b"", None
        self.task = self.transport = None
        server.connections += 1
        self.number = server.connections

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.unread += data
        self.next_request()

    def connection_lost(self, _):
        if self.task:
            self.task.cancel()
        self.done("left")

    def done(self, how="answered"):
        if self.request:
            self.server.end(self.request, how)
            self.request = None

    def next_request(self):
        while not self.request and b"\r\n\r\n" in self.unread:
            request, _, self.unread = self.unread.partition(b"\r\n\r\n")
            first, *fields = request.decode("latin-1").split("\r\n")
            words = first.split(" ")
            if len(words) != 3 or words[0] != "GET":
                self.transport.write(head(405, [], 0))
                continue
            key = key_of(words[1])
            rule = self.server.rules.of(key)
            self.request = self.server.begin(self.number, key, rule)
            token = token_of(fields)
            if token:
                self.server.tokens.write(token.encode() + b"\n")
            if self.server.token and token != self.server.token:
                self.send(head(401, [], 0))
            elif not rule or not rule.holds(key):
                self.send(self.answer(key, {}))
            elif set(rule.words) <= {"status", "type", "body", "retry-after", "times"}:
                self.send(self.answer(key, rule.words))
            else:
                self.task = asyncio.ensure_future(self.misbehave(key, rule.words))

    def send(self, data):
        self.transport.write(data)
        self.done()

    @staticmethod
    def answer(key, words):
        body = words.get("body", PLAIN).replace("{digest}", digest(key))
        body = body.replace("{key}", key.decode("utf-8", "replace")).encode()
        fields = [f"Content-Type: {words.get('type', 'application/json')}"]
        if "retry-after" in words:
            fields.append(f"Retry-After: {words['retry-after']}")
        return head(words.get("status", 200), fields, len(body)) + body

    async def misbehave(self, key, words):
        if "delay" in words:
            await asyncio.sleep(int(words["delay"]) / 1000)
        whole = self.answer(key, words)
        if "hang" in words:
            await asyncio.Event().wait()
        elif "drip" in words:
            for at in range(len(whole)):
                self.transport.write(whole[at:at + 1])
                await asyncio.sleep(0.1)
        elif "stall" in words:
            self.transport.write(whole[:-len(whole) // 4])
            await asyncio.Event().wait()
        elif "cut" in words:
            self.transport.write(whole[:-len(whole) // 4])
            self.transport.close()
        elif "twice" in words:
            self.transport.write(whole + whole)
        elif "surplus" in words:
            self.transport.write(whole)
            if words["surplus"] == "0":
                self.transport.write(whole)
            else:
                asyncio.get_running_loop().call_later(
                    int(words["surplus"]) / 1000, self.transport.write, whole)
        elif "close" in words:
            self.transport.close()
        elif "garbage" in words:
            self.transport.write(b"\x16\x03\x01 220 who is there?\r\n\r\n" * 20)
            self.transport.close()
        elif "redirect" in words:
            self.transport.write(head(302, ["Location: /elsewhere/x"], 0))
        elif "huge" in words:
            await self.go_on()
        elif "invalid" in words:
            self.transport.write(self.answer(key, words | {"body": '{"code":"C-1",'}))
        else:
            self.transport.write(whole)
        self.task = None
        self.done()
        self.next_request()

    async def go_on(self):
        self.transport.write(head(200, ["Content-Type: application/json"], HUGE) + b'{"a":"')
        piece = b"a" * 100_000
        for _ in range(HUGE // len(piece)):
            self.transport.write(piece)
            await asyncio.sleep(0)
            while self.transport.get_write_buffer_size() > 1 << 20:
                await asyncio.sleep(0.001)
            if self.transport.is_closing():
                break


async def serve(state, rules, options):
    server = Server(state, rules, options.get("token"))
    tls = None
    if "tls" in options:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options["tls"])
    listener = await asyncio.get_running_loop().create_server(
        lambda: Connection(server), "127.0.0.1", int(options.get("port", 0)),
        ssl=tls, backlog=1024)
    port = listener.sockets[0].getsockname()[1]
    with open(os.path.join(state, "port.new"), "w", encoding="ascii") as f:
        f.write(str(port))
    os.rename(os.path.join(state, "port.new"), os.path.join(state, "port"))
    print(port, flush=True)
    await asyncio.gather(listener.serve_forever(), server.watch_itself())


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] == "of":
        rule = Rules(sys.argv[3:]).of(os.fsencode(sys.argv[2]))
        print(rule.text if rule else "-")
        return
    state, options, texts = sys.argv[1], {}, []
    for word in sys.argv[2:]:
        name, _, value = word.partition("=")
        if name in ("port", "tls", "token", "rules"):
            options[name] = value
        else:
            texts.append(word)
    os.makedirs(state, exist_ok=True)
    try:
        asyncio.run(serve(state, Rules(texts, options.get("rules")), options))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
