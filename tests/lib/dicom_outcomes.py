#!/usr/bin/env python3
"""dicom_outcomes.py STANDARD REST [PAIRS]: are objects refused for a reason that
can be seen from outside? REST has "path, outcome, reason" of all that are not
archived. Without PAIRS, nothing may be refused but what no reader reads to its
end, what lists other files, and what does not say what it is. With it, what may
show a name in its pixels must be refused, too, and is not among PAIRS. Prints
what is not understood; exit 1 if anything is."""
import collections, os, re, subprocess, sys

import dicom_set as ds
from dicom_objects import pixel_bits
from dicom_std import Standard

DIRECTORY = "1.2.840.10008.1.3.10"
STORAGE = "1.2.840.10008.5.1.4.1.1."
# Ultrasound, secondary capture, encapsulated documents, hard copies.
OFTEN = tuple(STORAGE + c for c in ("3", "3.1", "6", "6.1", "6.2", "7", "7.1", "7.2", "7.3", "7.4", "104.1", "104.2")) + \
    ("1.2.840.10008.5.1.1.29", "1.2.840.10008.5.1.1.30")
PIXELS = {0x7FE00008, 0x7FE00009, ds.PIXEL_DATA, 0x00420011}


def readable(path, std):
    try:
        f = ds.File(open(path, "rb").read(), std.vrs_of)
    except (ds.Damaged, UnicodeError):
        return None
    done = subprocess.run(["dcmdump", "-q", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return f if done.returncode == 0 and f.elements else None


def said(f, tag):
    e = ds.first(f.elements, tag)
    return ds.text(e) if e is not None and e.items is None else ""


def may_show(f):
    """Whether PS3.3 C.7.6.1.1.5 says that it does, or is silent and the kind often does."""
    if not any(e.tag in PIXELS for e in f.elements):
        return False
    told = said(f, 0x00280301)
    kind = said(f, 0x00080016) in OFTEN or said(f, 0x00080060) in ("US", "IVUS", "SC", "HC") or \
        said(f, 0x00080064) in ("DF", "WSD", "DV", "SD", "SI")
    return told == "YES" or (kind and told != "NO")


def contradiction(f, std):
    """What of its attributes and pixels is not so, by the attributes alone; None: nothing."""
    frames = said(f, 0x00280008)
    if frames and not re.fullmatch(r" *\+?0*[1-9]\d* *", frames):
        return "a number of frames that is none"
    pixels = ds.first(f.elements, ds.PIXEL_DATA)
    if pixels is None:
        return None
    if pixels.fragments is None:
        bits = pixel_bits(f.elements, f.encoding.order()) or 0
        return "less pixels than its attributes say" if 8 * len(pixels.value) < bits else None
    rows, columns = (int.from_bytes(ds.first(f.elements, tag).value, "little") for tag in (0x00280010, 0x00280011))
    for fragment in pixels.fragments[1:]:
        if fragment[4:8] == b"jP  ":
            return "JP2 boxes where PS3.5 A.4.4 wants a codestream"
        if fragment[:4] == b"\xff\x4f\xff\x51":
            size = [int.from_bytes(fragment[at:at + 4], "big") for at in (8, 12, 16, 20)]
            if (size[0] - size[2], size[1] - size[3]) != (columns, rows):
                return "JPEG 2000 of another size than its attributes say"
    return None


def main():
    std, wrong, reasons = Standard(sys.argv[1]), 0, collections.Counter()
    archived = [line.split("\t")[0] for line in open(sys.argv[3])] if len(sys.argv) > 3 else []
    for line in open(sys.argv[2]):
        path, outcome, reason = line.rstrip("\n").split("\t")
        base = os.path.basename(path)
        f = readable(path, std)
        meta = {e.tag: ds.text(e) for e in f.meta} if f else {}
        if outcome == "duplicate":
            why = "the same output as another"
        elif f is None:
            why = "no reader reads it"
        elif meta.get(0x00020002) == DIRECTORY or ds.first(f.elements, 0x00041220):
            why = "a DICOMDIR"
        elif not said(f, 0x00080016) or not said(f, 0x00080018):
            why = "of no SOP class, or no instance of it"
        elif archived and (may_show(f) or "burned" in reason.lower()):
            why = "may show who it is"
        else:
            why = contradiction(f, std)
            wrong += not why
        reasons[why] += 1
        if not why:
            print("%s: %s: %s - but why?" % (base, outcome, reason))
    for path in archived:
        f = readable(path, std)
        if f and may_show(f):
            print("%s: archived, but may show who it is" % os.path.basename(path))
            wrong += 1
    print("not archived: " + ", ".join("%d %s" % (n, why or "for no reason seen") for why, n in reasons.items()))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
