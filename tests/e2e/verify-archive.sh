# An archive is verified as a whole: intact ones of every kind have nothing
# found; whatever is changed in one is found and named.
. tests/lib/env.sh
. tests/lib/e2e.sh
in=$SAMPLES/uploads
run() { # run ARCHIVE STATE OPTION...
    to=$work/$1 state=$work/$2
    shift 2
    "$IMGPIPE" run "$in" --archive "$to" --state "$state" --settle 0 -q "$@"
}
verify() { # verify EXIT ARCHIVE STATE OPTION...
    want=$1 of=$work/$2 state=$work/$3
    shift 3
    expect_exit "$want" "$IMGPIPE" verify "$of" --state "$state" "$@"
}
nothing_found() {
    [ ! -s "$work/out" ] || fail "found in an intact archive: $(cat "$work/out")"
    grep -q 'nothing found' "$work/err" || fail "$(cat "$work/err")"
}

# Intact: presets, a policy file, marks, two policies in one archive.
cat >"$work/own.conf" <<'CONF'
[policy]
preset = research
dates = year
CONF
for options in "" "--policy research" "--policy $work/own.conf" \
    "--mark-text T --mark-unsupported=skip --policy research"; do
    rm -rf "$work/a" "$work/s"
    # shellcheck disable=SC2086 # an empty option is none
    run a s $options
    verify 0 a s
    nothing_found
    # Without its state the bag alone is checked, by what it names.
    # shellcheck disable=SC2046
    verify 0 a none $(echo "$options" | grep -o -- '--policy [^ ]*own.conf')
    grep -q '^note: no ledger' "$work/out" || fail "not told: no ledger"
    [ "$(wc -l <"$work/out")" -eq 1 ] || fail "found: $(cat "$work/out")"
    [ ! -e "$work/none" ] || fail "a state was made"
done
run a s
verify 0 a s
nothing_found
before=$(ls "$work/s")
# Objects that were taken up, and a state that did not make them: the bag goes
# on naming the policy of who did.
run a s2
verify 0 a s2
nothing_found
"$IMGPIPE" run "$in" --archive "$work/a" --state "$work/s3" --settle 0 -q \
    --mark-text OTHER --mark-unsupported=skip
verify 0 a s
grep -q '^note: [0-9]* objects from another state directory' "$work/out" ||
    fail "another state's objects: $(cat "$work/out")"
verify 0 a s3
nothing_found

# What a killed run left is no finding: a run must finish it.
killed() { # killed ARCHIVE STATE SOURCE OPTION...: once it had SOURCE recorded
    to=$work/$1 state=$work/$2 source=$3
    shift 3
    mkfifo "$work/list"
    "$IMGPIPE" run - --archive "$to" --state "$state" --settle 0 -q "$@" \
        <"$work/list" &
    exec 9>"$work/list"
    echo "$source" >&9 # and it waits for more
    until [ "$(sqlite3 -readonly "$state/ledger.db" 2>/dev/null \
        'SELECT count(*) FROM inputs')" = 1 ]; do
        kill -0 $! || fail "the run ended"
    done
    { kill -9 $! && wait $!; } 2>/dev/null
    exec 9>&-
    rm "$work/list"
}
rm -rf "$work"/a "$work"/s*
killed a s "$in/clinic-c/echo_1002.gif"
verify 0 a s --quiet
nothing=$(cat "$work/out" "$work/err")
[ -z "$nothing" ] || fail "--quiet says: $nothing"
verify 0 a s
grep -q '^note: a run was interrupted' "$work/out" || fail "$(cat "$work/out")"
mkdir "$work/a/data/zz"
cp "$(find "$work/a/data" -name '*.gif')" "$work/a/data/zz/x.gif"
verify 1 a s # but this one's name is not that of its bytes
grep -q '^name: data/zz/x.gif' "$work/out" || fail "$(cat "$work/out")"
rm -r "$work/a/data/zz"

# Nor is what a run of another state left beside a finished one; but what
# this one has recorded must be there.
run a s
verify 0 a s
nothing_found
killed a s2 "$in/clinic-b/ecg_1007_richard-roe.png" --mark-text T
verify 0 a s
grep -q '^note: by .imgpipe-staging' "$work/out" || fail "$(cat "$work/out")"
grep -q '^note: 1 object that an interrupted' "$work/out" ||
    fail "$(cat "$work/out")"
