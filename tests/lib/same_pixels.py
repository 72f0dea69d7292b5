#!/usr/bin/env python3
"""same_pixels.py DATA PAIRS: do archived images decode as their sources do?

PAIRS has "source<TAB>object" lines. JPEG is decoded by djpeg; PNG is inflated
here, frame by frame (APNG included), and decoded by libvips' command line as
well. One line per difference; the last line counts. Exit 1 if any differs.
Where libjpeg cannot decode (12 bits), the entropy-coded bytes are compared."""
import os, struct, subprocess, sys, tempfile, zlib


def djpeg(path):
    r = subprocess.run(["djpeg", "-pnm", path], capture_output=True)
    return r.stdout, r.stderr.decode(errors="replace").strip()


def scans(path):
    """All segments that describe the picture, and all coded bytes."""
    data, at, out = open(path, "rb").read(), 2, []
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] in (0, 0xFF):
            at += 1
            continue
        m = data[at + 1]
        if m == 0xD9:
            break
        if 0xD0 <= m <= 0xD8 or m == 1:
            at += 2
            continue
        n = 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        if m == 0xDA or 0xC0 <= m <= 0xCF or m in (0xDB, 0xDD):
            out.append(data[at:at + n])
        at += n
        if m == 0xDA:
            start = at
            while at + 1 < len(data) and not (data[at] == 0xFF and data[at + 1] not in (0, *range(0xD0, 0xD8))):
                at += 1
            out.append(data[start:at])
    return out


def png_frames(path):
    """IHDR, PLTE, tRNS, and each frame's rectangle with its inflated rows."""
    data, at, out, stream, key = open(path, "rb").read(), 8, [], b"", None
    while at + 12 <= len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        at += 12 + n
        part = {b"IDAT": body, b"fdAT": body[4:]}.get(kind)
        if part is not None:
            stream += part
            continue
        if stream:
            out.append((key, zlib.decompressobj().decompress(stream)))
            stream = b""
        if kind == b"fcTL":
            key = body[4:]
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"acTL"):
            if not (kind == b"PLTE" and out and out[0][1][9] in (2, 6)):
                out.append((kind, body))
        if kind == b"IEND":
            break
    return out


def vips(path, tmp):
    out = os.path.join(tmp, "raw")
    r = subprocess.run(["vips", "rawsave", path, out], capture_output=True)
    return open(out, "rb").read() if r.returncode == 0 else None


def main():
    root, pairs = sys.argv[1:]
    bad = jpegs = pngs = coded_only = 0
    with tempfile.TemporaryDirectory() as tmp:
        for line in open(pairs, errors="surrogateescape"):
            src, name = line.rstrip("\n").rsplit("\t", 1)
            dst = os.path.join(root, name)
            if name.endswith(".jpg"):
                jpegs += 1
                (a, _), (b, warned) = djpeg(src), djpeg(dst)
                same = a == b and a != b"" and not warned
                if a == b"" and b == b"":
                    coded_only += 1
                    same = scans(src) == scans(dst) != []
            else:
                pngs += 1
                same = png_frames(src) == png_frames(dst) and vips(src, tmp) == vips(dst, tmp)
            if not same:
                bad += 1
                print(f"{src}: differs from {name}")
    print(f"pixels: {jpegs} JPEG ({coded_only} by coded bytes), {pngs} PNG compared, {bad} differ")
    sys.exit(1 if bad or jpegs + pngs == 0 else 0)


main()
