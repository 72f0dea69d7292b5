# The README's examples run as they are printed.
. tests/lib/env.sh
. tests/lib/e2e.sh
mkdir "$work/bin" "$work/cwd"
ln -s "$IMGPIPE" "$work/bin/imgpipe"
PATH=$work/bin:$PATH
awk '/^```sh$/ { on = 1; n++; next } /^```$/ { on = 0 }
     on { print > (dir "/example-" n) }' dir="$work" README.md
ran=0
cd "$work/cwd" || exit 2
cp -r "$SAMPLES/uploads" outgoing
ln -s "$SAMPLES" samples
for example in "$work"/example-*; do
    rm -rf archive archive.tar.gz uploads done "$XDG_STATE_HOME"
    cp -r "$SAMPLES/uploads" uploads
    sed -i 's|imgpipe run|imgpipe run --settle 0|' "$example"
    ! grep -q 'imgpipe verify' "$example" ||
        imgpipe run --settle 0 uploads/ --archive archive/ 2>"$work/err"
    ! grep -q 'imgpipe extract' "$example" ||
        imgpipe run --settle 0 uploads/ --archive tar.gz:archive.tar.gz \
            2>"$work/err"
    sh -e "$example" >"$work/out" 2>"$work/err"
    status=$?
    # The samples hold damaged files, so 1 is right, but for JPEG files alone.
    [ $status -le 1 ] || fail "exit $status: $(cat "$example" "$work/err")"
    if grep -q 'imgpipe inspect' "$example"; then
        grep -q '^not clean$' "$work/out" ||
            fail "identifying uploads pass: $(cat "$example" "$work/err")"
    else
        ! grep -qE 'imgpipe (verify|extract)' "$example" ||
            [ $status -eq 0 ] ||
            fail "not proven: $(grep -v 'proven,' "$work/out")"
        if grep -q 'tar\.gz:' "$example"; then
            imgpipe extract --list tar.gz:archive.tar.gz >"$work/list"
        else
            find archive/data -type f >"$work/list"
        fi
        [ -s "$work/list" ] || fail "nothing archived: $(cat "$example")"
    fi
    ran=$((ran + 1))
done
[ $ran -ge 4 ] || fail "only $ran examples found"
echo "$ran examples"
