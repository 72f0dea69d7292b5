#!/usr/bin/env python3
"""run.py IMGPIPE WORK: CPU and wall time of de-identifying and marking WORK/in.

Each line is the median of five rounds in which all contestants take their turn,
as a ratio to the first. Writes imgpipe's wall time per image, in ms, to
WORK/image-ms. WORK/restarts has the same photos with restart markers, and
WORK/large a picture of 100 megapixels."""
import glob, os, resource, shutil, statistics, subprocess, sys, tempfile, time

ROUNDS = 5
imgpipe, work = sys.argv[1:]
src, out = work + "/in", work + "/out"
bench_vips = os.path.join(os.path.dirname(imgpipe), "bench_vips")
files = sorted(glob.glob(src + "/*"))
text = "TRIAL-001 {date}"


def sh(script, *more):
    return lambda: subprocess.run(["sh", "-c", script, "sh", src, out, work, *more], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)


def run(*options, of=src, jobs=1):
    # One worker: the others use one core, too.
    return lambda: subprocess.run([imgpipe, "run", of, "--archive", out, "--state", work + "/state", "--settle", "0",
                                   "--jobs", str(jobs), "--quiet", *options])


def clean():
    for path in (out, work + "/state"):
        shutil.rmtree(path, ignore_errors=True)


