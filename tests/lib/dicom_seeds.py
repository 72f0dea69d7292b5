#!/usr/bin/env python3
"""dicom_seeds.py STANDARD DIRECTORY FILE...: each DICOM object of these once
more, in DIRECTORY, for tests/fuzz/fuzz_dicom_edit.c: its patient and instance
are the planted ones, who are named in its texts, too, and its first bytes ask
for options, for each object other ones."""
import os, struct, sys, zlib

import dicom_set as ds
from dicom_std import Standard

# As tests/fuzz/dicom_recipe.h has them.
NAME, NUMBER, INSTANCE = b"QZFAMILY", b"QZ4711932", b"1.3.6.1.4.1.99999.4711"
PATIENT = {0x00080018: INSTANCE, 0x00100010: NAME + b"^JANE", 0x00100020: NUMBER}
# Every third text, so that some have nothing to hide.
PROSE = {"LO": NAME, "SH": NUMBER, "LT": b"seen by Dr. " + NAME, "ST": b"no " + NUMBER, "UT": b"of " + INSTANCE}


def plant(elements):
    for i, (_, e, _) in enumerate(ds.walk(elements)):
        if e.items is None and e.fragments is None and e.vr in PROSE and i % 3 == 0:
            e.value = PROSE[e.vr]
    for e in elements:
        if e.tag in PATIENT and e.items is None:
            e.value = PATIENT[e.tag]


def main():
    standard, directory, made = Standard(sys.argv[1]), sys.argv[2], 0
    for path in sys.argv[3:]:
        with open(path, "rb") as f:
            data = f.read()
        try:
            source = ds.File(data, standard.vrs_of)
        except (ds.Damaged, IndexError, ValueError, zlib.error):
            continue  # a seed as it is
        plant(source.elements)
        meta = [e for e in source.meta if e.tag in (0x00020002, 0x00020003)]
        # All pass, burned in or not; the other bits as they come.
        options = (made * 2654435761 >> 7 & 0xFFFF) | 0x0400
        preamble = options.to_bytes(2, "little") + bytes(126)
        try:
            ds.write_file(os.path.join(directory, "planted-%03d" % made), source.syntax, meta, source.elements,
                          preamble)
        except struct.error:  # a value does not fit its header
            continue
        made += 1


if __name__ == "__main__":
    main()
