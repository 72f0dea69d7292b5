#!/bin/sh
# fuzz.sh BUILD: each fuzz target for FUZZ_SECONDS, as many at a time as there
# are processors.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
tally=$(mktemp) || exit 2
trap 'rm -f "$tally"' EXIT
for target in "$build"/bin/fuzz_*; do
    [ -x "$target" ] || continue
    name=${target##*/fuzz_}
    printf '%s\n' "fuzz_$name tests/lib/fuzz-one.sh $build $name"
done | xargs -P "$(nproc)" -L 1 tests/lib/one.sh "$tally"
failed=$(grep -c failed "$tally")
echo "$(grep -c passed "$tally") passed, $failed failed"
[ "$failed" -eq 0 ] && [ -s "$tally" ]
