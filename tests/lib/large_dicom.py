#!/usr/bin/env python3
"""large_dicom.py SOURCE OUT BYTES [jpeg]: a multi-frame object of about so many bytes, of noise.

SOURCE is an object in explicit little endian with native pixels of 16 bits. With "jpeg" each frame is a JPEG of 8
bits, in a fragment."""
import os, random, struct, subprocess, sys

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


def jpegs(noise, rows, columns, n=16):
    """Some that differ, of even length."""
    for _ in range(n):
        pgm = b"P5 %d %d 255\n" % (columns, rows) + noise.random.randbytes(rows * columns)
        one = subprocess.run(["cjpeg", "-grayscale", "-quality", "95"], input=pgm, stdout=subprocess.PIPE,
                             check=True).stdout
        yield one + b"\0" * (len(one) % 2)


EIGHT_BITS = {0x00280100: 8, 0x00280101: 8, 0x00280102: 7, 0x00280103: 0}


def main():
    source, target, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    coded = sys.argv[4:] == ["jpeg"]
    data, noise = open(source, "rb").read(), Noise()
    assert data[128:132] == b"DICM"
    parts = list(elements(data, 132))
    if coded:  # another instance
        uid = next(v for tag, _, v in parts if tag == 0x00080018).rstrip(b"\0")
        parts = list(elements(data.replace(uid, uid[:-1] + (b"1" if uid[-1:] != b"1" else b"2")), 132))
    value = {tag: v for tag, _, v in parts}
    rows, columns = (struct.unpack("<H", value[t])[0] for t in (0x00280010, 0x00280011))
    fragments = list(jpegs(noise, rows, columns)) if coded else []
    frame = sum(map(len, fragments)) // len(fragments) if coded else rows * columns * 2
    frames = size // (frame + (8 if coded else 0))
    with open(target, "wb") as out:
        out.write(data[:132])
        meta = [short(t, b"UI", JPEG_BASELINE) if t == 0x00020010 and coded else whole
                for t, whole, _ in parts if 0x00020000 < t < 0x00030000]
        out.write(struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(b"".join(meta))) + b"".join(meta))
        for tag, whole, _ in parts:
            if tag == 0x00280010:
                out.write(short(0x00280008, b"IS", b"%d" % frames))
            if coded and tag in EIGHT_BITS:
                whole = short(tag, b"US", struct.pack("<H", EIGHT_BITS[tag]))
            if tag >= 0x00030000 and tag not in (0x00280008, 0x7FE00010):
                out.write(whole)
            if tag != 0x7FE00010:
                continue
            out.write(struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB" if coded else b"OW", 0,
                                  0xFFFFFFFF if coded else frames * frame))
            if coded:
                out.write(struct.pack("<HHI", 0xFFFE, 0xE000, 0))
            for n in range(frames):
                block = fragments[n % len(fragments)] if coded else noise.block(frame)
                if coded:
                    out.write(struct.pack("<HHI", 0xFFFE, 0xE000, len(block)))
                out.write(block)
            if coded:
                out.write(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    print(f"{os.path.getsize(target)} bytes, {frames} frames")


main()
