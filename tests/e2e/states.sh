# Ledger and archive agree at the end of every run, whatever became of the
# state: two state directories on one archive, a lost state, a killed run whose
# state was lost, an object that was changed, a file that is no object.
. tests/lib/env.sh
. tests/lib/e2e.sh
in=$SAMPLES/uploads/clinic-a/2026-11-20
one=$in/patient_1001_jane-doe_detail.jpg
two=$in/patient_1001_jane-doe_left-forearm.jpg
three=$in/patient_1002_john-roe_wound-day-3.jpg
go() { # go WANT STATE INPUT...
    want=$1 state=$work/$2
    shift 2
    expect_exit "$want" "$IMGPIPE" run "$@" --archive "$work/a" \
        --state "$state" --settle 0 --json
}
files() {
    find "$work/a/data" -type f | wc -l
}
listed() {
    wc -l <"$work/a/manifest-sha256.txt"
}
holds() { # holds N: files, all listed, and a valid bag
    [ "$(files)" -eq "$1" ] && [ "$(listed)" -eq "$1" ] ||
        fail "$(files) files and $(listed) listed, want $1: $2"
    valid_bag "$work/a"
}
start_over() { # an archive of one image, with its state
    rm -rf "$work/a" "$work"/s*
    go 0 s "$one"
}
refused() { # refused WORDS: with exit 3, and nothing is changed
    rm -rf "$work/before"
    cp -r "$work/a" "$work/before"
    rm -rf "$work/s"
    go 3 s "$one"
    grep -q "$1" "$work/err" || fail "want \"$1\": $(cat "$work/err")"
    go 3 s "$one" # and not only once
    same_archive "$work/before" "$work/a"
}

# Two states take turns.
go 0 s1 "$one"
go 0 s2 "$two"
holds 2 "a second state"
go 0 s1 "$three"
holds 3 "the first state again"
go 0 s2 "$one" "$two" "$three"
grep -q "note: objects taken up .* directory has archived: 1" "$work/err" ||
    fail "not told what is taken up: $(cat "$work/err")"
[ "$(field archived)" -eq 0 ] && [ "$(field duplicate)" -eq 2 ] ||
    fail "what another state archived is not known: $(cat "$work/out")"
holds 3 "the second state again"
cp -r "$work/a" "$work/want"

