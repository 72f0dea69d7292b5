# Every row of PS3.15 Table E.1-1, under each option, under none and under some
# together, in the main data set, nested, and in sequences that UN or a private
# creator hides, is treated as the table says, in all encodings: judged by a
# reading of the standard's data that shares nothing with imgpipe.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
[ -n "$IMP_DICOM" ] || skip "no standard as data"
python3 tests/lib/dicom_rows.py "$IMP_DICOM" "$work/in" || fail "no objects"
printf 'of a test' | sha256sum | cut -c 1-64 >"$work/key"
chmod 600 "$work/key"
printf '[CT]\nmodality = CT\nrectangles = none\n' >"$work/rules"

# profile SUBJECT KEY OPTION...: SUBJECT is "yes" if PatientID tells it.
wrong=0
profile() {
    subject=$1 key=$2
    shift 2
    {
        printf '[policy]\npreset = strict\n'
        printf '[dicom]\nburned-in = allow\n'
        [ $# -eq 0 ] || printf '%s; ' "$@" | sed 's/^/options = /; s/; $/\n/'
        case " $* " in
        *" retain-safe-private "*)
            printf 'keep-private = '
            for element in 01 02 03 0C; do
                printf '(0019,xx%s) JUDGE PLACE; ' $element
            done | sed 's/; $/\n/'
            ;;
        esac
    } >"$work/policy.conf"
    # The option wants somebody to know each picture: there is nothing in these.
    rules=
    case " $* " in *" clean-pixel-data "*) rules=$work/rules ;; esac
    rm -rf "$work/a" "$work/s"
    # shellcheck disable=SC2046 # the words of options
    "$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s" \
        --settle 0 --json --policy "$work/policy.conf" \
        ${rules:+--redact-rules "$rules"} \
        $([ "$key" = - ] || echo --key-file "$key") \
        $([ "$subject" = no ] || echo --subject-from dicom:PatientID) \
        >"$work/out" 2>"$work/err"
    [ $? -le 1 ] || fail "$*: $(tail -n 5 "$work/err")"
    expect_sum
    pairs "$work/s" >"$work/pairs"
    judged python3 tests/lib/dicom_profile_judge.py "$IMP_DICOM" "$work/pairs" \
        "$work/a" "$key" "$subject" "$@" >"$work/judge" 2>&1 || {
        wrong=$((wrong + 1))
        head -n 40 "$work/judge"
        sqlite3 -readonly "$work/s/ledger.db" \
            'SELECT path, outcome, reason FROM inputs WHERE reason NOT NULL'
    }
    tail -n 1 "$work/judge" | tee -a "$work/judged"
}
profile no "$work/key"
profile yes "$work/key"
for option in clean-pixel-data clean-graphics clean-structured-content \
    clean-descriptors retain-full-dates retain-patient-characteristics \
    retain-device-identity retain-uids retain-safe-private \
    retain-institution-identity; do
    profile no "$work/key" $option
done
profile no - retain-uids
profile yes "$work/key" retain-modified-dates
profile yes "$work/key" retain-modified-dates retain-device-identity
profile yes "$work/key" retain-full-dates retain-patient-characteristics
profile no "$work/key" retain-uids retain-device-identity
profile yes "$work/key" clean-descriptors clean-structured-content \
    clean-graphics retain-safe-private
profile yes "$work/key" clean-descriptors retain-patient-characteristics \
    retain-institution-identity retain-device-identity retain-uids
profile yes "$work/key" clean-pixel-data clean-graphics \
    clean-structured-content clean-descriptors retain-modified-dates \
    retain-patient-characteristics retain-device-identity retain-uids \
    retain-safe-private retain-institution-identity
[ $wrong -eq 0 ] || fail "$wrong runs are not as the table says"
if grep -q '^not judged' "$work/judged"; then
    echo "$(wc -l <"$work/judged") runs, not judged"
    exit 0
fi
sed 's/[^:]*: \([0-9]*\) rows, \([0-9]*\) of (row, place), \([0-9]*\) .*/\2 \3/' \
    "$work/judged" | awk '{ n += $1; m += $2; bad += !$1 || !$2 }
    END { print NR " runs: " n " of (row, options, place), " m " elements"
          exit bad > 0 }' || fail "a run in which nothing was judged"
