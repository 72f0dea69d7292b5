# An object of more than 64 MB goes up in parts, through a store that fails a
# few of them; it has the digest of its bytes. kill -9 in the middle: the next
# run completes it and leaves no upload pending.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
make_inputs 1 4900
size=$(stat -c %s "$work/in/picture-0000.png")
[ "$size" -gt 67108864 ] || fail "$size bytes are no more than 64 MB"
go() {
    pipe --max-pixels 30000000 "$@"
}
start_proxy 503=0.2 drop=0.1 flip=0.1
expect_exit 0 go
grep -q "^[a-z]* POST .*?uploadId=" "$proxy/log" || fail "not in parts"
[ "$(grep -c "partNumber=" "$proxy/log")" -gt 4 ] || fail "not in parts"
fetch_bag "$work/bag"
key=$(store list "$bucket" "$prefix/data/" | cut -d' ' -f1)
want=$(sha256sum "$work/bag/${key#"$prefix/"}" | cut -d' ' -f1)
store head "$bucket" "$key" | grep -qx "x-amz-meta-sha256: $want" ||
    fail "$key has no digest"
[ -z "$(store uploads "$bucket")" ] || fail "an upload is pending"

# Killed while its third part is under way.
prefix=$prefix-killed
rm -rf "$work/s"
start_proxy 'hold=partNumber=3&'
pipe_on --max-pixels 30000000
await "the third part" grep -q "^hold" "$proxy/log"
kill -9 $pid
wait $pid
[ -n "$(store uploads "$bucket")" ] || fail "no upload was pending"
start_proxy
expect_exit 0 go
[ "$(field archived)" -eq 1 ] || fail "$(field archived) archived, want 1"
[ -z "$(store uploads "$bucket")" ] ||
    fail "pending: $(store uploads "$bucket")"
fetch_bag "$work/again"
same_archive "$work/bag" "$work/again"

# Somebody else's upload is left alone.
store begin-upload "$bucket" "$prefix/data/of-another-machine"
expect_exit 0 go
[ -n "$(store uploads "$bucket")" ] || fail "another's upload was aborted"

# Keys that may not list uploads do for a run.
start_proxy 'all403=GET .*uploads='
expect_exit 0 go
grep -q "^403" "$proxy/log" || fail "uploads were not listed"
echo "$size bytes in parts"
