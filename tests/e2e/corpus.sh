# Real JPEG and PNG files: every one has an outcome, the judge finds nothing in
# the archive, and each picture decodes to the samples that its source has.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
need_tools
mkdir "$work/in"
cp -r "$IMP_CORPUS/jpeg" "$IMP_CORPUS/png" "$IMP_CORPUS/medical" "$work/in/"
[ -n "${E2E_LARGE-}" ] && cp -r "$IMP_CORPUS/large" "$work/in/"
expect_exit 1 "$IMGPIPE" run "$work/in" --archive "$work/a" \
    --state "$work/s" --settle 0 --json
expect_sum
[ "$(field scanned)" -eq "$(find "$work/in" -type f | wc -l)" ] ||
    fail "scanned $(field scanned) files"
[ "$(field failed)" -eq 0 ] || fail "failed: $(field failed)"
cp "$work/err" "$work/quarantined"
valid_bag "$work/a"
no_temporaries "$work/a"
"$IMP_TOOLS/leak-judge" "$work/a/data" >"$work/judge" ||
    fail "leak-judge: $(tail -n 5 "$work/judge")"
pairs "$work/s" >"$work/pairs"
python3 tests/lib/same_pixels.py "$work/a/data" "$work/pairs" \
    >"$work/pixels" || fail "$(tail -n 20 "$work/pixels")"
echo "$(field archived) archived, $(field quarantined) quarantined;" \
    "judge: $(tail -n 1 "$work/judge"); $(tail -n 1 "$work/pixels")"
