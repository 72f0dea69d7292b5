#!/bin/sh
# run.sh BUILD: all tests on the build tree BUILD. Unit tests (Criterion), then
# the command line (tests/cli: a script beside what it must print), then whole
# runs (tests/e2e: a script that exits 0, or 77 with the reason if it cannot
# run here) and runs that are disturbed (tests/fault, the same). The last line counts them all.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
. tests/lib/env.sh
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT

count() { # count NAME STATUS: one script
    case $2 in
    0) passed=$((passed + 1)) ;;
    77)
        skipped=$((skipped + 1))
        printf '%s: %s\n' "$1" "$(tail -n 1 "$log")"
        ;;
    *)
        failed=$((failed + 1))
        printf 'FAIL %s (status %s)\n' "$1" "$2"
        tail -n 40 "$log"
        ;;
    esac
}

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
    name=${dir%/}
    tests/lib/cli-test.sh "$name" >"$log" 2>&1
    count "$name" $?
done

for script in tests/e2e/*.sh tests/fault/*.sh; do
    [ -f "$script" ] || continue
    start=$(date +%s)
    sh "$script" >"$log" 2>&1
    status=$?
    took=$(($(date +%s) - start))
    if [ $status -eq 0 ]; then
        printf '%s: %s (%s s)\n' "$script" "$(tail -n 1 "$log")" "$took"
    fi
    count "$script" $status
done

printf '%s passed, %s failed, %s skipped\n' $passed $failed $skipped
[ $failed -eq 0 ]
