#!/usr/bin/env python3
"""needless.py LEDGER: was anything quarantined that a decoder takes without a
word? Those of RAW and other unsupported kinds may be; nothing else. Lists what
is in quarantine, with its reason, and what the decoder says. Exit 1 if any was
needless."""
import os, sqlite3, struct, subprocess, sys


def words(*cmd):
    """What a decoder has to say against a file; empty: nothing."""
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = r.stderr.decode(errors="replace").strip()
    return said or (f"exit {r.returncode}" if r.returncode else "")


def no_picture(path):
    said = subprocess.run(["gifsicle", "--info", path], capture_output=True).stdout
    return "" if b" image" in said else "no image in it"


def png(path):
    """pngcheck and libpng pass over the chunks of an APNG: what its specification
    wants of them is looked at here."""
    data, at, want = open(path, "rb").read(), 8, 0
    while at + 12 <= len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind in (b"fcTL", b"fdAT"):
            got = struct.unpack(">I", data[at + 8:at + 12])[0]
            if got != want:
                return f"APNG: {kind.decode()} has sequence number {got}, not {want}"
            want += 1
        at += 12 + n
    return words("pngcheck", "-q", path)


def kind(path):
    head = open(path, "rb").read(16)
    for name, at, magic in (("jpeg", 0, b"\xff\xd8"), ("png", 0, b"\x89PNG"), ("gif", 0, b"GIF8"), ("webp", 8, b"WEBP"),
                            ("tiff", 0, b"II*\0"), ("tiff", 0, b"MM\0*"), ("tiff", 0, b"II+\0"), ("tiff", 0, b"MM\0+"),
                            ("avif", 4, b"ftypavi"), ("heif", 4, b"ftyp")):
        if head[at:at + len(magic)] == magic:
            return name
    return None


JUDGE = {
    "jpeg": lambda p: words("djpeg", "-outfile", "/dev/null", p),
    "png": png,
    "gif": lambda p: words("gifsicle", "--no-ignore-errors", "-U", p, "-o", "/dev/null") or no_picture(p),
    "webp": lambda p: words("webpinfo", "-quiet", p),
    "tiff": lambda p: words("tiffinfo", "-D", p),
    "avif": lambda p: words("avifdec", "--info", p),
    "heif": lambda p: words("heif-info", p),
}

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
rows = db.execute("SELECT path, code, reason FROM inputs WHERE outcome = 'quarantined' ORDER BY path").fetchall()
needless = 0
for path, code, reason in rows:
    path = os.fsdecode(path)
    k = kind(path)
    said = JUDGE[k](path) if k else "no kind that we take"
    if not said and code != "unsupported":
        needless += 1
        print(f"NEEDLESS {path}: {reason}")
    else:
        first = said.splitlines()[0] if said else "accepted"
        print(f"{os.path.basename(path)}: {code}: {reason}; decoder: {first[:100]}")
print(f"{len(rows)} in quarantine, {needless} needlessly")
sys.exit(1 if needless else 0)
