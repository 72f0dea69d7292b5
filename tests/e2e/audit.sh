# The audit log says what the ledger says, whatever a kill takes, and nothing
# that identifies anyone; what is changed in it is found. Judged by programs
# that share no code with imgpipe. E2E_KILLS=50 for the long form.
. tests/lib/env.sh
. tests/lib/e2e.sh
kills=${E2E_KILLS:-6}
go() {
    "$IMGPIPE" run "$SAMPLES/uploads" --archive "$work/a" --state "$work/s" \
        --settle 0 --quiet --commit-every 2 "$@" 2>"$work/err"
}
verify() { # verify WANT
    expect_exit "$1" "$IMGPIPE" audit verify "$work/a" --state "$work/s"
}
whole() { # whole WHEN: the log, by two judges and the verb itself
    tests/lib/audit-judge.py "$work/s" >"$work/judged" || fail "$1"
    tests/lib/audit-agrees.py "$work/s" >"$work/agreed" || fail "$1"
    verify 0
    set -- $(cat "$work/judged")
    grep -q "^imgpipe: $1 lines in .* intact; the last is $2, SHA-256 $3\$" \
        "$work/err" || fail "judge: $*; verify: $(cat "$work/err")"
}

start=$(date +%s%N)
go
[ $? -le 1 ] || fail "$(cat "$work/err")"
took=$((($(date +%s%N) - start) / 1000000)) # ms
whole "a run"
(cd "$SAMPLES/uploads" && find . -type f -o -type d) | sed 's|.*/||' |
    grep -v -e '^\.' -e '^[0-9-]*$' >"$work/names"
grep -qF -f "$work/names" "$work/s/audit.log" &&
    fail "a name is in the log: $(grep -oF -f "$work/names" "$work/s/audit.log")"
go # does nothing, and says so
whole "a second run"

# Killed at random moments; the log is whole but for its last line then, and the
# next run writes what it lacks.
seed=${E2E_SEED:-$$} i=0 torn=0
rm -rf "$work/a" "$work/s"
while [ $i -lt "$kills" ]; do
    i=$((i + 1))
    "$IMGPIPE" run "$SAMPLES/uploads" --archive "$work/a" --state "$work/s" \
        --settle 0 --quiet --commit-every 2 --retry-quarantined &
    pid=$! # of the program, not of a shell that runs it
    ms=$(awk -v s=$((seed + i)) -v t=$took \
        'BEGIN { srand(s); print int(rand() * t) }')
    # The moment is the test's subject, not its synchronisation.
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
    kill -KILL $pid 2>/dev/null
    wait $pid
    if [ -e "$work/s/audit.log" ]; then
        "$IMGPIPE" audit verify --state "$work/s" >"$work/out" 2>"$work/err"
        [ $? -le 1 ] || fail "$(cat "$work/err")"
        grep -v ': torn' "$work/out" && fail "after a kill: not only torn"
        torn=$((torn + $(wc -l <"$work/out")))
    fi
    [ $((i % 2)) -eq 0 ] || continue # two kills in a row, too
    go --retry-quarantined
    [ $? -le 1 ] || fail "after a kill at $ms ms: $(cat "$work/err")"
    whole "after a kill at $ms ms"
done
go --retry-quarantined
whole "at the end"

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
echo "$(cat "$work/agreed") rows in the log, $kills x kill -9, $torn torn" \
    "lines, $flips flipped bits found"