object=$(find "$work/a/data" -name '*.gif')
mv "$object" "$work/elsewhere.gif"
verify 1 a s
grep -q '^missing: data/.*\.gif' "$work/out" || fail "$(cat "$work/out")"
mv "$work/elsewhere.gif" "$object"
run a s
verify 0 a s
nothing_found

# A sample: the same seed picks the same ones; lists are compared whole.
objects=$(find "$work/a/data" -type f | wc -l)
rm "$(find "$work/a/data" -type f | sort | tail -n 1)"
for i in 1 2; do
    verify 1 a s --sample 40% --seed 7 --json
    tail -n 1 "$work/out" | sed 's/"seconds".*//' >"$work/sample$i"
    grep -q '"missing"' "$work/out" || fail "a sample sees no missing object"
done
cmp "$work/sample1" "$work/sample2" || fail "another sample by the same seed"
read=$(sed 's/.*"read": \([0-9]*\).*/\1/' "$work/sample1")
[ "$read" -gt 0 ] && [ "$read" -lt "$objects" ] || fail "$read of $objects read"
verify 1 a s --sample 0
grep -q " 0 read (a sample of 0 %, --seed" "$work/err" || fail "$(cat "$work/err")"

# A bag may have what no manifest lists, so that is a note; of many, a few.
rm -rf "$work"/a "$work"/s*
run a s
touch "$work/a/Thumbs.db" "$work/a/.$(printf '\033[31m')"
mkdir "$work/a/metadata"
verify 0 a s
grep -q '^note: no run has put Thumbs.db beside data/' "$work/out" &&
    grep -q '^note: no run has put metadata beside data/' "$work/out" &&
    [ "$(wc -l <"$work/out")" -eq 3 ] || fail "$(cat "$work/out")"
tr -d '\n' <"$work/out" | grep -q '[[:cntrl:]]' && fail "a terminal's control"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do touch "$work/a/$i"; done
verify 0 a s
grep -q '^note: no run has put 5 others' "$work/out" || fail "$(cat "$work/out")"

# Refused: another archive's state, no archive, options that do not go together.
rm -rf "$work"/a "$work"/s*
run a s
run b sb
verify 3 a sb
verify 3 nothing s
[ ! -e "$work/nothing" ] || fail "an archive was made"
verify 2 a s --against "$in" --sample 5%
verify 2 a s --sample 500%
# A run has it: refused, or waited for; and the run is not held up.
flock "$work/s/lock" sh -c "while [ ! -e '$work/go' ]; do :; done" &
holder=$!
until ! flock -n "$work/s/lock" true; do :; done
verify 3 a s
grep -q 'another' "$work/err" || fail "$(cat "$work/err")"
"$IMGPIPE" verify "$work/a" --state "$work/s" --wait 2>"$work/waited" &
waiting=$!
touch "$work/go"
wait $holder
wait $waiting || fail "waited in vain: $(cat "$work/waited")"
left=$(ls "$work/s")
[ "$left" = "$before" ] || fail "left in the state directory: $left"

# On a file system that is read only, as a snapshot is, where one can be made.
mkdir "$work/ro"
cp -a "$work/a" "$work/s" "$work/ro"
sqlite3 "$work/ro/s/ledger.db" "UPDATE meta SET value = '$work/ro/a',
    sum = NULL WHERE key = 'archive'"
read_only() { # read_only COMMAND...
    unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" &&
        exec "$@"' "$work/ro" "$@"
}
if read_only true 2>/dev/null; then
    expect_exit 1 read_only "$IMGPIPE" verify "$work/ro/a" --state "$work/ro/s"
    [ "$(cut -c1-20 "$work/out")" = "ledger: meta archive" ] ||
        fail "read only: $(cat "$work/out")"
    expect_exit 0 read_only "$IMGPIPE" audit verify --state "$work/ro/s" \
        "$work/ro/a"
    expect_exit 0 read_only "$IMGPIPE" verify "$work/ro/a" \
        --state "$work/ro/s" --against "$in"
fi

