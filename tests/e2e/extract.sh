# imgpipe extract gives what was archived, whatever holds it: as GNU tar gives
# it, by name, by digest, one or all; what is damaged or would overwrite
# something is told and left out.
. tests/lib/env.sh
. tests/lib/e2e.sh
for kind in bag tar.gz; do
    "$IMGPIPE" run "$SAMPLES/uploads" --archive "$kind:$work/$kind" \
        --state "$work/s-$kind" --settle 0 --quiet 2>/dev/null
    [ $? -le 1 ] || fail "run $kind"
done
mkdir "$work/x"
tar -xzf "$work/tar.gz" -C "$work/x"
plain=$work/x/imgpipe/data
objects=$(find "$plain" -type f | wc -l)
name=$(cd "$plain" && find . -name '*.jpg' | sort | head -n 1 | cut -c 3-)
digest=$(sha256sum "$plain/$name" | cut -d ' ' -f 1)

ledger() {
    sqlite3 -readonly -separator ' ' "$work/s-bag/ledger.db" \
        'SELECT length, lower(hex(digest)), name FROM objects ORDER BY name'
}
ledger >"$work/ledger"
[ -s "$work/ledger" ] || fail "no ledger"

extract() { # extract KIND EXIT ARGUMENT...
    kind=$1 code=$2
    shift 2
    expect_exit "$code" "$IMGPIPE" extract "$kind:$work/$kind" "$@"
}

for kind in bag tar.gz; do
    extract $kind 0 --list
    cmp "$work/out" "$work/ledger" || fail "$kind: --list"
    extract $kind 0 --list --json
    python3 -c '
import json, sys
for line, want in zip(open(sys.argv[1]), open(sys.argv[2])):
    o = json.loads(line)
    assert "%d %s %s\n" % (o["length"], o["digest"], o["object"]) == want' \
        "$work/out" "$work/ledger" || fail "$kind: --list --json"

    # All, then again: nothing is written twice.
    rm -rf "$work/all"
    extract $kind 0 --all --into "$work/all"
    same_archive "$plain" "$work/all"
    no_temporaries "$work/all"
    find "$work/all" -type f -printf '%p %T@ %i\n' | sort >"$work/before"
    extract $kind 0 --all -C "$work/all" --json
    [ "$(grep -c '"result": "there"' "$work/out")" = "$objects" ] ||
        fail "$kind: not all were there"
    find "$work/all" -type f -printf '%p %T@ %i\n' | sort |
        cmp - "$work/before" || fail "$kind: written again"

    # One, by each of its names.
    for n in "$name" "data/$name" "$digest" \
        "$(printf %.8s "$digest" | tr a-f A-F)"; do
        rm -rf "$work/one"
        extract $kind 0 "$n" -C "$work/one"
        cmp "$work/one/$name" "$plain/$name" || fail "$kind: $n"
        [ "$(find "$work/one" -type f | wc -l)" = 1 ] || fail "$kind: more"
        extract $kind 0 "$n" --stdout
        cmp "$work/out" "$plain/$name" || fail "$kind: $n --stdout"
    done
    (cd "$work/one" && "$IMGPIPE" extract "$kind:$work/$kind" --all -q) ||
        fail "$kind: into the current directory"
    same_archive "$plain" "$work/one"

    # Not there.
    rm -rf "$work/one"
    extract $kind 1 nothing/such "$name" ffffffffffffffff -C "$work/one"
    [ "$(grep -c 'is not in the archive' "$work/err")" = 2 ] ||
        fail "$kind: what is not there is not told"
    cmp "$work/one/$name" "$plain/$name" || fail "$kind: the other one"

    # What has the name stays: a file, a link, a directory; links above it are
    # not followed.
    for taken in file link directory above; do
        rm -rf "$work/one" "$work/away"
        mkdir -p "$work/one/$(dirname "$name")" "$work/away"
        case $taken in
        file) echo mine >"$work/one/$name" ;;
        link) ln -s "$work/away/x" "$work/one/$name" ;;
        directory) mkdir "$work/one/$name" ;;
        above)
            rm -r "$work/one/$(dirname "$name")"
            ln -s "$work/away" "$work/one/$(dirname "$name")"
            ;;
        esac
        cp -a "$work/one" "$work/kept"
        extract $kind 1 "$name" -C "$work/one"
        diff -r --no-dereference "$work/kept" "$work/one" ||
            fail "$kind: a $taken was not left alone"
        rm -r "$work/kept"
        [ -z "$(find "$work/away" -mindepth 1)" ] || fail "$kind: a link"
    done
done

# One flipped bit in one image: it is left out, and the others come.
place=$(sqlite3 -readonly "$work/s-tar.gz/ledger.db" \
    "SELECT place + stored / 2 FROM objects WHERE name = '$name'")
flip() { # flip FILE OFFSET
    python3 - "$1" "$2" <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    b = f.read(1)[0]
    f.seek(-1, 1)
    f.write(bytes([b ^ 4]))
PY
}
flip "$work/tar.gz" "$place"
flip "$work/bag/data/$name" 1000
for kind in bag tar.gz; do
    rm -rf "$work/all"
    extract $kind 1 --all -C "$work/all"
    grep -q "$name" "$work/err" || fail "$kind: the damaged one is not named"
    [ ! -e "$work/all/$name" ] || fail "$kind: the damaged one came out"
    [ "$(find "$work/all" -type f | wc -l)" = $((objects - 1)) ] ||
        fail "$kind: not all others came"
done

# Without its tail: what is whole is found by walking, and nothing is written.
flip "$work/tar.gz" "$place"
truncate -s -2000 "$work/tar.gz"
cp -p "$work/tar.gz" "$work/cut"
rm -rf "$work/all"
extract tar.gz 0 --all -C "$work/all"
same_archive "$plain" "$work/all"
extract tar.gz 0 "$(printf %.9s "$digest")" --stdout
cmp "$work/out" "$plain/$name" || fail "without a tail: by digest"
cmp "$work/cut" "$work/tar.gz" || fail "reading wrote"
echo "$objects objects out of bag and tar.gz"
