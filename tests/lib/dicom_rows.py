#!/usr/bin/env python3
"""dicom_rows.py STANDARD DIRECTORY: objects that hold every row of PS3.15 Table
E.1-1 with a value that fits its VR and is nowhere else, in the main data set
and in each of PLACES, in three encodings; and once more with what names the
patient in each text that may be cleaned. Rows of commands, which a file cannot
have, are in an object of their own ("command"), and so are sequences that UN
hides otherwise than the standard lets it ("odd-"); a JPEG that speaks of the
patient is, too ("jpeg")."""
import datetime, hashlib, os, re, struct, subprocess, sys

import dicom_set as ds
from dicom_std import MODIFIED_DATES, OPTIONS, TEXT, Standard

CT, INSTANCE = b"1.2.840.10008.5.1.4.1.1.2", b"1.3.6.1.4.1.99999.70000"
JPEG = "1.2.840.10008.1.2.4.50"
FAMILY, NUMBER = "Zmaqobora", "PJ740215"
# A block of this owner's has sequences that a policy may let stay.
OWNER, OTHER = "JUDGE PLACE", "JUDGE OTHER"
SAFE = [(0x0019, element, OWNER) for element in (0x01, 0x02, 0x03, 0x0C)]
# Sequences that no row speaks of; and disguised ones: (tags from outside to
# inside, how the innermost is written: VR, undefined length).
PLACES = {
    "nested": ((0x00540220, 0x00540222), "SQ", False),
    "nested, undefined": ((0x00540410, 0x00540412), "SQ", True),
    "UN": ((0x00082218,), "UN", False),
    "UN, undefined": ((0x00540300,), "UN", True),
    "private UN": ((0x00191001,), "UN", False),
    "private UN, undefined": ((0x00191002,), "UN", True),
    "private SQ": ((0x00191003,), "SQ", True),
}
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


def word(n):
    """Letters that no other number has."""
    h = hashlib.sha256(b"%d" % n).digest()
    return "".join(SYLLABLES[b % len(SYLLABLES)] for b in h[:5])


def text_value(vr, n):
    date = datetime.date(1930, 1, 1) + datetime.timedelta(n)
    later = datetime.date(1950, 1, 1) + datetime.timedelta(n)
    second = n * 17 % 86400
    time = "%02d%02d%02d" % (second // 3600, second // 60 % 60, second % 60)
    return {
        "AE": word(n).upper(), "CS": word(n).upper(), "AS": "%03dY" % (n % 900 + 50),
        "DA": date.strftime("%Y%m%d"), "TM": "%s.%06d" % (time, n),
        "DT": "%s%s.%06d" % (later.strftime("%Y%m%d"), time, n),
        "DS": "3.%05d7" % n, "IS": "8%05d" % n, "UI": "1.3.6.1.4.1.99999.7.%d" % n,
        "PN": "%s^%s" % (word(n).title(), word(n + 50000).title()),
        "UR": "http://%s.example/" % word(n),
    }.get(vr, word(n))


def value_of(vr, n, order):
    code = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}.get(vr)
    if code:
        return struct.pack(order + code, n)
    if vr in ("OB", "OW", "UN", "OF", "OD", "OL", "OV"):
        return hashlib.sha256(b"%d" % n).digest()[:16]
    return text_value(vr, n).encode()


class Maker:
    def __init__(self, standard, encoding, planted=False, odd=False):
        self.std, self.encoding, self.planted, self.odd = standard, encoding, planted, odd
        self.n = 0

    def one(self, tag, vr, order, row=None):
        self.n += 1
        value = value_of(vr, self.n, order)
        if self.planted and row and vr in TEXT and vr not in ("DA", "DT", "TM", "DS", "IS", "AS", "UI") and \
                any(row.get(column) == "C" for o, (column, _) in OPTIONS.items() if o != MODIFIED_DATES):
            value = (FAMILY if self.n % 2 else NUMBER).upper().encode()
        return ds.Element(tag, vr, value)

    def sequence(self, tag, order):
        """With an element that no row speaks of and one that goes."""
        item = [self.one(0x00080104, "LO", order), self.one(0x00104000, "LT", order)]
        return ds.Element(tag, "SQ", items=[item])

    def rows(self, enc):
        out, order = [], enc.order()
        for name, row in self.std.rows.items():
            for tag in tags_of(name):
                if tag >> 16 in (0x0000, 0x0002):
                    continue
                vr = self.std.vrs_of(tag)[-1]
                out.append(self.sequence(tag, order) if vr == "SQ" else self.one(tag, vr, order, row))
        for group in (0x0029, 0x0043):
            out += [ds.Element(group << 16 | 0x10, "LO", OTHER.encode()),
                    self.one(group << 16 | 0x1001, "LO", order), self.one(group << 16 | 0x1002, "PN", order)]
        # Not in PS3.6; the gaps of the table.
        out += [self.one(0x00080FF7, "LO", order), self.one(0x60000022, "LO", order),
                self.one(0x60021500, "LO", order)]
        return out

    def place(self, tags, vr, undefined):
        inner = ds.UN_INSIDE if vr == "UN" and not self.odd else self.encoding
        e = ds.Element(tags[-1], "SQ", items=[self.rows(inner)], written=vr, undefined=undefined)
        e.inner = inner
        for tag in tags[-2::-1]:
            e = ds.Element(tag, "SQ", items=[[e]], undefined=undefined)
        return e

    def private(self, order):
        """More of the owner's: in a second block, and the same numbers of another's."""
        return [
            ds.Element(0x00190010, "LO", OWNER.encode()), ds.Element(0x00190011, "LO", OTHER.encode()),
            ds.Element(0x00190012, "LO", OWNER.encode()),
            self.one(0x0019100C, "LO", order), self.one(0x0019110C, "LO", order), self.one(0x0019120C, "LO", order),
            self.one(0x0019100D, "LO", order), self.one(0x0019120D, "LO", order), self.one(0x0019200C, "LO", order),
        ]

    def file(self, instance, places):
        order = self.encoding.order()
        own = {e.tag: e for e in picture(order, instance)}
        rows = [e for e in self.rows(self.encoding) if e.tag not in own]
        places = [self.place(*how) for how in places]
        return rows + list(own.values()) + places + self.private(order)


