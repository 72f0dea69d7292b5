# A rectangle of real objects becomes black in every frame; nothing else does.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
case $build in
*asan*) skip "of AddressSanitizer the unit tests and fuzz targets are enough" ;;
esac
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
for tool in dcmdjpeg gdcmconv; do
    command -v "$tool" >/dev/null || skip "no $tool (make deps)"
done
need_pydicom
mkdir "$work/out"
for rect in 3,2,9,7 0,0,100000,5; do
    find "$IMP_CORPUS/dicom" -type f | sort |
        xargs "$build/bin/tell_dicom_frames" -r "$rect" "$work/out" \
            >"$work/told" || {
        tail -n 3 "$work/told"
        fail "tell_dicom_frames failed"
    }
    "$python" tests/lib/dicom_redact_judge.py "$work/told" "$work/out" \
        "$rect" >"$work/judge" || {
        grep WRONG "$work/judge"
        fail "the judge says otherwise"
    }
    tail -n 1 "$work/judge"
done
