"""Is a mark in every frame, legible, and nothing else changed?

    dicom_mark_judge.py TOLD DIR

TOLD is what tell_dicom_mark said, DIR where it wrote. Overlays: all other
elements are as they were, tags ascend, every frame has the same bits and all of
them in the area, and DCMTK shows them on the first and the last frame of grey. Pixels:
outside of the area (of JPEG, of the coded units that it touches) all are the
same once DCMTK has decoded what is coded; inside there is black and white, as
the window or the range of values has it. A line for each finding, and one with
the counts."""
import os
import subprocess
import sys
import warnings

import pydicom
from dicom_redact_judge import Picture, judge, number, within

warnings.simplefilter("ignore")

LEAST = 0.6  # of the way from black to white that ink spans at 70 % opacity


def is_overlay(tag):
    return tag >> 24 == 0x60


def raw(ds, tag):
    item = ds.get_item(tag)
    return None if item is None else item.value


def same_value(a, b, tag):
    """What is hidden in fragments has become zeros."""
    x, y = raw(a, tag), raw(b, tag)
    if x == y:
        return True
    return tag == 0x7FE00010 and len(x) == len(y) and all(
        p == q or q == 0 for p, q in zip(x, y))


def bits(ds, frames, rows, columns):
    """Of each frame, where a bit is set."""
    data = bytearray(ds[0x6000, 0x3000].value)
    if not ds.is_little_endian:
        data[0::2], data[1::2] = data[1::2], data[0::2]
    n = rows * columns
    out = []
    for f in range(frames):
        out.append({i % columns + i // columns * 65536 for i in range(n)
                    if data[(f * n + i) // 8] >> (f * n + i) % 8 & 1})
    rest = [i for i in range(frames * n, 8 * len(data))
            if data[i // 8] >> i % 8 & 1]
    return None if rest or len(data) != (frames * n + 15) // 16 * 2 else out


def shows(path, frame, plane, columns, folder):
    """Does DCMTK draw it, where it is not white on white? None: it does not
    draw this object at all. It draws overlays on grey alone."""
    pictures = []
    for option in ["+O", "0"], ["-O"]:
        out = os.path.join(folder, "picture")
        run = subprocess.run(["dcmj2pnm", "-q", "+F", str(frame)] + option +
                             [path, out], capture_output=True, check=False)
        if run.returncode or not os.path.exists(out):
            return None
        with open(out, "rb") as f:
            pictures.append(f.read())
        os.remove(out)
    kind, _, most, pixels = pictures[1].split(b"\n", 3)
    if kind != b"P5" or most != b"255":
        return None
    white = all(pixels[p % 65536 + p // 65536 * columns] == 255 for p in plane)
    return white or pictures[0] != pictures[1]


def judge_overlay(path, made, area, folder):
    a, b = pydicom.dcmread(path, force=True), pydicom.dcmread(made, force=True)
    tags = [int(t) for t in a.keys()]
    for t in tags:
        if not is_overlay(t) and t != 0x00880200 and not same_value(a, b, t):
            return f"{pydicom.tag.Tag(t)} has changed"
    new = [int(t) for t in b.keys()]
    if [t for t in new if is_overlay(t) and t >> 16 != 0x6000]:
        return "overlays of another group"
    if tags == sorted(tags) and new != sorted(new):
        return "tags do not ascend"
    rows, columns = number(b, "Rows"), number(b, "Columns")
    frames = number(b, "NumberOfFrames") or 1
    want = {0x10: rows, 0x11: columns, 0x40: "G", 0x50: [1, 1], 0x100: 1,
            0x102: 0}
    if frames > 1:
        want.update({0x15: frames, 0x51: 1})
    have = {t & 0xFFFF: b[t].value for t in new if is_overlay(t)}
    if {k: v for k, v in have.items() if k != 0x3000} != want:
        return f"{have}, want {want}"
    planes = bits(b, frames, rows, columns)
    if planes is None:
        return "another length, or bits behind the end"
    x0, y0, w, h = area
    if not planes[0] or any(p != planes[0] for p in planes):
        return "frames without a mark, or with another"
    if any(not (x0 <= p % 65536 < x0 + w and y0 <= p // 65536 < y0 + h)
           for p in planes[0]):
        return "bits outside of the area"
    for frame in {1, frames}:
        if shows(made, frame, planes[0], columns, folder) is False:
            return f"DCMTK does not show it on frame {frame}"
    return None


def signed(v, pic):
    n = number(pic.ds, "BitsStored")
    v = v >> (number(pic.ds, "HighBit") + 1 - n) & ((1 << n) - 1)
    if number(pic.ds, "PixelRepresentation") and v >> (n - 1):
        v -= 1 << n
    return v


def levels(pic, frame):
    """What is black and white on the first sample of this frame."""
    ds, n = pic.ds, number(pic.ds, "BitsStored")
    if "WindowCenter" in ds and pic.samples == 1 and "ModalityLUTSequence" \
            not in ds and pic.colour != "PALETTE COLOR":
        def first(keyword, default):
            v = ds.get(keyword)
            v = default if v is None else v
            return float(v[0] if isinstance(v, pydicom.multival.MultiValue)
                         else v)
        c, w = first("WindowCenter", 0), first("WindowWidth", 0)
        slope, base = first("RescaleSlope", 1), first("RescaleIntercept", 0)
        ends = [(c - 0.5 + s * (w - 1) / 2 - base) / slope for s in (-1, 1)]
        low = -(1 << n - 1) if number(ds, "PixelRepresentation") else 0
        ends = max(min(ends), low), min(max(ends), low + (1 << n) - 1)
        if w >= 1 and ends[0] < ends[1]:
            return ends
    if n <= 8 or pic.samples == 3:
        return 0, (1 << n) - 1
    values = [signed(pic.pixel(frame, y, x)[0], pic) for y in range(pic.rows)
              for x in range(pic.columns)]
    return (min(values), max(values)) if min(values) < max(values) else \
        (0, (1 << n) - 1)


def legible(before, after, frame, area):
    if before.colour == "PALETTE COLOR":
        return True  # its entries may be of one colour
    low, high = levels(before, frame)
    x0, y0, w, h = area
    seen = [min(max((signed(after.pixel(frame, y, x)[0], after) - low) /
                    (high - low), 0), 1)
            for y in range(y0, y0 + h) for x in range(x0, x0 + w)]
    return max(seen) - min(seen) >= LEAST


def judge_pixels(path, made, area, folder):
    before, after = Picture(path, folder), Picture(made, folder)
    x0, y0, w, h = area
    unit = 16 if before.jpeg else 1
    for f in range(before.frames):
        changed = 0
        for y in range(before.rows):
            for x in range(before.columns):
                old, new = before.pixel(f, y, x), after.pixel(f, y, x)
                if old == new:
                    continue
                if not within(x, y, area, unit, 2 if before.jpeg else 0):
                    return f"frame {f}, {x}, {y}: {new}, was {old}"
                changed += 1
        if not changed:
            return f"frame {f}: no mark"
        if not legible(before, after, f, area):
            return f"frame {f}: not legible"
    return None


def look(path, made, what, folder):
    area = [int(v) for v in what[1].split()]
    judge_how = judge_overlay if what[0] == "overlay" else judge_pixels
    why = judge_how(path, made, area, folder)
    if why is None and what[2].split()[3:] != ["0"]:
        why = f"compared: {what[2]}"
    return why


if __name__ == "__main__":
    sys.exit(judge(sys.argv[1], sys.argv[2], "marked", look))
