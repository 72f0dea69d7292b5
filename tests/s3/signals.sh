# SIGINT while an upload crawls ends the run within its grace, and while the
# store does not answer at all; what was stored stays, the next run goes on. Two
# runs of one state: the second is told that it is busy.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
make_inputs 3 600
start_proxy rate=20000
stopped() { # stopped WHAT: SIGINT it; it ends within a grace of 1 s and some
    start=$(date +%s%N)
    kill -INT $pid
    wait $pid
    status=$?
    ms=$((($(date +%s%N) - start) / 1000000))
    [ $status -eq 130 ] || {
        cat "$work/err"
        fail "$1: exit $status, want 130"
    }
    [ $ms -lt 4000 ] || fail "$1: it took $ms ms"
}
pipe_on --grace 1s
await "an upload" grep -q "PUT.*/data/" "$proxy/log"
expect_exit 3 pipe
grep -q "busy\|another run" "$work/err" || fail "not told that it is busy"
stopped "a slow upload"
first=$ms

start_proxy hold=GET
pipe_on --grace 1s
await "a request" grep -q "^hold" "$proxy/log"
stopped "a silent store"

start_proxy
expect_exit 0 pipe
fetch_bag "$work/bag"
[ "$(objects "$work/bag")" -eq 3 ] || fail "$(objects "$work/bag") objects"
echo "ended $first ms and $ms ms after SIGINT with a grace of 1 s"
