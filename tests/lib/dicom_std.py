"""dicom_std.py - what PS3.6 knows and what PS3.15 Table E.1-1 wants, read from
the standard as data: the judges' own reading, which shares nothing with lib/.

A conditional code stands for its last alternative, which every IOD allows."""
import base64, functools, hashlib, hmac, json, re

UIDS, SAFE_PRIVATE = "retain-uids", "retain-safe-private"
FULL_DATES, MODIFIED_DATES = "retain-full-dates", "retain-modified-dates"
# Option of a policy: (column of the table, code of CID 7050).
OPTIONS = {
    "clean-pixel-data": (None, "113101"),
    "clean-graphics": ("cleanGraphOpt", "113103"),
    "clean-structured-content": ("cleanStructContOpt", "113104"),
    "clean-descriptors": ("cleanDescOpt", "113105"),
    FULL_DATES: ("rtnLongFullDatesOpt", "113106"),
    MODIFIED_DATES: ("rtnLongModifDatesOpt", "113107"),
    "retain-patient-characteristics": ("rtnPatCharsOpt", "113108"),
    "retain-device-identity": ("rtnDevIdOpt", "113109"),
    UIDS: ("rtnUIDsOpt", "113110"),
    SAFE_PRIVATE: ("rtnSafePrivOpt", "113111"),
    "retain-institution-identity": ("rtnInstIdOpt", "113112"),
}
BASIC_PROFILE = "113100"
STANDARD_ROOT = "1.2.840.10008."
# Gaps of the table (README.md beside it).
BEYOND = {0x00100033: "remove", 0x00100034: "remove", 0x00100035: "remove",
          0x00181803: "remove", 0x0074100C: "remove",
          **dict.fromkeys((0x00102295, 0x00287007, 0x0028702A, 0x00380102, 0x0040E001, 0x00440011, 0x00720008,
                           0x00720010, 0x00880130, 0x01000426, 0x21000160, 0x21100030, 0x30040006, 0x300600C8),
                          "dummy")}
# Groups that are not of a data set, and one of luggage.
NO_GROUPS = {0x0000, 0x0002, 0x0004, 0x4010}
# Devices that the table has no row for.
DEVICES = {0x00181003, 0x00181006, 0x00181010, 0x30020020, 0x00440012}
# Of the VRs of prose and addresses, but terms of a vocabulary, and settings.
TERMS = {0x00080108, 0x0008010E, 0x00080114, 0x00080115, 0x00080116, 0x00080119, 0x00080120, 0x00187008, 0x00187040,
         0x00187041, 0x00660032, 0x20100010, 0x300A007B}
# Names and labels that describe.
DESCRIBING = {0x00209453, 0x00286022, 0x00380016, 0x00400255, 0x0040A492, 0x00540400, 0x00700081, 0x00741204,
              0x20000050, 0x30020002, 0x30020003, 0x300A0183}
# Prose that another option cleans than that of descriptors.
REPORTED = {0x0040A160: "clean-structured-content", 0x00700006: "clean-graphics"}
# UIDs of what is defined, not made.
CLASSES = {0x00080016, 0x0008001A, 0x0008001B, 0x00080062, 0x0008010C, 0x00081150, 0x0008115A, 0x00083002, 0x04000010}
# Codes of an institution, of a person: a dummy of them is one in each part.
IDENTITY_CODES = {0x00080082, 0x00401101}
REFERENCED_STUDIES = 0x00081110
PATIENT_NAME, PATIENT_ID = 0x00100010, 0x00100020
# Elements that say what has been done: written anew, whatever was there.
TOLD = {0x00120062, 0x00120063, 0x00120064, 0x00280303}
TEXT = {"AE", "AS", "CS", "DS", "IS", "LO", "LT", "PN", "SH", "ST", "UC", "UR",
        "UT"}


def is_private(tag):
    return tag >> 16 & 1 == 1


def told(tag):
    return "(%04X,%04X)" % (tag >> 16, tag & 0xFFFF)


