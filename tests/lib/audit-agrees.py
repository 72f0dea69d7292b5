#!/usr/bin/env python3
"""audit-agrees.py STATE: does the audit log in STATE say what the ledger does?
Each input's row has its line; each run its start. Shares no code with imgpipe.
Prints how many rows were compared."""
import glob
import json
import sqlite3
import sys

state = sys.argv[1]
lines = {}
for path in sorted(glob.glob(state + "/audit.log*")):
    for line in open(path):
        entry = json.loads(line)
        assert entry["seq"] not in lines, "seq %d twice" % entry["seq"]
        lines[entry["seq"]] = entry
ledger = sqlite3.connect("file:%s/ledger.db?mode=ro" % state, uri=True)
rows = 0
for seq, at, run, key, outcome, code, form, route, removed, digest in \
        ledger.execute(
            "SELECT i.seq, strftime('%Y-%m-%dT%H:%M:%SZ', i.at, 'unixepoch'),"
            " i.run, i.id, i.outcome, i.code, i.format, i.route, i.removed,"
            " lower(hex(o.digest)) FROM inputs i"
            " LEFT JOIN objects o ON o.id = i.object"):
    entry = lines[seq]
    want = {"op": "image", "time": at, "run": run, "input": key,
            "outcome": outcome, "code": code, "format": form, "route": route,
            "object": digest or None,
            "removed": removed.split("\n") if removed else None}
    for name, value in want.items():
        assert entry.get(name) == value, \
            "seq %d: %s is %r, the ledger has %r" % (
                seq, name, entry.get(name), value)
    rows += 1
for seq, run, policy in ledger.execute(
        "SELECT seq, id, lower(hex(policy)) FROM runs"):
    entry = lines[seq]
    assert (entry["op"], entry["run"], entry["policy"]) == \
        ("run", run, policy), "seq %d is not the start of run %d" % (seq, run)
    rows += 1
print(rows)
