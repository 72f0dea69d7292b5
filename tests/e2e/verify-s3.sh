# An archive in an S3 store is verified as a whole: an intact one has nothing
# found; what is changed, deleted or added is found and named.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/fake.sh
start_fake 3
verify() { # verify EXIT [STATE]
    expect_exit "$1" "$IMGPIPE" verify s3://bucket/x --s3-endpoint \
        "$S3_ENDPOINT" --s3-path-style --state "$work/${2-state}"
}
"$IMGPIPE" run "$SAMPLES/uploads" --archive s3://bucket/x --s3-endpoint \
    "$S3_ENDPOINT" --s3-path-style --state "$work/state" --settle 0 -q
verify 0
[ ! -s "$work/out" ] || fail "found in an intact archive: $(cat "$work/out")"
verify 0 none
store download bucket x/ "$work/kept"
tried=0
found() { # found WORDS: and then it is as it was
    verify 1
    grep -q "$1" "$work/out" || fail "want \"$1\": $(cat "$work/out")"
    store put bucket "x/$file" "$work/kept/$file"
    tried=$((tried + 1))
}
flip() { # flip OFFSET: a bit of $file
    python3 - "$work/kept/$file" "$work/flipped" "$1" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3])] ^= 1
open(sys.argv[2], "wb").write(data)
PY
    store delete bucket "x/$file"
    store put bucket "x/$file" "$work/flipped"
}
objects=$(cd "$work/kept" && find data -type f | sort | head -n 3)
for file in $objects; do
    flip 30
    found "^changed: $file: its SHA-256 is"
    store delete bucket "x/$file"
    found "^missing: $file: the manifest lists it and the ledger has it"
done
for file in bagit.txt bag-info.txt manifest-sha256.txt tagmanifest-sha256.txt; do
    flip 20
    found "^tag file: .*${file%-*}"
done
# As another state's run has it while it is at work: a note, and hides nothing.
store delete bucket x/tagmanifest-sha256.txt
verify 0
grep -q '^note: by tagmanifest-sha256.txt' "$work/out" || fail "$(cat "$work/out")"
file=${objects##*
}
store delete bucket "x/$file"
found "^missing: $file"
file=tagmanifest-sha256.txt
store put bucket "x/$file" "$work/kept/$file"
store put bucket x/notes.txt "$work/flipped"
verify 0
grep -q '^note: no run has put notes.txt beside data/' "$work/out" ||
    fail "$(cat "$work/out")"
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "$(cat "$work/out")"
store delete bucket x/notes.txt
store put bucket x/data/stray.jpg "$work/flipped"
verify 1
grep -q '^unlisted: data/stray.jpg' "$work/out" || fail "$(cat "$work/out")"
store delete bucket x/data/stray.jpg
verify 0
echo "intact with its ledger and without; $((tried + 1)) changes found"
