# A store that answers 500, 503 and 429, cuts connections, is slow, loses its
# answers after it has acted, and a wire that flips bits: everything arrives, once.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/lib.sh
make_inputs 60
expect_exit 0 pipe
fetch_bag "$work/want"
prefix=$prefix-proxied
rm -rf "$work/s"
start_proxy 500=0.08 503=0.08 429=0.04 cut=0.06 drop=0.08 flip=0.05 \
    slow=0.05
expect_exit 0 pipe
[ "$(field archived)" -eq 60 ] || fail "$(field archived) archived, want 60"
fetch_bag "$work/bag"
same_archive "$work/want" "$work/bag"
for fault in 500 503 429 cut flip slow; do
    grep -q "^$fault" "$proxy/log" || fail "no request met $fault"
done
lost=$(grep -c '^drop PUT' "$proxy/log")
[ "$lost" -gt 0 ] || fail "no answer to a PUT was lost"
faults=$(grep -vc '^pass' "$proxy/log")

# All answers to PUTs are lost: it is found that they have come through.
prefix=$prefix-lost
rm -rf "$work/s"
start_proxy drop=0.5
expect_exit 0 pipe
fetch_bag "$work/bag"
same_archive "$work/want" "$work/bag"
echo "60 objects through $faults faults, then" \
    "$(grep -c '^drop' "$proxy/log") lost answers"
