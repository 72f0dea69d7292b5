#!/usr/bin/env python3
"""audit-judge.py STATE: is the audit log in STATE whole? Shares no code with
imgpipe. Prints "LINES SEQ SHA256" (of the last line); exit 1 with the reason
if something is wrong."""
import glob
import hashlib
import json
import os
import re
import sys
import zlib

ORDER = ["seq", "time", "host", "user", "run", "op", "input", "outcome",
         "after", "code", "object", "format", "route", "removed",
         "removed_more", "policy", "crc", "prev"]


def judge(state):
    files = sorted(glob.glob(state + "/audit.log.*"))
    if os.path.exists(state + "/audit.log"):
        files.append(state + "/audit.log")
    prev, seq, lines = "0" * 64, 0, 0
    for path in files:
        data = open(path, "rb").read()
        assert not data or data.endswith(b"\n"), path + ": torn"
        for raw in data.split(b"\n")[:-1]:
            where = "%s, after line %d" % (path, lines)
            entry = json.loads(raw.decode("utf-8"))
            keys = list(entry)
            assert keys == [k for k in ORDER if k in entry], where
            assert keys[-1] == "prev" and entry["prev"] == prev, where
            body = raw[:raw.rindex(b',"crc":')]
            assert entry["crc"] == "%08x" % zlib.crc32(body), where
            assert entry["seq"] > seq, where
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
                                entry["time"]), where
            assert len(raw) < 65536, where
            prev, seq = hashlib.sha256(raw).hexdigest(), entry["seq"]
            lines += 1
    print(lines, seq, prev)


if __name__ == "__main__":
    try:
        judge(sys.argv[1])
    except (AssertionError, ValueError, KeyError) as reason:
        sys.exit("audit-judge: %s" % reason)
