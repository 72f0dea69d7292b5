# inspect tells what is there and what would go, and writes nothing; so does a
# dry run, with the counts that the run then has.
. tests/lib/env.sh
. tests/lib/e2e.sh
cp -r "$SAMPLES/uploads" "$work/in"
photo=$(find "$work/in" -name 'patient_1001_jane-doe_left-forearm.jpg' | head -n 1)
[ -n "$photo" ] || fail "no sample to look at"
expect_exit 1 "$IMGPIPE" inspect "$photo"
grep -q '^  drop .*  exif .*APP1' "$work/out" || fail "no EXIF: $(cat "$work/out")"
grep -q -- '- .*GPSLatitude' "$work/out" || fail "the tags that go are not told"
expect_exit 1 "$IMGPIPE" inspect --show-values "$photo"
exiftool -s3 -n -Make "$photo" >"$work/make"
grep -qF "Make: $(cat "$work/make")" "$work/out" || fail "no value is shown"
expect_exit 1 "$IMGPIPE" inspect --json "$photo"
python3 - "$work/out" "$photo" <<'PY' || fail "the JSON is wrong"
import json, os, sys
lines = open(sys.argv[1]).read().splitlines()
assert len(lines) == 1
i = json.loads(lines[0])
size = os.path.getsize(sys.argv[2])
assert i["state"] == "identifying" and i["format"] == "jpeg" and i["bytes_in"] == size
# The parts but for what is inserted tile the file.
at = 0
for p in i["parts"]:
    assert p["offset"] == at, p
    if p["fate"] != "insert":
        at += p["length"]
assert at == size
out = sum(p["length"] for p in i["parts"] if p["fate"] in ("keep", "zero", "insert"))
assert out == i["bytes_out"]
assert "value" not in json.dumps(i["parts"])
PY
# Without being asked it names no value that identifies.
"$IMGPIPE" inspect "$work/in" >"$work/all" 2>"$work/err"
exiftool -r -q -s3 -Artist -OwnerName -SerialNumber -Comment -Author \
    "$work/in" 2>/dev/null | grep -v '^====' | sort -u >"$work/values"
[ -s "$work/values" ] || fail "the samples hold nothing to find"
grep -vF "$work" "$work/all" | grep -qFf "$work/values" &&
    fail "a value is shown unasked"

# The dry run.
mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
before=$(find "$work" -path "$work/out" -prune -o -path "$work/err" -prune -o \
    -print | sort | sha256sum)
expect_exit 1 "$IMGPIPE" run --dry-run -q "$work/in" \
    --archive "$work/a" --settle 0 --json
after=$(find "$work" -path "$work/out" -prune -o -path "$work/err" -prune -o \
    -print | sort | sha256sum)
[ "$before" = "$after" ] || fail "a dry run has left something"
tail -n 1 "$work/out" | sed 's/"run".*"scanned"/"scanned"/; s/"seconds".*//' \
    >"$work/dry"
expect_exit 1 "$IMGPIPE" run "$work/in" --archive "$work/a" --settle 0 --json
sed 's/"run".*"scanned"/"scanned"/; s/"seconds".*//' "$work/out" >"$work/wet"
cmp -s "$work/dry" "$work/wet" ||
    fail "dry: $(cat "$work/dry") wet: $(cat "$work/wet")"
# Behind the run, all is done before.
expect_exit 0 "$IMGPIPE" run --dry-run "$work/in" --archive "$work/a" \
    --settle 0 --json
tail -n 1 "$work/out" >"$work/last"
cp "$work/last" "$work/out"
[ "$(field skipped)" -eq "$(field scanned)" ] || fail "$(cat "$work/out")"
# The archive is clean, by inspect's own word, as a gate for scripts.
expect_exit 0 "$IMGPIPE" inspect --brief "$work/a/data"
find "$work/a/data" -type f -print0 >"$work/list"
expect_exit 0 "$IMGPIPE" inspect -0 --json - <"$work/list"
echo "$(wc -l <"$work/all") lines about the samples; dry and real runs agree"
