#!/bin/sh
# run.sh BUILD: all tests on the build tree BUILD. Unit tests (Criterion), then
# the command line (tests/cli: a script beside what it must print), whole runs
# (tests/e2e: a script that exits 0, or 77 with the reason if it cannot run
# here) and runs that are disturbed (tests/fault, the same): as many at a time
# as there are processors, or TEST_JOBS. The last line counts them all.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
. tests/lib/env.sh
passed=0 failed=0
tally=$(mktemp) || exit 2
log=$tally.log
trap 'rm -f "$tally" "$log"' EXIT

for unit in "$build"/bin/unit-*; do
    [ -x "$unit" ] || continue
    "$unit" >"$log" 2>&1
    status=$?
    line=$(grep -a 'Tested:' "$log" | tail -n 1)
    [ $status -eq 0 ] || cat "$log"
    printf '%s: %s\n' "${unit##*/}" "$line"
    grep -a '^skipped:' "$log" | sort | uniq -c
    ok=$(printf '%s' "$line" | sed -n 's/.*Passing: [^0-9]*\([0-9]*\).*/\1/p')
    all=$(printf '%s' "$line" | sed -n 's/.*Tested: [^0-9]*\([0-9]*\).*/\1/p')
    if [ -z "$all" ]; then # it died before it could count
        failed=$((failed + 1))
    else
        passed=$((passed + ok))
        failed=$((failed + all - ok))
    fi
done

for dir in tests/cli/*/; do
    printf '%s\n' "${dir%/} tests/lib/cli-test.sh ${dir%/}"
done >"$log"
for script in tests/e2e/*.sh tests/fault/*.sh; do
    printf '%s\n' "$script sh $script"
done >>"$log"
xargs -P "${TEST_JOBS:-$(nproc)}" -L 1 tests/lib/one.sh "$tally" <"$log"

passed=$((passed + $(grep -c passed "$tally")))
failed=$((failed + $(grep -c failed "$tally")))
skipped=$(grep -c skipped "$tally")
[ "$(wc -l <"$tally")" -eq "$(wc -l <"$log")" ] || {
    echo "FAIL: of $(wc -l <"$log") scripts $(wc -l <"$tally") have ended"
    failed=$((failed + 1))
}
printf '%s passed, %s failed, %s skipped\n' $passed $failed $skipped
[ $failed -eq 0 ]
