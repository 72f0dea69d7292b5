#!/usr/bin/env python3
"""large_dicom.py SOURCE OUT BYTES [FRAGMENT]: a multi-frame object of about so many bytes, of noise.

SOURCE is an object in explicit little endian with native pixels of 16 bits. With FRAGMENT the pixels are as if coded:
a fragment of so many bytes for each frame."""
import os, random, struct, sys

LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
JPEG_BASELINE = b"1.2.840.10008.1.2.4.50"


def elements(data, at):
    """(tag, header and value, value) of each, all of defined length."""
    while at < len(data):
        group, element = struct.unpack_from("<HH", data, at)
        size = 12 if data[at + 4:at + 6] in LONG else 8
        length = struct.unpack_from("<I", data, at + 8)[0] if size == 12 else struct.unpack_from("<H", data, at + 6)[0]
        yield group << 16 | element, data[at:at + size + length], data[at + size:at + size + length]
        at += size + length


def short(tag, vr, value):
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


class Noise:
    """Each block another, at the speed of the disk."""
    def __init__(self):
        self.random = random.Random(7)
        self.pool = self.random.randbytes(1 << 22)

    def block(self, n):
        return b"".join(self.pool[at:at + min(n - done, 1 << 20)] for done in range(0, n, 1 << 20)
                        for at in [self.random.randrange(len(self.pool) - (1 << 20))])


def main():
    source, target, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    fragment = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    data, noise = open(source, "rb").read(), Noise()
    assert data[128:132] == b"DICM"
    parts = list(elements(data, 132))
    value = {tag: v for tag, _, v in parts}
    rows, columns = (struct.unpack("<H", value[t])[0] for t in (0x00280010, 0x00280011))
    frame = fragment or rows * columns * 2
    frames = size // (frame + (8 if fragment else 0))
    with open(target, "wb") as out:
        out.write(data[:132])
        meta = [short(t, b"UI", JPEG_BASELINE) if t == 0x00020010 and fragment else whole
                for t, whole, _ in parts if 0x00020000 < t < 0x00030000]
        out.write(struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(b"".join(meta))) + b"".join(meta))
        for tag, whole, _ in parts:
            if tag == 0x00280010:
                out.write(short(0x00280008, b"IS", b"%d" % frames))
            if tag >= 0x00030000 and tag not in (0x00280008, 0x7FE00010):
                out.write(whole)
            if tag != 0x7FE00010:
                continue
            out.write(struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB" if fragment else b"OW", 0,
                                  0xFFFFFFFF if fragment else frames * frame))
            if fragment:
                out.write(struct.pack("<HHI", 0xFFFE, 0xE000, 0))
            for _ in range(frames):
                if fragment:
                    out.write(struct.pack("<HHI", 0xFFFE, 0xE000, frame))
                out.write(noise.block(frame))
            if fragment:
                out.write(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    print(f"{os.path.getsize(target)} bytes, {frames} frames")


main()
