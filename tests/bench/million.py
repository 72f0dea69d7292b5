#!/usr/bin/env python3
"""million.py IMGPIPE WORK [N]: ledger and audit log with N entries (a million). A first run over N inputs, a second over
the same, and a verification, each with its time and peak memory; the same for a hundredth of them, to see whether memory
grows. The inputs are tiny images, hard links for the most part, made outside of what is measured. Exit code 1 if the
second run takes 10 s or more, or if memory grows."""
import os, struct, sys, time, zlib

imgpipe, work = sys.argv[1:3]
N = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
LINKS = 50000  # of one file; ext4 allows 65000
SECONDS, GROWTH = 10, 8  # MB: caches of a fixed size fill up


def png(grey):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 8, 4, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([grey]) * 8) * 4
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make(root, n):
    source = None
    for i in range(n):
        if i % 1000 == 0:
            os.makedirs(f"{root}/{i // 1000:04d}")
        path = f"{root}/{i // 1000:04d}/image-{i:07d}.png"
        if i % LINKS == 0:
            source = path
            with open(path, "wb") as f:
                f.write(png(i // LINKS % 256))
        else:
            os.link(source, path)


def measure(*args):
    """Wall and CPU seconds, and the peak resident size in MB."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]
    t = time.monotonic()
    pid = os.posix_spawn(imgpipe, [imgpipe, *args], dict(os.environ), file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{args[0]}: exit {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - t, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def all_of(n):
    root = f"{work}/{n}"
    make(root + "/in", n)
    place = ["--state", root + "/state"]
    run = ["run", root + "/in", "--archive", root + "/archive", "--settle", "0", *place]
    return {"first run": measure(*run), "second run": measure(*run), "verify": measure("verify", root + "/archive", *place)}


few, many = all_of(N // 100), all_of(N)
print(f"\n{N} entries in ledger and audit log\n{'':12} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'MB for a hundredth':>20}")
for what, (wall, cpu, mb) in many.items():
    print(f"{what:12} {wall:8.2f} {cpu:8.2f} {mb:8.1f} {few[what][2]:20.1f}")
grown = [what for what in many if many[what][2] > few[what][2] + GROWTH]
if grown or many["second run"][0] >= SECONDS:
    sys.exit(f"want less than {SECONDS} s for the second run, and flat memory: {grown}")
