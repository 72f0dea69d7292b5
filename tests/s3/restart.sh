# The gateway is killed in mid-run and comes back: the run waits for it. It does
# not come back: what is missing fails, and the next run completes it. imgpipe is
# killed: the next run completes it.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
make_inputs 80
expect_exit 0 pipe
fetch_bag "$work/want"

# Slow enough to be met in the middle.
prefix=$prefix-killed
rm -rf "$work/s"
start_proxy rate=300000
pipe_on --commit-every 4
await "the first objects" sh -c \
    "python3 tests/s3/store.py list $bucket $prefix/data/ | grep -q ."
tests/s3/ceph kill-gateway "$S3_DIR/ceph"
kill -0 $pid 2>/dev/null || fail "it ended before the gateway did"
tests/s3/ceph start-gateway "$S3_DIR/ceph"
wait $pid || {
    cat "$work/err"
    fail "exit $? after the gateway came back"
}
[ "$(field archived)" -eq 80 ] || fail "$(field archived) archived, want 80"
fetch_bag "$work/bag"
same_archive "$work/want" "$work/bag"

# kill -9 of imgpipe in mid-run, again and again. An image that it is killed over
# twice is tried again, too.
prefix=$prefix-imgpipe
rm -rf "$work/s"
kills=0 status=137
while [ $status -eq 137 ] && [ $kills -lt 5 ]; do
    n=$(store list "$bucket" "$prefix/data/" | wc -l)
    pipe_on --commit-every 4 --retry-quarantined
    # Not before it has added something, and by the clock of its own progress.
    await "progress" sh -c \
        "! kill -0 $pid || [ \$(python3 tests/s3/store.py list $bucket $prefix/data/ | wc -l) -gt $n ]"
    kill -9 $pid 2>/dev/null
    wait $pid
    status=$?
    [ $status -ne 137 ] || kills=$((kills + 1))
done
[ $kills -gt 0 ] || fail "it was never killed"
expect_exit 0 pipe --retry-quarantined
fetch_bag "$work/bag"
same_archive "$work/want" "$work/bag"
sqlite3 -readonly "$work/s/ledger.db" 'SELECT count(*) FROM intents' |
    grep -qx 0 || fail "intents are left"

# It stays away: the run gives up, and not once for each image.
prefix=$prefix-away
rm -rf "$work/s"
pipe_on --commit-every 8
await "the first objects" sh -c \
    "python3 tests/s3/store.py list $bucket $prefix/data/ | grep -q ."
tests/s3/ceph kill-gateway "$S3_DIR/ceph"
start=$(date +%s)
wait $pid
status=$?
gave_up=$(($(date +%s) - start))
[ $status -eq 1 ] || fail "exit $status without a store"
expect_sum
[ "$(field failed)" -gt 8 ] || fail "$(field failed) failed"
[ $gave_up -lt 250 ] || fail "it took $gave_up s to give up"
tests/s3/ceph start-gateway "$S3_DIR/ceph"
start_proxy
expect_exit 0 pipe
fetch_bag "$work/bag"
same_archive "$work/want" "$work/bag"
echo "given up after $gave_up s;" "80 objects across a gateway's kill -9, and $kills of ours"
