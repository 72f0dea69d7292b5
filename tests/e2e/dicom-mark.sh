# Real objects marked by an overlay, and on their pixels: every frame has the
# mark, and nothing else changes.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
for tool in dcmdjpeg dcmj2pnm gdcmconv; do
    command -v "$tool" >/dev/null || skip "no $tool (make deps)"
done
# Debian's module is there for Debian's Python alone.
for python in python3 /usr/bin/python3 ""; do
    [ -n "$python" ] || skip "no pydicom (make deps)"
    "$python" -c 'import pydicom' 2>/dev/null && break
done
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
