#!/usr/bin/env python3
"""connect.py STATE FIELD...: a proxy on the way to a store that speaks TLS.

Listens on a free port of loopback, which STATE/port has once it does. It takes
CONNECT alone, answers it with 200 and the header fields FIELD ("Name: value"),
and passes on what comes then. STATE/asked has a line for each.
"""
import os
import socket
import socketserver
import sys
import threading


def pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Tunnel(socketserver.StreamRequestHandler):
    rbufsize = 0

    def handle(self):
        method, where, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            return
        with open(os.path.join(sys.argv[1], "asked"), "a") as f:
            f.write(where + "\n")
        host, port = where.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as store:
            lines = ["HTTP/1.1 200 Connection established", *sys.argv[2:], "", ""]
            self.wfile.write("\r\n".join(lines).encode())
            back = threading.Thread(target=pass_on, args=(store, self.connection))
            back.start()
            pass_on(self.connection, store)
            back.join()


class Proxy(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    state = sys.argv[1]
    os.makedirs(state, exist_ok=True)
    proxy = Proxy(("127.0.0.1", 0), Tunnel)
    with open(os.path.join(state, "port.new"), "w") as f:
        f.write(str(proxy.server_address[1]))
    os.rename(os.path.join(state, "port.new"), os.path.join(state, "port"))
    proxy.serve_forever()


main()
