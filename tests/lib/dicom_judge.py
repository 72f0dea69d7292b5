#!/usr/bin/env python3
"""dicom_judge.py TOLD: is what tell_dicom said of files what they hold?

Judged by pydicom (path, VR, offset and length of each element, and fragments)
and by DCMTK's dcmdump (path, VR, length of all, fragments and items too), which
share no code with imgpipe. Both drop the order of elements, so that sets are
compared. Prints what differs and a summary; exit 1 if anything does that the
lists below do not explain."""
import os, re, subprocess, sys, warnings

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.encaps import get_frame_offsets, decode_data_sequence
from pydicom.filebase import DicomBytesIO

UNDEFINED = 0xFFFFFFFF

# What tell_dicom must not read, and why that is right.
REFUSED = {
    # Pixel data is cut off. pydicom takes what there is; dcmdump fails.
    "pydicom__MR_truncated.dcm": "(7FE0,0010) at 1488: length 8192, have 8130",
    # The same within a sequence.
    "pydicom__rtplan_truncated.dcm":
        "(300A,00B0) at 1410: length 976, have 711",
    # Implicit VR where JPEG promises explicit. pydicom reads on as it is;
    # dcmdump fails.
    "pydicom__SC_rgb_jpeg.dcm":
        "(0008,0008) at 356: its VR is none of PS3.5",
    # A byte too many in front of a file without preamble: neither reads it.
    "pydicom__no_meta.dcm": "not DICOM",
}
# What both judges take for bytes: private, of known length and in implicit VR.
# It is a whole sequence.
BYTES_TO_THEM = {"pydicom__priv_SQ.dcm": "(3F03,1001)"}

# How the judges may name a VR that the dictionary leaves open, or that they do
# not know; "up" is dcmdump's own word for pointers in a DICOMDIR.
OPEN = {"US or SS": {"US", "SS", "xs"}, "OB or OW": {"OB", "OW", "ox"},
        "US or OW": {"US", "OW", "lt"}, "US or SS or OW": {"US", "OW", "lt"},
        "UN": {"UN", "??"}, "UL": {"UL", "up"}}


class Told:
    """One file of the listing."""

    def __init__(self, name, syntax):
        self.name, self.syntax = name, syntax
        self.events, self.error = [], None
        self.base = os.path.basename(name)

    def paths(self):
        """path: (kind, written, vr, value offset, length), of elements."""
        out = {}
        for kind, path, written, vr, at, head, length, flags in self.events:
            if kind in ("element", "sequence", "pixels"):
                # Both judges have the first of a tag that is there twice.
                out.setdefault(path, (kind, written, vr, int(at) + int(head),
                                      int(length)))
        return out


def told(path):
    files = []
    for line in open(path, encoding="utf-8"):
        f = line.rstrip("\n").split("\t")
        if f[0] == "file":
            files.append(Told(f[1], f[2] if len(f) > 3 else None))
            if f[2] in ("not DICOM", "error"):
                files[-1].error = f[-1]
        elif f[0] == "error":
            files[-1].error = f[2]
        else:
            files[-1].events.append(f)
    return files


def vr_fits(vr, theirs, private):
    if private and vr in ("UN", "LO"):
        return True  # dcmdump has a dictionary of private elements, too
    return theirs in OPEN.get(vr, ()) or theirs == vr


def is_bytes_to_them(f, path):
    return path.startswith(BYTES_TO_THEM.get(f.base, "-"))


# --- pydicom -------------------------------------------------------------------

def raw_elements(ds, base, prefix, out):
    """path: (VR or None, value offset, length, value), of all in it."""
    for tag in ds.keys():
        e = ds.get_item(tag)
        path = "%s(%04X,%04X)" % (prefix, tag.group, tag.element)
        if isinstance(e, RawDataElement):
            vr, at, length = e.VR, base + e.value_tell, e.length
            base_in, value = at, e.value
            is_sq = vr == "SQ" or (vr is None and known_sq(tag))
        else:  # read already: a sequence of undefined length, or what it
            # needed itself, whose length it does not keep
            vr, at = e.VR, base + (e.file_tell or 0)
            length = UNDEFINED if e.is_undefined_length else None
            base_in = base if e.is_undefined_length else at
            value, is_sq = None, vr == "SQ"
        out[path] = vr, at, length, value
        if is_sq:
            for i, item in enumerate(ds[tag].value):
                raw_elements(item, base_in, "%s[%d]." % (path, i), out)


def known_sq(tag):
    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:
        return False


def read_pydicom(name):
    out = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(name, force=True)
        raw_elements(ds.file_meta, 0, "", out)
        raw_elements(ds, 0, "", out)
    return out


def pieces(value):
    """Lengths of fragments, the offset table first."""
    fp = DicomBytesIO(value)
    fp.is_little_endian = True
    _, offsets = get_frame_offsets(fp)
    table = value[4:8]
    return [int.from_bytes(table, "little")] + [
        len(f) for f in decode_data_sequence(value)]


