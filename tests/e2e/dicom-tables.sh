# The tables of DICOM are what the script makes of the standard.
. tests/lib/env.sh
. tests/lib/e2e.sh
[ -n "$IMP_DICOM" ] || skip "no standard as data (IMP_DICOM)"
mkdir -p "$work/lib/dicom" "$work/lib/deid"
python3 scripts/dicom_tables.py "$IMP_DICOM" "$work" || fail "no tables"
for table in lib/dicom/dict.inc lib/deid/dicom_profile.inc; do
    diff -q "$table" "$work/$table" || fail "$table: make it anew"
done
echo "both tables are as they were made"
