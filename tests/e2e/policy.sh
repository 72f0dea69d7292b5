# Policies: what research keeps and strict does not, what a file may add, and
# what it is refused by name; ledger and manifest name the policy.
. tests/lib/env.sh
. tests/lib/e2e.sh
mkdir "$work/in"
photo=$(find "$SAMPLES/uploads" -name 'patient_1001_jane-doe_left-forearm.jpg' | head -n 1)
cp "$photo" "$work/in/a.jpg"
archive() {
    name=$1
    shift
    expect_exit 0 "$IMGPIPE" run "$work/in" --archive "$work/$name" \
        --state "$work/s-$name" --settle 0 --json "$@"
    exiftool -s -G1 "$(find "$work/$name/data" -type f)" >"$work/tags-$name"
}
has() { grep -q "\] *$2 " "$work/tags-$1"; }
archive strict
archive research --policy research
for tag in Make Model ISO FNumber; do
    has strict $tag && fail "strict keeps $tag"
    [ -z "$(exiftool -s3 -$tag "$photo")" ] || has research $tag ||
        fail "research loses $tag"
done
has research Model || fail "the sample has no Model to keep"
for tag in GPSLatitude SerialNumber Artist OwnerName DateTimeOriginal; do
    has research $tag && fail "research keeps $tag"
done
cat >"$work/year.conf" <<'CONF'
[policy]
preset = research
dates = year
icc = drop
CONF
archive year --policy "$work/year.conf"
want=$(exiftool -s3 -DateTimeOriginal "$photo" | cut -c1-4)
[ -n "$want" ] || fail "the sample has no date"
grep -q "DateTimeOriginal *: $want:  :     :  :" "$work/tags-year" ||
    fail "no year: $(grep Date "$work/tags-year")"
[ "$(grep -c '\[ICC' "$work/tags-year")" -eq 0 ] || fail "a profile is left"
# The policy's digest is in the ledger and in the bag, and differs.
for name in strict research year; do
    sqlite3 -readonly "$work/s-$name/ledger.db" \
        'SELECT lower(hex(policy)) FROM runs' >"$work/digest-$name"
    grep -q "^Imgpipe-Policy-SHA256: $(cat "$work/digest-$name")\$" \
        "$work/$name/bag-info.txt" || fail "$name: not in bag-info.txt"
    valid_bag "$work/$name"
done
[ "$(cat "$work"/digest-* | sort -u | wc -l)" -eq 3 ] || fail "same digests"
# Refused, by name, before anything is made.
refused() {
    printf '%b' "$1" >"$work/bad.conf"
    expect_exit 3 "$IMGPIPE" run "$work/in" --archive "$work/none" \
        --policy "$work/bad.conf"
    [ ! -e "$work/none" ] || fail "an archive was made"
    grep -qi -- "$2" "$work/err" || fail "want '$2': $(cat "$work/err")"
}
refused '[exif]\nkeep = GPSLatitude\n' 'GPSLatitude'
refused '[exif]\nkeep = BodySerialNumber\n' 'BodySerialNumber'
refused '[exif]\nkeep = ExposureTim\n' 'ExposureTime'
refused '[policy]\npreste = strict\n' 'preset'
refused '[policy]\ndates = shift\n' 'shift'
refused '[policy]\ndates = never\n' 'remove'
expect_exit 3 "$IMGPIPE" run "$work/in" --archive "$work/none" --policy stricct
grep -q "strict" "$work/err" || fail "no suggestion"
echo "three policies, seven refusals"
