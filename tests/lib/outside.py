#!/usr/bin/env python3
"""outside.py LIST: have images changed outside of their marks?

Lines of LIST: as for judge_marked. Each page is decoded by ImageMagick, which
shares no code with imgpipe, nor with the library that drew: what lies outside
of the first rectangle's grid must be the same, and something inside must not.
The last line counts; exit 1 if anything is wrong."""
import subprocess, sys

BYTES = 8  # four samples of 16 bits


def im(*args):
    return subprocess.run(args, capture_output=True)


def kind(path):
    """An animation is seen composed: each frame upon those before it."""
    return "animation" if path.endswith((".gif", ".webp")) else "pages"


def pixels(path, kind):
    """None if ImageMagick has no decoder for it (tiles that are JPEG and CMYK). What is not seen has no colour."""
    seen = ["-coalesce", "-background", "black", "-alpha", "background"] if kind == "animation" else []
    r = im("convert", "-quiet", path, *seen, "-depth", "16", "rgba:-")
    return None if r.returncode else r.stdout


def pages(path, kind):
    """Width and height of each."""
    if kind == "animation":
        r = im("convert", "-quiet", path, "-coalesce", "-format", "%w %h\n", "info:")
        if r.returncode:  # beyond a limit of ImageMagick's
            return []
    else:
        r = im("identify", "-quiet", "-format", "%w %h\n", path)
    return [tuple(map(int, line.split())) for line in r.stdout.decode().splitlines()]


def pictures(path, kind, sizes):
    """The pixels of each page."""
    if kind == "pages":
        for page in range(len(sizes)):
            yield pixels(f"{path}[{page}]", kind)
        return
    rest = pixels(path, kind)
    for width, height in sizes:
        yield rest and rest[:width * height * BYTES]
        rest = rest and rest[width * height * BYTES:]


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
    of = kind(marked)
    sizes = pages(source, of)
    if sizes != pages(marked, of):
        return "pages or sizes differ"
    shown = zip(sizes, pictures(source, of, sizes), pictures(marked, of, sizes))
    for page, ((width, height), a, b) in enumerate(shown):
        if a is None:
            undecoded.append(source)
            continue
        if b is None:
            return f"page {page} does not decode"
        if len(a) != width * height * BYTES or len(b) != len(a):
            return f"page {page} does not decode"
        # A later frame of an animation need not reach as far as the mark.
        if a == b and (page == 0 or of == "pages"):
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
    if not pages(source, kind(marked)):
        continue
    judged += 1
    reason = judge(source, marked, list(map(int, numbers)))
    if reason:
        wrong += 1
        print(f"{source}: {marked}: {reason}")
print(f"{judged} judged, {wrong} wrong, {len(undecoded)} pages not decoded")
sys.exit(wrong > 0 or judged == 0)
