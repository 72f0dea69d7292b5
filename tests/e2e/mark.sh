# Every JPEG of the corpus, marked and turned: judged by libjpeg's coefficients
# (what has no ink on it is the same) and by exiftool (the mark is where a viewer
# sees it). MARK_LONG=1 takes all places.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
case $build in
*asan*) skip "coefficients are compared in the release build" ;;
esac
mkdir "$work/as-is" "$work/turned"
n=0
find "$IMP_CORPUS" -type f \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.mpo' \) \
    -size -4000k | sort >"$work/list"
while read -r f; do
    n=$((n + 1))
    cp "$f" "$work/as-is/$n.jpg"
    cp "$f" "$work/turned/$n.jpg"
done <"$work/list"
# Turned in eight ways by turns.
for o in 1 2 3 4 5 6 7 8; do
    find "$work/turned" -name "*.jpg" | sort | sed -n "$o~8p" >"$work/some"
    exiftool -q -q -m -n -overwrite_original -Orientation=$o -@ "$work/some" \
        2>"$work/err"
done

# Letters that fill their rectangle: what has changed must reach to its sides.
: >"$work/routes"
places="north-east west south tile"
[ -z "${MARK_LONG-}" ] || places="north-west north north-east west centre east
    south-west south south-east tile"
for place in $places; do
    case $place in
    tile) option=--mark-tile ;;
    *) option=--mark-position=$place ;;
    esac
    for of in as-is turned; do
        rm -rf "$work/a" "$work/s"
        "$IMGPIPE" run "$work/$of" --archive "$work/a" --state "$work/s" \
            --settle 0 --json --mark-text HE --mark-opacity 1 "$option" \
            >"$work/out" 2>"$work/err"
        [ "$(field archived)" -gt 100 ] || fail "only $(field archived) marked"
        sqlite3 -readonly -separator "$(printf '\t')" "$work/s/ledger.db" \
            "SELECT i.path, '$work/a/data/' || o.name, mark_x, mark_y,
             mark_width, mark_height, mark_across, mark_down, mark_step_x,
             mark_step_y FROM inputs i JOIN objects o ON o.id = i.object" >"$work/pairs"
        "$build/bin/judge_marked" <"$work/pairs" >"$work/judge" || {
            head -n 20 "$work/judge"
            fail "$place, $of: $(tail -n 1 "$work/judge")"
        }
        python3 tests/lib/placed.py "$place" 0.02 <"$work/pairs" \
            >"$work/placed" || {
            head -n 20 "$work/placed"
            fail "$place, $of: $(tail -n 1 "$work/placed")"
        }
        echo "$place, $of: $(tail -n 1 "$work/judge"); $(tail -n 1 "$work/placed")"
        sqlite3 -readonly "$work/s/ledger.db" \
            "SELECT route FROM inputs WHERE object IS NOT NULL" \
            >>"$work/routes"
        sqlite3 -readonly "$work/s/ledger.db" \
            "SELECT reason FROM inputs WHERE object IS NULL
             AND reason LIKE 'mark:%'" >>"$work/refused"
    done
done
sort "$work/refused" | sed 's/[0-9][0-9]*/N/g' | uniq -c | sort | uniq
for route in splice coefficients; do
    grep -q "$route" "$work/routes" || fail "no image went by $route"
done
echo "$n files, each at $(echo "$places" | wc -w) places and turned:" \
    "$(sort "$work/routes" | uniq -c | awk '{ printf "%s %s; ", $1, $2 }')"
