# Real DICOM objects, hostile ones too: each has an outcome, what is archived is
# treated as the table says, DCMTK, GDCM and dicom3tools have nothing to say of
# it that they did not say of its source, and its pixels are the same, as bytes
# and as decoded.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -d "$IMP_CORPUS/dicom" ] || skip "no corpus of DICOM objects"
[ -n "$IMP_DICOM" ] || skip "no standard as data"
for tool in dcmdump dcmconv dcmdjpeg dcmdrle dcmdjpls gdcminfo gdcmconv gdcmraw \
    dciodvfy; do
    command -v $tool >/dev/null || skip "no $tool (make deps)"
done
printf 'of a test' | sha256sum | cut -c 1-64 >"$work/key"
chmod 600 "$work/key"
mkdir "$work/in"
cp -r "$IMP_CORPUS/dicom" "$work/in/dicom"
find "$IMP_CORPUS/hostile" -name '*.dcm' -exec cp {} "$work/in" \;
objects=$(find "$work/in" -type f | wc -l)
# Some have the UIDs of others, but are not the same: by digest all have a name.
pass() { # pass NAME BURNED-IN
    printf '[policy]\npreset = strict\nicc = neutral\n[dicom]\nburned-in = %s\n' "$2" \
        >"$work/$1.conf"
    "$IMGPIPE" run "$work/in" --archive "$work/$1/a" --state "$work/$1/s" \
        --settle 0 --json --policy "$work/$1.conf" --key-file "$work/key" \
        --name '{digest:32}.{ext}' >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] || fail "$1: $(tail -n 5 "$work/err")"
    expect_sum
    [ "$(field scanned)" -eq "$objects" ] ||
        fail "$1: $(field scanned) of $objects scanned"
    [ "$(field failed)" -eq 0 ] || fail "$1: failed: $(field failed)"
    valid_bag "$work/$1/a"
    no_temporaries "$work/$1/a"
    pairs "$work/$1/s" >"$work/$1.pairs"
    sqlite3 -readonly -separator "$(printf '\t')" "$work/$1/s/ledger.db" \
        "SELECT path, outcome, reason FROM inputs WHERE outcome <> 'archived'" \
        >"$work/$1.rest"
    echo "burned-in = $2: $(field archived) archived," \
        "$(field duplicate) duplicates, $(field quarantined) quarantined"
}
wrong=0
pass all allow
judged python3 tests/lib/dicom_corpus_judge.py "$IMP_DICOM" "$work/all.pairs" \
    "$work/all/a" "$work/key" >"$work/judge" 2>&1 || {
    wrong=1
    head -n 100 "$work/judge"
}
tail -n 1 "$work/judge"
python3 tests/lib/dicom_outcomes.py "$IMP_DICOM" "$work/all.rest" ||
    wrong=1
pass few quarantine
python3 tests/lib/dicom_outcomes.py "$IMP_DICOM" "$work/few.rest" \
    "$work/few.pairs" || wrong=1
[ $wrong -eq 0 ] || fail "not as it must be"
