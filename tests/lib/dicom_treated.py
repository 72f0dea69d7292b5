"""dicom_treated.py - is each element of an object treated as Table E.1-1 says?

Source and output are read side by side; what the table wants of an element is
dicom_std.py's business."""
import datetime, re

import dicom_set as ds
from dicom_objects import pixel_bits, pixels_differ
from dicom_std import (FULL_DATES, MODIFIED_DATES, OPTIONS, BASIC_PROFILE, PATIENT_ID, PATIENT_NAME, TOLD, told)

# What fits a VR (PS3.5 6.2), of one value.
FITS = {
    "AE": r"[ -\[\]-~]{1,16}", "AS": r"\d{3}[DWMY]", "CS": r"[A-Z0-9 _]{1,16}",
    "DA": r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    "DS": r" *[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)? *", "IS": r" *[-+]?\d{1,10} *",
    "DT": r"\d{4}(?:\d\d){0,5}(?:\.\d{1,6})?(?:[-+]\d{4})?", "TM": r"(?:[01]\d|2[0-3])(?:[0-5]\d){0,2}(?:\.\d{1,6})?",
    "UI": r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+", "UR": r"\S+", "LO": r"[^\\]{1,64}", "SH": r"[^\\]{1,16}",
    "PN": r"[^\\]{1,64}",
}
SIZES = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "AT": 4, "UV": 8, "SV": 8}


def fits(vr, value):
    """May `value`, not empty, be a value of this VR?"""
    if vr in SIZES:
        return len(value) % SIZES[vr] == 0
    if vr not in FITS:
        return True
    text = value.rstrip(b"\0").decode("latin-1")
    return len(text) <= 64 * 8 and all(re.fullmatch(FITS[vr], v.rstrip(" ") or v) for v in text.split("\\"))


def shifted(vr, value, days):
    """The text `days` later, None if it has no form of which that can be said."""
    out = []
    for one in value.split("\\"):
        m = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(.*)", one.rstrip(" "))
        if not m or (vr == "DA" and m[4]):
            return None
        try:
            day = datetime.date(int(m[1]), int(m[2]), int(m[3])) + datetime.timedelta(days)
        except (ValueError, OverflowError):
            return None
        out.append("%04d%02d%02d%s" % (day.year, day.month, day.day, m[4]))
    return "\\".join(out)


class Job:
    """How one run was asked: options, private elements that may stay as (group,
    element, creator), the key, and of this object the subject's code and days."""

    def __init__(self, options, safe=(), key=None, code=None, days=None):
        self.options, self.safe, self.key, self.code = set(options), set(safe), key, code
        self.days = days if code and MODIFIED_DATES in self.options else None


