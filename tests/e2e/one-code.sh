# A subject has one code in an archive and one distance of its dates, whichever
# run, state directory or policy; and what was archived as another's is told.
. tests/lib/env.sh
. tests/lib/e2e.sh
tree=$work/tree
mkdir "$work/in"
python3 tests/s3/pictures.py "$work/in" 4 8 '{}.png'
mkdir -p "$tree/ann" "$tree/bob"
mv "$work/in/0.png" "$tree/ann"
mv "$work/in/1.png" "$tree/bob"
for key in ours other; do
    printf 'of a test: %s' $key | sha256sum | cut -c 1-64 >"$work/$key.key"
    chmod 600 "$work/$key.key"
done
run() { # run STATE KEY [OPTION...]: the tree into one archive
    state=$1 key=$2
    shift 2
    "$IMGPIPE" run "$tree" --archive "$archive" --state "$work/$state" \
        --settle 0 --json --subject-from dir --key-file "$work/$key.key" "$@"
}
refused() { # refused WHY RUN...
    why=$1
    shift
    find "$work"/a* -type f -exec sha256sum {} + | sort >"$work/before"
    expect_exit 3 run "$@"
    grep -q "$why" "$work/err" || fail "$*: $(cat "$work/err")"
    find "$work"/a* -type f -exec sha256sum {} + | sort |
        cmp - "$work/before" || fail "$*: refused, and the archive changed"
}

# --- Another state directory, or none: the archive tells the key and range ---
shift_by() { # shift_by RANGE: a policy
    printf '[policy]\npreset = research\ndates = shift\nshift-days = %s\n' "$1" \
        >"$work/$1.conf"
}
shift_by 1-30
shift_by 1-31
kinds=0
for kind in bag:$work/a tar.gz:$work/a.tar.gz; do
    archive=$kind
    kinds=$((kinds + 1))
    rm -rf "$work"/s?
    expect_exit 0 run s1 ours --policy "$work/1-30.conf"
    [ "$(field archived)" -eq 2 ] || fail "$kind: $(cat "$work/out" "$work/err")"
    refused "another key" s1 other --policy "$work/1-30.conf"
    refused "put back by 1-30 days: .* have 1-31" s1 ours --policy "$work/1-31.conf"
    refused "another key" s2 other --policy "$work/1-30.conf"
    rm -rf "$work/s2" # it knows the archive by now
    refused "put back by 1-30 days" s2 ours --policy "$work/1-31.conf"
    expect_exit 0 run s2 ours --policy "$work/1-30.conf"
    [ "$(field duplicate)" -eq 2 ] || fail "$kind: $(cat "$work/out")"
    expect_exit 0 "$IMGPIPE" verify "$kind" --state "$work/s1"
done
for tag in Key-Id Shift-Days; do # what the ledger knows better
    rm -rf "$work/edited" "$work/edited.state"
    archive=bag:$work/edited
    expect_exit 0 run edited.state ours --policy "$work/1-30.conf"
    sed -i "s/^Imgpipe-$tag: ./Imgpipe-$tag: 7/" "$work/edited/bag-info.txt"
    sum=$(sha256sum <"$work/edited/bag-info.txt" | cut -c 1-64)
    sed -i "s/^[0-9a-f]*  bag-info.txt/$sum  bag-info.txt/" \
        "$work/edited/tagmanifest-sha256.txt"
    expect_exit 1 "$IMGPIPE" verify "$archive" --state "$work/edited.state"
    grep -q "bag-info.txt does not name the key or the range" "$work/out" "$work/err" ||
        fail "$tag: $(cat "$work/out" "$work/err")"
done
# What cannot be read is found, and does not keep the rest from being checked;
# a run does not take it for one that names no key.
rm "$work/edited/bag-info.txt"
mkdir "$work/edited/bag-info.txt"
for state in edited.state none; do
    expect_exit 1 "$IMGPIPE" verify "$archive" --state "$work/$state"
    grep -q "bag-info.txt cannot be read" "$work/out" "$work/err" &&
        grep -q "2 objects, 2 read" "$work/err" ||
        fail "$(cat "$work/out" "$work/err")"
