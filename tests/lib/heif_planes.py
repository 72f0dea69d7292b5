#!/usr/bin/env python3
"""heif_planes.py LIST: has luma changed outside of the marks of HEIF files?

Lines of LIST: source, marked file, and the mark's x, y, width, height, across,
down, step_x, step_y as readers show the picture. Coded images are cut out of
both files and decoded by ffmpeg's HEVC decoder and by libaom, neither of which
imgpipe uses to decode: planes of all images must be of one kind, luma the same
outside of the mark, chroma but for the samples that share a pixel with it. The
last line counts; exit 1 if anything is wrong."""
import os, subprocess, sys, tempfile


shapes = {}  # what ffprobe says, by HEVC's parameters or all of AV1


def be(b):
    return int.from_bytes(b, "big")


def boxes(b, at=0):
    while at + 8 <= len(b):
        n, head = be(b[at:at + 4]), 8
        if n == 1:
            n, head = be(b[at + 8:at + 16]), 16
        n = n or len(b) - at
        yield b[at + 4:at + 8].decode("latin-1"), b[at + head:at + n]
        at += n


class File:
    def __init__(self, path):
        self.b = open(path, "rb").read()
        meta = next(body for kind, body in boxes(self.b) if kind == "meta")
        part = dict(boxes(meta, 4))
        self.idat = part.get("idat", b"")
        p = part["pitm"]
        self.primary = be(p[4:6] if p[0] == 0 else p[4:8])
        self.types, self.places, self.links, self.refs = {}, {}, {}, []
        self.read_iinf(part["iinf"])
        self.read_iloc(part["iloc"])
        self.read_iref(part.get("iref", b"\0\0\0\0"))
        prop = list(boxes(part["iprp"]))
        self.props = list(boxes(next(body for kind, body in prop if kind == "ipco")))
        for kind, body in prop:
            if kind == "ipma":
                self.read_ipma(body)

    def read_iinf(self, b):
        for _, e in boxes(b, 6 if b[0] == 0 else 8):
            w = 2 if e[0] == 2 else 4
            self.types[be(e[4:4 + w])] = e[6 + w:10 + w].decode("latin-1")

    def read_iloc(self, b):
        version, at = b[0], 6
        o, l, base = b[4] >> 4, b[4] & 15, b[5] >> 4
        idx = b[5] & 15 if version else 0

        def take(n):
            nonlocal at
            at += n
            return be(b[at - n:at])
        for _ in range(take(2 if version < 2 else 4)):
            item = take(2 if version < 2 else 4)
            method = take(2) & 15 if version else 0
            take(2)
            start, data = take(base), []
            for _ in range(take(2)):
                take(idx)
                offset = start + take(o)
                data.append((offset, take(l)))
            self.places[item] = (method, data)

    def read_iref(self, b):
        w = 2 if b[0] == 0 else 4
        for kind, e in boxes(b, 4):
            for i in range(be(e[w:w + 2])):
                at = w + 2 + i * w
                self.refs.append((kind, be(e[:w]), be(e[at:at + w])))

    def read_ipma(self, b):
        w, wide, at = (2 if b[0] < 1 else 4), b[3] & 1, 8
        for _ in range(be(b[4:8])):
            item, n = be(b[at:at + w]), b[at + w]
            at += w + 1
            for _ in range(n):
                bits = be(b[at:at + 1 + wide]) & (0x7fff if wide else 0x7f)
                at += 1 + wide
                self.links.setdefault(item, []).append(bits - 1)

    def prop(self, item):
        return [self.props[i] for i in self.links.get(item, []) if i >= 0]

    def data(self, item):
        method, extents = self.places[item]
        src = self.idat if method == 1 else self.b
        return b"".join(src[o:o + n] for o, n in extents)

    def tiles(self):
        """Coded images of the picture: item, column, row; columns."""
        if self.types[self.primary] != "grid":
            return [(self.primary, 0, 0)]
        columns = self.data(self.primary)[3] + 1
        ids = [to for kind, f, to in self.refs if kind == "dimg" and f == self.primary]
        return [(t, i % columns, i // columns) for i, t in enumerate(ids)]

    def planes(self, item):
        """What ffmpeg decodes of one: pixel format, width, height, bytes."""
        props, raw = dict(self.prop(item)), self.data(item)
        if self.types[item] == "hvc1":
            conf, out, at = props["hvcC"], b"", 23
            for _ in range(conf[22]):
                n, at = be(conf[at + 1:at + 3]), at + 3
                for _ in range(n):
                    size = be(conf[at:at + 2])
                    out += b"\0\0\0\1" + conf[at + 2:at + 2 + size]
                    at += 2 + size
            width, at = (conf[21] & 3) + 1, 0
            while at < len(raw):
                size = be(raw[at:at + width])
                out += b"\0\0\0\1" + raw[at + width:at + width + size]
                at += width + size
            form, codec = "hevc", "hevc"
        else:
            conf = props["av1C"][4:]
            out = raw if raw[:2] == b"\x12\0" else b"\x12\0" + (b"" if conf and conf in raw else conf) + raw
            form, codec = "obu", "libaom-av1"
        with tempfile.NamedTemporaryFile() as f:
            f.write(out)
            f.flush()
            key = conf if form == "hevc" else out
            if key not in shapes:
                shapes[key] = subprocess.run(["ffprobe", "-v", "quiet", "-f", form, "-show_entries", "stream=pix_fmt,width,height", "-of", "csv=p=0", f.name], capture_output=True, text=True).stdout.strip()
            shape = shapes[key]
            yuv = subprocess.run(["ffmpeg", "-v", "quiet", "-f", form, "-c:v", codec, "-i", f.name, "-frames:v", "1", "-f", "rawvideo", "-"], capture_output=True).stdout
        w, h, fmt = shape.split("\n")[0].split(",")[:3]
        return fmt, int(w), int(h), yuv


def kinds(fmt):
    """Bytes a sample; pixels to a chroma sample; planes."""
    size = 2 if "1" in fmt.split("p")[-1] or fmt in ("gray10le", "gray12le") else 1
    if fmt.startswith(("gray", "gbr")):
        return size, 1, 1, 1 if fmt.startswith("gray") else 3
    h = 2 if "420" in fmt or "422" in fmt else 1
    return size, h, 2 if "420" in fmt else 1, 3


def rects(f, numbers):
    """The marks as stored, by the picture's clap, irot and imir backwards."""
    x, y, w, h, across, down, sx, sy = numbers
    out = [(x + i * sx, y + k * sy, w, h) for i in range(across) for k in range(down)]
    props = dict(f.prop(f.primary))
    width, height = be(props["ispe"][4:8]), be(props["ispe"][8:12])
    left = top = 0
    if "clap" in props:
        c = [int.from_bytes(props["clap"][i:i + 4], "big", signed=True) for i in range(0, 32, 4)]
        cw, ch = c[0] // c[1], c[2] // c[3]
        left = int(c[4] / c[5] + (width - cw) / 2)
        top = int(c[6] / c[7] + (height - ch) / 2)
        width, height = cw, ch
    turns = props["irot"][0] & 3 if "irot" in props else 0
    if turns % 2:
        width, height = height, width
    if "imir" in props:
        axis = props["imir"][0] & 1
        out = [(width - x - w, y, w, h) if axis else (x, height - y - h, w, h) for x, y, w, h in out]
    for _ in range(turns):  # each of them clockwise, back
        out = [(height - y - h, x, h, w) for x, y, w, h in out]
        width, height = height, width
    return [(x + left, y + top, w, h) for x, y, w, h in out]


def outside(a, b, shape, marks):
    """The first sample that differs outside of the marks, and whether any
    differs within."""
    fmt, w, h, _ = shape
    size, ch, cv, planes = kinds(fmt)
    at, inside = 0, False
    for p in range(planes):
        fh, fv = (ch, cv) if p else (1, 1)
        pw, ph = -(-w // fh), -(-h // fv)
        for y in range(ph):
            ra, rb = a[at:at + pw * size], b[at:at + pw * size]
            at += pw * size
            if ra == rb:
                continue
            inside = True
            ra, rb = bytearray(ra), bytearray(rb)
            for mx, my, mw, mh in marks:
                if my // fv <= y < -(-(my + mh) // fv):
                    lo, hi = max(mx // fh, 0), min(-(-(mx + mw) // fh), pw)
                    if lo < hi:
                        ra[lo * size:hi * size] = rb[lo * size:hi * size] = bytes((hi - lo) * size)
            if ra != rb:
                return f"plane {p}, row {y} differs outside of the mark", True
    return (None, inside) if at == len(a) == len(b) else (f"{fmt}: {len(a)} and {len(b)} bytes, want {at}", True)


def judge(source, marked, numbers):
    a, b = File(source), File(marked)
    marks, changed = rects(b, numbers), False
    ta, tb = a.tiles(), b.tiles()
    if [t[1:] for t in ta] != [t[1:] for t in tb]:
        return "tiles differ"
    for (ia, column, row), (ib, _, _) in zip(ta, tb):
        pa, pb = a.planes(ia), b.planes(ib)
        if pa[:3] != pb[:3] or not pa[3]:
            return f"{pa[:3]} has become {pb[:3]}"
        own = [(x - column * pa[1], y - row * pa[2], w, h) for x, y, w, h in marks]
        reason, inside = outside(pa[3], pb[3], pa, own)
        if reason:
            return reason
        changed |= inside
    return None if changed else "no mark"


judged = wrong = 0
for line in open(sys.argv[1]):
    source, marked, *numbers = line.rstrip("\n").split("\t")
    judged += 1
    reason = judge(source, marked, list(map(int, numbers)))
    if reason:
        wrong += 1
        print(f"{source}: {marked}: {reason}")
print(f"{judged} judged, {wrong} wrong")
sys.exit(wrong > 0 or judged == 0)
