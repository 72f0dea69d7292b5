# Text is read in each character set as Python's codecs have it, and that of
# real objects as pydicom reads it.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
need_pydicom
"$python" tests/lib/dicom_text_judge.py "$build/bin/tell_text" \
    "$IMP_CORPUS/dicom" >"$work/judge" || {
    tail -n 60 "$work/judge"
    fail "the judges say otherwise"
}
tail -n 1 "$work/judge"
