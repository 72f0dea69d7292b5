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
# Which files does a second run open? LeakSanitizer cannot run under strace.
looked="not traced"
case $build in *asan*) ;; *)
    if command -v strace >/dev/null; then
        strace -f -e trace=openat -o "$work/trace" "$IMGPIPE" run "$work/in" \
            --archive "$work/a" --state "$work/s" --settle 0 --quiet ||
            fail "second run: exit $?"
        grep -q '"ledger.db\|/ledger.db"' "$work/trace" ||
            fail "the trace shows nothing"
        grep -E 'openat.*\.(jpg|png|pdf)"' "$work/trace" &&
            fail "a second run opened an input"
        looked="no input opened again"
    fi
    ;;
esac
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
echo "$first archived once, $quarantined in quarantine; $looked"
