#!/usr/bin/env python3
"""dicom_corpus_judge.py STANDARD PAIRS ARCHIVE KEY: are real objects as the
table wants them, as well-formed for DCMTK, GDCM and dicom3tools as they were,
and their pixels the same? Prints what is not; exit 1 if anything is wrong."""
import collections, os, re, sys

import dicom_set as ds
from dicom_objects import decoded, pixels_differ, said
from dicom_std import TEXT, Key, Standard
from dicom_treated import Judge, job_for


ICC_PROFILE = 0x00282000


def removed_words(std, source):
    """Values of two characters or more that the basic profile takes away."""
    words = set()
    for _, e, _ in ds.walk(source.elements):
        fate, _ = std.fate(e.tag, e.vr, (), None)
        if e.items is None and e.vr in TEXT and fate in ("remove", "empty", "dummy", "reuid"):
            for v in e.value.split(b"\\"):
                for part in [v] + (re.split(rb"[=^ ,;]", v) if e.vr == "PN" else []):
                    if len(part.strip(b" \0")) >= 2:
                        words.add(part.strip(b" \0").lower())
    return words


class Repeats:
    """A text that would stay repeats what goes elsewhere in the object: it may go."""

    def __init__(self, words):
        self.words, self.count = words, 0

    def __call__(self, e, got):
        if e.tag == ICC_PROFILE and e.items is None:
            return got is not None and same_colours(e.value, got.value)
        text = e.value.lower()
        if e.vr in TEXT and any(self.holds(text, w) for w in self.words):
            self.count += 1
            return True
        return False

    @staticmethod
    def holds(text, w):
        """Of less than four characters it is a word of its own."""
        return w in text if len(w) >= 4 else w in re.split(rb"[^a-z0-9\x80-\xff]+", text)


def same_colours(a, b):
    """Of ICC profiles (ICC.1 7.3): what is not text is the same, byte for byte."""
    def tags(p):
        n = int.from_bytes(p[128:132], "big")
        rows = [p[132 + 12 * i:144 + 12 * i] for i in range(n)]
        return {r[:4]: p[int.from_bytes(r[4:8], "big"):][:int.from_bytes(r[8:], "big")] for r in rows}

    def parts(v):
        # lutAToBType (10.12): wherever its elements lie
        if v[:4] not in (b"mAB ", b"mBA "):
            return [v.rstrip(b"\0")]
        at = [int.from_bytes(v[i:i + 4], "big") for i in range(12, 32, 4)]
        ends = sorted(set(at) | {len(v)})
        return [v[8:10]] + [v[o:ends[ends.index(o) + 1]].rstrip(b"\0") if o else b"" for o in at]

    mine, theirs = tags(a), tags(b)
    colours = (b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"A2B0", b"A2B1", b"B2A0",
               b"B2A1")
    return b[36:40] == b"acsp" and int.from_bytes(b[:4], "big") <= len(b) and a[12:24] == b[12:24] and all(
        parts(mine[k]) == parts(theirs.get(k, b"")) for k in mine if k in colours)


def main():
    standard_path, pairs, archive, key = sys.argv[1:]
    std, key = Standard(standard_path), Key(key)
    count, by = collections.Counter(), collections.Counter()
    dummies, equal = collections.defaultdict(set), []
    for line in open(pairs):
        path, name = line.rstrip("\n").split("\t")
        out_path, problems = archive + "/data/" + name, []
        try:
            source = ds.File(open(path, "rb").read(), std.vrs_of)
        except ds.Damaged as e:
            problems.append("archived, but the judge cannot read the source: %s" % e)
            source = None
        output = ds.File(open(out_path, "rb").read(), std.vrs_of)
        if source:
            judge = Judge(std, job_for((), (), key, False, source.elements))
            judge.excuses = Repeats(removed_words(std, source))
            judge.object(source, output)
            # A dummy may be what was there: then others have it, too.
            theirs = {p: e for p, e, _ in ds.walk(output.elements)}
            for p, tag, fate in judge.judged:
                if fate == "dummy" and p in theirs:
                    dummies[tag].add(theirs[p].value)
            for w in judge.wrong:
                if "is as it was" in w:
                    equal.append((os.path.basename(path), w))
                else:
                    problems.append(w)
            count["elements"] += len(judge.judged)
            count["repeats gone"] += judge.excuses.count
            mine, theirs = (ds.first(f.elements, ds.PIXEL_DATA) for f in (source, output))
            count["same pixels"] += mine is not None and not pixels_differ(mine, theirs, judge.bits)
            if mine is not None and mine.fragments is not None:
                a, b = (decoded(p, source.syntax, std.vrs_of) for p in (path, out_path))
                if a != b:
                    problems.append("decoded pixels differ: %s, %s" % (a and a[0], b and b[0]))
                elif a:
                    by[a[0]] += 1
                else:
                    count["not decodable, before and after"] += 1
        for program, what in said(path, out_path, source is not None and source.encoding.deflated):
            problems.append("%s: %s" % (program, what))
        for p in problems[:25]:
            print("%s: %s" % (os.path.basename(path), p))
        if len(problems) > 25:
            print("%s: and %d more" % (os.path.basename(path), len(problems) - 25))
        count["objects"] += 1
        count["wrong"] += bool(problems)
    for base, w in equal:
        tag = int(w.split(":")[0][-10:-1].replace(",", ""), 16)
        if len(dummies[tag]) != 1:
            print("%s: %s" % (base, w))
            count["wrong"] += 1
    print("%d objects, %d elements, %d texts gone that repeat others; pixels of %d the same, decoded too: %s; %s" % (
        count["objects"], count["elements"], count["repeats gone"], count["same pixels"],
        ", ".join("%d by %s" % (n, k) for k, n in by.items()) or "none",
        ", ".join("%d %s" % (count[k], k) for k in ("not decodable, before and after", "wrong"))))
    sys.exit(1 if count["wrong"] or not count["objects"] else 0)


main()
