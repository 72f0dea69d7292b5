#!/usr/bin/env python3
"""dicom_text_judge.py TELL_TEXT [FOLDER...]: is text read as it is meant?

Texts are made with Python's codecs, in every set of characters of PS3.3
C.12.1.1.2 and every code extension, and TELL_TEXT must give them back. Then
each text of the DICOM objects in the folders, at every level, is compared with
what pydicom makes of it. Prints what differs and a summary; exit 1 if anything
does that the lists below do not explain."""
import os, random, subprocess, sys, warnings

import pydicom
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS, PersonName

ESC = b"\x1b"
# Term: escape sequence, Python's codec. Those of the right half (G1).
SINGLE = {"100": (b"-A", "latin_1"), "101": (b"-B", "iso8859_2"),
          "109": (b"-C", "iso8859_3"), "110": (b"-D", "iso8859_4"),
          "144": (b"-L", "iso8859_5"), "127": (b"-G", "iso8859_6"),
          "126": (b"-F", "iso8859_7"), "138": (b"-H", "iso8859_8"),
          "148": (b"-M", "iso8859_9"), "203": (b"-b", "iso8859_15"),
          "166": (b"-T", "tis_620")}
DOUBLE = {"149": (b"$)C", "euc_kr"), "58": (b"$)A", "gb2312")}
TEXT = "LO SH LT ST UC UT PN".split()

# What iconv may say too, by Python's: the tilde of JIS X 0212, which is as wide
# as its other characters.
SAME = {"~": "\uff5e"}


def decodes(raw, codec):
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def right_half(codec):
    """bytes: text, of the set's characters above 0x9F."""
    out = {bytes([b]): decodes(bytes([b]), codec) for b in range(0xA0, 0x100)}
    return {raw: text for raw, text in out.items() if text}


def pairs(codec, prefix=b""):
    out = {}
    for a in range(0xA1, 0xFF):
        for b in range(0xA1, 0xFF):
            raw = bytes([a, b])
            text = decodes(prefix + raw, codec)
            if text and len(text) == 1:
                out[raw] = text
    return out


def seven(raw):
    return bytes(b & 0x7F for b in raw)


class Cases:
    def __init__(self):
        self.rows = []

    def add(self, what, vr, charset, value, text):
        self.rows.append((what, vr, charset.encode(), value, text))

    def told(self, tool):
        lines = "".join("%s\t%s\t%s\n" % (vr, cs.hex(), v.hex())
                        for _, vr, cs, v, _ in self.rows)
        run = subprocess.run([tool], input=lines, stdout=subprocess.PIPE,
                             check=True, universal_newlines=True)
        got = run.stdout.split("\n")[:-1]
        assert len(got) == len(self.rows), (len(got), len(self.rows))
        return [g if g.startswith("error") else bytes.fromhex(g).decode()
                for g in got]


def single_bytes(c):
    for number, (escape, codec) in SINGLE.items():
        chars = right_half(codec)
        for raw, text in chars.items():
            for term in ("ISO_IR ", "ISO 2022 IR "):
                c.add(number, "LO", term + number, b"a" + raw + b"b",
                      "a" + text + "b")
        raw, text = b"".join(chars), "".join(chars.values())
        c.add(number, "UT", "\\ISO 2022 IR " + number,
              ESC + escape + raw + b"\\" + raw, text + "\\" + text)
        # Between values it is reset; in a name between its parts, too.
        c.add(number, "LO", "ISO 2022 IR 100\\ISO 2022 IR " + number,
              b"\xe4\\" + ESC + escape + raw + b"\\\xe4",
              "\u00e4\\" + text + "\\\u00e4")
        for d in "^=\\\r\n\f\t":
            c.add(number, "PN", "ISO 2022 IR 100\\ISO 2022 IR " + number,
                  ESC + escape + raw + d.encode() + b"\xe4", text + d + "\u00e4")


