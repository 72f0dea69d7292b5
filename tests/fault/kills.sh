# Killed at each call, before, after and in the middle of it, and at random
# instants; the disk as a power cut may leave it: the next run completes the
# archive, byte for byte.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
few_uploads "$work/in"
campaign kill-each power-cut kill-random --option=--commit-every=2 \
    --kills 30 --mixed 2 --sample 400 --uploads "$work/in"
