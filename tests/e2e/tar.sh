# An archive in one file: read by GNU tar, bsdtar, Python's tarfile and gzip,
# finished or killed; its bytes do not depend on the number of workers, nor on
# how often a run was killed. E2E_KILLS=50 for the long form.
. tests/lib/env.sh
. tests/lib/e2e.sh
kills=${E2E_KILLS:-3}
mkdir "$work/in"
if [ -n "$IMP_CORPUS" ]; then
    find "$IMP_CORPUS/png" "$IMP_CORPUS/tiff" "$IMP_CORPUS/medical" -type f \
        -exec cp -t "$work/in" {} +
fi
n=0
for f in $(find "$SAMPLES/uploads" -type f ! -name '.*'); do
    n=$((n + 1))
    cp "$f" "$work/in/$n-$(basename "$f")"
done
run() { # run FILE [OPTION...]
    file=$1
    shift
    "$IMGPIPE" run "$work/in" --archive "tar.gz:$file" --state "$work/s" \
        --settle 0 --quiet "$@" 2>"$work/err"
    [ $? -le 1 ] || fail "run: $(tail -n 3 "$work/err")"
}
same_file() {
    cmp "$1" "$2" || fail "$3: other bytes"
}

# --- Judges ---

# read_by_all FILE: what each judge says about it, and that it says no more.
read_by_all() {
    gzip -t "$1" 2>"$work/says" || fail "gzip -t: $(cat "$work/says")"
    [ ! -s "$work/says" ] || fail "gzip: $(cat "$work/says")"
    for tool in tar bsdtar; do
        $tool -tzvf "$1" >"$work/listed-$tool" 2>"$work/says" ||
            fail "$tool t: $(cat "$work/says")"
        rm -rf "$work/x-$tool"
        mkdir "$work/x-$tool"
        $tool -xzf "$1" -C "$work/x-$tool" 2>>"$work/says" ||
            fail "$tool x: $(cat "$work/says")"
        [ ! -s "$work/says" ] || fail "$tool: $(cat "$work/says")"
    done
    same_archive "$work/x-tar" "$work/x-bsdtar"
    python3 - "$1" "$work/x-tar" <<'PY' || fail "tarfile"
import gzip, os, pathlib, sys, tarfile
archive, extracted = sys.argv[1:]

def contents(tar):
    members = {}
    for m in tar:
        assert m.name not in members, "twice: " + m.name
        assert (m.uid, m.gid, m.uname, m.gname, m.mtime) == (0, 0, "", "", 0)
        members[m.name] = tar.extractfile(m).read() if m.isfile() else None
    return {k: v for k, v in members.items() if v is not None}

with tarfile.open(archive, "r:gz") as t:
    random = contents(t)
# Python's own "r|gz" reads the first member of a gzip file and no other.
with gzip.open(archive) as f, tarfile.open(fileobj=f, mode="r|") as t:
    streamed = contents(t)
assert random == streamed
files = {}
for top, _, names in os.walk(extracted):
    for name in names:
        path = os.path.join(top, name)
        files[os.path.relpath(path, extracted)] = pathlib.Path(path).read_bytes()
assert files == random, set(files) ^ set(random)
PY
}

# --- Finished ---

start=$(date +%s%N)
run "$work/want" --jobs 2
took=$((($(date +%s%N) - start) / 1000000)) # ms
cp -p "$work/want" "$work/copy"
run "$work/want"
same_file "$work/copy" "$work/want" "a run with nothing new"
[ "$(stat -c %Y "$work/copy")" = "$(stat -c %Y "$work/want")" ] ||
    fail "a run with nothing new wrote the file"
read_by_all "$work/want"
valid_bag "$work/x-tar/imgpipe"
objects=$(sqlite3 -readonly "$work/s/ledger.db" 'SELECT count(*) FROM objects')
[ "$(find "$work/x-tar/imgpipe/data" -type f | wc -l)" = "$objects" ] ||
    fail "not as many files as the ledger has objects"
