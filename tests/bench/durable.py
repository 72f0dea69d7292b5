#!/usr/bin/env python3
"""durable.py IMGPIPE NOSYNC WORK: what durability costs.

Wall time of archiving 400 small JPEGs, as a ratio to the same run with a
library preloaded (NOSYNC) that lets nothing wait for the disk: groups committed
as by default, and every image by itself. The median of three rounds."""
import os, shutil, statistics, subprocess, sys, time

imgpipe, nosync, work = sys.argv[1:]
source, count = work + "/durable", 400
small = open(work + "/small/small.jpg", "rb").read()
os.makedirs(source)
for i in range(count):
    # The last pixels differ by a quantisation table, so that each output is another.
    table = small.index(b"\xff\xdb") + 5 + 63
    value = (i % 250) + 1
    other = small.index(b"\xff\xdb") + 5 + 62
    bytes_ = bytearray(small)
    bytes_[table], bytes_[other] = value, i // 250 + 1
    open(f"{source}/{i}.jpg", "wb").write(bytes_)

kinds = {"nothing waits for the disk": ([], {"LD_PRELOAD": os.path.abspath(nosync)}),
         "groups (the default)": ([], {}),
         "every image by itself": (["--commit-every", "1"], {})}
for target, spec in (("bag", work + "/durable-out"), ("tar.gz", "tar.gz:" + work + "/durable-out/a.tar.gz")):
    wall = {name: [] for name in kinds}
    for _ in range(3):
        for name, (options, env) in kinds.items():
            shutil.rmtree(work + "/durable-out", ignore_errors=True)
            shutil.rmtree(work + "/durable-state", ignore_errors=True)
            os.makedirs(work + "/durable-out")
            start = time.monotonic()
            subprocess.run([imgpipe, "run", source, "--archive", spec, "--state", work + "/durable-state", "--settle",
                            "0", "--quiet", *options], env=dict(os.environ, **env), check=True)
            wall[name].append(time.monotonic() - start)
    first = statistics.median(wall["nothing waits for the disk"])
    print(f"\nDurability, {target}, {count} JPEGs of {len(small) / 1e3:.0f} kB\n{'':40} {'wall s':>8} {'ratio':>7}")
    for name, times in wall.items():
        print(f"{name:40} {statistics.median(times):8.3f} {statistics.median(times) / first:7.2f}")
