# imgpipe extract and what goes wrong: it names what it cannot give and why, and
# gives the rest; a full disk or a closed pipe ends it at once; and however large
# an object is, it goes through memory in pieces.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/fake.sh
start_fake 3
mounted=
cleanup() {
    [ -z "$mounted" ] || umount "$mounted"
    kill "$fake"
    rm -rf "$work"
}
trap cleanup EXIT
at() { # at KIND: where its archive is
    case $1 in
    s3) echo s3://bucket/p --s3-endpoint "$S3_ENDPOINT" --s3-path-style ;;
    *) echo "$1:$work/$1" ;;
    esac
}
for kind in bag tar.gz s3; do
    # shellcheck disable=SC2046 # the words of a command
    "$IMGPIPE" run "$SAMPLES/uploads" --archive $(at $kind) \
        --state "$work/s-$kind" --settle 0 --quiet 2>/dev/null
    [ $? -le 1 ] || fail "run $kind"
done
cp -a "$work/bag/data" "$work/plain"
cp "$work/tar.gz" "$work/whole"
(cd "$work/plain" && find . -type f | cut -c 3- | sort) >"$work/names"
objects=$(wc -l <"$work/names")
nth() { sed -n "$1p" "$work/names"; }

extract() { # extract KIND EXIT ARGUMENT...
    kind=$1 code=$2
    shift 2
    # shellcheck disable=SC2046 # the words of a command
    expect_exit "$code" "$IMGPIPE" extract $(at "$kind") "$@"
}
# others_came WHAT NAME...: into $work/out.d, all but these, each of which is told.
others_came() {
    what=$1
    shift
    for name; do
        grep -q "$name" "$work/err" || fail "$what: $name is not told"
        [ ! -e "$work/out.d/$name" ] || fail "$what: $name came"
    done
    grep -q ": $((objects - $#)) extracted" "$work/err" ||
        fail "$what: $(tail -n 3 "$work/err")"
    (cd "$work/out.d" && find . -type f -exec cmp {} "$work/plain/{}" \;) |
        grep . && fail "$what: other bytes"
    no_temporaries "$work/out.d"
    rm -rf "$work/out.d"
}

# --- What is missing or odd ---

gone=$(nth 1) dir=$(nth 2) link=$(nth 4) fifo=$(nth 5) bent=$(nth 7)
(
    cd "$work/bag/data" || exit
    rm "$gone" "$dir" "$link" "$fifo" "$bent"
    mkdir "$dir"
    ln -s "$work/plain/$link" "$link"
    mkfifo "$fifo"
    echo other >"$bent"
)
extract bag 1 --all -C "$work/out.d"
others_came "odd objects" "$gone" "$dir" "$link" "$fifo" "$bent"
store delete bucket "p/data/$gone"
store put bucket "p/data/$bent" "$work/bag/data/$bent"
extract s3 1 --all -C "$work/out.d"
others_came "s3: odd objects" "$gone" "$bent"
# A line of the list that says nothing: what is behind it is found by walking.
rm -r "$work/bag/data"
cp -a "$work/plain" "$work/bag/data"
sed -i '3s/^./x/' "$work/bag/manifest-sha256.txt"
extract bag 1 --all -C "$work/out.d"
grep -q 'manifest-sha256.txt line 3' "$work/err" || fail "the line is not told"
others_came "a line"
# No list, and one that is damaged.
rm "$work/bag/manifest-sha256.txt"
echo other >"$work/bag/data/$bent"
extract bag 1 --all -C "$work/out.d"
others_came "no list" "$bent"
echo x >"$work/bag/data/notes.txt" # not ours: nobody has asked for it
cp "$work/plain/$bent" "$work/bag/data/$bent"
extract bag 0 "$(sha256sum <"$work/plain/$bent" | cut -d ' ' -f 1)" \
    -C "$work/out.d"
cmp "$work/out.d/$bent" "$work/plain/$bent" || fail "no list: all 64 digits"
rm -r "$work/out.d"

# In one file: the list, the index, an object without a list.
bend() { # bend WHERE: a Python expression for the place in `b` to change
    cp "$work/whole" "$work/tar.gz"
    python3 - "$work/tar.gz" "$1" "$gone" <<'PY'
import sys
path, where, name = sys.argv[1:]
b = bytearray(open(path, "rb").read())
b[eval(where)] ^= 1
open(path, "wb").write(b)
PY
}
# The index is in the file as it is; the manifest is the member that has its
# name in its head.
bend 'b.rfind(b"imgpipe/manifest-sha256.txt") + 700'
extract tar.gz 1 --all -C "$work/out.d"
grep -q 'manifest-sha256.txt' "$work/err" || fail "the manifest is not told"
others_came "tar.gz: the manifest"
bend 'b.rfind(name.encode())'
extract tar.gz 1 --all -C "$work/out.d"
grep -q 'index' "$work/err" || fail "the index is not told"
others_came "tar.gz: the index"
bend "$(sqlite3 -readonly "$work/s-tar.gz/ledger.db" \
    "SELECT place + stored / 2 FROM objects WHERE name = '$gone'")"
