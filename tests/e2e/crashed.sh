# The program dies while it works on an image: the next run tries that one
# alone, and once it has died again, none does, until it is told to.
. tests/lib/env.sh
. tests/lib/e2e.sh
pid=
cleanup() {
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
up=$work/up
mkdir -p "$up/a" "$up/z"
i=0
for f in "$SAMPLES"/uploads/clinic-a/2026-11-20/*.jpg \
    "$SAMPLES"/uploads/clinic-b/c*.png; do
    i=$((i + 1))
    [ $((i % 2)) -eq 0 ] && cp "$f" "$up/a" || cp "$f" "$up/z"
done
# 25 million grey pixels: small, and slow to mark all over.
python3 - "$up/slow.png" <<'PY'
import struct, sys, zlib
n = 5000
def chunk(name, data):
    crc = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)
z = zlib.compressobj(1)
data = b"".join(z.compress(b"\0" + b"\x80" * 3 * n) for _ in range(n))
open(sys.argv[1], "wb").write(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", n, n, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", data + z.flush()) + chunk(b"IEND", b""))
PY
n=$(find "$up" -type f | wc -l)

target=$work/a
start() {
    cp "$work/s/in-flight" "$work/before" 2>/dev/null || : >"$work/before"
    "$IMGPIPE" run "$up" --archive "$target" --state "$work/s" --settle 0 \
        --jobs 2 --mark-text 'TRIAL {digest:8}' --mark-tile --json "$@" \
        >"$work/out" 2>"$work/err" &
    pid=$!
}
finish() { # finish EXIT
    wait $pid
    got=$?
    pid=
    [ $got -eq "$1" ] || fail "exit $got, want $1: $(tail -n 3 "$work/err")"
}
# Wait until slow.png is in a worker's hands; prints what is in the others'.
await_slow() {
    python3 - "$work/s/in-flight" "$work/before" $pid <<'PY' || fail "it was never in hand"
import os, struct, sys, time
SLOT, HEAD = 8192, 40
def read(name):
    try:
        return open(name, "rb").read()
    except FileNotFoundError:
        return b""
before = read(sys.argv[2])[:16] # with the number of the run that left it
def held(name):
    b = read(name)
    if b[:16] == before:
        return [] # this run has not begun yet
    paths = []
    for at in range(SLOT, len(b), SLOT):
        n = struct.unpack_from("<Q", b, at + 8)[0]
        if n:
            paths.append(os.path.basename(b[at + HEAD:at + HEAD + n].decode()))
    return paths
while True:
    os.kill(int(sys.argv[3]), 0)
    paths = held(sys.argv[1])
    if "slow.png" in paths:
        print(*[p for p in paths if p != "slow.png"])
        break
    time.sleep(0.001)
PY
}
kill_at_slow() {
    start "$@"
    others=$(await_slow)
    kill -9 $pid
    wait $pid 2>/dev/null
    pid=
}
deaths() {
    sqlite3 -readonly "$work/s/ledger.db" \
        "SELECT tries FROM suspects WHERE CAST(path AS TEXT) LIKE '%slow.png'"
}
outcome() {
    sqlite3 -readonly "$work/s/ledger.db" "SELECT outcome, code FROM inputs \
        WHERE CAST(path AS TEXT) LIKE '%slow.png'"
}

# Undisturbed.
start
finish 0
mv "$work/a" "$work/want"
[ ! -s "$work/s/in-flight" ] || fail "a clean end leaves slots"
rm -rf "$work/s"

# Dead once: tried alone, and well.
kill_at_slow
[ -s "$work/s/in-flight" ] || fail "nothing was noted"
start
others=$(await_slow)
[ -z "$others" ] || fail "not alone: with $others"
[ "$(deaths)" = 1 ] || fail "deaths: $(deaths), want 1"
finish 0
[ -z "$(deaths)" ] || fail "archived, and still suspect"
[ ! -s "$work/s/in-flight" ] || fail "a clean end leaves slots"
same_archive "$work/want" "$work/a"

# Dead twice: not tried any more, and all the others are archived.
rm -rf "$work/a" "$work/s"
kill_at_slow
kill_at_slow
[ -z "$others" ] || fail "not alone: with $others"
start --quarantine "$work/q"
finish 1
expect_sum
[ "$(outcome)" = "quarantined|crashed" ] || fail "outcome: $(outcome)"
grep -q "slow.png: the program died twice" "$work/err" || fail "not told why"
[ "$(find "$work/a/data" -type f | wc -l)" -eq $((n - 1)) ] ||
    fail "the others are not all archived"
cmp "$work/q"/*[0-9a-f] "$up/slow.png" || fail "no copy in quarantine"
start
finish 0
[ "$(field quarantined_before)" -eq 1 ] || fail "again: $(cat "$work/out")"

# Asked for, it is tried once more, alone.
start --retry-quarantined --quarantine "$work/q"
others=$(await_slow)
[ -z "$others" ] || fail "not alone: with $others"
finish 0
[ "$(outcome)" = "archived|" ] || fail "outcome: $(outcome)"
[ -z "$(deaths)" ] || fail "archived, and still suspect"
[ -z "$(ls "$work/q")" ] || fail "still in quarantine"
same_archive "$work/want" "$work/a"

# Stopped, and stopped again before it could end: that is no crash.
rm -rf "$work/a" "$work/s"
start
await_slow >/dev/null
kill -TERM $pid
while grep -q ^impiflt "$work/s/in-flight"; do sleep 0.01; done
kill -TERM $pid
finish 143
[ "$(outcome)" = "" ] || fail "stopped: $(outcome)"
start
await_slow >/dev/null
[ -z "$(deaths)" ] || fail "stopped, and suspect"
kill -KILL $pid
wait $pid 2>/dev/null

# A file that changed begins anew.
rm -rf "$work/a" "$work/s"
kill_at_slow
kill_at_slow
touch "$up/slow.png"
start
finish 0
same_archive "$work/want" "$work/a"
# An archive that keeps the order: the one tried alone is in its place.
target=tar.gz:$work/t.tgz
rm -rf "$work/s"
start
finish 0
mv "$work/t.tgz" "$work/want.tgz"
rm -rf "$work/s"
kill_at_slow
start
finish 0
cmp "$work/want.tgz" "$work/t.tgz" || fail "another order"
echo "$n images; the one that the program died of was tried alone, refused," \
    "and archived when asked for"