# A first run was killed once its images were visible, and its state is lost.
rm -rf "$work"/s* "$work/a/bag-info.txt" "$work/a"/*manifest-sha256.txt
go 0 s "$one"
[ "$(field duplicate)" -eq 1 ] || fail "archived again: $(cat "$work/out")"
holds 3 "nothing was listed"
same_archive "$work/want" "$work/a"
# A later one was: the manifest lists one of three.
start_over
cp -r "$work/want/data" "$work/a"
rm -rf "$work/s"
go 0 s "$one"
holds 3 "one was listed"
same_archive "$work/want" "$work/a"
# A run of another state was killed: its staging directory is still there.
start_over
cp -r "$work/want/data" "$work/a"
mkdir "$work/a/.imgpipe-staging"
go 0 s "$one"
[ "$(field skipped)" -eq 1 ] || fail "the state was not used"
holds 3 "another state's run was killed"
no_temporaries "$work/a"

# An object that is not what the manifest says.
start_over
object=$(cd "$work/a" && find data -type f)
cp "$work/a/$object" "$work/object"
printf '\377' | dd of="$work/a/$object" bs=1 seek=40 conv=notrunc 2>/dev/null
cmp -s "$work/object" "$work/a/$object" && fail "nothing was changed"
refused "bytes are others: $object; run imgpipe verify"
rm "$work/a/$object"
refused "$(basename "$object"), which the manifest lists"
cp "$work/object" "$work/a/$object"
go 0 s "$one"
holds 1 "repaired"

# Files that are no objects.
printf 'a\033[31m' >"$work/a/data/$(printf 'stray\033[31m')"
mkdir "$work/a/data/zz"
ln -s ../../bagit.txt "$work/a/data/zz/link"
refused "2 files in data/"
# Also with its own state, when a run was killed; and again then.
mv "$work/a/data/zz/link" "$work/link"
rm -rf "$work/a/data/zz"
mv "$work/a/data/stray"* "$work/stray"
go 0 s "$one"
mkdir "$work/a/.imgpipe-staging"
cp "$work/stray" "$work/a/data/stray$(printf '\033[31m')"
go 3 s "$one"
go 3 s "$one"
refused 'data/stray\\x1B\[31m'
rm "$work/a/data/stray"*
# Not even one at an object's place, with other bytes.
other=$(cd "$work/want" && find data -type f |
    grep -vxF "$object" | head -n 1)
mkdir -p "$work/a/$(dirname "$other")"
echo other >"$work/a/$other"
refused "1 file in data/"
rm "$work/a/$other"
go 0 s "$one"
holds 1 "tidied"

# The bag names the policies of both.
policies() {
    grep -c Imgpipe-Policy-SHA256 "$work/a/bag-info.txt"
}
start_over
printf '[policy]\npreset = research\ndates = year\n' >"$work/p.conf"
expect_exit 0 "$IMGPIPE" run "$two" --archive "$work/a" --state "$work/s2" \
    --settle 0 --policy "$work/p.conf"
[ "$(policies)" -eq 2 ] || fail "the other state's policy is forgotten"
go 0 s "$three"
[ "$(policies)" -eq 2 ] || fail "the second state's policy is forgotten"
for state in s s2; do
    expect_exit 0 "$IMGPIPE" verify "$work/a" --state "$work/$state" \
        --policy "$work/p.conf"
done
expect_exit 1 "$IMGPIPE" verify "$work/a" --state "$work/s"
grep -q "the bag names it, and only its digest is known" "$work/out" ||
    fail "no word on a policy that is not known: $(cat "$work/out")"

# An older copy of the archive is put back: what its ledger holds besides must
# not pass for archived, least of all when sources are to be removed.
older() { # older ARCHIVE COPY
    rm -rf "$work/b" "$work/b.old" "$work"/s* "$work/up"
    mkdir "$work/up"
    cp "$one" "$work/up/1.jpg"
    set -- "$IMGPIPE" run "$work/up" --archive "$1" --settle 0 --json
    expect_exit 0 "$@" --state "$work/s"
    cp -r "$work/b" "$work/b.old"
    cp "$two" "$work/up/2.jpg"
    cp "$three" "$work/up/3.jpg"
    expect_exit 0 "$@" --state "$work/s"
    rm -rf "$work/b"
    cp -r "$work/b.old" "$work/b"
}
lacks() { # lacks ARCHIVE WORDS
    for again in 1 2; do
        expect_exit 3 "$IMGPIPE" run "$work/up" --archive "$1" \
            --state "$work/s" --settle 0 --after delete
        grep -q "$2" "$work/err" || fail "want \"$2\": $(cat "$work/err")"
        [ "$(find "$work/up" -type f | wc -l)" -eq 3 ] || fail "sources went"
    done
}
words="lacks 2 of the 3 objects that the ledger holds"
older "$work/b"
lacks "$work/b" "$words"
# The run that archived more never came to list it.
older "$work/b"
sqlite3 "$work/s/ledger.db" "UPDATE meta SET value = '$(sha256sum \
    <"$work/b/manifest-sha256.txt" | cut -c 1-64)' WHERE key = 'listing';
    UPDATE meta SET value = '1' WHERE key = 'dirty'"
lacks "$work/b" "$words"
expect_exit 0 "$IMGPIPE" run "$work/up" --archive "$work/b" \
    --state "$work/s2" --settle 0 --json --after delete
[ "$(field archived)" -eq 2 ] || fail "not archived again: $(cat "$work/out")"
valid_bag "$work/b"
# In one file, that has grown since by what another state put there.
older "tar.gz:$work/b"
lacks "tar.gz:$work/b" "shorter than the ledger says"
expect_exit 1 "$IMGPIPE" run "$SAMPLES/uploads/clinic-c" \
    --archive "tar.gz:$work/b" --state "$work/s2" --settle 0
lacks "tar.gz:$work/b" "does not have the ledger's last object"

echo "two states, lost states, killed runs, changed and stray files, older" \
    "copies: every bag valid, or refused and left alone"
