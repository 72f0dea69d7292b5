# A store that does as none should: what it says is not believed, nobody waits
# for its lists to end, and no source leaves.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/fake.sh

# A minute is what this one takes: it is waited for below.
python3 tests/s3/liar.py "$work/dripping" drips &
dripping=$!
trap 'kill $dripping; rm -rf "$work"' EXIT
await "$work/dripping/port"
timeout 90 "$IMGPIPE" verify s3://bucket/p --state "$work/none" --s3-path-style \
    --s3-endpoint "http://127.0.0.1:$(cat "$work/dripping/port")" \
    2>"$work/dripped" &
dripped=$!

ask() { # ask VERB ARGUMENT...
    verb=$1
    shift
    timeout 60 "$IMGPIPE" "$verb" "$@" --state "$work/s" \
        --s3-endpoint "http://127.0.0.1:$(cat "$work/liar/port")" --s3-path-style
}
start_liar() { # start_liar LIE
    rm -rf "$work/liar"
    python3 tests/s3/liar.py "$work/liar" "$1" &
    liar=$!
    trap 'kill $liar $dripping 2>/dev/null; rm -rf "$work"' EXIT
    await "$work/liar/port"
}
stop_liar() {
    kill $liar
    wait $liar 2>/dev/null
}
lies() { # lies LIE RUN-EXIT RUN-MESSAGE VERIFY-EXIT VERIFY-MESSAGE
    rm -rf "$work/s" "$work/in"
    cp -r "$SAMPLES/uploads" "$work/in"
    find "$work/in" -type f | sort >"$work/sources"
    start_liar "$1"
    for round in 1 2; do # the second finds what the first left
        expect_exit "$2" ask run "$work/in" --archive s3://bucket/p \
            --settle 0 --after delete
    done
    grep -q "$3" "$work/err" || fail "$1: run $round: $(cat "$work/err")"
    find "$work/in" -type f | sort | cmp - "$work/sources" ||
        fail "$1: a source has left"
    expect_exit "$4" ask verify s3://bucket/p
    cat "$work/out" "$work/err" | grep -q "$5" ||
        fail "$1: verify: $(cat "$work/out" "$work/err")"
    stop_liar
}
asked="key that was not asked for"
end="list does not go on"
lies outside 3 "$asked" 1 "$asked"
lies disorder 3 "not in order" 1 "not in order"
lies circles 3 "is not there" 1 "not in order"
lies empty 3 "$end" 1 "$end"
lies uploads 3 "$end" 1 .
lies portal 3 "is no list" 3 "is no list"
lies error 3 "is no list" 3 "is no list"
lies forgets 1 "has no ETag" 0 .

lies endless-list 3 "too long" 3 "too long"
lies endless-error 3 "too long" 3 "too long"

# What an honest store would not have sent is not read to its end, which never
# comes, nor kept.
never_ends() { # never_ends LIE MESSAGE: once the state is lost
    rm -rf "$work/s" "$work/in"
    mkdir "$work/in"
    cp "$SAMPLES/uploads/clinic-b/ecg_1007_richard-roe.png" "$work/in"
    start_liar "$1"
    expect_exit 0 ask run "$work/in" --archive s3://bucket/p --settle 0
    rm -rf "$work/s"
    expect_exit 3 ask run "$work/in" --archive s3://bucket/p --settle 0
    grep -q "$2: more than [0-9]* bytes, the limit" "$work/err" ||
        fail "$1: $(cat "$work/err")"
    expect_exit 1 ask verify s3://bucket/p
    stop_liar
}
never_ends endless-tag bagit.txt
never_ends vast manifest-sha256.txt
never_ends endless-object "data/.*png"

# Whoever waits for a store's answer is stopped by a signal all the same.
start_liar silent
for verb in "verify --state $work/s" "verify --against $work/in --state $work/s" \
    "extract --list"; do
    rm -f "$work/liar/asked"
    # shellcheck disable=SC2086 # the words of a command
    env --default-signal=INT timeout 20 "$IMGPIPE" $verb s3://bucket/p \
        --s3-endpoint "http://127.0.0.1:$(cat "$work/liar/port")" \
        --s3-path-style 2>"$work/err" &
    asking=$!
    await "$work/liar/asked"
    kill -INT $asking # timeout passes it on
    wait $asking
    code=$?
    [ $code -eq 130 ] || fail "$verb: exit $code, want 130: $(cat "$work/err")"
done

wait $dripped
code=$?
[ $code -eq 3 ] || fail "a byte a second: exit $code, want 3: $(cat "$work/dripped")"
grep -q "slower than 1 kB a second" "$work/dripped" || fail "$(cat "$work/dripped")"
echo "14 lies, and a silent store"
