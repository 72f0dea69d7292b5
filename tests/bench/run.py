#!/usr/bin/env python3
"""run.py IMGPIPE WORK: CPU and wall time of de-identifying WORK/in.

Each line is the median of five rounds in which all contestants take their turn,
as a ratio to `cp` plus `sha256sum` of the same files. Writes imgpipe's wall
time per image, in ms, to WORK/image-ms."""
import glob, os, resource, shutil, statistics, subprocess, sys, time

ROUNDS = 5
imgpipe, work = sys.argv[1:]
src = os.path.join(work, "in")
files = sorted(glob.glob(src + "/*"))
out = os.path.join(work, "out")


def sh(script):
    return lambda: subprocess.run(["sh", "-c", script, "sh", src, out, work], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)


def run(*options):
    # One worker: the others use one core, too.
    return lambda: subprocess.run([imgpipe, "run", src, "--archive", out, "--state", work + "/state", "--settle", "0",
                                   "--jobs", "1", "--quiet", *options])


contestants = {
    "cp + sha256sum": sh('mkdir "$2" && cp "$1"/* "$2" && sha256sum "$2"/*'),
    "imgpipe run": run(),
    "imgpipe run --check structure": run("--check", "structure"),
    "imgpipe run --mark-text": run("--mark-text", "TRIAL-001 {date}"),
}
if shutil.which("jpegtran"):
    contestants["jpegtran -copy none"] = sh('mkdir "$2" && cd "$1" && for f in *; do jpegtran -copy none -outfile "$2/$f" "$f"; done')
if shutil.which("exiftool"):
    contestants["exiftool -all= (one process)"] = sh('exiftool -q -all= -o "$2/" "$1"')
if shutil.which("exiv2"):
    contestants["exiv2 rm (in place)"] = sh('cp -r "$1" "$2" && exiv2 rm "$2"/*')
if shutil.which("jpegoptim"):
    contestants["jpegoptim --strip-all"] = sh('mkdir "$2" && jpegoptim -q --strip-all -d "$2" "$1"/*')
if shutil.which("mat2"):
    contestants["mat2 (in place)"] = sh('cp -r "$1" "$2" && mat2 --inplace "$2"/*')
if shutil.which("djpeg"):
    contestants["djpeg to nowhere"] = sh('for f in "$1"/*; do djpeg "$f"; done')


def clean():
    for path in (out, work + "/state"):
        shutil.rmtree(path, ignore_errors=True)


cpu, wall = {n: [] for n in contestants}, {n: [] for n in contestants}
for _ in range(ROUNDS):
    for name, go in contestants.items():
        clean()
        before, t = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        go()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall[name].append(time.monotonic() - t)
        cpu[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
clean()
mb = sum(os.path.getsize(f) for f in files) / 1e6
print(f"{len(files)} files, {mb:.1f} MB; medians of {ROUNDS} rounds")
print(f"{'':32} {'CPU s':>8} {'ratio':>7} {'wall s':>8} {'ratio':>7}")
base_c, base_w = (statistics.median(x["cp + sha256sum"]) for x in (cpu, wall))
for name in contestants:
    c, w = statistics.median(cpu[name]), statistics.median(wall[name])
    print(f"{name:32} {c:8.3f} {c / base_c:7.2f} {w:8.3f} {w / base_w:7.2f}")
with open(work + "/image-ms", "w") as f:
    f.write(f"{statistics.median(wall['imgpipe run']) / len(files) * 1000:.3f}")
