#!/usr/bin/env python3
"""audit-judge.py STATE: is the audit log in STATE whole, and does it say what
the ledger does, if there is one? Shares no code with imgpipe. Prints "LINES SEQ
SHA256" (of the last line); exit 1 with the reason if something is wrong."""
import hashlib
import os
import re
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../fault")
import audit  # noqa: E402

ORDER = ["seq", "time", "host", "user", "run", "op", "input", "outcome",
         "after", "code", "object", "format", "route", "removed",
         "removed_more", "policy", "crc", "prev"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def form_findings(line, entry):
    """What a line of ours never is."""
    if list(entry) != [key for key in ORDER if key in entry]:
        yield "seq %d: its keys are %s" % (entry["seq"], list(entry))
    if not TIME.fullmatch(entry["time"]):
        yield "seq %d: time %s" % (entry["seq"], entry["time"])
    if len(line) >= 65536:
        yield "seq %d: %d bytes" % (entry["seq"], len(line))


state = sys.argv[1]
lines, torn = audit.lines_of(state)
found, entries = audit.chain_findings(lines)
found += ["its end is torn"] * torn
if not found:
    for line, entry in zip(lines, entries):
        found += form_findings(line, entry)
if os.path.exists(state + "/ledger.db"):
    ledger = sqlite3.connect("file:%s/ledger.db?mode=ro" % state, uri=True)
    found += audit.findings(state, ledger, True)
if found:
    sys.exit("audit-judge: " + "\n".join(found))
print(len(lines), entries[-1]["seq"] if entries else 0,
      hashlib.sha256(lines[-1]).hexdigest() if lines else audit.FIRST)
