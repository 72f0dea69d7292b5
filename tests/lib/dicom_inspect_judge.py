"""dicom_inspect_judge.py STANDARD OPTIONS RUN.json: is what `inspect --json` says
of the elements of DICOM objects what PS3.15 Table E.1-1 has for them under these
options, and is nothing left out? OPTIONS are parted by ';'; no subject, and no
private element is safe."""
import collections, json, os, re, sys

import dicom_set as ds
from dicom_std import BEYOND, OPTIONS, SAFE_PRIVATE, TOLD, Standard, is_private, told

ICC_PROFILE = 0x00282000
FATES = {"remove": {"removed"}, "empty": {"emptied"}, "dummy": {"dummy", "new UID"},
         "reuid": {"new UID"}, "shift": {"shifted"}, "clean": {"stays"}, "keep": {"stays"},
         "private": {"removed"}, "descend": set(), "disguise": set()}


def generic(path):
    return re.sub(r"\[[^]]*\]", "[*]", path)


class Object:
    def __init__(self, std, options, said):
        self.std, self.options, self.wrong, self.judged = std, options, [], 0
        self.told = collections.defaultdict(list)
        for e in said["elements"]:
            self.told[generic(e["path"])].append(e)
        self.must, self.may = collections.Counter(), collections.Counter()
        self.added = {e["path"] for e in said["elements"] if e["fate"] == "added"}
        self.left = said["elements_left"]

    def fail(self, path, what):
        self.wrong.append("%s: %s" % (path, what))

    # What the table says, and who.
    def decided(self, tag, e):
        """(action, acceptable options or {None})"""
        row = self.std.row_of(tag)
        if tag & 0xFFFF == 0 or not row:
            return None, None
        if is_private(tag):
            return ("C", {SAFE_PRIVATE}) if SAFE_PRIVATE in self.options else ("X", {None})
        if tag >> 16 & 0xFF01 == 0x6000 or tag in BEYOND:
            return row["basicProfile"], {None}
        code, by = self.std.action(tag, self.options)
        if by == "retain-modified-dates":
            by = "basic"  # no subject: no days
        if by == "basic":
            return row["basicProfile"], {None}
        return code, {o for o in self.options if row.get(OPTIONS[o][0]) == code}

    def set(self, elements, path, disguised=False):
        for e in elements:
            here = path + told(e.tag)
            if path == "" and e.tag in TOLD:
                continue
            fate, _ = self.std.fate(e.tag, e.vr, self.options, None)
            if disguised and fate == "keep":
                fate = "dummy"
            self.judged += 1
            self.element(e, here, fate, disguised)
            if e.items is not None and fate in ("descend", "disguise", "keep"):
                for i, item in enumerate(e.items):
                    self.set(item, "%s[%d]." % (here, i), disguised or fate == "disguise")

    def element(self, e, here, fate, disguised):
        key = generic(here)
        self.may[key] += 1
        gone = fate in ("remove", "private") or (fate == "empty" and (e.value or e.items))
        self.must[key] += bool(gone)
        for t in self.told[key]:
            if t.get("seen"):
                continue
            t["seen"] = True
            self.one(e, here, fate, disguised, t)

    def one(self, e, here, fate, disguised, t):
        a = self.std.attribute(e.tag)
        low = e.tag & 0xFFFF
        keyword = "GenericGroupLength" if low == 0 else a["keyword"] if a else \
            "PrivateCreator" if is_private(e.tag) and 0x10 <= low <= 0xFF else None
        if t["keyword"] != keyword:
            self.fail(here, "keyword %s, want %s" % (t["keyword"], keyword))
        if e.written and t["vr"] != e.vr and " or " not in t["vr"]:
            self.fail(here, "VR %s, want %s" % (t["vr"], e.vr))
        action, by = self.decided(e.tag, e)
        if disguised and t["why"] == "in a code that identifies":
            action, by = None, None
        if by is not None and (t["action"] != action or t["option"] not in by):
            self.fail(here, "action %s by %s, want %s by %s" % (t["action"], t["option"], action, by))
        if by is None and t["action"] is not None:
            self.fail(here, "action %s, but the table has none" % t["action"])
        excused = t["why"] in ("repeats an identifier", "not of its VR", "may name somebody",
                               "a sequence that cannot be read")
        if e.tag == ICC_PROFILE and t["fate"] in ("reduced", "removed"):
            return
        if t["fate"] not in FATES[fate] and not excused:
            self.fail(here, "%s, want %s" % (t["fate"], fate))
        if t["fate"] == "stays" and t["option"] is None:
            self.fail(here, "stays, and no option says so")

    def whole(self, theirs):
        for key, n in self.must.items():
            have = sum(t["count"] for t in self.told[key] if t["fate"] in ("removed", "emptied"))
            if have < n and not self.left:
                self.fail(key, "told %d times, want %d" % (have, n))
        for key, all_told in self.told.items():
            have = sum(t["count"] for t in all_told if t["fate"] != "added")
            if have > self.may[key] + (key in map(told, TOLD)):
                self.fail(key, "told %d times, is there %d times" % (have, self.may[key]))
        for tag in TOLD:
            if told(tag) not in self.added and tag not in theirs:
                self.fail(told(tag), "not told that it is added")


def main():
    standard, options, run = sys.argv[1:]
    std, options = Standard(standard), {o for o in options.split(";") if o}
    objects = elements = wrong = entries = 0
    by = collections.Counter()
    for line in open(run):
        said = json.loads(line)
        if said["format"] != "dicom" or said["state"] not in ("identifying", "clean"):
            continue
        try:
            source = ds.File(open(said["path"], "rb").read(), std.vrs_of)
        except ds.Damaged:
            continue
        o = Object(std, options, said)
        o.set(source.elements, "")
        o.whole({e.tag for e in source.elements})
        if any("value" in e for e in said["elements"]):
            o.fail("", "a value is told unasked")
        for w in o.wrong[:10]:
            print("%s: %s" % (os.path.basename(said["path"]), w))
        objects += 1
        wrong += bool(o.wrong)
        elements += o.judged
        entries += len(said["elements"])
        by.update(e["option"] for e in said["elements"] if e["option"])
    print("%d objects, %d elements, %d entries; by option: %s; %d wrong" %
          (objects, elements, entries, dict(by) or "none", wrong))
    sys.exit(1 if wrong or objects < 50 else 0)


main()
