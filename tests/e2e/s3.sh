# An archive in an S3 store that pages its lists and honours every condition (a
# small one of our own; tests/s3 asks Ceph): a bag of the same bytes as in a
# directory, a second run that adds nothing, lost state that is taken up, a bit
# that was flipped, an object that is gone.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/fake.sh
start_fake 3
go() {
    "$IMGPIPE" run "$SAMPLES/uploads" --archive "s3://bucket$1" \
        --s3-endpoint "$S3_ENDPOINT" --s3-path-style --state "$work/state/x$1" \
        --settle 0 --json
}
expect_exit 1 "$IMGPIPE" run "$SAMPLES/uploads" --archive "$work/dir" \
    --state "$work/s" --settle 0
for prefix in "" /a/b; do
    expect_exit 1 go "$prefix"
    n=$(field archived)
    store download bucket "${prefix:+a/b/}" "$work/bag$prefix"
    [ -z "$prefix" ] || same_archive "$work/dir" "$work/bag$prefix"
    valid_bag "$work/bag$prefix"
    store list bucket "" >"$work/before"
    expect_exit 0 go "$prefix"
    store list bucket "" | cmp - "$work/before" || fail "something changed"
    rm -rf "$work/state/x$prefix"
    expect_exit 1 go "$prefix"
    [ "$(field archived)" -eq 0 ] || fail "archived twice"
    store list bucket "" | cmp - "$work/before" || fail "something changed"
    [ -n "$prefix" ] || store drop-bucket bucket
done

# A name that other bytes have is left to them: that image fails, alone, and its
# source stays. What others say of their bytes is not believed, and what they do
# not say is not missed.
mkdir "$work/two" "$work/aside"
cp "$work/dir/data"/*/*/*.png "$work/aside"
right=$(find "$work/aside" -type f | sort | head -n 1)
two() {
    "$IMGPIPE" run "$work/two" --archive s3://bucket/two \
        --s3-endpoint "$S3_ENDPOINT" --s3-path-style --state "$work/two-state" \
        --settle 0 --json --after delete
}
cp "$work/aside"/* "$work/two"
expect_exit 0 two
key=$(store list bucket two/data/ | grep "${right##*/}" | sed 's/ .*//')
taken_by() { # taken_by FILE EXIT [FIELD=VALUE]: put there before a run
    for other in $(store list bucket two/ | cut -d' ' -f1); do
        store delete bucket "$other"
    done
    rm -rf "$work/two-state" "$work/two"
    mkdir "$work/two"
    expect_exit 0 two # an empty archive that its ledger knows
    store put bucket "$key" "$1" ${3+"$3"}
    cp "$work/aside"/* "$work/two"
    expect_exit "$2" two
    rm -rf "$work/two-bag"
    store download bucket two/ "$work/two-bag"
    cmp "$work/two-bag/${key#two/}" "$1" ||
        fail "what others had there was overwritten"
}
failed_alone() {
    [ "$(field failed)" -eq 1 ] || fail "$(field failed) failed, want 1"
    grep -q "the name is taken by other bytes" "$work/err" || fail "no reason"
    [ "$(ls "$work/two")" = "${right##*/}" ] || fail "left: $(ls "$work/two")"
}
echo "something else" >"$work/others"
taken_by "$work/others" 1
failed_alone
python3 - "$right" "$work/others" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)
PY
taken_by "$work/others" 1 \
    "x-amz-meta-sha256=$(sha256sum <"$right" | cut -d' ' -f1)"
failed_alone
taken_by "$right" 0
[ -z "$(ls "$work/two")" ] || fail "left: $(ls "$work/two")"

# What goes in parts is not read back: the store tells what it has put together.
mkdir "$work/large"
python3 tests/s3/pictures.py "$work/large" 1 4900 || fail "pictures.py"
expect_exit 0 "$IMGPIPE" run "$work/large" --archive s3://bucket/large \
    --s3-endpoint "$S3_ENDPOINT" --s3-path-style --state "$work/large-state" \
    --settle 0 --max-pixels 30000000
grep -q "^POST .*/large/data/.*uploadId=" "$work/fake/log" || fail "not in parts"
! grep "^GET .*/large/data/" "$work/fake/log" || fail "it was read back"

# Uploads in parts that somebody began in 2001 are aborted, on all pages.
for i in 1 2 3 4 5; do
    store begin-upload bucket "a/b/data/old-$i"
done
store begin-upload bucket a/elsewhere
expect_exit 0 go /a/b
[ "$(store uploads bucket)" = a/elsewhere ] || fail "$(store uploads bucket)"

# Fifty policies have been at work here: bag-info.txt has become long.
store download bucket a/b/ "$work/long"
for i in $(seq 50); do
    printf 'Imgpipe-Policy-SHA256: %064d\n' "$i" >>"$work/long/bag-info.txt"
done
store put bucket a/b/bag-info.txt "$work/long/bag-info.txt"
expect_exit 0 go /a/b

# The state is lost and the archive is damaged: nothing is believed.
key=$(store list bucket a/b/data/ | sed -n '2s/ .*//p')
store download bucket a/b/ "$work/saved"
saved=$work/saved/${key#a/b/}
rm -rf "$work/state"
store delete bucket "$key"
expect_exit 3 go /a/b
grep -q "is listed and not there" "$work/err" || fail "$(cat "$work/err")"
python3 - "$saved" "$work/flipped" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)
PY
store put bucket "$key" "$work/flipped"
expect_exit 3 go /a/b
grep -q "whose bytes are others" "$work/err" || fail "$(cat "$work/err")"
echo "$n objects, three to a page"
