#!/usr/bin/env python3
"""dicom_values_judge.py TELL_VALUES WORK DATA: do the new values fit?

A dummy of each row of PS3.6 must pass pydicom's validation for its VR and have
as many values as PS3.6 wants; dates must be where Python's datetime puts them;
UIDs what Python's hmac makes of them, and each that pydicom knows must stay.
Prints what differs and a summary; exit 1 if anything does."""
import datetime, hashlib, hmac, json, os, random, re, subprocess, sys

import pydicom
from pydicom import config
from pydicom.uid import UID, UID_dictionary
from pydicom.valuerep import DA, DT, TM, VR, validate_value
from pydicom.values import convert_value
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

KEY = bytes(range(32))
config.settings.reading_validation_mode = config.RAISE
OPEN = {"US or SS": ["US", "SS"], "OB or OW": ["OB", "OW"],
        "US or OW": ["US", "OW"], "US or SS or OW": ["US", "SS", "OW"]}
# Values of their own in PS3.3.
ENUMERATED = {"(0400,0565)": ("COERCE", "CORRECT"),
              "(0010,0040)": ("M", "F", "O")}


def ask(tool, key, lines):
    run = subprocess.run([tool, key], input="".join(l + "\n" for l in lines),
                         stdout=subprocess.PIPE, check=True,
                         universal_newlines=True)
    got = run.stdout.split("\n")[:-1]
    assert len(got) == len(lines), (len(got), len(lines))
    return [bytes.fromhex(g) for g in got]


def rows(data):
    """Tag with digits for its x, VR, least number of values."""
    for a in json.load(open(os.path.join(data, "attributes.json"))):
        vrs = OPEN.get(a["valueRepresentation"], [a["valueRepresentation"]])
        least = re.match(r"\d+", a["valueMultiplicity"])
        for vr in vrs:
            if re.fullmatch("[A-Z]{2}", vr):
                yield (a["tag"].upper(), a["tag"].upper().replace("X", "2"), vr,
                       int(least[0]) if least else 1)


def dummy_fits(tag, number, vr, least, raw):
    if vr == "SQ":
        return raw == b""
    assert raw and len(raw) % 2 == 0, raw
    e = RawDataElement(Tag(number), vr, len(raw), raw, 0, False, True)
    value = convert_value(vr, e)
    values = list(value) if isinstance(
        value, (pydicom.multival.MultiValue, list)) else [value]
    if vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN"):
        return not raw.strip(b"\0")
    for v in values:
        if isinstance(v, (str, bytes)) or vr == "PN":
            validate_value(vr, str(v), config.RAISE)
    text = raw.decode("ascii").rstrip(" \0")
    return len(values) == least and (
        vr != "CS" or tag not in ENUMERATED or text in ENUMERATED[tag])


def dummies(tool, key, data, problems):
    all_rows = list(rows(data))
    got = ask(tool, key, ["dummy\t%s\t%s" % (re.sub("[(),]", "", n), vr)
                          for _, n, vr, _ in all_rows])
    for (tag, n, vr, least), raw in zip(all_rows, got):
        number = int(re.sub("[(),]", "", n), 16)
        try:
            ok = dummy_fits(tag, number, vr, least, raw)
        except Exception as e:
            ok = e
        if ok is not True:
            problems.append("%s %s: %r: %s" % (tag, vr, raw, ok))
    return len(all_rows)


def dates(tool, key, problems):
    rng = random.Random(7)
    lines, wants = [], []
    first = datetime.date(1, 1, 1).toordinal()
    last = datetime.date(9999, 12, 31).toordinal()

    def text(ordinal):
        d = datetime.date.fromordinal(ordinal)
        return "%04d%02d%02d" % (d.year, d.month, d.day)

    def add(vr, days, values, wants_):
        raw, want = "\\".join(values), "\\".join(wants_)
        lines.append("shift\t%s\t%d\t%s" % (vr, days, raw.encode().hex()))
        wants.append((raw, want + " " * (len(want) % 2)))

    for _ in range(20000):
        n, days = rng.randint(first, last), rng.randint(-36525, 36525)
        ends = rng.choice([["", "-"], ["-", ""], ["-"]] + [[""]] * 5)
        vr, behind = "DA", ""
        dummy = "19000101"
        if rng.random() < .6:
            vr, dummy = "DT", "19000101000000"
            t = "%02d%02d%02d" % (rng.randrange(24), rng.randrange(60),
                                  rng.randrange(60))
            behind = t[:rng.choice([0, 2, 4, 6])]
            if len(behind) == 6 and rng.random() < .5:
                behind += "." + str(rng.randrange(10 ** rng.randint(1, 6)))
            behind += rng.choice(["", "", "+0000", "-0500", "+1345"])
        there = first <= n + days <= last
        new = text(n + days) if there else None
        if ends == ["-"]:
            value = text(n) + behind + "-" + text(n) + behind
            want = new and new + behind + "-" + new + behind
        elif len(ends) == 2:
            value = ends[0] + text(n) + behind + ends[1]
            want = new and ends[0] + new + behind + ends[1]
        else:
            value, want = text(n) + behind, new and new + behind
        add(vr, days, [value, "", value], [want or dummy, "", want or dummy])
    for (raw, want), line, got in zip(wants, lines, ask(tool, key, lines)):
        if got.decode() != want:
            problems.append("%s: %s: %s; want %s" % (line, raw, got, want))
        for part in got.decode().strip().split("\\"):
            if "-" not in part:
                (DA if line.split("\t")[1] == "DA" else DT)(part)
    return len(lines)


def uids(tool, key, problems):
    known = sorted(UID_dictionary)
    own = ["1.2.276.0.7230010.3.1.4.%d" % i for i in range(1000)] + [
        "1.3.12.2.1107.5.9.1", "1.2.840.100080.1", "1.2.840.10008",
        "1.2.840.10008.5.1.4.1.1.2.20180101.1", "Doe^Jane"]
    lines = ["reuid\t" + u.encode().hex() for u in known + own]
    for uid, got in zip(known + own, ask(tool, key, lines)):
        want = uid
        if uid not in UID_dictionary:
            mac = hmac.new(KEY, b"imgpipe 1 uid\0" + uid.encode(), hashlib.sha256)
            want = "2.25.%d" % (int.from_bytes(mac.digest()[:16], "big") >> 6)
        if got != want.encode() + b"\0" * (len(want) % 2) or not UID(
                want).is_valid:
            problems.append("%s: %s; want %s" % (uid, got, want))
    return len(lines)


def main():
    tool, work, data = sys.argv[1:]
    key = os.path.join(work, "judge.key")
    with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(KEY.hex() + "\n")
    problems = []
    counts = (dummies(tool, key, data, problems), dates(tool, key, problems),
              uids(tool, key, problems))
    for p in problems[:60]:
        print(p)
    print("%d dummies, %d dates, %d UIDs, %d wrong" % (counts +
                                                       (len(problems),)))
    sys.exit(1 if problems or 0 in counts else 0)


main()