def by_pydicom(f, problems):
    mine, theirs = f.paths(), read_pydicom(f.name)
    for path, (kind, written, vr, at, length) in mine.items():
        if path not in theirs:
            if not is_bytes_to_them(f, path):
                problems.append("pydicom has no " + path)
            continue
        their_vr, their_at, their_length, value = theirs[path]
        if at != their_at or their_length not in (length, None):
            problems.append("%s: at %d, length %d; pydicom: %d, %s" % (
                path, at, length, their_at, their_length))
        if their_vr and written != "none" and their_vr not in (written, vr):
            problems.append("%s: VR %s; pydicom: %s" % (
                path, written, their_vr))
        if kind == "pixels":
            lengths = [int(e[6]) for e in f.events
                       if e[0] == "fragment" and
                       re.sub(r"\[\d+\]$", "", e[1]) == path]
            if lengths != pieces(value):
                problems.append("%s: fragments of %s; pydicom: %s" % (
                    path, lengths, pieces(value)))
    for path in theirs:
        if path not in mine:
            problems.append("only pydicom has " + path)
    return len(mine)


# --- DCMTK ---------------------------------------------------------------------

LINE = re.compile(r"( *)\(([0-9a-f]{4}),([0-9a-f]{4})\) (\S\S) ")
TAIL = re.compile(r"# *(u/l|\d+), *\d+ [^#\n]*$")


def read_dcmdump(name):
    """path: (VR, length), of elements, items and fragments."""
    run = subprocess.run(["dcmdump", "-q", name], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=False)
    out, at = {}, []  # of the line above: [path, items so far] per depth
    line = ""
    for part in run.stdout.decode("latin-1").split("\n"):
        line = line + part if line and not LINE.match(part) else part
        head, tail = LINE.match(line), TAIL.search(line)
        if not head or not tail:
            continue
        depth, tag = len(head[1]) // 2, (head[2] + "," + head[3]).upper()
        length = UNDEFINED if tail[1] == "u/l" else int(tail[1])
        line = ""
        del at[depth:]
        if tag in ("FFFE,E00D", "FFFE,E0DD"):
            at.append(None)
            continue
        if tag == "FFFE,E000":
            above = at[depth - 1]
            path = "%s[%d]" % (above[0], above[1])
            above[1] += 1
        else:
            path = "%s(%s)" % (at[depth - 1][0] + "." if depth else "", tag)
        while len(at) < depth:
            at.append(None)
        at.append([path, 0])
        out.setdefault(path, (head[4], length))
    return run.returncode == 0, out


def by_dcmdump(f, problems):
    ok, theirs = read_dcmdump(f.name)
    if not ok:
        problems.append("dcmdump fails")
    mine = {}
    for kind, path, written, vr, _, _, length, _ in f.events:
        if kind not in ("item-end", "sequence-end", "pixels-end", "zeros",
                        "end"):
            mine.setdefault(path, (kind, written, vr, int(length)))
    for path, (kind, written, vr, length) in mine.items():
        if is_bytes_to_them(f, path):
            continue
        if path not in theirs:
            problems.append("dcmdump has no " + path)
            continue
        their_vr, their_length = theirs[path]
        # It makes lengths even as it reads.
        if length % 2 and length != UNDEFINED:
            length += 1
        if length != their_length:
            problems.append("%s: length %d; dcmdump: %d" % (
                path, length, their_length))
        private = int(re.findall(r"\((\w+),", path)[-1], 16) % 2
        if kind == "element" and not vr_fits(vr, their_vr, private):
            problems.append("%s: VR %s; dcmdump: %s" % (path, vr, their_vr))
    for path in theirs:
        if path not in mine and not is_bytes_to_them(f, path):
            problems.append("only dcmdump has " + path)
    return len(mine)


def tiles(f, problems):
    """Events follow each other from the meta group's start to the end."""
    at = None
    for kind, path, _, _, start, head, length, _ in f.events:
        if at is not None and int(start) != at:
            problems.append("a gap before %s at %s" % (path, start))
        at = int(start) + int(head)
        if kind in ("element", "fragment", "zeros"):
            at += int(length)
    if at != os.path.getsize(f.name) and "Deflated Explicit" not in f.syntax:
        problems.append("ends at %s of %d" % (at, os.path.getsize(f.name)))


def main():
    files = told(sys.argv[1])
    wrong, elements, all_of_them = 0, 0, 0
    for f in files:
        problems = []
        want = REFUSED.get(f.base)
        if want or f.error:
            if f.error != want:
                problems.append("%s; want %s" % (f.error, want))
        elif "Deflated Explicit" in f.syntax:
            tiles(f, problems)
        else:
            tiles(f, problems)
            elements += by_pydicom(f, problems)
            all_of_them += by_dcmdump(f, problems)
        for p in problems[:20]:
            print("%s: %s" % (f.base, p))
        wrong += bool(problems)
    print("%d files, %d elements by pydicom, %d parts by dcmdump, %d refused, "
          "%d wrong" % (len(files), elements, all_of_them,
                        sum(bool(f.error) for f in files), wrong))
    sys.exit(1 if wrong or not files else 0)


main()
