# An overlay that is the mark of a DICOM object is nothing to be removed, with
# and without a ledger; what identifies beside it is found all the same.
. tests/lib/env.sh
. tests/lib/e2e.sh
"$IMGPIPE" keygen "$work/key" >"$work/out" || fail "keygen"
for how in overlay pixels; do
    "$IMGPIPE" run "$SAMPLES/dicom" --archive "$work/$how" \
        --state "$work/$how-state" --settle 0 --key-file "$work/key" --quiet \
        --mark-text T --mark-no-outline --mark-dicom "$how" 2>"$work/err" ||
        fail "$how: run: $(cat "$work/err")"
    for state in "$work/$how-state" "$work/none"; do
        "$IMGPIPE" verify "$work/$how" --state "$state" >"$work/out" \
            2>"$work/err" || fail "$how: verify: $(cat "$work/out")"
    done
done

object=$(find "$work/overlay/data" -name '*.dcm')
python3 - "$object" <<'EOF' || fail "no element to change"
import sys
was = open(sys.argv[1], "rb").read()
now = was.replace(b"\x10\0\x20\0LO\x08\0REMOVED ", b"\x10\0\x20\0LO\x08\0DOE JANE")
open(sys.argv[1], "wb").write(now)
sys.exit(now == was)
EOF
"$IMGPIPE" verify "$work/overlay" --state "$work/none" >"$work/out" \
    2>"$work/err" && fail "a patient's number beside a mark passes"
grep -q 'identifying: .*: its policy would remove or change: (0010,0020)' \
    "$work/out" || fail "$(cat "$work/out")"
