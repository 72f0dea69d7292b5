# A store that speaks TLS, with a certificate that no system knows: it is trusted
# if SSL_CERT_FILE has it, and refused, before an image leaves, without that,
# with another, and under a name that it is not for. What a proxy on the way says
# of itself is not taken for the store's word.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
. tests/s3/fake.sh
certificate() { # certificate NAME: $work/NAME.crt, for localhost
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -days 2 -subj "/CN=$1" -addext subjectAltName=DNS:localhost \
        -keyout "$work/$1.key" -out "$work/$1.crt" 2>"$work/err" ||
        fail "openssl: $(cat "$work/err")"
    cat "$work/$1.key" "$work/$1.crt" >"$work/$1.pem"
}
certificate ours
certificate other
start_fake "tls=$work/ours.pem"
port=${S3_ENDPOINT##*:}
in=$work/in
mkdir "$in"
cp "$SAMPLES/uploads/clinic-b/ecg_1007_richard-roe.png" "$in"
go() { # go HOST [PREFIX]
    timeout -k 5 60 "$IMGPIPE" run "$in" --archive "s3://bucket/${2-p}" \
        --s3-endpoint "https://$1:$port" --s3-path-style --settle 0 \
        --state "$work/state-${2-p}" --after delete --json
}
refused() { # refused HOST MESSAGE
    expect_exit 3 go "$1"
    grep -q "$2" "$work/err" || fail "want \"$2\": $(cat "$work/err")"
    [ -e "$in/ecg_1007_richard-roe.png" ] || fail "the source has left"
}
unset SSL_CERT_FILE
refused localhost "self-signed certificate"
SSL_CERT_FILE=$work/other.crt
export SSL_CERT_FILE
refused localhost "certificate"
SSL_CERT_FILE=$work/none.crt
refused localhost "certificate"
SSL_CERT_FILE=$work/ours.crt
refused 127.0.0.1 "does not match\|no alternative"
S3_ENDPOINT=https://localhost:$port
[ -z "$(store list bucket "")" ] || fail "something was put"

expect_exit 0 go localhost
store download bucket p/ "$work/bag"
valid_bag "$work/bag"
[ -z "$(ls "$in")" ] || fail "the source is still there"
# Were it the store's, it would be the checksum of other bytes.
python3 tests/s3/connect.py "$work/proxy" \
    "x-amz-checksum-sha256: $(printf '%043d=' 0)" 'ETag: "a-proxy"' &
trap 'kill $fake $!; rm -rf "$work"' EXIT
await "$work/proxy/port"
few_uploads "$in"
https_proxy=http://127.0.0.1:$(cat "$work/proxy/port")
export https_proxy
expect_exit 1 go localhost proxied # one is damaged
[ "$(field failed)" -eq 0 ] || fail "$(cat "$work/err")"
[ "$(sort -u "$work/proxy/asked")" = "localhost:$port" ] || fail "no proxy"
echo "refused 4 times, trusted once, and through a proxy"
