# Real files of all kinds: every one has an outcome, the judge finds nothing in
# the archive, each picture decodes as its source does, and the archive run
# through again comes out as it is. E2E_LARGE=1 takes the large ones, too.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
need_tools
mkdir "$work/in"
for kind in jpeg png webp gif tiff heic medical ${E2E_LARGE:+large}; do
    cp -r "$IMP_CORPUS/$kind" "$work/in/"
done
expect_exit 1 "$IMGPIPE" run "$work/in" --archive "$work/a" \
    --state "$work/s" --settle 0 --json
expect_sum
[ "$(field scanned)" -eq "$(find "$work/in" -type f | wc -l)" ] ||
    fail "scanned $(field scanned) files"
[ "$(field failed)" -eq 0 ] || fail "failed: $(field failed)"
archived=$(field archived) quarantined=$(field quarantined)
valid_bag "$work/a"
no_temporaries "$work/a"
judged_clean "$work/a/data"
pairs "$work/s" >"$work/pairs"
python3 tests/lib/same_pixels.py "$work/a/data" "$work/pairs" \
    >"$work/pixels" || fail "$(tail -n 20 "$work/pixels")"
python3 tests/lib/needless.py "$work/s/ledger.db" >"$work/needless" ||
    fail "$(cat "$work/needless")"
# Once more: what is clean comes out byte for byte as it went in.
expect_exit 0 "$IMGPIPE" run "$work/a/data" --archive "$work/again" \
    --state "$work/sa" --settle 0 --json
same_archive "$work/a/data" "$work/again/data"
echo "$archived archived, $quarantined quarantined;" \
    "judge: $(tail -n 1 "$work/judge"); $(tail -n 1 "$work/pixels");" \
    "$(tail -n 1 "$work/needless"); a second pass changed nothing"
