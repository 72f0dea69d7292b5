#!/bin/sh
# cli-test.sh DIR: run DIR/cmd in an empty directory and compare what it prints
# with DIR/stdout and DIR/stderr (missing: nothing) and its exit status with
# DIR/exit (missing: 0). RECORD=1 writes what came instead; read it before you
# believe it.
set -u
dir=$top/$1
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/cwd" "$work/state"
XDG_STATE_HOME=$work/state
export XDG_STATE_HOME
(cd "$work/cwd" && sh "$dir/cmd" >"$work/stdout" 2>"$work/stderr")
status=$?
# What differs from run to run or from place to place.
for stream in stdout stderr; do
    sed -e "s|$work/cwd|CWD|g; s|$top|TOP|g" \
        -e 's/[0-9.]* MB in, [0-9.]* MB out, [0-9.]* s$/SIZES/' \
        -e 's/"seconds": [0-9.]*/"seconds": S/' \
        -e "s/SHA256: [0-9a-f]*$/SHA256: DIGEST/" \
        "$work/$stream" >"$work/$stream.norm"
done
if [ "${RECORD:-}" ]; then
    for stream in stdout stderr; do
        rm -f "$dir/$stream"
        [ ! -s "$work/$stream.norm" ] ||
            cp "$work/$stream.norm" "$dir/$stream"
    done
    rm -f "$dir/exit"
    [ $status -eq 0 ] || echo $status >"$dir/exit"
    exit 0
fi
bad=0
for stream in stdout stderr; do
    want=$dir/$stream
    [ -f "$want" ] || want=/dev/null
    diff -u "$want" "$work/$stream.norm" || bad=1
done
want=0
[ ! -f "$dir/exit" ] || want=$(cat "$dir/exit")
[ "$status" = "$want" ] || {
    echo "exit status $status, want $want"
    bad=1
}
exit $bad
