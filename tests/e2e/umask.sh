# Whatever the umask takes away, who runs us may use what we make; for group
# and others it holds.
. tests/lib/env.sh
. tests/lib/e2e.sh
mkdir "$work/up"
cp "$SAMPLES/uploads/clinic-b/ct_1008_slice-041.png" "$work/up"

# modes DIRECTORY WANT: each directory below it has the one mode of WANT, each
# file the other.
modes() {
    odd=$(find "$1" \( -type d ! -perm "${2% *}" \) -o \
        \( -type f ! -perm "${2#* }" \) -printf '%m %p\n')
    [ -z "$odd" ] || fail "umask $mask: want $2: $odd"
}

for row in 0777:0700:0600 0277:0700:0600 0077:0700:0600 0027:0750:0640; do
    mask=${row%%:*} want=${row#*:}
    want="${want%:*} ${want#*:}"
    at=$work/$mask
    mkdir "$at"
    (
        umask "$mask"
        for kind in bag tar.gz; do
            "$IMGPIPE" run "$work/up" --archive "$kind:$at/$kind.d/a" \
                --state "$at/s-$kind" --settle 0 --quiet &&
                "$IMGPIPE" run "$work/up" --archive "$kind:$at/$kind.d/a" \
                    --state "$at/s-$kind" --settle 0 --quiet &&
                "$IMGPIPE" extract "$kind:$at/$kind.d/a" --all \
                    --into "$at/x/$kind" --quiet || exit
        done
    ) || fail "umask $mask: exit $?"
    for kind in bag tar.gz; do
        modes "$at/$kind.d" "$want"
        modes "$at/s-$kind" "0700 0600"
    done
    modes "$at/x" "$want"
    same_archive "$at/bag.d/a/data" "$at/x/bag"
    same_archive "$at/bag.d/a/data" "$at/x/tar.gz"
done
echo "bag, tar.gz and what comes out of them under 4 umasks"
