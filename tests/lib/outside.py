#!/usr/bin/env python3
"""outside.py LIST: have images changed outside of their marks?

Lines of LIST: as for judge_marked. Each page is decoded by ImageMagick, which
shares no code with imgpipe, nor with the library that drew: what lies outside
of the first rectangle's grid must be the same, and something inside must not.
The last line counts; exit 1 if anything is wrong."""
import subprocess, sys

BYTES = 8  # four samples of 16 bits


def pages(path):
    r = subprocess.run(["identify", "-quiet", "-format", "%w %h\n", path], capture_output=True, text=True)
    return [tuple(map(int, line.split())) for line in r.stdout.splitlines()]


def pixels(*args):
    """None if ImageMagick has no decoder for it (tiles that are JPEG and CMYK)."""
    r = subprocess.run(["convert", "-quiet", *args, "-depth", "16", "rgba:-"], capture_output=True)
    return None if r.returncode else r.stdout


def pictures(path, animated):
    """Width, height and pixels of each page. Of an animation, what is seen: each frame upon those before it."""
    sizes = pages(path)
    if not animated:
        return [(*size, pixels(f"{path}[{i}]")) for i, size in enumerate(sizes)]
    width, height = sizes[0]
    every, n = pixels(path, "-coalesce"), width * height * BYTES
    return [(width, height, every and every[i * n:(i + 1) * n]) for i in range(len(sizes))]


def columns(x, w, across, step):
    """Bytes of a row that are marked."""
    return [((x + i * step) * BYTES, (x + i * step + w) * BYTES) for i in range(across)]


def blank(row, marked):
    row = bytearray(row)
    for a, b in marked:
        row[a:b] = bytes(b - a)
    return row


def judge(source, marked, numbers):
    x, y, w, h, across, down, step_x, step_y = numbers
    if pages(source) != pages(marked):
        return "pages or sizes differ"
    before, after = (pictures(path, marked.endswith(".webp")) for path in (source, marked))
    for page, ((width, height, a), (_, _, b)) in enumerate(zip(before, after)):
        if a is None:
            undecoded.append(source)
            continue
        if b is None:
            return f"page {page} does not decode"
        if len(a) != width * height * BYTES or len(b) != len(a):
            return f"page {page} does not decode"
        if a == b:
            return f"page {page} has no mark"
        for row in range(height):
            ra, rb = (p[row * width * BYTES:(row + 1) * width * BYTES] for p in (a, b))
            if ra == rb:
                continue
            inked = any(y + k * step_y <= row < y + k * step_y + h for k in range(down))
            cols = columns(x, w, across, step_x) if inked else []
            if blank(ra, cols) != blank(rb, cols):
                return f"page {page}, row {row} differs outside of the mark"
    return None


judged = wrong = 0
undecoded = []
for line in open(sys.argv[1]):
    source, marked, *numbers = line.rstrip("\n").split("\t")
    if not pages(source):
        continue
    judged += 1
    reason = judge(source, marked, list(map(int, numbers)))
    if reason:
        wrong += 1
        print(f"{source}: {marked}: {reason}")
print(f"{judged} judged, {wrong} wrong, {len(undecoded)} pages not decoded")
sys.exit(wrong > 0 or judged == 0)
