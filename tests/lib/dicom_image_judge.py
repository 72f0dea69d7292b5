"""Is what tell_dicom_image says of pictures what pydicom says?

    dicom_image_judge.py TOLD

A line for each file that differs, and one with the count at the end."""
import sys
import warnings

import pydicom
from pydicom.encaps import generate_pixel_data_fragment, get_frame_offsets
from pydicom.filebase import DicomBytesIO

warnings.simplefilter("ignore")


def number(ds, keyword):
    value = ds.get(keyword)
    return int(value) if value not in (None, "") else 0


def frames_of(ds, offsets, lengths):
    """The number of the fragment that each frame begins with."""
    n = number(ds, "NumberOfFrames") or 1
    if n == len(lengths):
        return list(range(1, n + 1)) + [n + 1]
    if n == 1:
        return [1, len(lengths) + 1]
    begins, at = {}, 0
    for i, length in enumerate(lengths):
        begins[at] = i + 1
        at += 8 + length
    return [begins[o] for o in offsets] + [len(lengths) + 1]


def picture(path):
    ds = pydicom.dcmread(path, force=True)
    told = [number(ds, k) for k in (
        "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored",
        "HighBit")]
    told += [number(ds, "NumberOfFrames") or 1,
             number(ds, "PixelRepresentation"),
             number(ds, "PlanarConfiguration")]
    told += ["", "", pydicom.pixel_data_handlers.util.get_expected_length(ds)
             if all(told[:4]) else 0, ""]
    if "PixelData" not in ds:
        return told
    if not ds["PixelData"].is_undefined_length:
        told[9] = len(ds.PixelData)
        return told
    fp = DicomBytesIO(ds.PixelData)
    fp.is_little_endian = True
    has, offsets = get_frame_offsets(fp)
    lengths = [len(f) for f in generate_pixel_data_fragment(fp)]
    told[10] = len(lengths)
    told[12] = ",".join(map(str, frames_of(ds, offsets, lengths)))
    return told


def main():
    bad = judged = 0
    for line in open(sys.argv[1], encoding="utf-8"):
        path, *told = line.rstrip("\n").split("\t")
        if told[0] == "error":
            print(f"{path}: {told[2]}")
            continue
        judged += 1
        want = [str(v) for v in picture(path)]
        if told != want:
            bad += 1
            print(f"{path}: told {told}, want {want}")
    print(f"{judged} pictures, {bad} otherwise")
    return bad > 0 or judged == 0


if __name__ == "__main__":
    sys.exit(main())
