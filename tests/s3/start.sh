# What cannot work is refused at the start, before an image is read: exit 3, no
# object, and no key in the message.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
make_inputs 2
store list "$bucket" "" >"$work/before"

# refused WHAT OPTION...: and nothing is opened of what is to be archived.
refused() {
    what=$1
    shift
    expect_exit 3 "$@"
    grep -q "$what" "$work/err" || {
        cat "$work/err"
        fail "the message does not say: $what"
    }
    if grep -q "secret\|imgpipewrong\|Signature=" "$work/err" &&
        ! grep -q "secret access key" "$work/err"; then
        fail "a key is printed"
    fi
    rm -rf "$work/s"
}
keys() { # keys ID SECRET
    env AWS_ACCESS_KEY_ID="$1" AWS_SECRET_ACCESS_KEY="$2" "$IMGPIPE" run \
        "$work/in" --archive "s3://$bucket/$prefix" --s3-endpoint "$endpoint" \
        --s3-path-style --state "$work/s" --settle 0 --json
}
refused "the secret access key is wrong" keys "$AWS_ACCESS_KEY_ID" imgpipewrong
refused "the access key id is not known" keys NOBODY imgpipewrong
refused "no keys: set AWS_ACCESS_KEY_ID" keys "" ""

there() {
    "$IMGPIPE" run "$work/in" --archive "$1" --s3-endpoint "$2" \
        --s3-path-style --state "$work/s" --settle 0 --json
}
refused "there is no such bucket" there s3://imgpipe-nowhere/x "$endpoint"
refused "bucket name" there s3://Bad_Bucket/x "$endpoint"
refused "prefix" there "s3://$bucket/a/../b" "$endpoint"
refused "want https://" there "s3://$bucket/x" ftp://127.0.0.1
# Nobody listens there; this one takes a few tries.
refused "connect" there "s3://$bucket/x" http://127.0.0.1:1
refused "SSL\|TLS\|wrong version" there "s3://$bucket/x" \
    "https://${endpoint#http://}"
# A certificate that nobody has signed: refused, and keys are not sent to it.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/tls" \
    -out "$work/cert" 2>/dev/null || fail "openssl"
cat "$work/cert" >>"$work/tls"
start_proxy "tls=$work/tls"
refused "certificate" there "s3://$bucket/x" "https://127.0.0.1:$proxy_port"
[ ! -s "$proxy/log" ] || fail "something was sent: $(cat "$proxy/log")"
endpoint=$S3_ENDPOINT

# Another program's keys below the prefix.
echo notes >"$work/notes"
store put "$bucket" "$prefix-notes/notes.txt" "$work/notes"
refused "not a bag" there "s3://$bucket/$prefix-notes" "$endpoint"
store delete "$bucket" "$prefix-notes/notes.txt"

# A clock that is a day off: the store says so, and we do. faketime is preloaded,
# before which AddressSanitizer would have to be.
case $build in *asan*) ;; *)
    refused "the clocks differ" faketime -f +1d "$IMGPIPE" run "$work/in" \
        --archive "s3://$bucket/$prefix" --s3-endpoint "$endpoint" \
        --s3-path-style --state "$work/s" --settle 0 --json
    clock=", a wrong clock"
    ;;
esac

store list "$bucket" "" | cmp - "$work/before" || fail "something was written"

# A key file that others may read, and one that they may not.
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >"$work/keys"
chmod 644 "$work/keys"
unset AWS_ACCESS_KEY_ID
with_file() {
    pipe --s3-key-file "$work/keys"
}
refused "mode 0644, want 0600" with_file
chmod 600 "$work/keys"
expect_exit 0 with_file
[ "$(field archived)" -eq 2 ] || fail "$(field archived) archived, want 2"
echo "wrong keys, bucket, prefix, endpoint${clock-}"
