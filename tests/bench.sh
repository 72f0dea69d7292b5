#!/bin/sh
# bench.sh BUILD: what a run costs, beside copying and beside other tools, for
# photos and for CT slices, what the channels cost of it, what a list of a million
# subjects costs, what a million inputs cost, and what one of 2 GB costs.
# BENCH_CORPUS names other
# pictures than twelve 12-megapixel photos made from the samples.
set -eu
cd "$(dirname "$0")/.."
build=$1
. tests/lib/env.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
object=$IMP_CORPUS/dicom/pydicom/pydicom__CT_small.dcm
# The first: what is deleted by the others would make its many files dearer.
[ ! -f "$object" ] || python3 tests/bench/dicom.py "$IMGPIPE" \
    "$build/lib/nosync.so" "$work" "$object"
mkdir "$work/in"
if [ "${BENCH_CORPUS-}" ]; then
    find "$BENCH_CORPUS" -type f -exec cp -t "$work/in" {} +
else
    # Noise, so that the coded data is as dense as a camera's.
    vips gaussnoise "$work/noise.v" 4000 3000 --sigma 6
    n=0
    tagged=$(find "$SAMPLES/uploads" -name 'patient_1001_jane-doe_left-forearm.jpg')
    find "$SAMPLES/uploads/clinic-a" -name '*.jpg' ! -name 'truncated*' \
        ! -name 'for-print*' ! -name 'xray*' | sort | head -n 4 |
        while read -r f; do
            n=$((n + 1))
            vips thumbnail "$f" "$work/big.v" 4000 --height 3000 --size force
            vips add "$work/big.v" "$work/noise.v" "$work/noisy.v"
            for q in 80 90 95; do
                vips jpegsave "$work/noisy.v" "$work/in/$n-$q.jpg" --Q $q
                # What a camera writes besides, from a sample that has it.
                exiftool -q -overwrite_original -tagsfromfile "$tagged" \
                    -all:all -Artist='Bench Person' "$work/in/$n-$q.jpg"
            done
        done
fi
mkdir "$work/restarts" "$work/large"
for f in "$work"/in/*; do
    jpegtran -copy all -restart 1 -outfile "$work/restarts/$(basename "$f")" \
        "$f" 2>/dev/null || cp "$f" "$work/restarts"
done
first=$(find "$work/in" -type f | sort | head -n 1)
vips thumbnail "$first" "$work/large/large.jpg" 11547 --height 8660 --size force
python3 tests/bench/run.py "$IMGPIPE" "$work"
python3 tests/bench/durable.py "$IMGPIPE" "$build/lib/nosync.so" "$work"
"$build/bin/bench_clean" "$work"/in/*
"$build/bin/bench_chan" "$(cat "$work/image-ms")"
"$build/bin/bench_csv"
python3 tests/bench/million.py "$IMGPIPE" "$work/million"
[ ! -f "$object" ] ||
    python3 tests/bench/large.py "$IMGPIPE" "$work" "$object"