done
expect_exit 3 run fresh.state other
[ "$(sed -n 's/^Imgpipe-Shift-Days: //p' "$work/a/bag-info.txt")" = 1-30 ] ||
    fail "$(cat "$work/a/bag-info.txt")"
# What the archive tells of the key is a message authentication code of it.
id=$(printf 'imgpipe 1 key\0' |
    openssl mac -digest SHA256 -macopt hexkey:"$(cat "$work/ours.key")" -in - HMAC |
    tr 'A-F' 'a-f' | cut -c 1-16)
[ "$(sed -n 's/^Imgpipe-Key-Id: //p' "$work/a/bag-info.txt")" = "$id" ] ||
    fail "want $id: $(cat "$work/a/bag-info.txt")"
valid_bag "$work/a"

# If somebody has changed that, it is found, though the tag manifest agrees; and
# what does not say a key is not passed over.
sed -i 's/^Imgpipe-Key-Id: ./Imgpipe-Key-Id: 0/' "$work/a/bag-info.txt"
grep -q "$id" "$work/a/bag-info.txt" && fail "the key begins with a 0: want another"
sum=$(sha256sum <"$work/a/bag-info.txt" | cut -c 1-64)
sed -i "s/^[0-9a-f]*  bag-info.txt/$sum  bag-info.txt/" \
    "$work/a/tagmanifest-sha256.txt"
archive=bag:$work/a
rm -rf "$work"/s?
expect_exit 3 run s1 ours --policy "$work/1-30.conf" # it knows no better
sed -i "s/^Imgpipe-Key-Id: .*/Imgpipe-Key-Id: none/" "$work/a/bag-info.txt"
refused "bag-info.txt: Imgpipe-Key-Id does not say" s2 ours \
    --policy "$work/1-30.conf"

# --- What was archived as another's ---
archive=bag:$work/b
mv "$tree/ann/0.png" "$tree/bob" # it was bob's all the time
printf '%s\tann\n%s\tbob\n' "$tree/bob/0.png" "$tree/bob/1.png" >"$work/list"
listed() { # listed [OPTION...]
    "$IMGPIPE" run - --archive "$archive" --state "$work/s3" --settle 0 --json \
        --subject-from list --key-file "$work/ours.key" "$@"
}
expect_exit 0 listed <"$work/list"
[ "$(field archived)" -eq 2 ] || fail "$(cat "$work/out" "$work/err")"
sed -i 's/ann/bob/' "$work/list"
for after in keep delete move:$work/done touched; do
    if [ $after = touched ]; then # its bytes may be others, but for the times
        chmod 600 "$tree/bob/0.png"
        after=delete
    fi
    expect_exit 1 listed --after $after <"$work/list"
    grep -q "0.png: it was archived as another subject's than list tells" \
        "$work/err" || fail "$after: $(cat "$work/err")"
    [ -e "$tree/bob/0.png" ] || fail "$after: the source went"
done
[ ! -e "$tree/bob/1.png" ] || # a later run does not find it
    fail "the other's source stayed"
! grep -qw 'ann\|bob' "$work/out" || fail "a subject is told: $(cat "$work/out")"
[ "$(sqlite3 -readonly "$work/s3/ledger.db" \
    "SELECT outcome FROM inputs WHERE CAST(path AS TEXT) LIKE '%/0.png'")" = \
    archived ] || fail "that it is in the archive is forgotten"