rm -rf "$work/s"
"$IMGPIPE" run "$work/in" --archive "$work/bag" --state "$work/s" --settle 0 \
    --quiet 2>/dev/null
same_archive "$work/bag/data" "$work/x-tar/imgpipe/data"
cmp -s "$work/bag/manifest-sha256.txt" \
    "$work/x-tar/imgpipe/manifest-sha256.txt" || fail "another manifest"

# --- However many workers, and whatever was lost ---

for jobs in 1 2 4; do
    rm -rf "$work/s" "$work/a"
    run "$work/a" --jobs $jobs
    same_file "$work/want" "$work/a" "--jobs $jobs"
done
rm -rf "$work/s"
run "$work/a"
same_file "$work/want" "$work/a" "without its state"

# Half of the inputs first: then their images come first in the file, and the
# set is the same.
rm -rf "$work/s" "$work/a"
mkdir "$work/later"
find "$work/in" -type f | sort | awk 'NR % 2' >"$work/half"
while read -r f; do mv "$f" "$work/later"; done <"$work/half"
run "$work/a"
read_by_all "$work/a"
valid_bag "$work/x-tar/imgpipe"
mv "$work/later"/* "$work/in"
run "$work/a"
read_by_all "$work/a"
valid_bag "$work/x-tar/imgpipe"
same_archive "$work/bag/data" "$work/x-tar/imgpipe/data"

# --- Killed ---

# What a killed run left is read up to its last whole member.
unfinished() {
    tar -xzf "$1" -C "$work/x-killed" 2>/dev/null
    python3 - "$1" "$work/x-killed" "$work/bag" <<'PY' || fail "unfinished"
import os, pathlib, sys, zlib
archive, extracted, bag = sys.argv[1:]
data = pathlib.Path(archive).read_bytes()
whole = 0
while data:
    d = zlib.decompressobj(31)
    try:
        d.decompress(data)
    except zlib.error:
        break
    if not d.eof:
        break
    data, whole = d.unused_data, whole + 1
have = []
for top, _, names in os.walk(os.path.join(extracted, "imgpipe", "data")):
    for name in names:
        path = pathlib.Path(top, name)
        want = pathlib.Path(bag, path.relative_to(pathlib.Path(extracted, "imgpipe")))
        have.append(path.read_bytes() == want.read_bytes())
# GNU tar also begins to extract what is torn.
assert sum(have) >= whole - 6 and have.count(False) <= 1, (sum(have), whole)
PY
}

# Killed twice over the same image, a run would let it be.
again_and_again=--retry-quarantined
seed=${E2E_SEED:-$$}
mid=0
i=0
while [ $i -lt "$kills" ]; do
    i=$((i + 1))
    rm -rf "$work/a" "$work/s" "$work/x-killed"
    mkdir "$work/x-killed"
    again=0
    while [ $again -lt 3 ]; do
        again=$((again + 1))
        "$IMGPIPE" run "$work/in" --archive "tar.gz:$work/a" \
            --state "$work/s" --settle 0 --quiet --commit-every 9 \
            $again_and_again 2>/dev/null &
        pid=$!
        ms=$(awk -v s=$((seed + 3 * i + again)) -v t=$took \
            'BEGIN { srand(s); print int(rand() * t / 2) }')
        # The moment is the test's subject, not its synchronisation.
        sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
        [ $? -gt 100 ] && mid=$((mid + 1))
        [ ! -s "$work/a" ] || unfinished "$work/a"
    done
    run "$work/a" $again_and_again
    same_file "$work/want" "$work/a" "after kill -9 at $ms ms"
done
[ $mid -gt 0 ] || fail "no run was hit before its end"
echo "$objects objects, --jobs 1, 2 and 4, $((3 * kills)) x kill -9, $mid in" \
    "mid-run: all files equal"
