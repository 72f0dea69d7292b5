# Stopped by SIGINT or SIGTERM at random moments: what was archived is a valid
# bag with nothing left over, and the next run completes it, byte for byte.
# E2E_KILLS=50 for the long form. (kill -9 is tested by tests/fault.)
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
kills=${E2E_KILLS:-6}
many_uploads "$work/in"
[ -z "$IMP_CORPUS" ] || cp "$IMP_CORPUS"/large/* "$work/in"
files=$(find "$work/in" -type f | wc -l)
run() {
    "$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s" \
        --settle 0 --quiet
}
start=$(date +%s%N)
run
[ $? -le 1 ] || fail "undisturbed run: exit $?"
took=$((($(date +%s%N) - start) / 1000000)) # ms
mv "$work/a" "$work/want"
rm -rf "$work/s"
seed=${E2E_SEED:-$$}
mid=0
for signal in INT TERM; do
    want=$([ $signal = INT ] && echo 130 || echo 143)
    i=0
    while [ $i -lt "$kills" ]; do
        i=$((i + 1))
        rm -rf "$work/a" "$work/s"
        # A shell makes its background commands ignore SIGINT; env undoes it.
        env --default-signal=INT "$IMGPIPE" run "$work/in" \
            --archive "$work/a" --state "$work/s" --settle 0 --quiet &
        pid=$!
        ms=$(awk -v s=$((seed + i)) -v t=$took \
            'BEGIN { srand(s); print int(rand() * t) }')
        # The moment is the test's subject, not its synchronisation.
        sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
        kill -$signal $pid 2>/dev/null
        wait $pid
        status=$?
        if [ $status -eq $want ] && [ -d "$work/a" ]; then
            mid=$((mid + 1))
            [ ! -e "$work/a/bagit.txt" ] || valid_bag "$work/a"
            no_temporaries "$work/a"
        fi
        run
        [ $? -le 1 ] || fail "run after $signal at $ms ms: exit $?"
        same_archive "$work/want" "$work/a"
    done
done
[ $mid -gt 0 ] || fail "no run was hit before its end"
no_temporaries "$work/a"
valid_bag "$work/a"
echo "$files files, $kills x SIGINT and $kills x SIGTERM, $mid in mid-run:" \
    "all archives equal"
