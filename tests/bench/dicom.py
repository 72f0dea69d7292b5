#!/usr/bin/env python3
"""dicom.py IMGPIPE NOSYNC WORK SLICE: what it costs to de-identify 2,000 small CT slices
made from SLICE, beside tools that do so in one process over all files, and beside
copying and hashing. Medians of rounds in which all take their turn.

Each run writes into a directory of its own, and all of them are removed at the
end: ext4 steps round every inode that was deleted within the last minutes, which
would cost more than what is measured.

The others wait for no disk: NOSYNC, to be preloaded, tells what that takes.
dicognito is in no registry of Debian; what pydicom alone takes is told instead."""
import os, re, resource, shutil, statistics, subprocess, sys, time

SLICES, PER_SERIES, ROUNDS = 2000, 100, 5
imgpipe, nosync, work, sample = sys.argv[1:]
src, key, runs = work + "/slices", work + "/slices.key", work + "/slices-runs"

# What the basic profile has of such a slice, as far as the tool can be told.
EMPTY = ["0008,0020", "0008,0023", "0008,0030", "0008,0033", "0008,0050", "0008,0090", "0010,0010", "0010,0020",
         "0010,0030", "0010,0040", "0020,0010"]
GONE = ["0008,0021", "0008,0022", "0008,0031", "0008,0032", "0008,0080", "0008,1010", "0010,1010", "0010,1030"]
PYDICOM = """
import glob, sys
import pydicom
from pydicom.uid import generate_uid
empty, gone, src, out = sys.argv[1].split(), sys.argv[2].split(), sys.argv[3], sys.argv[4]
tag = lambda t: tuple(int(h, 16) for h in t.split(","))
for f in glob.glob(src + "/*"):
    ds = pydicom.dcmread(f)
    ds.remove_private_tags()
    for t in gone:
        if tag(t) in ds:
            del ds[tag(t)]
    for t in empty:
        if tag(t) in ds:
            ds[tag(t)].value = ""
    for t in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        setattr(ds, t, generate_uid(entropy_srcs=[str(getattr(ds, t)), "key"]))
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(out + "/" + f.rsplit("/", 1)[1])
"""


def ending(uid, digits):
    """A UID as long as `uid` that ends in these digits."""
    return uid[:-len(digits)] + digits


def value(data, head):
    """Of the first element with this header up to its length."""
    at = data.index(head) + len(head)
    return data[at + 2:at + 2 + int.from_bytes(data[at:at + 2], "little")].rstrip(b"\0")


def make_slices():
    os.makedirs(src)
    data = open(sample, "rb").read()
    instance, series = value(data, b"\x08\0\x18\0UI"), value(data, b"\x20\0\x0e\0UI")
    for n in range(SLICES):
        one = data.replace(series, ending(series, b"%02d" % (n // PER_SERIES)))
        one = one.replace(instance, ending(instance, b"%06d" % n))
        with open("%s/%06d.dcm" % (src, n), "wb") as f:
            f.write(one)
    found = {value(open(src + "/" + f, "rb").read(), b"\x08\0\x18\0UI") for f in os.listdir(src)}
    assert len(found) == SLICES


def sh(script, *more):
    return lambda out: subprocess.run(["sh", "-c", script, "sh", src, out, *more], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, check=True)


def run(*options, **environment):
    return lambda out: subprocess.run([imgpipe, "run", src, "--archive", out, "--state", out + "-state", "--settle",
                                       "0", "--key-file", key, "--quiet", *options], check=True,
                                      env=dict(os.environ, **environment))


def contestants():
    yield "cp + sha256sum", sh('mkdir "$2" && cp "$1"/* "$2" && sha256sum "$2"/*'), None
    yield "imgpipe run, 1 worker", run("--jobs", "1"), None
    yield "imgpipe run", run(), None
    yield "imgpipe run, not synced", run(LD_PRELOAD=os.path.abspath(nosync)), None
    if shutil.which("gdcmanon"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", work + "/anon.key",
                        "-out", work + "/anon.pem", "-subj", "/CN=bench"], check=True, stderr=subprocess.DEVNULL)
        yield "gdcmanon, the profile", sh('gdcmanon -e -c "$3" -r -i "$1" -o "$2"', work + "/anon.pem"), None
        dumb = [a for t in EMPTY for a in ("--empty", t)] + [a for t in GONE for a in ("--remove", t)]
        # No profile, and UIDs stay: the least that a tool can do.
        yield ("gdcmanon --dumb, %d elements" % len(EMPTY + GONE),
               sh('gdcmanon --dumb %s -r -i "$1" -o "$2"' % " ".join(dumb)), None)
    if shutil.which("dcmodify"):
        what = " ".join(["-ma '(%s)='" % t for t in EMPTY] + ["-ea '(%s)'" % t for t in GONE])
        yield ("dcmodify, %d elements (in place)" % len(EMPTY + GONE),
               sh('dcmodify -q -nb -imt -ep -gst -gse -gin %s "$2"/*' % what), lambda out: shutil.copytree(src, out))
    python = next((p for p in ("python3", "/usr/bin/python3")
                   if subprocess.run([p, "-c", "import pydicom"], stderr=subprocess.DEVNULL).returncode == 0), None)
    if python:
        yield "pydicom", sh('mkdir "$2" && "$6" -c "$3" "$4" "$5" "$1" "$2"', PYDICOM, " ".join(EMPTY), " ".join(GONE),
                            python), None


make_slices()
os.makedirs(runs)
subprocess.run([imgpipe, "keygen", key], check=True, stdout=subprocess.DEVNULL)
taking_part = list(contestants())
cpu, wall = ({name: [] for name, _, _ in taking_part} for _ in range(2))
for n in range(ROUNDS):
    for i, (name, go, prepare) in enumerate(taking_part):
        out = f"{runs}/{n}-{i}"
        if prepare:
            prepare(out)
        os.sync()  # what the last one left unwritten is not for the next to write
        before, t = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        go(out)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall[name].append(time.monotonic() - t)
        cpu[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
cpu, wall = ({n: statistics.median(v) for n, v in of.items()} for of in (cpu, wall))
ours = "imgpipe run"
mb = sum(os.path.getsize(src + "/" + f) for f in os.listdir(src)) / 1e6
print(f"\n{SLICES} CT slices, {mb:.0f} MB, {os.cpu_count()} cores; medians of {ROUNDS} rounds; ratios to {ours}")
print(f"{'':40} {'CPU s':>8} {'ratio':>7} {'wall s':>8} {'ratio':>7}")
for n in wall:
    print(f"{n:40} {cpu[n]:8.3f} {cpu[n] / cpu[ours]:7.2f} {wall[n]:8.3f} {wall[n] / wall[ours]:7.2f}")
for n in wall:
    if not re.match("cp|imgpipe", n):
        print(f"{ours} takes 1/{wall[n] / wall[ours]:.2f} of the wall time of {n}, "
              f"1/{wall[n] / wall[ours + ', not synced']:.2f} not synced")
shutil.rmtree(src)
shutil.rmtree(runs)
