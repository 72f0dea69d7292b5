"""Is what a run has archived black where the rules say, and nowhere else other
than its source?

    dicom_cart_judge.py PAIRS ARCHIVE RECTANGLES MARK

PAIRS has a line for each object: its source, its name, and the mark's area
(x, y, width, height; empty without one), between tabs. RECTANGLES are
"x,y,width,height;...", MARK is "none", "overlay" or "pixels". Coded pixels are
decoded by DCMTK or GDCM. A line for each finding, and one with the counts."""
import os
import sys
import tempfile

import pydicom
from dicom_redact_judge import Picture, black, within


def is_in(x, y, rect, beyond=0):
    return (rect[0] - beyond <= x < rect[0] + rect[2] + beyond and
            rect[1] - beyond <= y < rect[1] + rect[3] + beyond)


def look(before, after, rects, area):
    """What is wrong with the pixels; or None. And how many the mark has
    changed of those that are to be black."""
    unit = 16 if before.jpeg else 1
    most = 3 if before.jpeg else 0
    want, drawn = black(before), 0
    for f in range(before.frames):
        for y in range(before.rows):
            for x in range(before.columns):
                old, new = before.pixel(f, y, x), after.pixel(f, y, x)
                inside = any(is_in(x, y, r) for r in rects)
                dark = all(abs(a - b) <= most for a, b in zip(new, want))
                if area and within(x, y, area, unit, 2 if before.jpeg else 0):
                    drawn += inside and not dark
                elif inside and not dark:
                    return f"frame {f}, {x}, {y}: {new}, want {want}", drawn
                elif not inside and old != new and not near(
                        before, x, y, rects, unit):
                    return f"frame {f}, {x}, {y}: {new}, was {old}", drawn
    return None, drawn


def near(pic, x, y, rects, unit):
    """In a coded unit or a pair of pixels that a rectangle has part in; beside
    one, decoders mix colours."""
    if pic.halved:
        return any(within(x, y, (r[0], r[1], r[2], r[3]), 2) and
                   r[1] <= y < r[1] + r[3] for r in rects)
    return pic.jpeg and any(within(x, y, r, unit, 2) for r in rects)


def says(ds):
    codes = [i.CodeValue for i in ds.DeidentificationMethodCodeSequence]
    if "113101" not in codes:
        return f"no code 113101 among {codes}"
    if ds.get("BurnedInAnnotation") != "NO":
        return f"BurnedInAnnotation {ds.get('BurnedInAnnotation')}"
    return None


def main():
    rects = [[int(v) for v in r.split(",")] for r in sys.argv[3].split(";")]
    mark, good, bad = sys.argv[4], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for line in open(sys.argv[1], encoding="utf-8"):
            source, name, *area = line.rstrip("\n").split("\t")
            path = os.path.join(sys.argv[2], "data", name)
            before, after = Picture(source, folder), Picture(path, folder)
            area = [int(v) for v in area if v]
            why, drawn = look(before, after, rects,
                              area if mark == "pixels" else None)
            why = why or says(pydicom.dcmread(path))
            if mark == "pixels" and not drawn and not why:
                why = "no mark is seen on what is black"
            if mark == "overlay" and (0x6000, 0x3000) not in after.ds:
                why = why or "no overlay"
            good += why is None
            bad += why is not None
            if why:
                print(f"{os.path.basename(source)}: WRONG: {why}")
    print(f"{good} objects, {bad} wrong")
    return bad > 0 or good == 0


if __name__ == "__main__":
    sys.exit(main())
