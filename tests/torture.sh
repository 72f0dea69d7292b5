#!/bin/sh
# torture.sh BUILD: every kill and every fault in full, in all targets; the
# bounded forms are tests/fault/*.sh. TORTURE_KILLS=1000 random kills for each
# kind of start. The last lines are the figures.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
kills=${TORTURE_KILLS:-1000}
bad=0
part() {
    printf '%s\n' "--- $*"
    "$@" || bad=1
}
few_uploads "$work/few"
many_uploads "$work/many"
part campaign kill-each fail-each fail-rest power-cut limits --mixed 20 \
    --uploads "$work/few"
part campaign kill-each power-cut kill-random --mixed 2 --kills "$kills" \
    --uploads "$work/many"
if [ "$(id -u)" = 0 ]; then
    part python3 tests/fault/fulldisk.py --build "$build" \
        --uploads "$work/few" --photos 30 --most 1000
else
    echo "skipped: full file systems: mounting one needs root"
fi
part sh tests/fault/sources.sh
exit $bad
