"""Are pixels the same when what is hidden among them has been taken away?

    dicom_frames_judge.py plant CORPUS DIR
    dicom_frames_judge.py judge TOLD DIR CORPUS

`plant` puts copies of real objects into DIR, with a word in every place of
their pixel data that readers pass, and others with a bit set that is not of
the value of a sample, which must be refused. `judge` reads what tell_dicom_frames said,
looks for the word in what it wrote to DIR, and has DCMTK and GDCM decode that
and the object of CORPUS that it comes from. A line for each finding, and one with the counts at the end."""
import os
import subprocess
import sys
import tempfile
import warnings

import pydicom
from pydicom.encaps import encapsulate, generate_pixel_data_fragment
from pydicom.filebase import DicomBytesIO

warnings.simplefilter("ignore")

PLANTED = "planted__"
OVERLAID = "overlaid__"
WORD = b"CANARY-Jane-Doe-19700101"
UID = "1.2.840.10008.1.2."


def fragments(ds):
    fp = DicomBytesIO(ds.PixelData)
    fp.is_little_endian = True
    pydicom.encaps.get_frame_offsets(fp)
    return list(generate_pixel_data_fragment(fp))


def segment(marker, payload):
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + \
        payload


def even(data):
    return data + b"\0" * (len(data) % 2)


def plant_jpeg(frame, coded=True):
    """Behind SOI, before the first scan, and behind EOI; in a table that no
    scan uses and behind the last coded block, which is followed if `coded`."""
    words = (segment(0xFE, WORD) + segment(0xE1, b"Exif\0\0" + WORD) +
             segment(0xE0, b"JFXX\0" + WORD) + segment(0xED, WORD) +
             segment(0xE8, b"SPIFF\0" + WORD) +
             segment(0xE3, WORD))
    sos = frame.index(b"\xff\xda")
    eoi = frame.rindex(b"\xff\xd9")
    tail = b""
    if coded:
        words += segment(0xDB, b"\3" + WORD + bytes([1] * (64 - len(WORD))))
        words += segment(0xC4, b"\3\0\0\0\0" + bytes([len(WORD)]) +
                         bytes(11) + WORD)
        tail = WORD
    return even(frame[:2] + words + frame[2:sos] + segment(0xFE, WORD) +
                frame[sos:eoi] + tail + frame[eoi:eoi + 2] + WORD)


def plant_jpeg_ls(frame):
    """Where no decoder is needed to find it."""
    return plant_jpeg(frame, coded=False)


def plant_jpeg2000(frame):
    """In the main header, behind SIZ, and behind EOC."""
    siz = 4 + int.from_bytes(frame[4:6], "big")
    end = frame.rindex(b"\xff\xd9") + 2
    return even(frame[:siz] + segment(0x64, b"\0\1" + WORD) +
                frame[siz:end] + WORD)


def plant_rle(frame):
    """Behind the last segment."""
    return even(frame + WORD)


def planted(ds, syntax):
    if not ds["PixelData"].is_undefined_length:
        return even(ds.PixelData + WORD)
    how = {"4.5": plant_jpeg, "4.7": plant_jpeg, "4.8": plant_jpeg_ls,
           "4.9": plant_jpeg2000, "5": plant_rle}
    plant = next((h for s, h in how.items()
                  if syntax.startswith(UID + s)), None)
    frames = fragments(ds)
    if plant is None or len(frames) != int(ds.get("NumberOfFrames") or 1):
        return None
    return encapsulate([plant(f) for f in frames])


def overlaid(ds):
    """Of the first sample; None if it has no such bit."""
    bits, high = ds.get("BitsAllocated"), ds.get("HighBit")
    if bits not in (8, 16, 32) or high is None or high + 1 >= bits:
        return None
    big = not ds.is_little_endian
    at = bits // 8 - 1 if not big else 0
    return ds.PixelData[:at] + bytes([ds.PixelData[at] ^ 0x80]) + \
        ds.PixelData[at + 1:]


def objects(corpus):
    for folder, _, names in sorted(os.walk(corpus)):
        for name in sorted(names):
            yield name, os.path.join(folder, name)


def plant(corpus, out):
    n = 0
    for name, path in objects(corpus):
        try:
            ds = pydicom.dcmread(path)
            syntax = ds.file_meta.TransferSyntaxUID
            if "PixelData" not in ds or "1.99" in syntax:
                continue
            data = planted(ds, syntax)
            if data is None:
                continue
            undefined = ds["PixelData"].is_undefined_length
            ds.PixelData = data
            ds["PixelData"].is_undefined_length = undefined
            ds.save_as(os.path.join(out, PLANTED + name))
            over = None if undefined else overlaid(ds)
            if over:
                ds.PixelData = over
                ds.save_as(os.path.join(out, OVERLAID + name))
        except Exception:  # pydicom cannot read or write some of them
            continue
        n += 1
    print(f"{n} objects planted")


def decode(path, folder):
    """The object, decoded by what knows its syntax; or None."""
    out = os.path.join(folder, "decoded.dcm")
    ds = pydicom.dcmread(path)
    syntax = ds.file_meta.TransferSyntaxUID
    if not ds["PixelData"].is_undefined_length:
        return ds
    first = {"4.5": ["dcmdjpeg", "+cn"], "4.7": ["dcmdjpeg"],
             "4.8": ["dcmdjpls"], "5": ["dcmdrle"]}
    for tool in [t for s, t in first.items() if syntax.startswith(UID + s)] + \
            [["gdcmconv", "--raw"]]:
        if subprocess.run(tool + [path, out], capture_output=True,
                          check=False).returncode == 0:
            return pydicom.dcmread(out)
    return None


def pixels(ds):
    """Without what a native value has behind its pixels."""
    if ds is None:
        return None
    return ds.PixelData[:pydicom.pixel_data_handlers.util.get_expected_length(
        ds)]


def judge(told, out, corpus):
    sources = {PLANTED + name: path for name, path in objects(corpus)}
    words = same = bad = refused = overlays = 0
    with tempfile.TemporaryDirectory() as folder:
        for line in open(told, encoding="utf-8"):
            path, *what = line.rstrip("\n").split("\t")
            name = os.path.basename(path)
            made = os.path.join(out, name)
            if name.startswith(OVERLAID):
                overlays += 1
                if what[0] != "error" or "are not stored" not in what[2]:
                    bad += 1
                    print(f"{path}: the overlay is still in it")
                continue
            if what[0] == "error":
                refused += 1
                print(f"{path}: {what[2]}")
                continue
            if what[0] == "kept":
                continue
            words += open(path, "rb").read().count(WORD)
            if WORD in open(made, "rb").read():
                bad += 1
                print(f"{path}: the word is still in it")
            if what[0] == "0":
                continue  # an icon has gone, and nothing else
            source = sources.get(name, path)
            before = pixels(decode(source, folder))
            if before and before == pixels(decode(made, folder)):
                same += 1
                continue
            bad += 1
            print(f"{path}: pixels are not what they were")
    print(f"{same} cleaned and decoded to the same pixels, {words} words, "
          f"{overlays} overlays, {refused} refused, {bad} wrong")
    return bad > 0 or same == 0 or overlays == 0


if __name__ == "__main__":
    sys.exit({"plant": plant, "judge": judge}[sys.argv[1]](*sys.argv[2:]))
