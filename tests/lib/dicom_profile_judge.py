#!/usr/bin/env python3
"""dicom_profile_judge.py STANDARD PAIRS ARCHIVE KEY SUBJECT [OPTION...]: are
the objects of dicom_rows.py treated as Table E.1-1 says, every row in every
place? KEY: "-" for none; SUBJECT: "yes" if dicom:PatientID made one. Prints what
is not, and the number of what was judged; exit 1 if anything is wrong."""
import os, sys

import dicom_set as ds
from dicom_rows import FAMILY, NUMBER, PLACES, SAFE, tags_of
from dicom_std import Key, SAFE_PRIVATE, Standard
from dicom_treated import Judge, job_for


def places_of(path):
    """The name of the place that a path leads to, and how the rest of it begins."""
    for name, (tags, _, _) in PLACES.items():
        inside = "[0].".join("(%04X,%04X)" % (t >> 16, t & 0xFFFF) for t in tags) + "[0]."
        if path.startswith(inside):
            return name, path[len(inside):]
    return "main", path


def main():
    standard_path, pairs, archive, key, subject, *options = sys.argv[1:]
    std = Standard(standard_path)
    key = Key(key) if key != "-" else None
    safe = SAFE if SAFE_PRIVATE in options else ()
    wrong, seen, elements, cleaned = 0, set(), 0, {"stay": 0, "go": 0}
    found = set()
    for line in open(pairs):
        path, name = line.rstrip("\n").split("\t")
        base = os.path.basename(path)
        source = ds.File(open(path, "rb").read(), std.vrs_of)
        raw = open(archive + "/data/" + name, "rb").read()
        output = ds.File(raw, std.vrs_of)
        judge = Judge(std, job_for(options, safe, key, subject == "yes", source.elements))
        judge.object(source, output, base.startswith("odd"))
        for planted in (FAMILY, NUMBER):
            if planted.encode() in raw or planted.upper().encode() in raw:
                judge.fail("anywhere", "%s is there" % planted, "names the patient")
        for k in cleaned:
            cleaned[k] += judge.cleaned[k]
        elements += len(judge.judged)
        for path, tag, _ in judge.judged:
            place, rest = places_of(path)
            if "." not in rest:
                row = std.row_of(tag)
                if row:
                    seen.add((row["tag"], place))
        for w in judge.wrong[:12]:
            print("%s: %s" % (base, w))
        if len(judge.wrong) > 12:
            print("%s: and %d more" % (base, len(judge.wrong) - 12))
        wrong += len(judge.wrong)
        found.add(base)
        # The meta group's own row.
        seen.add(("(0002,0003)", "main"))
    missing = [b for b in ("explicit", "implicit", "big", "deflated") for b in (b + ".dcm", b + "-planted.dcm")
               if b not in found] + ["jpeg.dcm"] * ("jpeg.dcm" not in found)
    for base in missing:
        print("%s: is not archived" % base)
    rows = {r for r, _ in seen}
    # Two rows need a key, whatever is retained: to refuse is right, too.
    missing = missing if key else []
    print("%s: %d rows, %d of (row, place), %d elements of %d objects; %d texts stay and %d go as unclean; %d wrong" % (
        "+".join(options) or "basic", len(rows), len(seen), elements, len(found), cleaned["stay"], cleaned["go"],
        wrong + len(missing)))
    absent = [r for r in std.rows if found and key and r not in rows and tags_of(r) and not r.startswith("(0000")]
    if absent:
        print("rows that were nowhere: %s" % absent)
    sys.exit(1 if wrong or missing or absent else 0)


main()
