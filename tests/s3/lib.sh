# lib.sh - sourced by the scripts in tests/s3, after env.sh and e2e.sh: words
# for a store. $S3_DIR is that of ./ceph; the environment has its keys.
bucket=$S3_BUCKET
prefix=$(basename "$0" .sh)
proxies=

# Whatever a script has started ends with it.
finish() {
    [ -z "$proxies" ] || kill "$proxies" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

store() {
    python3 tests/s3/store.py "$@" || fail "store.py $*"
}

# Make inputs: N pictures of their own, below $work/in.
make_inputs() {
    mkdir -p "$work/in"
    python3 tests/s3/pictures.py "$work/in" "$1" "${2:-200}" ||
        fail "pictures.py"
}

# imgpipe as the tests run it. $endpoint is the store's, or the proxy's: to a
# ledger they are two archives.
endpoint=$S3_ENDPOINT
pipe() {
    "$IMGPIPE" run "$work/in" --archive "s3://$bucket/$prefix" \
        --s3-endpoint "$endpoint" --s3-path-style --state "$work/s" \
        --settle 0 --json "$@"
}

# The same in the background: its pid is $pid, and not a shell's. A shell makes
# its background commands ignore SIGINT; env undoes it.
pipe_on() {
    env --default-signal=INT "$IMGPIPE" run "$work/in" \
        --archive "s3://$bucket/$prefix" --s3-endpoint "$endpoint" \
        --s3-path-style --state "$work/s" --settle 0 --json "$@" \
        >"$work/out" 2>"$work/err" &
    pid=$!
}

# start_proxy FAULT...: in the place of the one before, if any, at whose port it
# listens, too. $endpoint is its from then on.
proxy=$work/proxy
start_proxy() {
    if [ "$proxies" ]; then
        kill "$proxies"
        wait "$proxies" 2>/dev/null
        rm -rf "$proxy"
    fi
    python3 tests/s3/proxy.py "$proxy" "$S3_ENDPOINT" \
        ${proxy_port:+port=$proxy_port} "$@" &
    proxies=$!
    await "the proxy" test -s "$proxy/port"
    proxy_port=$(cat "$proxy/port")
    endpoint=http://127.0.0.1:$proxy_port
}

# await WHAT COMMAND...: until it is true; a minute is for ever.
await() {
    what=$1 tries=1200
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "waited in vain for $what"
        sleep 0.05
    done
}

# The prefix, downloaded to $1, is a valid bag.
fetch_bag() {
    rm -rf "$1"
    store download "$bucket" "$prefix/" "$1"
    valid_bag "$1"
}

# How many objects a download has.
objects() {
    find "$1/data" -type f | wc -l
}
