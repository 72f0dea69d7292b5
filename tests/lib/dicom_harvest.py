#!/usr/bin/env python3
"""dicom_harvest.py STANDARD PAIRS ARCHIVE KEY: is anything that the basic
profile takes away from an object still in the bytes of its output?

Each value of two characters or more of each element with the code X, Z, D or U,
and all in a sequence that goes, and each component of a person's name, is
searched for: as it stands, in its character set, in UTF-8 and in UTF-16. A hit
is explained by where it is, never by a list of files: see Output.why. Prints
what is explained, by reason, and all that is not; exit 1 if anything is not."""
import bisect, collections, os, re, sys

from pydicom import charset

import dicom_set as ds
from dicom_std import STANDARD_ROOT, TEXT, Key, Standard, told

LEAST, MOST_HITS = 2, 50
# So many characters are in binary data, in headers and in digits by chance.
BY_CHANCE = 4
FREE_TEXT = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
OWN_CHARSET = FREE_TEXT - {"UR"}
GOES = ("remove", "empty", "dummy", "reuid")
# Besides names of persons, what tells who the patient is.
WHO = re.compile(r"^(?:Other)?Patient|IDs?$|^Accession|Address|Telephone|Alias")


class Value:
    def __init__(self, path, tag, vr, text, forms, names):
        self.path, self.tag, self.vr, self.text, self.forms, self.names = path, tag, vr, text, forms, names


def encodings_of(elements, above):
    e = ds.first(elements, 0x00080005)
    if e is None:
        return above
    return charset.convert_encodings([v.strip() for v in e.value.decode("latin-1").rstrip("\0 ").split("\\")])


def decode(value, vr, encodings):
    if vr not in OWN_CHARSET:
        return value.decode("latin-1")
    # Where code extensions begin anew (PS3.5 6.1.2.5.3).
    delimiters = set(b"\\\n\r\t\f") | (set(b"^=") if vr == "PN" else set())
    return charset.decode_bytes(value, encodings, delimiters)


def parts(text, vr):
    """Of a text, its values, and of a name, its components."""
    for value in [text] if vr in ("LT", "ST", "UT", "UR") else text.split("\\"):
        yield value
        if vr == "PN":
            yield from re.split(r"[=^]", value)


def forms_of(part, encodings):
    out = set()
    for encoding in {"utf-8", "utf-16-le", "utf-16-be", *encodings}:
        try:
            out.add(part.encode(encoding))
        except (UnicodeError, LookupError):
            pass
    return {f for f in out if len(f) >= LEAST}


def harvest(std, elements, path="", above=("latin-1",), gone=False):
    """Value by value of what goes."""
    encodings = list(encodings_of(elements, above))
    for e in elements:
        here = path + told(e.tag)
        fate, _ = std.fate(e.tag, e.vr, (), None)
        goes = gone or fate in GOES
        if e.items is not None:
            for i, item in enumerate(e.items):
                yield from harvest(std, item, "%s[%d]." % (here, i), encodings, gone or fate in ("remove", "empty"))
            continue
        if not goes or e.tag & 0xFFFF == 0 or e.fragments is not None:
            continue
        if e.vr not in TEXT | {"UI"}:
            # Text that has no VR of its own.
            if e.vr not in ("UN", "OB") or not re.fullmatch(rb"[ -~\s]+\0?", e.value):
                continue
        a = std.attribute(e.tag)
        names = e.vr == "PN" or bool(a and e.vr in FREE_TEXT and WHO.search(a["keyword"]))
        try:
            text = decode(e.value.rstrip(b"\0"), e.vr, encodings)
        except (UnicodeError, LookupError):
            text = e.value.decode("latin-1")
        for part in {p.strip(" \0\t\r\n") for p in parts(text, e.vr)}:
            if len(part) >= LEAST and not part.startswith(STANDARD_ROOT):
                yield Value(here, e.tag, e.vr, part, forms_of(part, encodings), names)