truncate -s -1000 "$work/tar.gz"
extract tar.gz 1 --all -C "$work/out.d"
others_came "tar.gz: no list" "$gone"
cp "$work/whole" "$work/tar.gz"

# --- Nowhere to write to ---

mkdir "$work/small"
if mount -t tmpfs -o size=150k none "$work/small" 2>/dev/null; then
    mounted=$work/small
    extract tar.gz 1 --all -C "$work/small"
    [ "$(grep -c 'No space left' "$work/err")" = 1 ] ||
        fail "full: $(cat "$work/err")"
    grep -q ' 1 failed; the rest was not tried' "$work/err" ||
        fail "full: $(tail -n 1 "$work/err")"
    no_temporaries "$work/small"
    full="a full disk"
else
    full="no full disk: cannot mount"
fi
# A pipe without a reader.
python3 - "$IMGPIPE" "$work" "$(nth 3)" "$objects" <<'PY' || fail "a closed pipe"
import os, subprocess, sys
imgpipe, work, name, objects = sys.argv[1:]
for args in (["--stdout", name], ["--all", "--json", "-C", work + "/out.d"]):
    r, w = os.pipe()
    os.close(r)
    p = subprocess.run([imgpipe, "extract", "tar.gz:" + work + "/tar.gz", *args],
                       stdout=w, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(w)
    assert p.returncode == 1 and "Broken pipe" in p.stderr, p
came = [f for _, _, files in os.walk(work + "/out.d") for f in files]
assert len(came) == 1 and int(objects) > 1, came
PY
no_temporaries "$work/out.d"
rm -r "$work/out.d"

# --- What is large ---

command -v /usr/bin/time >/dev/null || skip "$full; no /usr/bin/time"
case $build in
*asan*) skip "$full; AddressSanitizer has its own memory" ;;
esac
# 192 MiB of zeros in the bag, and in some 200 KB of a tar.gz that its run has
# not finished.
large=$(python3 - "$work" <<'PY'
import hashlib, os, re, struct, sys, zlib
work, n = sys.argv[1], 192 << 20
block = bytes(1 << 20)
sha = hashlib.sha256()
for _ in range(n >> 20):
    sha.update(block)
hex = sha.hexdigest()
name = "%s/%s/%s.png" % (hex[:2], hex[2:4], hex[:32])
path = os.path.join(work, "bag/data", name)
os.makedirs(os.path.dirname(path), exist_ok=True)
with open(path, "wb") as f:
    f.truncate(n)
whole = open(work + "/whole", "rb").read()
d = zlib.decompressobj(31)
d.decompress(whole)
at = len(whole) - len(d.unused_data)
head = bytearray(zlib.decompressobj(31).decompress(whole[at:], 512))
old = re.match(rb"imgpipe/data/[^\0]+", head)[0]
new = b"imgpipe/data/" + name.encode()
head[:100] = new.ljust(100, b"\0")
head[124:136] = b"%011o\0" % n
head[148:156] = b" " * 8
head[148:156] = b"%06o\0 " % sum(head)
c = zlib.compressobj(9, zlib.DEFLATED, -15)
crc = zlib.crc32(head)
deflated = b""
for _ in range(n >> 20):
    deflated += c.compress(block)
    crc = zlib.crc32(block, crc)
deflated += c.flush()
stored = b"\0" + struct.pack("<HH", 512, 512 ^ 0xFFFF) + bytes(head)
length = 33 + len(stored) + len(deflated) + 8
member = (whole[at:at + 17] + struct.pack("<QQ", length, 0) + stored + deflated +
          struct.pack("<II", crc, (n + 512) & 0xFFFFFFFF))
open(work + "/tar.gz", "wb").write(whole[:at] + member)
print(name)
PY
)
for kind in bag tar.gz; do
    for how in "-C $work/out.d" --stdout; do
        # shellcheck disable=SC2086,SC2046 # the words of a command
        TMPDIR=$work /usr/bin/time -f %M -o "$work/kb" \
            "$IMGPIPE" extract $(at $kind) "$large" $how \
            >"$work/out" 2>"$work/err" || fail "large: $(cat "$work/err")"
        [ "$how" = --stdout ] || mv "$work/out.d/$large" "$work/out"
        cmp "$work/out" "$work/bag/data/$large" || fail "large: other bytes"
        kb=$(tail -n 1 "$work/kb")
        [ "$kb" -lt 65536 ] || fail "$kind $how: 192 MiB took $kb KB"
    done
    rm -rf "$work/out.d"
done
echo "odd objects of $objects, in 3 kinds of archive; $full; 192 MiB in $kb KB"