def double_bytes(c):
    first = list(SINGLE) + ["6", "13"]
    for number, (escape, codec) in DOUBLE.items():
        for i, (raw, text) in enumerate(pairs(codec).items()):
            charset = "ISO 2022 IR %s\\ISO 2022 IR %s" % (
                first[i % len(first)], number)
            c.add(number, "LO", charset, ESC + escape + b"a" + raw + b"b",
                  "a" + text + "b")
    for number, escape, prefix in (("87", b"$B", b""),
                                   ("159", b"$(D", b"\x8f")):
        for i, (raw, text) in enumerate(pairs("euc_jp", prefix).items()):
            charset = "ISO 2022 IR %s\\ISO 2022 IR %s" % (
                first[i % len(first)], number)
            c.add(number, ("LO", "PN")[i % 2], charset,
                  b"a" + ESC + escape + seven(raw) + ESC + b"(B^b",
                  "a" + text + "^b")


def japanese(c):
    kana = {bytes([b]): chr(0xFF61 + b - 0xA1) for b in range(0xA1, 0xE0)}
    raw, text = b"".join(kana), "".join(kana.values())
    for term in ("ISO_IR 13", "ISO 2022 IR 13"):
        c.add("13", "LT", term, b"a" + raw + b"\\~", "a" + text + "\u00a5\u203e")
        c.add("13", "LO", term, b"a" + raw + b"\\~", "a" + text + "\\\u203e")
    c.add("13", "UT", "\\ISO 2022 IR 13", ESC + b")I" + raw + ESC + b"(J\\",
          text + "\u00a5")
    for d in "\r\n\f\t":  # reset by control characters
        c.add("87", "LT", "ISO 2022 IR 6\\ISO 2022 IR 87",
              ESC + b"$B;3" + d.encode() + b";3", "\u5c71" + d + ";3")
    # 05/12 and the like are halves of characters
    c.add("87", "PN", "\\ISO 2022 IR 87",
          ESC + b"$B\x30\x5c\x30\x5e\x30\x3d" + ESC + b"(B^\\",
          b"\xb0\xdc\xb0\xde\xb0\xbd".decode("euc_jp") + "^\\")


def alone(c, rng):
    every = [chr(u) for u in range(0x80, 0x110000)
             if not 0xD800 <= u < 0xE000]
    for term, codec in (("ISO_IR 192", "utf_8"), ("GB18030", "gb18030"),
                        ("GBK", "gbk")):
        for char in rng.sample(every, 20000):
            # Python knows what glibc does not: private use, and it differs
            # from what GB 18030 itself says since 2005.
            if codec != "utf_8" and (0xE000 <= ord(char) < 0xF900 or
                                     ord(char) >= 0xFFF0):
                continue
            try:
                raw = char.encode(codec)
            except UnicodeEncodeError:
                continue
            c.add(term, rng.choice(TEXT), term, b"a" + raw + b"\\^b",
                  "a" + char + "\\^b")
    for a in range(0x81, 0xFF):  # 0x5C as a second byte
        text = decodes(bytes([a, 0x5C]), "gbk")
        for term in ("GB18030", "GBK") if text else ():
            c.add(term, "LO", term, bytes([a, 0x5C]) + b"\\x", text + "\\x")


def names(c, rng):
    """Random names of three groups, each component in a set of its own."""
    sets = {n: (ESC + e, right_half(codec)) for n, (e, codec) in SINGLE.items()}
    sets.update({n: (ESC + e, pairs(codec)) for n, (e, codec) in DOUBLE.items()})
    left = {"87": (ESC + b"$B", pairs("euc_jp")),
            "159": (ESC + b"$(D", pairs("euc_jp", b"\x8f"))}
    for _ in range(5000):
        used, raw, text = [], b"", ""
        for i in range(rng.randint(1, 9)):
            if i:
                d = rng.choice("^=\\\n")
                raw, text = raw + d.encode(), text + d
            number = rng.choice(list(sets) + list(left))
            used.append(number)
            escape, chars = sets.get(number) or left[number]
            part = rng.choices(list(chars.items()), k=rng.randint(1, 8))
            raw += escape + b"".join(
                seven(p[0]) if number in left else p[0] for p in part)
            raw += ESC + b"(B" if number in left else b""
            text += "".join(p[1] for p in part)
        charset = "\\".join([""] + ["ISO 2022 IR " + n
                                    for n in dict.fromkeys(used)])
        c.add("names", "PN", charset, raw + b" " * rng.randint(0, 2),
              text.rstrip(" \0") if raw[-1] in b"^=\\\n" else text)


