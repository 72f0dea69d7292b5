# Dummies are valid by pydicom, dates are where Python's calendar puts them, and
# UIDs are what Python's HMAC makes of them.
. tests/lib/env.sh
. tests/lib/e2e.sh
[ -n "${IMP_DICOM:-}" ] || skip "no PS3.6 as data"
need_pydicom
"$python" tests/lib/dicom_values_judge.py "$build/bin/tell_values" "$work" \
    "$IMP_DICOM" >"$work/judge" || {
    tail -n 60 "$work/judge"
    fail "the judges say otherwise"
}
tail -n 1 "$work/judge"
