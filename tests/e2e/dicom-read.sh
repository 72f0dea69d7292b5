# What the reader says of real objects is what pydicom and DCMTK say.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
command -v dcmdump >/dev/null || skip "no dcmdump (make deps)"
need_pydicom
find "$IMP_CORPUS/dicom" -type f | sort >"$work/files"
xargs "$build/bin/tell_dicom" <"$work/files" >"$work/told" ||
    fail "tell_dicom failed"
[ "$(wc -l <"$work/files")" -eq "$(grep -c '^file' "$work/told")" ] ||
    fail "not all files are told of"
"$python" tests/lib/dicom_judge.py "$work/told" >"$work/judge" || {
    tail -n 60 "$work/judge"
    fail "the judges say otherwise"
}
tail -n 1 "$work/judge"
