# fake.sh - sourced after e2e.sh: a store of our own (fake.py), for as long as the
# script runs, and words for it.
AWS_ACCESS_KEY_ID=AKIAEXAMPLE AWS_SECRET_ACCESS_KEY=not-a-secret
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY

start_fake() { # start_fake [PAGE] [tls=FILE]
    python3 tests/s3/fake.py "$work/fake" "$@" &
    fake=$!
    trap 'kill $fake; rm -rf "$work"' EXIT
    await "$work/fake/port"
    S3_ENDPOINT=http://127.0.0.1:$(cat "$work/fake/port")
    export S3_ENDPOINT
}

await() { # await FILE
    tries=600
    until [ -e "$1" ]; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "waited in vain for $1"
        sleep 0.05
    done
}

store() {
    python3 tests/s3/store.py "$@" || fail "store.py $*"
}
