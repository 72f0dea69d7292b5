# One word planted in every place that it fits: not one is left. Planting takes
# a minute a file, so two files do for every day; E2E_LONG=1 takes more kinds.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
need_tools
case $build in
*asan*) skip "planted files are judged in the release build" ;;
esac
mkdir "$work/in"
set -- jpeg/coding/wuffs__peacock.default.jpeg png/skimage__palette_color.png
[ -z "${E2E_LONG-}" ] ||
    set -- "$@" jpeg/coding/wuffs__peacock.progressive.jpeg \
        jpeg/mpf-gainmap/libavif__apple_gainmap_new.jpg \
        png/suite/libpng__basn6a16.png png/pillow__delay.png \
        webp/jhead__basic.webp gif/exiftool__GIF.gif \
        tiff/pillow__multipage.tiff heic/gen2brain__test.heic \
        heic/avif/libavif__white_1x1.avif
plant() {
    "$IMP_TOOLS/canary-plant" "$IMP_CORPUS/$1" "$work/in/$(basename "$1")" \
        >"$work/n-$(basename "$1")"
}
for f in "$@"; do
    plant "$f" &
    [ $(($(jobs | wc -l) % 2)) -ne 0 ] || wait
done
wait
planted=$(cat "$work"/n-* | awk '{ n += $1 } END { print n + 0 }')
[ "$planted" -gt 500 ] || fail "only $planted places planted"
"$IMP_TOOLS/leak-judge" "$work/in" >"$work/judge" &&
    fail "the judge is blind: it finds nothing in the planted files"
for mark in "" "--mark-text=T"; do
    # shellcheck disable=SC2086 # an empty option is none
    "$IMGPIPE" run "$work/in" --archive "$work/a$mark" \
        --state "$work/s$mark" --settle 0 --json $mark \
        >"$work/out" 2>"$work/err" ||
        [ -n "$mark" ] || fail "exit $?: $(tail -n 3 "$work/err")"
    [ "$(field archived)" -gt 0 ] || fail "nothing archived"
    "$IMP_TOOLS/leak-judge" "$work/a$mark/data" >"$work/judge" ||
        fail "leak-judge: $(tail -n 5 "$work/judge")"
    echo "mark '$mark': $(field archived) archived"
done
echo "$planted places planted in $# files; judge: $(tail -n 1 "$work/judge")"
