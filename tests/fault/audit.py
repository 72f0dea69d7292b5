"""The audit log, read without imgpipe: is it one chain, and does it say what
the ledger says?"""
import hashlib
import json
import os
import re
import zlib

FILES = re.compile(r"audit\.log(\.\d{6})?")
FIRST = "0" * 64


def lines_of(state):
    """([line without its newline], is the end torn?) of the whole log."""
    names = sorted(n for n in os.listdir(state) if FILES.fullmatch(n))
    names.sort(key=lambda n: n == "audit.log")  # the one that grows is the last
    data = b""
    for name in names:
        with open(f"{state}/{name}", "rb") as f:
            data += f.read()
    lines = data.split(b"\n")
    torn = lines.pop()
    return lines, bool(torn)


def chain_findings(lines):
    """What is wrong with the chain; and the entries."""
    found, entries, prev, seq = [], [], FIRST, 0
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            body, crc = re.fullmatch(rb'(.*),"crc":"([0-9a-f]{8})","prev":"\w{64}"}',
                                     line).groups()
        except (ValueError, AttributeError):
            found.append(f"audit line {number}: is none")
            continue
        if zlib.crc32(body) != int(crc, 16):
            found.append(f"audit line {number}: crc")
        if entry["prev"] != prev:
            found.append(f"audit line {number}: not chained")
        if entry["seq"] <= seq:
            found.append(f"audit line {number}: seq {entry['seq']} after {seq}")
        prev, seq = hashlib.sha256(line).hexdigest(), entry["seq"]
        entries.append(entry)
    return found, entries


def findings(state, database, at_rest):
    """What is wrong with the log in `state`. `database` is a ledger to look at.
    At rest every row has its line; before, the log may be behind the ledger,
    and end in a torn line, but not ahead of it."""
    if not any(FILES.fullmatch(n) for n in os.listdir(state)):
        return ["no audit log"] if at_rest else []
    lines, torn = lines_of(state)
    found, entries = chain_findings(lines)
    if torn and at_rest:
        found.append("audit log: its end is torn")
    # The ledger names the last line that it knows to be durable.
    for text, in database.execute("SELECT value FROM meta WHERE key = 'audit_mark'"):
        seq, digest = text.split()
        if int(seq) and digest not in {hashlib.sha256(line).hexdigest() for line in lines}:
            found.append(f"audit log: line {seq}, which was durable, is not there")
    objects = {digest.hex() for digest, in database.execute("SELECT digest FROM objects")}
    found += [f"audit log: an object that the ledger does not know: {e['seq']}"
              for e in entries if e.get("object") and e["object"] not in objects]
    if at_rest:
        by_seq = {e["seq"]: e for e in entries}
        for row, outcome, code, form, route, removed, seq, digest in database.execute(
                "SELECT i.id, i.outcome, i.code, i.format, i.route, i.removed, i.seq, "
                "o.digest FROM inputs i LEFT JOIN objects o ON o.id = i.object"):
            line = by_seq.get(seq, {})
            want = {"input": row, "outcome": outcome, "code": code, "format": form,
                    "route": route, "removed": removed.split("\n") if removed else None,
                    "object": digest.hex() if digest else None}
            if any(line.get(key) != value for key, value in want.items()):
                found.append(f"audit log: {seq}: want {want}, have {line}")
    return found
