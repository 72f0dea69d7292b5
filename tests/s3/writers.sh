# Two machines with a ledger each write to one prefix, some of it the same: all
# is there once, and listed. One that finds the manifest replaced says so; its
# next run lists both. What a killed one has left is taken up, not removed.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
make_inputs 30
mkdir "$work/a" "$work/b"
cp "$work/in"/picture-000?.png "$work/in"/picture-001?.png "$work/a"
cp "$work/in"/picture-001?.png "$work/in"/picture-002?.png "$work/b"
# machine NAME and machine_on NAME: with inputs and a state of its own.
machine() {
    "$IMGPIPE" run "$work/$1" --archive "s3://$bucket/$prefix" \
        --s3-endpoint "$endpoint" --s3-path-style --state "$work/state-$1" \
        --settle 0 --json
}
machine_on() {
    "$IMGPIPE" run "$work/$1" --archive "s3://$bucket/$prefix" \
        --s3-endpoint "$endpoint" --s3-path-style --state "$work/state-$1" \
        --settle 0 --json >"$work/out-$1" 2>"$work/err-$1" &
    pid=$!
}

# A is held when it is about to write the manifest, until B has written it.
start_proxy "all500=PUT .*manifest-sha256"
machine_on a
await "A's manifest" grep -q "^500 PUT.*/manifest-sha256" "$proxy/log"
endpoint=$S3_ENDPOINT
expect_exit 0 machine b
kill -9 $pid # in mid-finish: its objects are there, and in its ledger
wait $pid
fetch_bag "$work/bag" # B saw no tag manifest: it has taken up what A left
[ "$(objects "$work/bag")" -eq 30 ] || fail "$(objects "$work/bag") objects"
start_proxy
expect_exit 0 machine a
[ "$(field archived)" -eq 0 ] || fail "archived twice"
fetch_bag "$work/bag"
[ "$(objects "$work/bag")" -eq 30 ] || fail "$(objects "$work/bag") objects"

# Both begin with one manifest; the slower is told.
prefix=$prefix-both
rm -rf "$work"/state-*
mkdir "$work/none"
expect_exit 0 machine none
start_proxy "rate=100000"
machine_on a
await "A's first object" grep -q "PUT.*/data/" "$proxy/log"
endpoint=$S3_ENDPOINT
expect_exit 0 machine b
wait $pid
status=$?
endpoint=http://127.0.0.1:$proxy_port
[ $status -ne 0 ] && grep -q "another run has written" "$work/err-a" || {
    cat "$work/err-a"
    fail "A has overwritten B's manifest, exit $status"
}
expect_exit 0 machine a
fetch_bag "$work/bag"
[ "$(objects "$work/bag")" -eq 30 ] || fail "$(objects "$work/bag") objects"
[ "$(sort "$work/bag/manifest-sha256.txt" | uniq -d | wc -l)" -eq 0 ] ||
    fail "listed twice"

# B agrees with the manifest. A adds to it and is killed before it can list what
# it has added: B takes that up, though it is in no list and not in its ledger.
endpoint=$S3_ENDPOINT
expect_exit 0 machine b
mkdir "$work/more"
python3 tests/s3/pictures.py "$work/more" 40 200 || fail "pictures.py"
cp "$work/more"/picture-003?.png "$work/a"
endpoint=http://127.0.0.1:$proxy_port
start_proxy "all500=PUT .*manifest-sha256"
machine_on a
await "A's manifest" grep -q "^500 PUT.*/manifest-sha256" "$proxy/log"
kill -9 $pid
wait $pid
rm -rf "$work/state-a"
endpoint=$S3_ENDPOINT
expect_exit 0 machine b
fetch_bag "$work/bag"
[ "$(objects "$work/bag")" -eq 40 ] || fail "$(objects "$work/bag") objects"
echo "two ledgers, 40 objects between them, the slower one told with $status"
