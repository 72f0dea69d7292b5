"""dicom_objects.py - what other programs say of a DICOM object before and after:
DCMTK, GDCM and dicom3tools. What they print is compared without numbers and
file names, and only that counts which the source did not have."""
import collections, os, re, subprocess, tempfile

import dicom_set as ds

# The decoder for a syntax's pixels: DCMTK's for what it knows, else GDCM's.
DCMTK = {"1.2.840.10008.1.2.5": "dcmdrle", "1.2.840.10008.1.2.4.80": "dcmdjpls", "1.2.840.10008.1.2.4.81": "dcmdjpls",
         **{"1.2.840.10008.1.2.4.%d" % n: "dcmdjpeg" for n in (50, 51, 53, 55, 57, 70)}}


def run(*argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    return done.returncode, done.stdout.decode("latin-1")


def norm(line, path):
    line = line.replace(path, "FILE").replace(os.path.basename(path), "FILE")
    # "<what was there>": values differ, as they must.
    line = re.sub(r'"[^"]*"|<[^<>]*> for value|= <[^<>]*>', "VALUE", line)
    return re.sub(r"(?<![\w,])\d+(?:\.\d+)*", "N", line).strip()


def complaints(argv, path, wanted):
    """A bag of the lines that match, and how the program ended."""
    code, out = run(*argv, path)
    lines = collections.Counter(norm(l, path) for l in out.split("\n") if re.search(wanted, l))
    return code, lines


PROGRAMS = {
    # What a program cannot read it tells in its own words.
    "dcmdump": (["dcmdump", "-q", "+E"], r"^[WEF]: |^(?:warning|error)"),
    "dcmdump -v": (["dcmdump", "-v"], r"^[WEF]: "),
    "gdcminfo": (["gdcminfo"], r"(?i)warning|error|could not|failed|unknown|\[ERROR"),
    "dciodvfy": (["dciodvfy"], r"^Error|^\(.*\) Error|Error -"),
}


def said(source, output, deflated=False):
    """(program, line) for all that is said of the output alone. What is deflated is
    inflated before, which not all of them do."""
    if deflated:
        with tempfile.TemporaryDirectory() as d:
            code, out = run("dcmconv", "+te", source, d + "/inflated")
            return said(d + "/inflated", output) if code == 0 else [("dcmconv", out)]
    new = []
    for name, (argv, wanted) in PROGRAMS.items():
        code, before = complaints(argv, source, wanted)
        then, after = complaints(argv, output, wanted)
        if then != 0 and code == 0 and name != "dciodvfy":
            new.append((name, "exit %d" % then))
        new += [(name, line) for line in (after - before)]
    return new


# --- Pixels ----------------------------------------------------------------------

def speaking(data):
    """(begin, end) of what a JPEG or JPEG 2000 fragment says besides its picture: contents of APPn and COM
    segments before the first scan or tile."""
    jpeg = data[:2] == b"\xff\xd8"
    at = 2 if jpeg or data[:4] == b"\xff\x4f\xff\x51" else len(data)
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2:at + 4], "big")
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0xDA, 0x90):  # SOS, SOT
            break
        if marker == 0xFE or 0xE0 <= marker <= 0xEF if jpeg else marker == 0x64:
            yield at + 4, min(at + 2 + length, len(data))
        at += 2 + length


def fragment_differs(a, b):
    """What differs besides what is zero now and spoke."""
    if len(a) != len(b):
        return "lengths %d and %d" % (len(a), len(b))
    rest = bytearray(a)
    for begin, end in speaking(a):
        for at in range(begin, end):
            rest[at] = b[at] and rest[at]
    return None if rest == b else "other bytes than those of APPn and COM"


def pixel_bits(elements, order):
    """How many the attributes say that native pixels are; None if they do not."""
    def number(tag):
        e = ds.first(elements, tag)
        return int.from_bytes(e.value, "big" if order == ">" else "little") if e is not None and len(e.value) == 2 else 0

    e = ds.first(elements, 0x00280008)
    frames = ds.text(e).strip() if e is not None else ""
    bits = number(0x00280010) * number(0x00280011) * number(0x00280002) * number(0x00280100)
    photometric = ds.first(elements, 0x00280004)
    if photometric is not None and "422" in ds.text(photometric):
        bits = bits * 2 // 3
    return bits * int(frames or 1) if bits and (not frames or frames.isdigit()) else None


def pixels_differ(source, output, bits=None):
    """Of elements (7FE0,0010): None if they are the same; of native ones, the `bits` that are pixels, and the rest
    is zero."""
    if source is None or output is None:
        return None if source is output else "are gone, or new"
    if (source.fragments is None) != (output.fragments is None):
        return "are coded otherwise"
    if source.fragments is None:
        shown = source.value
        if bits is not None and bits < 8 * len(shown):
            mask = (1 << bits) - 1
            shown = (int.from_bytes(shown, "little") & mask).to_bytes(len(shown), "little")
        same = output.value in (source.value, ds.padded("OB", source.value), shown, ds.padded("OB", shown))
        return None if same else "have other values"
    if len(source.fragments) != len(output.fragments):
        return "have other fragments"
    for i, (a, b) in enumerate(zip(source.fragments, output.fragments)):
        wrong = fragment_differs(a, b)
        if wrong:
            return "fragment %d: %s" % (i, wrong)
    return None


def decoded(path, syntax, vrs_of):
    """The pixels that a decoder makes of it; None if none can."""
    with tempfile.TemporaryDirectory() as d:
        out = d + "/raw"
        tool = DCMTK.get(syntax)
        for argv in ([tool, path, out] if tool else None, ["gdcmconv", "--raw", path, out], ["gdcmraw", path, out]):
            if argv is None:
                continue
            code, _ = run(*argv)
            if code == 0 and os.path.exists(out) and os.path.getsize(out):
                data = open(out, "rb").read()
                if argv[0] == "gdcmraw":
                    return argv[0], data
                e = ds.first(ds.File(data, vrs_of).elements, ds.PIXEL_DATA)
                return (argv[0], e.value) if e is not None and e.fragments is None else None
    return None
