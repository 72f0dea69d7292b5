# One key, two machines that know nothing of each other: the same objects, byte
# for byte, under the same names. Another key: not one UID is the same, but a
# standard's are. UIDs that refer to others still do.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
[ -n "$IMP_DICOM" ] || skip "no standard as data"
for name in ours other; do
    printf 'of a test: %s' $name | sha256sum | cut -c 1-64 >"$work/$name.key"
    chmod 600 "$work/$name.key"
done
printf '[policy]\npreset = strict\n[dicom]\nburned-in = allow\n' \
    >"$work/policy.conf"
# Of objects that have one SOP Instance UID and are not the same, the first: they
# would have one name.
cp -r "$IMP_CORPUS/dicom" "$work/uploads"
chmod -R u+w "$work/uploads"
python3 tests/lib/dicom_names.py --once "$IMP_DICOM" "$work/uploads" ||
    fail "cannot tell them apart"
run() { # run NAME KEY UPLOADS [OPTION...]
    name=$1 key=$2 input=$3
    shift 3
    expect_exit 1 "$IMGPIPE" run "$input" --archive "$work/$name/a" \
        --state "$work/$name/s" --settle 0 --json \
        --policy "$work/policy.conf" --key-file "$work/$key.key" "$@"
    expect_sum
    pairs "$work/$name/s" >"$work/$name.pairs"
}
run first ours "$work/uploads" --jobs 1
first=$(field archived)
[ "$first" -gt 70 ] || fail "$first archived"
mkdir "$work/elsewhere"
cp -r "$work/uploads" "$work/elsewhere/uploads"
TZ=Pacific/Auckland LC_ALL=tr_TR.UTF-8 \
    run second ours "$work/elsewhere/uploads" --jobs 4
same_archive "$work/first/a" "$work/second/a"
run third other "$work/uploads"
[ "$(field archived)" -eq "$first" ] || fail "$(field archived) of $first"
python3 tests/lib/dicom_names.py "$IMP_DICOM" "$work/first.pairs" \
    "$work/first/a" "$work/third.pairs" "$work/third/a" >"$work/judge" 2>&1 ||
    fail "$(cat "$work/judge")"
# By subject: the same again, below its code.
run subject ours "$work/uploads" --subject-from dicom:PatientID \
    --no-subject digest
run again ours "$work/elsewhere/uploads" --subject-from dicom:PatientID \
    --no-subject digest
same_archive "$work/subject/a" "$work/again/a"
# Without a key there are no other UIDs, so nothing leaves.
"$IMGPIPE" run "$work/uploads" --archive "$work/none/a" --state "$work/none/s" \
    --settle 0 --policy "$work/policy.conf" --quiet 2>"$work/err" &&
    fail "no key, and all is well"
[ -z "$(find "$work/none/a/data" -type f 2>"$work/err")" ] ||
    fail "no key, and there are objects"
echo "$first objects, the same twice; $(tail -n 1 "$work/judge")"