# One that stands in a list twice, as two people's, is one's, in whatever group.
archive=bag:$work/twice
for group in 1 100; do
    for between in "" "$tree/bob/1.png	cem"; do
        rm -rf "$work/twice" "$work/s3b"
        printf '%s\n' "$tree/bob/0.png	ann" ${between:+"$between"} \
            "$tree/bob/0.png	bob" >"$work/list2"
        after=delete # which of a later group finds nothing any more
        [ $group -eq 100 ] || after=keep
        expect_exit 1 "$IMGPIPE" run - --archive "$archive" --state "$work/s3b" \
            --settle 0 --json --subject-from list --key-file "$work/ours.key" \
            --commit-every $group --after $after <"$work/list2"
        if [ $group -eq 1 ]; then
            archived=1
            grep -q "archived as another subject's" "$work/err" ||
                fail "$group: $(cat "$work/err")"
        else
            archived=0
            [ "$(grep -c "it is there twice, as two subjects'" "$work/err")" -eq 2 ] ||
                fail "$group: $(cat "$work/err")"
        fi
        [ "$(field archived)" -eq $archived ] &&
            [ "$(find "$work/twice/data" -type f | wc -l)" -eq $archived ] ||
            fail "$group: $(cat "$work/out" "$work/err")"
        [ -e "$tree/bob/0.png" ] || fail "$group: the source went"
    done
done
archive=bag:$work/b
# As before, it is again what it was.
sed -i 's/bob$/ann/' "$work/list"
expect_exit 1 listed <"$work/list" # 1.png is gone
! grep -q "0.png" "$work/err" || fail "$(cat "$work/err")"

# --- Codes that differ in case ---
archive=bag:$work/c
mkdir -p "$tree/cem" "$tree/dot"
mv "$work/in/2.png" "$tree/cem"
mv "$work/in/3.png" "$tree/dot"
printf 'subject,code\nbob,P\303\251\ncem,PE\314\201\ndot,pe\n' >"$work/codes.csv"
expect_exit 1 "$IMGPIPE" run "$tree" --archive "$archive" --state "$work/s5" \
    --settle 0 --json --subject-from dir --subjects "csv:$work/codes.csv"
[ "$(field failed)" -eq 1 ] && [ "$(field archived)" -eq 2 ] ||
    fail "$(cat "$work/out" "$work/err")"
grep -q "differ only in case or in how accents are coded" "$work/err" ||
    fail "$(cat "$work/err")"
# --- A code that is a key ---
printf 'subject,code\nbob,dot\ncem,bob-1\ndot,X\n' >"$work/mixed.csv"
archive=bag:$work/d
expect_exit 1 "$IMGPIPE" run "$tree" --archive "$archive" --state "$work/s6" \
    --settle 0 --json --subject-from dir --subjects "csv:$work/mixed.csv"
[ "$(field failed)" -eq 1 ] && [ "$(field archived)" -eq 2 ] &&
    grep -q "bob.*the subject's code is another subject's key" "$work/err" ||
    fail "$(cat "$work/out" "$work/err")"

# --- One image of two subjects: its digest is of both ---
cp "$tree/cem/2.png" "$tree/dot/2.png"
archive=bag:$work/e
expect_exit 0 run s7 ours
digest=$(sqlite3 -readonly "$work/s7/ledger.db" "SELECT lower(hex(digest))
    FROM objects GROUP BY digest HAVING count(*) = 2")
[ ${#digest} -eq 64 ] || fail "want one digest of two: $digest"
expect_exit 0 "$IMGPIPE" extract "$archive" "$digest" --into "$work/both" --quiet
[ "$(find "$work/both" -type f -exec sha256sum {} + | grep -c "^$digest ")" -eq 2 ] ||
    fail "want both: $(find "$work/both" -type f)"
expect_exit 0 "$IMGPIPE" extract "$archive" "$digest" --stdout --quiet
[ "$(sha256sum <"$work/out")" = "$digest  -" ] || fail "want it once"

# --- A code that is a directory of images without one ---
printf 'subject,code\nbob,0A\ncem,0AB\ndot,X\n' >"$work/digits.csv"
archive=bag:$work/f
for name in "" "{subject}/{digest:8}.{ext}"; do
    expect_exit $([ -n "$name" ]; echo $?) "$IMGPIPE" run "$tree" \
        --archive "$archive" --state "$work/s8" --settle 0 --json \
        --subject-from dir --subjects "csv:$work/digits.csv" ${name:+--name "$name"}
    [ -n "$name" ] ||
        grep -q "bob.*called as a directory of images without" "$work/err" ||
        fail "$(cat "$work/err")"
done
[ "$(ls "$work/f/data" | tr '\n' ' ')" = "0A 0AB X " ] || fail "$(ls "$work/f/data")"

echo "$kinds kinds of archive hold to one key and range in all states;" \
    "4 ways to leave a source that is another's now; codes that differ in case, and that are keys; one" \
    "image of two"
