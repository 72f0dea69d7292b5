#!/usr/bin/env python3
"""same_pixels.py DATA PAIRS: do archived images decode as their sources do?

PAIRS has "source<TAB>object" lines. Each is decoded by a program that shares no
code with imgpipe, all its pages and frames: JPEG by djpeg, PNG inflated here
and decoded by libvips, WebP and GIF by libwebp and libnsgif, TIFF page by page by
libtiff, these through libvips, HEIF by libheif, AVIF by libavif. One line per difference; the
last line counts. Exit 1 if any differs, or if an archived image does not decode
although its source does.

Where no decoder here can read the source (12-bit JPEG, rare codecs), its coded
bytes are compared: counted apart."""
import glob, hashlib, os, struct, subprocess, sys, tempfile, zlib


def run(*cmd):
    return subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def digest(*parts):
    h = hashlib.sha256()
    for p in parts:
        h.update(p)
    return h.hexdigest()


# Each returns what a viewer sees, in a form that can be compared, or None if
# the decoder cannot read the file.

def jpeg(path, tmp):
    r = run("djpeg", "-pnm", path)
    return digest(r.stdout) if r.stdout else None


def jpeg_warns(path):
    return run("djpeg", "-pnm", path).stderr.strip() != b""


def jpeg_coded(path):
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
    return out or None


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
    if run("vips", "rawsave", path, out).returncode != 0:
        return None
    return digest(open(out, "rb").read())


def png(path, tmp):
    return png_frames(path), vips(path, tmp)


def animation(path, tmp):
    """All frames, composed, and how they are timed."""
    head = run("vipsheader", "-a", path + "[n=-1]").stdout.decode(errors="replace")
    fields = [l for l in head.splitlines() if l.split(":")[0] in ("delay", "loop", "n-pages", "page-height", "width", "height", "bands")]
    pixels = vips(path + "[n=-1]", tmp)
    return pixels and (pixels, fields)


def tiff(path, tmp):
    info = run("tiffinfo", path).stdout.decode(errors="replace")
    pages = info.count("=== TIFF directory")  # without Exif and other directories
    seen = [vips(f"{path}[page={n}]", tmp) for n in range(pages)]
    if any(seen):
        return seen
    # What libvips cannot show, libtiff itself may.
    data = run("tiffinfo", "-d", path).stdout
    at = data.find(b"Strip 0:") if b"Strip 0:" in data else data.find(b"Tile (")
    return digest(data[at:]) if at >= 0 else None


def same_rows(a, b):
    """libtiff's own word: libvips' raw form of 8-bit CIELAB has a byte that is nothing."""
    return run("tiffcmp", "-t", a, b).returncode == 0


def heif(path, tmp):
    for old in glob.glob(tmp + "/h*.png"):
        os.unlink(old)
    link = os.path.join(tmp, "link.heic")
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(path, link)
    run("heif-convert", link, tmp + "/h.png")
    seen = [png_frames(p) for p in sorted(glob.glob(tmp + "/h*.png"))]
    for frames in seen:  # libheif copies metadata into text chunks; those are not compared
        frames.sort(key=lambda f: f[0] or b"")
    return seen or None


def avif(path, tmp):
    for old in glob.glob(tmp + "/a*.png"):
        os.unlink(old)
    run("avifdec", "--no-strict", "-j", "2", "--index", "all", path, tmp + "/a.png")
    shots = sorted(glob.glob(tmp + "/a*.png"))
    if not shots:
        run("avifdec", "--no-strict", path, tmp + "/a.png")
        shots = sorted(glob.glob(tmp + "/a*.png"))
    return [png_frames(p) for p in shots] or None


JUDGES = {"jpg": jpeg, "png": png, "webp": animation, "gif": animation, "tif": tiff, "heic": heif, "avif": avif}


def main():
    root, pairs = sys.argv[1:]
    bad, counts, unread = 0, {}, {}
    with tempfile.TemporaryDirectory() as tmp:
        for line in open(pairs, errors="surrogateescape"):
            src, name = line.rstrip("\n").rsplit("\t", 1)
            dst, ext = os.path.join(root, name), name.rsplit(".", 1)[1]
            judge = JUDGES[ext]
            counts[ext] = counts.get(ext, 0) + 1
            before, after = judge(src, tmp), judge(dst, tmp)
            same = before == after or (ext == "tif" and same_rows(src, dst))
            if before is None:
                unread[ext] = unread.get(ext, 0) + 1
                print(f"{src}: not read by this decoder")
                if ext == "jpg":
                    same = jpeg_coded(src) == jpeg_coded(dst) is not None
            elif ext == "jpg":
                same = same and not jpeg_warns(dst)
            if not same:
                bad += 1
                print(f"{src}: differs from {name}")
    listed = ", ".join(f"{n} {e}" + (f" ({unread[e]} not read)" if e in unread else "") for e, n in sorted(counts.items()))
    print(f"pixels: {listed} compared, {bad} differ")
    sys.exit(1 if bad or not counts else 0)


main()
