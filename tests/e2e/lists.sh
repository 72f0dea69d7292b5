# A list on standard input gives the archive that the directory gives.
. tests/lib/env.sh
. tests/lib/e2e.sh
mkdir "$work/in"
cp -r "$SAMPLES/uploads/." "$work/in/"
[ -z "$IMP_CORPUS" ] || cp -r "$IMP_CORPUS/png" "$work/in/"
touch "$work/in/line
break.txt"
cd "$work" || exit 2
expect_exit 1 "$IMGPIPE" run in --archive a --state s --settle 0 --json
n=$(field scanned)
find in -type f -print0 >list
expect_exit 1 sh -c '"$0" run -0 - --archive b --state t --settle 0 --json \
    <list' "$IMGPIPE"
[ "$(field scanned)" -eq "$n" ] || fail "scanned $(field scanned), want $n"
same_archive a b
find in -type f ! -name '*break*' >list
expect_exit 1 sh -c '"$0" run - --archive c --state u --settle 0 --json <list' \
    "$IMGPIPE"
same_archive a c

# Named again and again, while they are deleted: archived they stay.
cp -r "$SAMPLES/uploads/clinic-a/2026-11-20" gone
find gone -type f >list
m=$(wc -l <list)
for again in 1 2; do
    expect_exit 1 sh -c 'cat list list list | "$0" run - --archive d \
        --state v --settle 0 --after delete --commit-every 1 --queue 1 --json' \
        "$IMGPIPE"
done
[ "$(pairs v | wc -l)" -eq "$m" ] ||
    fail "of $m that are archived the ledger knows $(pairs v | wc -l)"
echo "$n files: directory, -0 list and line list give the same archive"
