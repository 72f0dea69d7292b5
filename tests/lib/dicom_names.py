#!/usr/bin/env python3
"""dicom_names.py STANDARD PAIRS ARCHIVE [PAIRS ARCHIVE]: are objects called by
their own UIDs, does each UID become one other everywhere, and no two the same?
With a second archive, of another key: none of them is the same there, and those
that a standard has assigned are the same in both. Prints what is wrong.

dicom_names.py --once STANDARD DIRECTORY: remove objects of which another one has
the SOP Instance UID."""
import os, sys

import dicom_set as ds
from dicom_std import STANDARD_ROOT, Standard

STUDY, SERIES, INSTANCE = 0x0020000D, 0x0020000E, 0x00080018
# Those that refer to other objects, and what objects have in common.
REFERENCES = {0x00081155: "ReferencedSOPInstanceUID", 0x00200052: "FrameOfReferenceUID",
              STUDY: "StudyInstanceUID", SERIES: "SeriesInstanceUID"}


def uids(std, elements):
    """(where, tag, UID), of those that the key makes anew."""
    for path, e, _ in ds.walk(elements):
        if e.vr == "UI" and e.items is None and std.fate(e.tag, "UI", (), None)[0] == "reuid":
            for i, u in enumerate(e.value.decode("latin-1").rstrip("\0 ").split("\\")):
                yield (path, i), e.tag, u.strip(" \0")


def mapping(std, pairs, archive, wrong):
    """{UID of a source: UID of its output}, and how often one was referred to in two objects."""
    became, where = {}, {}
    for line in open(pairs):
        path, name = line.rstrip("\n").split("\t")
        base = os.path.basename(path)
        source, output = (ds.File(open(p, "rb").read(), std.vrs_of) for p in (path, archive + "/data/" + name))
        theirs = {at: u for at, _, u in uids(std, output.elements)}
        own = {tag: u for (at, i), tag, u in uids(std, output.elements) if "." not in at}
        want = "%s/%s/%s.dcm" % tuple(own.get(t) or "?" for t in (STUDY, SERIES, INSTANCE))
        if "?" not in want and name != want:
            wrong.append("%s: its name is not made of its UIDs" % base)
        for at, tag, u in uids(std, source.elements):
            if not u or at not in theirs:
                continue
            if became.setdefault(u, theirs[at]) != theirs[at]:
                wrong.append("%s: %s[%d] is another UID than elsewhere" % (base, *at))
            if tag in REFERENCES or tag == INSTANCE:
                where.setdefault(u, set()).add(path)
    shared = sum(len(paths) > 1 for u, paths in where.items() if not u.startswith(STANDARD_ROOT))
    made = [v for u, v in became.items() if v != u]
    if len(set(made)) != len(made):
        wrong.append("two UIDs have become one")
    return became, shared


def leave_once(std, directory):
    seen = set()
    for d, _, files in sorted(os.walk(directory)):
        for path in sorted(os.path.join(d, f) for f in files):
            try:
                e = ds.first(ds.File(open(path, "rb").read(), std.vrs_of).elements, INSTANCE)
            except ds.Damaged:
                continue
            if e is not None and ds.text(e) in seen:
                os.remove(path)
            seen.add(ds.text(e) if e is not None else None)


def main():
    if sys.argv[1] == "--once":
        leave_once(Standard(sys.argv[2]), sys.argv[3])
        return
    std, wrong = Standard(sys.argv[1]), []
    became, shared = mapping(std, *sys.argv[2:4], wrong)
    own = {u for u in became if not u.startswith(STANDARD_ROOT)}
    wrong += ["a standard's UID is another now" for u in set(became) - own if became[u] != u]
    wrong += ["a UID has stayed" for u in own if became[u] == u]
    if len(sys.argv) > 4:
        other, _ = mapping(std, *sys.argv[4:6], wrong)
        wrong += ["a UID is the same by another key" for u in own if other.get(u) in (became[u], None)]
        wrong += ["a standard's UID is not the same by another key" for u in set(became) - own if other.get(u) != u]
    for w in wrong[:40]:
        print(w)
    print("%d UIDs of objects, %d of them in several, and %d of a standard's; %d wrong" % (
        len(own), shared, len(became) - len(own), len(wrong)))
    sys.exit(1 if wrong or not own or not shared else 0)


main()
