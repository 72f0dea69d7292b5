# Text is read in each character set as Python's codecs have it, and that of
# real objects as pydicom reads it.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
# Debian's module is there for Debian's Python alone.
for python in python3 /usr/bin/python3 ""; do
    [ -n "$python" ] || skip "no pydicom (make deps)"
    "$python" -c 'import pydicom' 2>/dev/null && break
done
"$python" tests/lib/dicom_text_judge.py "$build/bin/tell_text" \
    "$IMP_CORPUS/dicom" >"$work/judge" || {
    tail -n 60 "$work/judge"
    fail "the judges say otherwise"
}
tail -n 1 "$work/judge"
