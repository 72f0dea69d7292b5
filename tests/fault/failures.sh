# Each call fails in turn, once or from then on: a clear error, a true exit
# status, nothing torn, and the next run completes the archive.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
few_uploads "$work/in"
campaign fail-each fail-rest limits --option=--commit-every=2 --sample 400 \
    --uploads "$work/in"
