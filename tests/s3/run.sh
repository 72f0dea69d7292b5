# A run, judged by a client that shares no code with ours: what was downloaded is
# a valid bag, each object has its digest, and a second run adds nothing.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
cp -r "$SAMPLES/uploads" "$work/in"
expect_exit 1 pipe
expect_sum
first=$(field archived)
[ "$first" -gt 10 ] || fail "nothing to test with"
fetch_bag "$work/bag"
[ "$(objects "$work/bag")" -eq "$first" ] ||
    fail "$(objects "$work/bag") objects, want $first"

# The same archive as a directory has the same bytes.
expect_exit 1 "$IMGPIPE" run "$work/in" --archive "$work/dir" \
    --state "$work/s2" --settle 0
same_archive "$work/bag" "$work/dir"

# Each object tells its digest.
key=$(store list "$bucket" "$prefix/data/" | head -n 1 | cut -d' ' -f1)
want=$(sha256sum "$work/bag/${key#"$prefix/"}" | cut -d' ' -f1)
store head "$bucket" "$key" | grep -qx "x-amz-meta-sha256: $want" ||
    fail "$key has no digest"

# curl's own signature reads it, too.
empty=$(printf '' | sha256sum | cut -d' ' -f1)
curl -sf --aws-sigv4 "aws:amz:$S3_REGION:s3" \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H "x-amz-content-sha256: $empty" "$S3_ENDPOINT/$bucket/$key" |
    cmp - "$work/bag/${key#"$prefix/"}" || fail "curl reads something else"

store list "$bucket" "$prefix/" >"$work/before"
expect_exit 0 pipe
[ "$(field archived)" -eq 0 ] || fail "archived again: $(field archived)"
store list "$bucket" "$prefix/" | cmp - "$work/before" ||
    fail "a second run changed something"

# The state is lost: what the manifest lists is taken up.
rm -rf "$work/s"
expect_exit 1 pipe
[ "$(field archived)" -eq 0 ] || fail "archived twice: $(field archived)"
fetch_bag "$work/again"
same_archive "$work/bag" "$work/again"

# imgpipe itself finds nothing to object to, and then a bit that was flipped.
check() {
    "$IMGPIPE" verify "s3://$bucket/$prefix" --s3-endpoint "$endpoint" \
        --s3-path-style --state "$work/s"
}
expect_exit 0 check
python3 - "$work/bag/${key#"$prefix/"}" "$work/flipped" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)
PY
store put "$bucket" "$key" "$work/flipped"
expect_exit 1 check
grep -q "${key#"$prefix/"}" "$work/out" "$work/err" || fail "it is not named"

# No key of a store is in what was written.
if grep -rqs "$AWS_SECRET_ACCESS_KEY" "$work/s" "$work/err" "$work/out"; then
    fail "a key was written"
fi
echo "$first objects"
