# One word planted in every place that it fits: not one is left.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
need_tools
mkdir "$work/in"
planted=0
for f in jpeg/coding/wuffs__peacock.default.jpeg \
    jpeg/coding/wuffs__peacock.progressive.jpeg \
    jpeg/orientation/*.jpg jpeg/mpf-gainmap/libavif__apple_gainmap_new.jpg \
    png/skimage__palette_color.png png/suite/libpng__basn6a16.png \
    png/pillow__delay.png; do
    for src in $IMP_CORPUS/$f; do
        [ -f "$src" ] || continue
        n=$("$IMP_TOOLS/canary-plant" "$src" "$work/in/$(basename "$src")") ||
            fail "nothing planted in $src"
        planted=$((planted + n))
    done
done
[ $planted -gt 100 ] || fail "only $planted places planted"
"$IMP_TOOLS/leak-judge" "$work/in" >"$work/judge" &&
    fail "the judge is blind: it finds nothing in the planted files"
for mark in "" "--mark-text=T"; do
    # shellcheck disable=SC2086 # an empty option is none
    expect_exit 0 "$IMGPIPE" run "$work/in" --archive "$work/a$mark" \
        --state "$work/s$mark" --settle 0 --json \
        --exclude 'pillow__delay*' $mark
    "$IMP_TOOLS/leak-judge" "$work/a$mark/data" >"$work/judge" ||
        fail "leak-judge: $(tail -n 5 "$work/judge")"
done
expect_exit 0 "$IMGPIPE" run "$work/in" --archive "$work/a" \
    --state "$work/s" --settle 0 --json
"$IMP_TOOLS/leak-judge" "$work/a/data" >"$work/judge" ||
    fail "leak-judge: $(tail -n 5 "$work/judge")"
echo "$planted places planted in $(ls "$work/in" | wc -l) files;" \
    "judge: $(tail -n 1 "$work/judge")"
