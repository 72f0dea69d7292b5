#!/bin/sh
# fuzz.sh BUILD: each fuzz target for FUZZ_SECONDS, from the corpus if it is
# there, else from the samples.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
. tests/lib/env.sh
seconds=${FUZZ_SECONDS:-60}
passed=0 failed=0
for target in "$build"/bin/fuzz_*; do
    [ -x "$target" ] || continue
    name=${target##*/fuzz_}
    kept=$build/fuzz/$name
    seeds=$build/fuzz/seeds-$name
    mkdir -p "$kept" "$seeds"
    case $name in
    jpeg* | exif | icc | splice) kinds='.*\.\(jpe?g\|mpo\)' ;;
    png) kinds='.*png' ;;
    tiff*) kinds='.*\.\(tiff?\|btf\|dng\|nef\|cr2\)' ;;
    heif*) kinds='.*\.\(hei[cf]\|hif\|avif\)' ;;
    gif* | lzw) kinds='.*gif' ;;
    webp*) kinds='.*webp' ;;
    policy) kinds='.*\.conf' ;;
    *) kinds=".*\\.$name" ;;
    esac
    # Small seeds only: a mutation of a large file says little per second.
    find ${IMP_CORPUS:+"$IMP_CORPUS"} "$SAMPLES" -type f -size -64k \
        -iregex "$kinds" -exec cp -t "$seeds" {} +
    dict=tests/fuzz/${name%_mark}.dict
    if [ -f "$dict" ]; then dict=-dict=$dict; else dict=; fi
    if ASAN_OPTIONS=detect_leaks=1 \
        LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 \
        "$target" $dict -max_total_time="$seconds" \
        -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$kept/" "$kept" "$seeds" >"$build/fuzz/$name.log" \
        2>&1; then
        passed=$((passed + 1))
        echo "fuzz_$name: $(sed -n 's/stat::number_of_executed_units: *//p' \
            "$build/fuzz/$name.log") executions in $seconds s, no finding"
    else
        failed=$((failed + 1))
        tail -n 30 "$build/fuzz/$name.log"
        echo "fuzz_$name: a finding, see $kept"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