def race(title, contestants, rounds=ROUNDS, prepare=lambda name: None):
    """CPU and wall time, medians; the first line is what the others are measured by."""
    cpu, wall = {n: [] for n in contestants}, {n: [] for n in contestants}
    for _ in range(rounds):
        for name, go in contestants.items():
            clean()
            prepare(name)
            before, t = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            go()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            wall[name].append(time.monotonic() - t)
            cpu[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    clean()
    cpu = {n: statistics.median(v) for n, v in cpu.items()}
    wall = {n: statistics.median(v) for n, v in wall.items()}
    first = next(iter(contestants))
    print(f"\n{title}\n{'':40} {'CPU s':>8} {'ratio':>7} {'wall s':>8} {'ratio':>7}")
    for n in contestants:
        print(f"{n:40} {cpu[n]:8.3f} {cpu[n] / cpu[first]:7.2f} {wall[n]:8.3f} {wall[n] / wall[first]:7.2f}")
    return cpu, wall


def peak_kb(*argv):
    """Peak resident size of one command."""
    pid = os.posix_spawn(argv[0], argv, dict(os.environ), file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    return os.wait4(pid, 0)[2].ru_maxrss


def is_imagemagick(program):
    found = shutil.which(program)
    return found and b"ImageMagick" in subprocess.run([found, "-version"], capture_output=True).stdout


mb = sum(os.path.getsize(f) for f in files) / 1e6
print(f"{len(files)} files, {mb:.1f} MB; medians of {ROUNDS} rounds")
copy = {"cp + sha256sum": sh('mkdir "$2" && cp "$1"/* "$2" && sha256sum "$2"/*')}
strip = dict(copy)
strip["imgpipe run"] = run()
strip["imgpipe run --check structure"] = run("--check", "structure")
if shutil.which("exiftool"):
    strip["exiftool -all= (one process)"] = sh('exiftool -q -all= -o "$2/" "$1"')
if shutil.which("exiv2"):
    strip["exiv2 rm (in place)"] = sh('cp -r "$1" "$2" && exiv2 rm "$2"/*')
jpegtran = sh('mkdir "$2" && cd "$1" && for f in *; do jpegtran -copy none -outfile "$2/$f" "$f"; done')
if shutil.which("jpegtran"):
    strip["jpegtran -copy none"] = jpegtran
if shutil.which("jpegoptim"):
    strip["jpegoptim --strip-all"] = sh('mkdir "$2" && jpegoptim -q --strip-all -d "$2" "$1"/*')
if shutil.which("mat2"):
    strip["mat2 (in place)"] = sh('cp -r "$1" "$2" && mat2 --inplace "$2"/*')
if shutil.which("djpeg"):
    strip["djpeg to nowhere"] = sh('for f in "$1"/*; do djpeg "$f"; done')
cpu, wall = race("De-identified, hashed and stored", strip)
with open(work + "/image-ms", "w") as f:
    f.write(f"{wall['imgpipe run'] / len(files) * 1000:.3f}")

mark = {"imgpipe run --mark-text": run("--mark-text", text)}
mark["... at the top"] = run("--mark-text", text, "--mark-position", "north-west")
mark["... all over"] = run("--mark-text", text, "--mark-tile")
mark["... files with restart markers"] = run("--mark-text", text, of=work + "/restarts")
mark["... the same, --check structure"] = run("--mark-text", text, "--check", "structure", of=work + "/restarts")
mark["plain libvips (not hashed)"] = sh('mkdir "$2" && "$4" TRIAL-001 "$2" "$1"/*', bench_vips)
if is_imagemagick("convert"):
    mark["ImageMagick convert"] = sh(
        'mkdir "$2" && cd "$1" && convert -background none -fill white -font DejaVu-Sans-Bold -pointsize 100 '
        'label:TRIAL-001 "$3/label.png" && for f in *; do convert "$f" -strip "$3/label.png" -gravity southeast '
        '-geometry +60+60 -composite "$2/$f"; done')
if shutil.which("jpegtran"):
    mark["jpegtran -copy none (no mark)"] = jpegtran
mark.update(copy)
race("Marked in the bottom corner, hashed and stored", mark, 3)

# Many files, so that the start does not count.
many = work + "/many"
os.makedirs(many, exist_ok=True)
for i in range(8):
    for f in files:
        os.link(f, f"{many}/{i}-{os.path.basename(f)}")
_, wall = race("Workers, 8 times the files, marked",
               {f"{j} worker{'s' * (j > 1)}": run("--mark-text", text, of=many, jobs=j) for j in (1, 2)}, 3)
print(f"throughput with two workers: {wall['1 worker'] / wall['2 workers']:.2f} times that of one")

small = work + "/small"
os.makedirs(small, exist_ok=True)
subprocess.run(["vips", "thumbnail", files[0], small + "/small.jpg[strip]", "200"])
other = work + "/other"
os.makedirs(other, exist_ok=True)
subprocess.run(["vips", "thumbnail", files[0], other + "/other.jpg[strip]", "150"])
starts = {"imgpipe --version": lambda: subprocess.run([imgpipe, "--version"], stdout=subprocess.DEVNULL),
          "imgpipe run, a small JPEG": run(of=small),
          "... into an archive that is there": run(of=small)}
# What is durable waits for the disk, which the other tools do not.
memory = tempfile.mkdtemp(dir="/dev/shm") if os.access("/dev/shm", os.W_OK) else None
if memory:
    starts["... where nothing waits for a disk (tmpfs)"] = lambda: subprocess.run(
        [imgpipe, "run", small, "--archive", memory + "/a", "--state", memory + "/s", "--settle", "0", "--jobs", "1",
         "--quiet"])
if shutil.which("exiftool"):
    starts["exiftool -all=, a small JPEG"] = sh('exiftool -q -all= -o "$2/" "$3/small"')
if shutil.which("jpegtran"):
    starts["jpegtran -copy none, a small JPEG"] = sh('mkdir "$2"; jpegtran -copy none -outfile "$2/a" "$3/small/small.jpg"')


def before_start(name):
    if "is there" in name:
        run(of=other)()
    for path in glob.glob(memory + "/*") if memory else []:
        shutil.rmtree(path)


race("Starting", starts, 21, before_start)
if memory:
    shutil.rmtree(memory)


def mappings(of):
    """Calls that map memory, of a whole run."""
    clean()
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=mmap,mremap,brk", "-o", work + "/strace", imgpipe, "run", of,
                    "--archive", out, "--state", work + "/state", "--settle", "0", "--jobs", "1", "--quiet",
                    "--mark-text", text])
    return sum(1 for _ in open(work + "/strace"))


if shutil.which("strace"):
    print(f"\nMappings of memory in a marked run: {mappings(src)} for {len(files)} photos, {mappings(many)} for "
          f"{8 * len(files)}")

base = peak_kb(imgpipe, "--version")


def peak_of(of):
    clean()
    return (peak_kb(imgpipe, "run", of, "--archive", out, "--state", work + "/state", "--settle", "0", "--jobs", "1",
                    "--quiet", "--mark-text", text) - base) / 1024


print(f"\nPeak memory beyond the start of {base / 1024:.1f} MB, one worker, marked: {peak_of(src):.1f} MB for "
      f"{len(files)} photos of up to {max(map(os.path.getsize, files)) / 1e6:.1f} MB, {peak_of(small):.1f} MB for a small "
      f"JPEG, {peak_of(work + '/large'):.1f} MB for 100 megapixels in "
      f"{os.path.getsize(work + '/large/large.jpg') / 1e6:.1f} MB")
clean()
