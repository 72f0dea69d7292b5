#!/usr/bin/env python3
"""tamper.py IMGPIPE WORK: WORK/a is an archive, WORK/s its state, WORK/in the uploads. One thing after the other is
changed in a copy of both, each is to be found by `imgpipe verify` and named, with exit code 1. Shares no code with
imgpipe; what is changed is decided by a fixed seed. Prints one line: how often each kind was tried."""
import collections, hashlib, json, os, random, re, shutil, sqlite3, subprocess, sys, zlib

imgpipe, work = sys.argv[1:]
a, s = work + "/a", work + "/s"
rnd = random.Random(5)
tried = collections.Counter()


def restore():
    for d in (a, s):
        shutil.rmtree(d, ignore_errors=True)
        shutil.copytree(work + "/kept" + d[len(work):], d, symlinks=True)
    os.chmod(s, 0o700)


def verify(*more):
    p = subprocess.run([imgpipe, "verify", a, "--state", s, "--json", *more], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, errors="replace", timeout=60)
    lines = [json.loads(line) for line in p.stdout.splitlines()]
    return p.returncode, [f for f in lines if "finding" in f], lines[-1] if lines else None, p.stderr


def expect(kind, what, want, code=1):
    """`want`: an expression that a finding, as "kind OBJECT: text", must match."""
    got, found, _, err = verify()
    told = [f"{f['finding']} {f['object'] or ''}: {f['text']}" for f in found]
    if got != code or (want and not any(re.search(want, t) for t in told)):
        sys.exit(f"{kind}: {what}: exit {got}, want {code} and {want!r}: {told or err}")
    tried[kind] += 1
    restore()


def flip(path, at, bit=None):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1 << (rnd.randrange(8) if bit is None else bit)]))


def places(path, n):
    size = os.path.getsize(path)
    return sorted({0, size - 1} | {rnd.randrange(size) for _ in range(n)})


def ledger():
    return sqlite3.connect(s + "/ledger.db")


def row_sum(values):
    crc = 0
    for v in values:
        if v is None:
            crc = zlib.crc32(b"\5" + bytes(8), crc)
        elif isinstance(v, int):
            crc = zlib.crc32(b"\1" + (v & 2**64 - 1).to_bytes(8, "little"), crc)
        else:
            b = v.encode() if isinstance(v, str) else v
            crc = zlib.crc32((b"\3" if isinstance(v, str) else b"\4") + len(b).to_bytes(8, "little"), crc)
            crc = zlib.crc32(b, crc)
    return crc



def sum_up(db, table, key="id"):
    """As if by one who knows how the sums of rows are made."""
    names = [c[1] for c in db.execute(f"PRAGMA table_info({table})") if c[1] != "sum"]
    for row in db.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall():
        db.execute(f"UPDATE {table} SET sum = ? WHERE {key} = ?", (row_sum(row), row[0]))


