# --after: sources leave once their image is archived, and only then; nothing
# is overwritten, nothing that changed goes, and what a killed run left is done.
. tests/lib/env.sh
. tests/lib/e2e.sh
other=
cleanup() {
    [ -z "$other" ] || rm -rf "$other"
    rm -rf "$work"
}
trap cleanup EXIT

uploads() { # uploads DIR: images in directories, one of them twice
    mkdir -p "$1/x/y" "$1/z"
    cp "$SAMPLES"/uploads/clinic-b/*.png "$1/x"
    rm "$1/x/damaged_1008.png"
    cp "$SAMPLES"/uploads/clinic-c/*.gif "$SAMPLES"/uploads/clinic-c/*.webp \
        "$1/x/y"
    cp "$SAMPLES"/uploads/clinic-a/2026-11-20/*.jpg "$1/z"
    cp "$1"/z/*detail.jpg "$1/z/again.jpg"
}
run() {
    "$IMGPIPE" run "$work/up" --archive "$work/a" --state "$work/s" \
        --settle 0 --json "$@"
}
fresh() {
    rm -rf "$work/up" "$work/a" "$work/s" "$work/done"
    uploads "$work/up"
}
left() {
    find "$1" -type f | wc -l
}
uploads "$work/orig"
n=$(left "$work/orig")

# Undisturbed, and what every archive below must be.
fresh
expect_exit 0 run
mv "$work/a" "$work/want"
[ "$(field sources_removed)" -eq 0 ] || fail "sources left unasked"
[ "$(left "$work/up")" -eq "$n" ] || fail "keep: sources are missing"

# --- delete ---
fresh
cp "$SAMPLES/uploads/clinic-b/damaged_1008.png" "$work/up"
expect_exit 1 run --after delete
[ "$(field sources_removed)" -eq "$n" ] || fail "delete: $(cat "$work/out")"
[ "$(cd "$work/up" && find . -type f)" = ./damaged_1008.png ] ||
    fail "delete: not only the quarantined one is left"
[ -d "$work/up/x/y" ] || fail "delete: a directory is gone"
same_archive "$work/want" "$work/a"
lines=$(grep -c '"op":"image".*"after":"delete"' "$work/s/audit.log")
[ "$lines" -eq "$n" ] || fail "audit log: $lines lines say delete, want $n"

# --- what an earlier run has archived ---
fresh
expect_exit 0 run
expect_exit 0 run --after delete
[ "$(field skipped)" -eq "$n" ] || fail "known: $(cat "$work/out")"
[ "$(field sources_removed)" -eq "$n" ] || fail "known: $(cat "$work/out")"
[ "$(left "$work/up")" -eq 0 ] || fail "known: sources are left"
[ "$(grep -c '"op":"source"' "$work/s/audit.log")" -eq "$n" ] ||
    fail "audit log: not a line for each source"

# Size, inode and modification time are what they were, the bytes are not: the
# new ones are archived before they go.
fresh
expect_exit 0 run
cp "$work/up/z/again.jpg" "$work/ref"
touch -r "$work/up/z/again.jpg" "$work/ref"
python3 - "$work/up/z/again.jpg" <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
at = b.rfind(b"\xff\xda") # behind the header of the scan, in the coded data
b[-12] ^= 4
with open(sys.argv[1], "r+b") as f:
    f.write(b)
PY
touch -r "$work/ref" "$work/up/z/again.jpg"
expect_exit 0 run --after delete --check structure
[ "$(field archived)" -eq 1 ] || fail "rewritten: $(cat "$work/out")"
[ "$(left "$work/up")" -eq 0 ] || fail "rewritten: sources are left"

# --- move, on this file system and to another ---
fresh
expect_exit 0 run --after "move:$work/done"
same_archive "$work/orig" "$work/done"
[ "$(left "$work/up")" -eq 0 ] || fail "move: sources are left"
[ "$(stat -c %a "$work/done/x/y")" = 700 ] || fail "move: mode of a directory"
same_archive "$work/want" "$work/a"

other=$(mktemp -d /dev/shm/imgpipe-XXXXXX 2>/dev/null)
if [ -n "$other" ] &&
    [ "$(stat -c %d "$other")" != "$(stat -c %d "$work")" ]; then
    where="two file systems"
    fresh
    find "$work/up" -type f -exec chmod 640 {} + -exec touch -d @1000 {} +
    expect_exit 0 run --after "move:$other/done"
    same_archive "$work/orig" "$other/done"
    [ "$(left "$work/up")" -eq 0 ] || fail "move away: sources are left"
    [ "$(stat -c '%a %Y' "$other/done/z/again.jpg")" = "640 1000" ] ||
        fail "move away: mode or time"
    no_temporaries "$other"
else
    where="one file system: /dev/shm is no other"
fi

# A name that other bytes have: the source stays, and it is told.
fresh
mkdir -p "$work/done/z"
echo other >"$work/done/z/again.jpg"
expect_exit 1 run --after "move:$work/done"
[ "$(field sources_failed)" -eq 1 ] || fail "taken: $(cat "$work/out")"
grep -q "source kept: .*again.jpg: another file has" "$work/err" ||
    fail "taken: not told"
[ "$(cat "$work/done/z/again.jpg")" = other ] || fail "taken: overwritten"
cmp "$work/up/z/again.jpg" "$work/orig/z/again.jpg" || fail "taken: not kept"
rm "$work/done/z/again.jpg"
expect_exit 0 run --after "move:$work/done"
same_archive "$work/orig" "$work/done"

# Two names of one file: the first to go changes the other.
fresh
ln "$work/up/z/again.jpg" "$work/up/z/linked.jpg"
run --after delete >/dev/null 2>&1
expect_exit 0 run --after delete
[ "$(left "$work/up")" -eq 0 ] || fail "linked: sources are left"

# An archive that keeps the order of its inputs.
fresh
rm -rf "$work/t.tgz"
expect_exit 0 "$IMGPIPE" run "$work/up" --archive "tar.gz:$work/t.tgz" \
    --state "$work/s" --settle 0
expect_exit 0 "$IMGPIPE" run "$work/up" --archive "tar.gz:$work/t.tgz" \
    --state "$work/s" --settle 0 --after delete
[ "$(left "$work/up")" -eq 0 ] || fail "tar.gz: sources are left"

# --- killed: nothing is lost, and the next run finishes ---
seed=${E2E_SEED:-$$} i=0 mid=0
while [ $i -lt "${E2E_KILLS:-12}" ]; do
    i=$((i + 1))
    rule=delete
    [ $((i % 2)) -eq 0 ] || rule=move:${other:-$work}/done
    fresh
    rm -rf "$other/done"
    "$IMGPIPE" run "$work/up" --archive "$work/a" --state "$work/s" \
        --settle 0 --quiet --after "$rule" --commit-every 3 &
    pid=$!
    # The moment is the test's subject, not its synchronisation.
    sleep "0.$(awk -v s=$((seed + i)) \
        'BEGIN { srand(s); printf "%03d", int(rand() * 200) }')"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ $? -le 100 ] || mid=$((mid + 1))
    expect_exit 0 run --after "$rule"
    [ "$(left "$work/up")" -eq 0 ] || fail "killed: sources are left"
    same_archive "$work/want" "$work/a"
    [ $rule = delete ] || same_archive "$work/orig" "${other:-$work}/done"
done

# --- refusals ---
fresh
mkdir "$work/up/in"
for dir in "$work/up/in" "$work/up" "$work" "$work/a" "$work/a/in"; do
    expect_exit 3 run --after "move:$dir"
done
expect_exit 3 "$IMGPIPE" run "$work/up/x" --archive "$work/a" \
    --state "$work/s" --after "move:$work/up"
grep -q "the uploads lie inside the directory for moved" "$work/err" ||
    fail "not told why"
# An image that is not in the archive any more: its source is all that is left.
for archive in "$work/a" "tar.gz:$work/a"; do
    fresh
    set -- --archive "$archive" --state "$work/s" --settle 0 --json
    expect_exit 0 "$IMGPIPE" run "$work/up" "$@"
    sqlite3 -separator ' ' "$work/s/ledger.db" "SELECT o.name, ifnull(place, 0), path
        FROM objects o JOIN inputs i ON o.id = i.object
        WHERE outcome = 'archived' ORDER BY o.id LIMIT 1 OFFSET 1" >"$work/last"
    read -r name place source <"$work/last"
    cp "$source" "$work/up/copy${name#"${name%.*}"}"
    if [ -d "$work/a" ]; then
        rm "$work/a/data/$name"
    else
        printf x | dd of="$work/a" bs=1 seek="$place" conv=notrunc 2>/dev/null
    fi
    expect_exit 1 "$IMGPIPE" run "$work/up" "$@" --after delete
    [ "$(field sources_failed)" -eq "$(left "$work/up")" ] &&
        [ "$(left "$work/up")" -ge 2 ] ||
        fail "lost: $(cat "$work/out")"
    grep -q "its image is lost: data/" "$work/err" || fail "not told why"
done

# The archive's own images are in the archive: as sources they would leave it.
fresh
expect_exit 0 run
expect_exit 3 "$IMGPIPE" run "$work/a/data" --archive "$work/a" \
    --state "$work/s" --settle 0 --after delete
grep -q "the uploads lie inside the archive" "$work/err" || fail "not told why"
find "$work/a/data" -type f >"$work/list"
for rule in delete "move:$work/done"; do
    expect_exit 1 "$IMGPIPE" run - --archive "$work/a" --state "$work/s" \
        --settle 0 --json --after "$rule" <"$work/list"
    [ "$(field sources_failed)" -eq "$(wc -l <"$work/list")" ] ||
        fail "archived sources: $(cat "$work/out")"
    same_archive "$work/want" "$work/a"
done
expect_exit 2 run --after move:
expect_exit 2 run --after burn
[ "$(left "$work/up")" -eq "$n" ] || fail "refused: sources are missing"
echo "$n sources deleted, moved ($where), kept where they must be;" \
    "$mid of $i runs killed in the middle"
