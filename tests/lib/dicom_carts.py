"""dicom_carts.py DIR: ultrasound objects with a name burned into the top, in
each way that pixels are coded; and some that no rule, or no decoder, is for.

The picture is noise of values that are never black, so that whatever changes
shows."""
import os
import random
import subprocess
import sys
import warnings

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

warnings.simplefilter("ignore")

ROWS, COLUMNS = 120, 200
US = "1.2.840.10008.5.1.4.1.1.6.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
number = 0


def samples(n, least, most, smooth):
    """Noise; or, for a codec, what it codes well."""
    rnd = random.Random(n)
    if not smooth:
        return [rnd.randint(least, most) for _ in range(n)]
    return [least + (i % 97 + i // 211) % (most - least) for i in range(n)]


def make(path, colour="MONOCHROME2", bits=8, stored=8, frames=1, planar=0,
         syntax=ExplicitVRLittleEndian, smooth=False, **attributes):
    global number
    number += 1
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = attributes.get("SOPClassUID", US)
    ds = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian = syntax != ExplicitVRBigEndian
    ds.is_implicit_VR = False
    ds.SOPClassUID, ds.Modality = US, "US"
    ds.SOPInstanceUID = f"1.3.6.1.4.1.99999.5.{number}"
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.StudyInstanceUID = "1.3.6.1.4.1.99999.5.1000"
    ds.SeriesInstanceUID = "1.3.6.1.4.1.99999.5.1001"
    ds.PatientName, ds.PatientID = "Zmaqobora^Jane", "PJ740215"
    ds.Manufacturer, ds.ManufacturerModelName = "Example Medical", "Cart 5"
    ds.BurnedInAnnotation = "YES"
    ds.SamplesPerPixel = 3 if colour[0] in "RY" else 1
    ds.PhotometricInterpretation = colour
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = planar
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, stored, stored - 1
    ds.PixelRepresentation = 0
    if colour == "PALETTE COLOR":
        for name in ("Red", "Green", "Blue"):
            setattr(ds, name + "PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(ds, name + "PaletteColorLookupTableData",
                    b"".join(((255 - i) * 257).to_bytes(2, "little")
                             for i in range(256)))
    per_pixel = 2 if colour == "YBR_FULL_422" else ds.SamplesPerPixel
    n = ROWS * COLUMNS * frames * per_pixel
    values = samples(n, 40, (1 << stored) - 40, smooth)
    order = "little" if ds.is_little_endian else "big"
    ds.PixelData = b"".join(v.to_bytes(bits // 8, order) for v in values)
    ds["PixelData"].VR = "OW" if bits > 8 else "OB"
    for keyword, value in attributes.items():
        if value is None:
            del ds[keyword]
        else:
            setattr(ds, keyword, value)
    ds.save_as(path, write_like_original=False)


def coded(command, source, path):
    """The same object by a tool, which keeps its UIDs."""
    subprocess.run([*command, source, path], check=True,
                   stderr=subprocess.DEVNULL)
    os.remove(source)


def main():
    out = sys.argv[1]

    def at(name):
        return os.path.join(out, name)
    make(at("grey8.dcm"))
    make(at("grey16.dcm"), bits=16, stored=12, frames=2)
    make(at("big16.dcm"), bits=16, stored=12, syntax=ExplicitVRBigEndian)
    make(at("inverse.dcm"), colour="MONOCHROME1")
    make(at("palette.dcm"), colour="PALETTE COLOR")
    make(at("rgb.dcm"), colour="RGB", frames=3)
    make(at("planes.dcm"), colour="RGB", planar=1, frames=2)
    make(at("pairs.dcm"), colour="YBR_FULL_422")
    make(at("unsaid.dcm"), BurnedInAnnotation=None)
    make(at("t"), frames=2)
    coded(["dcmcrle"], at("t"), at("rle-grey.dcm"))
    make(at("t"), bits=16, stored=12)
    coded(["dcmcrle"], at("t"), at("rle-grey16.dcm"))
    make(at("t"), colour="RGB", frames=2)
    coded(["dcmcrle"], at("t"), at("rle-rgb.dcm"))
    make(at("t"), smooth=True, frames=2)
    coded(["dcmcjpeg", "+eb", "+un"], at("t"), at("jpeg-grey.dcm"))
    make(at("t"), colour="RGB", smooth=True, frames=3)
    coded(["dcmcjpeg", "+eb", "+s4", "+un"], at("t"), at("jpeg-444.dcm"))
    make(at("t"), colour="RGB", smooth=True)
    coded(["dcmcjpeg", "+eb", "+s2", "+un"], at("t"), at("jpeg-422.dcm"))
    # What is refused, if it is to be redacted.
    make(at("t"), frames=2)
    coded(["dcmcjpeg", "+un"], at("t"), at("not-lossless.dcm"))
    make(at("t"), smooth=True)
    coded(["gdcmconv", "--j2k"], at("t"), at("not-j2k.dcm"))
    make(at("t"), smooth=True)
    coded(["gdcmconv", "--jpegls"], at("t"), at("not-jpegls.dcm"))
    make(at("t"))
    coded(["dcmconv", "+td"], at("t"), at("not-deflated.dcm"))
    # What is of another make, is known to be clean, or says that it is not.
    make(at("other.dcm"), ManufacturerModelName="Cart 55")
    make(at("clean.dcm"), ManufacturerModelName="Clean Cart",
         BurnedInAnnotation="NO")
    make(at("not-clean.dcm"), ManufacturerModelName="Clean Cart")
    make(at("ct.dcm"), SOPClassUID=CT, Modality="CT", bits=16, stored=12,
         BurnedInAnnotation=None)


if __name__ == "__main__":
    sys.exit(main())
