# --quarantine: a private copy of what is quarantined beside the reason, both
# before the ledger says so; gone once the input is archived. And what failed
# is tried again, or not.
. tests/lib/env.sh
. tests/lib/e2e.sh
mounted=
cleanup() {
    [ -z "$mounted" ] || umount "$mounted"
    rm -rf "$work"
}
trap cleanup EXIT
umask 0
up=$work/up q=$work/q
mkdir -p "$up/patient 1"
cp "$SAMPLES/uploads/clinic-b/ct_1008_slice-041.png" "$up/good.png"
cp "$SAMPLES/uploads/clinic-b/damaged_1008.png" "$up/patient 1/bad.png"
head -c 3000000 /dev/urandom >"$up/noise.jpg"
ln -s good.png "$up/link.png"
mkfifo "$up/fifo.png"
touch -d @1000 "$up/patient 1/bad.png"

run() {
    "$IMGPIPE" run "$up" --archive "$work/a" --state "$work/s" \
        --settle 0 --json "$@"
}
key() { # key PATH: of the file that is there now
    stamp=$(stat -c '%s %i %.9Y' "$1" | tr -d .)
    printf '%s\000%s' "$1" "$stamp" | sha256sum | cut -c 1-16
}
outcome() { # outcome PATTERN
    sqlite3 -readonly "$work/s/ledger.db" \
        "SELECT outcome FROM inputs WHERE CAST(path AS TEXT) LIKE '$1'"
}
# reasons: each reason file is what the ledger says of its path.
reasons() {
    python3 - "$q" "$work/s/ledger.db" <<'PY' || fail "reasons are wrong"
import glob, hashlib, json, os, sqlite3, sys
q, db = sys.argv[1:]
rows = {p.decode(): row for p, *row in sqlite3.connect(db).execute(
    "SELECT path, code, reason, offset, format FROM inputs "
    "WHERE outcome = 'quarantined'")}
files = glob.glob(q + "/*.json")
assert len(files) == len(rows), (files, rows)
for name in files:
    r = json.load(open(name))
    path = r["path"]
    is_file = os.path.isfile(path) and not os.path.islink(path)
    st = os.stat(path)
    stamp = (st.st_size, st.st_ino, st.st_mtime_ns) if is_file else (0, 0, 0)
    said = path.encode() + b"\0%d %d %d" % stamp
    key = hashlib.sha256(said).hexdigest()[:16]
    assert os.path.basename(name) == key + ".json", name
    assert rows[path] == [r["code"], r["reason"], r["offset"], r["format"]]
    assert os.path.exists(q + "/" + key) == is_file, r
    if r["size"] is not None:
        assert r["size"] == os.path.getsize(q + "/" + key), r
PY
}

expect_exit 1 run --quarantine "$q"
[ "$(field quarantined)" -eq 4 ] || fail "$(cat "$work/out")"
reasons
bad=$(key "$up/patient 1/bad.png")
cmp "$q/$bad" "$up/patient 1/bad.png" || fail "the copy differs"
cmp "$q/$(key "$up/noise.jpg")" "$up/noise.jpg" || fail "the copy differs"
[ "$(ls "$q" | wc -l)" -eq 6 ] || fail "want 4 reasons, 2 copies: $(ls "$q")"
[ "$(stat -c %a "$q")" = 700 ] || fail "the directory is not private"
[ -z "$(find "$q" -type f ! -perm 600)" ] || fail "a file is not private"
no_temporaries "$q"
if ls -A "$q" | grep -Evx '[0-9a-f]{16}(\.json)?'; then
    fail "a name tells of its input"
fi

# Not tried again, and nothing changes; until asked for.
find "$q" -type f -printf '%p %T@\n' | sort >"$work/before"
expect_exit 0 run --quarantine "$q"
[ "$(field quarantined_before)" -eq 4 ] || fail "$(cat "$work/out")"
find "$q" -type f -printf '%p %T@\n' | sort | cmp - "$work/before" ||
    fail "what was quarantined before was written again"
