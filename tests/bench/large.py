#!/usr/bin/env python3
"""large.py IMGPIPE WORK SOURCE: a multi-frame object of BENCH_LARGE bytes (2 GB), beside cp and sha256sum.

Medians of three rounds in which all take their turn, and the peak of memory, which is never told as less than that of
this program. SOURCE is an object to make it of."""
import os, shutil, statistics, subprocess, sys, time

ROUNDS = 3
imgpipe, work, source = sys.argv[1:]
size = os.environ.get("BENCH_LARGE", str(2 << 30))
make = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib/large_dicom.py")
out, state, key = work + "/large-out", work + "/large-state", work + "/large.key"
with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
    f.write("5a" * 32 + "\n")


def clean():
    for path in (out, state):
        shutil.rmtree(path, ignore_errors=True)
    os.sync()  # what the last one left unwritten is not for the next to write
    # A virtual machine gives memory that is free for seconds back to its host, and to have it again takes longer
    # than to fill it: who writes late would find another machine than who writes at once.
    time.sleep(5)


def go(*argv):
    """Seconds, and the peak of memory in KB."""
    clean()
    start = time.monotonic()
    pid = os.posix_spawn(argv[0], argv, dict(os.environ), file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"large.py: {argv[0]} ends with {status}")
    return time.monotonic() - start, usage.ru_maxrss


for kind, *fragment in (("native pixels",), ("a JPEG a frame", "jpeg")):
    dir = f"{work}/large-in"
    os.makedirs(dir)
    subprocess.run([sys.executable, make, source, dir + "/object", size, *fragment], check=True)
    contestants = {
        "cp + sha256sum": ("/bin/sh", "-c", 'cp -r "$1" "$2" && sha256sum "$2"/*', "sh", dir, out),
        "imgpipe run": (imgpipe, "run", dir, "--archive", out, "--state", state, "--settle", "0", "--quiet",
                        "--key-file", key),
    }
    told = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, argv in contestants.items():
            told[name].append(go(*argv))
    wall = {name: statistics.median(t for t, _ in v) for name, v in told.items()}
    print(f"\nOne object, {kind}\n{'':40} {'wall s':>8} {'ratio':>7} {'peak MB':>8}")
    for name, v in told.items():
        print(f"{name:40} {wall[name]:8.3f} {wall[name] / wall['cp + sha256sum']:7.2f} "
              f"{max(kb for _, kb in v) / 1024:8.1f}")
    clean()
    shutil.rmtree(dir)
