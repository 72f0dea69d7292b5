# What is said of the pictures in real objects is what pydicom says.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
need_pydicom
find "$IMP_CORPUS/dicom" -type f | sort |
    xargs "$build/bin/tell_dicom_image" >"$work/told" ||
    fail "tell_dicom_image failed"
"$python" tests/lib/dicom_image_judge.py "$work/told" >"$work/judge" || {
    tail -n 60 "$work/judge"
    fail "the judge says otherwise"
}
tail -n 1 "$work/judge"
