#!/bin/sh
# one.sh TALLY NAME COMMAND...: run one test into a log of its own; say in one
# piece how it ended, as others may run beside it; add its outcome to TALLY, a
# line: passed, failed or skipped. Statuses: 0, 77 skipped, others failed.
set -u
tally=$1 name=$2
shift 2
log=$(mktemp) || exit 2
trap 'rm -f "$log" "$log.says"' EXIT
start=$(date +%s)
"$@" >"$log" 2>&1
status=$?
took=$(($(date +%s) - start))
{
    case $status in
    0)
        outcome=passed
        [ ! -s "$log" ] ||
            printf '%s: %s (%s s)\n' "$name" "$(tail -n 1 "$log")" "$took"
        ;;
    77)
        outcome=skipped
        printf '%s: %s\n' "$name" "$(tail -n 1 "$log")"
        ;;
    *)
        outcome=failed
        printf 'FAIL %s (status %s)\n' "$name" "$status"
        tail -n 40 "$log"
        ;;
    esac
} >"$log.says"
exec 9>>"$tally"
flock 9
cat "$log.says"
echo "$outcome" >&9
