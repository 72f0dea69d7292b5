# A file system that fills up in mid-run, for the archive, the state, or both.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_root
mkdir "$work/mount"
mount -t tmpfs -o size=64k fault "$work/mount" 2>"$work/err" ||
    skip "cannot mount: $(cat "$work/err")"
umount "$work/mount"
few_uploads "$work/in"
python3 tests/fault/fulldisk.py --build "$build" --uploads "$work/in" \
    --photos 30 --most 25
