# What was archived is proven to be its source but for the mark; and each way in
# which it could not be is noticed.
. tests/lib/env.sh
. tests/lib/e2e.sh
mkdir "$work/in"
find "$SAMPLES/uploads" -type f -exec cp -t "$work/in" {} +
run() {
    rm -rf "$work/a" "$work/s"
    "$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s" --settle 0 \
        --json "$@" >"$work/out" 2>"$work/err"
    archived=$(field archived)
    [ "$archived" -gt 2 ] || fail "only $archived archived"
}
verify() { # verify EXIT
    expect_exit "$1" "$IMGPIPE" verify "$work/a" --state "$work/s" --json \
        --against "$work/in"
}
proofs() { # proofs PROOF: how many
    grep -c "\"proof\": \"$1\"" "$work/out"
}

skip=--mark-unsupported=skip
for mark in "" "--mark-text=TRIAL $skip" \
    "--mark-text=T --mark-tile --mark-angle=30 $skip"; do
    # shellcheck disable=SC2086 # an empty option is none
    run $mark
    verify 0
    [ "$(proofs proven)" -ge "$archived" ] || fail "$mark: not all is proven"
done

# Quiet: not a word, with --json or without, unless there is one to be said.
for form in "" --json; do
    # shellcheck disable=SC2086 # an empty option is none
    expect_exit 0 "$IMGPIPE" verify "$work/a" --state "$work/s" \
        --against "$work/in" --quiet $form
    said=$(cat "$work/out" "$work/err")
    [ -z "$said" ] || fail "--quiet $form says: $said"
done
mkdir "$work/nothing"
expect_exit 1 "$IMGPIPE" verify "$work/a" --state "$work/s" \
    --against "$work/nothing" --quiet
grep -q '0 proven' "$work/err" || fail "exit 1 without a reason"

# The ledger's place for the mark is not where the mark is.
jpeg=$(sqlite3 "$work/s/ledger.db" "SELECT path FROM inputs
    WHERE route = 'splice' LIMIT 1")
[ "$jpeg" ] || fail "no sample is spliced"
sqlite3 "$work/s/ledger.db" "UPDATE inputs SET mark_across = 1, mark_down = 1
    WHERE CAST(path AS TEXT) = '$jpeg'"
verify 1
[ "$(proofs DISPROVEN)" -eq 1 ] || fail "a change outside of the mark passes"
grep -q '"reason": "[0-9]* blocks differ outside' "$work/out" ||
    fail "$(grep DISPROVEN "$work/out")"
expect_exit 1 "$IMGPIPE" verify "$work/a" --state "$work/s" \
    --against "$work/in" --quiet
[ "$(wc -l <"$work/out")" -eq 1 ] && grep -q DISPROVEN "$work/out" ||
    fail "--quiet says: $(cat "$work/out")"
[ ! -s "$work/err" ] || fail "--quiet says: $(cat "$work/err")"

# Another picture in its place; a byte of an object; an object that is gone.
run --mark-text TRIAL
object=$work/a/data/$(sqlite3 "$work/s/ledger.db" "SELECT o.name FROM objects o
    JOIN inputs i ON i.object = o.id WHERE CAST(i.path AS TEXT) = '$jpeg'")
printf tampered | dd of="$object" bs=1 seek=5000 conv=notrunc 2>"$work/err"
verify 1
[ "$(proofs DISPROVEN)" -eq 1 ] || fail "a changed object passes"
rm -f "$object"
verify 1
[ "$(proofs DISPROVEN)" -eq 1 ] || fail "a lost object passes"

# Pixels: of a PNG, by a ledger that is told another digest.
png=$(sqlite3 "$work/s/ledger.db" "SELECT o.name FROM objects o JOIN inputs i
    ON i.object = o.id WHERE i.format = 'png' LIMIT 1")
vips invert "$work/a/data/$png" "$work/inverted.png"
cp "$work/inverted.png" "$work/a/data/$png"
sqlite3 "$work/s/ledger.db" "UPDATE objects SET
    digest = x'$(sha256sum <"$work/inverted.png" | cut -c1-64)'
    WHERE name = '$png'"
verify 1
grep -q '"reason": "[0-9]* pixels differ outside' "$work/out" ||
    fail "an inverted picture passes: $(grep "$png" "$work/out")"

# The same coefficients, but a viewer is told to turn them otherwise.
run --mark-text TRIAL
turned=$(sqlite3 "$work/s/ledger.db" "SELECT o.name FROM objects o JOIN inputs i
    ON i.object = o.id WHERE CAST(i.path AS TEXT) LIKE '%/patient_1001_%detail.jpg'")
[ "$turned" ] || fail "the sample that is stored turned is not archived"
exiftool -q -n -overwrite_original -Orientation=1 "$work/a/data/$turned"
sqlite3 "$work/s/ledger.db" "UPDATE objects SET
    digest = x'$(sha256sum <"$work/a/data/$turned" | cut -c1-64)'
    WHERE name = '$turned'"
verify 1
[ "$(proofs DISPROVEN)" -eq 1 ] || fail "a turned picture passes"
grep -q '"reason": "it is another picture: page 0 has orientation 1, want 6"' \
    "$work/out" || fail "$(grep DISPROVEN "$work/out")"

# A source that is not what it was.
run --mark-text TRIAL
touch "$jpeg"
verify 1
[ "$(proofs 'not proven')" -eq 1 ] || fail "a changed source passes"
# Nothing archived proves nothing.
mkdir "$work/other"
expect_exit 1 "$IMGPIPE" verify "$work/a" --state "$work/s" \
    --against "$work/other"
echo "proven with no mark, one, and many; six ways of being wrong noticed"
