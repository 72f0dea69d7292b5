#!/bin/sh
# demo.sh IMGPIPE: the main job on samples/uploads, shown step by step.
#
# Works in a temporary directory, which goes in the end unless KEEP=1. Exits 0
# if each file ended as samples/EXPECTED.tsv says, in its column "marked".
set -u
imgpipe=$(realpath "${1:?usage: demo.sh IMGPIPE}") || exit 2
samples=$(cd "$(dirname "$0")" && pwd -P) || exit 2
work=$(mktemp -d "${TMPDIR:-/tmp}/imgpipe-demo.XXXXXX") || exit 2
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    if [ -n "${KEEP:-}" ]; then
        echo "kept: $work"
    else
        rm -rf "$work"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
failed=0
tab=$(printf '\t')

say() {
    printf '\n== %s\n' "$*"
}

wrong() {
    echo "demo: $*" >&2
    failed=1
}

run() {
    "$imgpipe" run "$samples/uploads" --archive "$work/archive" \
        --state "$work/state" --settle 0 --mark-text 'TRIAL-001 {date}' \
        --verbose
}

# "outcome<TAB>file<TAB>reason or object" of each line that a run printed.
outcomes() {
    awk -v root="$samples/uploads/" '
        match($0, /^(archived|duplicate|skipped|quarantined|failed): /) {
            outcome = substr($0, 1, RLENGTH - 2)
            rest = substr($0, RLENGTH + 1)
            if (index(rest, root) != 1)
                next
            rest = substr(rest, length(root) + 1)
            colon = index(rest, ": ")
            printf "%s\t%s\t%s\n", outcome, substr(rest, 1, colon - 1),
                substr(rest, colon + 2)
        }' "$1"
}

# "file<TAB>outcome", sorted. Of two equal images either may be the duplicate,
# so it counts as archived here.
by_file() {
    awk -F '\t' -v OFS='\t' \
        '{ print $1, $2 == "duplicate" ? "archived" : $2 }' | sort
}

# How many lines of standard input have `$2` in the field `$1`.
count() {
    awk -F '\t' -v field="$1" -v want="$2" \
        '$field == want { n++ } END { print n + 0 }'
}

compare() {
    outcomes "$work/log" >"$work/outcomes"
    awk -F '\t' -v OFS='\t' '{ print $2, $1 }' "$work/outcomes" |
        by_file >"$work/got"
    awk -F '\t' -v OFS='\t' '!/^#/ { print $1, $3 }' \
        "$samples/EXPECTED.tsv" | by_file >"$work/want"
    diff "$work/want" "$work/got" >"$work/diff" ||
        wrong "not as in EXPECTED.tsv: $(cat "$work/diff")"
    for outcome in archived duplicate; do
        want=$(count 3 "$outcome" <"$samples/EXPECTED.tsv")
        got=$(count 1 "$outcome" <"$work/outcomes")
        [ "$got" -eq "$want" ] || wrong "$got $outcome, want $want"
    done
}

# The object in the archive that a file became.
object() {
    awk -F '\t' -v file="$1" '$2 == file { print $3 }' "$work/outcomes"
}

show_metadata() {
    if command -v exiftool >/dev/null; then
        exiftool -q -a -S -G1 -ee -x SourceFile --System:all --File:all \
            --Composite:all --ExifTool:all "$1"
    else
        wc -c <"$1" | sed 's/$/ bytes (install exiftool to see more)/'
    fi | sed 's/^/    /'
}

say "What came in: $(find "$samples/uploads" -type f | wc -l) files"
(cd "$samples/uploads" && find . -type f | sort | sed 's/^/    /')

say "imgpipe run uploads --archive archive --mark-text 'TRIAL-001 {date}'"
run 2>"$work/log"
status=$?
tail -n 1 "$work/log" | sed 's/^/    /'
echo "    exit code $status: something was quarantined"
if [ "$status" -ne 1 ]; then
    cat "$work/log" >&2
    wrong "exit code $status, want 1"
fi
compare

say 'What was quarantined, and why'
awk -F '\t' '$1 == "quarantined" { printf "    %s\n        %s\n", $2, $3 }' \
    "$work/outcomes"

