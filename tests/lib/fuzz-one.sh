#!/bin/sh
# fuzz-one.sh BUILD NAME: the fuzz target NAME for FUZZ_SECONDS, from the corpus
# if it is there, else from the samples.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$1 name=$2
. tests/lib/env.sh
seconds=${FUZZ_SECONDS:-60}
kept=$build/fuzz/$name
seeds=$build/fuzz/seeds-$name
log=$build/fuzz/$name.log
mkdir -p "$kept" "$seeds"
case $name in
jpeg* | exif | icc | splice) kinds='.*\.\(jpe?g\|mpo\)' ;;
png) kinds='.*png' ;;
tiff*) kinds='.*\.\(tiff?\|btf\|dng\|nef\|cr2\)' ;;
heif*) kinds='.*\.\(hei[cf]\|hif\|avif\)' ;;
gif* | lzw) kinds='.*gif' ;;
webp*) kinds='.*webp' ;;
dicom*) kinds='.*/dicom/.*' ;;
policy) kinds='.*\.conf' ;;
*) kinds=".*\\.$name" ;;
esac
# Small seeds only: a mutation of a large file says little per second.
find ${IMP_CORPUS:+"$IMP_CORPUS"} "$SAMPLES" -type f -size -64k \
    -iregex "$kinds" -exec cp -t "$seeds" {} +
if [ "$name" = dicom_edit ] && [ -n "$IMP_DICOM" ]; then
    find ${IMP_CORPUS:+"$IMP_CORPUS"} "$SAMPLES" -type f -size -16k \
        -iregex "$kinds" -exec python3 tests/lib/dicom_seeds.py "$IMP_DICOM" \
        "$seeds" {} +
fi
dict=tests/fuzz/${name%_mark}.dict
if [ -f "$dict" ]; then dict=-dict=$dict; else dict=; fi
fuzz() {
    ASAN_OPTIONS=detect_leaks=1 \
        LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 \
        "$build/bin/fuzz_$name" $dict -max_total_time="$seconds" \
        -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$kept/" "$kept" "$seeds" >"$log" 2>&1
}
has_finding() {
    grep -aq -e 'Test unit written to' -e '^SUMMARY' "$log"
}

again=
fuzz
status=$?
# A machine that is short of memory, or LeakSanitizer's tracer, may end it, too:
# that says nothing of the target.
if [ $status -ne 0 ] && ! has_finding; then
    again=", of a second start: the first ended with status $status: $(
        grep -av '^#[0-9]' "$log" | tail -n 3 | tr '\n' ' ')"
    fuzz
    status=$?
fi
if [ $status -ne 0 ]; then
    # What was found, not how the search went; and the input, for the machine
    # that found it may be gone.
    echo "status $status$again"
    grep -av '^#[0-9]' "$log" | tail -n 30
    sed -n 's/.*Test unit written to //p' "$log" | while read -r unit; do
        echo "$unit, xz and base64: $(xz -c "$unit" | base64 -w 0)"
    done
    echo "a finding, see $kept"
    exit 1
fi
echo "$(sed -n 's/stat::number_of_executed_units: *//p' "$log")" \
    "executions, no finding$again"
