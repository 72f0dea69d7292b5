# The audit log says what the ledger says and nothing that identifies anyone;
# what is changed in it is found. Judged by a program that shares no code with
# imgpipe. (What a kill takes of it is tested by tests/fault.)
. tests/lib/env.sh
. tests/lib/e2e.sh
go() {
    "$IMGPIPE" run "$SAMPLES/uploads" --archive "$work/a" --state "$work/s" \
        --settle 0 --quiet --commit-every 2 "$@" 2>"$work/err"
}
verify() { # verify WANT
    expect_exit "$1" "$IMGPIPE" audit verify "$work/a" --state "$work/s"
}
whole() { # whole WHEN: the log, by a judge and the verb itself
    tests/lib/audit-judge.py "$work/s" >"$work/judged" || fail "$1"
    verify 0
    set -- $(cat "$work/judged")
    grep -q "^imgpipe: $1 lines in .* intact; the last is $2, SHA-256 $3\$" \
        "$work/err" || fail "judge: $*; verify: $(cat "$work/err")"
}

go
[ $? -le 1 ] || fail "$(cat "$work/err")"
whole "a run"
(cd "$SAMPLES/uploads" && find . -type f -o -type d) | sed 's|.*/||' |
    grep -v -e '^\.' -e '^[0-9-]*$' >"$work/names"
grep -qF -f "$work/names" "$work/s/audit.log" &&
    fail "a name is in the log: $(grep -oF -f "$work/names" "$work/s/audit.log")"
go # does nothing, and says so
whole "a second run"
go --retry-quarantined
whole "a run that changes rows"

# One bit of a byte here and there; unit tests flip all of them.
cp "$work/s/audit.log" "$work/log"
size=$(stat -c %s "$work/log")
flips=0
while [ $flips -lt 40 ]; do
    python3 - "$work/log" "$work/s/audit.log" $((size * flips / 40)) <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3])] ^= 1
open(sys.argv[2], "wb").write(data)
PY
    verify 1
    flips=$((flips + 1))
done
cp "$work/log" "$work/s/audit.log"
whole "restored"

# Cut off at a line: found, and no run goes on behind it.
sed -i '$d' "$work/s/audit.log"
verify 1
go
[ $? -eq 3 ] || fail "a run went on behind a log that was cut off"
rm "$work/s/audit.log"
verify 1
go
[ $? -eq 3 ] || fail "a run began a new log in the place of one that is gone"
echo "$(cut -d ' ' -f 1 "$work/judged") lines as in the ledger, $flips flipped" \
    "bits and a cut end found"
