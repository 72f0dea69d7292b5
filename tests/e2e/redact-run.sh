# A run with --redact-rules: rectangles of ultrasound objects become black in
# every way that pixels are coded, alone and under each kind of mark; what cannot
# be redacted, or no rule is for, stays out; and verify proves the rest.
. tests/lib/env.sh
. tests/lib/e2e.sh
for tool in dcmcrle dcmdrle dcmcjpeg dcmdjpeg dcmconv gdcmconv; do
    command -v "$tool" >/dev/null || skip "no $tool (make deps)"
done
need_pydicom
rects='0,0,200,17; 150,90,31,21'
mkdir "$work/in"
"$python" tests/lib/dicom_carts.py "$work/in" || fail "no objects"
printf 'of a test' | sha256sum | cut -c 1-64 >"$work/key"
chmod 600 "$work/key"
{
    printf '[cart]\nmanufacturer = EXAMPLE*\nmodel = Cart ?\nmodality = US\n'
    printf 'rows = 120\ncolumns = 200\nrectangles = %s\n' "$rects"
    printf '[known to be clean]\nmodel = Clean Cart\nrectangles = none\n'
} >"$work/rules"
run() { # run EXIT ARCHIVE OPTION...
    want=$1 a=$2
    shift 2
    expect_exit "$want" "$IMGPIPE" run "$work/in" --archive "$work/$a" \
        --state "$work/s-$a" --settle 0 --json --key-file "$work/key" \
        "$@"
    tail -n 1 "$work/out" >"$work/summary" # a dry run says more
    mv "$work/summary" "$work/out"
    expect_sum
}
outcomes() { # outcomes ARCHIVE OUTCOME: names of the files
    sqlite3 -readonly "$work/s-$1/ledger.db" "SELECT CAST(path AS TEXT)
        FROM inputs WHERE outcome = '$2'" | sed 's|.*/||; s|\.dcm$||' | sort |
        tr '\n' ' '
}
expect_outcomes() { # expect_outcomes ARCHIVE OUTCOME NAME...
    a=$1 outcome=$2
    shift 2
    got=$(outcomes "$a" "$outcome")
    [ "$got" = "$* " ] || fail "$a: $outcome are $got, want $*"
}
reason() { # reason ARCHIVE NAME TEXT
    sqlite3 -readonly "$work/s-$1/ledger.db" "SELECT reason FROM inputs
        WHERE CAST(path AS TEXT) LIKE '%/$2.dcm'" | grep -qF "$3" ||
        fail "$2: $(sqlite3 -readonly "$work/s-$1/ledger.db" \
            "SELECT reason FROM inputs WHERE CAST(path AS TEXT) LIKE '%/$2.dcm'")"
}
judge() { # judge ARCHIVE MARK
    sqlite3 -readonly -separator "$(printf '\t')" "$work/s-$1/ledger.db" \
        "SELECT i.path, o.name, mark_x, mark_y, mark_width, mark_height
        FROM inputs i JOIN objects o ON o.id = i.object
        WHERE CAST(path AS TEXT) NOT LIKE '%/ct.dcm'
        AND CAST(path AS TEXT) NOT LIKE '%/clean.dcm'" \
        >"$work/pairs"
    judged "$python" tests/lib/dicom_cart_judge.py "$work/pairs" "$work/$1" \
        "$rects" "$2" >"$work/judge" 2>&1 || {
        cat "$work/judge"
        fail "$1: the judge says otherwise"
    }
    echo "$1: $(tail -n 1 "$work/judge")"
}
verify() { # verify EXIT ARCHIVE OPTION...
    want=$1 a=$2
    shift 2
    expect_exit "$want" "$IMGPIPE" verify "$work/$a" --state "$work/s-$a" "$@"
}
jpeg='jpeg-422 jpeg-444 jpeg-grey'
rle='rle-grey rle-grey16 rle-rgb'
refused='not-clean not-deflated not-j2k not-jpegls not-lossless other'

# Without rules, all that may have a name in it stays out.
run 1 without
expect_outcomes without archived ct
reason without rgb 'want a rule of --redact-rules for it'

# What would be done, and nothing is.
run 1 nothing --redact-rules "$work/rules" --dry-run
[ ! -e "$work/nothing" ] || fail "a dry run writes"
[ "$(field archived)" -eq 17 ] || fail "dry run: $(field archived)"
printf '[dicom]\noptions = retain-uids\n' >"$work/uids.conf"
for form in '' '--redact-rules'; do
    # shellcheck disable=SC2086 # an empty option is none
    expect_exit 1 "$IMGPIPE" inspect "$work/in/rgb.dcm" $form \
        ${form:+"$work/rules"} --policy "$work/uids.conf"
    case $form in
    '') grep -q 'quarantined.*want a rule' "$work/out" ;;
    *) grep -q 'insert .*redacted pixels' "$work/out" ;;
    esac || fail "inspect $form: $(head -n 1 "$work/out")"
