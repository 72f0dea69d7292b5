# Peak memory does not grow with the number of files. E2E_FILES=1000000 for the
# long form.
. tests/lib/env.sh
. tests/lib/e2e.sh
case $build in
*asan*) skip "AddressSanitizer keeps freed memory" ;;
esac
many=${E2E_FILES:-30000}
command -v /usr/bin/time >/dev/null || skip "no /usr/bin/time"
python3 - "$work" "$many" "$SAMPLES" <<'PY'
import glob, os, sys
work, many, samples = sys.argv[1], int(sys.argv[2]), sys.argv[3]
tiny = min((f for f in glob.glob(samples + "/uploads/**/*.png", recursive=True) if os.path.getsize(f) > 0), key=os.path.getsize)
data = open(tiny, "rb").read()
for name, n in (("few", 1000), ("many", many)):
    top = os.path.join(work, name)
    os.mkdir(top)
    for i in range(n):
        d = os.path.join(top, "%03d" % (i // 10000))
        if i % 10000 == 0:
            os.mkdir(d)
        path = os.path.join(d, "%d.png" % i)
        if i % 10000 == 0:  # a file takes 65,000 links at most
            open(path, "wb").write(data)
            first = path
        else:
            os.link(first, path)
PY
peak() {
    /usr/bin/time -f %M -o "$work/kb" "$IMGPIPE" run "$work/$1" \
        --archive "$work/a-$1" --state "$work/s-$1" --settle 0 --json \
        >"$work/out" 2>"$work/err"
    [ $? -le 1 ] || fail "$1: $(tail -n 3 "$work/err")"
    tail -n 1 "$work/kb"
}
few=$(peak few)
[ "$(field scanned)" -eq 1000 ] || fail "scanned $(field scanned)"
lots=$(peak many)
[ "$(field scanned)" -eq "$many" ] || fail "scanned $(field scanned)"
[ $((lots * 100)) -le $((few * 120)) ] ||
    fail "1000 files: $few KB, $many files: $lots KB"
echo "1000 files: $few KB, $many files: $lots KB ($((lots * 100 / few)) %)"
