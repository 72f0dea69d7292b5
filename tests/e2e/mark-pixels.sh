# All but JPEG of the corpus and the samples, marked on their pixels: judged by
# ImageMagick, page by page, frame by frame, or plane by plane by ffmpeg and
# libaom; and proven by verify.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
case $build in
*asan*) skip "pixels are compared in the release build" ;;
esac
mkdir "$work/in"
n=0
find "$IMP_CORPUS" "$SAMPLES/uploads" -type f \( -iname '*.tif*' -o \
    -iname '*.png' -o -iname '*.webp' -o -iname '*.gif' -o \
    -iname '*.hei[cf]' -o -iname '*.hif' -o -iname '*.avif' \) \
    -size -1500k | sort >"$work/list"
while read -r f; do
    n=$((n + 1))
    cp "$f" "$work/in/$n"
done <"$work/list"
for option in "--mark-text HE" "--mark-text T --mark-tile --mark-angle 45"; do
    rm -rf "$work/a" "$work/s"
    # shellcheck disable=SC2086 # options are words
    "$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s" \
        --settle 0 --json $option >"$work/out" 2>"$work/err"
    sqlite3 -readonly -separator "$(printf '\t')" "$work/s/ledger.db" \
        "SELECT i.path, '$work/a/data/' || o.name, mark_x, mark_y, mark_width,
         mark_height, mark_across, mark_down, mark_step_x, mark_step_y
         FROM inputs i JOIN objects o ON o.id = i.object" >"$work/all"
    grep -E '\.(heic|avif)	' "$work/all" >"$work/heifs"
    grep -vE '\.(heic|avif)	' "$work/all" >"$work/pairs"
    for judge in outside.py/pairs heif_planes.py/heifs; do
        python3 "tests/lib/${judge%/*}" "$work/${judge#*/}" >"$work/judge" || {
            cat "$work/judge"
            fail "$option"
        }
        echo "$option: ${judge#*/}: $(tail -n 1 "$work/judge")"
    done
    "$IMGPIPE" verify "$work/a" --state "$work/s" --against "$work/in" \
        >"$work/out" 2>"$work/err" || {
        grep -v -e ': proven' -e 'not archived' "$work/out"
        fail "$option: verify"
    }
    while IFS="$(printf '\t')" read -r source marked _; do
        case $marked in
        *.tif) ;;
        *) continue ;;
        esac
        for f in "$source" "$marked"; do
            tiffinfo "$f" 2>"$work/err" |
                grep -E '^ *(Resolution|Orientation|White Point|Primary[A-Za-z]*):' >"$f.says"
        done
        cmp -s "$source.says" "$marked.says" ||
            fail "$source: resolution, orientation or white is another"
        rm -f "$source.says" "$marked.says"
    done <"$work/pairs"
done
sqlite3 -readonly "$work/s/ledger.db" "SELECT format, count(*) FROM inputs
    WHERE object IS NOT NULL GROUP BY format" | tr '\n' ' '