# A signal ends it cleanly, however long it still has to go.
python3 - "$IMGPIPE" "$work" <<'PY' || fail "SIGINT"
import os, signal, subprocess, sys
imgpipe, work = sys.argv[1:]
path = work + "/a/manifest-sha256.txt"
kept = open(path).read()
with open(path, "a") as f:  # more findings than a pipe holds
    f.writelines("%064x  data/zz/%0200d\n" % (i, i) for i in range(5000))
p = subprocess.Popen([imgpipe, "verify", work + "/a", "--state", work + "/s"], stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE)
p.stdout.readline()
p.send_signal(signal.SIGINT)
got, said = len(p.stdout.read().splitlines()), p.stderr.read()
assert p.wait() == 130 and got < 5000, (p.returncode, got)
assert b"so far, not finished" in said, said
open(path, "w").write(kept)
PY
verify 0 a s
nothing_found

# A ledger from before the last run: its log knows more.
cp "$work/s/ledger.db" "$work/older.db"
expect_exit 1 "$IMGPIPE" run "$in" --archive "$work/a" --state "$work/s" \
    --settle 0 --retry-quarantined
cp "$work/older.db" "$work/s/ledger.db"
verify 1 a s
grep -q '^audit log: .*older than its log' "$work/out" ||
    fail "an older ledger: $(cat "$work/out")"

# And then everything that may be wrong, one thing after the other, in an
# archive of a few.
rm -rf "$work"/a "$work"/s*
mkdir "$work/few"
for f in jpg png webp gif; do
    find "$in" -name "*.$f" ! -name 'truncated*' -size -60k | sort | head -n 1
done | while read -r f; do cp "$f" "$work/few"; done
in=$work/few
run a s --mark-text T --mark-unsupported=skip
tampered=$(python3 tests/lib/tamper.py "$IMGPIPE" "$work") || fail "$tampered"

# The same in one file.
"$IMGPIPE" run "$in" --archive "tar.gz:$work/a.tgz" --state "$work/st" \
    --settle 0 -q
python3 - "$IMGPIPE" "$work" >"$work/tar" 2>&1 <<'PY' || fail "$(cat "$work/tar")"
import random, subprocess, sys
imgpipe, work = sys.argv[1:]
path, rnd = work + "/a.tgz", random.Random(5)
kept = open(path, "rb").read()


def verify(what, want, told=None, state="/st"):
    p = subprocess.run([imgpipe, "verify", "tar.gz:" + path, "--state", work + state, "-q"], capture_output=True,
                       text=True)
    if p.returncode not in want or p.returncode == 1 and not p.stdout or told and p.stdout != told + "\n":
        sys.exit(f"tar.gz: {what}: exit {p.returncode}: {p.stdout} {p.stderr}")
    open(path, "wb").write(kept)


verify("as it was", [0])
tail = range(len(kept) - 4000, len(kept))
for at in rnd.sample(range(len(kept)), 25) + rnd.sample(tail, 25):
    data = bytearray(kept)
    data[at] ^= 1 << rnd.randrange(8)
    open(path, "wb").write(data)
    verify(f"a bit at {at} of {len(kept)}", [1, 3])  # 3: no archive at all
for n in (1, 2000, len(kept) // 2):
    open(path, "wb").write(kept[:-n])
    verify(f"cut off by {n}", [1, 3])
size, end = len(kept), "changed: the archive has "
for state in ("/st", "/none"):
    for n in (1, 5000):
        open(path, "ab").write(bytes([7]) * n)
        verify(f"{n} bytes appended", [1], end + f"something behind its end: {n} bytes at offset {size}", state)
    open(path, "ab").write(kept)
    verify("twice", [1], end + f"something behind its end: {size} bytes at offset {size}", state)
tail = kept.rindex(b"\x1f\x8b")
open(path, "wb").write(kept[:tail])
verify("without its end", [1], end + f"no end: it is cut off at offset {tail}")
open(path, "wb").write(kept[:-1])
verify("its end cut off", [1], end + f"no end: of its {size - 1} bytes, those from offset {tail} on are no whole part of one")
open(path, "wb").write(kept[:-1] + b"\1")
verify("its end changed", [1], end + f"an end that is damaged, before offset {size}")
print("62 in one file")
PY
echo "intact archives of every kind: nothing found; found: $tampered," \
    "$(cat "$work/tar")"
