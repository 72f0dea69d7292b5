# The bucket is deleted in mid-run: what was not stored fails, the run ends with
# 1 and soon, its inputs are tried again; a new bucket gets all of it.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
bucket=imgpipe-gone
store make-bucket "$bucket"
make_inputs 60
start_proxy rate=100000 # slow enough to be met in the middle
pipe_on --commit-every 4
await "the first objects" sh -c \
    "python3 tests/s3/store.py list $bucket $prefix/data/ | grep -q ."
# It goes on putting objects while they are deleted.
await "the bucket to be empty" \
    sh -c "! kill -0 $pid || python3 tests/s3/store.py drop-bucket $bucket"
wait $pid
status=$?
[ $status -eq 1 ] || {
    cat "$work/err"
    fail "exit $status, want 1"
}
grep -q "there is no such bucket" "$work/err" || fail "$(cat "$work/err")"

# Its ledger knows objects that are nowhere: it says so and does nothing.
store make-bucket "$bucket"
start_proxy
expect_exit 3 pipe
rm -rf "$work/s"
expect_exit 0 pipe
[ "$(field archived)" -eq 60 ] || fail "$(field archived) archived, want 60"
fetch_bag "$work/bag"
store drop-bucket "$bucket"
echo "60 objects, in a bucket that was deleted once"
