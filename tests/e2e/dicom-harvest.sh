# What the profile takes away from a real object is nowhere in the bytes of its
# output: no value of two characters or more, no component of a person's name,
# in no character set. A hit has a reason, or fails.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
[ -n "$IMP_DICOM" ] || skip "no standard as data"
need_pydicom
printf 'of a test' | sha256sum | cut -c 1-64 >"$work/key"
chmod 600 "$work/key"
printf '[policy]\npreset = strict\n[dicom]\nburned-in = allow\n' \
    >"$work/policy.conf"
expect_exit 1 "$IMGPIPE" run "$IMP_CORPUS/dicom" --archive "$work/a" \
    --state "$work/s" --settle 0 --json --policy "$work/policy.conf" \
    --key-file "$work/key" --name '{digest:32}.{ext}'
expect_sum
pairs "$work/s" >"$work/pairs"
"$python" tests/lib/dicom_harvest.py "$IMP_DICOM" "$work/pairs" "$work/a" \
    "$work/key" >"$work/judge" 2>&1 || {
    grep -v '^explained' "$work/judge" | head -n 100
    fail "what must go is there"
}
cat "$work/judge"
