# inspect names the elements of DICOM objects, what becomes of them and by which
# action and option of PS3.15 Table E.1-1, and none that goes is left out: the
# judge reads table and objects by itself. No key is wanted, no value shown, and
# what a run has made is clean.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
[ -n "$IMP_DICOM" ] || skip "no standard as data"
need_pydicom
cp -r "$IMP_CORPUS/dicom" "$work/in"
judged() { # judged NAME OPTIONS
    printf '[policy]\npreset = strict\ndates = %s\n[dicom]\noptions = %s\nburned-in = allow\n' \
        "$3" "$2" >"$work/$1.conf"
    "$IMGPIPE" inspect --json --policy "$work/$1.conf" "$work/in" \
        >"$work/$1.json" 2>"$work/err"
    [ $? -eq 1 ] || fail "$1: $(cat "$work/err")"
    python3 tests/lib/dicom_inspect_judge.py "$IMP_DICOM" "$2" \
        "$work/$1.json" >"$work/judge" 2>&1 ||
        fail "$1: $(tail -n 60 "$work/judge")"
    tail -n 1 "$work/judge"
}
judged basic "" remove
judged keep "retain-uids;retain-device-identity;retain-patient-characteristics;retain-full-dates" remove
judged clean "clean-descriptors;clean-structured-content;clean-graphics;retain-institution-identity" remove
judged days "retain-modified-dates;retain-safe-private" shift

# Without being asked it names no value that identifies; asked, it does.
"$python" -W ignore - "$work/in" "$work/values" <<'PY' || fail "no names in the corpus"
import os, pydicom, sys
names = set()
for d, _, files in os.walk(sys.argv[1]):
    for f in files:
        try:
            o = pydicom.dcmread(os.path.join(d, f), stop_before_pixels=True)
            names |= {str(o.get(k, "")) for k in ("PatientName", "PatientID", "AccessionNumber", "SOPInstanceUID")}
        except Exception:
            pass
# What is in the names of files, or a word of ours, may be met.
names = {n for n in names if len(n) >= 6 and n.isascii() and not n.isalpha()}
open(sys.argv[2], "w").write("".join(n + "\n" for n in names))
sys.exit(len(names) < 30)
PY
"$IMGPIPE" inspect "$work/in" | grep -vF "$work" >"$work/text"
grep -qFf "$work/values" "$work/text" &&
    fail "a value is shown unasked: $(grep -Ff "$work/values" "$work/text" | head -n 3)"
"$IMGPIPE" inspect --show-values "$work/in" | grep -vF "$work" >"$work/shown"
grep -cFf "$work/values" "$work/shown" >"$work/n"
[ "$(cat "$work/n")" -ge 100 ] || fail "$(cat "$work/n") values shown"

# Hundreds of frames are no hundreds of lines.
lines=$("$IMGPIPE" inspect "$work/in" | grep -vcF "$work/in")
[ "$lines" -lt 6000 ] || fail "$lines lines for the corpus"

# Why an object would be quarantined.
us=$(find "$work/in" -name 'pydicom__examples_ybr_color.dcm' | head -n 1)
[ -n "$us" ] || fail "no ultrasound in the corpus"
expect_exit 1 "$IMGPIPE" inspect "$us"
grep -q ': quarantined, dicom, .*burned into the picture (ultrasound)' "$work/out" ||
    fail "$(head -n 3 "$work/out")"

# What a run has made is clean, whatever the key was; what somebody has put into
# it afterwards is not.
printf 'of a test' | sha256sum | cut -c 1-64 >"$work/key"
chmod 600 "$work/key"
"$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s" --settle 0 --json \
    --policy "$work/basic.conf" --key-file "$work/key" --name '{digest:32}.{ext}' \
    >"$work/out" 2>"$work/err"
[ "$(field archived)" -ge 50 ] || fail "$(cat "$work/out")"
expect_exit 0 "$IMGPIPE" inspect --brief --policy "$work/basic.conf" "$work/a/data"
"$python" -W ignore - "$work/a/data" "$work/named.dcm" <<'PY' || fail "none to put a name into"
import os, pydicom, sys
for f in sorted(os.listdir(sys.argv[1])):
    o = pydicom.dcmread(os.path.join(sys.argv[1], f), force=True)
    if "PatientName" in o and not o.PatientName:
        o.PatientName = "Doe^Jane"
        o.save_as(sys.argv[2])
        sys.exit()
sys.exit(1)
PY
expect_exit 1 "$IMGPIPE" inspect --policy "$work/basic.conf" "$work/named.dcm"
grep -q 'emptied .*(0010,0010)  *PN  PatientName ' "$work/out" ||
    fail "$(cat "$work/out")"
echo "$lines lines for the corpus; what was archived is clean"
