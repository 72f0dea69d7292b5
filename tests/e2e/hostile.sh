# Broken and hostile files: none crashes or hangs the run, all have an outcome,
# and what is archived holds nothing.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
need_tools
expect_exit 1 timeout -k 5 300 "$IMGPIPE" run "$IMP_CORPUS/hostile" \
    --archive "$work/a" --state "$work/s" --settle 0 --json
expect_sum
[ "$(field failed)" -eq 0 ] || fail "failed: $(field failed)"
"$IMP_TOOLS/leak-judge" "$work/a/data" >"$work/judge" ||
    fail "leak-judge: $(tail -n 5 "$work/judge")"
archived=$(field archived)
# The same with a mark: what does not decode must not pass as marked.
expect_exit 1 timeout -k 5 300 "$IMGPIPE" run "$IMP_CORPUS/hostile" \
    --archive "$work/m" --state "$work/sm" --settle 0 --json --mark-text X
expect_sum
[ "$(field failed)" -eq 0 ] || fail "failed with a mark: $(field failed)"
echo "$(field scanned) scanned, $archived archived unmarked," \
    "$(field archived) marked, judge: $(tail -n 1 "$work/judge")"
