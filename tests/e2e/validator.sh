# The bag validator itself: it passes a good bag, and finds each kind of damage.
. tests/lib/env.sh
. tests/lib/e2e.sh
"$IMGPIPE" run "$SAMPLES/uploads/clinic-a" --archive "$work/good" --settle 0 -q
[ $? -eq 1 ] || fail "exit $?"
valid_bag "$work/good"
object=$(cd "$work/good" && find data -type f | sort | head -n 1)
found=0
broken() { # broken WHAT COMMAND: run in a copy of the bag
    rm -rf "$work/bag"
    cp -r "$work/good" "$work/bag"
    (cd "$work/bag" && sh -c "$2")
    python3 tests/bagit-validate.py "$work/bag" >/dev/null &&
        fail "not found: $1"
    found=$((found + 1))
}
broken "a flipped bit" "printf X | dd of='$object' bs=1 seek=9 conv=notrunc 2>&1"
broken "a missing object" "rm '$object'"
broken "an object that is not listed" "cp '$object' data/more.jpg"
broken "a line less in the manifest" "sed -i 1d manifest-sha256.txt"
broken "another digest" "sed -i '1s/^./x/' manifest-sha256.txt"
broken "a wrong Payload-Oxum" "sed -i 's/Oxum: /Oxum: 1/' bag-info.txt"
broken "no declaration" "rm bagit.txt"
broken "another version" "sed -i 's/1.0/9.9/' bagit.txt"
broken "no tag manifest entry" "sed -i 1d tagmanifest-sha256.txt"
echo "$found kinds of damage found"
