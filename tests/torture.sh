#!/bin/sh
# torture.sh BUILD: every kill and every fault in full, in all targets, starts
# and fates of sources; the bounded forms are tests/fault/*.sh. TORTURE_KILLS
# is the number of runs killed at random instants in each of these scenes. Takes
# hours.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
kills=${TORTURE_KILLS:-60}
bad=0
part() {
    printf '%s\n' "--- $*"
    "$@" || bad=1
}
few_uploads "$work/few"
many_uploads "$work/many"
part campaign kill-each power-cut --option=--commit-every=2 --mixed 4 \
    --uploads "$work/few"
part campaign fail-each fail-rest limits --option=--commit-every=2 \
    --after keep --after move-far --uploads "$work/few"
# In the other fates only the last steps are others.
part campaign fail-each fail-rest --option=--commit-every=2 \
    --after delete --after move --sample 300 --uploads "$work/few"
part campaign kill-random --kills "$kills" --uploads "$work/many"
part campaign kill-cut --option=--commit-every=2 --start fresh \
    --after delete --after move --after move-far --uploads "$work/few"
part campaign kill-two --kills "$kills" --after delete --after move \
    --option=--commit-every=2 --uploads "$work/few"
part campaign kill-each power-cut --after keep --sample 300 --mixed 2 \
    --uploads "$work/many"
uploads_of_two "$work/two"
part named "$work/two" kill-each power-cut kill-random kill-two fail-each \
    fail-rest --kills "$kills" --sample 1000
part campaign fail-each fail-rest --after keep --sample 300 \
    --option=--mark-text=TRIAL --uploads "$work/few"
if [ "$(id -u)" = 0 ]; then
    part python3 tests/fault/fulldisk.py --build "$build" \
        --uploads "$work/few" --photos 30 --most 1000
else
    echo "skipped: full file systems: mounting one needs root"
fi
part sh tests/fault/sources.sh
part sh tests/fault/others.sh
part python3 tests/bench/million.py "$IMGPIPE" "$work/million"
exit $bad
