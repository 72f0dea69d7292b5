# An overlay that is the mark of a DICOM object is nothing to be removed, if the
# ledger says that it is one, or no ledger is there; what identifies beside it
# is found, and named.
. tests/lib/env.sh
. tests/lib/e2e.sh
"$IMGPIPE" keygen "$work/key" >"$work/out" || fail "keygen"

# archive NAME OPTIONS...
archive() {
    name=$1
    shift
    "$IMGPIPE" run "$SAMPLES/dicom" --archive "$work/$name" \
        --state "$work/$name-state" --settle 0 --key-file "$work/key" --quiet \
        "$@" 2>"$work/err" || fail "$name: $(cat "$work/err")"
}

# without NAME: verify it without its ledger.
without() {
    "$IMGPIPE" verify "$work/$1" --state "$work/none" >"$work/out" 2>"$work/err"
}

for how in overlay pixels; do
    archive $how --mark-text T --mark-no-outline --mark-dicom $how
    "$IMGPIPE" verify "$work/$how" --state "$work/$how-state" >"$work/out" \
        2>"$work/err" || fail "$how: $(cat "$work/out")"
    grep -q 'made as a mark' "$work/out" && fail "$how: the ledger is not asked"
    without $how || fail "$how: without a ledger: $(cat "$work/out")"
done
without overlay
grep -q '^note: 1 DICOM objects have an overlay' "$work/out" ||
    fail "no note: $(cat "$work/out")"

# Where the ledger knows of no mark, it is none.
cp -r "$work/overlay-state" "$work/other-state"
sqlite3 "$work/other-state/ledger.db" "UPDATE inputs SET route = 'none'" ||
    fail "sqlite3"
expect_exit 1 "$IMGPIPE" verify "$work/overlay" --state "$work/other-state"
grep -q '^identifying: .*(6000,0010)' "$work/out" || fail "$(cat "$work/out")"

# change WITH: the marked object, by a line of Python.
object=$(find "$work/overlay/data" -name '*.dcm')
change() {
    cp "$object" "$work/before"
    python3 - "$object" <<EOF || fail "nothing to change"
import sys
was = open(sys.argv[1], "rb").read()
now = was.replace($1)
open(sys.argv[1], "wb").write(now)
sys.exit(now == was)
EOF
    without overlay && fail "$1: passes"
    cp "$work/before" "$object"
}

change 'b"\x10\0\x20\0LO\x08\0REMOVED ", b"\x10\0\x20\0LO\x08\0DOE JANE"'
grep -q '^identifying: .*: its policy would remove or change: (0010,0020)$' \
    "$work/out" || fail "$(cat "$work/out")"
change 'b"\0\x60\x10\0US", b"\xff\x5f\x10\0LO\x08\0DOE JANE\0\x60\x10\0US"'
grep -q '^identifying: .*: its policy would remove or change: (5FFF,0010)$' \
    "$work/out" || fail "$(cat "$work/out")"
