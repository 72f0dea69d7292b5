#!/bin/sh
# s3.sh BUILD [SCRIPT...]: the tests that need a store (tests/s3), on a Ceph
# gateway of their own, which is stopped whatever becomes of them.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
shift
. tests/lib/env.sh
passed=0 failed=0
S3_DIR=$(mktemp -d) || exit 2
log=$S3_DIR.log
export S3_DIR
trap 'tests/s3/ceph stop "$S3_DIR/ceph"; rm -rf "$S3_DIR" "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tests/s3/ceph start "$S3_DIR/ceph" || exit 1
. "$S3_DIR/ceph/env"

[ $# -gt 0 ] || set -- tests/s3/[a-z]*.sh
for script; do
    case $script in */lib.sh | */fake.sh) continue ;; esac
    # One that failed may have left the gateway down.
    curl -s -o "$log" "$S3_ENDPOINT/" ||
        tests/s3/ceph start-gateway "$S3_DIR/ceph"
    start=$(date +%s)
    sh "$script" >"$log" 2>&1
    status=$?
    took=$(($(date +%s) - start))
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
        printf '%s: %s (%s s)\n' "$script" "$(tail -n 1 "$log")" "$took"
    else
        failed=$((failed + 1))
        printf 'FAIL %s (status %s)\n' "$script" "$status"
        tail -n 40 "$log"
    fi
done
printf '%s passed, %s failed\n' $passed $failed
[ $failed -eq 0 ]