class Standard:
    def __init__(self, directory):
        table = "/confidentiality_profile_attributes.json"
        self.rows = {r["tag"].upper(): r for r in json.load(open(directory + table))}
        self.attributes = {a["tag"].upper(): a for a in
                           json.load(open(directory + "/attributes.json"))}
        # Looking for patterns takes a while, and the tags of a file are few.
        self.attribute = functools.lru_cache(None)(self.attribute)
        self.row_of = functools.lru_cache(None)(self.row_of)

    @staticmethod
    def _find(tags, tag):
        """The entry for the tag alone, or for the pattern that it fits."""
        digits = "%08X" % tag
        if told(tag) in tags:
            return tags[told(tag)]
        return next((entry for name, entry in tags.items() if "X" in name and
                     re.fullmatch(re.sub("[(),]", "", name).replace("X", "."), digits)), None)

    def row_of(self, tag):
        if is_private(tag):
            return self.rows["(GGGG,EEEE) WHERE GGGG IS ODD"]
        return self._find(self.rows, tag)

    def attribute(self, tag):
        return None if is_private(tag) else self._find(self.attributes, tag)

    def vrs_of(self, tag):
        """"US or SS" as ["US", "SS"]; UN alone for what is not known."""
        if tag & 0xFFFF == 0:
            return ["UL"]
        if is_private(tag):
            return ["LO"] if 0x10 <= tag & 0xFFFF <= 0xFF else ["UN"]
        a = self.attribute(tag)
        found = re.findall(r"\b[A-Z]{2}\b", a["valueRepresentation"]) if a else []
        return found or ["UN"]

    def action(self, tag, options):
        """The code of the table that decides, without conditions, and by what:
        an option's name, or "basic"."""
        row = self.row_of(tag)
        found = [(row[OPTIONS[o][0]], o) for o in OPTIONS
                 if o in options and OPTIONS[o][0] and OPTIONS[o][0] in row]
        for code, option in found:
            if option == FULL_DATES:
                return code, option
        # To clean is more than to keep.
        for code, option in sorted(found):
            return code, option
        return self.basic(row), "basic"

    @staticmethod
    def basic(row):
        return row["basicProfile"].split("/")[-1].rstrip("*")

    def fate(self, tag, vr, options, days):
        """keep, descend, remove, empty, dummy, reuid, shift, clean (text; what
        is not clean has the fate of the basic profile), or private; and why."""
        if tag & 0xFFFF == 0:
            return "remove", "group length"
        if is_private(tag):
            return ("private" if SAFE_PRIVATE in options else "remove"), "private"
        if tag >> 16 & 0xFF01 == 0x6000:
            return "remove", "an overlay without its data"
        if tag in BEYOND:
            return BEYOND[tag], "beyond the table"
        if not self.row_of(tag):
            if not self.attribute(tag):
                return "remove", "not in PS3.6"
            if tag >> 16 in NO_GROUPS:
                return "remove", "not of a data set"
            vrs = {vr, *self.vrs_of(tag)}
            if tag in DEVICES:
                return "keep" if "retain-device-identity" in options else "dummy", "a device"
            if {"PN", "AE"} & vrs or ("UR" in vrs and tag not in TERMS):
                return "dummy", "beyond the table"
            if {"DA", "DT", "TM"} & vrs:
                return self.date(vr, options, days), "a date without a row"
            if tag in DESCRIBING or ({"LT", "ST", "UC", "UT"} & vrs and tag not in TERMS):
                by = REPORTED.get(tag, "clean-descriptors")
                return "clean" if by in options else "dummy", "prose without a row"
            if self.attribute(tag)["retired"] == "Y" and vr in ("LO", "SH"):
                return "dummy", "retired"
            if tag in CLASSES:
                return "keep", "a class"
            if vr == "UI" and UIDS not in options:
                return "reuid", "no row"  # an instance that is newer than it
            return ("descend" if vr == "SQ" else "keep"), "no row"
        code, by = self.action(tag, options)
        if code == "C" and by == MODIFIED_DATES and days is None:
            code, by = self.basic(self.row_of(tag)), "basic"
        if by == "basic" and tag in IDENTITY_CODES and vr == "SQ":
            return "disguise", "a code that identifies"
        if by == "basic" and tag == REFERENCED_STUDIES:
            return "remove", "never without items (PS3.3 C.7.2.1)"
        return self.by_code(code, by, vr), "%s by %s" % (code, by)

    def date(self, vr, options, days):
        if FULL_DATES in options:
            return "keep"
        if MODIFIED_DATES in options and days is not None:
            return self.by_code("C", MODIFIED_DATES, vr)
        return "dummy"

    @staticmethod
    def by_code(code, by, vr):
        if code in ("K", "D", "U") and vr == "SQ":
            return "descend"
        if code == "C":
            if by == MODIFIED_DATES and vr in ("DA", "DT", "TM"):
                return "keep" if vr == "TM" else "shift"
            return {"SQ": "descend"}.get(vr, "clean" if vr in TEXT else "remove")
        return {"K": "keep", "X": "remove", "Z": "empty", "D": "dummy",
                "U": "reuid"}[code]

    def basic_fate(self, tag, vr):
        return self.by_code(self.basic(self.row_of(tag)) if self.row_of(tag) else "D", "basic", vr)


# --- What the key makes ----------------------------------------------------------

class Key:
    def __init__(self, path):
        self.key = bytes.fromhex(open(path).read().strip())

    def mac(self, domain, text):
        if isinstance(text, str):
            text = text.encode()
        return hmac.new(self.key, ("imgpipe 1 %s\0" % domain).encode() + text,
                        hashlib.sha256).digest()

    def uid(self, uid):
        if not uid or uid.startswith(STANDARD_ROOT):
            return uid
        bits = int.from_bytes(self.mac("uid", uid)[:16], "big") >> 6
        return "2.25.%d" % bits

    def code(self, subject):
        return base64.b32encode(self.mac("code", subject)[:10]).decode()

    def days(self, code, least=1, most=365):
        n = int.from_bytes(self.mac("dates", code)[:8], "big")
        return -(least + n % (most - least + 1))
