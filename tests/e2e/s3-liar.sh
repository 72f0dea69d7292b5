# A store that does as none should: what it says is not believed, nobody waits
# for its lists to end, and no source leaves.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/fake.sh

# These take a minute and a quarter of one; they are waited for below.
liars=
in_background() { # in_background LIE: verify, its output in $work/LIE.err
    python3 tests/s3/liar.py "$work/$1" "$1" &
    liars="$liars $!"
    await "$work/$1/port"
    timeout -k 5 90 "$IMGPIPE" verify s3://bucket/p --state "$work/none" \
        --s3-endpoint "http://127.0.0.1:$(cat "$work/$1/port")" \
        --s3-path-style 2>"$work/$1.err" &
}
trap 'kill $liars; rm -rf "$work"' EXIT
in_background drips
drips=$!
in_background busy-ever
busy_ever=$!

ask() { # ask VERB ARGUMENT...
    verb=$1
    shift
    timeout -k 5 60 "$IMGPIPE" "$verb" "$@" --state "$work/s" \
        --s3-endpoint "http://127.0.0.1:$(cat "$work/liar/port")" --s3-path-style
}
start_liar() { # start_liar LIE
    rm -rf "$work/liar"
    python3 tests/s3/liar.py "$work/liar" "$1" &
    liar=$!
    trap 'kill $liar $liars 2>/dev/null; rm -rf "$work"' EXIT
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

# A lost answer is no lost image. What is there by then is compared by the checksum
# that the store has worked out, or read back if it tells none.
lost() { # lost LIE TIMES: so often is an image read
    rm -rf "$work/s" "$work/in"
    mkdir "$work/in"
    cp "$work"/lost/* "$work/in"
    start_liar "$1"
    expect_exit 0 ask run "$work/in" --archive s3://bucket/p --settle 0 \
        --after delete
    [ -z "$(ls "$work/in")" ] || fail "$1: a source is still there"
    read=$(grep -c "^GET .*/data/" "$work/liar/log")
    [ "$read" -eq "$2" ] || fail "$1: $read images were read, want $2"
    expect_exit 0 ask verify s3://bucket/p
    stop_liar
}
mkdir "$work/lost"
cp "$SAMPLES/uploads/clinic-b/ecg_1007_richard-roe.png" \
    "$SAMPLES/uploads/clinic-c/echo_1002.gif" "$work/lost"
lost loses 0
lost loses-plain 2

# Who says how long to wait is asked again after that.
start_liar busy
expect_exit 3 ask verify s3://bucket/p
grep -q "there is no archive" "$work/err" || fail "busy: $(cat "$work/err")"
awk 'NR == 1 { first = $1 } NR == 2 { exit $1 - first < 2 }' \
    "$work/liar/asked" || fail "asked again after $(cat "$work/liar/asked")"
stop_liar

# Whoever waits for a store's answer is stopped by a signal all the same.
for lie in silent busy-ever; do
    start_liar $lie
    for verb in "verify --state $work/s" "verify --against $work/in --state $work/s" \
        "extract --list"; do
        rm -f "$work/liar/asked"
        # shellcheck disable=SC2086 # the words of a command
        env --default-signal=INT timeout -k 5 10 "$IMGPIPE" $verb s3://bucket/p \
            --s3-endpoint "http://127.0.0.1:$(cat "$work/liar/port")" \
            --s3-path-style 2>"$work/err" &
        asking=$!
        await "$work/liar/asked"
        kill -INT $asking # timeout passes it on
        wait $asking
        code=$?
        [ $code -eq 130 ] || fail "$verb: exit $code, want 130: $(cat "$work/err")"
    done
    stop_liar
done

gave_up() { # gave_up PID LIE MESSAGE
    wait "$1"
    code=$?
    [ $code -eq 3 ] && grep -q "$3" "$work/$2.err" ||
        fail "$2: exit $code, want 3: $(cat "$work/$2.err")"
}
gave_up $busy_ever busy-ever "HTTP 503 SlowDown"
[ "$(wc -l <"$work/busy-ever/asked")" -eq 2 ] ||
    fail "whoever said to wait for long was asked $(wc -l <"$work/busy-ever/asked") times"
gave_up $drips drips "slower than 1 kB a second"
echo "18 lies, and a silent store"
