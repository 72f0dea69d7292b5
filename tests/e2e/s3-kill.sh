# An archive in a store, and imgpipe killed at each of its calls that reach the
# store or change its own state, before or after it: the next run completes the
# archive, with the bytes of an undisturbed one. Each connection that breaks at
# such a call is only a delay. E2E_KILLS=0 for every call, not a sample.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
. tests/s3/fake.sh
start_fake
few_uploads "$work/in"
go() { # go PREFIX OPTION...
    where=$1
    shift
    "$IMGPIPE" run "$work/in" --archive "s3://bucket/$where" \
        --s3-endpoint "$S3_ENDPOINT" --s3-path-style --state "$work/s" \
        --settle 0 --commit-every 1 --jobs 1 --json "$@"
}
same_as_undisturbed() { # same_as_undisturbed WHAT
    rm -rf "$work/bag"
    store download bucket "$where/" "$work/bag"
    diff -r "$work/want" "$work/bag" >"$work/diff" || {
        cat "$work/diff"
        fail "$1: other bytes"
    }
}
shim() { # shim CLASSES AT WHAT PREFIX
    LD_PRELOAD=$build/lib/fault-shim.so FAULT_ROOT=$work FAULT_CLASS=$1 \
        FAULT_AT=$2 FAULT_DO=$3 FAULT_COUNT=$work/count go "$4"
}
classes=net,write,sync,name
shim $classes 0 kill want >"$work/out" 2>"$work/err"
status=$?
[ $status -le 1 ] || fail "undisturbed: exit $status: $(cat "$work/err")"
store download bucket want/ "$work/want"
valid_bag "$work/want"
calls=$(awk '/^(net|write|sync|name) / { n += $2 } END { print n }' "$work/count")
net=$(awk '/^net / { print $2 }' "$work/count")
[ "$net" -gt 20 ] || fail "$net calls of the network"
sample=${E2E_KILLS:-12}
step_of() { # step_of CALLS: so that the sample is as large as asked for
    if [ "$sample" -eq 0 ]; then echo 1; else echo $(($1 / sample + 1)); fi
}
step=$(step_of "$calls")

killed=0 n=$step
while [ $n -le "$calls" ]; do
    for what in kill kill-after; do
        rm -rf "$work/s"
        shim $classes $n $what "$what-$n" >"$work/out" 2>"$work/err"
        [ $? -eq 137 ] && killed=$((killed + 1))
        go "$what-$n" >"$work/out" 2>"$work/err"
        again=$?
        [ $again -le 1 ] || fail "after $what at $n: exit $again"
        same_as_undisturbed "$what at $n"
    done
    n=$((n + step))
done
[ $killed -gt 0 ] || fail "it was never killed"

broken=0 n=1
step=$(step_of "$net")
while [ $n -le "$net" ]; do
    rm -rf "$work/s"
    shim net $n 104 "reset-$n" >"$work/out" 2>"$work/err" # ECONNRESET
    status=$?
    [ $status -le 1 ] && [ "$(field failed)" -eq 0 ] || {
        cat "$work/err"
        fail "a connection reset at $n: exit $status"
    }
    same_as_undisturbed "reset at $n"
    broken=$((broken + 1))
    n=$((n + step))
done
echo "$calls calls, $killed kills and $broken broken connections: all the same"