done

# Redacted, and nothing else.
run 1 plain --redact-rules "$work/rules"
# shellcheck disable=SC2086 # the words of lists
{
    expect_outcomes plain archived big16 clean ct grey16 grey8 inverse $jpeg \
        pairs palette planes rgb $rle unsaid
    expect_outcomes plain quarantined $refused
}
reason plain not-j2k 'redaction: not of JPEG 2000'
reason plain not-jpegls 'redaction: not of JPEG-LS'
reason plain not-lossless 'redaction: not of JPEG Lossless'
reason plain not-deflated 'redaction: not of a deflated data set'
reason plain not-clean 'want rectangles'
reason plain other 'want a rule of --redact-rules for it'
judge plain none
removed=$(sqlite3 -readonly "$work/s-plain/ledger.db" "SELECT count(*)
    FROM inputs WHERE removed LIKE '%redacted pixels%'")
[ "$removed" -eq 15 ] || fail "$removed have redacted pixels in the ledger"
verify 0 plain
verify 0 plain --against "$work/in" --redact-rules "$work/rules"
[ "$(grep -c ': proven' "$work/out")" -eq 17 ] || fail "not all is proven"
verify 1 plain --against "$work/in"
[ "$(grep -c ': not proven.*want --redact-rules' "$work/out")" -eq 15 ] ||
    fail "without rules: $(cat "$work/out")"
sed 's/31,21/31,20/' "$work/rules" >"$work/fewer"
verify 1 plain --against "$work/in" --redact-rules "$work/fewer"
[ "$(grep -c "DISPROVEN.* and of the rules' rectangles" "$work/out")" -ge 12 ] ||
    fail "fewer rules: $(cat "$work/out")"
sed 's/31,21/41,30/' "$work/rules" >"$work/more"
verify 1 plain --against "$work/in" --redact-rules "$work/more"
[ "$(grep -c 'DISPROVEN.* is not blacked out' "$work/out")" -eq 15 ] ||
    fail "more rules: $(cat "$work/out")"

# A mark lies on what is left, in the middle of what is black.
for how in overlay pixels; do
    run 1 $how --redact-rules "$work/rules" --mark-dicom $how \
        --mark-text HE --mark-position 10,2 --mark-scale 10%
    # shellcheck disable=SC2086 # the words of lists
    case $how in
    overlay)
        expect_outcomes $how archived big16 clean ct grey16 grey8 inverse \
            $jpeg pairs palette planes rgb $rle unsaid
        expect_outcomes $how quarantined $refused
        ;;
    pixels)
        expect_outcomes $how archived big16 clean ct grey16 grey8 inverse \
            $jpeg palette planes rgb unsaid
        expect_outcomes $how quarantined $refused pairs $rle
        ;;
    esac
    judge $how $how
    [ $how = overlay ] || verify 0 $how
    verify 0 $how --against "$work/in" --redact-rules "$work/rules"
done

# Other rules are another recipe: what is archived stays, and what stayed out is
# tried again if that is asked for.
sed 's/Cart ?/Cart */' "$work/rules" >"$work/wider"
run 0 plain --redact-rules "$work/wider"
grep -q 'note: earlier runs .*other redaction' "$work/err" || fail "no note"
[ "$(field skipped)" -eq 23 ] || fail "skipped: $(field skipped)"
run 1 plain --redact-rules "$work/wider" --retry-quarantined
[ "$(field archived)" -eq 1 ] || fail "tried again: $(field archived)"
verify 0 plain

# By the option, every picture wants a rule.
printf '[policy]\npreset = strict\n[dicom]\noptions = clean-pixel-data\n' \
    >"$work/policy"
run 1 option --redact-rules "$work/rules" --policy "$work/policy"
reason option ct 'option clean-pixel-data wants a rule'
printf '[CT]\nmodality = CT\nrectangles = none\n' >>"$work/rules"
run 1 option --redact-rules "$work/rules" --policy "$work/policy" \
    --retry-quarantined
[ "$(field archived)" -eq 1 ] || fail "CT: $(field archived)"
judge option none
verify 0 option

# Rules that say nothing start nothing.
printf '[cart]\nmodality = US\n' >"$work/bad"
expect_exit 3 "$IMGPIPE" run "$work/in" --archive "$work/b" --redact-rules \
    "$work/bad"
[ ! -e "$work/b" ] || fail "an archive of bad rules"
expect_exit 3 "$IMGPIPE" run "$work/in" --archive "$work/b" --redact-rules \
    "$work/no-such-file"
expect_exit 2 "$IMGPIPE" verify "$work/plain" --redact-rules "$work/rules"