class Judge:
    def __init__(self, standard, job):
        self.std, self.job = standard, job
        self.wrong = []     # "path: what is wrong, by what"
        self.judged = []    # (path, tag, fate) of each element of the source
        self.cleaned = {"stay": 0, "go": 0}
        self.excuses = None  # may say why a value that should stay is gone

    # --- An object ---------------------------------------------------------------

    def object(self, source, output, leaks_only=False):
        self.leaks_only = leaks_only
        self.bits = pixel_bits(source.elements, source.encoding.order())
        self.set(source.elements, output.elements, "")
        self.added(output.elements)
        self.head(source, output)

    def fail(self, path, what, why):
        self.wrong.append("%s: %s (%s)" % (path, what, why))

    def set(self, source, output, path, disguised=False):
        theirs = {}
        for e in output:
            here = path + told(e.tag)
            if e.tag in theirs:
                self.fail(here, "is there twice", "PS3.5 7.1")
            theirs[e.tag] = e
        if [e.tag for e in output] != sorted(e.tag for e in output):
            self.fail(path, "tags are not in order", "PS3.5 7.1")
        mine = set()
        for e in source:
            if e.tag in mine:
                continue  # the first counts, of which readers disagree
            mine.add(e.tag)
            self.element(e, theirs.get(e.tag), source, path, disguised)
        for tag in theirs:
            if tag not in mine and not (path == "" and tag in TOLD):
                self.fail(path + told(tag), "was not there", "nothing may be added")

    def element(self, e, got, siblings, path, disguised):
        here = path + told(e.tag)
        if path == "" and e.tag in TOLD:
            return  # see added()
        fate, why = self.std.fate(e.tag, e.vr, self.job.options, self.job.days)
        if fate == "private":
            fate = self.private(e, siblings)
        if disguised:
            fate = {"keep": "dummy", "descend": "disguise"}.get(fate, fate)
        self.judged.append((here, e.tag, fate))
        if got is None and (e.tag >> 16 == 0 or fate == "remove"):
            return  # a file cannot have commands (PS3.10 7.1): they may go, too
        wrong = getattr(self, fate)(e, got, here, why)
        if wrong:
            self.fail(here, wrong, "%s, VR %s, %s" % (fate, e.vr, why))

    def private(self, e, siblings):
        """keep or descend for what the policy names, and its creator; else remove."""
        group, low = e.tag >> 16, e.tag & 0xFFFF

        def safe(tag):
            block = tag >> 8 & 0xFF
            creator = ds.first(siblings, (tag & 0xFFFF0000) | block)
            return creator is not None and block >= 0x10 and \
                (tag >> 16, tag & 0xFF, ds.text(creator)) in self.job.safe

        if 0x10 <= low <= 0xFF:
            own = [s for s in siblings if s.tag >> 16 == group and s.tag >> 8 & 0xFF == low and s.tag & 0xFFFF > 0xFF]
            return "keep" if any(safe(s.tag) for s in own) else "remove"
        if not safe(e.tag):
            return "remove"
        return "descend" if e.items is not None else "keep"

    # --- What is wrong with one element, or None -----------------------------------

    def keep(self, e, got, here, why):
        if got is None:
            return None if self.excused(e, None) else "is gone"
        if e.tag == ds.PIXEL_DATA:
            return pixels_differ(e, got, self.bits)
        if e.items is not None:
            return self.descend(e, got, here, why)
        if got.value not in (e.value, ds.padded(e.vr, e.value)):
            return None if self.excused(e, got) else "has another value"
        return None

    def excused(self, e, got):
        return self.excuses is not None and self.excuses(e, got)

    def disguise(self, e, got, here, why):
        return self.descend(e, got, here, why, True)

    def descend(self, e, got, here, why, disguised=False):
        if got is None:
            return None if self.leaks_only else "is gone"
        if e.items is None:
            return None if got.value == e.value == b"" else "is no sequence"
        if got.items is None:
            return None if got.value == b"" and (not e.items or self.leaks_only) else "is no sequence any more"
        if len(e.items) != len(got.items):
            return "%d items of %d" % (len(got.items), len(e.items))
        for i, (mine, theirs) in enumerate(zip(e.items, got.items)):
            self.set(mine, theirs, "%s[%d]." % (here, i), disguised)
        return None

    def remove(self, e, got, here, why):
        return None if got is None else "is there"

    def empty(self, e, got, here, why):
        if got is None:
            # IODs want items in a sequence that is there; X/Z lets it go.
            may_go = e.vr == "SQ" and self.std.row_of(e.tag)["basicProfile"] == "X/Z"
            return None if may_go else "is gone"
        if got.items or got.fragments:
            return "is not empty"
        if e.tag in (PATIENT_NAME, PATIENT_ID) and self.job.code:
            top = "." not in here
            if ds.text(got) == self.job.code or (got.value == b"" and not top):
                return None
            return "is not the subject's code"
        return None if got.value == b"" else "is not empty"

    def dummy(self, e, got, here, why):
        if got is None:
            return "is gone"
        if got.items is not None:
            return "is a sequence"
        if not got.value:
            return None if not e.value else "is empty"
        if e.tag in (PATIENT_NAME, PATIENT_ID) and self.job.code == ds.text(got):
            return None
        if got.value.rstrip(b"\0 ") == e.value.rstrip(b"\0 "):
            return "is as it was"
        return None if fits(e.vr, got.value) else "does not fit its VR"

    def reuid(self, e, got, here, why):
        if not self.job.key:
            # Two rows have no K where UIDs are retained: what else is there to do?
            return "is as it was" if got is not None and e.value and got.value == e.value else None
        if got is None:
            return "is gone"
        want = "\\".join(self.job.key.uid(u.strip("\0 ")) for u in ds.text(e).split("\\"))
        return None if want == ds.text(got) else "is not what the key makes of it"

    def shift(self, e, got, here, why):
        if got is None:
            return "is gone"
        want = shifted(e.vr, ds.text(e), self.job.days)
        if want is None:
            return self.dummy(e, got, here, why) if e.value else None
        return None if ds.text(got) == want else "is not %d days later" % self.job.days

    def clean(self, e, got, here, why):
        if got is not None and got.items is None and got.value == e.value:
            self.cleaned["stay"] += 1
            return None
        self.cleaned["go"] += 1
        return getattr(self, self.std.basic_fate(e.tag, e.vr))(e, got, here, why)

    # --- What is said of it ---------------------------------------------------------

    def added(self, elements):
        def has(tag, want):
            e = ds.first(elements, tag)
            if e is None or (want is not None and ds.text(e) != want):
                self.fail(told(tag), "is not %s" % (want or "there"), "PS3.15 E.1.1")

        has(0x00120062, "YES")
        has(0x00120063, None)
        dates = "UNMODIFIED" if FULL_DATES in self.job.options else \
            "MODIFIED" if self.job.days is not None else "REMOVED"
        has(0x00280303, dates)
        options = {o for o in self.job.options if o != MODIFIED_DATES or self.job.days is not None}
        want = {BASIC_PROFILE} | {OPTIONS[o][1] for o in options}
        e = ds.first(elements, 0x00120064)
        codes = [{i.tag: ds.text(i) for i in item} for item in (e.items if e else None) or []]
        got = [c.get(0x00080100) for c in codes]
        if sorted(got, key=str) != sorted(want):
            self.fail(told(0x00120064), "has %s, not %s" % (got, sorted(want)), "CID 7050")
        if any(c.get(0x00080102) != "DCM" or not c.get(0x00080104) for c in codes):
            self.fail(told(0x00120064), "scheme or meaning is missing", "PS3.3 8.8")

    def head(self, source, output):
        if output.preamble is None or any(output.preamble):
            self.fail("preamble", "is not zero", "beyond the table")
        meta = {e.tag: ds.text(e) for e in output.meta}
        for tag in meta:
            if tag not in (0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013):
                self.fail(told(tag), "is there", "beyond the table")
        for tag, of in ((0x00020002, 0x00080016), (0x00020003, 0x00080018)):
            e = ds.first(output.elements, of)
            if e and meta.get(tag) != ds.text(e):
                self.fail(told(tag), "is not that of the data set", "PS3.10 7.1")
        if output.syntax != (ds.EXPLICIT if source.syntax == ds.DEFLATED else source.syntax):
            self.fail(told(0x00020010), "is %s" % output.syntax, "the syntax stays")


def job_for(options, safe, key, subject, elements):
    """What was asked, for one object; `subject`: by its PatientID."""
    e = ds.first(elements, PATIENT_ID)
    name = ds.text(e) if e and subject else ""
    if not name:
        return Job(options, safe, key)
    code = key.code(name)
    return Job(options, safe, key, code, key.days(code))
