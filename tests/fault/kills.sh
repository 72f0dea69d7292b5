# Killed at each call, before, after and in the middle of it, and at random
# instants; the disk as a power cut may leave it: the next run completes the
# archive, byte for byte; nor does a power cut behind that take what the killed
# run had made. Two states killed in turn lose nothing. All calls in
# an archive that is a directory, a sample of them in each other scene; `make
# torture` does all of it.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
few_uploads "$work/in"
campaign kill-each --target bag --start fresh --after keep \
    --uploads "$work/in" || exit 1
campaign kill-each power-cut kill-random --option=--commit-every=2 \
    --sample 25 --kills 4 --mixed 2 --uploads "$work/in" || exit 1
campaign kill-cut --option=--commit-every=2 --start fresh --after delete \
    --sample 40 --mixed 1 --uploads "$work/in" || exit 1
campaign kill-two --option=--commit-every=2 --after delete --kills 30 \
    --uploads "$work/in" || exit 1
uploads_of_two "$work/two"
named "$work/two" kill-each power-cut kill-random kill-two --sample 15 --kills 5