def tags_of(name):
    """Of a row: its tag; of a repeating group, some."""
    if name.startswith("(50XX"):
        return [0x50000005, 0x50003000, 0x50040022, 0x501E2500]
    if name.startswith("(60XX"):
        element = int(name[6:10], 16)
        return [0x60000000 | element, 0x601E0000 | element]
    if "ODD" in name:
        return []  # see Maker.private
    return [int(re.sub("[(),]", "", name), 16)]


def picture(order, instance):
    short = struct.Struct(order + "H").pack
    name = ("%s^%s" % (FAMILY, word(99999).title())).encode()
    numbers = {0x00280002: 1, 0x00280010: 2, 0x00280011: 2, 0x00280100: 16, 0x00280101: 16, 0x00280102: 15,
               0x00280103: 0}
    return [ds.Element(0x00080005, "CS", b"ISO_IR 100"), ds.Element(0x00080008, "CS", b"ORIGINAL\\PRIMARY\\AXIAL"),
            ds.Element(0x00080016, "UI", CT), ds.Element(0x00080018, "UI", instance),
            ds.Element(0x00080060, "CS", b"CT"), ds.Element(0x00100010, "PN", name),
            ds.Element(0x00100020, "LO", NUMBER.encode()), ds.Element(0x00280004, "CS", b"MONOCHROME2"),
            ds.Element(0x00280301, "CS", b"NO"), ds.Element(ds.PIXEL_DATA, "OW", bytes(range(8))),
            *(ds.Element(tag, "US", short(n)) for tag, n in numbers.items())]


def photo():
    """A JPEG, 16 by 16 and grey, that names the patient before its picture."""
    pgm = b"P5 16 16 255\n" + bytes(range(256))
    jpeg = subprocess.run(["cjpeg", "-grayscale"], input=pgm, stdout=subprocess.PIPE, check=True).stdout
    says = b"".join(b"\xff" + marker + struct.pack(">H", 2 + len(text)) + text for marker, text in (
        (b"\xe1", b"Exif\0\0" + FAMILY.encode()), (b"\xee", NUMBER.encode()), (b"\xfe", FAMILY.encode())))
    jpeg = jpeg[:2] + says + jpeg[2:]
    return jpeg + b"\0" * (len(jpeg) % 2)


def meta(instance):
    return [ds.Element(0x00020002, "UI", CT), ds.Element(0x00020003, "UI", instance),
            ds.Element(0x00020012, "UI", b"1.3.6.1.4.1.99999.1"), ds.Element(0x00020016, "AE", b"SOURCEAE"),
            ds.Element(0x00020017, "AE", b"SENDERAE"), ds.Element(0x00020018, "AE", b"RECEIVERAE"),
            ds.Element(0x00020100, "UI", b"1.3.6.1.4.1.99999.2"), ds.Element(0x00020102, "OB", b"ownerowner")]


def main():
    standard, directory = Standard(sys.argv[1]), sys.argv[2]
    os.makedirs(directory, exist_ok=True)
    for tags, _, _ in PLACES.values():
        assert not any(standard.row_of(t) for t in tags if t >> 16 != 0x0019), tags
    serial = 0

    def put(name, syntax, places=PLACES.values(), **how):
        nonlocal serial
        serial += 1
        instance = INSTANCE + b".%d" % serial
        elements = Maker(standard, ds.Encoding(syntax), **how).file(instance, places)
        ds.write_file("%s/%s.dcm" % (directory, name), syntax, meta(instance), elements, b"PREAMBLE" * 16)

    for name, syntax in (("explicit", ds.EXPLICIT), ("implicit", ds.IMPLICIT), ("big", ds.BIG),
                         ("deflated", ds.DEFLATED)):
        put(name, syntax)
        put(name + "-planted", syntax, planted=True)
    # UN of known length with what PS3.5 6.2.2 has not: nobody needs to read it,
    # but nobody may let it pass.
    hidden = [how for how in PLACES.values() if how[1:] == ("UN", False)]
    put("odd-explicit", ds.EXPLICIT, hidden, odd=True)
    put("odd-big", ds.BIG, hidden, odd=True)
    instance = INSTANCE + b".50"
    shown = [e for e in picture("<", instance) if e.tag not in (ds.PIXEL_DATA, 0x00280010, 0x00280011, 0x00280100,
                                                                0x00280101, 0x00280102)]
    shown += [ds.Element(tag, "US", struct.pack("<H", n)) for tag, n in (
        (0x00280010, 16), (0x00280011, 16), (0x00280100, 8), (0x00280101, 8), (0x00280102, 7))]
    shown.append(ds.Element(ds.PIXEL_DATA, "OB", fragments=[b"", photo()], undefined=True))
    ds.write_file(directory + "/jpeg.dcm", JPEG, meta(instance), shown)
    instance = INSTANCE + b".0"
    commands = [ds.Element(0x00001000, "UI", b"1.3.6.1.4.1.99999.8.1"),
                ds.Element(0x00001001, "UI", b"1.3.6.1.4.1.99999.8.2")]
    ds.write_file(directory + "/command.dcm", ds.EXPLICIT, meta(instance), commands + picture("<", instance))


if __name__ == "__main__":
    main()