class Output:
    """The bytes of an output and what lies where."""

    def __init__(self, std, source, output, raw, key):
        self.std, self.key, self.raw = std, key, raw
        self.before = {p: e for p, e, _ in ds.walk(source.elements)}
        self.places = []  # (begin, end, path, element)
        for p, e, _ in ds.walk(output.meta):
            self.places.append((e.at, e.at + len(e.value), "meta", e))
        for p, e, _ in ds.walk(output.elements):
            if e.fragments is not None:
                at = e.at + 8
                for f in e.fragments:
                    self.places.append((at, at + len(f), p, e))
                    at += len(f) + 8
            elif e.items is None:
                self.places.append((e.at, e.at + len(e.value), p, e))
        self.places.sort(key=lambda place: place[0])
        self.starts = [place[0] for place in self.places]

    def hits(self, form):
        at, n = self.raw.find(form), 0
        while at >= 0 and n < MOST_HITS:
            yield at
            at, n = self.raw.find(form, at + 1), n + 1

    def why(self, value, at, size, dummies, kept):
        """What explains a hit, None if nothing does; `kept` counts elements that do."""
        i = bisect.bisect_right(self.starts, at) - 1
        begin, end, path, e = self.places[i] if i >= 0 else (0, 0, "", None)
        chance = len(value.text) <= BY_CHANCE
        if e is None or at + size > end:
            return "in a header, by chance" if chance else None
        if path == "meta":
            return "in the meta group, which is ours"
        mine = self.before.get(path)
        if path.startswith(("(0012,0062)", "(0012,0063)", "(0012,0064)", "(0028,0303)")):
            return "in what we say"
        if mine is None:
            return None
        fate, _ = self.std.fate(e.tag, e.vr, (), None)
        same = mine.value == e.value and mine.fragments == e.fragments
        if fate == "reuid" and ds.text(e) == "\\".join(self.key.uid(u) for u in ds.text(mine).split("\\")):
            return "in a UID of the key's"
        if fate == "dummy" and len(dummies[e.tag]) == 1:
            return "in a dummy that is the same in all"
        if fate != "keep":
            return None
        if e.vr not in TEXT | {"UI"}:
            return "in numbers or pixels, by chance" if chance else None
        if not same:
            return None
        # A text that names somebody must not stay for being in another element; but
        # that one may say a number, too, and be kept for it.
        whole = value.vr != "PN" and size >= end - begin - 1
        if value.names and e.vr in FREE_TEXT and len(value.text) >= BY_CHANCE and not whole:
            return None
        kept[told(e.tag)] += 1
        return "in elements that the table keeps"


def main():
    standard_path, pairs, archive, key = sys.argv[1:]
    std, key = Standard(standard_path), Key(key)
    jobs, dummies = [], collections.defaultdict(set)
    for line in open(pairs):
        path, name = line.rstrip("\n").split("\t")
        raw = open(archive + "/data/" + name, "rb").read()
        output = ds.File(raw, std.vrs_of)
        jobs.append((path, name))
        for _, e, _ in ds.walk(output.elements):
            if e.items is None and std.fate(e.tag, e.vr, (), None)[0] == "dummy" and e.value:
                dummies[e.tag].add(e.value if e.vr in TEXT else bytes(e.value))
    values = forms = wrong = 0
    reasons, kept = collections.Counter(), collections.Counter()
    for path, name in jobs:
        raw = open(archive + "/data/" + name, "rb").read()
        source = ds.File(open(path, "rb").read(), std.vrs_of)
        out = Output(std, source, ds.File(raw, std.vrs_of), raw, key)
        unexplained = collections.Counter()
        for value in {(v.tag, v.text): v for v in harvest(std, source.elements)}.values():
            values += 1
            for form in value.forms:
                forms += 1
                for at in out.hits(form):
                    why = out.why(value, at, len(form), dummies, kept)
                    reasons[why] += 1
                    if not why:
                        i = bisect.bisect_right(out.starts, at) - 1
                        unexplained[(value.path, value.vr, len(value.text), out.places[i][2])] += 1
        for (where, vr, size, there), n in sorted(unexplained.items()):
            print("%s: %s %s, %d characters: %d times at or behind %s" % (
                os.path.basename(path), where, vr, size, n, there))
        wrong += sum(unexplained.values())
    for why, n in reasons.most_common():
        if why:
            print("explained: %6d %s" % (n, why))
    print("explained by: " + ", ".join("%d %s" % (n, tag) for tag, n in kept.most_common()))
    print("%d objects, %d values in %d forms: %d hits, %d not explained" % (
        len(jobs), values, forms, sum(reasons.values()), wrong))
    sys.exit(1 if wrong or not values else 0)


main()
