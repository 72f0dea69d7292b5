# DICOM objects that are larger than what may be read into memory (E2E_BYTES), of
# native pixels and of many fragments: run, inspect and verify, with a bag and
# with a tar.gz, keep within 64 MB; pixels stay as they are, other files have
# their limit, and an object that is cut short under the reader stays.
. tests/lib/env.sh
. tests/lib/e2e.sh
case $build in
*asan*) skip "AddressSanitizer's memory is more" ;;
esac
source=$IMP_CORPUS/dicom/pydicom/pydicom__CT_small.dcm
[ -f "$source" ] || skip "no corpus of DICOM objects"
command -v /usr/bin/time >/dev/null || skip "no /usr/bin/time"
bytes=${E2E_BYTES:-300000000}
mkdir "$work/in"
python3 tests/lib/large_dicom.py "$source" "$work/in/native" "$bytes" &&
    python3 tests/lib/large_dicom.py "$source" "$work/in/coded" "$bytes" jpeg ||
    fail "no objects"

# small WANT COMMAND...: ends so, with a peak of memory below 64 MB.
small() {
    want=$1
    shift
    expect_exit "$want" /usr/bin/time -f %M -o "$work/kb" "$IMGPIPE" "$@"
    kb=$(tail -n 1 "$work/kb")
    [ "$kb" -lt 65536 ] || fail "$kb KB: $*"
    [ "$kb" -le "${most:-0}" ] || most=$kb
}

printf 'of a test' | sha256sum | cut -c 1-64 >"$work/key"
chmod 600 "$work/key"
for archive in "$work/bag" "tar.gz:$work/bag.tar.gz"; do
    rm -rf "$work/s"
    small 0 run "$work/in" --archive "$archive" --state "$work/s" --settle 0 \
        --key-file "$work/key" --json
    [ "$(field archived)" -eq 2 ] || fail "$(field archived) archived, want 2"
    small 0 verify "$archive" --state "$work/s"
    small 0 verify "$archive"
    small 0 extract --all --into "$work/out-$(basename "$archive")" "$archive"
done
diff -r "$work/bag/data" "$work/out-bag" || fail "extracted otherwise"
diff -r "$work/bag/data" "$work/out-bag.tar.gz" || fail "archived otherwise"
small 1 inspect --brief "$work/in"
small 0 inspect --brief "$work/bag/data"

# The pixels are the last that both have: all but the header is there again.
python3 - "$work" <<'PY' || fail "the pixels differ"
import glob, mmap, os, sys
work = sys.argv[1]
def pixels(path):
    m = mmap.mmap(os.open(path, os.O_RDONLY), 0, access=mmap.ACCESS_READ)
    at = m.find(b"\xe0\x7f\x10\x00O")
    assert at > 0, path
    return m[at:at + 250_000_000]
made = [pixels(f) for f in glob.glob(work + "/bag/data/**/*.dcm", recursive=True)]
assert len(made) == 2
for name in "native", "coded":
    assert pixels(f"{work}/in/{name}") in made, name
PY

# The limit that was asked for holds.
rm -rf "$work/s"
small 1 run "$work/in" --archive "$work/none" --state "$work/s" --settle 0 \
    --max-bytes 200M --key-file "$work/key" --json
[ "$(field quarantined)" -eq 2 ] || fail "the limit does not hold"
echo "2 objects of $bytes bytes: $most KB at most"
