# What is hidden in the pixel data of real objects goes, and their pixels stay.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
for tool in dcmdjpeg gdcmconv; do
    command -v "$tool" >/dev/null || skip "no $tool (make deps)"
done
need_pydicom
mkdir "$work/planted" "$work/out"
"$python" tests/lib/dicom_frames_judge.py plant "$IMP_CORPUS/dicom" \
    "$work/planted" || fail "nothing planted"
find "$IMP_CORPUS/dicom" "$work/planted" -type f | sort |
    xargs "$build/bin/tell_dicom_frames" "$work/out" >"$work/told" || {
    tail -n 3 "$work/told"
    fail "tell_dicom_frames failed"
}
"$python" tests/lib/dicom_frames_judge.py judge "$work/told" "$work/out" \
    "$IMP_CORPUS/dicom" >"$work/judge" || {
    tail -n 60 "$work/judge"
    fail "the judges say otherwise"
}
tail -n 1 "$work/judge"
