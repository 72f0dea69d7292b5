#!/usr/bin/env python3
"""bagit-validate.py BAG: check a bag against RFC 8493, sharing no code with us.

Prints each finding; exits 0 if there is none, 1 otherwise.
"""
import hashlib
import os
import re
import sys

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ENCODED = {"%0D": "\r", "%0A": "\n", "%25": "%"}


def decode(path):  # RFC 8493 2.1.3
    return re.sub("%0D|%0A|%25", lambda m: ENCODED[m[0].upper()], path, flags=re.I)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def check_listed(bag, manifest, findings):
    """The paths that a manifest lists; each must be there and intact."""
    listed = []
    try:
        with open(os.path.join(bag, manifest), encoding="utf-8", newline="\n") as f:
            lines = f.read().split("\n")
    except OSError as e:
        findings.append(f"{manifest}: {e.strerror}")
        return listed
    if lines.pop() != "":
        findings.append(f"{manifest}: the last line does not end")
    for number, line in enumerate(lines, 1):
        match = re.fullmatch(r"([0-9a-f]{64})[ \t]+(.+)", line)
        if not match:
            findings.append(f"{manifest}:{number}: not a digest and a path")
            continue
        path = decode(match[2])
        listed.append(path)
        if path.startswith("/") or ".." in path.split("/"):
            findings.append(f"{manifest}:{number}: leaves the bag: {path}")
        elif not os.path.isfile(os.path.join(bag, path)):
            findings.append(f"{manifest}:{number}: missing: {path}")
        elif digest(os.path.join(bag, path)) != match[1]:
            findings.append(f"{manifest}:{number}: other bytes: {path}")
    if len(set(listed)) != len(listed):
        findings.append(f"{manifest}: a path is listed twice")
    if sorted(listed, key=os.fsencode) != listed:
        findings.append(f"{manifest}: not sorted by bytes")
    return listed


def payload(bag):
    for folder, _, names in os.walk(os.path.join(bag, "data")):
        for name in names:
            full = os.path.join(folder, name)
            yield os.path.relpath(full, bag), full


def check_oxum(bag, sizes, findings):
    try:
        with open(os.path.join(bag, "bag-info.txt"), encoding="utf-8") as f:
            info = f.read()
    except OSError as e:
        findings.append(f"bag-info.txt: {e.strerror}")
        return
    oxum = re.findall(r"^Payload-Oxum: (\d+)\.(\d+)$", info, re.M)
    want = [(str(sum(sizes)), str(len(sizes)))]
    if oxum != want:
        findings.append(f"bag-info.txt: Payload-Oxum {oxum}, want {want}")


def validate(bag):
    findings = []
    try:
        with open(os.path.join(bag, "bagit.txt"), "rb") as f:
            if f.read() != DECLARATION:
                findings.append("bagit.txt: not the two lines of RFC 8493 2.1.1")
    except OSError as e:
        findings.append(f"bagit.txt: {e.strerror}")
    if not os.path.isdir(os.path.join(bag, "data")):
        findings.append("data: no directory")

    listed = set(check_listed(bag, "manifest-sha256.txt", findings))
    present = dict(payload(bag))
    findings += [f"not listed: {path}" for path in sorted(set(present) - listed)]
    findings += [f"not in data/: {path}" for path in listed if not path.startswith("data/")]
    check_oxum(bag, [os.path.getsize(full) for full in present.values()], findings)

    tags = {n for n in os.listdir(bag) if os.path.isfile(os.path.join(bag, n))}
    want = tags - {"tagmanifest-sha256.txt"}
    tagged = set(check_listed(bag, "tagmanifest-sha256.txt", findings))
    if tagged != want:
        findings.append(f"tagmanifest-sha256.txt: lists {sorted(tagged)}, want {sorted(want)}")
    findings += [f"left over: {n}" for n in os.listdir(bag) if n not in tags | {"data"}]
    return findings


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    findings = validate(sys.argv[1])
    print("\n".join(findings) or "valid")
    sys.exit(1 if findings else 0)


main()