def spellings(c):
    for s in ("ISO_IR 100", "ISO-IR 100", "ISO IR 100", "iso_ir_100",
              "ISO_IR100", "ISOIR100", "ISO 2022 IR 100 ", "ISO2022IR100",
              "ISO_2022_IR_100", "ISO 2022-IR 100", "ISO_IR 100\0",
              "ISO_IR 100\\ISO_IR 192"):
        c.add("spelling", "LO", s, b"\xe4", "\u00e4")
    for s in ("ISO_IR 999", "ISO", "latin1", "ISO_IR 6\0x", "ISO_IR 100\\x",
              "ISO_IR 1000", "\\ISO_IR", "x" * 100):
        c.add("spelling", "LO", s, b"a", "error\tunsupported")
    for vr in ("CS", "AE", "DA", "UI", "UR"):
        c.add("vr", vr, "ISO_IR 100", b"a\xe4\x00", "a\ufffd")


# --- Real objects --------------------------------------------------------------

def walk(ds, charset, c, name):
    cs = ds.get_item(0x00080005)
    if cs is not None:
        v = cs.value
        charset = v if isinstance(v, bytes) else (
            v if isinstance(v, str) else "\\".join(v or [])).encode()
    for tag in ds.keys():
        e = ds.get_item(tag)
        value, vr = e.value, e.VR
        if vr is None and tag in pydicom.datadict.DicomDictionary:
            vr = pydicom.datadict.dictionary_VR(tag)
        if vr == "SQ":
            for item in ds[tag].value:
                walk(item, charset, c, name)
        elif vr in TEXT and isinstance(value, bytes) and value:
            text = by_pydicom(vr, value, charset.decode("latin-1"))
            c.rows.append((name, vr, charset, value, text))


def by_pydicom(vr, value, charset):
    value = value.rstrip(b" \0")
    if not charset.strip() and max(value, default=0) >= 0x80:
        return None  # it takes what is not in ISO-IR 6 for Latin 1
    codecs = convert_encodings([t.strip(" \0") for t in charset.split("\\")])
    if vr == "PN":
        # It leaves groups at the end out that are empty.
        empty = len(value) - len(value.rstrip(b"="))
        return str(PersonName(value, codecs).decode(codecs)) + "=" * empty
    return decode_bytes(value, codecs, TEXT_VR_DELIMS)


def real(c, folders):
    n = 0
    for folder in folders:
        for root, _, files in os.walk(folder):
            for f in sorted(files):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        ds = pydicom.dcmread(os.path.join(root, f), force=True,
                                             stop_before_pixels=True)
                        walk(ds, b"", c, f)
                        n += 1
                    except Exception as e:
                        print("%s: pydicom: %s" % (f, e))
    return n


def main():
    rng, c = random.Random(7), Cases()
    single_bytes(c), double_bytes(c), japanese(c), alone(c, rng)
    names(c, rng), spellings(c)
    made = len(c.rows)
    objects = real(c, sys.argv[2:])
    wrong = 0
    for (what, vr, cs, raw, want), got in zip(c.rows, c.told(sys.argv[1])):
        if want is None or got == want or what == "159" and got == "".join(
                SAME.get(char, char) for char in want):
            continue
        wrong += 1
        if wrong <= 60:
            print("%s: %s of %s in %s: %r; want %r" % (
                what, vr, raw[:60].hex(), cs, got[:60], want[:60]))
    print("%d made texts, %d of %d objects, %d wrong" % (
        made, len(c.rows) - made, objects, wrong))
    sys.exit(1 if wrong or not made else 0)


main()
