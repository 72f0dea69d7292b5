#!/usr/bin/env python3
"""placed.py GRAVITY MARGIN < LIST: is each mark where its gravity says?

Lines of LIST: as for judge_marked. Orientation and size are told by exiftool, and the rectangle is
turned here, so that no code of imgpipe's has a say. GRAVITY tile: the marks'
middle is the picture's."""
import json, subprocess, sys

gravity, margin = sys.argv[1], float(sys.argv[2])
rows = [line.rstrip("\n").split("\t") for line in sys.stdin]
told = json.loads(subprocess.run(["exiftool", "-j", "-n", "-Orientation", "-ImageSize", "-@", "-"], capture_output=True,
                                 text=True, input="\n".join(r[1] for r in rows)).stdout)
by_file = {t["SourceFile"]: t for t in told}


def upright(x, y, w, h, width, height, o):
    """The rectangle and the picture, as seen."""
    if o in (2, 3):
        x = width - x - w
    if o in (3, 4):
        y = height - y - h
    if o in (5, 6, 7, 8):  # stored rows are seen as columns
        x0, y0 = x, y
        if o in (7, 8):
            x0 = width - x - w
        if o in (6, 7):
            y0 = height - y - h
        x, y, w, h, width, height = y0, x0, h, w, height, width
    return x, y, w, h, width, height


wrong = 0
for source, marked, *numbers in rows:
    t = by_file[marked]
    stored = [int(n) for n in str(t["ImageSize"]).replace("x", " ").split()]
    o = int(t.get("Orientation", 1) or 1)
    x, y, w, h, across, down, step_x, step_y = map(int, numbers)
    w, h = w + (across - 1) * step_x, h + (down - 1) * step_y
    x, y, w, h, width, height = upright(x, y, w, h, *stored, o)
    m = round(min(width, height) * margin)
    west, north = x, y
    east, south = width - x - w, height - y - h
    across = "west" if gravity.endswith("west") else "east" if gravity.endswith("east") else ""
    down = "north" if gravity.startswith("north") else "south" if gravity.startswith("south") else ""
    ok = min(west, north, east, south) >= 0
    ok &= abs({"west": west, "east": east}[across] - m) <= 1 if across else abs(west - east) <= 1
    ok &= abs({"north": north, "south": south}[down] - m) <= 1 if down else abs(north - south) <= 1
    if not ok:
        wrong += 1
        print(f"{source}: orientation {o}, picture {width} x {height}, mark {w} x {h} at {x}, {y}: not {gravity}")
print(f"{len(rows)} placed, {wrong} wrong")
sys.exit(wrong > 0 or not rows)
