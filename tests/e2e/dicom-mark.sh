# Real objects marked by an overlay, and on their pixels: every frame has the
# mark, and nothing else changes; and verify proves it of those that a run has
# archived.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
case $build in
*asan*) skip "of AddressSanitizer the unit tests and fuzz targets are enough" ;;
esac
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
for tool in dcmdjpeg dcmj2pnm gdcmconv; do
    command -v "$tool" >/dev/null || skip "no $tool (make deps)"
done
need_pydicom
for how in overlay pixels; do
    mkdir "$work/$how"
    find "$IMP_CORPUS/dicom" -type f | sort |
        xargs "$build/bin/tell_dicom_mark" "$how" "$work/$how" \
            >"$work/told" || {
        tail -n 3 "$work/told"
        fail "tell_dicom_mark failed"
    }
    "$python" tests/lib/dicom_mark_judge.py "$work/told" "$work/$how" \
        >"$work/judge" || {
        grep WRONG "$work/judge"
        fail "the judge says otherwise"
    }
    echo "$how: $(tail -n 1 "$work/judge")"
done
printf 'of a test' | sha256sum | cut -c 1-64 >"$work/key"
chmod 600 "$work/key"
printf '[policy]\npreset = strict\n[dicom]\nburned-in = allow\n' \
    >"$work/policy"
for how in overlay pixels; do
    "$IMGPIPE" run "$IMP_CORPUS/dicom" --archive "$work/a-$how" \
        --state "$work/s-$how" --settle 0 --json --policy "$work/policy" \
        --key-file "$work/key" --name '{digest:32}.{ext}' \
        --mark-text HE --mark-scale 10% --mark-dicom "$how" \
        >"$work/out" 2>"$work/err"
    [ "$(field failed)" -eq 0 ] || fail "$how: $(tail -n 3 "$work/err")"
    [ "$(field archived)" -gt 40 ] || fail "$how: $(field archived) archived"
    archived=$(($(field archived) + $(field duplicate)))
    "$IMGPIPE" verify "$work/a-$how" --state "$work/s-$how" \
        --against "$IMP_CORPUS/dicom" >"$work/verified" 2>"$work/err" || {
        grep -v -e ': proven' -e 'not archived' "$work/verified"
        fail "$how: verify"
    }
    proven=$(grep -c ': proven' "$work/verified")
    [ "$proven" -eq "$archived" ] || fail "$how: $proven of $archived proven"
    echo "$how: $proven proven"
done
