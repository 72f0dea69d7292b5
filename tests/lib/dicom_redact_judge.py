"""Is a rectangle black in every frame, and all else as it was?

    dicom_redact_judge.py TOLD DIR X,Y,WIDTH,HEIGHT

TOLD is what tell_dicom_frames -r said, DIR where it wrote. Both sides are
decoded by DCMTK or GDCM where they are coded. JPEG may black out up to the
minimum coded units that the rectangle touches, and what is black in it is so
within a few steps. A line for each finding, and one with the counts."""
import os
import sys
import tempfile
import warnings

import pydicom
from dicom_frames_judge import UID, decode

warnings.simplefilter("ignore")


def number(ds, keyword):
    return int(ds.get(keyword) or 0)


class Picture:
    """Samples as numbers, [frame][row][column][sample]."""

    def __init__(self, path, folder):
        ds = self.ds = pydicom.dcmread(path)
        self.rows, self.columns = number(ds, "Rows"), number(ds, "Columns")
        self.samples = number(ds, "SamplesPerPixel")
        self.size = number(ds, "BitsAllocated") // 8
        self.frames = number(ds, "NumberOfFrames") or 1
        self.jpeg = ds.file_meta.TransferSyntaxUID.startswith(UID + "4.5")
        self.native = not ds["PixelData"].is_undefined_length
        decoded = decode(path, folder)
        self.data = decoded.PixelData
        self.colour = ds.PhotometricInterpretation
        self.big = self.native and not ds.is_little_endian
        self.planar = number(decoded, "PlanarConfiguration") == 1
        self.halved = self.native and self.colour.endswith("_422")

    def swap(self, i):
        words = self.big and self.ds["PixelData"].VR == "OW" and self.size == 1
        return i ^ 1 if words else i

    def pixel(self, frame, y, x):
        """The bytes of a pixel, sample by sample, little endian."""
        n = self.rows * self.columns
        at = y * self.columns + x
        if self.halved:
            base = frame * n * 2 + at // 2 * 4
            places = [base + at % 2, base + 2, base + 3]
        elif self.planar:
            places = [(frame * 3 + s) * n + at for s in range(3)]
        else:
            places = [(frame * n + at) * self.samples + s
                      for s in range(self.samples)]
        out = []
        for p in places:
            b = bytes(self.data[self.swap(p * self.size + i)]
                      for i in range(self.size))
            out.append(int.from_bytes(b, "big" if self.big else "little"))
        return out


def black(pic):
    ds, bits = pic.ds, number(pic.ds, "BitsStored")
    signed = number(ds, "PixelRepresentation")
    mask = (1 << 8 * pic.size) - 1
    if pic.colour == "MONOCHROME2":
        return [-(1 << bits - 1) & mask if signed else 0]
    if pic.colour == "MONOCHROME1":
        return [(1 << bits - signed) - 1]
    if pic.colour == "RGB":
        return [0, 0, 0]
    if pic.colour.startswith("YBR_FULL"):
        return [0, 128, 128]
    first = ds.RedPaletteColorLookupTableDescriptor[1]
    n = ds.RedPaletteColorLookupTableDescriptor[0] or 65536
    tables = [ds[k + "PaletteColorLookupTableData"].value
              for k in ("Red", "Green", "Blue")]
    width = 2 if len(tables[0]) >= 2 * n else 1
    sums = [sum(int.from_bytes(t[i * width:(i + 1) * width], "little")
                for t in tables) for i in range(min(n, (1 << bits) - first))]
    return [first + sums.index(min(sums))]


def within(x, y, rect, unit, beyond=0):
    """In the rectangle, rounded out; of a component with fewer samples than
    pixels, decoders mix neighbours."""
    x0, y0, w, h = rect
    return (x0 // unit * unit - beyond <= x <
            -(-(x0 + w) // unit) * unit + beyond and
            y0 // unit * unit - beyond <= y <
            -(-(y0 + h) // unit) * unit + beyond)


def look(before, after, rect):
    """What is wrong; or None."""
    x0, y0, w, h = rect
    x1, y1 = min(x0 + w, before.columns), min(y0 + h, before.rows)
    unit = 16 if before.jpeg else 2 if before.halved else 1
    most = 3 if before.jpeg else 0
    want = black(before)
    for f in range(before.frames):
        for y in range(before.rows):
            for x in range(before.columns):
                old, new = before.pixel(f, y, x), after.pixel(f, y, x)
                if x0 <= x < x1 and y0 <= y < y1:
                    if want and any(abs(a - b) > most
                                    for a, b in zip(new, want)):
                        return f"frame {f}, {x}, {y}: {new}, want {want}"
                elif old != new and not within(x, y, rect, unit) and not (
                        old[0] == new[0] and
                        within(x, y, rect, unit, 2 if before.jpeg else 0)):
                    return f"frame {f}, {x}, {y}: {new}, was {old}"
    return None


def judge(told, out, done, look_at):
    """Call look_at(path, made, what was told, folder) for each object that was
    made: what is wrong, or None. Print that, and how many are `done`. True: some
    are wrong, or none is right."""
    good = bad = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        for line in open(told, encoding="utf-8"):
            path, *what = line.rstrip("\n").split("\t")
            if what[0] == "error":
                refused += 1
                print(f"{path}: {what[1]}: {what[2]}")
                continue
            made = os.path.join(out, os.path.basename(path))
            why = look_at(path, made, what, folder)
            good += why is None
            bad += why is not None
            if why:
                print(f"{path}: WRONG: {why}")
    print(f"{good} {done}, {refused} refused, {bad} wrong")
    return bad > 0 or good == 0


def main():
    rect = [int(v) for v in sys.argv[3].split(",")]
    return judge(sys.argv[1], sys.argv[2], "redacted",
                 lambda path, made, _, folder:
                 look(Picture(path, folder), Picture(made, folder), rect))


if __name__ == "__main__":
    sys.exit(main())
