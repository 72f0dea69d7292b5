# Calls fail in turn, once or from then on: a clear error, a true exit status,
# nothing torn, and the next run completes the archive. A sample in each scene;
# `make torture` does all of it.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
few_uploads "$work/in"
campaign fail-each fail-rest limits --option=--commit-every=2 --sample 25 \
    --uploads "$work/in"