def sha(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


for d in (a, s):
    os.makedirs(work + "/kept", exist_ok=True)
    shutil.copytree(d, work + "/kept" + d[len(work):], symlinks=True)
objects = sorted(os.path.relpath(os.path.join(d, f), a + "/data") for d, _, fs in os.walk(a + "/data") for f in fs)
code, found, summary, err = verify()
assert code == 0 and not found and summary["read"] == len(objects), (code, found, err)

# Objects.
for o in objects:
    path = f"{a}/data/{o}"
    for at in places(path, 4):
        flip(path, at)
        expect("object bits", f"{o} at {at}", f"changed {o}")
one, two = objects[0], objects[1]
p1, p2 = f"{a}/data/{one}", f"{a}/data/{two}"
os.remove(p1)
expect("files", "removed", f"missing {one}")
shutil.copy(p1, f"{a}/data/ab-extra.jpg")
expect("files", "added", "unlisted ab-extra.jpg")
open(f"{a}/data/\x1b[31mred\n", "w").close()
expect("files", "added under an odd name", "stray \x1b\\[31mred\n")
os.rename(p1, p1 + "x")
expect("files", "renamed", f"missing {one}:")
os.rename(p1, p1 + "x")
expect("files", "renamed", f"unlisted {one}x")
os.rename(p1, p1 + "x"), os.rename(p2, p1), os.rename(p1 + "x", p2)
expect("files", "swapped", f"changed {two}")
os.truncate(p1, os.path.getsize(p1) - 1)
expect("files", "truncated", f"changed {one}: it has")
os.truncate(p1, 0)
expect("files", "emptied", f"changed {one}: it has 0 bytes")
with open(p1, "ab") as f:
    f.write(b"\0")
expect("files", "longer", f"changed {one}: it is longer")
os.rename(p1, work + "/elsewhere"), os.symlink(work + "/elsewhere", p1)
expect("files", "a link", f"stray {one}: it is no regular file")
os.remove(p1), os.mkdir(p1)
expect("files", "a directory", f"missing {one}")
os.remove(p1), os.mkfifo(p1)
expect("files", "a FIFO", f"stray {one}")
shutil.rmtree(a + "/data/" + one.split("/")[0]), os.symlink("/etc", a + "/data/" + one.split("/")[0])
expect("files", "a link for a directory", f"stray {one.split('/')[0]}:")

# Tag files.
tags = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
for t in tags:
    for at in places(f"{a}/{t}", 8):
        flip(f"{a}/{t}", at)
        expect("tag files", f"{t} at {at}", f"tag file : .*{t[:8]}")
    os.remove(f"{a}/{t}")
    expect("tag files", f"{t} removed", f"tag file : {t} is missing")
    open(f"{a}/{t}", "w").close()
    expect("tag files", f"{t} emptied", "tag file : (tag)?(manifest|bag)")
    os.remove(f"{a}/{t}"), os.mkfifo(f"{a}/{t}")
    expect("tag files", f"{t} a FIFO", f"tag file : {t}.*no regular file")
    os.remove(f"{a}/{t}"), os.mkdir(f"{a}/{t}")
    expect("tag files", f"{t} a directory", f"tag file : {t}.*no regular file")
    os.rename(f"{a}/{t}", work + "/elsewhere"), os.symlink(work + "/elsewhere", f"{a}/{t}")
    expect("tag files", f"{t} a link", f"tag file : {t}")
with open(a + "/manifest-sha256.txt", "a") as f:
    f.write("0" * 64 + "  data/ab/none.jpg\n")
expect("tag files", "a line more", "missing ab/none.jpg")
lines = open(a + "/manifest-sha256.txt").readlines()
with open(a + "/manifest-sha256.txt", "w") as f:
    f.writelines(lines[1:])
expect("tag files", "a line less", f"unlisted {lines[0].split('data/')[1].strip()}: the ledger has it")

# A directory that looks as if a run had been killed hides nothing of what a finished one has recorded.
def pretend(kind="a run killed, by the looks of it"):
    os.mkdir(a + "/.imgpipe-staging")
    return kind


expect(pretend(), "nothing else", "note : by .imgpipe-staging, a run was interrupted", 0)
os.makedirs(a + "/data/" + two[:5], exist_ok=True)
shutil.copy(p2, f"{a}/data/{two[:-8]}{'0' * 4}{two[-4:]}")
expect(pretend(), "an object added", "name ")
os.remove(p1)
expect(pretend(), "an object removed", f"missing {one}")
flip(p1, 100)
expect(pretend(), "an object changed", f"changed {one}")
for t in tags:
    os.remove(f"{a}/{t}")
    expect(pretend(), f"{t} removed", f"tag file : {t} is missing")
    flip(f"{a}/{t}", 20)
    expect(pretend(), f"{t} changed", f"{'unlisted|missing|disagreement' if t[:4] == 'mani' else 'tag file : .*' + t[:8]}")
lines = open(a + "/manifest-sha256.txt").readlines()
with open(a + "/manifest-sha256.txt", "w") as f:
    f.writelines(lines[1:])
expect(pretend(), "a line of the manifest less", f"unlisted {lines[0].split('data/')[1].strip()}: the ledger has it")

# Rows of the ledger, column by column, in a row that has all of them.
db = ledger()
columns = [(t, c[1], c[2]) for t in ("meta", "runs", "policies", "objects", "inputs")
           for c in db.execute(f"PRAGMA table_info({t})")]
db.close()
change = {"INTEGER": "coalesce({0}, 0) + 1024", "TEXT": "coalesce({0}, '') || 'x'",
          "BLOB": "CAST(substr(coalesce({0}, 'x'), 2) || 'x' AS BLOB)"}
for table, column, kind in columns:
    db = ledger()
    db.execute("PRAGMA ignore_check_constraints = 1")
    for row in [r[0] for r in db.execute(f"SELECT {'key' if table == 'meta' else 'rowid' if table != 'policies' else 'digest'}"
                                         f" FROM {table}")][:None if table == "meta" else 1]:
        where = {"meta": "key", "policies": "digest"}.get(table, "rowid")
        db.execute(f"UPDATE {table} SET {column} = {change[kind].format(column)} WHERE {where} = ?", (row,))
        db.commit()
        db.close()
        expect("ledger columns", f"{table}.{column} of {row}", f"ledger : {table} ")
        db = ledger()
        db.execute("PRAGMA ignore_check_constraints = 1")
    db.close()
keys = [(f"meta {k} removed", f"DELETE FROM meta WHERE key = '{k}'", f"ledger : (meta {k}|the schema)")
        for k in ("archive", "audit_mark", "audit_seq", "dirty", "listing", "schema")]
for what, sql, want in (
        *keys,
        ("an object's row removed", "DELETE FROM objects WHERE id = 1", "ledger : inputs row .* missing"),
        ("a run's row removed", "DELETE FROM runs", "ledger : inputs row .* missing"),
        ("an object and its inputs removed",
         "DELETE FROM inputs WHERE object = 1; DELETE FROM objects WHERE id = 1", "disagreement .*the ledger, from which"),
        ("an input's row removed", "DELETE FROM inputs WHERE id = 1", r"ledger : inputs: \d+ of \d+ rows"),
        ("the policies removed", "DELETE FROM policies", "ledger : policies: that of run 1 is missing"),
        ("what it knows of its log removed", "DELETE FROM meta WHERE key LIKE 'audit%'", "ledger : meta audit_"),
        ("an intent left", "INSERT INTO intents(name, digest) VALUES('ab/x', zeroblob(32))", "ledger : intents"),
        ("an index lost", "PRAGMA writable_schema = 1; DELETE FROM sqlite_master WHERE name = 'inputs_key'", "ledger :")):
    db = ledger()
    db.executescript(sql)
    db.commit()
    db.close()
    expect("ledger rows", what, want)


# Rows whose sums are right, against the log; and the last ones of a table.
db = ledger()
last_input, = db.execute("SELECT max(id) FROM inputs").fetchone()
db.close()
for what, sql, want in (
        ("the last input removed", "DELETE FROM inputs WHERE id = (SELECT max(id) FROM inputs)",
         f"ledger : inputs row {last_input} is missing: line"),
        ("the last input removed, and its object",
         "DELETE FROM objects WHERE id = (SELECT object FROM inputs ORDER BY id DESC LIMIT 1);"
         "DELETE FROM inputs WHERE id = (SELECT max(id) FROM inputs)", f"ledger : inputs row {last_input} is missing: line"),
        ("all rows removed", "DELETE FROM inputs; DELETE FROM objects; DELETE FROM runs", "ledger : runs row 1 is missing: line 1 "),
        ("an outcome", "UPDATE inputs SET outcome = 'duplicate' WHERE id = 1", 'ledger : inputs row 1: line .* another "outcome"'),
        ("objects exchanged", "UPDATE inputs SET object = CASE object WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE object END",
         'ledger : inputs row 1: line .* another "object"'),
        ("what was removed", "UPDATE inputs SET removed = 'comment' WHERE id = 1", 'ledger : inputs row 1: line .* another "removed"'),
        ("the number of a line", "UPDATE inputs SET seq = 4711 WHERE id = 1", "ledger : inputs row 1: it is of line 4711")):
    db = ledger()
    db.executescript(sql)
    sum_up(db, "inputs")
    db.commit()
    db.close()
    expect("ledger rows with sums", what, want)


os.remove(s + "/ledger.db")
expect("ledger files", "ledger.db removed", "ledger : cannot be opened: it is missing")
os.truncate(s + "/ledger.db", 0)
expect("ledger files", "ledger.db emptied", "ledger : cannot be opened: it is missing")
os.remove(s + "/lock")
expect("ledger files", "the lock removed", "ledger : cannot be opened: .*lock is missing")


# Bits of the ledger's pages: found, unless all that the ledger says is the same.
def says():
    try:
        db = ledger()
        text = list(db.iterdump()) + list(db.execute("PRAGMA user_version"))
        db.close()
        return text
    except (sqlite3.DatabaseError, UnicodeDecodeError) as e:
        return str(e)


before = says()
restore()
with open(s + "/ledger.db", "rb") as f:
    used = [at for at, byte in enumerate(f.read()) if byte]  # much of a small one is room
for at in rnd.sample(used, 60):
    flip(s + "/ledger.db", at)
    code, found, _, err = verify()
    if code not in (1, 3) and says() != before:
        sys.exit(f"ledger pages: a bit at {at}: exit {code}, and the ledger says something else")
    tried["ledger pages found" if code else "ledger pages unused"] += 1
    restore()

# The audit log.
log = s + "/audit.log"
for at in places(log, 12):
    flip(log, at)
    expect("audit log", f"a bit at {at}", "audit log : audit.log")
lines = open(log).readlines()
for what, changed in (("removed", lines[:1] + lines[2:]), ("last removed", lines[:-1]), ("swapped", lines[1::-1] + lines[2:]),
                      ("twice", lines[:2] + lines[1:]), ("first removed", lines[1:])):
    with open(log, "w") as f:
        f.writelines(changed)
    expect("audit log", f"a line {what}", "audit log : audit.log")
os.remove(log)
expect("audit log", "removed", "audit log :")

# Somebody replaces an object by an image that has EXIF, and makes all lists agree; only the log cannot be.
jpeg = next(o for o in objects if o.endswith(".jpg"))
subprocess.run(["exiftool", "-q", "-overwrite_original", "-Artist=Jane Doe", f"{a}/data/{jpeg}"], check=True)
digest, size = sha(f"{a}/data/{jpeg}"), os.path.getsize(f"{a}/data/{jpeg}")
name = f"{digest[:2]}/{digest[2:4]}/{digest[:32]}.jpg"
os.makedirs(os.path.dirname(f"{a}/data/{name}"), exist_ok=True)
os.rename(f"{a}/data/{jpeg}", f"{a}/data/{name}")
listed = sorted([f"{sha(f'{a}/data/{o}')}  data/{o}\n" for o in objects if o != jpeg] + [f"{digest}  data/{name}\n"],
                key=lambda line: line.split("  ")[1])
with open(a + "/manifest-sha256.txt", "w") as f:
    f.writelines(listed)
sizes = [os.path.getsize(a + "/" + line.split("  ")[1].strip()) for line in listed]
info = re.sub(r"Oxum: .*", f"Oxum: {sum(sizes)}.{len(sizes)}", open(a + "/bag-info.txt").read())
with open(a + "/bag-info.txt", "w") as f:
    f.write(info)
with open(a + "/tagmanifest-sha256.txt", "w") as f:
    f.writelines(f"{sha(f'{a}/{t}')}  {t}\n" for t in sorted(tags[:3]))
db = ledger()
db.execute("UPDATE objects SET name = ?, digest = ?, length = ? WHERE name = ?", (name, bytes.fromhex(digest), size, jpeg))
db.execute("UPDATE meta SET value = ? WHERE key = 'listing'", (sha(a + "/manifest-sha256.txt"),))
sum_up(db, "objects"), sum_up(db, "meta", "key")
db.commit()
db.close()
code, found, _, _ = verify()
told = sorted(f"{f['finding']} {f['object']}: {f['text']}" for f in found)
if code != 1 or len(told) != 2 or not re.match(f"identifying {name}: .*Exif", told[0]) or \
        not re.match('ledger None: inputs row .* another "object"', told[1]):
    sys.exit(f"an image with EXIF that all lists agree on: exit {code}: {told}")
tried["EXIF, all lists agreeing"] += 1
restore()

print(", ".join(f"{n} {kind}" for kind, n in tried.items()))
