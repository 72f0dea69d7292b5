# Stopped at random moments (SIGINT, then kill -9), each time followed by a run
# to the end: the archive is that of an undisturbed run, byte for byte, and
# nothing is left over. E2E_KILLS=50 for the long form.
. tests/lib/env.sh
. tests/lib/e2e.sh
kills=${E2E_KILLS:-6}
mkdir "$work/in"
if [ -n "$IMP_CORPUS" ]; then
    find "$IMP_CORPUS/jpeg" "$IMP_CORPUS/png" "$IMP_CORPUS/medical" \
        "$IMP_CORPUS/large" -type f -exec cp -t "$work/in" {} +
fi
n=0
for f in $(find "$SAMPLES/uploads" -type f ! -name '.*'); do
    n=$((n + 1))
    cp "$f" "$work/in/$n-$(basename "$f")"
done
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
for signal in INT KILL; do
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
        [ $status -gt 100 ] && mid=$((mid + 1))
        if [ $signal = INT ] && [ -d "$work/a" ] && [ $status -eq 130 ]; then
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
echo "$files files, $kills x SIGINT and $kills x kill -9, $mid in mid-run:" \
    "all archives equal"
