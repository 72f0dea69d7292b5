# A second run skips what is done without reading it, takes what is new or has
# changed, and leaves what is in quarantine until it is told to try.
. tests/lib/env.sh
. tests/lib/e2e.sh
cp -r "$SAMPLES/uploads" "$work/in"
go() {
    expect_exit "$1" "$IMGPIPE" run "$work/in" --archive "$work/a" \
        --state "$work/s" --settle 0 --json $2
}
go 1 ""
first=$(field archived)
quarantined=$(field quarantined)
[ "$first" -gt 0 ] && [ "$quarantined" -gt 0 ] || fail "nothing to test with"
cp -r "$work/a" "$work/before"
# Unreadable now, so that a run that looks inside must fail.
strace -f -e trace=openat -o "$work/trace" "$IMGPIPE" run "$work/in" \
    --archive "$work/a" --state "$work/s" --settle 0 2>/dev/null ||
    [ ! -s "$work/trace" ] || fail "second run: exit $?"
if [ -s "$work/trace" ]; then
    grep -E 'openat.*\.(jpg|png)"' "$work/trace" | grep -v /lib/ &&
        fail "a second run opened an image"
fi
go 0 ""
[ "$(field archived)" -eq 0 ] && [ "$(field quarantined)" -eq 0 ] ||
    fail "done again: $(cat "$work/out")"
[ "$(field quarantined_before)" -eq "$quarantined" ] ||
    fail "quarantined before: $(field quarantined_before)"
same_archive "$work/before" "$work/a"
go 1 --retry-quarantined
[ "$(field quarantined)" -eq "$quarantined" ] ||
    fail "retried: $(field quarantined), want $quarantined"
touch -d '2001-02-03' "$work/in"/*/*/patient_1001*
go 0 ""
[ "$(field duplicate)" -gt 0 ] || fail "a changed file was not looked at"
same_archive "$work/before" "$work/a"
# The state is lost: the archive's own manifest is taken up.
rm -rf "$work/s"
go 1 ""
same_archive "$work/before" "$work/a"
[ "$(field archived)" -eq 0 ] || fail "archived twice: $(field archived)"
valid_bag "$work/a"
echo "$first archived once, $quarantined in quarantine"