say 'The archive: a BagIt bag; no name of an upload is in it'
(cd "$work/archive" && find . -type f ! -path '*/.*' | sort | sed 's/^/    /')
(cd "$work/archive" && sha256sum --quiet -c manifest-sha256.txt) ||
    wrong 'the archive does not fit its manifest'

file=clinic-a/2026-11-20/patient_1001_jane-doe_left-forearm.jpg
say "Before: $file"
show_metadata "$samples/uploads/$file"
name=$(object "$file")
say "After: $name"
if [ -f "$work/archive/data/$name" ]; then
    show_metadata "$work/archive/data/$name"
else
    wrong "no object for $file"
fi

say 'The same run again: done before, so nothing is read and nothing changes'
run 2>"$work/again"
status=$?
tail -n 1 "$work/again" | sed 's/^/    /'
outcomes "$work/again" >"$work/outcomes"
files=$(find "$samples/uploads" -type f | wc -l)
again=$(count 1 skipped <"$work/outcomes")
[ "$again" -eq "$files" ] || wrong "$again of $files skipped the second time"

# --- With the trial's own codes ---

rule='name:_(\d{4})[_.]'

run_trial() {
    "$imgpipe" keygen "$work/trial.key" &&
        cd "$samples" &&
        "$imgpipe" run uploads --archive "$work/trial" \
            --state "$work/trial-state" --settle 0 --subject-from "$rule" \
            --subjects csv:subjects.csv --study csv:study.csv \
            --key-file "$work/trial.key" --policy policies/follow-up.conf \
            --name '{subject}/{protocol}-{digest:8}.{ext}' --verbose
}

# When they were taken, and what the archive says of that.
show_dates() {
    awk -F '\t' -v OFS='\t' '$1 == "archived" && $2 ~ /patient_100[13]/ {
        print $2, $3 }' "$work/outcomes" | sort |
        while IFS="$tab" read -r file name; do
            printf '    %s, %s\n        %s\n        %s\n' "$file" \
                "$(date_of "$samples/uploads/$file")" "$name" \
                "$(date_of "$work/trial/data/$name")"
        done
}

date_of() {
    exiftool -s3 -DateTimeOriginal "$1"
}

# All that has a number in its name and could be archived before, but for
# IMG_0042, which nobody knows; and no number of a subject is in a name.
compare_trial() {
    want=$(awk -F '\t' '$1 ~ /_1[0-9][0-9][0-9][_.]/ && $2 == "archived"' \
        "$samples/EXPECTED.tsv" | wc -l)
    got=$(count 1 archived <"$work/outcomes")
    [ "$got" -eq "$want" ] || wrong "$got with a code, want $want"
    (cd "$work/trial" && find data -type f | cut -d / -f 2 | sort -u) \
        >"$work/codes"
    while read -r code; do
        cut -d , -f 2 "$samples/subjects.csv" | grep -qxF "$code" ||
            wrong "$code is no code"
    done <"$work/codes"
    sed -n '2,$s/\([0-9]*\),.*/_\1/p' "$samples/subjects.csv" >"$work/numbers"
    ! grep -raqFf "$work/numbers" "$work/trial" ||
        wrong "the archive tells a subject's number"
}

say "imgpipe run uploads --subject-from '$rule' --subjects csv:subjects.csv
   --study csv:study.csv --key-file trial.key --policy policies/follow-up.conf
   --name '{subject}/{protocol}-{digest:8}.{ext}' --archive trial"
(run_trial) 2>"$work/log"
tail -n 1 "$work/log" | sed 's/^/    /'
outcomes "$work/log" >"$work/outcomes"
compare_trial
(cd "$work/trial" && find data -type f | sort | sed 's/^/    /')

say 'Dates: put back, by as many days for all pictures of a subject'
if command -v exiftool >/dev/null; then
    show_dates
else
    echo '    (install exiftool to see them)'
fi

say 'What has no code is not passed on'
awk -F '\t' '$3 ~ /subject/ { printf "    %s: %s\n        %s\n", $1, $2, $3 }' \
    "$work/outcomes"

echo
if [ "$failed" -eq 0 ]; then
    echo 'demo: each file ended as samples/EXPECTED.tsv says'
fi
exit "$failed"
