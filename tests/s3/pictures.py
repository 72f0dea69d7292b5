#!/usr/bin/env python3
"""pictures.py DIRECTORY N EDGE [NAME]: N PNG pictures that differ, EDGE pixels square.

NAME is Python's format of a number: picture-{:04}.png. Noise, so that nothing is compressed: a picture has about 3 * EDGE * EDGE bytes.
"""
import os
import random
import struct
import sys
import zlib


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def picture(seed, edge):
    rng = random.Random(seed)
    rows = b"".join(b"\0" + rng.randbytes(3 * edge) for _ in range(edge))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 0))
        + chunk(b"IEND", b"")
    )


def main():
    directory, n, edge = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    name = sys.argv[4] if len(sys.argv) > 4 else "picture-{:04}.png"
    for i in range(n):
        with open(os.path.join(directory, name.format(i)), "wb") as f:
            f.write(picture(i, edge))


main()
