# Two runs on one archive: the second says so and leaves with 3, or waits.
. tests/lib/env.sh
. tests/lib/e2e.sh
cp -r "$SAMPLES/uploads" "$work/in"
mkfifo "$work/list"
"$IMGPIPE" run - --archive "$work/a" --state "$work/s" --settle 0 --quiet \
    <"$work/list" &
first=$!
exec 3>"$work/list"      # the first run reads this and waits
until [ -e "$work/a/data" ] && [ -e "$work/s/ledger.db" ]; do :; done
expect_exit 3 "$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s"
grep -q 'another run' "$work/err" || fail "unclear: $(cat "$work/err")"
expect_exit 3 "$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s2"
grep -q 'another run' "$work/err" || fail "unclear: $(cat "$work/err")"
"$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s" --settle 0 \
    --wait --json >"$work/out" 2>/dev/null 3>&- &
second=$!
exec 3>&-
wait $first || fail "first run: exit $?"
wait $second
[ $? -eq 1 ] || fail "waiting run: exit $?"
[ "$(field archived)" -gt 0 ] || fail "the waiting run did nothing"
valid_bag "$work/a"
echo "refused with 3 twice, then waited and archived $(field archived)"