expect_exit 1 run --quarantine "$q" --retry-quarantined
[ "$(field quarantined)" -eq 4 ] || fail "$(cat "$work/out")"
reasons

# Another damaged file comes to its path: both copies are there. Then a better
# one, which is archived: of what was wrong with the others nothing is lost.
cp "$up/patient 1/bad.png" "$work/first"
head -c 2000 "$SAMPLES/uploads/clinic-b/echo_1002.png" >"$up/patient 1/bad.png"
cp "$up/patient 1/bad.png" "$work/second"
second=$(key "$up/patient 1/bad.png")
expect_exit 1 run --quarantine "$q"
[ "$(field quarantined)" -eq 1 ] || fail "$(cat "$work/out")"
cp "$SAMPLES/uploads/clinic-b/echo_1002.png" "$up/patient 1/bad.png"
expect_exit 0 run --quarantine "$q"
[ "$(field archived)" -eq 1 ] || fail "$(cat "$work/out")"
cmp "$q/$bad" "$work/first" || fail "the first one is lost"
cmp "$q/$second" "$work/second" || fail "the second one is lost"
[ -s "$q/$bad.json" ] && [ -s "$q/$second.json" ] || fail "a reason is lost"
[ "$(ls "$q" | wc -l)" -eq 8 ] || fail "want 5 reasons, 3 copies: $(ls "$q")"

# What was quarantined and is archived after all, the same file: its copy and
# reason go. As after a crash between commit and removal.
good=$(key "$up/good.png")
echo '{}' >"$q/$good.json"
echo old >"$q/$good"
expect_exit 0 run --quarantine "$q"
[ ! -e "$q/$good" ] && [ ! -e "$q/$good.json" ] || fail "its copy stays"
# And by a policy or a limit that lets it pass.
expect_exit 1 run --quarantine "$work/q2" --state "$work/s2" \
    --archive "$work/a2" --max-pixels 10
[ -s "$work/q2/$good.json" ] || fail "not quarantined: $(cat "$work/out")"
expect_exit 1 run --quarantine "$work/q2" --state "$work/s2" \
    --archive "$work/a2" --retry-quarantined
[ ! -e "$work/q2/$good" ] && [ ! -e "$work/q2/$good.json" ] ||
    fail "retried and archived, its copy stays"

# --- without room for the copy it has failed, and is tried again ---
rm -rf "$work/a" "$work/s"
mkdir "$work/small"
if mount -t tmpfs -o size=1m,mode=700 none "$work/small" 2>/dev/null; then
    mounted=$work/small
    expect_exit 1 run --quarantine "$work/small"
    [ "$(field failed)" -eq 1 ] || fail "full: $(cat "$work/out")"
    [ "$(outcome %noise.jpg)" = failed ] ||
        fail "full: the ledger says otherwise"
    [ ! -e "$work/small/$(key "$up/noise.jpg").json" ] ||
        fail "full: a reason without its copy"
    no_temporaries "$work/small"
    expect_exit 0 run --quarantine "$work/small" --no-retry-failed
    [ "$(field failed_before)" -eq 1 ] || fail "passed: $(cat "$work/out")"
    grep -q "(1 failed before)" "$work/err" || fail "passed: not told"
    expect_exit 1 run --quarantine "$q" --retry-failed
    [ "$(field quarantined)" -eq 1 ] || fail "retried: $(cat "$work/out")"
    full="a full disk"
else
    full="no full disk: cannot mount"
fi

# --- refusals ---
mkdir -m 755 "$work/open"
expect_exit 3 run --quarantine "$work/open"
grep -q "open to others: mode 0755" "$work/err" || fail "not told why"
for dir in "$up/q" "$work" "$work/a" "$work/a/q"; do
    expect_exit 3 run --quarantine "$dir"
done
expect_exit 2 run --quarantine ''
echo "copies and reasons as the ledger has them; $full"
