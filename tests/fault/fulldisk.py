#!/usr/bin/env python3
"""fulldisk.py: file systems that fill up in the middle of a run, at every size
that is too small: for the archive, for the state, for both. What is left is
judged as campaign.py does; then the file system grows, and the next run must
complete the archive. Needs root, to mount a tmpfs.

With --photos N there are also N photos of a megabyte, and a file system of
20 MB. Exits 1 if anything went wrong.
"""
import argparse
import os
import struct
import subprocess
import sys
import tempfile
import zlib

from judge import Judge
from program import Fault, Place, Program
from targets import TARGETS

PAGE = 4096
FULL = Fault("full-disk", do="ENOSPC", group="full disk")
ENOUGH = 64 << 20  # for any of it


class Mounted:
    """A tmpfs at `path` for as long as the `with` lasts."""

    def __init__(self, path, size):
        self.path, self.size = path, size

    def mount(self, *options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "fault", self.path],
                       check=True)

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        self.mount(f"size={self.size}", "mode=0700")
        return self

    def grow(self):
        self.mount(f"remount,size={ENOUGH}")

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)


def pages(path):
    """How many a tmpfs needs for what is below `path`."""
    return sum(-(-os.path.getsize(os.path.join(d, n)) // PAGE) + 1
               for d, _, names in os.walk(path) for n in names)


def sizes_of(place, where, most):
    """What is too small, from nothing much to nearly enough."""
    place.reset()
    place.run()
    # Beside what stays there are the log of the ledger and what is staged.
    need = pages(where) * 2 + 20
    place.reset()
    step = max(1, need // most)
    return [n * PAGE for n in range(2, need, step)]


def fill(judge, where, size, about):
    """Findings, and whether it was too small."""
    place = judge.place
    place.reset()
    with Mounted(where, size) as disk:
        ended = place.run()
        found = judge.disturbed(ended, FULL)
        full = bool(ended.errors)
        if full and not any("No space" in e or "is full" in e or "disk I/O" in e
                            for e in ended.errors):
            found.append(f"no word of a full disk: {ended.errors}")
        disk.grow()
        found += judge.completed(place.run(), exact=False)
        found += judge.idle(place.run(), exact=False)
    return [f"{about}, {size} bytes: {f}" for f in found], full


def noise_photo(path, seed, side=600):
    """A PNG of random pixels: about a megabyte, which does not deflate."""
    rows = b"".join(b"\0" + os.urandom(3 * side) for _ in range(side))

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" +
                chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
                chunk(b"tEXt", b"Comment\0seed %d" % seed) +
                chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def campaign(args, program, target, uploads, sizes=None):
    place = Place(program, target, uploads, scratch="/dev/shm")
    wrong, counts = [], {"full": 0, "enough": 0}
    try:
        judge = Judge(place)
        for what, where in (("archive", f"{place.case}/archive"),
                            ("state", f"{place.case}/state"), ("both", place.case)):
            if sizes and what == "state":
                continue  # it does not need as much
            for size in sizes or sizes_of(place, where, args.most):
                found, full = fill(judge, where, size, f"{target.name}, {what}")
                wrong += found
                counts["full" if full else "enough"] += 1
    finally:
        place.clear()
    return wrong, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--uploads", required=True)
    parser.add_argument("--photos", type=int, default=0)
    parser.add_argument("--most", type=int, default=30, help="sizes of each kind, about")
    args = parser.parse_args()
    program, wrong, total = Program(args.build), [], {"full": 0, "enough": 0}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as photos:
        for n in range(args.photos):
            noise_photo(f"{photos}/{n}.png", n)
        for target in TARGETS.values():
            rounds = [campaign(args, program, target, args.uploads)]
            if args.photos:
                rounds.append(campaign(args, program, target, photos, [20 << 20]))
            for found, counts in rounds:
                wrong += found
                total = {k: total[k] + counts[k] for k in total}
    print("\n".join(wrong[:40]))
    print(f"{total['full']} file systems full in mid-run, {total['enough']} just large "
          f"enough; {len(wrong)} wrong")
    sys.exit(1 if wrong or not total["full"] else 0)


main()
